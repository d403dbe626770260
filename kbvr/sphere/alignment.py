"""Put the depths of overlapping views into one scale, and blend them into one map of the sphere.

A network's inverse depth q of a view is a/z + b, a and b being unknown, and z is the depth along the view's axis. With
the cosine c of the angle between a ray and the axis, the distance is z/c. So its inverse is s c q + t c for the right s
and t, and where two views overlap theirs must agree: a linear least squares problem. Unlike the scale of all views
together, which is free, their common shift is not, since c differs between the views.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from jaxtyping import Bool, Float64

from kbvr.geometry.sphere import equirectangular_rays
from kbvr.imaging.array_types import Plane, SmallPlane
from kbvr.sphere.sphere_views import MIN_AHEAD, SphereView

GRID_PX = (180, 90)
MAP_PX = (1536, 768)
"""Size of the sphere at which views are compared, and of the blended map: about the resolution of a prediction."""

ROUNDS = 12
SCALE_DEVIATION, SHIFT_DEVIATION = 0.15, 0.1
"""How much scales and shifts of views differ that overlaps say nothing about: the shares of the mean scale, and of the
range of all values."""

INDEPENDENT = 3.0
"""Independent measurements in the overlap of two views."""

MIN_SAMPLES = 50
"""Views that share less of the sphere, of a grid of GRID_PX, are not compared."""

MIN_SCALE, HELD = 0.15, 1e3
TINY = 1e-6


@dataclass(frozen=True, eq=False)
class _Overlap:
    """What two views, by their numbers, both see."""

    i: int
    j: int
    rows: Float64[np.ndarray, "M 4"]
    """The factors of s_i, t_i, s_j and t_j in the difference between the views."""

    weights: Float64[np.ndarray, "M"]


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
    overlaps: list[_Overlap] = []
    for i, j in combinations(range(count), 2):
        both = (weights[i] > 0) & (weights[j] > 0)
        if both.sum() >= MIN_SAMPLES:
            rows = _rows(parts, ahead, i, j, both)
            overlaps.append(_Overlap(i, j, rows, (weights[i] * weights[j] * area)[both].astype(np.float64)))
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
    overlaps: Sequence[_Overlap], before: Float64[np.ndarray, "U"], noise: float, count: int, *, has_shift: bool
) -> tuple[Float64[np.ndarray, "U"], float]:
    """Return scales and shifts that fit better, and the deviation of what differs between views."""
    matrix, right = np.zeros((2 * count, 2 * count)), np.zeros(2 * count)
    middling: list[float] = []
    for overlap in overlaps:
        places = [overlap.i, count + overlap.i, overlap.j, count + overlap.j]
        difference = overlap.rows @ before[places]
        robust = overlap.weights / (1 + (difference / (2 * noise)) ** 2) ** 2 / overlap.weights.sum()
        middling.append(float(np.median(np.abs(difference))))
        matrix[np.ix_(places, places)] += overlap.rows.T @ (overlap.rows * robust[:, None])
    noise = max(1.48 * float(np.median(middling)), TINY)
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
) -> Plane:
    """Return the inverse distance of every direction, as a whole sphere of MAP_PX."""
    return _mixed(
        [value * np.float32(s) + np.float32(t) for value, s, t in zip(values, scales, shifts, strict=True)],
        views,
        along_rays=True,
    )


def mixed(values: Sequence[SmallPlane], views: Sequence[SphereView]) -> Plane:
    """Return a map of the sphere of MAP_PX from maps of the views that need no alignment, like the sky's."""
    return _mixed(values, views, along_rays=False)


def _mixed(values: Sequence[SmallPlane], views: Sequence[SphereView], *, along_rays: bool) -> Plane:
    rays = equirectangular_rays(MAP_PX)
    total, weights = (np.zeros(rays.shape[:2], np.float32) for _ in range(2))
    for value, view in zip(values, views, strict=True):
        ahead = view.ahead(rays)
        inside = ahead > MIN_AHEAD
        weight = view.weight(rays[inside])
        found = view.sampled(np.ascontiguousarray(value, np.float32), rays[inside])
        total[inside] += weight * (found * ahead[inside] if along_rays else found)
        weights[inside] += weight
    return total / np.maximum(weights, np.float32(TINY))
