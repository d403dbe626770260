"""Smooth a piece of depth, or make its steps sharp, following the photo."""

from __future__ import annotations

import cv2
import numpy as np

from kbvr.imaging.array_types import Mask, Plane
from kbvr.imaging.nearest_seed import nearest_value

MAX_WINDOW_CELLS = 8
"""Windows are at most so many cells wide to either side: larger ones are computed in larger cells (He and Sun 2015)."""

SMOOTH_CONTRAST = 0.04
"""Differences of tone that stop smoothing."""

STEP_CONTRAST = 0.02
"""Differences of tone that a step of depth moves to."""

STEP_SHARE = (0.05, 0.12)
"""Steps lower than the first number are slopes and relief, steps from the second on are edges; shares of the range."""

PURE_SHARE = 0.12
"""Pixels within this share of a step's height from one of its ends belong to that end."""


def guided_by(values: Plane, tone: Plane, *, radius_px: int, contrast: float) -> Plane:
    """Return values that are smooth where the photo is: the guided filter of He, Sun and Tang (2010)."""
    cell_px = max(1, round(radius_px / MAX_WINDOW_CELLS))
    height, width = values.shape
    cells = (max(1, width // cell_px), max(1, height // cell_px))
    window = (2 * max(1, radius_px // cell_px) + 1,) * 2
    small, guide = (cv2.resize(plane, cells, interpolation=cv2.INTER_AREA) for plane in (values, tone))
    mean, mean_guide = cv2.blur(small, window), cv2.blur(guide, window)
    covariance = cv2.blur(small * guide, window) - mean * mean_guide
    variance = cv2.blur(guide * guide, window) - mean_guide * mean_guide
    slope = covariance / (variance + np.float32(contrast**2))
    offset = mean - slope * mean_guide
    slopes, offsets = (cv2.resize(cv2.blur(plane, window), (width, height)) for plane in (slope, offset))
    return np.asarray(slopes * tone + offsets, np.float32)


def smoothed(inverse_depth: Plane, tone: Plane, *, radius_px: int) -> Plane:
    """Return a piece of depth without bumps; edges of the photo stay edges."""
    smooth = guided_by(inverse_depth, tone, radius_px=radius_px, contrast=SMOOTH_CONTRAST)
    return np.maximum(smooth, 0, out=smooth)


def sharpened(inverse_depth: Plane, tone: Plane, *, reach_px: int, spread: float) -> Plane:
    """Return a piece of depth whose steps are one pixel wide and lie on the photo's edges.

    `reach_px` is how far a step may move, `spread` the range of the whole map.
    """
    window = np.ones((2 * reach_px + 1,) * 2, np.uint8)
    low, high = cv2.erode(inverse_depth, window), cv2.dilate(inverse_depth, window)
    height = high - low
    is_step = height > np.float32(STEP_SHARE[0] * spread)
    if not is_step.any():
        return inverse_depth
    share = (inverse_depth - low) / np.maximum(height, np.float32(1e-12))
    near, far = is_step & (share > 1 - PURE_SHARE), is_step & (share < PURE_SHARE)
    if not (near.any() and far.any()):
        return inverse_depth
    leaning = guided_by(share, tone, radius_px=reach_px, contrast=STEP_CONTRAST)
    ends = np.where(leaning > 0.5, _continued(near, inverse_depth), _continued(far, inverse_depth))
    weight = np.clip((height / np.float32(spread) - STEP_SHARE[0]) / (STEP_SHARE[1] - STEP_SHARE[0]), 0, 1)
    return np.asarray(inverse_depth + weight * (ends - inverse_depth), np.float32)


def _continued(seeds: Mask, values: Plane) -> Plane:
    return nearest_value(seeds, values)[1]
