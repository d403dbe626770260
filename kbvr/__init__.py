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
"""Everything stays on this machine: onnxruntime 1.31 sends telemetry unless this is set before anyone imports it.

Here, so that it also holds for processes that kbvr starts and for a program that imports kbvr before onnxruntime. Who
has set it, to whatever value, has decided.
"""

_HOME = {
    "Camera": "kbvr.geometry.camera",
    "KbvrError": "kbvr.errors",
    "InputError": "kbvr.errors",
    "OutputError": "kbvr.errors",
    "ExportReport": "kbvr.making.report",
    "Plan": "kbvr.making.plan",
    "Written": "kbvr.making.report",
    "export": "kbvr.pipeline",
    "plan_export": "kbvr.pipeline",
    "write_export": "kbvr.pipeline",
    "DepthMap": "kbvr.depth.depth_map",
    "estimate_depth": "kbvr.depth.estimate",
    "Photo": "kbvr.photo.photo",
    "ExportOptions": "kbvr.options.export_options",
    "load_photo": "kbvr.photo.photo",
    "photo_from_array": "kbvr.photo.photo",
    "Scene": "kbvr.ldi.scene",
    "build_scene": "kbvr.ldi.scene",
    "render": "kbvr.rendering.cpu_renderer",
}

__all__ = [
    "Camera",
    "DepthMap",
    "ExportOptions",
    "ExportReport",
    "InputError",
    "KbvrError",
    "OutputError",
    "Photo",
    "Plan",
    "Scene",
    "Written",
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
    if name not in _HOME:
        raise AttributeError(f"module 'kbvr' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
