"""Training pictures that are harder than those that the teacher labelled.

Strong changes of colour, blur and cut-outs are what makes a network learn from its own labels: Yang et al. 2024, "Depth
Anything: Unleashing the Power of Large-Scale Unlabeled Data".
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import cv2
import numpy as np

CHANGES = 2
"""Maximum number of changes to one picture."""

HOLE_SHARE = (0.15, 0.5)
"""Minimum and maximum side of a cut-out, as a share of the picture's."""


def disturbed(
    rgb: np.ndarray, depth: np.ndarray, other: np.ndarray, rng: random.Random
) -> tuple[np.ndarray, np.ndarray]:
    """Return a picture (float32 in 0-1) and its depth after one or two changes.

    Depth is NaN where a piece of the other picture (uint8) covers it.
    """
    picture = np.ascontiguousarray(rgb, np.float32)
    for change in rng.sample(ALL_CHANGES, rng.randrange(1, CHANGES + 1)):
        picture = np.clip(change(picture, rng), 0, 1)
    if rng.random() < 0.3:
        return _covered(picture, depth, other, rng)
    return picture, depth


def _tinted(picture: np.ndarray, rng: random.Random) -> np.ndarray:
    """Rotate the hue, and weaken or strengthen the colours."""
    hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0] + rng.uniform(-40, 40)) % 360
    hsv[..., 1] = np.clip(hsv[..., 1] * rng.uniform(0.3, 1.7), 0, 1)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)


def _dark(picture: np.ndarray, rng: random.Random) -> np.ndarray:
    """Underexpose, with the noise that this causes."""
    noise = np.random.default_rng(rng.randrange(2**32)).standard_normal(picture.shape, np.float32)
    return picture * np.float32(rng.uniform(0.1, 0.5)) + noise * np.float32(rng.uniform(0, 0.03))


def _noisy(picture: np.ndarray, rng: random.Random) -> np.ndarray:
    noise = np.random.default_rng(rng.randrange(2**32)).standard_normal(picture.shape, np.float32)
    return picture + noise * np.float32(rng.uniform(0.03, 0.1))


def _grey(picture: np.ndarray, rng: random.Random) -> np.ndarray:
    """Remove the colours, or tone the picture brown."""
    tint = np.array([1.0, 0.9, 0.72] if rng.random() < 0.5 else [1.0, 1.0, 1.0], np.float32)
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None] * tint


def _blurred(picture: np.ndarray, rng: random.Random) -> np.ndarray:
    return cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.8, 2.5))


def _small(picture: np.ndarray, rng: random.Random) -> np.ndarray:
    """Keep only the detail of a very small picture."""
    height, width = picture.shape[:2]
    scale = rng.uniform(0.25, 0.6)
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=rng.choice((cv2.INTER_LINEAR, cv2.INTER_CUBIC)))


def _compressed(picture: np.ndarray, rng: random.Random) -> np.ndarray:
    """Apply low-quality JPEG compression."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, rng.randrange(8, 50)]
    _, file = cv2.imencode(".jpg", np.round(picture * 255).astype(np.uint8), quality)
    worse = cv2.imdecode(file, cv2.IMREAD_COLOR)
    assert worse is not None
    return worse.astype(np.float32) / 255


def _contrast(picture: np.ndarray, rng: random.Random) -> np.ndarray:
    """Raise the contrast until parts burn out, or lower it like a veil."""
    middle = np.float32(picture.mean())
    return (picture - middle) * np.float32(math.exp(rng.uniform(-1.2, 0.8))) + middle


ALL_CHANGES: tuple[Callable[[np.ndarray, random.Random], np.ndarray], ...] = (
    _tinted,
    _dark,
    _noisy,
    _grey,
    _blurred,
    _small,
    _compressed,
    _contrast,
)


def _covered(
    picture: np.ndarray, depth: np.ndarray, other: np.ndarray, rng: random.Random
) -> tuple[np.ndarray, np.ndarray]:
    """Cover a rectangle with a piece of another picture; its depth is unknown."""
    height, width = depth.shape
    h, w = (round(side * rng.uniform(*HOLE_SHARE)) for side in (height, width))
    y, x = rng.randrange(height - h + 1), rng.randrange(width - w + 1)
    covered, unknown = picture.copy(), np.array(depth, np.float32)
    covered[y : y + h, x : x + w] = cv2.resize(other, (w, h), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    unknown[y : y + h, x : x + w] = np.nan
    return covered, unknown
