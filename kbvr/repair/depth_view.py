"""What a depth network sees of an old print: the photo without the texture of its paper."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import Float32

from kbvr.imaging.array_types import Bytes, Picture
from kbvr.imaging.resize import resized, shrunk
from kbvr.photo.photo import Photo

SIDE_PX = 768
"""Networks see no finer texture than a picture of this size has."""

MIN_NOISE = 2.0
"""Levels; weaker texture is left alone."""

STRENGTH = 5.0
"""Differences up to about this many times the noise are noise."""

REACH_PX = 2.5

_LAPLACIAN = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)


def for_depth(photo: Photo) -> Photo:
    """Return a photo without texture, by a bilateral filter (Tomasi, Manduchi 1998); the photo itself if it has none.

    The texture is found in a small copy, and taken from the photo at its full size, whose edges stay sharp.
    """
    small = shrunk(photo.rgb, SIDE_PX)
    grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))
    noise = noise_levels(grey)
    if noise < MIN_NOISE:
        return photo
    smooth = cv2.bilateralFilter(grey.astype(np.float32), -1, STRENGTH * noise, REACH_PX)
    texture = resized(np.asarray(grey - smooth, np.float32), photo.size_px)
    rgb = _without(photo.rgb, texture)
    rgb.flags.writeable = False
    return replace(photo, rgb=rgb)


def noise_levels(grey: Bytes) -> float:
    """Return the standard deviation of a picture's noise, in levels.

    Immerkaer, "Fast Noise Variance Estimation", 1996, with the median of flat places, so that edges do not count.
    """
    fine = np.abs(cv2.filter2D(grey.astype(np.float32), cv2.CV_32F, _LAPLACIAN))
    return float(np.median(fine)) / (0.6745 * 6)


def _without(rgb: Picture, texture: Float32[np.ndarray, "H W"]) -> Picture:
    done = np.empty_like(rgb)
    for channel in range(3):
        done[..., channel] = np.clip(rgb[..., channel] - texture + np.float32(0.5), 0, 255).astype(np.uint8)
    return done
