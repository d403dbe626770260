"""Straighten an estimated map: what is straight in the photo becomes straight in the scene.

A network's depth wobbles inside one surface, and where the camera moves, the wobble bends columns and door frames. The
photo's straight lines show the wobble (`kbvr.depth.straight_lines`). The smoothest correction that makes the map linear
along all of them is found by least squares: smooth on every surface, independent across the steps of the map
(`kbvr.depth.bilateral_grid`), and 0 where no line is near. Curved things without straight lines keep their shape.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float32

from kbvr.depth.bilateral_grid import BilateralGrid, Corners, Nodes, read_at
from kbvr.depth.constraints import Fit
from kbvr.depth.straight_lines import along_segments, straight_segments
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
    lines = along_segments(segments, values, grid.spread)
    at_lines, anchors = grid.corners(lines.x, lines.y), _anchors(grid)
    measured = read_at(values, lines.x, lines.y)
    smooth = correction = np.zeros(grid.nodes, np.float32)
    fit: Fit | None = None
    for _ in range(ROUNDS):
        fit = lines.fitted(measured + at_lines.read(correction), fit)
        pull = at_lines.added(fit.weight * fit.residual(measured), grid.nodes)

        def hessian(direction: Nodes, fit: Fit = fit) -> Nodes:
            off_lines = fit.weight * fit.residual(at_lines.read(direction))
            held = np.float32(ANCHOR_STRENGTH) * anchors.read(direction)
            return at_lines.added(off_lines, grid.nodes) + anchors.added(held, grid.nodes)

        smooth, correction = _least_squares(hessian, -pull, grid.blurred, smooth, correction)
    return values + grid.at_pixels(correction)


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
