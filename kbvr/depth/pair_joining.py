"""Join the disparity of a stereo pair, where it is known, with the estimate of a network, elsewhere.

What only the first view shows lies behind what hides it from the second, and continues the surface beside it. The rest
has no texture, or is outside the second view: there the network's estimate is corrected by its difference from the
disparity nearby, which is spread on every surface but not across the estimate's steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from kbvr.depth.bilateral_grid import BilateralGrid
from kbvr.depth.pair_alignment import NoPairError
from kbvr.depth.pair_matching import Matches
from kbvr.depth.placement import FARTHEST_OVER_NEAREST
from kbvr.imaging.array_types import Mask, SmallPlane

IN_FRONT_PX = 1.0
"""A surface hides what has a smaller disparity by more than this."""

MEDIAN_PX = 5
KNOWN_ERROR_PX, HIDDEN_ERROR_PX = 0.5, 2.0
"""Expected errors of a known disparity, and of one that is continued from beside."""

MIN_KNOWN = 0.1
"""Pairs of which a smaller share matches say too little."""

LEVELS, LEVEL_SHARE = 16, 0.003
"""Levels of disparity that count alike in the fit, and the least share of the pixels in one that counts."""

MIN_SPREAD = 0.1
"""An estimate whose range over the pair's is smaller than this share of its nearest value says nothing."""

FARTHEST_PERCENTILE = 1.0
"""No more than this share of the known disparities may be beyond infinity."""


@dataclass(frozen=True, eq=False)
class Joined:
    """The disparity of every pixel of the first view."""

    disparity_px: SmallPlane
    known: Bool[np.ndarray, "h w"]
    confidence: SmallPlane
    """0 to 1, as in `DepthMap`."""

    scale: float
    infinity_px: float
    """The disparity is scale * inverse depth + infinity_px, in the unit of the network's estimate."""

    @property
    def inverse_depth(self) -> SmallPlane:
        """Return the inverse depth in the estimate's unit, >= 0."""
        return self.inverse_depth_of(self.disparity_px)

    def inverse_depth_of(self, disparity_px: SmallPlane) -> SmallPlane:
        """Return the inverse depth of other disparities."""
        return np.maximum((disparity_px - np.float32(self.infinity_px)) / np.float32(self.scale), np.float32(0))


def joined(matches: Matches, estimate: SmallPlane, confidence: SmallPlane) -> Joined:
    """Join the matches of a pair with a network's inverse depth and its confidence, 0 to 1.

    Raises:
        NoPairError: if too little of the pair matches.
    """
    known = matches.known
    if known.mean() < MIN_KNOWN:
        raise NoPairError("too few of their pixels match")
    line = _line(estimate[known], matches.disparity_px[known])
    hidden, behind_px = _hidden_from_second(matches)
    disparity_px = np.where(hidden, behind_px, matches.disparity_px)
    is_given = known | hidden
    scale, infinity_px = line or _placed(estimate, matches.disparity_px[known])
    guess_px = np.float32(scale) * estimate + np.float32(infinity_px)
    rest_px = behind_px if line is None else _corrected(guess_px, disparity_px, is_given)
    disparity_px = np.where(is_given, disparity_px, rest_px).astype(np.float32)
    disparity_px = np.asarray(cv2.medianBlur(disparity_px, MEDIAN_PX), np.float32)
    spread_px = max(float(np.abs(disparity_px - np.median(disparity_px)).mean()), 1e-6)
    sure = np.where(hidden, 1 / (1 + HIDDEN_ERROR_PX / spread_px), confidence)
    sure = np.where(known, 1 / (1 + KNOWN_ERROR_PX / spread_px), sure).astype(np.float32)
    farthest_px = float(np.percentile(disparity_px[known], FARTHEST_PERCENTILE))
    return Joined(disparity_px, known, sure, scale, min(infinity_px, farthest_px))


