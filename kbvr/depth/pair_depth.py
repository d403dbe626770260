"""The depth of a photo with a second view: true disparity where both agree, a network's estimate elsewhere.

Disparity has no known zero: pairs are shifted so that the screen plane is at 0, and cameras may turn towards each
other. So scale and shift are those that fit the network's inverse depth best, and the distances are the network's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from kbvr.depth.behind import Behind
from kbvr.depth.depth_map import DepthMap
from kbvr.depth.guided_upsample import upsample_along_edges
from kbvr.depth.pair_alignment import Alignment, NoPairError, align
from kbvr.depth.pair_behind import seen_behind
from kbvr.depth.pair_joining import Joined, joined
from kbvr.depth.pair_matching import Matches, match
from kbvr.imaging.resize import averaged, resized, within_px
from kbvr.photo.photo import Photo
from kbvr.photo.second_view import SecondView

MATCHED_PX = 1024
"""Long side at which views are matched: a step of the disparity is a sixteenth of a pixel of it."""

MARGIN_PX, FAR_MARGIN, NEAR_MARGIN = 4.0, 0.15, 0.3
MAX_RANGE = 0.3
"""What is matched beyond the parallaxes of the common points, which few of the nearest things have: pixels, and shares
of their range; and the largest range, in photo widths."""

SWAPPED = -0.2
"""Correlation of parallax and estimate below which the second view is from the left."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class _Side:
    """A photo and its second view as if that were from the right: mirrored if it is from the left."""

    is_mirrored: bool

    def of(self, plane: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(plane[:, ::-1]) if self.is_mirrored else plane


def depth_of_pair(photo: Photo, estimate: Callable[[], DepthMap]) -> DepthMap | None:
    """Return the depth of a photo with a second view; None with a warning if that shows something else.

    `estimate` gives a network's depth. It is not called if the result is None because the two views are no pair.
    """
    view = photo.second_view
    if view is None:
        return None
    try:
        alignment = align(photo.rgb, view.rgb, side_px=MATCHED_PX)
        return _measured(photo, view, alignment, estimate())
    except NoPairError as error:
        _log.warning("the second view (%s) is not used: %s", view.source, error)
        return None


def _measured(photo: Photo, view: SecondView, alignment: Alignment, guess: DepthMap) -> DepthMap:
    small_px = within_px(photo.size_px, MATCHED_PX)
    small_guess = averaged(guess.inverse_depth, small_px)
    side = _Side(_is_from_left(alignment, small_guess))
    second = side.of(alignment.turned(view.rgb, photo.size_px))
    small = side.of(averaged(photo.rgb, small_px)), averaged(second, small_px)
    matches = _matches(small, alignment, side)
    trust = np.ones(small_px[::-1], np.float32)
    if guess.confidence is not None:
        trust = averaged(guess.confidence, small_px).astype(np.float32) / 255
    found = joined(matches, side.of(small_guess), side.of(trust))
    behind = seen_behind(side.of(photo.rgb), second, small, matches, found)
    values = side.of(found.inverse_depth)
    if values.shape[::-1] != photo.size_px:
        values = np.maximum(upsample_along_edges(values, photo.rgb), np.float32(0))
    confidence = np.clip(resized(side.of(found.confidence), photo.size_px) * 255 + 0.5, 0, 255).astype(np.uint8)
    return replace(
        guess,
        inverse_depth=values,
        confidence=confidence,
        network="",
        source=_source(view, alignment, found, guess, photo, side),
        behind=Behind(*(side.of(plane) for plane in (behind.rgb, behind.inverse_depth, behind.known))),
    )


def _is_from_left(alignment: Alignment, guess: np.ndarray) -> bool:
    """Return whether near things are farther right in the second view: their parallax contradicts the estimate."""
    height, width = guess.shape
    y, x = (
        np.clip((at * side).astype(np.intp), 0, side - 1) for at, side in ((alignment.v, height), (alignment.u, width))
    )
    parallax = np.clip(alignment.parallax, *np.percentile(alignment.parallax, (1, 99)))
    values = guess[y, x].astype(np.float64)
    return bool(np.ptp(values) > 0) and float(np.corrcoef(values, parallax)[0, 1]) < SWAPPED


def _matches(small: tuple[np.ndarray, np.ndarray], alignment: Alignment, side: _Side) -> Matches:
    parallax_px = alignment.parallax * small[0].shape[1] * (-1 if side.is_mirrored else 1)
    low, high = np.percentile(parallax_px, (0.5, 99.5))
    low_px, high_px = low - FAR_MARGIN * (high - low) - MARGIN_PX, high + NEAR_MARGIN * (high - low) + MARGIN_PX
    high_px = min(high_px, low_px + MAX_RANGE * small[0].shape[1])
    return match(*small, low_px=float(low_px), high_px=float(high_px))


def _source(view: SecondView, alignment: Alignment, found: Joined, guess: DepthMap, photo: Photo, side: _Side) -> str:
    share = f"{float(found.known.mean()):.0%} of it measured by its pair ({view.source})"
    rows = f"rows {alignment.residual * photo.size_px[0]:.1f} px apart"
    rest = f"the rest from {guess.network or 'the estimate'}"
    return "; ".join([share, rows, *(["the second view is the left eye's"] if side.is_mirrored else []), rest])
