"""Slivers: what is a pixel wide and stands out in depth, but has the colour of the surface beside it.

A wire or a hair has a colour of its own; a sliver is an error of estimation, and in a move it would float beside its
surface.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Int

from kbvr.imaging.array_types import Picture, Plane

SHARED_LEVELS = 10.0
"""Maximum distance of two colours that are the same, in 8-bit levels."""

SEARCH_PX = 2
"""Distance from a thin thing's pixel within which the surface beside it is searched for."""


def without_slivers(parallax_px: Plane, rgb: Picture, at: Int[np.ndarray, "N"], *, jump_px: float) -> Plane:
    """Return the parallax with every sliver moved to the surface beside it.

    `at` are the flat indices of the pixels at jumps, higher than `jump_px`.
    """
    framed = cv2.copyMakeBorder(parallax_px, SEARCH_PX, SEARCH_PX, SEARCH_PX, SEARCH_PX, cv2.BORDER_REPLICATE)
    columns = framed.shape[1]
    y, x = np.divmod(at, parallax_px.shape[1])
    thin = _thin(framed.ravel(), (y + SEARCH_PX) * columns + x + SEARCH_PX, columns, jump_px)
    at, y, x = at[thin], y[thin], x[thin]
    colours, own, best = rgb.reshape(-1, 3), rgb.reshape(-1, 3)[at].astype(np.int32), np.full(at.size, np.inf)
    joined, values = parallax_px.ravel()[at], parallax_px.ravel()
    is_thin = np.zeros(parallax_px.size, bool)
    is_thin[at] = True
    for step in _ring(SEARCH_PX):
        beside = np.clip(y + step[0], 0, parallax_px.shape[0] - 1) * parallax_px.shape[1]
        beside += np.clip(x + step[1], 0, parallax_px.shape[1] - 1)
        distance = ((colours[beside].astype(np.int32) - own) ** 2).sum(axis=1)
        closer = (distance < best) & (distance <= SHARED_LEVELS**2) & ~is_thin[beside]
        best[closer], joined[closer] = distance[closer], values[beside[closer]]
    result = parallax_px.copy()
    result.ravel()[at] = joined
    return result


def _thin(values: Float32[np.ndarray, "P"], at: np.ndarray, columns: int, jump_px: float) -> Bool[np.ndarray, "N"]:
    """Return whether each pixel is on something that no 2x2 square fits into: an opening or a closing removes it."""
    around = {(dy, dx): values[at + dy * columns + dx] for dy in (-1, 0, 1) for dx in (-1, 0, 1)}
    squares = [
        [around[dy + down, dx + right] for down in (0, 1) for right in (0, 1)] for dy in (-1, 0) for dx in (-1, 0)
    ]
    opened = np.max([np.min(square, axis=0) for square in squares], axis=0)
    closed = np.min([np.max(square, axis=0) for square in squares], axis=0)
    return np.asarray((values[at] - opened > jump_px) | (closed - values[at] > jump_px))


def _ring(radius: int) -> list[tuple[int, int]]:
    """Return the steps (down, right) to the pixels around one, the nearest first."""
    steps = [(dy, dx) for dy in range(-radius, radius + 1) for dx in range(-radius, radius + 1) if dy or dx]
    return sorted(steps, key=lambda step: step[0] ** 2 + step[1] ** 2)
