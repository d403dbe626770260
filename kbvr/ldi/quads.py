"""Layers as planar quads in the photo's camera.

Quads are squares of 1 to 32 photo pixels. They are large wherever inverse depth is planar to within `TOLERANCE_PX` of
parallax at the largest move, so that flat regions cost little and boundaries keep every pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from kbvr.ldi.layered_depth_image import Layer
from kbvr.native.library import MeshLayer, MeshLimits, kernel

TOLERANCE_PX = 0.1
LARGEST_QUAD_PX = 32
LARGEST_MATTE_QUAD_PX = 2

QUAD = np.dtype(
    [(name, np.float32) for name in ("u", "v", "half", "d", "du", "dv", "slack_px")] + [("layer", np.int32)]
)
"""One quad as the kernel reads it: centre and half side in photo pixels, plane of inverse depth, growth, layer."""

BLOCK = np.dtype(
    [(name, np.float32) for name in ("u0", "v0", "u1", "v1", "d_min", "d_max")]
    + [(name, np.int32) for name in ("first", "count", "soft", "unused")]
)
"""A run of quads in one square of one layer, with their bounding box."""


def layer_quads(layer: Layer, index: int, *, margin_px: int, limits: MeshLimits) -> tuple[np.ndarray, np.ndarray]:
    """Return QUAD and BLOCK records of one layer; quads cover the pixels whose alpha is above 0."""
    depth, rgba = np.ascontiguousarray(layer.inverse_depth), np.ascontiguousarray(layer.rgba)
    height, width = depth.shape
    mesh_layer = MeshLayer(
        depth=depth.ctypes.data,
        alpha=rgba.ctypes.data + 3,
        width=width,
        height=height,
        largest=LARGEST_MATTE_QUAD_PX if layer.is_soft else LARGEST_QUAD_PX,
        index=index,
        soft=layer.is_soft,
        margin=margin_px,
    )
    compiled = kernel()
    block_px = compiled.kbvr_block_px()

    def rows_from(row: int) -> tuple[np.ndarray, np.ndarray]:
        quads, blocks = np.empty(block_px * width, QUAD), np.empty(-(-width // block_px), BLOCK)
        count = compiled.kbvr_mesh_rows(mesh_layer, limits, row, quads.ctypes.data, blocks.ctypes.data)
        blocks = blocks[:count]
        return quads[: int(blocks["count"].sum())].copy(), blocks

    with ThreadPoolExecutor() as pool:
        return joined(list(pool.map(rows_from, range(0, height, block_px))))


def joined(parts: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Return the QUAD and BLOCK records of all parts; the blocks' `first` then refers to the joined quads."""
    first = 0
    for quads, blocks in parts:
        blocks["first"] += first
        first += len(quads)
    return np.concatenate([quads for quads, _ in parts]), np.concatenate([blocks for _, blocks in parts])
