"""Analytic scenes: photos with exact depth, whose every view is known."""

from __future__ import annotations

import cv2
import numpy as np

from kbvr.depth.depth_map import DepthMap
from kbvr.photo.photo import Photo, photo_from_array

F_PX = 100.0
LANDSCAPE_SKY_ROWS = 60
RED, BLUE = (200, 20, 20), (20, 40, 180)


def photo_of(rgb: np.ndarray) -> Photo:
    return photo_from_array(rgb, f_px=F_PX)


def depth_of(inverse_depth: np.ndarray) -> DepthMap:
    return DepthMap(inverse_depth.astype(np.float32), F_PX)


def checkerboard(width: int, height: int, cell: int = 8, low: int = 60, high: int = 200) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    grey = np.where((x // cell + y // cell) % 2, high, low).astype(np.uint8)
    return np.dstack([grey, np.roll(grey, 3, axis=1), np.roll(grey, 5, axis=0)])


def smooth_pattern(width: int, height: int) -> np.ndarray:
    """A picture without edges, so that sampling it costs next to nothing."""
    y, x = np.mgrid[:height, :width].astype(np.float64)
    waves = [np.sin(x / 7 + k) * np.cos(y / 9 - k) for k in range(3)]
    return np.dstack([(120 + 80 * wave).astype(np.uint8) for wave in waves])


CARD = (slice(30, 70), slice(40, 80))


def card_before_wall(
    width: int = 120, height: int = 100, near: float = 1.0, far: float = 0.25
) -> tuple[Photo, DepthMap]:
    """A red card at 1/near metres before a blue wall at 1/far metres."""
    rgb = np.empty((height, width, 3), np.uint8)
    rgb[:] = BLUE
    rgb[CARD] = RED
    inverse_depth = np.full((height, width), far)
    inverse_depth[CARD] = near
    return photo_of(rgb), depth_of(inverse_depth)


def landscape(width: int = 640, height: int = 480) -> np.ndarray:
    """Return a picture of patches, and of blue sky above."""
    rng = np.random.default_rng(4)
    rgb = cv2.resize(rng.integers(0, 256, (9, 12, 3), np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)
    rgb[..., 2] //= 2
    rgb[: LANDSCAPE_SKY_ROWS * height // 480] = (60, 120, 255)
    return rgb
