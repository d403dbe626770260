"""Small things that are lighter (or darker) than everything around them, and what they look like.

Opening by a disc (Serra, "Image Analysis and Mathematical Morphology", 1982) removes what is narrower than the disc;
the top-hat is what it removes.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, Float64, Int32

from kbvr.imaging.array_types import Bytes, Mask, Picture, Plane

DISC_PX = 13
"""Wider things are not damage."""

AROUND_PX = 33
"""Side of the square that shows how busy a place is."""

WEAK_LEVELS, STRONG_LEVELS = 14.0, 32.0
"""A candidate's pixels stand out by the first number of levels, and some of them by the second."""

WEAK_SHARE = 0.35
"""They also stand out by this share of what stands out most nearby, so that scratches do not grow into textures."""

PIECE_PX = 48
"""Candidates that are larger are judged piece by piece, in squares of this side: a scratch can cross a fence."""

RIM_PX = 4
MIN_AREA_PX = 3
RING_PX = 4
"""The ring around a candidate shows what it lies on."""

FEATURES = (
    "log area",
    "log length",
    "width",
    "log elongation",
    "contrast",
    "level",
    "activity opposite",
    "activity same",
    "others nearby",
    "sharpness",
    "unevenness of the ring",
    "unevenness",
    "chroma",
    "log candidates",
    "log background",
)


@dataclass(frozen=True, eq=False)
class Candidates:
    """The candidates of one picture."""

    labels: Int32[np.ndarray, "H W"]
    """Number of the candidate at each pixel, from 1; 0 for none."""

    features: Float64[np.ndarray, "N F"]
    """A row for each candidate; the columns are FEATURES."""

    wholes: Int32[np.ndarray, "N"]
    """Number of the connected thing that each of them is a piece of."""


def light_candidates(rgb: Picture) -> Candidates:
    """Return things that are lighter than what is around them."""
    return _candidates(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), _chroma(rgb))


def dark_candidates(rgb: Picture) -> Candidates:
    """Return things that are darker than what is around them."""
    return _candidates(np.asarray(255 - cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)), _chroma(rgb))


def _chroma(rgb: Picture) -> Plane:
    """Return how far colours are from that of the lightest pixels, in levels."""
    small = rgb.reshape(-1, 3)
    light = small.min(axis=1)
    white = np.maximum(small[light >= np.percentile(light, 98)].mean(axis=0), 1)
    toned = rgb * np.asarray(white.max() / white, np.float32)
    return np.asarray(toned.max(axis=2) - toned.min(axis=2), np.float32)


def _candidates(grey: Bytes, chroma: Plane) -> Candidates:
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (DISC_PX, DISC_PX))
    background = cv2.morphologyEx(grey, cv2.MORPH_OPEN, disc)
    hat = (grey - background).astype(np.float32)
    opposite = (cv2.morphologyEx(grey, cv2.MORPH_CLOSE, disc) - grey).astype(np.float32)
    busy = cv2.blur(opposite, (AROUND_PX, AROUND_PX))
    strongest_near = cv2.dilate(hat, np.ones((AROUND_PX, AROUND_PX), np.uint8))
    weak = hat > np.maximum(np.maximum(WEAK_LEVELS, busy), WEAK_SHARE * strongest_near)
    labels, wholes = _pieces(weak, hat)
    return Candidates(labels, _features(labels, grey, background, hat, opposite, chroma, len(wholes)), wholes)


