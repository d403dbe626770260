"""Small things that are lighter (or darker) than everything around them, and what they look like.

Opening by a disc (Serra, "Image Analysis and Mathematical Morphology", 1982) removes what is narrower than the disc;
the top-hat is what it removes.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float64, Int32

from kbvr.imaging.array_types import Bytes, Mask, Picture, Plane
from kbvr.repair.candidate_features import AROUND_PX, Planes, features_of

DISC_PX = 13
"""Wider things are not damage."""

WEAK_LEVELS, STRONG_LEVELS = 14.0, 32.0
"""A candidate's pixels stand out by the first number of levels, and some of them by the second."""

WEAK_SHARE = 0.35
"""They also stand out by this share of what stands out most nearby, so that scratches do not grow into textures."""

PIECE_PX = 48
"""Candidates that are larger are judged piece by piece, in squares of this side: a scratch can cross a fence."""

RIM_PX = 4
MIN_AREA_PX = 3


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
    planes = Planes(grey, background, hat, opposite, chroma)
    return Candidates(labels, features_of(labels, len(wholes), planes), wholes)


def _pieces(weak: Mask, hat: Plane) -> tuple[Int32[np.ndarray, "H W"], Int32[np.ndarray, "N"]]:
    """Return the number of the piece at each pixel, from 1, and the number of the connected thing of each piece."""
    count, numbered = cv2.connectedComponents(weak.astype(np.uint8), connectivity=8)
    whole = np.asarray(numbered, np.int32)
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
