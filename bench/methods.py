"""The methods that draw the view of a camera to the right of the photo's: kbvr's and the baselines.

A method takes the photo and its disparity at BASELINE_M and returns a `Draw`, so its preparation runs only once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8

from bench.baselines import naive_warp, paper_views
from bench.polylines import polylines
from bench.splatting import softmax_splat
from kbvr.inpaint.choose import filler_named
from kbvr.inpaint.filler import Filler
from kbvr.ldi.scene import Scene, build_scene
from kbvr.rendering.cpu_renderer import Renderer

BASELINE_M = 0.06
"""Only a unit: depth is chosen to give the disparity."""

Draw = Callable[[float], UInt8[np.ndarray, "H W 3"]]
"""Draws the view at a share of BASELINE_M to the right of the photo's camera, 0 to 1."""

Method = Callable[[UInt8[np.ndarray, "H W 3"], Float32[np.ndarray, "H W"]], Draw]


def kbvr_scene(
    left: UInt8[np.ndarray, "H W 3"], disparity_px: Float32[np.ndarray, "H W"], filler: Filler | None = None
) -> Scene:
    """Return kbvr's scene of a photo with its disparity, which is f_px * BASELINE_M * inverse_depth.

    The focal length is the long side; its value does not matter.
    """
    from kbvr.depth.depth_map import DepthMap
    from kbvr.photo.photo import photo_from_array

    photo = photo_from_array(left, f_px=float(max(left.shape[:2])))
    inverse_depth = (disparity_px / (photo.f_px * BASELINE_M)).astype(np.float32)
    depth = DepthMap(inverse_depth, photo.f_px, metric=True)
    return build_scene(photo, depth, reach_m=BASELINE_M, filler=filler)


def without_hidden(scene: Scene) -> Scene:
    """Return a scene without its filled layers, so that the renderer fills holes along rows."""
    seen = [index for index, layer in enumerate(scene.ldi.layers) if not layer.is_hidden]
    layer_of_block = scene.quads["layer"][scene.blocks["first"]]
    return replace(scene, blocks=scene.blocks[np.isin(layer_of_block, seen)])


def drawn_by_kbvr(scene: Scene) -> Draw:
    """Return a function that draws a scene with kbvr."""
    renderer = Renderer(scene, threads=1)
    return lambda share: renderer.frame(scene.camera.moved(x_m=BASELINE_M * share))


def kbvr_methods(fill_files: tuple[Path, ...] = ()) -> dict[str, Method]:
    """Return kbvr with its own fill, without fill, and with other fill networks, by name."""
    fillers: dict[str, Filler | None] = {"kbvr": None}
    fillers |= {f"kbvr, {file.stem.removesuffix('_pipeline_v2')}"[:28]: filler_named(file) for file in fill_files}

    def method(filler: Filler | None) -> Method:
        return lambda left, disparity_px: drawn_by_kbvr(kbvr_scene(left, disparity_px, filler))

    methods = {name: method(filler) for name, filler in fillers.items()}
    methods["kbvr, no fill"] = lambda left, disparity_px: drawn_by_kbvr(
        without_hidden(kbvr_scene(left, disparity_px, filler_named("spread")))
    )
    return methods


def baseline_methods() -> dict[str, Method]:
    """Return the baselines that take a disparity, by name."""
    return {
        "naive warp": lambda left, disparity_px: lambda share: naive_warp(left, disparity_px * np.float32(share)),
        "polylines, soft": lambda left, disparity_px: (
            lambda share: polylines(left, disparity_px * np.float32(share), sharp=False)
        ),
        "polylines, sharp": lambda left, disparity_px: (
            lambda share: polylines(left, disparity_px * np.float32(share), sharp=True)
        ),
        "softmax splat": lambda left, disparity_px: lambda share: softmax_splat(left, disparity_px, share=share),
        "paper points": paper_views,
    }
