"""PSNR and SSIM of a predicted picture, and the regions in which to measure them.

PSNR is over the three channels of 8-bit sRGB with peak 255. SSIM is that of Wang, Bovik, Sheikh and Simoncelli, "Image
quality assessment: from error visibility to structural similarity", IEEE TIP 13(4), 2004: Gaussian window of 11x11
pixels, sigma 1.5, K1 0.01, K2 0.03, on luma (0.299 R + 0.587 G + 0.114 B). The paper's code drops the 5 pixels at the
border, where the window is incomplete; here the picture is mirrored there, so every pixel has a value.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64, UInt8

PEAK = 255.0
WINDOW_PX = 11
WINDOW_SIGMA_PX = 1.5
ONE_SURFACE_STEP_PX = 1.0
"""Neighbours in a row whose disparities differ by at most this count as one surface."""


def psnr_db(
    predicted: UInt8[np.ndarray, "H W 3"],
    truth: UInt8[np.ndarray, "H W 3"],
    mask: Bool[np.ndarray, "H W"] | None = None,
) -> float:
    """Return 10 log10(255^2 / mean squared error) inside the mask; inf for equal pictures, NaN for an empty mask."""
    squared = (predicted.astype(np.float64) - truth.astype(np.float64)) ** 2
    inside = squared if mask is None else squared[mask]
    if inside.size == 0:
        return float("nan")
    error = float(inside.mean())
    return float("inf") if error == 0 else float(10 * np.log10(PEAK**2 / error))


def ssim_map(predicted: UInt8[np.ndarray, "H W 3"], truth: UInt8[np.ndarray, "H W 3"]) -> Float64[np.ndarray, "H W"]:
    """Return the structural similarity around every pixel, -1 to 1."""
    x, y = _luma(predicted), _luma(truth)
    mean_x, mean_y = _windowed(x), _windowed(y)
    variance_x = _windowed(x * x) - mean_x**2
    variance_y = _windowed(y * y) - mean_y**2
    covariance = _windowed(x * y) - mean_x * mean_y
    c1, c2 = (0.01 * PEAK) ** 2, (0.03 * PEAK) ** 2
    likeness = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    return np.asarray(likeness / ((mean_x**2 + mean_y**2 + c1) * (variance_x + variance_y + c2)), np.float64)


def ssim(
    predicted: UInt8[np.ndarray, "H W 3"],
    truth: UInt8[np.ndarray, "H W 3"],
    mask: Bool[np.ndarray, "H W"] | None = None,
) -> float:
    """Return the mean of the SSIM map inside the mask; NaN for an empty mask.

    Windows of pixels at the rim of the mask reach 5 pixels beyond it.
    """
    values = ssim_map(predicted, truth)
    inside = values if mask is None else values[mask]
    return float(inside.mean()) if inside.size else float("nan")


def _luma(rgb: UInt8[np.ndarray, "H W 3"]) -> Float64[np.ndarray, "H W"]:
    return np.asarray(rgb.astype(np.float64) @ np.array([0.299, 0.587, 0.114]), np.float64)


def _windowed(values: Float64[np.ndarray, "H W"]) -> Float64[np.ndarray, "H W"]:
    blurred = cv2.GaussianBlur(values, (WINDOW_PX, WINDOW_PX), WINDOW_SIGMA_PX, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(blurred, np.float64)


@dataclass(frozen=True, eq=False)
class Unseen:
    """The pixels of the right picture that the left one does not show; the masks do not overlap."""

    hidden: Bool[np.ndarray, "H W"]
    """Covered by something nearer in the left picture."""

    border: Bool[np.ndarray, "H W"]
    """Outside the left picture, beyond its right border."""


def unseen_by_left(disparity_px: Float32[np.ndarray, "H W"]) -> Unseen:
    """Return the pixels of the right picture that the left one does not show.

    The disparity is the left picture's, without gaps. Every left pixel moves to x - disparity and covers half a pixel
    to each side: [-0.5, 0.5). If it and its right neighbour differ by at most ONE_SURFACE_STEP_PX, they are one surface
    and also cover the gap between them; otherwise a slanted wall would be full of holes. A right pixel is unseen if
    nothing covers its centre; which surface is nearer does not matter. `border` is the run of unseen pixels that ends
    at the right border of its row; `hidden` is the rest. A hole behind a near thing that touches the right border of
    the left picture therefore counts as border.
    """
    covered = _covered_in_right(disparity_px.astype(np.float64))
    seen_further_right = np.maximum.accumulate(covered[:, ::-1], axis=1)[:, ::-1]
    return Unseen(hidden=~covered & seen_further_right, border=~seen_further_right)


def _covered_in_right(disparity_px: Float64[np.ndarray, "H W"]) -> Bool[np.ndarray, "H W"]:
    height, width = disparity_px.shape
    landing = np.arange(width) - disparity_px
    one_surface = np.abs(np.diff(disparity_px, axis=1)) <= ONE_SURFACE_STEP_PX
    link_start = np.where(one_surface, np.minimum(landing[:, :-1], landing[:, 1:]), np.inf)
    link_end = np.where(one_surface, np.maximum(landing[:, :-1], landing[:, 1:]), np.inf)
    starts = np.concatenate([landing - 0.5, link_start], axis=1)
    ends = np.concatenate([landing + 0.5, link_end], axis=1)
    first = np.ceil(np.clip(starts, 0, width)).astype(np.int64)
    behind_last = np.ceil(np.clip(ends, 0, width)).astype(np.int64)
    rows = np.broadcast_to(np.arange(height)[:, None], first.shape)
    steps = np.zeros((height, width + 1), np.int64)
    np.add.at(steps, (rows, first), 1)
    np.add.at(steps, (rows, behind_last), -1)
    return np.cumsum(steps, axis=1)[:, :width] > 0
