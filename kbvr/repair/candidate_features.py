"""What candidates for damage look like: the numbers that the classifier of `kbvr.repair.damage` judges."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float64, Int32

from kbvr.imaging.array_types import Bytes, Plane

FEATURES = (
    "log area",
    "log length",
    "width",
    "log elongation",
    "contrast",
    "level",
    "activity of the opposite kind",
    "activity of its kind",
    "others nearby",
    "sharpness",
    "unevenness of its ground",
    "unevenness",
    "chroma",
    "log candidates",
    "log of its ground",
)

AROUND_PX = 33
"""Side of the square that shows how busy a place is."""

RING_PX = 4
"""The ring around a candidate shows what it lies on."""

RIM_PX = 1.5
"""Distance from the outside up to which a candidate's pixels are its rim."""

Labels = Int32[np.ndarray, "H W"]
Numbers = Float64[np.ndarray, "N"]


@dataclass(frozen=True, eq=False)
class Planes:
    """What a picture's lightness (or darkness) consists of; levels of 255."""

    grey: Bytes
    background: Bytes
    """Without narrow light things."""

    hat: Plane
    """How far narrow light things stand out."""

    opposite: Plane
    """How far narrow dark things do."""

    chroma: Plane
    """How far colours are from that of the lightest pixels."""


@dataclass(frozen=True, eq=False)
class _Pieces:
    """The pieces of a picture."""

    labels: Labels
    count: int
    mask: Bool[np.ndarray, "H W"]

    def sum(self, plane: np.ndarray, where: Bool[np.ndarray, "H W"]) -> Numbers:
        """Return the sum of a plane over each piece, where a mask is set."""
        total = np.bincount(self.labels[where], plane[where].astype(np.float64), minlength=self.count + 1)[1:]
        return total.astype(np.float64)  # of nothing, bincount makes integers

    @property
    def area(self) -> Numbers:
        """Number of pixels."""
        return np.maximum(self.sum(self.mask, self.mask), 1)

    def mean(self, plane: np.ndarray) -> Numbers:
        """Return the mean of a plane over each piece."""
        return self.sum(plane, self.mask) / self.area


def features_of(labels: Labels, count: int, planes: Planes) -> Float64[np.ndarray, "N F"]:
    """Return a row for each of the pieces, whose numbers are labels from 1; the columns are FEATURES."""
    pieces = _Pieces(labels, count, labels > 0)
    inside_px = cv2.distanceTransform(pieces.mask.astype(np.uint8), cv2.DIST_L2, 3)
    width = 4 * pieces.mean(inside_px) - 1
    length = np.maximum(_diagonals(labels, count), pieces.area / np.maximum(width, 1))
    shape = (np.log(pieces.area), np.log(length), width, np.log(length / np.maximum(width, 1)))
    contrast, level, sharpness, unevenness = _tones(pieces, planes, inside_px)
    opposite, same, others = _surroundings(pieces, planes, width)
    ground, ground_unevenness = _ring(labels, count, planes.background)
    columns = (
        *shape,
        *(contrast, level, opposite, same, others, sharpness, ground_unevenness, unevenness),
        pieces.mean(planes.chroma),
        np.full(count, np.log(pieces.mask.mean() + 1e-4)),
        np.log(ground + 8),
    )
    return np.stack(columns, axis=1).astype(np.float64)


def _tones(pieces: _Pieces, planes: Planes, inside_px: Plane) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Return the contrast, the level (1 is white), the sharpness of the rim, and the unevenness of pieces."""
    grey = planes.grey
    contrast, mean = pieces.mean(planes.hat), pieces.mean(grey)
    slope = cv2.magnitude(*(cv2.Sobel(grey, cv2.CV_32F, dx, 1 - dx, ksize=3, scale=1 / 8) for dx in (1, 0)))
    rim = pieces.mask & (inside_px < RIM_PX)
    sharpness = pieces.sum(slope, rim) / np.maximum(pieces.sum(rim, rim), 1) / contrast
    spread = np.sqrt(np.maximum(pieces.mean(grey.astype(np.float64) ** 2) - mean**2, 0))
    return contrast, mean / max(float(np.percentile(grey, 99.5)), 1), sharpness, spread / contrast


def _surroundings(pieces: _Pieces, planes: Planes, width: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Return how busy the places around pieces are, without the pieces, and the share of other pieces there."""
    window = (AROUND_PX, AROUND_PX)
    free = (~pieces.mask).astype(np.float32)
    amount = np.maximum(cv2.blur(free, window), 0.05)
    opposite, same = (
        pieces.mean(cv2.blur(np.asarray(plane * free, np.float32), window) / amount)
        for plane in (planes.opposite, planes.hat)
    )
    share = pieces.mean(cv2.blur(pieces.mask.astype(np.float32), window))
    return opposite, same, share - np.minimum(pieces.area, width * AROUND_PX) / AROUND_PX**2


def _diagonals(labels: Labels, count: int) -> Numbers:
    """Return the diagonal of the box around each piece."""
    at = np.nonzero(labels)
    sides = []
    for along in at:
        low, high = np.full(count + 1, labels.size), np.zeros(count + 1, np.int64)
        np.minimum.at(low, labels[at], along)
        np.maximum.at(high, labels[at], along)
        sides.append((high - low + 1)[1:])
    return np.hypot(*sides).astype(np.float64)


def _ring(labels: Labels, count: int, background: Bytes) -> tuple[Numbers, Numbers]:
    """Return the mean and the deviation of the background around each piece."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * RING_PX + 1, 2 * RING_PX + 1))
    grown = cv2.dilate(labels.astype(np.float32), kernel).astype(np.int32)
    ring = _Pieces(grown, count, (grown > 0) & (labels == 0))
    values = background.astype(np.float64)
    mean = ring.mean(values)
    return mean, np.sqrt(np.maximum(ring.mean(values**2) - mean**2, 0))
