"""Fill colour and inverse depth from known pixels by push-pull, without a network.

The sources are interpolated smoothly (Gortler et al., "The Lumigraph", 1996, section 3.4). Their fine texture, mirrored
at the nearest source, is added.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
from jaxtyping import Float32

from kbvr.imaging.array_types import Mask, Picture, Plane
from kbvr.imaging.nearest_seed import nearest_seed_of
from kbvr.imaging.tiling import padded_square, squares

RIM_PX = 0.6
"""Decay of a source's weight with its distance from the hole: mainly pixels next to the hole continue into it."""

TEXTURE_GAIN = 0.5
"""Share of the sources' fine texture that is added to the smooth filling."""

TEXTURE_SIGMA_PX = 2.0
"""Detail finer than this is texture."""

SQUARE_PX = 256
BLUR_PX = 8
"""Texture is computed in squares that are padded for the blur by four sigmas."""


def spread(rgb: Picture, inverse_depth: Plane, *, hole: Mask, source: Mask) -> tuple[Picture, Plane]:
    """Fill the hole by push-pull; see `Filler`."""
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
    return with_texture(filled_rgb, rgb, hole=hole, source=source, gain=TEXTURE_GAIN), filled_depth


def rim_weight(hole: Mask, source: Mask | Plane) -> Plane:
    """Return the sources' weights, 0 to 1; those next to the hole count most."""
    distance_px = cv2.distanceTransform((~hole).astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(source * np.exp(-distance_px / RIM_PX), np.float32)


def with_texture(filled: Picture, rgb: Picture, *, hole: Mask, source: Mask, gain: float) -> Picture:
    """Return a smooth filling of a picture's hole with the fine texture of the sources added."""
    textured, at = filled.copy(), np.flatnonzero(hole)
    colour = filled.reshape(-1, 3)[at] + np.float32(gain) * texture_for(at, rgb, source)
    textured.reshape(-1, 3)[at] = np.clip(colour + 0.5, 0, 255).astype(np.uint8)
    return textured


def texture_for(at: np.ndarray, rgb: Picture, source: Mask) -> Float32[np.ndarray, "N 3"]:
    """Return the sources' fine texture, mirrored, for the pixels `at`; 0 where the mirror image is not a source."""
    mirrored = _mirror(at, source)
    needed, fine = np.zeros(source.shape, bool), np.empty(rgb.shape, np.float32)
    needed.ravel()[mirrored] = True

    def find(corner: tuple[int, int]) -> None:
        square, padded, inside = padded_square(*corner, side_px=SQUARE_PX, padding_px=BLUR_PX)
        weight = source[padded].astype(np.float32)
        total = np.maximum(cv2.GaussianBlur(weight, (0, 0), TEXTURE_SIGMA_PX), 1e-3)
        for channel in range(3):
            plane = rgb[padded][..., channel]
            smooth = cv2.GaussianBlur(cv2.multiply(weight, plane, dtype=cv2.CV_32F), (0, 0), TEXTURE_SIGMA_PX)
            fine[square][..., channel] = ((plane - smooth / total) * weight)[inside]

    with ThreadPoolExecutor() as pool:
        list(pool.map(find, squares(needed, side_px=SQUARE_PX)))
    return fine.reshape(-1, 3)[mirrored]


def push_pull(values: Float32[np.ndarray, "H W C"], weight: Float32[np.ndarray, "H W"]) -> Float32[np.ndarray, "H W C"]:
    """Return values in which those of weight 0 are replaced by smooth averages of the others; weights are 0 to 1."""
    if min(weight.shape) <= 2:
        total = float(weight.sum())
        mean = (values * weight[..., None]).sum(axis=(0, 1)) / max(total, 1e-6)
        return np.where(weight[..., None] > 0, values, mean).astype(np.float32)
    coarse_weight = cv2.pyrDown(weight)
    coarse = cv2.pyrDown(values * weight[..., None]).reshape(*coarse_weight.shape, -1)
    coarse /= np.maximum(coarse_weight, 1e-6)[..., None]
    coarse = push_pull(coarse, np.minimum(coarse_weight * 4, 1))
    smooth = cv2.pyrUp(coarse, dstsize=weight.shape[::-1]).reshape(values.shape)
    return smooth + (values - smooth) * weight[..., None]


def _mirror(at: np.ndarray, source: Mask) -> np.ndarray:
    """Return the flat indices of the pixels `at`, mirrored at their nearest source pixel."""
    height, width = source.shape
    y, x = np.divmod(at, width)
    source_y, source_x = np.divmod(nearest_seed_of(at, source), width)
    mirrored_y = np.clip(2 * source_y - y, 0, height - 1)
    mirrored_x = np.clip(2 * source_x - x, 0, width - 1)
    return np.asarray(mirrored_y * width + mirrored_x)
