"""Crop a photo to another aspect ratio, around its subject."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kbvr.depth.depth_map import DepthMap, sampled
from kbvr.photo.photo import Photo

GOOD_SHARE = 0.98
"""Of all crops that hold this share of the best crop's near pixels, the one nearest the middle is chosen."""


def size_within(size_px: tuple[int, int], aspect: tuple[float, float]) -> tuple[int, int]:
    """Return the largest (width, height) of an aspect ratio, given as width and height, inside a size."""
    width, height = size_px
    scale = min(width / aspect[0], height / aspect[1])
    return max(1, min(width, round(aspect[0] * scale))), max(1, min(height, round(aspect[1] * scale)))


def cropped_around_subject(photo: Photo, depth: DepthMap, aspect: tuple[float, float]) -> tuple[Photo, DepthMap]:
    """Return the crop of a photo and its depth that has this aspect ratio and holds most of the near pixels.

    The focal length stays, and the optical axis is taken to be in the middle of the crop, as for any cropped photo.
    """
    (width, height), (photo_width, photo_height) = size_within(photo.size_px, aspect), photo.size_px
    median, nearest = np.percentile(sampled(depth.inverse_depth), (50, 98))
    nearness = np.clip((depth.inverse_depth - median) / max(nearest - median, 1e-9), 0, 1)
    x = _best_start(nearness.sum(0, dtype=np.float64), width) if width < photo_width else 0
    y = _best_start(nearness.sum(1, dtype=np.float64), height) if height < photo_height else 0
    crop = np.s_[y : y + height, x : x + width]
    return (
        replace(photo, rgb=np.ascontiguousarray(photo.rgb[crop]), decoded_from=None),
        replace(
            depth,
            inverse_depth=np.ascontiguousarray(depth.inverse_depth[crop]),
            confidence=None if depth.confidence is None else np.ascontiguousarray(depth.confidence[crop]),
        ),
    )


def _best_start(weights: np.ndarray, length: int) -> int:
    """Return the start of the interval of this length with the largest sum of weights."""
    cumulative = np.concatenate([[0], np.cumsum(weights)])
    sums = cumulative[length:] - cumulative[:-length]
    good = np.flatnonzero(sums >= GOOD_SHARE * sums.max())
    return int(good[np.abs(good - (len(sums) - 1) / 2).argmin()])
