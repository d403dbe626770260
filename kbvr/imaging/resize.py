"""Sizes of the same shape, and pictures and maps brought to them."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Shaped

SizePx = tuple[int, int]
"""(width, height)."""


def scaled_px(size_px: SizePx, scale: float, *, least_px: int = 1) -> SizePx:
    """Return a size times a factor, in whole pixels, and at least `least_px` along either side."""
    width, height = (max(least_px, round(side * scale)) for side in size_px)
    return width, height


def long_side_px(size_px: SizePx, side_px: int, *, least_px: int = 1) -> SizePx:
    """Return the size of the same shape with this long side."""
    return scaled_px(size_px, side_px / max(size_px), least_px=least_px)


def within_px(size_px: SizePx, most_px: int) -> SizePx:
    """Return the size of the same shape whose long side is at most so long."""
    return size_px if max(size_px) <= most_px else long_side_px(size_px, most_px)


def averaged(pixels: Shaped[np.ndarray, "H W *C"], size_px: SizePx) -> Shaped[np.ndarray, "h w *C"]:
    """Return a picture or map at a smaller size, each pixel the mean of those it covers; itself at its own size."""
    if pixels.shape[1::-1] == size_px:
        return pixels
    return np.asarray(cv2.resize(pixels, size_px, interpolation=cv2.INTER_AREA))


def shrunk(pixels: Shaped[np.ndarray, "H W *C"], most_px: int) -> Shaped[np.ndarray, "h w *C"]:
    """Return a picture or map whose long side is at most so long: itself, or smaller."""
    return averaged(pixels, within_px(pixels.shape[1::-1], most_px))


def resized(pixels: Shaped[np.ndarray, "H W *C"], size_px: SizePx) -> Shaped[np.ndarray, "h w *C"]:
    """Return a picture or map at a size: averaged if that is smaller, else interpolated (bilinear)."""
    if pixels.shape[0] * pixels.shape[1] >= size_px[0] * size_px[1]:
        return averaged(pixels, size_px)
    return np.asarray(cv2.resize(pixels, size_px, interpolation=cv2.INTER_LINEAR))
