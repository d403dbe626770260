"""Find the picture inside the border of a scanned print, and how far the print is turned.

A border is one light colour from the edge of the scan to straight lines on at least three sides. It is peeled off in
layers: first the scanner's ground, then the paper.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians, sin

import cv2
import numpy as np
from jaxtyping import Bool, Float64, UInt8

from kbvr.imaging.array_types import Picture
from kbvr.imaging.resize import shrunk

SIDE_PX = 768
"""Size at which borders are found."""

TOLERANCE = 14
"""Levels by which a border's colour varies."""

MIN_LIGHT = 165
"""Darkest channel of a border's colour."""

FRAME_PX = 2
MIN_FRAME_SHARE = 0.7
"""So much of the scan's outermost pixels has the border's colour."""

MIN_WIDTH_SHARE = 0.008
"""Narrowest border, as a share of the long side."""

MAX_TURN_DEG = 10.0
MAX_DISAGREEMENT_DEG = 0.7
STRAIGHT_DEG = 0.15
"""A print that is turned by less is not turned back, because that would only blur it."""

INLIER_PX = 1.5
MIN_INLIERS = 0.55
"""Share of a side's rows whose first pixel of the picture lies on the side's line."""

INSET_PX = 1.5
"""The edge of a print is soft: so much of it goes with the border."""

MIN_KEPT = 0.5
"""A picture takes up at least this share of either side of a scan."""

MAX_LAYERS = 3
TRIALS = 200


