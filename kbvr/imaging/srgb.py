"""Conversion between sRGB (IEC 61966-2-1) and linear light."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

CODES = 4096
"""Levels of linear light in the conversion to sRGB; even the darkest step of 8-bit sRGB spans more than one."""


def to_linear(rgb: UInt8[np.ndarray, "H W 3"]) -> Float32[np.ndarray, "H W 3"]:
    """Return linear light, 0 to 1."""
    return np.asarray(cv2.LUT(rgb, _linear_of_code()))


def to_srgb(linear: Float32[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "H W 3"]:
    """Return sRGB; light outside 0 to 1 is clipped."""
    codes = (np.clip(linear, 0, 1) * (CODES - 1) + 0.5).astype(np.uint16)
    return _code_of_linear()[codes]


@lru_cache(maxsize=1)
def _linear_of_code() -> Float32[np.ndarray, "256"]:
    code = np.arange(256) / 255
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4).astype(np.float32)


@lru_cache(maxsize=1)
def _code_of_linear() -> UInt8[np.ndarray, "N"]:
    linear = np.arange(CODES) / (CODES - 1)
    code = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(code * 255).astype(np.uint8)
