"""The line from a guess of the depth to what is known of it, both being inverse depths up to scale and shift."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32

FIT_SAMPLES, FIT_PAIRS = 4000, 400
FIT_LIMIT = 0.1
"""Errors of a fit count up to this share of the depth's range."""

MIN_AGREEMENT = 0.4
"""A fit that explains a smaller share of the known depth is none."""


def robust_line(guess: Float32[np.ndarray, "N"], values: Float32[np.ndarray, "N"]) -> tuple[float, float] | None:
    """Return the scale and shift from a guess to values; None if they contradict it.

    Of the lines through random pairs of pixels, the one with the least sum of errors, each counted up to a limit (MSAC,
    Torr and Zisserman 2000), then the least squares of what is within the limit: parts of the guess may be wrong.
    """
    random = np.random.default_rng(0)
    chosen = random.integers(len(guess), size=FIT_SAMPLES) if len(guess) > FIT_SAMPLES else np.arange(len(guess))
    x, y = guess[chosen].astype(np.float64), values[chosen].astype(np.float64)
    low, high = np.percentile(y, (2, 98)) if len(y) else (0.0, 0.0)
    limit = max(FIT_LIMIT * float(high - low), 1e-9)
    first, second = random.integers(max(1, len(x)), size=(2, FIT_PAIRS))
    apart = np.abs(x[first] - x[second]) > 0.05 * np.ptp(x) if len(x) else np.zeros(FIT_PAIRS, np.bool_)
    first, second = first[apart], second[apart]
    if not first.size:
        return None
    slopes = (y[first] - y[second]) / (x[first] - x[second])
    shifts = y[first] - slopes * x[first]
    costs = [np.minimum(np.abs(y - a * x - b), limit).sum() for a, b in zip(slopes, shifts, strict=True)]
    best = int(np.argmin(costs))
    inside = np.abs(y - slopes[best] * x - shifts[best]) < limit
    if not np.ptp(x[inside]) > 0:
        return None
    slope, shift = np.polyfit(x[inside], y[inside], 1)
    return (float(slope), float(shift)) if slope > 0 and inside.mean() >= MIN_AGREEMENT else None
