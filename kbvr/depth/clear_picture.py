"""Make dark or noisy pictures easier for a network to read. Ordinary pictures stay as they are."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import UInt8

WHITE_PERCENTILE = 98
DARK_LEVEL, BRIGHT_LEVEL = 128, 200
"""A picture whose bright pixels (their largest channel at the percentile) are below the first level, of 255, is
multiplied so that they reach the second, at most by MAX_GAIN: more would burn out what little is bright."""

MAX_GAIN = 8.0

MIN_NOISY_PX = 128
"""Long side from which noise is looked for: in smaller pictures, detail looks like noise."""

NOISY_LEVELS = 5.0
"""Standard deviation of noise, of 255, above which a picture is smoothed. Ordinary photos at a network's size have 0.7
(median), 3 (99 of 100)."""

FILTER_PX, SIGMA_PX, SIGMA_DEVIATIONS = 7, 3.0, 4.5
"""Bilateral filter: its width, and its sigmas in pixels and in standard deviations of the noise."""

LAPLACIAN_DIFFERENCE = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
"""The difference of two Laplacians: 0 on planes and straight edges. On noise it has 6 times the noise's deviation."""


def clear_picture(rgb: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "H W 3"]:
    """Return a picture brightened if it is dark, then smoothed within its edges if it is noisy."""
    bright = brightened(rgb)
    deviation = noise_deviation(bright) if max(rgb.shape) >= MIN_NOISY_PX else 0
    if deviation < NOISY_LEVELS:
        return bright
    return np.asarray(cv2.bilateralFilter(bright, FILTER_PX, SIGMA_DEVIATIONS * deviation, SIGMA_PX), np.uint8)


def brightened(rgb: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "H W 3"]:
    """Return a dark picture multiplied to an ordinary brightness, any other as it is."""
    white = float(np.percentile(rgb.max(axis=2), WHITE_PERCENTILE))
    if not 0 < white < DARK_LEVEL:
        return rgb
    return np.asarray(cv2.convertScaleAbs(rgb, alpha=min(BRIGHT_LEVEL / white, MAX_GAIN)), np.uint8)


def noise_deviation(rgb: UInt8[np.ndarray, "H W 3"]) -> float:
    """Return the standard deviation of a picture's noise, in levels of 255.

    Immerkaer 1996, "Fast noise variance estimation", with the median in place of the mean: texture and corners, which
    are less than half of most pictures, do not count.
    """
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    response = cv2.filter2D(grey, -1, LAPLACIAN_DIFFERENCE)[1:-1, 1:-1]
    return float(np.median(np.abs(response))) / 0.6745 / 6 if response.size else 0.0
