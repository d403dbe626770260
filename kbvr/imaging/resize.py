"""Scale sizes, pictures and maps."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Shaped

SizePx = tuple[int, int]
"""(width, height)."""


def scaled_px(size_px: SizePx, scale: float, *, min_px: int = 1) -> SizePx:
    """Return a size times a factor, rounded to whole pixels; each side is at least `min_px`."""
    width, height = (max(min_px, round(side * scale)) for side in size_px)
    return width, height


def long_side_px(size_px: SizePx, side_px: int, *, min_px: int = 1) -> SizePx:
    """Return the size with the same aspect ratio whose long side is `side_px`."""
    return scaled_px(size_px, side_px / max(size_px), min_px=min_px)


def within_px(size_px: SizePx, max_px: int) -> SizePx:
    """Return a size, scaled down if its long side exceeds `max_px`."""
    return size_px if max(size_px) <= max_px else long_side_px(size_px, max_px)


def averaged(pixels: Shaped[np.ndarray, "H W *C"], size_px: SizePx) -> Shaped[np.ndarray, "h w *C"]:
    """Return a picture or map at a smaller size, each pixel the mean of those it covers."""
    if pixels.shape[1::-1] == size_px:
        return pixels
    return np.asarray(cv2.resize(pixels, size_px, interpolation=cv2.INTER_AREA))


def shrunk(pixels: Shaped[np.ndarray, "H W *C"], max_px: int) -> Shaped[np.ndarray, "h w *C"]:
    """Return a picture or map, scaled down if its long side exceeds `max_px`."""
    return averaged(pixels, within_px(pixels.shape[1::-1], max_px))


def resized(pixels: Shaped[np.ndarray, "H W *C"], size_px: SizePx) -> Shaped[np.ndarray, "h w *C"]:
    """Return a picture or map at another size: averaged if that is smaller, otherwise interpolated (bilinear)."""
    if pixels.shape[0] * pixels.shape[1] >= size_px[0] * size_px[1]:
        return averaged(pixels, size_px)
    return np.asarray(cv2.resize(pixels, size_px, interpolation=cv2.INTER_LINEAR))
