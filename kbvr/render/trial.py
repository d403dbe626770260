"""Try the compiled renderer, for `kbvr doctor`; meant to run in a process of its own (`kbvr.apart`)."""

from __future__ import annotations

from typing import Any

import numpy as np

from kbvr.compiled import kernel, variants
from kbvr.depth import place
from kbvr.photo import photo_from_array
from kbvr.render.renderer import render
from kbvr.scene import build_scene
from kbvr.spread import spread

INSTRUCTIONS = {"v2": "SSE 4.2", "v3": "AVX2", "v4": "AVX-512", "baseline": "the processor's baseline"}
"""Variant of the kernel -> the newest instructions in it (the x86-64 psABI's levels)."""

SIZE_PX = (96, 64)


def try_renderer(_: str = "") -> dict[str, Any]:
    """Render a photo of two walls from where it was taken.

    Returns:
        `instructions`: those of the variant that is used; `difference`: how far the frame is from the photo, as the
        mean over all pixels in 8-bit steps.
    """
    kernel()
    width, height = SIZE_PX
    across = np.linspace(0, 255, width, dtype=np.float32)
    rgb = np.broadcast_to(across[None, :, None], (height, width, 3)).astype(np.uint8)
    photo = photo_from_array(np.ascontiguousarray(rgb))
    nearness = np.where(np.arange(width) < width // 2, 1.0, 0.5).astype(np.float32)
    depth = place(np.ascontiguousarray(np.broadcast_to(nearness, (height, width))), None, photo, near_m=1.5)
    scene = build_scene(photo, depth, filler=spread)
    (frame,) = render(scene, [scene.camera])
    difference = float(np.abs(frame.astype(np.int16) - photo.rgb.astype(np.int16)).mean())
    return {"instructions": INSTRUCTIONS[variants()[-1]], "difference": difference}
