"""Try the renderers for `kbvr doctor`, in a separate process (`kbvr.system.trial_process`)."""

from __future__ import annotations

from typing import Any

import numpy as np

from kbvr.depth.placement import place
from kbvr.inpaint.push_pull import spread
from kbvr.ldi.scene import Scene, build_scene
from kbvr.native.library import kernel, variants
from kbvr.photo.photo import Photo, photo_from_array
from kbvr.rendering.cpu_renderer import Renderer, render
from kbvr.rendering.gpu_renderer import GpuRenderer, NoGpuError

INSTRUCTIONS = {"v2": "SSE 4.2", "v3": "AVX2", "v4": "AVX-512", "baseline": "the processor's baseline"}
"""Variant of the kernel -> the newest instructions that it uses (levels of the x86-64 psABI)."""

SIZE_PX = (96, 64)
MOVE_M = 0.02


def try_renderer(_: str = "") -> dict[str, Any]:
    """Render a photo of two walls from its own camera.

    Returns:
        `instructions`: those that the kernel uses; `difference`: mean difference of the frame from the photo, in 8-bit
        levels.
    """
    kernel()
    photo, scene = _two_walls()
    (frame,) = render(scene, [scene.camera])
    difference = float(np.abs(frame.astype(np.int16) - photo.rgb.astype(np.int16)).mean())
    return {"instructions": INSTRUCTIONS[variants()[-1]], "difference": difference}


def try_gpu(_: str = "") -> dict[str, Any]:
    """Render two walls on the GPU and on the CPU, from the side.

    Returns:
        Either `problem` and `remedy`, or `drawn_on` and `difference`, the mean difference in 8-bit levels.
    """
    scene = _two_walls()[1]
    camera = scene.camera.moved(x_m=MOVE_M)
    try:
        with GpuRenderer(scene) as gpu_renderer:
            frame, title = gpu_renderer.frame(camera), gpu_renderer.title
    except NoGpuError as error:
        return {"problem": str(error), "remedy": error.remedy}
    with Renderer(scene) as cpu_renderer:
        difference = float(np.abs(frame.astype(np.int16) - cpu_renderer.frame(camera).astype(np.int16)).mean())
    return {"drawn_on": title, "difference": difference}


def _two_walls() -> tuple[Photo, Scene]:
    width, height = SIZE_PX
    across = np.linspace(0, 255, width, dtype=np.float32)
    rgb = np.broadcast_to(across[None, :, None], (height, width, 3)).astype(np.uint8)
    photo = photo_from_array(np.ascontiguousarray(rgb))
    nearness = np.where(np.arange(width) < width // 2, 1.0, 0.5).astype(np.float32)
    depth = place(np.ascontiguousarray(np.broadcast_to(nearness, (height, width))), None, photo, near_m=1.5)
    return photo, build_scene(photo, depth, filler=spread)
