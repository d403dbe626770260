"""People and other standing objects of a photo as constraints on its depth.

What is taller than wide and stands before its surroundings (a person, an animal, a bottle, the front of a bus) is
upright: its inverse depth does not change with height, but may change from left to right, as along the flank of a bus.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Int

from kbvr.depth.constraints import Constraints
from kbvr.imaging.array_types import Mask, SmallPlane

REACH_SHARE = 1 / 8
"""Half the width of the widest object, as a share of the map's long side."""

STANDS_OUT = 0.06
"""Height of an object above what is behind it, as a share of the map's range."""

MIN_HEIGHT = 0.12
"""Height of the smallest object, as a share of the long side; smaller ones hardly lean."""

MIN_SLENDERNESS = 1.2
"""Minimum height of an object, in widths: flat things are not upright."""

OUTLINE_PX = 2
"""Width of an object's outline, where a map is blurred, in pixels."""

SAMPLES = 64
"""Number of points on an object."""

UPRIGHT_SHARE = 0.05
"""Deviation that is still wobble, as a share of the map's range, as along lines (`kbvr.depth.line_constraints`)."""

STRENGTH = 2.0
"""How much an object counts, relative to a line of its height."""


def standing_objects(values: SmallPlane, spread: float) -> Constraints:
    """Return the constraints that standing objects have one inverse depth from top to bottom.

    `spread` is the range of the map.
    """
    regions = _regions(values, spread)
    points = np.array([_points(inside) for inside in regions], np.float64).reshape(len(regions), SAMPLES, 2)
    x, y = points[..., 0], points[..., 1]
    height_px = np.ptp(y, axis=1) if len(regions) else np.zeros(0)
    across = (x - x.mean(axis=1, keepdims=True)) / np.maximum(height_px, 1)[:, None] if len(regions) else x
    basis = np.stack([np.ones_like(x), 2 * across], axis=2)
    return Constraints(x, y, basis, STRENGTH * height_px, np.full(len(regions), UPRIGHT_SHARE * spread))


def _regions(values: SmallPlane, spread: float) -> list[Mask]:
    """Return the inside of every standing object."""
    reach = max(1, round(REACH_SHARE * max(values.shape)))
    behind = cv2.morphologyEx(values, cv2.MORPH_OPEN, np.ones((2 * reach + 1,) * 2, np.uint8))
    in_front = (values - behind > STANDS_OUT * spread).astype(np.uint8)
    window = np.ones((2 * OUTLINE_PX + 1,) * 2, np.uint8)
    labels: Int[np.ndarray, "h w"]
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(cv2.erode(in_front, window), connectivity=4)
    width_px, height_px = (boxes[:, side] for side in (cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT))
    stands = (height_px >= MIN_HEIGHT * max(values.shape)) & (height_px >= MIN_SLENDERNESS * width_px)
    stands[0] = False  # the label of the surroundings
    stands &= boxes[:, cv2.CC_STAT_AREA] >= SAMPLES
    return [labels == label for label in np.flatnonzero(stands)]


def _points(inside: Mask) -> Int[np.ndarray, "S 2"]:
    """Return points all over a region, by rows."""
    y, x = np.nonzero(inside)
    chosen = np.linspace(0, len(x) - 1, SAMPLES).round().astype(np.intp)
    return np.stack([x[chosen], y[chosen]], axis=1)
