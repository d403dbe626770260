"""Occlusion boundaries: where depth jumps, which side each pixel nearby is on, and what a move uncovers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from kbvr.imaging.masked_blur import SQUARE_CELLS
from kbvr.imaging.nearest_seed import nearest_seed_within, nearest_value
from kbvr.imaging.tiling import padded_square, squares

JUMP_SHARE = 0.001
JUMP_PX = 1.5
"""Neighbours whose parallax at the largest move differs by more (share of the width, and a minimum in pixels) belong
to two surfaces; smaller differences are stretched."""

JUMP_SPREAD_SHARE = 0.008
"""The same as a share of the whole depth range: a floor stretched by a large move is still one surface."""

RIM_PX = 4
"""Overlap of the hidden layer with the visible far side, so that no pinholes stay."""

CELLS_LONG_SIDE = 2000
"""The reach of jumps is computed on a map with a long side of about this many cells."""

GROWTH = 1.6
"""Sizes of jumps are rounded up to powers of this."""

LEAST_BETWEEN_PX = 6.0
BETWEEN_SHARE = 0.012
"""How far the narrow surface between two boundaries is continued behind the nearer one, and how far from that boundary
its sources reach, as a share of the width."""


@dataclass(frozen=True, eq=False)
class Boundaries:
    """Where depth jumps, and which side of the jump each pixel nearby is on."""

    near_distance_px: Float32[np.ndarray, "H W"]
    """Distance to the nearest pixel on the near side of a jump."""

    far_distance_px: Float32[np.ndarray, "H W"]
    near_inverse_depth: Float32[np.ndarray, "H W"]
    """Inverse depth at that nearest near-side pixel."""

    far_inverse_depth: Float32[np.ndarray, "H W"]
    uncovered: Bool[np.ndarray, "H W"]
    """Pixels behind which the largest move can see."""

    doubly: Bool[np.ndarray, "H W"]
    """Pixels behind which it sees a surface that it can see behind as well."""

    between_distance_px: Float32[np.ndarray, "H W"]
    """Distance to the nearest pixel of such a surface at the jump that hides it."""

    @cached_property
    def distance_px(self) -> Float32[np.ndarray, "H W"]:
        """Distance to the nearest jump."""
        return np.minimum(self.near_distance_px, self.far_distance_px)

    def near_side(self, inverse_depth: Float32[np.ndarray, "H W"]) -> Bool[np.ndarray, "H W"]:
        """Return whether each pixel belongs to the nearer of the two surfaces at its closest jump."""
        to_near = cv2.absdiff(inverse_depth, self.near_inverse_depth)
        return np.asarray(to_near <= cv2.absdiff(inverse_depth, self.far_inverse_depth))


def jump_px_for(width: int, spread_px: float) -> float:
    """Return the parallax between neighbours, at the largest move, above which they are two surfaces.

    `spread_px` is the parallax of the whole depth range at that move.
    """
    return max(JUMP_PX, JUMP_SHARE * width, JUMP_SPREAD_SHARE * spread_px)


def between_px_for(width: int) -> float:
    """Return how far a narrow surface is continued behind the surface in front of it, in pixels."""
    return max(LEAST_BETWEEN_PX, BETWEEN_SHARE * width)


def find_boundaries(values: Float32[np.ndarray, "H W"], *, jump_px: float, px: float = 1.0) -> Boundaries:
    """Find occlusion boundaries of a surface given as its parallax at the largest move, in units of px pixels.

    The boundaries' depths are in the unit given.
    """
    parallax_px = values * np.float32(px)
    neighbours = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    near_seeds = cv2.subtract(parallax_px, cv2.erode(parallax_px, neighbours)) > jump_px
    far_jump = cv2.subtract(cv2.dilate(parallax_px, neighbours), parallax_px)

    far_seeds = far_jump > jump_px
    with ThreadPoolExecutor() as pool:
        near, far = (pool.submit(nearest_value, seeds, values) for seeds in (near_seeds, far_seeds))
        uncovered = _uncovered(parallax_px, far_jump, jump_px)
        (near_px, near_value), (far_px, far_value) = near.result(), far.result()
    doubly_seeds = far_seeds & ~near_seeds & uncovered  # without ramps
    doubly, between_px = _doubly(parallax_px, far_jump, doubly_seeds, jump_px)
    return Boundaries(near_px, far_px, near_value, far_value, uncovered, doubly, between_px)


def _doubly(
    parallax_px: Float32[np.ndarray, "H W"],
    far_jump: Float32[np.ndarray, "H W"],
    seeds: Bool[np.ndarray, "H W"],
    jump_px: float,
) -> tuple[Bool[np.ndarray, "H W"], Float32[np.ndarray, "H W"]]:
    """Return the pixels behind which a move sees a narrow surface, and their distance to the nearest of its seeds."""
    reach_px = between_px_for(parallax_px.shape[1])
    distance_px, nearest = nearest_seed_within(seeds, reach_px)
    at = np.flatnonzero(distance_px <= reach_px)
    seed = nearest.ravel()[at]
    flat, doubly = parallax_px.ravel(), np.zeros(parallax_px.size, bool)
    doubly[at] = distance_px.ravel()[at] <= far_jump.ravel()[seed] * GROWTH + RIM_PX
    doubly[at] &= flat[at] - flat[seed] > jump_px / 2
    return doubly.reshape(parallax_px.shape), distance_px


def _uncovered(
    parallax_px: Float32[np.ndarray, "H W"], far_jump: Float32[np.ndarray, "H W"], jump_px: float
) -> Bool[np.ndarray, "H W"]:
    """Return pixels that lie no farther from a jump than its own size, and in front of its far side.

    An exact result needs a distance transform for every size of jump; here sizes are rounded up to powers of `GROWTH`.
    The reach of a jump is computed in cells of a few pixels of a large photo, its far side in pixels.
    """
    at = np.flatnonzero(far_jump > jump_px)
    if not at.size:
        return np.zeros(far_jump.shape, bool)
    cell_px = max(1, round(max(far_jump.shape) / CELLS_LONG_SIDE))
    height, width = (-(-side // cell_px) for side in far_jump.shape)
    y, x = np.divmod(at, far_jump.shape[1])
    cells = y // cell_px * width + x // cell_px
    jumps, far_side = np.zeros((height, width), np.float32), np.full(height * width, np.inf, np.float32)
    np.maximum.at(jumps.ravel(), cells, far_jump.ravel()[at])
    np.minimum.at(far_side, cells, parallax_px.ravel()[at])
    beyond = np.full(jumps.shape, np.inf, np.float32)  # more parallax than this is uncovered
    largest, size = float(jumps.max()), jump_px
    while size < largest:
        reach_px = size * GROWTH + RIM_PX
        distance, far = nearest_seed_within(jumps > size, reach_px / cell_px)
        within = np.flatnonzero(distance * cell_px <= reach_px)
        beyond.ravel()[within] = np.minimum(beyond.ravel()[within], far_side[far.ravel()[within]] + size / 2)
        size *= GROWTH
    uncovered = np.zeros(parallax_px.shape, bool)
    for row, column in squares(beyond < np.inf, side_px=SQUARE_CELLS):
        cells = beyond[row : row + SQUARE_CELLS, column : column + SQUARE_CELLS]
        square = padded_square(row * cell_px, column * cell_px, side_px=SQUARE_CELLS * cell_px, padding_px=0)[0]
        there = parallax_px[square]
        large = cells.repeat(cell_px, axis=0).repeat(cell_px, axis=1)
        uncovered[square] = there > large[: there.shape[0], : there.shape[1]]
    return uncovered