def _pieces(weak: Mask, hat: Plane) -> tuple[Int32[np.ndarray, "H W"], Int32[np.ndarray, "N"]]:
    """Return the number of the piece at each pixel, from 1, and the number of the connected thing of each piece."""
    count, whole = cv2.connectedComponents(weak.astype(np.uint8), connectivity=8)
    strongest, inner = np.zeros(count, np.float32), np.zeros(weak.shape, bool)
    np.maximum.at(strongest, whole.ravel(), hat.ravel())
    inner[RIM_PX:-RIM_PX, RIM_PX:-RIM_PX] = True
    area, inside = (np.bincount(whole.ravel(), mask.ravel(), count) for mask in (weak, inner & weak))
    kept = (strongest > STRONG_LEVELS) & (area >= MIN_AREA_PX) & (2 * inside > area)
    kept[0] = False
    y, x = np.nonzero(kept[whole])
    cells = (y // PIECE_PX) * (weak.shape[1] // PIECE_PX + 1) + x // PIECE_PX
    keys, numbers = np.unique(whole[y, x].astype(np.int64) * (cells.max(initial=0) + 1) + cells, return_inverse=True)
    labels = np.zeros(weak.shape, np.int32)
    labels[y, x] = numbers + 1
    return labels, (keys // (cells.max(initial=0) + 1)).astype(np.int32)


def _features(
    labels: Int32[np.ndarray, "H W"],
    grey: Bytes,
    background: Bytes,
    hat: Plane,
    opposite: Plane,
    chroma: Plane,
    count: int,
) -> Float64[np.ndarray, "N F"]:
    mask = labels > 0
    flat = labels[mask]
    area = np.maximum(np.bincount(flat, minlength=count + 1)[1:], 1)

    def mean(plane: np.ndarray) -> Float64[np.ndarray, "N"]:
        return np.bincount(flat, plane[mask], minlength=count + 1)[1:] / area

    inside_px = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 3)
    width = 4 * mean(inside_px) - 1
    box = _diagonals(labels, count)
    length = np.maximum(box, area / np.maximum(width, 1))
    contrast = mean(hat)
    white = max(float(np.percentile(grey, 99.5)), 1)
    level = mean(grey) / white
    # what is around a candidate, without the candidates
    around = np.asarray(~mask, np.float32)
    window = (AROUND_PX, AROUND_PX)
    free = np.maximum(cv2.blur(around, window), 0.05)
    same = cv2.blur(np.asarray(hat * around, np.float32), window) / free
    crossing = cv2.blur(np.asarray(opposite * around, np.float32), window) / free
    share = cv2.blur(np.asarray(mask, np.float32), window)
    others = mean(share) - np.minimum(area, width * AROUND_PX) / AROUND_PX**2
    slope = cv2.magnitude(*(cv2.Sobel(grey, cv2.CV_32F, dx, 1 - dx, ksize=3, scale=1 / 8) for dx in (1, 0)))
    rim = mask & (inside_px < 1.5)
    rims = np.maximum(np.bincount(labels[rim], minlength=count + 1)[1:], 1)
    sharpness = np.bincount(labels[rim], slope[rim], minlength=count + 1)[1:] / rims / contrast
    ring_mean, ring_deviation = _ring(labels, count, background)
    spread = np.sqrt(np.maximum(mean(grey.astype(np.float32) ** 2) - mean(grey) ** 2, 0))
    columns = (
        np.log(area),
        np.log(length),
        width,
        np.log(length / np.maximum(width, 1)),
        contrast,
        level,
        mean(crossing),
        mean(same),
        others,
        sharpness,
        ring_deviation,
        spread / contrast,
        mean(chroma),
        np.full(count, np.log(mask.mean() + 1e-4)),
        np.log(ring_mean + 8),
    )
    return np.stack(columns, axis=1).astype(np.float64)


def _diagonals(labels: Int32[np.ndarray, "H W"], count: int) -> Float64[np.ndarray, "N"]:
    """Return the diagonal of the box around each candidate."""
    at = np.nonzero(labels)
    sides = []
    for along in at:
        low, high = np.full(count + 1, labels.size), np.zeros(count + 1, np.int64)
        np.minimum.at(low, labels[at], along)
        np.maximum.at(high, labels[at], along)
        sides.append((high - low + 1)[1:])
    return np.hypot(*sides).astype(np.float64)


def _ring(labels: Int32[np.ndarray, "H W"], count: int, background: Bytes) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and the deviation of the background around each candidate."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * RING_PX + 1, 2 * RING_PX + 1))
    grown = cv2.dilate(labels.astype(np.float32), kernel).astype(np.int32)
    ring = (grown > 0) & (labels == 0)
    numbers, values = grown[ring], background[ring].astype(np.float64)
    area = np.maximum(np.bincount(numbers, minlength=count + 1)[1:], 1)
    mean = np.bincount(numbers, values, minlength=count + 1)[1:] / area
    square = np.bincount(numbers, values**2, minlength=count + 1)[1:] / area
    return mean, np.sqrt(np.maximum(square - mean**2, 0))
