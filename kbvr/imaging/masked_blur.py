"""A weighted Gaussian blur of part of a picture."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from math import ceil

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8

from kbvr.imaging.tiling import padded_square, squares

SQUARE_CELLS = 64
"""Side of the squares that are processed if the mask is set in them, in cells."""

CELLS_PER_SIGMA = 3.0
BLUR_SIGMAS = 4
"""Radius of OpenCV's Gaussian blur of floats, in sigmas."""


def masked_blur(
    rgb: UInt8[np.ndarray, "H W 3"],
    weight: Float32[np.ndarray, "H W"],
    sigma_px: float,
    *,
    where: Bool[np.ndarray, "H W"],
) -> UInt8[np.ndarray, "H W 3"]:
    """Return the weighted mean of the colours near each pixel of `where`.

    Other pixels, and those with no weight nearby, keep their colour. A wide blur has no detail, so it is computed in
    cells of up to a third of sigma.
    """
    cell_px = max(1, int(sigma_px / CELLS_PER_SIGMA))
    side_px, padding_px = SQUARE_CELLS * cell_px, cell_px * ceil(BLUR_SIGMAS * sigma_px / cell_px + 2)
    mean = rgb.copy()

    def draw(corner: tuple[int, int]) -> None:
        square, padded, inside = padded_square(*corner, side_px=side_px, padding_px=padding_px)
        at = np.nonzero(where[square])
        total = _blurred(weight[padded], cell_px, sigma_px)[inside][at]
        known = total > 1e-6
        at, total = (at[0][known], at[1][known]), total[known]
        for channel in range(3):
            weighted = cv2.multiply(weight[padded], rgb[padded][..., channel], dtype=cv2.CV_32F)
            colour = _blurred(weighted, cell_px, sigma_px)[inside][at] / total
            mean[square][..., channel][at] = np.clip(colour + 0.5, 0, 255).astype(np.uint8)

    with ThreadPoolExecutor() as pool:
        list(pool.map(draw, squares(where, side_px=side_px)))
    return mean


def _blurred(plane: Float32[np.ndarray, "H W"], cell_px: int, sigma_px: float) -> Float32[np.ndarray, "H W"]:
    """Return a plane blurred in cells of `cell_px`; the lower and right borders are repeated to fill the last cells."""
    height, width = plane.shape
    if cell_px == 1:
        return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma_px), np.float32)
    whole = cv2.copyMakeBorder(plane, 0, -height % cell_px, 0, -width % cell_px, cv2.BORDER_REPLICATE)
    size = (whole.shape[1] // cell_px, whole.shape[0] // cell_px)
    small = cv2.GaussianBlur(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), (0, 0), sigma_px / cell_px)
    return np.asarray(cv2.resize(small, whole.shape[::-1], interpolation=cv2.INTER_LINEAR)[:height, :width])
