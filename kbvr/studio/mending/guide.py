"""A photo as brushes and selections see it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from kbvr.imaging.array_types import Mask, Picture, Plane, SmallPlane

MEDIAN_PX = 5
"""Window that takes noise and fine texture out of the colours."""

LIGHTNESS_WEIGHT = 0.55
"""Weight of a difference in lightness relative to one in hue: shadows fall on things of one colour."""

SAME, OTHER = 16.0, 44.0
"""Differences of colour up to the first number are the same surface, from the second on another one."""

MAX_SPREAD = 26.0
"""How much of a surface's own variation is tolerated on top, at most."""


@dataclass(frozen=True, eq=False)
class Guide:
    """A photo prepared once for many strokes."""

    rgb: Picture

    @cached_property
    def colours(self) -> UInt8[np.ndarray, "H W 3"]:
        """Smoothed L*a*b*, with lightness reduced."""
        lab = cv2.cvtColor(cv2.medianBlur(self.rgb, MEDIAN_PX), cv2.COLOR_RGB2LAB)
        lab[..., 0] = np.rint(lab[..., 0] * np.float32(LIGHTNESS_WEIGHT)).astype(np.uint8)
        return np.asarray(lab)


def main_tone(colours: UInt8[np.ndarray, "h w 3"]) -> SmallPlane:
    """Return the one number by which the colours of a piece differ most, where 1 is from black to white."""
    flat = colours.reshape(-1, 3).astype(np.float32)
    some = flat[:: max(1, len(flat) // 20_000)]
    _, axes = np.linalg.eigh(np.cov(some.T))
    return (flat @ axes[:, 2].astype(np.float32) / np.float32(255)).reshape(colours.shape[:2])


def connected_likeness(colours: UInt8[np.ndarray, "h w 3"], seed: tuple[int, int], reach: Mask) -> Plane:
    """Return how much each pixel belongs to the surface at a seed (x, y): 1 certainly, 0 not.

    Only pixels within `reach` that are connected to the seed through such pixels count.
    """
    x, y = seed
    seed_colour: Any = (*map(float, colours[y, x]), 0.0)  # a scalar, which OpenCV's types do not know
    difference = cv2.absdiff(colours, seed_colour)
    distance = cv2.transform(difference, np.array([[1.0, 1.3, 1.3]], np.float32))
    same = _connected(cv2.LUT(distance, _table(SAME)) * reach, seed)
    spread = float(cv2.mean(distance, same)[0])
    likeness = cv2.LUT(distance, _falloff(min(1.5 * spread, MAX_SPREAD)))
    inside = _connected(np.where(reach, likeness > 0, False).astype(np.uint8), seed)
    return np.asarray(likeness * inside, np.float32)


def _table(limit: float) -> UInt8[np.ndarray, "256"]:
    return (np.arange(256) <= limit).astype(np.uint8)


def _falloff(tolerance: float) -> Float32[np.ndarray, "256"]:
    share = np.clip((OTHER + tolerance - np.arange(256)) / (OTHER - SAME), 0, 1)
    return (share * share * (3 - 2 * share)).astype(np.float32)


def _connected(mask: UInt8[np.ndarray, "h w"], seed: tuple[int, int]) -> UInt8[np.ndarray, "h w"]:
    """Return the pixels of a mask (0 or 1) that are connected to its seed, which belongs to it."""
    filled = np.zeros((mask.shape[0] + 2, mask.shape[1] + 2), np.uint8)
    mask[seed[1], seed[0]] = 1
    cv2.floodFill(mask, filled, seed, 1, flags=4 | cv2.FLOODFILL_MASK_ONLY | (1 << 8))
    return filled[1:-1, 1:-1]
