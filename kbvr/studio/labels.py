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
        "budget_percent": "Amount of depth",
        "baseline_mm": "Distance between cameras",
        "convergence_m": "Distance of the screen",
        "screen": "Screen",
        "ipd_mm": "Distance between eyes",
        "max_parallax_deg": "Largest parallax angle",
        "window": "Stereo window",
        "repair": "Repair an old print",
        "restore_contrast": "Restore faded contrast",
        "colorize": "Colours for a grey photo",
        "colorize_strength": "Strength of the colours",
        "depth": "Depth file",
        "depth_kind": "Kind of depth file",
        "rgbd": "Half with the depth",
        "pair": "Second view of a stereo photo",
        "ignore_embedded_depth": "Ignore the photo's own depth",
        "depth_model": "Depth network",
        "depth_quality": "Depth quality",
        "fov_deg": "Field of view",
        "panorama": "Panorama",
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

CHOICES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "path": {
            "static": "No move",
            "swing": "Side to side",
            "circle": "Circle",
            "orbit": "Orbit",
            "dolly": "Move in",
            "dolly-zoom": "Dolly zoom",
            "kenburns": "Ken Burns",
            "flight": "Flight",
        },
        "ease": {"smooth": "Smooth", "linear": "Even", "in": "Slow start", "out": "Slow end"},
        "layout": {
            "sbs": "Side by side",
            "sbs-half": "Side by side, half width",
            "tb": "Top and bottom",
            "tb-half": "Top and bottom, half height",
            "cross": "Cross-eyed",
            "mono": "One eye",
            "left-right": "Two files",
        },
        "projection": {"flat": "Flat screen", "vr180": "Half sphere (VR180)"},
        "codec": {"h264": "H.264", "hevc": "HEVC (H.265)", "av1": "AV1", "vp9": "VP9"},
        "container": {"mp4": "MP4", "mkv": "MKV", "webm": "WebM"},
        "name_for": {
            "any": "Any player",
            "skybox": "Skybox",
            "deovr": "DeoVR",
            "youtube": "YouTube",
            "plain": "No hint in the name",
        },
        "picture": {"jpeg": "JPEG", "png": "PNG", "webp": "WebP"},
        "glasses": {"red-cyan": "Red and cyan", "green-magenta": "Green and magenta", "amber-blue": "Amber and blue"},
        "anaglyph_colours": {
            "dubois": "Most accurate (Dubois)",
            "true": "Grey, free of ghosts",
            "gray": "Grey",
            "colour": "Full colour",
            "half-colour": "Half colour",
            "optimised": "Gentle to the eyes",
        },
        "quilt_for": {"go": "Go", "16": "16 inches", "32": "32 inches", "65": "65 inches"},
        "animate_as": {"gif": "GIF", "webp": "WebP", "avif": "AVIF", "mp4": "MP4"},
        "texture": {"jpeg": "JPEG", "webp": "WebP"},
        "surround": {"none": "Nothing", "fade": "Fades out", "dome": "A dome"},
        "fit": {"contain": "The whole picture", "cover": "Fill the window", "subject": "The subject"},
        "window": {"floating": "Floating"},
        "screen": {
            "phone": "A phone",
            "laptop": "A laptop",
            "tv": "A television",
            "cinema": "A cinema",
            "headset": "A headset's virtual screen",
        },
        "fill": {
            "auto": "The best that is installed",
            "patches": "Pieces of the photo",
            "spread": "Smooth colours",
            "kbvr-fill": "Built-in network",
            "lama": "LaMa",
            "migan": "MI-GAN",
        },
        "colorize": {
            "auto": "The best that is installed",
            "deoldify-artistic": "DeOldify",
            "ddcolor-tiny": "DDColor",
            "kbvr-color": "Built-in network",
        },
        "depth_model": {
            "auto": "The best that is installed",
            "kbvr-depth": "Built-in network",
            "moge-2-small": "MoGe-2",
            "depth-anything-v2-small": "Depth Anything V2",
        },
        "panorama": {"auto": "As its file says", "360": "All directions (360)", "none": "An ordinary photo"},
        "device": {"cpu": "Processor", "cuda": "CUDA", "tensorrt": "TensorRT", "directml": "DirectML"}
        | {"coreml": "Core ML", "openvino": "OpenVINO"},
    }
)
"""Python name -> choice -> the choice in words, where that is not the same with spaces."""

HELP: Mapping[str, str] = MappingProxyType(
    {
        "budget_percent": "How much 3D there is between the nearest and the farthest point, in percent of the width "
        "(the parallax budget). More is more striking, but strains the eyes.",
        "convergence_m": "What is this far away appears at the screen, and what is nearer in front of it.",
        "aperture_percent": "How much everything is blurred that is not sharp, at most.",
        "screen": "The screen that the result is made for, which limits the parallax. Others are written as their "
        "width and distance in metres, like 1.2@2.5. tv: 55 inches, seen from three times its height; headset: that of "
        "a player of videos.",
        "fill": "How areas that the photo hides are filled. auto: LaMa if it is installed, else pieces of the photo; "
        "patches: what is visible around them, which continues lines and textures; spread: with nearby texture; "
        "kbvr-fill: small and smooth; lama, migan: a network that invents structure, which “kbvr models pull” "
        "downloads in a terminal.",
        "depth_model": "The network that estimates the depth. Others than the built-in one are downloaded in a "
        "terminal, with “kbvr models pull”. auto: the first of MoGe-2, Depth Anything V2 and the built-in network; "
        "moge-2-small: also measures distances and the field of view; depth-anything-v2-small: faster than MoGe-2.",
    }
)
"""Python name -> help in words, where an option is called something else in a terminal."""

AUTOMATIC: Mapping[str, str] = MappingProxyType(
    {
        "budget_percent": "3; in a wiggle 2.5, and in an anaglyph loop 2",
        "convergence_m": "just behind the nearest thing in the middle; in loops, at the subject",
        "aperture_percent": "0, so everything is sharp; 1 once you have chosen what is sharp",
        "fov_deg": "what the camera wrote into the photo, or else an estimate",
        "path": "“Ken Burns” in a Ken Burns video, “Side to side” in others",
        "ease": "“Smooth”",
        "loop": "on, except for a flight",
    }
)
"""Python name -> what is chosen automatically in words, where a terminal says it in other ones."""


EXPLAIN, OFF = "The explanation", "off"


@cache
def _names_of_flags() -> Mapping[str, str]:
    """Return flag -> what the studio calls it."""
    flags = {one.flag: f"“{label_of(one.name)}”" for one in declared()}
    return flags | {one.off_flag: OFF for one in declared() if one.off_flag} | {"--explain": EXPLAIN}


def without_flags(text: str) -> str:
    """Return a help text with the labels of options instead of their flags."""
    return re.sub(r"--[a-z0-9]+(?:-[a-z0-9]+)*", lambda found: _names_of_flags().get(found[0], found[0]), text)


def help_of(name: str, text: str) -> str:
    """Return the help of an option, which a terminal says with this text."""
    return HELP.get(name) or without_flags(text)


def automatic_of(name: str, text: str) -> str:
    """Return what is chosen automatically, which a terminal says with this text."""
    return AUTOMATIC.get(name) or without_flags(text)


def choice_label_of(name: str, choice: str) -> str:
    """Return a choice of an option in words."""
    return CHOICES.get(name, {}).get(choice) or (choice[:1].upper() + choice[1:]).replace("-", " ")


def label_of(name: str) -> str:
    """Return the name of an option in words."""
    return LABELS.get(name) or name.replace("_", " ").capitalize()
