"""Fill the holes of one frame along rays, as the 3D Ken Burns method does where no network has filled the scene.

From each uncovered pixel, 16 pairs of opposite rays search for the nearest covered pixels. Of the pairs that find one
at both ends, the shortest is chosen, and of its two ends the deeper one. If the border of the frame cuts off one ray of
every pair, the hole remains.
"""

from __future__ import annotations

from math import cos, pi, sin

import cv2
import numpy as np
from jaxtyping import Float32, Int, Int64

from kbvr.imaging.array_types import Mask, Plane
from kbvr.imaging.nearest_seed import nearest_seed

Channels = Float32[np.ndarray, "C H W"]

RAY_PAIRS = 16
"""Pairs of opposite rays, evenly spread over half a turn."""

_HOLE, _COVERED, _OUTSIDE = 0, 1, 2


def ray_steps() -> list[tuple[float, float]]:
    """Return the step (x, y) of the first ray of each pair: one pixel along the axis that it is closer to.

    Step k leads to the pixel at the offset floor(k x + 0.5), floor(k y + 0.5). The opposite ray has both signs changed.
    """
    steps = []
    for index in range(RAY_PAIRS):
        x, y = cos(pi * index / RAY_PAIRS), sin(pi * index / RAY_PAIRS)
        longer = max(abs(x), abs(y))
        steps.append((x / longer, y / longer))
    return steps


def fill_holes(values: Channels, depth: Plane, covered: Mask) -> tuple[Channels, Mask]:
    """Return the frame with its holes filled from the deeper ends, and the pixels that are covered now."""
    height, width = covered.shape
    mark = np.full((height + 2, width + 2), _OUTSIDE, np.uint8)
    mark[1:-1, 1:-1] = np.where(covered, _COVERED, _HOLE)
    # A ray may skip as many pixels as the hole extends on every side (the chessboard distance to its edge).
    free_px = cv2.distanceTransform((mark == _HOLE).astype(np.uint8), cv2.DIST_C, 3).astype(np.int64)
    rows, columns = np.nonzero(mark == _HOLE)
    stride = width + 2
    best, source = np.full(rows.size, np.inf), np.full(rows.size, -1, np.int64)
    deep = np.pad(depth, 1).ravel()
    for step in ray_steps():
        ends = _ray_ends(free_px, rows, columns, step)
        candidates = np.flatnonzero(mark.ravel()[ends] == _COVERED)
        first = ends[candidates]
        second = _ray_ends(free_px, rows[candidates], columns[candidates], (-step[0], -step[1]))
        span = np.hypot(first // stride - second // stride, first % stride - second % stride)
        better = (mark.ravel()[second] == _COVERED) & (span < best[candidates])
        deeper = np.where(deep[first] >= deep[second], first, second)
        best[candidates[better]] = span[better]
        source[candidates[better]] = deeper[better]
    found = source >= 0
    rows, columns, source = rows[found] - 1, columns[found] - 1, source[found]
    filled, now_covered = values.copy(), covered.copy()
    filled[:, rows, columns] = values[:, source // stride - 1, source % stride - 1]
    now_covered[rows, columns] = True
    return filled, now_covered


def continue_to_border(values: Channels, covered: Mask) -> Channels:
    """Return the frame with every uncovered pixel copied from the nearest covered one.

    The outermost covered pixels are avoided where possible, because a single point there would become a streak.
    """
    if covered.all() or not covered.any():
        return values
    inner = cv2.erode(covered.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    source = nearest_seed(inner if inner.any() else covered)[1][~covered]
    continued = values.copy()
    continued[:, ~covered] = values.reshape(len(values), -1)[:, source]
    return continued


def _ray_ends(
    free_px: Int64[np.ndarray, "h w"],
    rows: Int[np.ndarray, "N"],
    columns: Int[np.ndarray, "N"],
    step: tuple[float, float],
) -> Int64[np.ndarray, "N"]:
    """Return the flat index where each pixel's ray leaves its hole; `free_px` is the distance to the hole's edge."""
    stride, free = free_px.shape[1], free_px.ravel()
    start = rows * stride + columns
    ends = np.zeros(rows.size, np.int64)
    active, steps = np.arange(rows.size), free[start]
    while active.size:
        x, y = (np.floor(steps * part + 0.5).astype(np.int64) for part in step)
        at = start[active] + y * stride + x
        ends[active] = at
        in_hole = free[at] > 0
        active, steps = active[in_hole], (steps + free[at])[in_hole]
    return ends
