"""Find straight things that lie side by side, as the bars of fences and windows do and scratches seldom do."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float64, Int32

Labels = Int32[np.ndarray, "H W"]

MIN_LENGTH_PX, MAX_WIDTH_PX = 14.0, 7.0
"""A straight piece is at least so long, and at most so wide."""

ANGLE_DEG = 4.0
BESIDE_PX = (8.0, 120.0)
"""Distance of the lines of neighbours."""

ALONG_PX = 60.0
NEIGHBOURS = 2
"""A bar has at least so many, at different distances."""


def are_bars(labels: Labels, asked: Bool[np.ndarray, "N"]) -> Bool[np.ndarray, "N"]:
    """Return which of the asked pieces, whose labels are numbers from 1, are straight and have parallel neighbours."""
    middle, angle, is_straight = _lines(labels, len(asked))
    bars = np.zeros(len(asked), bool)
    lines = np.flatnonzero(asked & is_straight)
    for piece in lines:
        turn = (angle[lines] - angle[piece] + np.pi / 2) % np.pi - np.pi / 2
        away = middle[lines] - middle[piece]
        along = away @ (np.cos(angle[piece]), np.sin(angle[piece]))
        beside = away @ (-np.sin(angle[piece]), np.cos(angle[piece]))
        near = (np.abs(turn) < np.radians(ANGLE_DEG)) & (np.abs(along) < ALONG_PX)
        near &= (np.abs(beside) > BESIDE_PX[0]) & (np.abs(beside) < BESIDE_PX[1])
        bars[piece] = len(np.unique(np.round(beside[near] / BESIDE_PX[0]))) >= NEIGHBOURS
    return bars


def _lines(
    labels: Labels, count: int
) -> tuple[Float64[np.ndarray, "N 2"], Float64[np.ndarray, "N"], Bool[np.ndarray, "N"]]:
    """Return the middle, the angle and the straightness of each piece, from its second moments."""
    y, x = np.nonzero(labels)
    number = labels[y, x]
    area = np.maximum(np.bincount(number, minlength=count + 1)[1:], 1)

    def mean(values: np.ndarray) -> np.ndarray:
        return np.bincount(number, values, minlength=count + 1)[1:] / area

    middle = np.stack([mean(x), mean(y)], axis=1)
    xx, yy = mean(x * x) - middle[:, 0] ** 2, mean(y * y) - middle[:, 1] ** 2
    xy = mean(x * y) - middle[:, 0] * middle[:, 1]
    half, spread = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    # a line of length l has a variance of l^2 / 12
    length, width = (np.sqrt(12 * np.maximum(half + sign * spread, 0)) for sign in (1, -1))
    angle = np.arctan2(2 * xy, xx - yy) / 2
    return middle, angle, (length >= MIN_LENGTH_PX) & (width <= MAX_WIDTH_PX)
