"""Conversion between sRGB (IEC 61966-2-1) and linear light."""

from __future__ import annotations

from functools import cache

import numpy as np
from jaxtyping import Float32, UInt8
from numpy.typing import NDArray

CODES = 4096
"""Levels of linear light in the conversion to sRGB; even the darkest step of 8-bit sRGB spans more than one."""


def linear_of_code(code: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return linear light for sRGB codes of 0 to 1; negative codes continue the straight part of the curve."""
    return np.where(code <= 0.04045, code / 12.92, ((np.maximum(code, 0.04045) + 0.055) / 1.055) ** 2.4)


def code_of_linear(linear: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return sRGB codes, 0 to 1, for linear light of 0 to 1."""
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def to_linear(rgb: UInt8[np.ndarray, "H W 3"]) -> Float32[np.ndarray, "H W 3"]:
    """Return linear light, 0 to 1."""
    import cv2

    return np.asarray(cv2.LUT(rgb, _decoding_table()))


def to_srgb(linear: Float32[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "H W 3"]:
    """Return sRGB; light outside 0 to 1 is clipped."""
    codes = (np.clip(linear, 0, 1) * (CODES - 1) + 0.5).astype(np.uint16)
    return _encoding_table()[codes]


@cache
def _decoding_table() -> Float32[np.ndarray, "256"]:
    return linear_of_code(np.arange(256) / 255).astype(np.float32)


@cache
def _encoding_table() -> UInt8[np.ndarray, "N"]:
    return np.rint(code_of_linear(np.arange(CODES) / (CODES - 1)) * 255).astype(np.uint8)
