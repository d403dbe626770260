"""Planes and straight lines in a depth map: in inverse depth both are linear across the picture."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float64

from kbvr.errors import InputError
from kbvr.imaging.array_types import Mask, Plane
from kbvr.studio.mending.scale import Scale

MAX_SAMPLES = 4000
TRIALS = 200
"""Random samples of which the best starts the fit."""

ROUNDS = 12
"""Rounds of reweighting that follow."""

ON_PLANE_SHARE = 0.04
"""Pixels that differ by less than this share of the map's range belong to a plane."""

LINE_HALF_WIDTH_SHARE = 0.006
"""How far from a line its pixels are looked at, as a share of the long side."""

GROW_ROUNDS = 3
MIN_POINTS = 12

Fit = Float64[np.ndarray, "K"]


def fit_linear(positions: Float64[np.ndarray, "N K"], values: Float64[np.ndarray, "N"]) -> Fit:
    """Return the coefficients of a linear function that most of the values follow, whatever the others are.

    Least median of squares (Rousseeuw 1984) starts Cauchy-weighted least squares.
    """
    count, size = positions.shape
    rng = np.random.default_rng(0)
    chosen = rng.integers(0, count, (TRIALS, size))
    matrices, targets = positions[chosen], values[chosen]
    usable = np.abs(np.linalg.det(matrices)) > 1e-9
    best, least = np.linalg.lstsq(positions, values, rcond=None)[0], np.inf
    few = rng.permutation(count)[:600]
    for matrix, target in zip(matrices[usable], targets[usable], strict=True):
        candidate = np.linalg.solve(matrix, target)
        error = float(np.median(np.abs(positions[few] @ candidate - values[few])))
        if error < least:
            best, least = candidate, error
    scale = max(1.5 * least, 1e-9 * float(np.abs(values).max(initial=0)), 1e-15)
    for _ in range(ROUNDS):
        weights = 1 / (1 + ((positions @ best - values) / scale) ** 2)
        best = np.linalg.lstsq(positions * weights[:, None], values * weights, rcond=None)[0]
    return np.asarray(best, np.float64)


def fit_plane(inverse_depth: Plane, region: Mask) -> Plane:
    """Return the inverse depth of the plane that most of a region lies on, at every pixel; 0 beyond its horizon.

    Raises:
        InputError: if the region is too small or too narrow to say how a plane is tilted.
    """
    y, x = np.nonzero(region)
    if len(x) < MIN_POINTS or np.ptp(x) < 2 or np.ptp(y) < 2:
        raise InputError("The selection is too small for a plane. Select more of the wall or floor.")
    some = np.linspace(0, len(x) - 1, min(len(x), MAX_SAMPLES)).astype(np.intp)
    y, x = y[some], x[some]
    height, width = inverse_depth.shape
    long_side = max(height, width)
    positions = np.stack([x / long_side, y / long_side, np.ones(len(x))], axis=1)
    across, down, level = fit_linear(positions, inverse_depth[y, x].astype(np.float64))
    columns, rows = np.arange(width) / long_side, np.arange(height) / long_side
    plane = across * columns[None] + down * rows[:, None] + level
    return np.maximum(plane, 0).astype(np.float32)


def straightened_line(
    inverse_depth: Plane, start: tuple[float, float], end: tuple[float, float], *, reach_px: float
) -> Plane:
    """Return a map in which the line between two points (x, y) is straight in space.

    What is within reach_px of the line moves along with it, the less the farther away.

    Raises:
        InputError: if the line is shorter than 8 pixels.
    """
    length = float(np.hypot(end[0] - start[0], end[1] - start[1]))
    if length < 8:
        raise InputError("The line is too short. Draw it along a longer part of the wall or floor.")
    samples = max(MIN_POINTS, round(length))
    shares = np.linspace(0, 1, samples)
    xs, ys = (
        np.asarray(start[axis] + shares * (end[axis] - start[axis]), np.float32)[None] - np.float32(0.5)
        for axis in (0, 1)
    )
    along = cv2.remap(inverse_depth, xs, ys, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0].astype(np.float64)
    level, slope = fit_linear(np.stack([np.ones(samples), shares], axis=1), along)
    correction = (level + slope * shares - along).astype(np.float32)
    height, width = inverse_depth.shape
    rows, columns = np.mgrid[:height, :width].astype(np.float32) + np.float32(0.5)
    direction = np.array([end[0] - start[0], end[1] - start[1]]) / length
    t = ((columns - start[0]) * direction[0] + (rows - start[1]) * direction[1]) / length
    away = np.abs((columns - start[0]) * -direction[1] + (rows - start[1]) * direction[0])
    away = np.hypot(away, np.maximum(np.maximum(-t, t - 1), 0) * length)
    weight = np.clip(1 - away / np.float32(reach_px), 0, 1)
    moved = np.interp(np.clip(t, 0, 1), shares, correction).astype(np.float32)
    return np.maximum(inverse_depth + weight * weight * (3 - 2 * weight) * moved, 0).astype(np.float32)


def plane_through_line(
    inverse_depth: Plane, start: tuple[float, float], end: tuple[float, float], scale: Scale
) -> Mask:
    """Return the region of the wall or floor on which the line between two points (x, y) lies.

    Raises:
        InputError: if no surface is found there.
    """
    height, width = inverse_depth.shape
    strip = np.zeros((height, width), np.uint8)
    thickness = max(3, 2 * round(LINE_HALF_WIDTH_SHARE * max(height, width)) + 1)
    first, last = ((int(x), int(y)) for x, y in (start, end))
    cv2.line(strip, first, last, 1, 3 * thickness)
    region = strip > 0
    tolerance = np.float32(ON_PLANE_SHARE * scale.spread)
    for _ in range(GROW_ROUNDS):
        plane = fit_plane(inverse_depth, region)
        near = (np.abs(inverse_depth - plane) < tolerance).view(np.uint8)
        near = cv2.morphologyEx(near, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        _, labels = cv2.connectedComponents(near, connectivity=4)
        touched = np.bincount(labels[strip > 0], minlength=int(labels.max()) + 1)
        touched[0] = 0
        if not touched.any():
            raise InputError("No wall or floor was found under the line. Draw it along an even part of one.")
        region = labels == int(touched.argmax())
    return region
