"""kbvr: stereo video from one photo.

    import kbvr
    kbvr.export("photo.jpg", stereo=True)

    photo = kbvr.load_photo("photo.jpg")
    depth = kbvr.estimate_depth(photo)
    scene = kbvr.build_scene(photo, depth)
    for picture in kbvr.render(scene, [scene.camera, scene.camera.moved(x_m=0.06)]):
        ...

Everything is loaded when it is first used, so importing kbvr is quick.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kbvr.depth import DepthMap as DepthMap
    from kbvr.depth import estimate_depth as estimate_depth
    from kbvr.options import ExportOptions as ExportOptions
    from kbvr.photo import Photo as Photo
    from kbvr.photo import load_photo as load_photo
    from kbvr.photo import photo_from_array as photo_from_array
    from kbvr.pipeline import export as export
    from kbvr.render import render as render
    from kbvr.scene import Scene as Scene
    from kbvr.scene import build_scene as build_scene

__version__ = "0.1.0"

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
"""Everything stays on this machine: onnxruntime 1.31 sends telemetry unless this is set before anyone imports it.

Here, so that it also holds for processes that kbvr starts and for a program that imports kbvr before onnxruntime. Who
has set it, to whatever value, has decided.
"""

_HOME = {
    "export": "kbvr.pipeline",
    "DepthMap": "kbvr.depth",
    "estimate_depth": "kbvr.depth",
    "Photo": "kbvr.photo",
    "ExportOptions": "kbvr.options",
    "load_photo": "kbvr.photo",
    "photo_from_array": "kbvr.photo",
    "Scene": "kbvr.scene",
    "build_scene": "kbvr.scene",
}

__all__ = [
    "DepthMap",
    "ExportOptions",
    "Photo",
    "Scene",
    "build_scene",
    "estimate_depth",
    "export",
    "load_photo",
    "photo_from_array",
    "render",
]


def __getattr__(name: str) -> Any:
    if name == "render":
        return import_module("kbvr.render")  # a package that can be called
    if name not in _HOME:
        raise AttributeError(f"module 'kbvr' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
