"""Cut a photo to another shape, around its subject."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kbvr.depth.depth_map import DepthMap, sampled
from kbvr.photo.photo import Photo

NEARLY = 0.98
"""Places for the cut that show so much of what the best one shows are as good; the one nearest the middle is taken."""


def size_within(size_px: tuple[int, int], aspect: tuple[float, float]) -> tuple[int, int]:
    """Return the largest (width, height) of a shape, given as width and height, inside a size."""
    width, height = size_px
    scale = min(width / aspect[0], height / aspect[1])
    return max(1, min(width, round(aspect[0] * scale))), max(1, min(height, round(aspect[1] * scale)))


def cut_around_subject(photo: Photo, depth: DepthMap, aspect: tuple[float, float]) -> tuple[Photo, DepthMap]:
    """Return the part of a photo and its depth that has this shape and shows most of what is near.

    The focal length stays: where the part is not the middle, its axis is taken to be, as of any cropped photo.
    """
    (width, height), (own_width, own_height) = size_within(photo.size_px, aspect), photo.size_px
    few = sampled(depth.inverse_depth)
    behind, nearest = np.percentile(few, (50, 98))
    near = np.clip((depth.inverse_depth - behind) / max(nearest - behind, 1e-9), 0, 1)
    x = _best_start(near.sum(0, dtype=np.float64), width) if width < own_width else 0
    y = _best_start(near.sum(1, dtype=np.float64), height) if height < own_height else 0
    part = np.s_[y : y + height, x : x + width]
    return (
        replace(photo, rgb=np.ascontiguousarray(photo.rgb[part]), decoded_from=None),
        replace(depth, inverse_depth=np.ascontiguousarray(depth.inverse_depth[part])),
    )


def _best_start(weights: np.ndarray, length: int) -> int:
    """Return where a stretch of this length starts that holds most of the weights."""
    total = np.concatenate([[0], np.cumsum(weights)])
    held = total[length:] - total[:-length]
    good = np.flatnonzero(held >= NEARLY * held.max())
    return int(good[np.abs(good - (len(held) - 1) / 2).argmin()])
