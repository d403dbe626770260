"""The names of options in words, as the studio shows them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from kbvr.options.export_options import declared

LABELS: Mapping[str, str] = MappingProxyType(
    {
        "stereo": "Stereo video",
        "kenburns": "Ken Burns video",
        "wiggle": "Wiggle",
        "anaglyph": "Anaglyph loop",
        "still": "Stereo pictures",
        "depth_map": "Depth map",
        "gltf": "3D scene (GLB)",
        "html": "Web page",
        "embed": "Embedded scene",
        "ply": "Mesh (PLY)",
        "obj": "Mesh (OBJ)",
        "usdz": "Scene for Apple devices (USDZ)",
        "splats": "Gaussian splats",
        "vr180_px": "Width of a VR180 view",
        "fps": "Frames per second",
        "max_mb": "Largest file size",
        "name_for": "File names for",
        "max_size": "Largest picture size",
        "aspect": "Aspect ratio",
        "picture": "Picture format",
        "anaglyph_colours": "Anaglyph colours",
        "quilt_for": "Looking Glass display",
        "focus": "Point in focus",
        "aperture_percent": "Blur",
        "fill": "Fill of hidden areas",
        "animate_as": "Loop formats",
        "period_s": "Length of a loop",
        "max_kb": "Largest loop file",
        "alt": "Description for screen readers",
        "texture": "Texture format",
        "compress": "Compression of triangles",
        "triangles": "Most triangles",
        "surround": "Beyond the photo's border",
        "eye_height_m": "Eye height",
        "fit": "First view",
        "autoplay": "Move from the start",
        "page_url": "Address of the page",
        "path": "Camera move",
        "strength": "Strength",
        "seconds": "Length",
        "ease": "Easing",
        "loop": "There and back",
        "from_crop": "Start crop",
        "to_crop": "End crop",
        "shift_px": "Largest shift",
        "keyframes": "Camera path file",
        "budget_percent": "Parallax budget",
        "baseline_mm": "Distance between cameras",
        "convergence_m": "Screen plane",
        "screen": "Screen",
        "ipd_mm": "Distance between eyes",
        "max_parallax_deg": "Largest parallax angle",
        "window": "Stereo window",
        "depth": "Depth file",
        "depth_kind": "Kind of depth file",
        "depth_model": "Depth network",
        "depth_quality": "Depth quality",
        "fov_deg": "Field of view",
        "near_m": "Nearest distance",
        "subject_distance_m": "Subject distance",
        "segmentation": "Upright objects",
        "softness": "Softness of upright objects",
        "overwrite": "Replace files",
        "keep_gps": "Keep the GPS position",
        "profile": "Method",
        "max_memory": "Memory limit",
    }
)
"""Python name -> name in words, where that is not the same with spaces."""


EXPLAIN, OFF = "The explanation", "off"


@cache
def _names_of_flags() -> Mapping[str, str]:
    """Return flag -> what the studio calls it."""
    flags = {one.flag: f"“{label_of(one.name)}”" for one in declared()}
    return flags | {one.off_flag: OFF for one in declared() if one.off_flag} | {"--explain": EXPLAIN}


def without_flags(text: str) -> str:
    """Return a help text with the labels of options instead of their flags."""
    return re.sub(r"--[a-z0-9]+(?:-[a-z0-9]+)*", lambda found: _names_of_flags().get(found[0], found[0]), text)


def label_of(name: str) -> str:
    """Return the name of an option in words."""
    return LABELS.get(name) or name.replace("_", " ").capitalize()
