"""The camera of affine points, which are known only up to a shift along z and a scale.

MoGe's networks predict such points (Wang et al. 2025, "MoGe: Unlocking Accurate Monocular Geometry Estimation for
Open-Domain Images with Optimal Training Supervision", section 3.3). The shift t and the focal length f minimise the sum
of |f (x, y) / (z + t) - (u, v)|^2, where (u, v) is the pixel relative to the picture's centre. For a given t the best f
has a closed form, so the search is over one number, within the range of real cameras.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, inf, log, sqrt

import numpy as np
from jaxtyping import Bool, Float, Float64

from kbvr.errors import InputError
from kbvr.geometry.camera import f_px_from_fov

FOV_RANGE_DEG = (1.0, 170.0)
MAX_CELLS = 4096
"""A map is averaged over squares down to about this many cells: noise in z would make scenes look too flat."""

OUTLIER_SHARE = 0.005
"""This share of the points, the nearest ones, is omitted: a single outlier must not limit the shift."""

NEAREST_SHARES = (1e-5, 1e3)
"""Range of the nearest point's depth, as multiples of the scene's spread across the view."""

TRIES, ROUNDS = 60, 3
"""Each round tries this many depths, evenly spaced in their logarithm, around the best depth of the previous round."""

PRIOR_WEIGHT = 1e-7
"""Weight of the predicted depth: it matters only where nothing else decides, as in front of a flat wall."""

MAX_UNEXPLAINED = 0.8
"""Points that leave a larger share of the pixels' squared offsets from the centre unexplained belong to no camera.

A wrong focal length in the photo's metadata leaves less."""


def focal_and_shift(
    points: Float[np.ndarray, "h w 3"],
    inside: Bool[np.ndarray, "h w"],
    size_px: tuple[int, int],
    *,
    f_px: float | None = None,
) -> tuple[float, float]:
    """Return the focal length in pixels of a picture of size_px, and the shift to add to every z, in the points' unit.

    Args:
        points: x right, y down, z forward, up to a shift in z and a scale; finite inside.
        inside: The pixels that count.
        size_px: (width, height) of the picture that shows the points; it may be larger than their map.
        f_px: The focal length if it is known; then only the shift is recovered.

    Raises:
        InputError: if no camera could see the points at their pixels.
    """
    pixels, samples = _samples(points, inside, size_px)
    predicted = float(samples[:, 2].min())
    xy, z = samples[:, :2], samples[:, 2] - predicted
    middle = float(np.median(z))
    spread = float(np.sqrt((xy**2).sum(axis=1).mean()))
    if not spread > 0:
        raise InputError("expected points that differ in x and y")
    widest_px, narrowest_px = (f_px_from_fov(fov_deg, float(max(size_px))) for fov_deg in FOV_RANGE_DEG[::-1])

    def cost(nearest: float) -> float:
        """Return the unexplained share of the pixels' squared offsets, for a depth of the nearest point."""
        projected = xy / (nearest + z)[:, None]
        used_px = f_px or _best_f_px(projected, pixels)
        if f_px is None and not widest_px <= used_px <= narrowest_px:
            return inf
        share = float(((used_px * projected - pixels) ** 2).sum() / (pixels**2).sum())
        if predicted + middle <= 0:
            return share
        return share + PRIOR_WEIGHT * log((nearest + middle) / (predicted + middle)) ** 2

    nearest, share = _minimum(cost, NEAREST_SHARES[0] * spread, NEAREST_SHARES[1] * spread)
    if not share <= MAX_UNEXPLAINED:
        raise InputError("expected points that a camera can see at their pixels")
    return f_px or _best_f_px(xy / (nearest + z)[:, None], pixels), nearest - predicted


def _samples(
    points: Float[np.ndarray, "h w 3"], inside: Bool[np.ndarray, "h w"], size_px: tuple[int, int]
) -> tuple[Float64[np.ndarray, "n 2"], Float64[np.ndarray, "n 3"]]:
    """Return (u, v) of the map's squares, relative to the centre in pixels of the picture, and their points."""
    height, width = inside.shape
    side = ceil(sqrt(height * width / MAX_CELLS))
    values = np.empty((height, width, 6))
    values[..., 0] = ((np.arange(width) + 0.5) / width - 0.5) * size_px[0]
    values[..., 1] = (((np.arange(height) + 0.5) / height - 0.5) * size_px[1])[:, None]
    values[..., 2:5], values[..., 5] = points, 1
    values[~inside] = 0
    rows, columns = (range(0, length, side) for length in (height, width))
    sums = np.add.reduceat(np.add.reduceat(values, rows, axis=0), columns, axis=1).reshape(-1, 6)
    means = sums[sums[:, 5] > 0]
    means = means[:, :5] / means[:, 5:]
    means = means[means[:, 4] >= np.quantile(means[:, 4], OUTLIER_SHARE)]
    return means[:, :2], means[:, 2:]


def _best_f_px(projected: Float64[np.ndarray, "n 2"], pixels: Float64[np.ndarray, "n 2"]) -> float:
    """Return the focal length that best fits points projected with a focal length of 1 px to their pixels."""
    return float((projected * pixels).sum() / (projected**2).sum())


def _minimum(cost: Callable[[float], float], low: float, high: float) -> tuple[float, float]:
    """Return the value between two positive numbers that has the minimum cost, and that cost."""
    tries, costs = np.array([low, high]), [inf]
    best = 0
    for _ in range(ROUNDS):
        tries = np.geomspace(low, high, TRIES)
        costs = [cost(float(value)) for value in tries]
        best = int(np.argmin(costs))
        low, high = float(tries[max(best - 1, 0)]), float(tries[min(best + 1, TRIES - 1)])
    return float(tries[best]), costs[best]
