"""The scene: layers as planar quads in the photo's camera, ready to be drawn from anywhere near it.

Quads are squares of 1 to 32 photo pixels. A larger one stands wherever inverse depth is a plane to within
`TOLERANCE_PX` of parallax at the largest move, so that flat regions cost little and boundaries keep every pixel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32

from kbvr.camera import Camera, camera_of_photo
from kbvr.depth import DepthMap
from kbvr.fill import Filler, fill
from kbvr.layers import Layer, LayeredDepthImage, all_but, split
from kbvr.matte import solve_mattes
from kbvr.photo import Photo
from kbvr.surroundings import surroundings_of

TOLERANCE_PX = 0.1
LARGEST_QUAD_PX = 32
BLOCK_PX = 64
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
    blocks = [part[1] for part in parts]
    first = 0
    for quads, block in parts:
        block["first"] += first
        first += len(quads)
    return Scene(
        ldi=ldi,
        quads=np.concatenate([part[0] for part in parts]),
        blocks=np.concatenate(blocks),
        camera=camera_of_photo(photo.size_px, depth.f_px),
    )


def layer_quads(layer: Layer, index: int, *, margin_px: int, limits: Limits) -> tuple[np.ndarray, np.ndarray]:
    """Return QUAD and BLOCK records of one layer; quads are found where alpha is above 0."""
    largest = 2 if layer.name == "matte" else LARGEST_QUAD_PX
    sized = list(_planar_squares(layer.inverse_depth, layer.rgba[..., 3] > 0, largest, limits))
    quads = np.concatenate(sized) if sized else np.zeros(0, QUAD)
    quads["layer"] = index
    order, blocks = _blocks(quads, soft=layer.name == "matte")
    quads = quads[order]
    for name in ("u", "v"):
        quads[name] -= margin_px
    for name in ("u0", "v0", "u1", "v1"):
        blocks[name] -= margin_px
    return quads, blocks


def _planar_squares(
    inverse_depth: Float32[np.ndarray, "H W"], valid: Bool[np.ndarray, "H W"], largest: int, limits: Limits
) -> Iterator[np.ndarray]:
    """Yield QUAD records, large squares first, that cover the valid pixels once."""
    height, width = valid.shape
    side = largest
    rows, columns = -(-height // largest) * largest, -(-width // largest) * largest
    todo = np.zeros((rows, columns), bool)
    todo[:height, :width] = valid
    depth = np.pad(inverse_depth, ((0, rows - height), (0, columns - width)), mode="edge")
    bend, step = _seams(depth, limits.jump)
    while side >= 1:
        tiles = todo.reshape(rows // side, side, columns // side, side)
        whole = tiles.all(axis=(1, 3))
        ys, xs = np.nonzero(whole)
        samples = depth.reshape(rows // side, side, columns // side, side)[ys, :, xs]
        quads, error = _fitted(samples, side)
        steepest = np.maximum(np.abs(quads["du"]), np.abs(quads["dv"]))
        good = steepest <= limits.jump
        if side > 2:  # planar, and so small that perspective within it is nearly affine
            good &= error <= limits.tolerance
            good &= (side / 2) ** 2 * steepest * limits.forward_m <= TOLERANCE_PX
        ys, xs, quads, error = ys[good], xs[good], quads[good], error[good]
        quads["u"], quads["v"] = (xs + 0.5) * side, (ys + 0.5) * side
        seam = (bend if side > 1 else step).reshape(rows // side, side, columns // side, side)[ys, :, xs]
        slack = np.maximum(error - limits.tolerance, seam.max(axis=(1, 2), initial=0) / 2)
        quads["slack_px"] = np.minimum(slack / limits.per_px, 1.0)
        tiles[ys, :, xs] = False
        if len(quads):
            yield quads
        side //= 2


def _seams(
    depth: Float32[np.ndarray, "H W"], jump: float
) -> tuple[Float32[np.ndarray, "H W"], Float32[np.ndarray, "H W"]]:
    """Return how much depth bends, and how much it steps, at each pixel; 0 where it jumps to another surface."""
    bend, step = np.zeros_like(depth), np.zeros_like(depth)
    for axis in (0, 1):
        rise = np.diff(depth, axis=axis)
        rise[np.abs(rise) > jump] = 0
        low, high = all_but(axis, -1), all_but(axis, 0)
        np.maximum(step[low], np.abs(rise), out=step[low])
        np.maximum(step[high], np.abs(rise), out=step[high])
        curve = np.abs(np.diff(rise, axis=axis))
        np.maximum(bend[low][high], curve, out=bend[low][high])
    return bend, step


def _fitted(samples: Float32[np.ndarray, "N S S"], side: int) -> tuple[np.ndarray, Float32[np.ndarray, "N"]]:
    """Fit a plane to each square by least squares; return QUAD records and the largest errors, 1/m."""
    quads = np.zeros(len(samples), QUAD)
    offset = np.arange(side, dtype=np.float32) - np.float32((side - 1) / 2)
    norm = np.float32(max(1.0, side * float((offset**2).sum())))
    quads["half"] = side / 2
    quads["d"] = samples.mean(axis=(1, 2))
    quads["du"] = (samples.sum(axis=1) @ offset) / norm
    quads["dv"] = (samples.sum(axis=2) @ offset) / norm
    plane = quads["d"][:, None, None] + quads["du"][:, None, None] * offset
    plane = plane + quads["dv"][:, None, None] * offset[:, None]
    return quads, np.abs(samples - plane).max(axis=(1, 2), initial=0)


def _blocks(quads: np.ndarray, *, soft: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the order that puts quads of one block together, and the BLOCK records."""
    column = (quads["u"] // BLOCK_PX).astype(np.int64)
    row = (quads["v"] // BLOCK_PX).astype(np.int64)
    key = row * (int(column.max(initial=0)) + 1) + column
    order = np.argsort(key, kind="stable")
    _, first, count = np.unique(key[order], return_index=True, return_counts=True)
    blocks = np.zeros(len(first), BLOCK)
    if not len(first):
        return order, blocks
    sorted_quads = quads[order]
    blocks["first"], blocks["count"], blocks["soft"] = first, count, soft
    half = sorted_quads["half"]
    lean = (np.abs(sorted_quads["du"]) + np.abs(sorted_quads["dv"])) * half
    for name, values, reduce in (
        ("u0", sorted_quads["u"] - half, np.minimum),
        ("v0", sorted_quads["v"] - half, np.minimum),
        ("u1", sorted_quads["u"] + half, np.maximum),
        ("v1", sorted_quads["v"] + half, np.maximum),
        ("d_min", sorted_quads["d"] - lean, np.minimum),
        ("d_max", sorted_quads["d"] + lean, np.maximum),
    ):
        blocks[name] = reduce.reduceat(values, first)
    return order, blocks
