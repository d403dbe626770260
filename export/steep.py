"""Turn the ramps of a teacher's map into steps where no picture is at hand to tell where they belong."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float32

STEP_SHARE = (0.05, 0.12)
"""Ramps that rise by less than the first share of the map's range stay; by more than the second become steps."""


def steepened(values: Float32[np.ndarray, "H W"], *, radius_px: int) -> Float32[np.ndarray, "H W"]:
    """Turn ramps of up to twice the radius into steps; leave slopes and flat regions alone.

    Each pixel of a ramp takes the value of the plateau that it is nearer to (toggle mapping).
    """
    window = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius_px + 1, 2 * radius_px + 1))
    whole_range = float(np.subtract(*np.percentile(values[::2, ::2], (98, 2)))) or 1.0
    start, end = STEP_SHARE
    high, low = cv2.dilate(values, window), cv2.erode(values, window)
    share = np.clip(((high - low) / np.float32(whole_range) - start) / (end - start), 0, 1)
    plateau = np.where(values - low > high - values, high, low)
    return (values + (plateau - values) * share).astype(np.float32)
