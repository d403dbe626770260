"""Complete a 360 photo that lacks its top and bottom, as stitched rows of photos do."""

from __future__ import annotations

from math import pi

import cv2
import numpy as np
from jaxtyping import UInt8

from kbvr.imaging.array_types import Picture
from kbvr.imaging.resize import resized
from kbvr.photo.panorama import Panorama

BLUR_SHARE = 1 / 40
"""Sigma of the blur of what is added, as a share of the width."""


def completed(picture: Picture, panorama: Panorama, width: int) -> UInt8[np.ndarray, "h w 3"]:
    """Return the whole sphere of this even width, (width / 2, width, 3).

    What the picture lacks above and below fades from its border to the border's mean colour at the pole.
    """
    height = width // 2
    top, bottom = (round((0.5 - edge / pi) * height) for edge in (panorama.top, panorama.bottom))
    top, bottom = max(0, top), min(height, max(top + 1, bottom))
    inside = resized(picture, (width, bottom - top))
    if bottom - top == height:
        return inside
    above, below = _faded(inside[0], top)[::-1], _faded(inside[-1], height - bottom)
    return np.concatenate([above, inside, below])


def _faded(border: UInt8[np.ndarray, "w 3"], rows: int) -> UInt8[np.ndarray, "r w 3"]:
    """Return rows that fade from a border, which is the first, to its mean colour."""
    width = len(border)
    wide = np.concatenate([border] * 3)[None].astype(np.float32)
    soft = cv2.GaussianBlur(wide, (0, 0), BLUR_SHARE * width)[:, width : 2 * width]
    sharp = border[None].astype(np.float32)
    share = ((np.arange(rows, dtype=np.float32) + 1) / max(rows, 1))[:, None, None]
    quick = np.minimum(1, share * 4)
    rising = sharp * (1 - quick) + soft * quick
    return np.asarray(rising * (1 - share) + soft.mean(axis=1, keepdims=True) * share + 0.5, np.uint8)
