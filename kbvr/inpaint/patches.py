"""Fill hidden layers with patches of what is visible around them; the default.

Colours are first continued smoothly and along edges (`kbvr.inpaint.continuation`). That guide helps to choose the
patches, and stays next to the sources and where no patch fits. Patches come from the sources only, so flat stays flat.
The work is done at the working size; finer detail is copied from where the patches came from.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float32

from kbvr.imaging.array_types import Mask, Picture, Plane
from kbvr.imaging.nearest_seed import nearest_seed
from kbvr.inpaint.continuation import continued
from kbvr.inpaint.patch_levels import BORDER_PX, Level, best_patches
from kbvr.inpaint.push_pull import spread
from kbvr.inpaint.working_size import at_working_size

FLAT_LEVELS = 4.0
"""Detail of patches of this strength (RMS, 8-bit levels) is halved, weaker detail more: it would only add noise."""

POOR_COST = 80.0
"""Cost of patches that are mixed with the guide in equal parts; worse ones count less."""

TRUSTED_SHARE, GUESSED_SHARE = 0.03, 0.08
MIN_TRUSTED_PX, MIN_GUESSED_PX = 12.0, 32.0
"""Distances from the sources, as shares of the long side, up to which patches are trusted whatever they cost, and from
which their cost decides. Moves show little that is farther away."""

GUIDED_PX, PATCHED_PX = 2.0, 8.0
"""Up to the first distance from the sources, everything is the guide, which continues them without a seam; patches are
mixed in up to the second."""

AROUND_PX = 7
"""Strength and cost are averaged over squares of this side."""


def patches(rgb: Picture, inverse_depth: Plane, *, hole: Mask, source: Mask) -> tuple[Picture, Plane]:
    """Fill the hole with patches of the sources, and its depth with continued planes; see `Filler`."""
    if not source.any() or not hole.any():
        return rgb.copy(), inverse_depth.copy()
    small = at_working_size(rgb, inverse_depth, hole=hole, source=source)
    known = small.known > 0
    if not known.any():  # sources that cover less than half of every working pixel
        return spread(rgb, inverse_depth, hole=hole, source=source)
    small_hole = small.hole & ~known
    guide = continued(small.planes, small.known, small_hole)
    complete, detail = guide, None
    at = np.flatnonzero(hole)
    if small_hole.any():
        level = best_patches(guide, known, small_hole)
        trust = _trust(level)
        share = trust * _joined(level, guide)
        complete = guide.copy()
        complete[:3] += share * (_inner(level.rgb) / np.float32(255) - guide[:3])
        if known.shape != hole.shape:
            detail = _lost_detail(level, trust, at=at, source=source)
    filled_rgb, filled_depth = rgb.copy(), inverse_depth.copy()
    for index in range(3):  # one by one: a large photo would take gigabytes at once
        plane = _enlarged(complete[index] * 255, hole.shape)
        colour = plane[at]
        if detail is not None:
            found, gain = detail
            colour += gain * (rgb[..., index].ravel()[found] - plane[found])
        filled_rgb[..., index].flat[at] = np.clip(colour + 0.5, 0, 255).astype(np.uint8)
    filled_depth.ravel()[at] = np.maximum(_enlarged(complete[3], hole.shape)[at], 0)
    return filled_rgb, filled_depth


def _trust(level: Level) -> Float32[np.ndarray, "h w"]:
    """Return the trust in patches, 0 to 1, by their distance from the sources and their cost."""
    distance_px, cost = _distance_px(level), _around(level, _inner(level.cost))
    side_px = max(cost.shape)
    start_px, end_px = max(MIN_TRUSTED_PX, TRUSTED_SHARE * side_px), max(MIN_GUESSED_PX, GUESSED_SHARE * side_px)
    trusted = np.clip((end_px - distance_px) / (end_px - start_px), 0, 1)
    return np.asarray(_inner(level.hole) * (trusted + (1 - trusted) / (1 + (cost / POOR_COST) ** 2)), np.float32)


def _joined(level: Level, guide: Float32[np.ndarray, "4 h w"]) -> Float32[np.ndarray, "h w"]:
    """Return the share of trusted patches in the result, 0 to 1; the rest is the guide."""
    detail = _inner(level.rgb) - 255 * guide[:3]
    strength = _around(level, (detail * detail).mean(axis=0))
    inside = np.clip((_distance_px(level) - GUIDED_PX) / (PATCHED_PX - GUIDED_PX), 0, 1)
    return np.asarray(inside * strength / (strength + FLAT_LEVELS**2), np.float32)


def _distance_px(level: Level) -> Float32[np.ndarray, "h w"]:
    return np.asarray(cv2.distanceTransform((_inner(level.source) == 0).astype(np.uint8), cv2.DIST_L2, 5), np.float32)


def _around(level: Level, values: Float32[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    """Return the mean of values over the hole in the square around every pixel."""
    hole, square = _inner(level.hole).astype(np.float32), (AROUND_PX, AROUND_PX)
    mean = cv2.boxFilter(np.asarray(values * hole, np.float32), -1, square)
    return np.asarray(mean / np.maximum(cv2.boxFilter(hole, -1, square), 1e-6), np.float32)


def _lost_detail(
    level: Level, trust: Float32[np.ndarray, "h w"], *, at: np.ndarray, source: Mask
) -> tuple[np.ndarray, Float32[np.ndarray, "N"]]:
    """Return which of the photo's pixels give `at` the detail that the working picture has lost, and its gain."""
    height, width = source.shape
    small_height, small_width = trust.shape
    match = _inner(level.match)
    seed = nearest_seed(match >= 0)[1]  # pixels at the rim of the hole take the match of their neighbour
    y, x = np.divmod(at, width)
    small_at = (2 * y + 1) * small_height // (2 * height) * small_width + (2 * x + 1) * small_width // (2 * width)
    seed = seed.ravel()[small_at]
    match_y, match_x = (c - BORDER_PX for c in np.divmod(match.ravel()[seed], level.match.shape[1]))
    seed_y, seed_x = np.divmod(seed, small_width)
    from_y = y + np.rint((match_y - seed_y) * (height / small_height)).astype(np.int64)
    from_x = x + np.rint((match_x - seed_x) * (width / small_width)).astype(np.int64)
    is_source = (from_y >= 0) & (from_x >= 0) & (from_y < height) & (from_x < width)
    found = np.where(is_source, from_y * width + from_x, 0)
    is_source &= source.ravel()[found]
    return found, np.asarray(trust.ravel()[seed] * is_source, np.float32)


def _inner(planes: np.ndarray) -> np.ndarray:
    return planes[..., BORDER_PX:-BORDER_PX, BORDER_PX:-BORDER_PX]


def _enlarged(plane: Float32[np.ndarray, "h w"], shape: tuple[int, ...]) -> Float32[np.ndarray, "N"]:
    return np.asarray(cv2.resize(plane, shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32).ravel()
