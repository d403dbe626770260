"""The steps of a small map: which of its ramps are steps drawn softly, and what lies on either side of them.

A soft step bends: it is hollow at its foot and arched at its head, and steepest in between. A slope does not bend. So
a shock filter (Kramer and Bruckner 1975, Osher and Rudin 1990) lets head and foot grow towards each other wherever the
map bends enough for its slope; they meet where the ramp is steepest, and slopes stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32

RAMP_SHARE = 1 / 64
"""Half the width of the widest ramps that are steps, as a share of the map's long side."""

LEAST_BEND = 0.15
"""A ramp bends by so much of its slope, per cell; a slope by less."""

SIDE_CELLS = 3
"""So far from a step its two sides are looked for, once it is sharp."""

STEEP_CELLS = 2
STEEP_SHARE = (0.5, 0.7)
"""A step rises by most of its height within so many cells on either side; what rises evenly is a slope, if a steep one.
By less than the first share it stays, by more than the second it becomes a step."""

STEP_SHARE = (0.05, 0.12)
"""Ramps that rise by less than the first share of the map's range stay; by more than the second become steps."""


@dataclass(frozen=True, eq=False)
class Steps:
    """A small map taken apart: what is near and what is far at every step, and the map without its ramps."""

    smooth: Float32[np.ndarray, "h w"]
    """The map as it came."""

    sharp: Float32[np.ndarray, "h w"]
    """The map with steps instead of ramps, to the cell."""

    near: Float32[np.ndarray, "h w"]
    """What is at the head of the step that is near by."""

    far: Float32[np.ndarray, "h w"]
    """What is at its foot."""

    share: Float32[np.ndarray, "h w"]
    """1 where there is a step, 0 where there is none."""

    flat: Float32[np.ndarray, "h w"]
    """The map where there is no step; beside one, the map without the ends of its ramp."""


def steps_of(small: Float32[np.ndarray, "h w"]) -> Steps:
    """Find the steps of a map; larger values are nearer."""
    rounds = max(1, round(RAMP_SHARE * max(small.shape)))
    sharp = cv2.medianBlur(_sharpened(small, rounds), 3)
    reach = _disc(rounds)  # what was carried on beyond the border of the map must not come back from there
    np.clip(sharp, cv2.erode(small, reach), cv2.dilate(small, reach), out=sharp)
    side = _disc(SIDE_CELLS)
    whole_range = float(np.subtract(*np.percentile(small[::2, ::2], (98, 2)))) or float(np.ptp(small)) or 1.0
    start, end = STEP_SHARE
    near, far = cv2.dilate(sharp, side), cv2.erode(sharp, side)
    nearer_side = np.where(sharp - far < near - sharp, far, near)  # what is left between two sides is of one of them
    sharp = np.where(near - far > end * whole_range, nearer_side, sharp)
    near, far = cv2.dilate(sharp, side), cv2.erode(sharp, side)
    share = np.clip(((near - far) / np.float32(whole_range) - start) / (end - start), 0, 1).astype(np.float32)
    inner = _disc(STEEP_CELLS)
    rise = (cv2.dilate(small, inner) - cv2.erode(small, inner)) / np.maximum(near - far, np.float32(1e-6 * whole_range))
    rise = cv2.dilate(rise, side)  # the whole ramp is a step if it is steep in its middle
    share *= np.clip((rise - STEEP_SHARE[0]) / (STEEP_SHARE[1] - STEEP_SHARE[0]), 0, 1).astype(np.float32)
    beside = cv2.GaussianBlur(cv2.dilate(share, side), (0, 0), 1.0)
    return Steps(small, sharp, near, far, share, small + (sharp - small) * beside)


def _sharpened(values: Float32[np.ndarray, "h w"], rounds: int) -> Float32[np.ndarray, "h w"]:
    """Let the heads and feet of ramps grow by a cell a round."""
    border = min(rounds + 3, min(values.shape) - 1)
    result = np.pad(values, border, mode="reflect", reflect_type="odd") if border else values  # slopes go on
    for index in range(rounds):
        soft = cv2.GaussianBlur(result, (0, 0), 1.0)
        bend = cv2.Laplacian(soft, cv2.CV_32F, ksize=1)
        slope = [cv2.Sobel(soft, cv2.CV_32F, *order, ksize=3, scale=1 / 8) for order in ((1, 0), (0, 1))]
        least = np.float32(LEAST_BEND) * np.hypot(*slope)
        shape = cv2.MORPH_CROSS if index % 2 else cv2.MORPH_RECT  # in turn they grow into an octagon
        window = cv2.getStructuringElement(shape, (3, 3))
        head, foot = cv2.dilate(result, window), cv2.erode(result, window)
        result = np.where(bend < -least, head, np.where(bend > least, foot, result))
    inside = np.s_[border : border + values.shape[0], border : border + values.shape[1]]
    return np.ascontiguousarray(result[inside])


def _disc(radius: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
