"""Straighten an estimated map: what is straight in the photo becomes straight in the scene.

A network's depth wobbles inside one surface, and where the camera moves, the wobble bends columns and door frames. The
photo's straight lines show the wobble (`kbvr.depth.straight_lines`, `kbvr.depth.planar_pieces`). The smoothest
correction that makes the map follow them is found by least squares: smooth on every surface, independent across the
steps of the map (`kbvr.depth.bilateral_grid`), and 0 where no line is near. Curved things keep their shape.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float, Float32

from kbvr.depth.bilateral_grid import BilateralGrid, Corners, Nodes, read_at
from kbvr.depth.constraints import Constraints, Fit
from kbvr.depth.planar_pieces import planar_where_lined
from kbvr.depth.straight_lines import sides_of_segments, standing, straight_along, straight_segments
from kbvr.imaging.array_types import Picture, SmallPlane
from kbvr.imaging.resize import resized

MIN_SIDE_PX = 16
"""In smaller maps a line has too few pixels to show a wobble."""

STIFFNESS = 0.3
"""Cost of a correction's roughness relative to that of a bent line."""

ANCHOR_STEP, ANCHOR_STRENGTH = 1 / 24, 1.6
"""Distance between the points at which the correction is held at 0, as a share of the long side, and how much each
counts; a line counts by its length in pixels. They keep the correction from drifting where lines say nothing."""

ROUNDS, STEPS = 2, 8
"""Number of times that outliers are looked for, and of steps of conjugate gradients each time."""


def straightened(values: SmallPlane, rgb: Picture) -> SmallPlane:
    """Return a map of relative inverse depth, of any scale, with its wobble along the photo's straight lines removed.

    Values that are not part of the map's range from the 1st to the 99th percentile are corrected as its ends are.
    """
    height, width = values.shape
    grid = BilateralGrid.of(values)
    if grid is None or min(height, width) < MIN_SIDE_PX:
        return values
    segments = straight_segments(resized(rgb, (width, height)))
    if not len(segments):
        return values
    sides = sides_of_segments(segments, values, grid.spread)
    constraints = (
        straight_along(sides, grid.spread),
        standing(sides, grid.spread),
        planar_where_lined(segments, values, grid.spread),
    )
    return values + grid.at_pixels(_correction(grid, [rows for rows in constraints if rows.x.size]))


def _correction(grid: BilateralGrid, constraints: Sequence[Constraints]) -> Nodes:
    """Return the correction of a grid's map that makes it follow the constraints."""
    anchors = _anchors(grid)
    corners = [grid.corners(rows.x, rows.y) for rows in constraints]
    measured = [read_at(grid.values, rows.x, rows.y) for rows in constraints]
    smooth = correction = np.zeros(grid.nodes, np.float32)
    fits: list[Fit | None] = [None] * len(constraints)
    for _ in range(ROUNDS):
        now = [values + at.read(correction) for values, at in zip(measured, corners, strict=True)]
        new = [rows.fitted(values, fit) for rows, values, fit in zip(constraints, now, fits, strict=True)]

        def pull(values: Sequence[Float[np.ndarray, "N S"]], new: Sequence[Fit] = new) -> Nodes:
            """Return how the weighted squares of the residuals of the values change with the grid."""
            parts = (
                at.added(fit.weight * fit.residual(part), grid.nodes)
                for at, fit, part in zip(corners, new, values, strict=True)
            )
            return np.asarray(sum(parts), np.float32)

        def hessian(direction: Nodes, pull: Callable[..., Nodes] = pull) -> Nodes:
            held = anchors.added(np.float32(ANCHOR_STRENGTH) * anchors.read(direction), grid.nodes)
            return pull([at.read(direction) for at in corners]) + held

        smooth, correction = _least_squares(hessian, -pull(measured), grid.blurred, smooth, correction)
        fits = [*new]
    return correction


def _anchors(grid: BilateralGrid) -> Corners:
    """Return points all over the map."""
    step = max(1, round(ANCHOR_STEP * max(grid.values.shape)))
    y, x = (
        axis.astype(np.float64) for axis in np.mgrid[tuple(slice(step // 2, side, step) for side in grid.values.shape)]
    )
    return grid.corners(x, y)


def _least_squares(
    hessian: Callable[[Nodes], Nodes],
    target: Nodes,
    blurred: Callable[[Nodes], Nodes],
    smooth: Nodes,
    correction: Nodes,
) -> tuple[Nodes, Nodes]:
    """Improve a correction = blurred(smooth) by STEPS steps of conjugate gradients; return both.

    They solve (B H B + STIFFNESS B) s = B t, where B is the blur, H the Hessian and t the target, preconditioned by the
    inverse of B: the smoothest correction in the norm of the kernel B.
    """
    remaining = target - hessian(correction) - np.float32(STIFFNESS) * smooth
    blurred_remaining = blurred(remaining)
    size = _dot(remaining, blurred_remaining)
    direction, blurred_direction = remaining, blurred_remaining
    for _ in range(STEPS):
        if not size > 0:
            break
        change = hessian(blurred_direction) + np.float32(STIFFNESS) * direction
        step = np.float32(size / _dot(change, blurred_direction))
        smooth, correction = smooth + step * direction, correction + step * blurred_direction
        remaining = remaining - step * change
        blurred_remaining = blurred(remaining)
        before, size = size, _dot(remaining, blurred_remaining)
        ratio = np.float32(size / before)
        direction, blurred_direction = remaining + ratio * direction, blurred_remaining + ratio * blurred_direction
    return smooth, correction


def _dot(first: Float32[np.ndarray, "N"], second: Float32[np.ndarray, "N"]) -> float:
    return float(first.astype(np.float64) @ second)
