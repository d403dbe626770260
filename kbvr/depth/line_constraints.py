"""Straight lines of a photo as constraints on its depth.

The inverse depth of a straight line in the world is a linear function of the position along its picture. So long
straight segments of the photo show where the depth of a surface wobbles, and by how much. An outline belongs to the
nearer side; a line inside a surface constrains both of its sides. An upright outline in the photo is that of a pole, a
column, a frame or a person: it stands, so it has one depth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

from kbvr.depth.bilateral_grid import read_at
from kbvr.depth.constraints import Constraints
from kbvr.imaging.array_types import Picture, SmallPlane
from kbvr.imaging.line_segments import Ends, line_segments

MIN_LENGTH = 0.05
"""Length of the shortest segment, as a share of the long side."""

MOST_SEGMENTS = 400
"""The longest segments of a photo that count: more take time and add little."""

SAMPLES = 24
TRIMMED = 0.02
"""Number of points along a segment; share of it that is left out at each end, where it may meet other surfaces."""

SIDE_PX, BEHIND_PX = 2.0, 3.0
"""Distance from a segment at which its sides are constrained and compared, in pixels of the map."""

STEP_SHARE = 0.04
"""Difference between the sides of an outline, as a share of the map's range."""

WOBBLE_SHARE = 0.05
"""Deviation that is still wobble rather than another surface, as a share of the map's range: twice the deviation of
the built-in network's wobble on planes, 0.024 (`bench/wobble.py`)."""

LONG_LENGTH, BEND_SHARE, MAX_STEP_SHARE = 0.4, 0.15, 0.05
"""Along a level segment of at least this length, as a share of the long side, even so large a deviation is wobble if it
comes without a step between neighbouring points: a roof as long as this bends rather than ends. Shares of the map's
range. Upright lines may cross from a wall to the floor."""

UPRIGHT_LEAN = 0.05
UPRIGHT_STRENGTH = 1.0
"""Largest lean of an upright segment, columns per row; how much its one depth counts relative to its being straight. A
camera that looks up or down sees the depth of upright things change with height, but by less than networks err."""


@dataclass(frozen=True, eq=False)
class Sides:
    """Points beside straight segments, on the surfaces to which the segments belong."""

    x: Float64[np.ndarray, "N S"]
    y: Float64[np.ndarray, "N S"]
    length_px: Float64[np.ndarray, "N"]
    tolerance: Float64[np.ndarray, "N"]
    """Deviation from a straight line that is still wobble."""

    stands: Bool[np.ndarray, "N"]
    """Whether it is the nearer side of an upright outline."""


def straight_segments(rgb: Picture) -> Ends:
    """Return the longest straight segments of a picture."""
    return line_segments(rgb, min_px=MIN_LENGTH * max(rgb.shape))[:MOST_SEGMENTS]


def sides_of_segments(ends: Ends, values: SmallPlane, spread: float) -> Sides:
    """Return the points beside segments: on both sides, or on the nearer one of an outline."""
    height, width = values.shape
    start, end = ends[:, :1], ends[:, 1:]
    points = (start + end) / 2 + (end - start) * _positions()[:, None]
    length = np.linalg.norm(end - start, axis=2)
    along = (end - start) / length[..., None]
    across = np.stack([-along[..., 1], along[..., 0]], axis=2)
    steps = [_step(values, points, across * distance) for distance in (SIDE_PX, BEHIND_PX)]
    step = np.where(np.abs(steps[0]) > np.abs(steps[1]), *steps)
    outline = np.abs(step) > STEP_SHARE * spread
    stands = outline & (np.abs(along[:, 0, 0]) <= UPRIGHT_LEAN * np.abs(along[:, 0, 1]))
    kept = [~outline | (step < 0), ~outline | (step > 0)]
    beside = [(points + sign * SIDE_PX * across)[keep] for sign, keep in zip((-1, 1), kept, strict=True)]
    x, y = np.moveaxis(np.concatenate(beside), 2, 0)
    x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
    is_level = np.abs(along[:, 0, 0]) > np.abs(along[:, 0, 1])
    length_px, stands, is_level = (
        np.concatenate([each[keep] for keep in kept]) for each in (length[:, 0], stands, is_level)
    )
    change = np.diff(read_at(values, x, y), axis=1)
    is_smooth = np.abs(change - change.mean(axis=1, keepdims=True)).max(axis=1) < MAX_STEP_SHARE * spread
    bends = is_smooth & is_level & (length_px >= LONG_LENGTH * max(values.shape))
    return Sides(x, y, length_px, np.where(bends, BEND_SHARE, WOBBLE_SHARE) * spread, stands)


def straight_along(sides: Sides) -> Constraints:
    """Return the constraints that the map is linear along every segment."""
    basis = np.stack([np.ones(SAMPLES), 2 * _positions()], axis=1)
    shape = (*sides.x.shape, basis.shape[1])
    return Constraints(sides.x, sides.y, np.broadcast_to(basis, shape), sides.length_px, sides.tolerance)


def standing(sides: Sides, spread: float) -> Constraints:
    """Return the constraints that the map, of this range, has one value along every upright outline."""
    x, y, length_px = (values[sides.stands] for values in (sides.x, sides.y, sides.length_px))
    tolerance = np.full(len(x), WOBBLE_SHARE * spread)
    return Constraints(x, y, np.ones((*x.shape, 1)), UPRIGHT_STRENGTH * length_px, tolerance)


def _positions() -> Float64[np.ndarray, "S"]:
    """Return the positions of the points along a segment, from its middle, as shares of its length."""
    return np.linspace(TRIMMED - 0.5, 0.5 - TRIMMED, SAMPLES)


def _step(
    values: SmallPlane, points: Float64[np.ndarray, "N S 2"], across: Float64[np.ndarray, "N 1 2"]
) -> Float64[np.ndarray, "N"]:
    """Return how much nearer the second side of every segment is than the first, as the median along it."""
    first, second = (read_at(values, *np.moveaxis(points + sign * across, 2, 0)) for sign in (-1, 1))
    return np.asarray(np.median(second - first, axis=1), np.float64)
