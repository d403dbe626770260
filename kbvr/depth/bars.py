"""Bars of a photo: thin straight things, such as poles, legs, tubes and rails, by the two lines along their sides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from kbvr.imaging.array_types import Picture
from kbvr.imaging.line_segments import Ends, line_segments
from kbvr.imaging.resize import shrunk

DETECTION_PX = 640
"""Long side of the picture in which bars are detected: in smaller ones, bars blur into single lines."""

MIN_LENGTH = 0.02
"""Length of the shortest segment, as a share of the long side."""

MOST_SEGMENTS = 320
"""The longest segments that count: more take time and add little."""

WIDTHS = (0.0016, 0.028)
"""Width of the thinnest and the widest bar, as a share of the long side."""

MIN_SLENDERNESS = 3.0
"""Minimum length over which both sides are seen, in widths."""

MIN_OVERLAP = 0.5
"""The same, as a share of the shorter side."""

COLLINEAR_COS, PARALLEL_COS = np.cos(np.radians((2.5, 4.0)))
"""Cosines of the largest angle between two parts of one bar, and between the two sides of a bar."""

OFF_LINE_PX = (1.0, 0.01)
"""How far a part may be off the line that it continues: at least, and as a share of the distance."""

GAP = 0.8
"""Longest gap between parts of one bar, as a share of the longer one; something may cross a bar."""

MAX_WIDER = 1.6
"""Largest ratio between the widths of the parts of one bar."""

JOINED_TWICE, MIN_SIDES = 2, 2


@dataclass(frozen=True, eq=False)
class Bars:
    """Bars, with the longest segments first."""

    ends: Ends
    """Both ends of their middle lines."""

    width_px: Float64[np.ndarray, "N"]

    def __len__(self) -> int:
        """Return the number of bars."""
        return len(self.ends)

    @property
    def length_px(self) -> Float64[np.ndarray, "N"]:
        """Their lengths."""
        return _directions(self.ends)[1]

    def at_scale(self, scale: float) -> Bars:
        """Return the same bars in a picture of another size."""
        return Bars((self.ends + 0.5) * scale - 0.5, self.width_px * scale)


@dataclass(frozen=True, eq=False)
class _Pairs:
    """How segments lie relative to each other: entry (i, j) is about segment j, seen from segment i."""

    cosine: Float64[np.ndarray, "N N"]
    off_px: Float64[np.ndarray, "2 N N"]
    """Signed distances of the ends from the line."""

    start_px: Float64[np.ndarray, "N N"]
    end_px: Float64[np.ndarray, "N N"]
    """Positions along the line, from the middle of segment i."""

    length_px: Float64[np.ndarray, "N"]

    @classmethod
    def of(cls, ends: Ends) -> _Pairs:
        """Return the relations between some segments."""
        along, length_px = _directions(ends)
        across, middle = _across(along), ends.mean(axis=1)
        off_px, positions = (
            np.stack([axes @ ends[:, end].T for end in (0, 1)]) - (axes * middle).sum(axis=1)[:, None]
            for axes in (across, along)
        )
        return cls(along @ along.T, off_px, np.minimum(*positions), np.maximum(*positions), length_px)


def bars_of(rgb: Picture, long_side_px: int) -> Bars:
    """Return the bars of a picture, in pixels of the same picture at another size."""
    picture = shrunk(rgb, DETECTION_PX)
    detected_px = max(picture.shape)
    segments = line_segments(picture, min_px=MIN_LENGTH * detected_px)[:MOST_SEGMENTS]
    if len(segments) < MIN_SIDES:
        return Bars(np.zeros((0, 2, 2)), np.zeros(0))
    return joined(_paired(segments, detected_px)).at_scale(long_side_px / detected_px)


def joined(bars: Bars) -> Bars:
    """Return bars, each extended over those that continue it."""
    if not len(bars):
        return bars
    along, length_px = _directions(bars.ends)
    pairs = _Pairs.of(bars.ends)
    distance_px = np.maximum(np.abs(pairs.start_px), np.abs(pairs.end_px))
    off_line = np.maximum(*np.abs(pairs.off_px)) > OFF_LINE_PX[0] + OFF_LINE_PX[1] * distance_px
    as_wide = np.abs(np.log(bars.width_px[:, None] / bars.width_px)) < np.log(MAX_WIDER)
    same = (np.abs(pairs.cosine) > COLLINEAR_COS) & as_wide & ~off_line
    start_px, end_px = -length_px / 2, length_px / 2
    for _ in range(JOINED_TWICE):
        gap_px = np.maximum(pairs.start_px - end_px[:, None], start_px[:, None] - pairs.end_px)
        close = same & (gap_px <= GAP * np.maximum((end_px - start_px)[:, None], length_px))
        start_px = np.minimum(start_px, np.where(close, pairs.start_px, np.inf).min(axis=1))
        end_px = np.maximum(end_px, np.where(close, pairs.end_px, -np.inf).max(axis=1))
    middle = bars.ends.mean(axis=1)
    ends = np.stack([middle + along * start_px[:, None], middle + along * end_px[:, None]], axis=1)
    return Bars(ends, bars.width_px)


def _paired(ends: Ends, picture_px: int) -> Bars:
    """Return the bars between segments: the closest partner of each on either side, with the opposite contrast."""
    pairs = _Pairs.of(ends)
    half = pairs.length_px / 2
    both_px = np.minimum(pairs.end_px, half[:, None]) - np.maximum(pairs.start_px, -half[:, None])
    off_px = (pairs.off_px[0] + pairs.off_px[1]) / 2
    width_px = np.abs(off_px)
    fits = (pairs.cosine < -PARALLEL_COS) & (pairs.off_px[0] * pairs.off_px[1] > 0)
    fits &= (width_px >= WIDTHS[0] * picture_px) & (width_px <= WIDTHS[1] * picture_px)
    shorter_px = np.minimum(pairs.length_px[:, None], pairs.length_px)
    fits &= both_px >= np.maximum(MIN_OVERLAP * shorter_px, MIN_SLENDERNESS * width_px)
    chosen: set[tuple[int, int]] = set()
    for side in (-1, 1):
        cost = np.where(fits & (side * off_px > 0), width_px, np.inf)
        found = np.flatnonzero(np.isfinite(cost.min(axis=1)))
        partners = cost[found].argmin(axis=1)
        chosen |= {(min(pair), max(pair)) for pair in zip(found.tolist(), partners.tolist(), strict=True)}
    if not chosen:
        return Bars(np.zeros((0, 2, 2)), np.zeros(0))
    first, second = np.array(sorted(chosen)).T
    return _between(ends[first], ends[second])


def _between(first: Ends, second: Ends) -> Bars:
    """Return the bars between two segments of opposite direction."""
    along, _ = _directions(first - second)
    both = np.stack([first, second], axis=1)
    middle = both.mean(axis=(1, 2))
    away = both - middle[:, None, None]
    off_px = (away * _across(along)[:, None, None]).sum(axis=3).mean(axis=2)
    positions = (away * along[:, None, None]).sum(axis=3).reshape(len(first), -1)
    reach = np.stack([positions.min(axis=1), positions.max(axis=1)], axis=1)
    middle = middle + _across(along) * off_px.mean(axis=1, keepdims=True)
    return Bars(middle[:, None] + along[:, None] * reach[..., None], np.abs(np.diff(off_px, axis=1))[:, 0])


def _directions(ends: Ends) -> tuple[Float64[np.ndarray, "N 2"], Float64[np.ndarray, "N"]]:
    """Return the directions of segments, of length 1, and their lengths."""
    along = ends[:, 1] - ends[:, 0]
    length_px = np.linalg.norm(along, axis=1)
    return along / np.maximum(length_px, 1e-9)[:, None], length_px


def _across(along: Float64[np.ndarray, "N 2"]) -> Float64[np.ndarray, "N 2"]:
    return np.stack([-along[:, 1], along[:, 0]], axis=1)