def farther_neighbour(values: SmallPlane, known: Mask) -> tuple[SmallPlane, Mask]:
    """Return the smaller one of the known values nearest to the left and right of every pixel, and where there is one.

    A known pixel keeps its own value.
    """
    width = known.shape[1]
    columns = np.broadcast_to(np.arange(width), known.shape)
    left = np.maximum.accumulate(np.where(known, columns, -1), axis=1)
    right = np.minimum.accumulate(np.where(known, columns, width)[:, ::-1], axis=1)[:, ::-1]
    rows = np.arange(len(known))[:, None]
    at_left = np.where(left >= 0, values[rows, np.maximum(left, 0)], np.float32(np.inf))
    at_right = np.where(right < width, values[rows, np.minimum(right, width - 1)], np.float32(np.inf))
    found = np.minimum(at_left, at_right)
    has = np.isfinite(found)
    return np.where(has, found, np.float32(0)), has


def _line(estimate: Float32[np.ndarray, "N"], disparity_px: Float32[np.ndarray, "N"]) -> tuple[float, float] | None:
    """Return scale and shift from the estimate to the disparity, None if they contradict each other.

    The estimate is wrong here and there, and a large wall says nothing of the scale. So its median is taken at every
    level of disparity, and of the slopes between two levels the median, weighted by their distance (Theil and Sen).
    """
    low_px, high_px = (float(value) for value in np.percentile(disparity_px, (2, 98)))
    spread_px = max(high_px - low_px, 1.0)
    level = ((disparity_px - np.float32(low_px)) * np.float32(LEVELS / spread_px)).clip(0, LEVELS - 1).astype(np.intp)
    inside = [
        at for at in (np.flatnonzero(level == one) for one in range(LEVELS)) if at.size > LEVEL_SHARE * level.size
    ]
    wanted, given = (np.array([np.median(values[at]) for at in inside]) for values in (disparity_px, estimate))
    first, second = np.triu_indices(len(inside), 1)
    if first.size:
        apart_px = wanted[second] - wanted[first]
        slopes = (given[second] - given[first]) / apart_px
        order = np.argsort(slopes)
        middle = float(slopes[order][np.searchsorted(np.cumsum(apart_px[order]), apart_px.sum() / 2)])
        if middle * spread_px > MIN_SPREAD * float(np.percentile(estimate, 98)):
            return 1 / middle, float(np.median(wanted - given / middle))
    return None


def _placed(estimate: SmallPlane, disparity_px: Float32[np.ndarray, "N"]) -> tuple[float, float]:
    """Return scale and shift that put the nearest things where the estimate has its nearest.

    The farthest are as far beyond as `kbvr.depth.placement` puts them.
    """
    low_px, high_px = (float(value) for value in np.percentile(disparity_px, (2, 98)))
    nearest = max(float(np.percentile(estimate, 98)), 1e-6)
    scale = max(high_px - low_px, 1.0) / (nearest * (1 - 1 / FARTHEST_OVER_NEAREST))
    return scale, high_px - scale * nearest


def _hidden_from_second(matches: Matches) -> tuple[Mask, SmallPlane]:
    """Return the pixels that the second view does not show because something is in front, and their disparity.

    That of the farther surface beside such a pixel leads to a place in the second view where something nearer is.
    """
    height, width = matches.known.shape
    behind_px, has = farther_neighbour(matches.disparity_px, matches.known)
    x = np.rint(np.arange(width) - behind_px).astype(np.intp)
    there = np.where(matches.second_known, matches.second_disparity_px, np.float32(-np.inf))
    in_front = there[np.arange(height)[:, None], x.clip(0, width - 1)] > behind_px + IN_FRONT_PX
    return ~matches.known & has & (x >= 0) & (x < width) & in_front, behind_px


def _corrected(guess_px: SmallPlane, disparity_px: SmallPlane, is_given: Mask) -> SmallPlane:
    """Return the guess plus its difference from what is given, spread on every surface of the guess."""
    grid = BilateralGrid.of(guess_px)
    if grid is None:
        return guess_px
    y, x = np.mgrid[: guess_px.shape[0] : 2, : guess_px.shape[1] : 2].astype(np.float32)
    weights = is_given[::2, ::2].astype(np.float32)
    differences = weights * (disparity_px - guess_px)[::2, ::2]
    corners = grid.corners(x, y)
    total, count = (
        grid.at_pixels(grid.blurred(corners.added(values, grid.nodes)), guess_px) for values in (differences, weights)
    )
    return guess_px + total / np.maximum(count, np.float32(1e-6))
