"""Fill the holes of one frame along rays, as the 3D Ken Burns method does where no network has filled the scene.

From each uncovered pixel 16 pairs of opposite rays go out to the first covered pixel. Of the pairs that find one at
both ends, the one whose ends are closest together is taken, and of its two ends the deeper one. Where the border of the
frame cuts off one ray of every pair, the hole stays.
"""

from __future__ import annotations

from math import cos, pi, sin

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Int, Int64

from kbvr.imaging.nearest_seed import nearest_seed

RAY_PAIRS = 16
"""Pairs of opposite rays, evenly spread over half a turn."""

_HOLE, _COVERED, _OUTSIDE = 0, 1, 2


def ray_steps() -> list[tuple[float, float]]:
    """Return the step (x, y) of the first ray of each pair: one pixel along the axis that it is closer to.

    Step k from a pixel leads to the pixel at floor(k x + 0.5), floor(k y + 0.5) from it; the opposite ray has both
    signs changed.
    """
    steps = []
    for index in range(RAY_PAIRS):
        x, y = cos(pi * index / RAY_PAIRS), sin(pi * index / RAY_PAIRS)
        longer = max(abs(x), abs(y))
        steps.append((x / longer, y / longer))
    return steps


def fill_holes(
    values: Float32[np.ndarray, "C H W"], depth: Float32[np.ndarray, "H W"], covered: Bool[np.ndarray, "H W"]
) -> tuple[Float32[np.ndarray, "C H W"], Bool[np.ndarray, "H W"]]:
    """Return the frame with its holes filled, and what is covered now; what was covered stays as it is.

    Depth decides which end of a span is taken: the larger one; of equal ones, that of the first ray.
    """
    height, width = covered.shape
    mark = np.full((height + 2, width + 2), _OUTSIDE, np.uint8)
    mark[1:-1, 1:-1] = np.where(covered, _COVERED, _HOLE)
    # In a hole so wide to every side (the larger of x and y counts), a ray needs no look at the steps between.
    room = cv2.distanceTransform((mark == _HOLE).astype(np.uint8), cv2.DIST_C, 3).astype(np.int64)
    rows, columns = np.nonzero(mark == _HOLE)
    stride = width + 2
    best, source = np.full(rows.size, np.inf), np.full(rows.size, -1, np.int64)
    deep = np.pad(depth, 1).ravel()
    for step in ray_steps():
        hits = _first_no_hole(room, rows, columns, step)
        hopeful = np.flatnonzero(mark.ravel()[hits] == _COVERED)
        one = hits[hopeful]
        two = _first_no_hole(room, rows[hopeful], columns[hopeful], (-step[0], -step[1]))
        span = np.hypot(one // stride - two // stride, one % stride - two % stride)
        better = (mark.ravel()[two] == _COVERED) & (span < best[hopeful])
        end = np.where(deep[one] >= deep[two], one, two)
        best[hopeful[better]] = span[better]
        source[hopeful[better]] = end[better]
    found = source >= 0
    rows, columns, source = rows[found] - 1, columns[found] - 1, source[found]
    filled, now_covered = values.copy(), covered.copy()
    filled[:, rows, columns] = values[:, source // stride - 1, source % stride - 1]
    now_covered[rows, columns] = True
    return filled, now_covered


def continue_to_border(
    values: Float32[np.ndarray, "C H W"], covered: Bool[np.ndarray, "H W"]
) -> Float32[np.ndarray, "C H W"]:
    """Return the frame in which every uncovered pixel has what its nearest covered one has.

    The outermost covered pixels are passed over where there are others: a lone point there would become a streak.
    """
    if covered.all() or not covered.any():
        return values
    inner = cv2.erode(covered.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    source = nearest_seed(inner if inner.any() else covered)[1][~covered]
    continued = values.copy()
    continued[:, ~covered] = values.reshape(len(values), -1)[:, source]
    return continued


def _first_no_hole(
    room: Int64[np.ndarray, "h w"],
    rows: Int[np.ndarray, "N"],
    columns: Int[np.ndarray, "N"],
    step: tuple[float, float],
) -> Int64[np.ndarray, "N"]:
    """Return where the ray from each pixel ends, as a flat index.

    `room` is every pixel's distance from the nearest pixel that is no hole, 0 there. It is never 0 at the start.
    """
    stride = room.shape[1]
    flat_room = room.ravel()
    start = rows * stride + columns
    hits = np.zeros(rows.size, np.int64)
    going, steps = np.arange(rows.size), flat_room[start]
    while going.size:
        x, y = (np.floor(steps * part + 0.5).astype(np.int64) for part in step)
        at = start[going] + y * stride + x
        ahead = flat_room[at]
        hits[going] = at
        still = ahead > 0
        going, steps = going[still], (steps + ahead)[still]
    return hits
