"""Continue a picture along its edges, with the compiled kernel of along_edges.cpp."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from kbvr.native.library import kernel

BORDER_PX = 4
"""Border of the kernel's picture: the radius of its weights."""

TENSOR_SIGMA_PX = 2.0
"""The structure tensor is averaged over the sources around a pixel, with Gaussian weights of this width."""

Colours = Float32[np.ndarray, "3 h w"]
Weights = Float32[np.ndarray, "h w"]


def along_edges(
    colours: Colours, confidence: Weights, unknown: Bool[np.ndarray, "h w"], distance_px: Weights
) -> Colours:
    """Return colours (0 to 1) with the unknown pixels continued from their neighbours of some confidence.

    Pixels are filled in the order of their distance from the sources. Those without known neighbours keep their colour.
    """
    height, width = confidence.shape
    pixels = np.zeros((height + 2 * BORDER_PX, width + 2 * BORDER_PX, 8), np.float32)
    inner = pixels[BORDER_PX:-BORDER_PX, BORDER_PX:-BORDER_PX]
    inner[..., :3] = colours.transpose(1, 2, 0)
    inner[..., 3:6] = structure_tensor(colours, confidence > 0).transpose(1, 2, 0)
    inner[..., 6] = 1
    inner *= confidence[..., None]
    inner[..., 7] = distance_px
    y, x = np.nonzero(unknown)
    order = np.argsort(distance_px[y, x], kind="stable")
    places = ((y + BORDER_PX) * pixels.shape[1] + x + BORDER_PX)[order].astype(np.int32)
    kernel().kbvr_along_edges(pixels.ctypes.data, pixels.shape[1], places.ctypes.data, places.size)
    is_filled = unknown & (inner[..., 6] > 0)
    continued = inner[..., :3].transpose(2, 0, 1) / np.maximum(inner[..., 6], 1e-12)
    return np.asarray(np.where(is_filled, continued, colours), np.float32)


def structure_tensor(colours: Colours, known: Bool[np.ndarray, "h w"]) -> Colours:
    """Return the structure tensor's xx, xy and yy, in squared 8-bit levels per pixel; only sources count."""
    share = cv2.erode(known.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)  # whose gradient is known
    tensor = np.zeros_like(colours)
    for colour in colours:
        x, y = (cv2.Scharr(colour * np.float32(255), cv2.CV_32F, *order, scale=1 / 32) for order in ((1, 0), (0, 1)))
        tensor += np.stack([x * x, x * y, y * y])
    total = np.maximum(cv2.GaussianBlur(share, (0, 0), TENSOR_SIGMA_PX), 1e-6)
    return np.stack([cv2.GaussianBlur(part * share, (0, 0), TENSOR_SIGMA_PX) / total for part in tensor])
