"""The camera of affine points: points of a scene that are known up to a shift along z and a scale.

MoGe's networks give such points (Wang et al. 2025, "MoGe: Unlocking Accurate Monocular Geometry Estimation for
Open-Domain Images with Optimal Training Supervision", section 3.3): the shift t and the focal length f are those that
minimise the sum of |f (x, y) / (z + t) - (u, v)|^2, with (u, v) the pixel from the middle of the picture. For a given t
the best f has a closed form, so the search is over one number, within the range of real cameras.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, inf, log, sqrt

import numpy as np
from jaxtyping import Bool, Float, Float64

from kbvr.errors import InputError
from kbvr.geometry.camera import f_px_from_fov

FOV_RANGE_DEG = (1.0, 170.0)
"""Across the long side; the range of a given field of view is the same."""

MAX_CELLS = 4096
"""A map is averaged over squares, down to about this many: noise in z would make scenes look too flat."""

TOO_NEAR_SHARE = 0.005
"""This share of the points, the nearest ones, is left out: a single outlier must not limit the shift."""

NEAREST_SHARES = (1e-5, 1e3)
"""Range of the nearest point's depth, as multiples of the scene's spread across the view."""

TRIES, ROUNDS = 60, 3
"""Each round tries this many depths, evenly in their logarithm, between the neighbours of the last round's best."""

PULL = 1e-7
"""Weight of the points' own depth: it decides only where nothing else does, as in front of a flat wall."""

MAX_UNEXPLAINED = 0.8
"""No camera sees points that leave more than this share of the pixels' offsets from the middle unexplained.

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
    pixels, seen = _samples(points, inside, size_px)
    own = float(seen[:, 2].min())
    xy, z = seen[:, :2], seen[:, 2] - own
    middle = float(np.median(z))
    spread = float(np.sqrt((xy**2).sum(axis=1).mean()))
    if not spread > 0:
        raise InputError("expected points that differ in x and y")
    widest_px, narrowest_px = (f_px_from_fov(fov_deg, float(max(size_px))) for fov_deg in FOV_RANGE_DEG[::-1])

    def cost(nearest: float) -> float:
        """Return the share of the pixels' squared offsets that a nearest depth of this leaves unexplained."""
        projected = xy / (nearest + z)[:, None]
        used_px = f_px or _best_f_px(projected, pixels)
        if f_px is None and not widest_px <= used_px <= narrowest_px:
            return inf
        share = float(((used_px * projected - pixels) ** 2).sum() / (pixels**2).sum())
        return share + (PULL * log((nearest + middle) / (own + middle)) ** 2 if own + middle > 0 else 0.0)

    nearest, share = _least(cost, NEAREST_SHARES[0] * spread, NEAREST_SHARES[1] * spread)
    if not share <= MAX_UNEXPLAINED:
        raise InputError("expected points that a camera can see at their pixels")
    return f_px or _best_f_px(xy / (nearest + z)[:, None], pixels), nearest - own


def _samples(
    points: Float[np.ndarray, "h w 3"], inside: Bool[np.ndarray, "h w"], size_px: tuple[int, int]
) -> tuple[Float64[np.ndarray, "n 2"], Float64[np.ndarray, "n 3"]]:
    """Return (u, v) of the map's squares, measured from the middle in pixels of the picture, and their points."""
    height, width = inside.shape
    side = ceil(sqrt(height * width / MAX_CELLS))
    places = np.empty((height, width, 6))
    places[..., 0] = ((np.arange(width) + 0.5) / width - 0.5) * size_px[0]
    places[..., 1] = (((np.arange(height) + 0.5) / height - 0.5) * size_px[1])[:, None]
    places[..., 2:5], places[..., 5] = points, 1
    places[~inside] = 0
    rows, columns = (range(0, length, side) for length in (height, width))
    sums = np.add.reduceat(np.add.reduceat(places, rows, axis=0), columns, axis=1).reshape(-1, 6)
    means = sums[sums[:, 5] > 0]
    means = means[:, :5] / means[:, 5:]
    means = means[means[:, 4] >= np.quantile(means[:, 4], TOO_NEAR_SHARE)]
    return means[:, :2], means[:, 2:]


def _best_f_px(projected: Float64[np.ndarray, "n 2"], pixels: Float64[np.ndarray, "n 2"]) -> float:
    """Return the focal length that best fits points projected with a focal length of 1 px to their pixels."""
    return float((projected * pixels).sum() / (projected**2).sum())


def _least(cost: Callable[[float], float], low: float, high: float) -> tuple[float, float]:
    """Return the number between two positive ones at which a cost is least, and that cost."""
    tries, costs = np.array([low, high]), [inf]
    best = 0
    for _ in range(ROUNDS):
        tries = np.geomspace(low, high, TRIES)
        costs = [cost(float(one)) for one in tries]
        best = int(np.argmin(costs))
        low, high = float(tries[max(best - 1, 0)]), float(tries[min(best + 1, TRIES - 1)])
    return float(tries[best]), costs[best]
