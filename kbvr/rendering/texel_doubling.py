"""Double a picture so that bilinear look-up at the centre of an old pixel gives that pixel back.

The centre of pixel x is half-way between the new pixels 2x and 2x + 1, a quarter of a pixel to its left and right.
With p the picture and g the odd part of Lanczos interpolation at a quarter of a pixel, they are p - g and p + g, whose
mean is p. Half-way between two pixels the result, (p0 + p1) / 2 + (g0 - g1) / 2, is at least as good as cubic
interpolation. In two dimensions, with h the vertical counterpart of g and b their combination: p +- g +- h +- b.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

LOBES = 4
QUARTER_PX = 0.25


def _odd_lanczos() -> Float32[np.ndarray, "N 1"]:
    """Return the odd part of Lanczos interpolation at a quarter of a pixel, scaled to preserve ramps."""
    offset_px = np.arange(-LOBES, LOBES + 1)
    x = offset_px - QUARTER_PX
    weight = np.sinc(x) * np.sinc(x / LOBES) * (np.abs(x) < LOBES)
    odd = weight - weight[::-1]
    return (odd * QUARTER_PX / (odd @ offset_px)).astype(np.float32)[:, None]


ODD = _odd_lanczos()
ONE = np.ones((1, 1), np.float32)


def doubled(rgba: UInt8[np.ndarray, "H W 4"], *, soft: bool) -> UInt8[np.ndarray, "H2 W2 4"]:
    """Return a layer at twice its size; overshoots below 0 or above 255 are reduced equally on all sides.

    The colours of a soft layer are premultiplied. Where alpha is below 1 they are constant over an old pixel, so that
    the mean of the products is the product of the means.
    """
    picture = rgba.astype(np.float32)

    def filtered(across: np.ndarray, down: np.ndarray) -> np.ndarray:
        return np.asarray(cv2.sepFilter2D(picture, cv2.CV_32F, across, down, borderType=cv2.BORDER_REPLICATE))

    right, lower, both = filtered(ODD, ONE), filtered(ONE, ODD), filtered(ODD, ODD)
    largest_change = np.abs(right) + np.abs(lower) + np.abs(both)
    share = np.minimum(np.minimum(picture, 255 - picture) / np.maximum(largest_change, 1e-6), 1)
    if soft:
        share[rgba[..., 3] < 255, :3] = 0
    right, lower, both = right * share, lower * share, both * share
    height, width = rgba.shape[:2]
    large = np.empty((height, 2, width, 2, 4), np.uint8)
    for down, across in ((-1, -1), (-1, 1), (1, -1), (1, 1)):
        texels = picture + across * right + down * lower + down * across * both
        if soft:
            texels[..., :3] *= texels[..., 3:] / 255
        large[:, (down + 1) // 2, :, (across + 1) // 2] = texels + 0.5
    return large.reshape(2 * height, 2 * width, 4)
