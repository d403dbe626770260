"""For every pixel of a picture, the nearest pixel of a mask (its seed)."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Int32

from kbvr.imaging.tiling import padded_square

FAR_PX = 1e6
"""The distance if no seed exists or is in reach."""

MIN_BLOCK_PX = 256


def nearest_seed(seeds: Bool[np.ndarray, "H W"]) -> tuple[Float32[np.ndarray, "H W"], Int32[np.ndarray, "H W"]]:
    """Return every pixel's distance to the nearest seed, in pixels, and that seed's flat index (0 without seeds)."""
    if not seeds.any():
        return np.full(seeds.shape, np.float32(FAR_PX)), np.zeros(seeds.shape, np.int32)
    distance, labels, seed_indices = _labelled(seeds)
    return distance, np.take(_by_label(seed_indices, labels, seed_indices), labels)


def nearest_seed_of(pixels: np.ndarray, seeds: Bool[np.ndarray, "H W"]) -> np.ndarray:
    """Return the flat index of the seed nearest to each of `pixels` (flat indices); 0 without seeds."""
    if not seeds.any():
        return np.zeros(len(pixels), np.int32)
    _, labels, seed_indices = _labelled(seeds)
    return _by_label(seed_indices, labels, seed_indices)[labels.ravel()[pixels]]


def nearest_value(
    seeds: Bool[np.ndarray, "H W"], values: Float32[np.ndarray, "H W"]
) -> tuple[Float32[np.ndarray, "H W"], Float32[np.ndarray, "H W"]]:
    """Return every pixel's distance to the nearest seed and that seed's value; without seeds, the first pixel's."""
    if not seeds.any():
        return np.full(seeds.shape, np.float32(FAR_PX)), np.full(seeds.shape, values.flat[0])
    distance, labels, seed_indices = _labelled(seeds)
    return distance, np.take(_by_label(values.ravel()[seed_indices], labels, seed_indices), labels)


def _by_label(values: np.ndarray, labels: np.ndarray, seed_indices: np.ndarray) -> np.ndarray:
    """Return a table from OpenCV's labels to the seeds' values."""
    table = np.zeros(len(seed_indices) + 1, np.float32 if values.dtype.kind == "f" else np.int32)
    table[labels.ravel()[seed_indices]] = values
    return table


def _labelled(
    seeds: Bool[np.ndarray, "H W"],
) -> tuple[Float32[np.ndarray, "H W"], Int32[np.ndarray, "H W"], np.ndarray]:
    """Return distances to the nearest seed, its label (from 1) for every pixel, and the seeds' flat indices."""
    distance, labels = cv2.distanceTransformWithLabels(
        np.logical_not(seeds).view(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    return distance, labels, np.flatnonzero(seeds)


def nearest_seed_within(
    seeds: Bool[np.ndarray, "H W"], reach_px: float
) -> tuple[Float32[np.ndarray, "H W"], Int32[np.ndarray, "H W"]]:
    """Do the same as `nearest_seed` in blocks near seeds only; pixels beyond `reach_px` are `FAR_PX` from seed 0."""
    height, width = seeds.shape
    padding = int(np.ceil(reach_px)) + 1
    side = max(MIN_BLOCK_PX, 4 * padding)
    corners = [(y, x) for y in range(0, height, side) for x in range(0, width, side)]
    blocks = [padded_square(y, x, side_px=side, padding_px=padding) for y, x in corners]
    blocks = [block for block in blocks if seeds[block[1]].any()]
    if len(blocks) * (side + 2 * padding) ** 2 > seeds.size:
        return nearest_seed(seeds)
    distance = np.full(seeds.shape, np.float32(FAR_PX))
    index = np.zeros(seeds.shape, np.int32)
    for square, padded, inside in blocks:
        part = seeds[padded]
        block_distance, nearest = nearest_seed(part)
        row, column = np.divmod(nearest, part.shape[1])
        distance[square] = block_distance[inside]
        index[square] = ((row + padded[0].start) * width + column + padded[1].start)[inside]
    return distance, index
