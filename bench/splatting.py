"""The right picture by softmax splatting, the forward warp of learned methods.

Every pixel is split between the two columns that it lands on. Where several land, their mean is weighted by
exp(importance): Niklaus and Liu, "Softmax splatting for video frame interpolation", CVPR 2020, equation 6, with
nearness as importance.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, UInt8

from bench.pairs import farther_neighbour_columns, taken_from

IMPORTANCE_PER_PX = 1.5
"""Importance per pixel of disparity at the largest move: something 3 px nearer outweighs the background 90 to 1."""

MIN_WEIGHT = 1e-3
"""A pixel with less weight than this, relative to one whole pixel, is a hole."""


def softmax_splat(
    left: UInt8[np.ndarray, "H W 3"], disparity_px: Float32[np.ndarray, "H W"], *, share: float = 1.0
) -> UInt8[np.ndarray, "H W 3"]:
    """Return the picture at a share of the move to the right; holes take the farther neighbour in the row."""
    height, width = disparity_px.shape
    disparity = disparity_px.astype(np.float64)
    landing = np.arange(width) - disparity * share
    column = np.floor(landing)
    part = landing - column
    importance = np.exp(np.maximum(IMPORTANCE_PER_PX * (disparity - disparity.max()), -600))  # never 0
    rows = np.broadcast_to(np.arange(height)[:, None], column.shape)
    plain, weight, near = (np.zeros(height * width) for _ in range(3))
    colour = np.zeros((3, height * width))
    for step, bilinear in ((0, 1 - part), (1, part)):
        at = column.astype(np.int64) + step
        inside = (at >= 0) & (at < width) & (bilinear > 0)
        flat = (rows * width + at)[inside]
        soft = (bilinear * importance)[inside]

        def added(values: np.ndarray, flat: np.ndarray = flat) -> np.ndarray:
            return np.bincount(flat, values, height * width)

        plain += added(bilinear[inside])
        weight += added(soft)
        near += added(soft * disparity[inside])
        for channel in range(3):
            colour[channel] += added(soft * left[..., channel][inside])
    reached = (plain > MIN_WEIGHT).reshape(height, width)
    total = np.where(weight > 0, weight, 1)
    mean = np.clip(colour / total + 0.5, 0, 255).astype(np.uint8).T.reshape(height, width, 3)
    nearness = np.asarray((near / total).reshape(height, width), np.float32)
    return np.asarray(taken_from(mean, farther_neighbour_columns(nearness, reached)))
