"""Crop a photo to another aspect ratio, around its subject."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float64

from kbvr.depth.depth_map import DepthMap
from kbvr.depth.scene_depth import SceneDepth, scene_depth_of
from kbvr.motion.salience import salience_of
from kbvr.motion.subject import Subject, subject_of
from kbvr.photo.photo import Photo

HEADROOM = 0.04
"""Space above the head of a subject that is higher than the crop, as a share of the crop's height."""


def size_within(size_px: tuple[int, int], aspect: tuple[float, float]) -> tuple[int, int]:
    """Return the largest (width, height) of an aspect ratio, given as width and height, inside a size."""
    width, height = size_px
    scale = min(width / aspect[0], height / aspect[1])
    return max(1, min(width, round(aspect[0] * scale))), max(1, min(height, round(aspect[1] * scale)))


def cropped_around_subject(
    photo: Photo, depth: DepthMap, aspect: tuple[float, float]
) -> tuple[Photo, DepthMap, Subject | None]:
    """Return the crop of a photo and its depth that has this aspect ratio, and the subject in it, if there is one.

    The subject is in the middle. Of one that is too large, the crop holds what counts most, or the upper part; without
    a subject, it holds what stands out most, near the photo's middle. The focal length stays, and the optical axis is
    taken to be in the middle of the crop, as for any cropped photo.
    """
    photo_width, photo_height = photo.size_px
    (x, y, width, height), subject = box_around_subject(photo, depth, aspect)
    crop = np.s_[y : y + height, x : x + width]
    cropped = replace(
        depth,
        inverse_depth=np.ascontiguousarray(depth.inverse_depth[crop]),
        confidence=None if depth.confidence is None else np.ascontiguousarray(depth.confidence[crop]),
        behind=None if depth.behind is None else depth.behind.cropped(crop),
    )
    if subject is not None:
        place = (x / photo_width, y / photo_height, width / photo_width, height / photo_height)
        subject = subject.within(*place, scene_depth_of(cropped).cells.shape)
    rgb = np.ascontiguousarray(photo.rgb[crop])
    return replace(photo, rgb=rgb, decoded_from=None, embedded_depth=None, second_view=None), cropped, subject


def box_around_subject(
    photo: Photo, depth: DepthMap, aspect: tuple[float, float]
) -> tuple[tuple[int, int, int, int], Subject | None]:
    """Return the left, top, width and height of that crop, in pixels, and the subject in the whole photo."""
    (width, height), (photo_width, photo_height) = size_within(photo.size_px, aspect), photo.size_px
    scene_depth = scene_depth_of(depth)
    subject = subject_of(scene_depth, photo.rgb)
    corner = _corner(photo, scene_depth, subject, width / photo_width, height / photo_height)
    x, y = (
        min(max(int(share * whole + 1e-6), 0), whole - side)
        for share, whole, side in zip(corner, photo.size_px, (width, height), strict=True)
    )
    return (x, y, width, height), subject


def _corner(
    photo: Photo, scene_depth: SceneDepth, subject: Subject | None, width: float, height: float
) -> tuple[float, float]:
    """Return the top left corner of a crop; all lengths are shares of the photo's sides."""
    if subject is None:
        salience = salience_of(scene_depth, photo.rgb)
        weights = salience.total * salience.middle
        return _heaviest(weights.sum(axis=0), width), _heaviest(weights.sum(axis=1), height)
    x, y = (subject.left + subject.right - width) / 2, (subject.top + subject.bottom - height) / 2
    if subject.right - subject.left > width:
        x = _heaviest(subject.weights.sum(axis=0), width)
    if subject.bottom - subject.top > height:
        y = subject.top - HEADROOM * height
    return x, y


def _heaviest(weights: Float64[np.ndarray, "N"], length: float) -> float:
    """Return the start of the interval with the largest sum of weights, of which those in its middle count most.

    Positions are shares of all cells.
    """
    cells = max(1, round(length * len(weights)))
    sums = np.convolve(weights, np.hanning(cells + 2)[1:-1], mode="valid")
    return float(np.flatnonzero(sums >= sums.max() * (1 - 1e-9)).mean()) / len(weights)
