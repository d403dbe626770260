"""Turn a depth map whose numbers are spread over the channels of a colour picture back into numbers.

Programs that have only 8 bits per channel put the high bits into one channel and the low ones into the next. With the
right order, neighbouring numbers are close; with a wrong one, they jump as the low bits do. Colours of a photo change
alike in all channels, so that no order is much better than its reverse.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8
from numpy.typing import NDArray

CARLA_FAR_M = 1000.0
"""Metres of the largest number in CARLA's pictures (carla.readthedocs.io, Sensors reference, Depth camera)."""

MAX_STEP, MIN_NOISE, MIN_RATIO = 0.02, 0.01, 8.0
"""Mean steps between neighbours, as shares of the range: the most in the right order, the least in the reverse one, and
the least ratio of both."""


class Unpacked(NamedTuple):
    """The numbers of a packed map."""

    values: NDArray[np.generic]
    """(h, w): whole numbers, or metres as float64."""

    form: str
    """How they were packed, in words."""


def unpacked(rgb: UInt8[np.ndarray, "h w 3"]) -> Unpacked | None:
    """Return the numbers of a losslessly stored picture of packed numbers, None for other pictures.

    Known are 24 bits with the high ones in red, 24 bits with the high ones in blue (CARLA: 0 to 1000 m), and 16 bits in
    red and green, in either order, if blue is the same everywhere.
    """
    red, green, blue = (rgb[..., channel].astype(np.int32) for channel in range(3))
    if blue.min() == blue.max():
        high_red, high_green = red << 8 | green, green << 8 | red
        if _is_better(high_red, high_green, 2**16):
            return Unpacked(high_red, "16 bits in red and green")
        if _is_better(high_green, high_red, 2**16):
            return Unpacked(high_green, "16 bits in green and red")
        return None
    high_red, high_blue = red << 16 | green << 8 | blue, blue << 16 | green << 8 | red
    if _is_better(high_red, high_blue, 2**24):
        return Unpacked(high_red, "24 bits in red, green and blue")
    if _is_better(high_blue, high_red, 2**24):
        metres = high_blue * (CARLA_FAR_M / (2**24 - 1))
        return Unpacked(metres, "24 bits in blue, green and red, as CARLA writes them (up to 1000 m)")
    return None


def _is_better(values: NDArray[np.int32], reverse: NDArray[np.int32], limit: int) -> bool:
    step, noise = (_mean_step(numbers) / limit for numbers in (values, reverse))
    return step <= MAX_STEP and noise >= max(MIN_NOISE, MIN_RATIO * step)


def _mean_step(values: NDArray[np.int32]) -> float:
    """Return the mean difference between neighbours across and down."""
    steps = [np.abs(np.diff(values, axis=axis)).mean() for axis in (0, 1) if values.shape[axis] > 1]
    return float(np.mean(steps)) if steps else 0.0
