"""Occlusion boundaries: where depth jumps, which pixels nearby are on which side, and what a move uncovers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from kbvr.imaging.array_types import Mask, Plane
from kbvr.imaging.masked_blur import SQUARE_CELLS
from kbvr.imaging.nearest_seed import nearest_seed_within, nearest_value
from kbvr.imaging.tiling import padded_square, squares

JUMP_SHARE = 0.001
JUMP_PX = 1.5
"""Neighbouring pixels belong to different surfaces if their parallax at the largest move differs by more than this
share of the width, and by more than this many pixels. The mesh is stretched over smaller differences."""

JUMP_SPREAD_SHARE = 0.008
"""The same as a share of the whole depth range: a floor stretched by a large move is still one surface."""

RIM_PX = 4
"""Overlap of the hidden layer with the visible far side, so that no pinholes remain."""

CELLS_LONG_SIDE = 2000
"""Approximate long side, in cells, of the map on which the reach of jumps is computed."""

GROWTH = 1.6
"""Sizes of jumps are rounded up to powers of this."""

MIN_BETWEEN_PX = 6.0
BETWEEN_SHARE = 0.012
"""Width by which the narrow surface between two boundaries is continued behind the nearer one, and width of the sources
next to that boundary, as a share of the photo's width."""


@dataclass(frozen=True, eq=False)
class Boundaries:
    """Where depth jumps, and on which side of the jump each pixel is."""

    near_distance_px: Plane
    """Distance to the nearest pixel on the near side of a jump."""

    far_distance_px: Plane
    near_inverse_depth: Plane
    """Inverse depth at that nearest near-side pixel."""

    far_inverse_depth: Plane
    uncovered: Mask
    """Pixels behind which the largest move can see."""

    doubly_uncovered: Mask
    """Pixels behind which it sees a surface that it can also see behind."""

    between_distance_px: Plane
    """Distance to the nearest pixel of such a surface at the jump that hides it."""

    @cached_property
    def distance_px(self) -> Plane:
        """Distance to the nearest jump."""
        return np.minimum(self.near_distance_px, self.far_distance_px)

    def near_side(self, inverse_depth: Plane) -> Mask:
        """Return whether each pixel belongs to the nearer of the two surfaces at its closest jump."""
        to_near = cv2.absdiff(inverse_depth, self.near_inverse_depth)
        return np.asarray(to_near <= cv2.absdiff(inverse_depth, self.far_inverse_depth))


def jump_px_for(width: int, spread_px: float) -> float:
    """Return the minimum jump, as parallax at the largest move; `spread_px` is that of the whole depth range."""
    return max(JUMP_PX, JUMP_SHARE * width, JUMP_SPREAD_SHARE * spread_px)


def between_px_for(width: int) -> float:
    """Return the width by which a narrow surface is continued behind the surface in front of it, in pixels."""
    return max(MIN_BETWEEN_PX, BETWEEN_SHARE * width)


def find_boundaries(values: Plane, *, jump_px: float, px: float = 1.0) -> Boundaries:
    """Find the occlusion boundaries of a surface.

    `values` are its parallax at the largest move, in units of `px` pixels. The boundaries' depths have the same unit.
    """
    parallax_px = values * np.float32(px)
    near_jump, far_jump = jumps_of(parallax_px)
    near_seeds, far_seeds = near_jump > jump_px, far_jump > jump_px
    with ThreadPoolExecutor() as pool:
        near, far = (pool.submit(nearest_value, seeds, values) for seeds in (near_seeds, far_seeds))
        uncovered = _uncovered(parallax_px, far_jump, jump_px)
        (near_px, near_value), (far_px, far_value) = near.result(), far.result()
    narrow_seeds = far_seeds & ~near_seeds & uncovered  # without ramps
    doubly, between_px = _doubly_uncovered(parallax_px, far_jump, narrow_seeds, jump_px)
    return Boundaries(near_px, far_px, near_value, far_value, uncovered, doubly, between_px)


def jumps_of(parallax_px: Plane) -> tuple[Plane, Plane]:
    """Return how much nearer every pixel is than its farthest neighbour, and how much farther than its nearest one."""
    neighbours = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    near_jump = cv2.subtract(parallax_px, cv2.erode(parallax_px, neighbours))
    return near_jump, cv2.subtract(cv2.dilate(parallax_px, neighbours), parallax_px)


def _doubly_uncovered(parallax_px: Plane, far_jump: Plane, seeds: Mask, jump_px: float) -> tuple[Mask, Plane]:
    """Return the pixels behind which a move sees a narrow surface, and the distance to the surface's nearest seed."""
    reach_px = between_px_for(parallax_px.shape[1])
    distance_px, nearest = nearest_seed_within(seeds, reach_px)
    at = np.flatnonzero(distance_px <= reach_px)
    seed = nearest.ravel()[at]
    flat, doubly = parallax_px.ravel(), np.zeros(parallax_px.size, bool)
    doubly[at] = distance_px.ravel()[at] <= far_jump.ravel()[seed] * GROWTH + RIM_PX
    doubly[at] &= flat[at] - flat[seed] > jump_px / 2
    return doubly.reshape(parallax_px.shape), distance_px


def _uncovered(parallax_px: Plane, far_jump: Plane, jump_px: float) -> Mask:
    """Return the pixels that are no farther from a jump than the jump's size, and in front of its far side.

    An exact result would need a distance transform for every size of jump, so sizes are rounded up to powers of
    `GROWTH`. In a large photo the reach of a jump is computed in cells of a few pixels, its far side in pixels.
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
    limit = np.full(jumps.shape, np.inf, np.float32)  # more parallax than this is uncovered
    largest, size = float(jumps.max()), jump_px
    while size < largest:
        reach_px = size * GROWTH + RIM_PX
        distance, far = nearest_seed_within(jumps > size, reach_px / cell_px)
        within = np.flatnonzero(distance * cell_px <= reach_px)
        limit.ravel()[within] = np.minimum(limit.ravel()[within], far_side[far.ravel()[within]] + size / 2)
        size *= GROWTH
    uncovered = np.zeros(parallax_px.shape, bool)
    for row, column in squares(limit < np.inf, side_px=SQUARE_CELLS):
        cells = limit[row : row + SQUARE_CELLS, column : column + SQUARE_CELLS]
        square = padded_square(row * cell_px, column * cell_px, side_px=SQUARE_CELLS * cell_px, padding_px=0)[0]
        parallax = parallax_px[square]
        large = cells.repeat(cell_px, axis=0).repeat(cell_px, axis=1)
        uncovered[square] = parallax > large[: parallax.shape[0], : parallax.shape[1]]
    return uncovered
