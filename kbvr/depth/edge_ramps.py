"""The steps of a small map: which of its ramps are blurred steps, and the values on either side of them.

Each cell of a ramp takes the value of the closer plateau (toggle mapping), so the ramp becomes a step at half height. A
small rise over the width of a ramp is a slope and stays.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from kbvr.imaging.array_types import SmallPlane

RAMP_SHARE = 1 / 64
"""Half the width of the widest ramp that counts as a step, as a share of the map's long side."""

SIDE_CELLS = 2
"""How far from a sharp step its two sides are searched for."""

STEP_SHARE = (0.05, 0.12)
"""Ramps that rise by less than the first share of the map's range stay; above the second they become steps."""

HIGH_STEP_SHARE = 0.3
"""Height of a high step, as a share of the map's range."""

ABRUPT = (1.25, 1.7)
"""Steepest part of a ramp over its mean slope: below the first number it is a slope, above the second a step."""

MIN_RADIUS = 3
"""In smaller windows steps and slopes look the same."""

PLATEAU_RISE = (0.04, 0.08)
"""Cells that rise to their neighbours by less than this share of a whole ramp are not part of the ramp."""

BETWEEN = (0.15, 0.25)
"""Plateaus closer than this share to the top or the bottom of a ramp are its ends."""

BETWEEN_SIDES = (0.25, 0.4)
"""The same in a map of steps, which has no ramps."""


@dataclass(frozen=True, eq=False)
class Steps:
    """The near and far values at every step of a small map, and the map without its ramps."""

    sharp: SmallPlane
    """The map with steps instead of ramps."""

    near: SmallPlane
    far: SmallPlane
    """The values on the near and the far side of the closest step."""

    share: SmallPlane
    """1 where there is a step, 0 where there is none."""

    flat: SmallPlane
    """The map where there is no step; next to a step, the map without the ends of its ramp."""

    high_step: float


def steps_of(small: SmallPlane) -> Steps:
    """Find the steps of a map; larger values are nearer."""
    whole_range = float(np.subtract(*np.percentile(small[::2, ::2], (98, 2)))) or float(np.ptp(small)) or 1.0
    radius = max(1, round(RAMP_SHARE * max(small.shape)))
    high, low, share = sides_of(small, radius, whole_range)
    share *= _is_abrupt(small, high, low, radius)
    sharp = toggled(small, high, low, share * _on_a_ramp(small, high, low))
    near, far, share = _sides_of_steps(sharp, whole_range)
    next_to_step = cv2.GaussianBlur(cv2.dilate(share, _disc(SIDE_CELLS)), (0, 0), 1.0)
    flat = small + (sharp - small) * next_to_step
    return Steps(sharp, near, far, share, flat, HIGH_STEP_SHARE * whole_range)


def _sides_of_steps(sharp: SmallPlane, whole_range: float) -> tuple[SmallPlane, SmallPlane, SmallPlane]:
    """Return the near and far values at every step of a map of steps, and 1 where there is a step.

    Of several steps nearby, the closest counts. Values that are still in between are a slope, or something thinner than
    a cell. On its side of the step every cell keeps its value.
    """
    near, far, share = sides_of(sharp, SIDE_CELLS, whole_range)
    for radius in range(SIDE_CELLS - 1, 0, -1):
        nearer, farther, closer = sides_of(sharp, radius, whole_range)
        near += (nearer - near) * closer
        far += (farther - far) * closer
    share *= 1 - _between(sharp, near, far, BETWEEN_SIDES)
    is_near = sharp - far > near - sharp
    return np.where(is_near, sharp, near), np.where(is_near, far, sharp), share


def _is_abrupt(values: SmallPlane, high: SmallPlane, low: SmallPlane, radius: int) -> SmallPlane:
    """Return 1 where the map rises abruptly, 0 where it rises evenly, as the ground does."""
    if radius < MIN_RADIUS:
        return np.ones_like(values)
    window = _disc(1)
    steepest = cv2.dilate(cv2.dilate(values, window) - cv2.erode(values, window), _disc(radius))
    relative_slope = steepest * np.float32(radius) / np.maximum(high - low, np.float32(1e-30))
    start, end = ABRUPT
    return np.clip((relative_slope - start) / (end - start), 0, 1).astype(np.float32)


def _on_a_ramp(values: SmallPlane, high: SmallPlane, low: SmallPlane) -> SmallPlane:
    """Return 0 on a plateau between a nearer and a farther surface, which is at half height but flat; otherwise 1."""
    window = _disc(1)
    rise = np.maximum(high - low, np.float32(1e-30))
    steepness = (cv2.dilate(values, window) - cv2.erode(values, window)) / rise
    flat = np.clip((PLATEAU_RISE[1] - steepness) / (PLATEAU_RISE[1] - PLATEAU_RISE[0]), 0, 1)
    return (1 - flat * _between(values, high, low, BETWEEN)).astype(np.float32)


def _between(values: SmallPlane, high: SmallPlane, low: SmallPlane, share: tuple[float, float]) -> SmallPlane:
    """Return 1 for values far from both high and low, 0 for values close to either."""
    distance = np.minimum(high - values, values - low) / np.maximum(high - low, np.float32(1e-30))
    return np.clip((distance - share[0]) / (share[1] - share[0]), 0, 1).astype(np.float32)


def sides_of(values: SmallPlane, radius: int, whole_range: float) -> tuple[SmallPlane, SmallPlane, SmallPlane]:
    """Return the largest and the smallest value within a radius, and whether their difference is a step, 0 to 1."""
    window = _disc(radius)
    near, far = cv2.dilate(values, window), cv2.erode(values, window)
    start, end = STEP_SHARE
    share = np.clip(((near - far) / np.float32(whole_range) - start) / (end - start), 0, 1)
    return near, far, share.astype(np.float32)


def toggled(values: SmallPlane, high: SmallPlane, low: SmallPlane, share: SmallPlane) -> SmallPlane:
    """Return a map in which every cell moves, by its share, to the closer of the two values high and low."""
    return values + (np.where(values - low > high - values, high, low) - values) * share


def _disc(radius: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
