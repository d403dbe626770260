"""Recognise RGB-D pictures: a photo and its depth side by side."""

from __future__ import annotations

import numpy as np
from jaxtyping import UInt8

from kbvr.photo.depth_kind import Half

MAX_GREY, MIN_COLOUR = 3.0, 10.0
"""Mean difference between the largest and the smallest channel: the most of a half of depth, the least of a photo's."""

SHAPES = (1.1, 4.5)
"""Width over height of RGB-D pictures, from upright to wide photos."""

STEP_PX = 8


def half_of_depth(rgb: UInt8[np.ndarray, "H W 3"]) -> Half | None:
    """Return the half of a picture that is probably the depth of the other one, None for ordinary photos.

    It is grey, and the other one is coloured.
    """
    height, width = rgb.shape[:2]
    if not SHAPES[0] <= width / height <= SHAPES[1]:
        return None
    few = rgb[::STEP_PX, ::STEP_PX]
    chroma = few.max(axis=2).astype(np.int16) - few.min(axis=2)
    middle = chroma.shape[1] // 2
    left, right = float(chroma[:, :middle].mean()), float(chroma[:, -middle:].mean())
    if min(left, right) > MAX_GREY or max(left, right) < MIN_COLOUR:
        return None
    return "left" if left < right else "right"
