"""Straight line segments of a picture."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float64

from kbvr.imaging.array_types import Picture

Ends = Float64[np.ndarray, "N 2 2"]
"""(x, y) of both ends of segments, as indices of pixels."""


def line_segments(rgb: Picture, *, min_px: float) -> Ends:
    """Return the segments of at least this length, the longest first.

    Detected as by von Gioi, Jakubowicz, Morel, Randall, "LSD: a Line Segment Detector", 2012.
    """
    found: np.ndarray | None = cv2.createLineSegmentDetector().detect(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))[0]
    if found is None:
        return np.zeros((0, 2, 2))
    ends = found.reshape(-1, 2, 2).astype(np.float64)
    length_px = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)
    longest = np.argsort(-length_px, kind="stable")
    return np.asarray(ends[longest[length_px[longest] >= min_px]])
