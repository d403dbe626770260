"""Straight lines of a photo as constraints on its depth.

The inverse depth of a straight line in the world is a linear function of the position along its picture, and that of a
plane is linear in x and y. So long straight segments of the photo (LSD: Grompone von Gioi et al. 2012, "LSD: a line
segment detector") show where the depth of a surface wobbles, and by how much. An outline belongs to the nearer side; a
line inside a surface constrains both of its sides.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float64

from kbvr.depth.bilateral_grid import read_at
from kbvr.depth.constraints import Constraints
from kbvr.imaging.array_types import Picture, SmallPlane

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

Ends = Float64[np.ndarray, "N 2 2"]
"""(x, y) of both ends of segments, as indices of pixels."""


def straight_segments(rgb: Picture) -> Ends:
    """Return the longest straight segments of a picture."""
    found: np.ndarray | None = cv2.createLineSegmentDetector().detect(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))[0]
    if found is None:
        return np.zeros((0, 2, 2))
    ends = found.reshape(-1, 2, 2).astype(np.float64)
    length = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)
    longest = np.argsort(-length, kind="stable")[:MOST_SEGMENTS]
    return np.asarray(ends[longest[length[longest] >= MIN_LENGTH * max(rgb.shape)]])


def along_segments(ends: Ends, values: SmallPlane, spread: float) -> Constraints:
    """Return the constraints that the map is linear along every segment; `spread` is the range of the map."""
    height, width = values.shape
    start, end = ends[:, :1], ends[:, 1:]
    at = np.linspace(TRIMMED - 0.5, 0.5 - TRIMMED, SAMPLES)
    points = (start + end) / 2 + (end - start) * at[:, None]
    length = np.linalg.norm(end - start, axis=2)
    along = (end - start) / length[..., None]
    across = np.stack([-along[..., 1], along[..., 0]], axis=2)
    steps = [_step(values, points, across * distance) for distance in (SIDE_PX, BEHIND_PX)]
    step = np.where(np.abs(steps[0]) > np.abs(steps[1]), *steps)
    outline = np.abs(step) > STEP_SHARE * spread
    kept = [~outline | (step < 0), ~outline | (step > 0)]
    sides = [(points + sign * SIDE_PX * across)[keep] for sign, keep in zip((-1, 1), kept, strict=True)]
    x, y = np.moveaxis(np.concatenate(sides), 2, 0)
    basis = np.broadcast_to(np.stack([np.ones(SAMPLES), 2 * at], axis=1), (len(x), SAMPLES, 2))
    return Constraints(
        x=np.clip(x, 0, width - 1),
        y=np.clip(y, 0, height - 1),
        basis=basis,
        strength=np.concatenate([length[keep, 0] for keep in kept]),
        tolerance=WOBBLE_SHARE * spread,
    )


def _step(
    values: SmallPlane, points: Float64[np.ndarray, "N S 2"], across: Float64[np.ndarray, "N 1 2"]
) -> Float64[np.ndarray, "N"]:
    """Return how much nearer the second side of every segment is than the first, as the median along it."""
    first, second = (read_at(values, *np.moveaxis(points + sign * across, 2, 0)) for sign in (-1, 1))
    return np.asarray(np.median(second - first, axis=1), np.float64)
