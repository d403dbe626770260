"""The halves of a picture that holds both views of a stereo pair."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float32, Float64, UInt8

from kbvr.imaging.matched_points import matched_points
from kbvr.imaging.resize import averaged, resized
from kbvr.photo.pair_layout import PairLayout, StatedLayout

Rgb = UInt8[np.ndarray, "h w 3"]
Half = UInt8[np.ndarray, "h2 w2 3"]

THUMBNAIL_PX = (96, 72)
MAX_SHIFT_PX = 18
MIN_LIKENESS = 0.4
"""Size at which the outlines of halves are compared, the most by which one is shifted sideways, and the correlation
from which on it is worth looking closely."""

COMPARED_PX = 640
MAX_VERTICAL_SHARE, MAX_SIDEWAYS_SHARE = 0.01, 0.12
"""Size at which points of the halves are matched, and by how much their shifts may differ."""

MIN_POINTS, MIN_POINT_SHARE = 20, 0.5
"""Number and share of matched points in halves that show the same thing."""

MIN_SIDE_PX, MIN_PARALLAX = 160, 0.004
"""Smallest side of pictures that are asked, and by how much the shifts of points must differ, in widths of a half.

Halves of tiles and of repeated pictures are alike too, but show no parallax.
"""

MAX_BAR_SHARE, BAR_LEVELS = 0.05, 16
"""Widest half of a bar between two views, as a share of a view, and by how many levels its colour varies."""

SHAPES: dict[PairLayout, tuple[float, float]] = {"sbs": (1.1, 4.5), "tb": (0.4, 1.4)}
"""Width over height of pictures that are asked whether they are pairs."""


def split(rgb: Rgb, layout: StatedLayout) -> tuple[Half, Half]:
    """Return the left and the right eye's view, at their full shape, without the middle line of an odd number.

    A bar of one colour between the views is left out.
    """
    is_stacked = layout.startswith(("tb", "bt"))
    along = rgb if is_stacked else rgb.transpose(1, 0, 2)
    size = len(along) // 2
    bar = _bar_px(along)
    first, second = along[: size - bar], along[-size:][bar:]
    if layout.startswith(("cross", "bt")):
        first, second = second, first
    if not is_stacked:
        first, second = first.transpose(1, 0, 2), second.transpose(1, 0, 2)
    if layout.endswith("-half"):
        height, width = first.shape[:2]
        full_px = (width, 2 * height) if is_stacked else (2 * width, height)
        first, second = (resized(np.ascontiguousarray(view), full_px) for view in (first, second))
    return np.ascontiguousarray(first), np.ascontiguousarray(second)


def _bar_px(lines: UInt8[np.ndarray, "n m 3"]) -> int:
    """Return how many lines on each side of the middle have one colour: those of a bar between two views."""
    size = len(lines) // 2
    most = int(MAX_BAR_SHARE * size)
    colour = np.median(lines[size], axis=0)
    count = 0
    while count <= most:
        both = np.stack([lines[size - 1 - count], lines[len(lines) - size + count]]).astype(np.float32)
        if np.abs(both - colour).max() > BAR_LEVELS:
            break
        count += 1
    return count if count <= most else 0


def are_alike(rgb: Rgb, layout: PairLayout) -> bool:
    """Return whether both halves show the same things in the same rows."""
    return _shifts_sideways(rgb, layout).size > 0


def _shifts_sideways(rgb: Rgb, layout: PairLayout) -> Float64[np.ndarray, "N"]:
    """Return how much farther aside each point is in the second half than most are, in its widths.

    None if the halves are not alike.
    """
    first, second = matched_points(*split(rgb, layout), side_px=COMPARED_PX)
    if len(first) < MIN_POINTS:
        return np.zeros(0)
    shift = first - second - np.median(first - second, axis=0)
    agrees = (np.abs(shift[:, 1]) < MAX_VERTICAL_SHARE) & (np.abs(shift[:, 0]) < MAX_SIDEWAYS_SHARE)
    is_alike = int(agrees.sum()) >= MIN_POINTS and float(agrees.mean()) >= MIN_POINT_SHARE
    return shift[agrees, 0] if is_alike else np.zeros(0)


def _likeness(rgb: Rgb, layout: PairLayout) -> float:
    """Return how alike the outlines in both halves are, -1 to 1, at the best shift sideways."""
    first, second = (_outlines(view) for view in split(rgb, layout))
    inside = first[2:-2, MAX_SHIFT_PX:-MAX_SHIFT_PX]
    if not (inside.any() and second.any()):
        return 0.0
    return float(cv2.matchTemplate(second, inside, cv2.TM_CCOEFF_NORMED).max())


def probable_layout(rgb: Rgb) -> PairLayout | None:
    """Return how a picture looks like a pair, None for ordinary photos."""
    shape = rgb.shape[1] / rgb.shape[0]
    if min(rgb.shape[0], rgb.shape[1]) < MIN_SIDE_PX:
        return None
    for layout, (low, high) in SHAPES.items():
        if not (low <= shape <= high and _likeness(rgb, layout) > MIN_LIKENESS):
            continue
        shifts = _shifts_sideways(rgb, layout)
        if shifts.size and np.subtract(*np.percentile(shifts, (90, 10))) > MIN_PARALLAX:
            return layout
    return None


def _outlines(view: Half) -> Float32[np.ndarray, "h w"]:
    grey = cv2.cvtColor(averaged(view, THUMBNAIL_PX), cv2.COLOR_RGB2GRAY).astype(np.float32)
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    return np.asarray(np.sqrt(across * across + down * down), np.float32)
