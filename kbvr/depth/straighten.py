"""Straighten an estimated map: what is straight in the photo becomes straight in the scene.

A network's depth wobbles inside one surface, and where the camera moves, the wobble bends columns and door frames. The
photo's straight lines show the wobble (`kbvr.depth.line_constraints`, `kbvr.depth.planar_pieces`). The smoothest
correction that makes the map follow them is found by least squares: smooth on every surface, independent across the
steps of the map (`kbvr.depth.bilateral_grid`), and 0 where no line is near. Curved things keep their shape. Then thin
things, which are too narrow for it, become straight and whole one by one (`kbvr.depth.thin_things`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kbvr.depth.bar_readings import behind_thin_things
from kbvr.depth.bilateral_grid import BilateralGrid, Corners, Nodes, read_at
from kbvr.depth.constraints import Constraints, Fit
from kbvr.depth.line_constraints import sides_of_segments, standing, straight_along, straight_segments
from kbvr.depth.planar_pieces import planar_where_lined
from kbvr.depth.standing_objects import standing_objects
from kbvr.depth.thin_things import with_thin_things
from kbvr.imaging.array_types import Picture, Plane, SmallPlane
from kbvr.imaging.line_segments import Ends
from kbvr.imaging.resize import resized, shrunk

MIN_SIDE_PX = 16
"""In smaller maps a line has too few pixels to show a wobble."""

MAX_LONG_SIDE_PX = 768
"""Size at which larger maps are examined: their wobble is as coarse, and finding lines takes longer."""

STIFFNESS = 0.3
"""Cost of a correction's roughness relative to that of a bent line."""

ANCHOR_STEP, ANCHOR_STRENGTH = 1 / 24, 1.6
"""Distance between the points at which the correction is held at 0, as a share of the long side, and how much each
counts; a line counts by its length in pixels. They keep the correction from drifting where lines say nothing."""

PICTURE_PX = 1280
"""Long side of the picture in which lines and bars are looked for: a large photo is shrunk once."""

ROUNDS, STEPS = 2, 8
"""Number of times that outliers are looked for, and of steps of conjugate gradients each time."""


def straightened(values: SmallPlane, rgb: Picture) -> SmallPlane:
    """Return a map of relative inverse depth, of any scale and size, without its wobble along straight lines."""
    small = shrunk(values, MAX_LONG_SIDE_PX)
    grid = BilateralGrid.of(small)
    if grid is None or min(small.shape) < MIN_SIDE_PX:
        return values
    picture = shrunk(rgb, PICTURE_PX)
    segments = straight_segments(resized(picture, (small.shape[1], small.shape[0])))
    corrected = _along_lines(segments, values, small, grid) if len(segments) else values
    return with_thin_things(corrected, picture, grid.spread)


def _along_lines(segments: Ends, values: Plane, small: SmallPlane, grid: BilateralGrid) -> Plane:
    """Return a map that follows the photo's segments, which are in pixels of the same map made small."""
    sides = sides_of_segments(segments, small, grid.spread)
    constraints = (
        straight_along(sides),
        standing(sides, grid.spread),
        planar_where_lined(segments, small, grid.spread),
        standing_objects(small, grid.spread),
    )
    correction = _correction(grid, [rows for rows in constraints if rows.x.size])
    return values + _correction_at_pixels(grid, correction, values)


def _correction_at_pixels(grid: BilateralGrid, correction: Nodes, values: Plane) -> Plane:
    """Return the correction of every pixel; thin things are no less near than what is behind them is corrected to be.

    A wire is hardly nearer than its surroundings in the map, so a correction of the wobble could swallow it.
    """
    behind = behind_thin_things(values)
    own, there = grid.at_pixels(correction, values), grid.at_pixels(correction, behind)
    return np.where(values > behind, np.maximum(own, there), own)


def _correction(grid: BilateralGrid, constraints: Sequence[Constraints]) -> Nodes:
    """Return the correction of a grid's map that makes it follow the constraints."""
    corners = [grid.corners(rows.x, rows.y) for rows in constraints]
    measured = [read_at(grid.values - np.float32(grid.low), rows.x, rows.y) for rows in constraints]
    smooth = correction = np.zeros(grid.nodes, np.float32)
    fits: list[Fit | None] = [None] * len(constraints)
    for _ in range(ROUNDS):
        now = [values + at.read(correction) for values, at in zip(measured, corners, strict=True)]
        new = [rows.fitted(values, fit) for rows, values, fit in zip(constraints, now, fits, strict=True)]
        system = _System(grid, corners, new, _anchors(grid))
        smooth, correction = _least_squares(system, -system.pull(measured), smooth, correction)
        fits = [*new]
    return correction


@dataclass(frozen=True, eq=False)
class _System:
    """The least-squares problem of a correction, with the outliers of its constraints known."""

    grid: BilateralGrid
    corners: Sequence[Corners]
    fits: Sequence[Fit]
    anchors: Corners

    def pull(self, values: Sequence[np.ndarray]) -> Nodes:
        """Return half the gradient of the weighted squares of what the constraints leave of values at their points."""
        total = np.zeros(self.grid.nodes, np.float32)
        for at, fit, part in zip(self.corners, self.fits, values, strict=True):
            total += at.added(fit.weight * fit.residual(part), self.grid.nodes)
        return total

    def hessian(self, direction: Nodes) -> Nodes:
        """Return the change of the gradient along a direction; the anchors hold the correction itself."""
        held = self.anchors.added(np.float32(ANCHOR_STRENGTH) * self.anchors.read(direction), self.grid.nodes)
        return self.pull([at.read(direction) for at in self.corners]) + held


def _anchors(grid: BilateralGrid) -> Corners:
    """Return points all over the map."""
    step = max(1, round(ANCHOR_STEP * max(grid.values.shape)))
    y, x = (
        axis.astype(np.float64) for axis in np.mgrid[tuple(slice(step // 2, side, step) for side in grid.values.shape)]
    )
    return grid.corners(x, y)


def _least_squares(system: _System, target: Nodes, smooth: Nodes, correction: Nodes) -> tuple[Nodes, Nodes]:
    """Improve a correction = blurred(smooth) by STEPS steps of conjugate gradients; return both.

    They solve (B H B + STIFFNESS B) s = B t, where B is the blur, H the Hessian and t the target, preconditioned by the
    inverse of B: the smoothest correction in the norm of the kernel B.
    """
    remaining = target - system.hessian(correction) - np.float32(STIFFNESS) * smooth
    blurred_remaining = system.grid.blurred(remaining)
    size = _dot(remaining, blurred_remaining)
    direction, blurred_direction = remaining, blurred_remaining
    for _ in range(STEPS):
        if not size > 0:
            break
        change = system.hessian(blurred_direction) + np.float32(STIFFNESS) * direction
        step = np.float32(size / _dot(change, blurred_direction))
        smooth, correction = smooth + step * direction, correction + step * blurred_direction
        remaining = remaining - step * change
        blurred_remaining = system.grid.blurred(remaining)
        before, size = size, _dot(remaining, blurred_remaining)
        ratio = np.float32(size / before)
        direction, blurred_direction = remaining + ratio * direction, blurred_remaining + ratio * blurred_direction
    return smooth, correction


def _dot(first: Nodes, second: Nodes) -> float:
    """Return a product summed by one thread: those of a BLAS library wait for each other while the machine is busy."""
    return float(np.einsum("i,i->", first, second, dtype=np.float64))
