"""The scene: layers as planar quads in the photo's camera, ready to be drawn from anywhere near it.

Quads are squares of 1 to 32 photo pixels. A larger one stands wherever inverse depth is a plane to within
`TOLERANCE_PX` of parallax at the largest move, so that flat regions cost little and boundaries keep every pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from kbvr.camera import Camera, camera_of_photo
from kbvr.compiled import MeshLayer, MeshLimits, kernel
from kbvr.depth import DepthMap
from kbvr.fill import Filler, fill
from kbvr.layers import Layer, LayeredDepthImage, split
from kbvr.matte import solve_mattes
from kbvr.photo import Photo
from kbvr.surroundings import surroundings_of

TOLERANCE_PX = 0.1
LARGEST_QUAD_PX = 32
LARGEST_MATTE_QUAD_PX = 2
DEFAULT_REACH_SHARE = 0.035
"""The default largest sideways move, as the parallax range it gives over the photo's width."""

QUAD = np.dtype(
    [(name, np.float32) for name in ("u", "v", "half", "d", "du", "dv", "slack_px")] + [("layer", np.int32)]
)
"""One quad as the kernel reads it: centre and half side in photo pixels, plane of inverse depth, growth, layer."""

BLOCK = np.dtype(
    [(name, np.float32) for name in ("u0", "v0", "u1", "v1", "d_min", "d_max")]
    + [(name, np.int32) for name in ("first", "count", "soft", "unused")]
)
"""A run of quads that lie in one square of one layer, with the box that bounds them."""


@dataclass(frozen=True)
class Limits:
    """What a quad may do, as inverse depth, 1/m."""

    tolerance: float
    """Largest distance of a quad from the depth it stands for."""

    jump: float
    """Steepest rise from one pixel to the next; steeper is two surfaces."""

    per_px: float
    """One pixel of parallax at the largest move."""

    forward_m: float
    """The largest move along the axis."""


@dataclass(frozen=True, eq=False)
class Scene:
    """Everything that a camera can see, in metres, with the photo's camera as the world."""

    ldi: LayeredDepthImage
    quads: np.ndarray
    """QUAD records, those of a block one after the other."""

    blocks: np.ndarray
    """BLOCK records; blocks of the matte layer are marked soft."""

    camera: Camera
    """The photo's own camera."""

    @property
    def reach_m(self) -> float:
        """The farthest sideways camera move that the scene is made for."""
        return self.ldi.reach_m


def build_scene(
    photo: Photo,
    depth: DepthMap,
    *,
    reach_m: float | None = None,
    border_m: float | None = None,
    forward_m: float | None = None,
    filler: Filler | None = None,
) -> Scene:
    """Split a photo into layers, fill what they hide, and mesh them.

    `reach_m` is the farthest sideways camera move wanted; by default one that spreads the depth range over
    3.5% of the width. Wider moves show where the hidden layer ends. `border_m` is the farthest sideways move that
    looks beyond the photo's border; by default the same. `forward_m` is the farthest move into the picture; by default
    one that shifts the picture's border as far as `reach_m` does.

    Raises:
        InputError: if photo and depth differ in size, or a length is not positive.
    """
    if reach_m is None:
        reach_m = surroundings_of(depth).sideways_m(DEFAULT_REACH_SHARE)
    ldi = solve_mattes(fill(split(photo, depth, reach_m=reach_m, border_m=border_m), filler))
    per_px = 1 / (depth.f_px * reach_m)
    if forward_m is None:
        forward_m = reach_m * 2 * depth.f_px / photo.size_px[0]
    limits = Limits(TOLERANCE_PX * per_px, ldi.jump_px * per_px, per_px, forward_m)
    parts = [
        layer_quads(layer, index, margin_px=ldi.margin_px, limits=limits) for index, layer in enumerate(ldi.layers)
    ]
    quads, blocks = joined(parts)
    return Scene(ldi=ldi, quads=quads, blocks=blocks, camera=camera_of_photo(photo.size_px, depth.f_px))


def layer_quads(layer: Layer, index: int, *, margin_px: int, limits: Limits) -> tuple[np.ndarray, np.ndarray]:
    """Return QUAD and BLOCK records of one layer; quads are found where alpha is above 0."""
    depth, rgba = np.ascontiguousarray(layer.inverse_depth), np.ascontiguousarray(layer.rgba)
    height, width = depth.shape
    soft = layer.name == "matte"
    described = MeshLayer(
        depth=depth.ctypes.data,
        alpha=rgba.ctypes.data + 3,
        width=width,
        height=height,
        largest=LARGEST_MATTE_QUAD_PX if soft else LARGEST_QUAD_PX,
        index=index,
        soft=soft,
        margin=margin_px,
    )
    allowed = MeshLimits(limits.tolerance, limits.jump, limits.per_px, limits.forward_m, TOLERANCE_PX)
    compiled = kernel()
    block_px = compiled.kbvr_block_px()

    def rows_from(row: int) -> tuple[np.ndarray, np.ndarray]:
        quads, blocks = np.empty(block_px * width, QUAD), np.empty(-(-width // block_px), BLOCK)
        count = compiled.kbvr_mesh_rows(described, allowed, row, quads.ctypes.data, blocks.ctypes.data)
        blocks = blocks[:count]
        return quads[: int(blocks["count"].sum())].copy(), blocks

    with ThreadPoolExecutor() as pool:
        return joined(list(pool.map(rows_from, range(0, height, block_px))))


def joined(parts: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Return QUAD and BLOCK records of several parts in a row; blocks then count from the first quad of all."""
    first = 0
    for quads, blocks in parts:
        blocks["first"] += first
        first += len(quads)
    return np.concatenate([quads for quads, _ in parts]), np.concatenate([blocks for _, blocks in parts])
