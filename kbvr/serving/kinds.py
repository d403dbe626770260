"""The kinds of files that `kbvr view` shows: what they are in words, and which page opens them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from kbvr.plan.name_endings import layout_at_end, plain
from kbvr.serving.metadata import PictureFacts, picture_facts
from kbvr.serving.video_metadata import video_layout

HTML, TEXT = "text/html; charset=utf-8", "text/plain; charset=utf-8"

SCENE, STEREO, PHOTO = "scene.html", "stereo.html", "photo.html"
"""The pages that show scenes, stereo pictures and videos, and photos until their scenes are made."""

DRACO = "kbvr-draco.js"
"""The decoder that the page of a scene loads if the scene needs it."""

Icon = Literal["scene", "video", "picture", "file"]


@dataclass(frozen=True)
class Kind:
    """A kind of file."""

    words: str
    """What it is, to people."""

    mime: str
    opens_in: str | None
    """The page that shows it; None if the browser opens the file itself."""

    icon: Icon
    layout: str = "mono"
    """How the views of a picture or video are packed: a key of LAYOUTS."""

    is_saved: bool = False
    """Whether browsers save it, because they cannot show it."""

    has_picture: bool = True
    """Whether it holds a picture for a thumbnail."""

    @property
    def is_photo(self) -> bool:
        """Whether a scene is made of it."""
        return self.opens_in == PHOTO


def _saved(words: str, mime: str = "application/octet-stream", icon: Icon = "file") -> Kind:
    return Kind(words, mime, None, icon, is_saved=True, has_picture=icon == "picture")


FIXED: Mapping[str, Kind] = MappingProxyType(
    {
        ".glb": Kind("3D scene", "model/gltf-binary", SCENE, "scene"),
        ".html": Kind("3D scene in a page", HTML, None, "scene"),
        ".jps": Kind("Stereo picture (JPS)", "image/jpeg", STEREO, "picture", "cross"),
        ".mpo": Kind("Stereo picture (MPO)", "image/jpeg", STEREO, "picture", "apart"),
        # an iPhone opens USDZ from the page, so it is not marked for saving
        ".usdz": Kind("3D scene for Apple devices (USDZ)", "model/vnd.usdz+zip", None, "scene"),
        ".obj": _saved("3D mesh (OBJ)", icon="scene"),
        ".mtl": _saved("Materials of a mesh (MTL)"),
        ".ply": _saved("3D mesh (PLY)", icon="scene"),
        ".npy": _saved("Depth map (NumPy)"),
        ".npz": _saved("Depth map (NumPy)"),
        ".exr": _saved("Depth map (OpenEXR)"),
    }
)
"""Suffix -> kind, where the suffix decides."""

PICTURES: Mapping[str, str] = MappingProxyType(
    {
        ".jpg": "image/jpeg",
        ".jpeg": "image/jpeg",
        ".png": "image/png",
        ".webp": "image/webp",
        ".avif": "image/avif",
        ".gif": "image/gif",
        ".heic": "image/heic",
        ".heif": "image/heic",
        ".tif": "image/tiff",
        ".tiff": "image/tiff",
    }
)
"""Suffix of picture files -> MIME type. Each may be a photo, but GIF."""

VIDEOS: Mapping[str, str] = MappingProxyType({".mp4": "video/mp4", ".webm": "video/webm", ".mkv": "video/x-matroska"})

UNSHOWN = frozenset((".heic", ".heif", ".tif", ".tiff"))
"""Suffixes of pictures that few browsers show."""

SUFFIXES = (*FIXED, *PICTURES, *VIDEOS)

HEAD_BYTES = 4096
"""Length of the part of a file that names the program that wrote it."""

LAYOUTS: Mapping[str, str] = MappingProxyType(
    {
        "mono": "",
        "left": "left eye",
        "right": "right eye",
        "sbs": "side by side",
        "sbs-half": "side by side, half width",
        "tb": "top and bottom",
        "tb-half": "top and bottom, half height",
        "cross": "side by side, crossed",
        "rows": "interleaved rows",
        "columns": "interleaved columns",
        "checkerboard": "checkerboard",
        "anaglyph": "anaglyph",
        "180-sbs": "VR180, side by side",
        "180-tb": "VR180, top and bottom",
        "180-mono": "VR180",
        "apart": "two pictures",
        "180-apart": "VR180",
    }
)
"""Layout -> words."""

ONE_VIEW = frozenset(("mono", "left", "right", "180-mono"))
"""Layouts that a name without `_kbvr` does not prove: IMG_180.jpg may be the 180th photo."""

VR180 = re.compile("vr180|180vr|180x180", re.IGNORECASE)
"""Parts of a name that prove half a sphere."""

OF_KBVR: Mapping[str, str] = MappingProxyType(
    {
        "_depth": "Depth map",
        "_depth_color": "Depth map",
        "_autostereogram": "Autostereogram",
        "_rgbd": "RGB-D picture",
        "_flat": "Photo",
        "_photo": "Texture of a mesh",
        "_atlas": "Texture of a mesh",
        "_alpha": "Texture of a mesh",
        "_splats": "Gaussian splats",
        "_wiggle": "Poster of a loop",
        "_poster": "Poster of a scene",
    }
)
"""End of a name after `_kbvr` -> words for a picture or file that has no layout."""


def kind_of(name: str, path: Path) -> Kind | None:
    """Return the kind of a file; None if kbvr neither writes such files nor makes scenes of them.

    It goes by the suffix of the name; for pictures also by the rest of the name, then by the metadata in the file.

    Raises:
        OSError: if the file cannot be read.
    """
    suffix, stem = Path(name).suffix.lower(), Path(name).stem
    if suffix == ".glb" and stem.endswith("_splats"):
        return _saved("Gaussian splats (glTF)", "model/gltf-binary", "scene")
    if suffix == ".ply" and stem.endswith("_splats"):
        return _saved("Gaussian splats (PLY)", icon="scene")
    if suffix == ".html" and "_kbvr" in stem and _is_snippet(path):
        return _saved("HTML to paste into a page", TEXT)
    if suffix in FIXED:
        return FIXED[suffix]
    layout = layout_named(name)
    if suffix in VIDEOS:
        layout = video_layout(path, layout)
        words = "Loop" if "_kbvr_wiggle" in stem else "Video" if (layout or "mono") in ONE_VIEW else "Stereo video"
        return _shown(words, VIDEOS[suffix], "video", layout)
    if suffix in PICTURES:
        return _picture(suffix, stem, layout, picture_facts(path))
    return None


def layout_named(name: str) -> str | None:
    """Return the layout at the end of a file's name, as the player finds it, or None.

    In the names of videos, points, dashes and spaces count as underscores. In those of photos they mean other things:
    lake-LR.jpg is one in low resolution.
    """
    stem, suffix = Path(name).stem.lower(), Path(name).suffix.lower()
    return layout_at_end(plain(stem) if suffix in VIDEOS else stem)


def is_by_kbvr(name: str, path: Path) -> bool:
    """Return whether a scene, page, mesh or depth map has been written by kbvr, by its name or its head.

    Raises:
        OSError: if the file cannot be read.
    """
    if "_kbvr" in name:
        return True
    with path.open("rb") as file:
        return b"kbvr" in file.read(HEAD_BYTES)


def _picture(suffix: str, stem: str, named: str | None, facts: PictureFacts) -> Kind:
    mime = PICTURES[suffix]
    is_ours = "_kbvr" in stem or facts.is_by_kbvr
    if facts.layout == "spatial":
        return _saved("Spatial photo for Apple devices (HEIC)", mime, "picture")
    if facts.is_animated or suffix == ".gif":
        return _shown("Loop", mime, "video", named)
    is_proved = is_ours or named not in ONE_VIEW or (named == "180-mono" and VR180.search(stem))
    layout = facts.layout or (named if is_proved else None)
    if layout is None and not is_ours:
        return Kind("Photo", mime, PHOTO, "picture")
    if suffix in UNSHOWN:
        return _saved("Picture", mime, "picture")
    if layout is None:
        return Kind(_words_of_name(stem), mime, STEREO, "picture")
    return _shown("Picture" if layout in ONE_VIEW else "Stereo picture", mime, "picture", layout)


def _shown(words: str, mime: str, icon: Icon, layout: str | None) -> Kind:
    more = LAYOUTS[layout or "mono"]
    return Kind(f"{words}, {more}" if more else words, mime, STEREO, icon, layout or "mono")


def _words_of_name(stem: str) -> str:
    if re.search(r"_qs\d+x\d+a[\d.]+$", stem):
        return "Quilt"
    return next((words for ending, words in OF_KBVR.items() if stem.endswith(f"_kbvr{ending}")), "Picture")


def _is_snippet(path: Path) -> bool:
    """Return whether an HTML file is not a page, but a part of one, as kbvr writes it for loops and embedded scenes."""
    with path.open("rb") as file:
        return not re.match(rb"\s*(<!doctype|<html)", file.read(200), re.IGNORECASE)
