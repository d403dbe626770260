"""Planar pieces of a photo as constraints on its depth.

The inverse depth of a plane is linear in x and y. Where a square of the photo has many straight lines, it shows
something built: if the map is nearly a plane there, up to outliers, it should be one. Squares without lines (faces,
flowers, hills) are left alone.
"""

from __future__ import annotations

from math import ceil

import cv2
import numpy as np
from jaxtyping import Float64

from kbvr.depth.constraints import Constraints
from kbvr.imaging.array_types import SmallPlane
from kbvr.imaging.line_segments import Ends

SIDE_SHARE = 0.15
"""Side of a square, as a share of the long side; squares overlap by half."""

SAMPLES = 5
"""Number of points along each side of a square."""

LINED = 8.0
"""Length of the lines in a square that certainly shows something built, in sides of the square; fewer lines count in
proportion."""

FLAT_SHARE = 0.02
"""Deviation from a plane that is still wobble, as a share of the map's range: a fit to a whole square is less free
than one to a line, and relief is easily lost."""

MARKS = 16
"""Number of points by which the length of a segment is shared out among squares."""


def planar_where_lined(ends: Ends, values: SmallPlane, spread: float) -> Constraints:
    """Return the constraints that the map is a plane in the squares of the photo that have straight segments."""
    height, width = values.shape
    side = min(SIDE_SHARE * max(height, width), height, width)
    middle_y, middle_x = (
        axis.ravel() for axis in np.meshgrid(_middles(height, side), _middles(width, side), indexing="ij")
    )
    offsets = (np.arange(SAMPLES) + 0.5) / SAMPLES - 0.5
    down, across = (axis.ravel() for axis in np.meshgrid(offsets, offsets, indexing="ij"))
    x, y = middle_x[:, None] + across * side, middle_y[:, None] + down * side
    strength = side * np.minimum(_length_inside(ends, middle_x, middle_y, side, (height, width)) / (LINED * side), 1)
    lined = strength > 0
    x, y = np.clip(x[lined], 0, width - 1), np.clip(y[lined], 0, height - 1)
    basis = np.stack([np.ones_like(across), 2 * across, 2 * down], axis=1)
    tolerance = np.full(len(x), FLAT_SHARE * spread)
    return Constraints(x, y, np.broadcast_to(basis, (*x.shape, 3)), strength[lined], tolerance)


def _middles(length_px: int, side_px: float) -> Float64[np.ndarray, "N"]:
    """Return the middles of squares that cover a length and overlap by half."""
    count = ceil((length_px - side_px) / (side_px / 2)) + 1
    return np.linspace(side_px / 2, length_px - side_px / 2, count)


def _length_inside(
    ends: Ends,
    middle_x: Float64[np.ndarray, "P"],
    middle_y: Float64[np.ndarray, "P"],
    side_px: float,
    shape: tuple[int, int],
) -> Float64[np.ndarray, "P"]:
    """Return the length of the segments inside each square, in pixels."""
    shares = (np.arange(MARKS) + 0.5)[None, :, None] / MARKS
    marks = ends[:, :1] + (ends[:, 1:] - ends[:, :1]) * shares
    column, row = (np.clip(marks[..., axis], 0, shape[1 - axis] - 1).astype(np.intp) for axis in (0, 1))
    length = np.zeros(shape)
    np.add.at(length, (row, column), np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)[:, None] / MARKS)
    total = cv2.integral(length)
    left, right, top, bottom = (
        np.clip(np.rint(middle + sign * side_px / 2), 0, limit).astype(np.intp)
        for middle, limit in ((middle_x, shape[1]), (middle_y, shape[0]))
        for sign in (-1, 1)
    )
    return np.asarray(total[bottom, right] - total[top, right] - total[bottom, left] + total[top, left])