@dataclass(frozen=True, eq=False)
class Crop:
    """The picture in a scan."""

    scan_to_picture: Float64[np.ndarray, "2 3"]
    """x and y of a pixel's middle in the scan -> in the picture, both in pixels from the first pixel's corner."""

    size_px: tuple[int, int]
    """(width, height) of the picture."""

    @property
    def turned_deg(self) -> float:
        """How far the print is turned in the scan, clockwise."""
        return float(-np.degrees(np.arctan2(self.scan_to_picture[1, 0], self.scan_to_picture[0, 0])))

    def of(self, rgb: Picture) -> UInt8[np.ndarray, "h w 3"]:
        """Return the picture from a scan."""
        (a, b, x), (c, d, y) = self.scan_to_picture
        width, height = self.size_px
        if b == 0 and c == 0 and a == d == 1:
            left, top = round(-x), round(-y)
            return np.ascontiguousarray(rgb[top : top + height, left : left + width])
        middles = np.array([[a, b, x + (a + b) / 2 - 0.5], [c, d, y + (c + d) / 2 - 0.5]])
        done = cv2.warpAffine(rgb, middles, self.size_px, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(done, np.uint8)


def picture_in_scan(rgb: Picture) -> Crop | None:
    """Return the picture inside a border, None if there is no border."""
    small = shrunk(rgb, SIDE_PX)
    whole = np.eye(3)
    seen = small
    for _ in range(MAX_LAYERS):
        peeled = _peeled(seen)
        if peeled is None:
            break
        whole = np.vstack([peeled.scan_to_picture, [0, 0, 1]]) @ whole
        crop = Crop(whole[:2], peeled.size_px)
        seen = crop.of(small)
    if seen is small:
        return None
    return _at_full_size(crop, rgb.shape[1] / small.shape[1], rgb.shape[0] / small.shape[0])


def _at_full_size(crop: Crop, times_x: float, times_y: float) -> Crop:
    """Return a crop of a small copy as one of the scan itself; a crop that is not turned has whole pixels."""
    width, height = (round(side * times) for side, times in zip(crop.size_px, (times_x, times_y), strict=True))
    matrix = crop.scan_to_picture.copy()
    matrix[:, 2] *= (times_x, times_y)
    if abs(crop.turned_deg) < STRAIGHT_DEG:
        matrix = np.array([[1.0, 0, np.round(matrix[0, 2])], [0, 1.0, np.round(matrix[1, 2])]])
    return Crop(matrix, (width, height))


def _peeled(rgb: Picture) -> Crop | None:
    """Return the picture inside the outermost layer of a border, None if there is no layer."""
    height, width = rgb.shape[:2]
    frame = np.ones((height, width), bool)
    frame[FRAME_PX:-FRAME_PX, FRAME_PX:-FRAME_PX] = False
    colour = np.median(rgb[frame], axis=0)
    other = np.abs(cv2.medianBlur(rgb, 3).astype(np.float32) - colour.astype(np.float32)).max(axis=2) > TOLERANCE
    if colour.min() < MIN_LIGHT or (~other[frame]).mean() < MIN_FRAME_SHARE:
        return None
    # left, top, right, bottom: each as the distance of the picture from the scan's edge, row by row
    sides = [_side(view) for view in (other, other.T, other[:, ::-1], other.T[:, ::-1])]
    lines = [line for line in sides if line is not None and line[0] >= MIN_WIDTH_SHARE * max(width, height)]
    if len(lines) < 2 or any(line is None for line in sides):
        return None
    # the slope of a side is that of a print turned clockwise, or anticlockwise
    signs = (-1, 1, 1, -1)
    turns = [
        sign * np.degrees(np.arctan(line[1]))
        for sign, line in zip(signs, sides, strict=True)
        if line is not None and line[0] >= MIN_WIDTH_SHARE * max(width, height)
    ]
    turn_deg = float(np.median(turns))
    if np.ptp(turns) > MAX_DISAGREEMENT_DEG or abs(turn_deg) > MAX_TURN_DEG:
        return None
    return _crop((width, height), [line[0] for line in sides if line is not None], turn_deg)


def _side(other: Bool[np.ndarray, "h w"]) -> tuple[float, float] | None:
    """Return the distance of a picture from the left edge at half the height, and its change per row; None if unclear.

    Without a border on this side, both are 0.
    """
    rows = np.flatnonzero(other.any(axis=1))
    if len(rows) < 0.5 * len(other):
        return None
    rows = rows[(rows > 0.05 * len(other)) & (rows < 0.95 * len(other))]
    first = other[rows].argmax(axis=1).astype(np.float64)
    if (first <= FRAME_PX).mean() > MIN_INLIERS:
        return 0.0, 0.0
    y = rows - (len(other) - 1) / 2
    steepest = np.tan(radians(MAX_TURN_DEG + 1))
    rng = np.random.default_rng(0)
    best: Bool[np.ndarray, " n"] = np.zeros(len(rows), bool)
    for _ in range(TRIALS):
        a, b = rng.choice(len(rows), 2, replace=False)
        if abs(y[a] - y[b]) < 0.1 * len(other):
            continue
        slope = (first[a] - first[b]) / (y[a] - y[b])
        near = np.abs(first - first[a] - slope * (y - y[a])) < INLIER_PX
        if abs(slope) <= steepest and near.sum() > best.sum():
            best = near
    if best.sum() < MIN_INLIERS * len(rows):
        return None
    slope, offset = np.polyfit(y[best], first[best], 1)
    return float(offset), float(slope)


def _crop(size_px: tuple[int, int], distances: list[float], turn_deg: float) -> Crop | None:
    """Return the crop between four sides (left, top, right, bottom), given at the middle of the scan's edges."""
    width, height = size_px
    turn = 0.0 if abs(turn_deg) < STRAIGHT_DEG else turn_deg
    c, s = cos(radians(turn)), sin(radians(turn))
    back = np.array([[c, s], [-s, c]])
    left, top, right, bottom = distances
    middle = np.array([width / 2, height / 2])
    ends = np.array([[left, middle[1]], [middle[0], top], [width - right, middle[1]], [middle[0], height - bottom]])
    turned = (ends - middle) @ back.T
    bounds = [turned[0, 0], turned[1, 1], turned[2, 0], turned[3, 1]]
    for index, distance in enumerate(distances):
        bounds[index] += (INSET_PX if distance > 0 else 0) * (1 if index < 2 else -1)
    x, y = bounds[:2] if turn else np.ceil(bounds[:2])
    w, h = int(bounds[2] - x), int(bounds[3] - y)
    if w < MIN_KEPT * width or h < MIN_KEPT * height:
        return None
    offset = -back @ middle - (x, y)
    if not turn:
        offset = np.round(offset)
    return Crop(np.column_stack([back, offset]), (w, h))
