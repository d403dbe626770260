"""The formats that kbvr writes. Each module is imported when it is first needed."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from kbvr.errors import InputError
from kbvr.formats.spec.format import Format

FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "video": "kbvr.formats.video.write_video",
        "picture": "kbvr.formats.still.picture",
        "jps": "kbvr.formats.still.jps",
        "mpo": "kbvr.formats.still.mpo",
        "vr180-photo": "kbvr.formats.still.vr180_photo",
        "vr360-photo": "kbvr.formats.still.vr360_photo",
        "spatial": "kbvr.formats.still.spatial_photo",
        "autostereogram": "kbvr.formats.still.autostereogram",
        "rgbd": "kbvr.formats.still.rgbd",
        "flat": "kbvr.formats.still.flat",
        "depth-map": "kbvr.formats.depth.depth_map",
        "gif": "kbvr.formats.loop.gif",
        "webp": "kbvr.formats.loop.webp",
        "avif": "kbvr.formats.loop.avif",
        "clip": "kbvr.formats.loop.mp4_clip",
        "poster": "kbvr.formats.loop.poster",
        "snippet": "kbvr.formats.loop.html_snippet",
        "vr180-video": "kbvr.formats.video.vr180",
        "gltf": "kbvr.formats.scene.gltf",
        "html": "kbvr.formats.scene.html",
        "embed": "kbvr.formats.scene.embed",
        "ply": "kbvr.formats.scene.ply",
        "obj": "kbvr.formats.scene.obj",
        "usdz": "kbvr.formats.scene.usdz",
        "splats": "kbvr.formats.scene.splats",
        "splats-gltf": "kbvr.formats.scene.splats_gltf",
    }
)
"""Name of a format -> the module that defines its FORMAT."""


def load_format(name: str) -> Format:
    """Return a format by its name.

    Raises:
        InputError: if there is no such format.
    """
    if name not in FORMATS:
        raise InputError(f"expected a format ({', '.join(FORMATS)}), got {name!r}")
    loaded: Format = import_module(FORMATS[name]).FORMAT
    return loaded
