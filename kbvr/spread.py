"""Spread colour and inverse depth from known pixels over unknown ones, without a network.

The sources are spread smoothly (push-pull, Gortler et al., "The Lumigraph", 1996, section 3.4) and their fine texture
is laid over that, mirrored at the nearest source.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8

from kbvr.nearest import nearest_seed

RIM_PX = 0.6
"""How fast a source loses weight with its distance from the hole: what lies next to the hole goes on into it."""

TEXTURE_GAIN = 0.5
"""How much of the sources' fine texture is laid over the smooth filling."""

TEXTURE_SIGMA_PX = 2.0
"""Detail finer than this is texture."""


def spread(
    rgb: UInt8[np.ndarray, "H W 3"],
    inverse_depth: Float32[np.ndarray, "H W"],
    *,
    hole: Bool[np.ndarray, "H W"],
    source: Bool[np.ndarray, "H W"],
) -> tuple[UInt8[np.ndarray, "H W 3"], Float32[np.ndarray, "H W"]]:
    """Return colour and inverse depth with the hole filled from the sources; without sources, unchanged copies."""
    if not source.any():
        return rgb.copy(), inverse_depth.copy()
    weight = rim_weight(hole, source)
    at = np.flatnonzero(hole)
    filled_rgb, filled_depth = rgb.copy(), inverse_depth.copy()
    for channel in range(3):  # one by one: a large photo would take gigabytes at once
        plane = rgb[..., channel].astype(np.float32)
        colour = push_pull(plane[..., None], weight).ravel()[at]
        filled_rgb[..., channel].flat[at] = np.clip(colour + 0.5, 0, 255).astype(np.uint8)
    filled_depth.flat[at] = push_pull(inverse_depth[..., None], weight).ravel()[at]
    return laid_texture(filled_rgb, rgb, hole=hole, source=source, gain=TEXTURE_GAIN), filled_depth


def rim_weight(
    hole: Bool[np.ndarray, "H W"], source: Bool[np.ndarray, "H W"] | Float32[np.ndarray, "H W"]
) -> Float32[np.ndarray, "H W"]:
    """Return the sources' weights, 0 to 1: those next to the hole count most."""
    away_px = cv2.distanceTransform((~hole).astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(source * np.exp(-away_px / RIM_PX), np.float32)


def laid_texture(
    filled: UInt8[np.ndarray, "H W 3"],
    rgb: UInt8[np.ndarray, "H W 3"],
    *,
    hole: Bool[np.ndarray, "H W"],
    source: Bool[np.ndarray, "H W"],
    gain: float,
) -> UInt8[np.ndarray, "H W 3"]:
    """Return a smooth filling of a picture's hole with the fine texture of the sources laid over it."""
    textured = filled.copy()
    weight = source.astype(np.float32)
    with ThreadPoolExecutor() as pool:
        mirror = pool.submit(_mirror, hole, source)
        total = np.maximum(cv2.GaussianBlur(weight, (0, 0), TEXTURE_SIGMA_PX), 1e-3)
        at, mirrored = mirror.result()
    for channel in range(3):
        colour = filled[..., channel].ravel()[at].astype(np.float32)
        colour += gain * _texture(rgb[..., channel], weight, total, mirrored)
        textured[..., channel].flat[at] = np.clip(colour + 0.5, 0, 255).astype(np.uint8)
    return textured


def push_pull(values: Float32[np.ndarray, "H W C"], weight: Float32[np.ndarray, "H W"]) -> Float32[np.ndarray, "H W C"]:
    """Return values with those of weight 0 replaced by smooth averages of the others; weight is 0 to 1."""
    if min(weight.shape) <= 2:
        total = float(weight.sum())
        mean = (values * weight[..., None]).sum(axis=(0, 1)) / max(total, 1e-6)
        return np.where(weight[..., None] > 0, values, mean).astype(np.float32)
    coarse_weight = cv2.pyrDown(weight)
    coarse = cv2.pyrDown(values * weight[..., None]).reshape(*coarse_weight.shape, -1)
    coarse /= np.maximum(coarse_weight, 1e-6)[..., None]
    coarse = push_pull(coarse, np.minimum(coarse_weight * 4, 1))
    around = cv2.pyrUp(coarse, dstsize=weight.shape[::-1]).reshape(values.shape)
    return around + (values - around) * weight[..., None]


def _mirror(hole: Bool[np.ndarray, "H W"], source: Bool[np.ndarray, "H W"]) -> tuple[np.ndarray, np.ndarray]:
    """Return flat indices of the hole's pixels and of their mirror images beyond the nearest source pixel."""
    _, nearest = nearest_seed(source)
    at = np.flatnonzero(hole)
    height, width = hole.shape
    y, x = np.divmod(at, width)
    source_y, source_x = np.divmod(nearest.ravel()[at], width)
    mirrored_y = np.clip(2 * source_y - y, 0, height - 1)
    mirrored_x = np.clip(2 * source_x - x, 0, width - 1)
    return at, mirrored_y * width + mirrored_x


def _texture(
    plane: UInt8[np.ndarray, "H W"],
    weight: Float32[np.ndarray, "H W"],
    total: Float32[np.ndarray, "H W"],
    at: np.ndarray,
) -> Float32[np.ndarray, "N"]:
    """Return what the sources (weight 1) have beyond their own smooth average at some places; 0 elsewhere."""
    smooth = cv2.GaussianBlur(cv2.multiply(weight, plane, dtype=cv2.CV_32F), (0, 0), TEXTURE_SIGMA_PX)
    own = plane.ravel()[at].astype(np.float32)
    return np.asarray((own - np.take(smooth, at) / np.take(total, at)) * np.take(weight, at), np.float32)
