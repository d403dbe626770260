"""Put the depths of overlapping views into one scale, and blend them into one map of the sphere.

A network's inverse depth q of a view is a/z + b, a and b being unknown, and z is the depth along the view's axis. With
the cosine c of the angle between a ray and the axis, the distance is z/c. So its inverse is s c q + t c for the right s
and t, and where two views overlap theirs must agree: a linear least squares problem. Unlike the scale of all views
together, which is free, their common shift is not, since c differs between the views.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from jaxtyping import Bool, Float32, Float64

from kbvr.geometry.sphere import equirectangular_rays
from kbvr.imaging.array_types import Plane, SmallPlane
from kbvr.sphere.sphere_views import SphereView

GRID_PX = (180, 90)
MAP_PX = (1536, 768)
"""Size of the sphere at which views are compared, and of the blended map: about the resolution of a prediction."""

ROUNDS = 6
SCALE_DEVIATION, SHIFT_DEVIATION = 0.35, 0.25
"""How much scales and shifts of views differ that overlaps say nothing about: the shares of the mean scale, and of the
range of all values."""

INDEPENDENT = 15.0
"""Independent measurements in the overlap of two views."""

MIN_SCALE, HELD = 0.15, 1e3
TINY = 1e-6


def aligned(
    values: Sequence[SmallPlane], views: Sequence[SphereView], *, has_shift: bool
) -> tuple[Float64[np.ndarray, "N"], Float64[np.ndarray, "N"]]:
    """Return the scale and shift of each view's inverse depth; without `has_shift` all shifts are 0.

    The mean scale is 1. Views are robust against parts in which their neighbours disagree (reweighted least squares).
    """
    rays = equirectangular_rays(GRID_PX)
    area = np.hypot(rays[..., 0], rays[..., 2])
    spread = max(float(np.percentile(np.concatenate([v.ravel() for v in values]), 98)), TINY)
    parts = [view.sampled(value / np.float32(spread), rays) for view, value in zip(views, values, strict=True)]
    ahead, weights = [view.ahead(rays) for view in views], [view.weight(rays) for view in views]
    count = len(views)
    solved = np.concatenate([np.ones(count), np.zeros(count)])
    noise = 0.05
    pairs = [(i, j, (weights[i] > 0) & (weights[j] > 0)) for i, j in combinations(range(count), 2)]
    overlaps = [
        (i, j, _rows(parts, ahead, i, j, both), (weights[i] * weights[j] * area)[both].astype(np.float64))
        for i, j, both in pairs
        if both.any()
    ]
    for _ in range(ROUNDS):
        solved, noise = _solved(overlaps, solved, noise, count, has_shift=has_shift)
    return solved[:count], solved[count:] * spread


def _rows(
    parts: Sequence[Plane], ahead: Sequence[Plane], i: int, j: int, both: Bool[np.ndarray, "H W"]
) -> Float64[np.ndarray, "M 4"]:
    """Return the factors of s_i, t_i, s_j and t_j in the differences between two views."""
    own, other = ((ahead[k][both].astype(np.float64), parts[k][both]) for k in (i, j))
    return np.stack([own[0] * own[1], own[0], -other[0] * other[1], -other[0]], axis=1)


def _solved(
    overlaps: Sequence[tuple[int, int, Float64[np.ndarray, "M 4"], Float64[np.ndarray, "M"]]],
    before: Float64[np.ndarray, "N2"],
    noise: float,
    count: int,
    *,
    has_shift: bool,
) -> tuple[Float64[np.ndarray, "N2"], float]:
    """Return scales and shifts that fit better, and the mean difference that is left."""
    matrix, right = np.zeros((2 * count, 2 * count)), np.zeros(2 * count)
    squares: list[float] = []
    for i, j, rows, weight in overlaps:
        places = [i, count + i, j, count + j]
        difference = rows @ before[places]
        robust = weight / (1 + (difference / (3 * noise)) ** 2)
        robust = robust / robust.sum()
        squares.append(float((robust * difference**2).sum()))
        matrix[np.ix_(places, places)] += rows.T @ (rows * robust[:, None])
    noise = max(float(np.sqrt(np.mean(squares))), TINY)
    scales, shifts = np.arange(count), np.arange(count, 2 * count)
    prior = noise**2 / INDEPENDENT
    matrix[scales, scales] += prior / SCALE_DEVIATION**2
    right[scales] += prior / SCALE_DEVIATION**2
    matrix[shifts, shifts] += prior / SHIFT_DEVIATION**2 if has_shift else HELD
    matrix[:count, :count] += HELD  # the mean scale is 1, or else all would shrink to 0
    right[scales] += HELD * count
    found = np.linalg.solve(matrix, right)
    found[scales] = np.maximum(found[scales], MIN_SCALE)
    return found, noise


def blended(
    values: Sequence[SmallPlane],
    views: Sequence[SphereView],
    scales: Float64[np.ndarray, "N"],
    shifts: Float64[np.ndarray, "N"],
) -> Float32[np.ndarray, "h w"]:
    """Return the inverse distance of every direction, as a whole sphere of MAP_PX."""
    return _mixed(
        [value * np.float32(s) + np.float32(t) for value, s, t in zip(values, scales, shifts, strict=True)],
        views,
        along_rays=True,
    )


def mixed(values: Sequence[SmallPlane], views: Sequence[SphereView]) -> Float32[np.ndarray, "h w"]:
    """Return a map of the sphere of MAP_PX from maps of the views that need no alignment, like the sky's."""
    return _mixed(values, views, along_rays=False)


def _mixed(values: Sequence[SmallPlane], views: Sequence[SphereView], *, along_rays: bool) -> SmallPlane:
    rays = equirectangular_rays(MAP_PX)
    total, weights = (np.zeros(rays.shape[:2], np.float32) for _ in range(2))
    for value, view in zip(values, views, strict=True):
        weight = view.weight(rays)
        found = view.sampled(np.ascontiguousarray(value, np.float32), rays)
        total += weight * (found * view.ahead(rays) if along_rays else found)
        weights += weight
    return total / np.maximum(weights, np.float32(TINY))
