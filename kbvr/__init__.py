"""kbvr: stereo video from one photo.

    import kbvr
    kbvr.export("photo.jpg", stereo=True)

    photo = kbvr.load_photo("photo.jpg")
    depth = kbvr.estimate_depth(photo)
    scene = kbvr.build_scene(photo, depth)
    for picture in kbvr.render(scene, [scene.camera, scene.camera.moved(x_m=0.06)]):
        ...

Submodules are imported when they are first used, so importing kbvr is quick.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kbvr.batching.api import batch
    from kbvr.batching.task import PhotoResult
    from kbvr.depth.depth_map import DepthMap
    from kbvr.depth.estimate import estimate_depth
    from kbvr.errors import InputError, KbvrError, OutputError
    from kbvr.geometry.camera import Camera
    from kbvr.ldi.scene import Scene, build_scene
    from kbvr.making.plan import Plan
    from kbvr.making.report import ExportReport, Written
    from kbvr.options.export_options import ExportOptions
    from kbvr.photo.photo import Photo, load_photo, photo_from_array
    from kbvr.pipeline import export, plan_export, write_export
    from kbvr.rendering.cpu_renderer import render

__version__ = "0.1.0"

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
"""onnxruntime 1.31 sends telemetry unless this is set before it is imported. It is set here so that it also applies to
child processes and to programs that import kbvr first; a value that the user has set is kept."""

_EXPORTS = {
    "kbvr.batching.api": ["batch"],
    "kbvr.batching.task": ["PhotoResult"],
    "kbvr.depth.depth_map": ["DepthMap"],
    "kbvr.depth.estimate": ["estimate_depth"],
    "kbvr.errors": ["InputError", "KbvrError", "OutputError"],
    "kbvr.geometry.camera": ["Camera"],
    "kbvr.ldi.scene": ["Scene", "build_scene"],
    "kbvr.making.plan": ["Plan"],
    "kbvr.making.report": ["ExportReport", "Written"],
    "kbvr.options.export_options": ["ExportOptions"],
    "kbvr.photo.photo": ["Photo", "load_photo", "photo_from_array"],
    "kbvr.pipeline": ["export", "plan_export", "write_export"],
    "kbvr.rendering.cpu_renderer": ["render"],
}
_MODULES = {name: module for module, names in _EXPORTS.items() for name in names}

__all__ = [
    "Camera",
    "DepthMap",
    "ExportOptions",
    "ExportReport",
    "InputError",
    "KbvrError",
    "OutputError",
    "Photo",
    "PhotoResult",
    "Plan",
    "Scene",
    "Written",
    "batch",
    "build_scene",
    "estimate_depth",
    "export",
    "load_photo",
    "photo_from_array",
    "plan_export",
    "render",
    "write_export",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'kbvr' has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
