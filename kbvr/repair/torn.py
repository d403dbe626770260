"""Tell corners that are torn off a print from a white sky or snow in the corner of a photo."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float32

from kbvr.imaging.array_types import Mask, Picture

LARGEST_SHARE, MIN_LIGHT, WHITE_SHARE, STEP_LEVELS = 0.28, 165, 0.93, 30
"""Largest torn corner, as a share of a side; its least lightness, in levels and as a share of white; and how many
levels lighter it is than what is beside it."""

EVEN_LEVELS = 14
"""Largest deviation of the lightness inside a torn corner: paper has no texture."""

MIN_PROBABILITY = 0.6
"""Least probability of damage of the likeliest pixel in a torn corner: 19 of 20 drawn ones have it, and 1 of 6 skies,
snows and other white things that are bounded like one."""

RIM_PX = 5
"""Side of the square by which torn corners are grown: their edges are pale, too."""


def torn_corners(rgb: Picture, probability: Float32[np.ndarray, "H W"]) -> Mask:
    """Return where corners are torn off: white, without texture, with a sharp edge, and probably damage."""
    height, width = rgb.shape[:2]
    lightest = rgb.min(axis=2)
    white = max(float(np.percentile(lightest, 99.5)), 1.0)
    pale = cv2.medianBlur(lightest, 3) > max(MIN_LIGHT, WHITE_SHARE * white)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(pale.astype(np.uint8), connectivity=4)
    slope = cv2.morphologyEx(lightest, cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8))
    torn = np.zeros((height, width), bool)
    for y, x in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
        number = labels[y, x]
        is_small = stats[number, cv2.CC_STAT_WIDTH] < LARGEST_SHARE * width and (
            stats[number, cv2.CC_STAT_HEIGHT] < LARGEST_SHARE * height
        )
        corner = labels == number
        grown = cv2.dilate(corner.astype(np.uint8), np.ones((RIM_PX, RIM_PX), np.uint8)) > 0
        if number == 0 or not is_small or probability[grown].max() < MIN_PROBABILITY:
            continue
        rim = (cv2.dilate(corner.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0) & ~corner
        inside = cv2.erode(corner.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        if np.median(slope[rim]) > STEP_LEVELS and (not inside.any() or np.std(lightest[inside]) < EVEN_LEVELS):
            torn |= grown
    return torn
