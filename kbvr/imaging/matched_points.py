"""Points that two pictures have in common."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float32, Float64, UInt8

from kbvr.imaging.resize import shrunk

MAX_FEATURES = 4000

MIN_CONTRAST = 0.01
"""A quarter of OpenCV's default, so that soft pictures have points too."""

MAX_RATIO = 0.8
"""Distance of a feature from its match over that from the second best one (Lowe 2004, section 7.1)."""


def matched_points(
    first: UInt8[np.ndarray, "H W 3"], second: UInt8[np.ndarray, "H2 W2 3"], *, side_px: int
) -> tuple[Float64[np.ndarray, "N 2"], Float64[np.ndarray, "N 2"]]:
    """Return x and y of points in one picture and of the same points in another, as shares of the width and height.

    SIFT features (Lowe 2004) of both pictures, at a long side of at most side_px, that are each other's best match.
    """
    (first_at, first_features), (second_at, second_features) = (_features(rgb, side_px) for rgb in (first, second))
    if min(len(first_at), len(second_at)) < 2:
        return np.zeros((0, 2)), np.zeros((0, 2))
    matcher = cv2.BFMatcher(cv2.NORM_L2)
    back = {m.queryIdx: m.trainIdx for m in matcher.match(second_features, first_features)}
    pairs = [
        (best.queryIdx, best.trainIdx)
        for best, other in matcher.knnMatch(first_features, second_features, k=2)
        if best.distance < MAX_RATIO * other.distance and back[best.trainIdx] == best.queryIdx
    ]
    chosen = np.array(pairs, np.intp).reshape(-1, 2)
    return first_at[chosen[:, 0]], second_at[chosen[:, 1]]


def _features(
    rgb: UInt8[np.ndarray, "H W 3"], side_px: int
) -> tuple[Float64[np.ndarray, "N 2"], Float32[np.ndarray, "N 128"]]:
    grey = cv2.cvtColor(shrunk(rgb, side_px), cv2.COLOR_RGB2GRAY)
    sift = cv2.SIFT_create(MAX_FEATURES, contrastThreshold=MIN_CONTRAST)  # type: ignore[attr-defined]
    points, features = sift.detectAndCompute(grey, None)
    if features is None:
        return np.zeros((0, 2)), np.zeros((0, 128), np.float32)
    at = (np.array([point.pt for point in points], np.float64) + 0.5) / grey.shape[::-1]
    return at, np.asarray(features, np.float32)
