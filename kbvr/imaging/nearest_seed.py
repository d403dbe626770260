"""The nearest of many seed pixels, for every pixel of a picture."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Int32

FAR_PX = 1e6
"""The distance where there is no seed."""

LEAST_BLOCK_PX = 256


def nearest_seed(seeds: Bool[np.ndarray, "H W"]) -> tuple[Float32[np.ndarray, "H W"], Int32[np.ndarray, "H W"]]:
    """Return every pixel's distance to the nearest seed and that seed's flat index."""
    if not seeds.any():
        return np.full(seeds.shape, np.float32(FAR_PX)), np.zeros(seeds.shape, np.int32)
    distance, labels, at = _labelled(seeds)
    index_of_label = np.zeros(len(at) + 1, np.int32)
    index_of_label[labels.ravel()[at]] = at
    return distance, np.take(index_of_label, labels)


def nearest_seed_of(at: np.ndarray, seeds: Bool[np.ndarray, "H W"]) -> np.ndarray:
    """Return the flat index of the seed nearest to each of some pixels, given by flat index; 0 without seeds."""
    if not seeds.any():
        return np.zeros(len(at), np.int32)
    _, labels, seeds_at = _labelled(seeds)
    index_of_label = np.zeros(len(seeds_at) + 1, np.int32)
    index_of_label[labels.ravel()[seeds_at]] = seeds_at
    return index_of_label[labels.ravel()[at]]


def nearest_value(
    seeds: Bool[np.ndarray, "H W"], values: Float32[np.ndarray, "H W"]
) -> tuple[Float32[np.ndarray, "H W"], Float32[np.ndarray, "H W"]]:
    """Return every pixel's distance to the nearest seed and that seed's value; without seeds, the first pixel's."""
    if not seeds.any():
        return np.full(seeds.shape, np.float32(FAR_PX)), np.full(seeds.shape, values.flat[0])
    distance, labels, at = _labelled(seeds)
    value_of_label = np.zeros(len(at) + 1, np.float32)
    value_of_label[labels.ravel()[at]] = values.ravel()[at]
    return distance, np.take(value_of_label, labels)


def _labelled(
    seeds: Bool[np.ndarray, "H W"],
) -> tuple[Float32[np.ndarray, "H W"], Int32[np.ndarray, "H W"], np.ndarray]:
    """Return distances to the nearest seed, the seeds' labels, counted from 1, and the seeds' flat indices."""
    distance, labels = cv2.distanceTransformWithLabels(
        np.logical_not(seeds).view(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    return distance, labels, np.flatnonzero(seeds)


def nearest_seed_within(
    seeds: Bool[np.ndarray, "H W"], reach_px: float
) -> tuple[Float32[np.ndarray, "H W"], Int32[np.ndarray, "H W"]]:
    """Return the same as `nearest_seed` for pixels within `reach_px` of a seed; others are `FAR_PX` away from seed 0.

    Only blocks near seeds are worked on: a few seeds in a large photo take little time.
    """
    height, width = seeds.shape
    padding = int(np.ceil(reach_px)) + 1
    side = max(LEAST_BLOCK_PX, 4 * padding)
    corners = [(y, x) for y in range(0, height, side) for x in range(0, width, side)]
    boxes = [(y, x) for y, x in corners if _padded_block(seeds, y, x, side, padding)[0].any()]
    if len(boxes) * (side + 2 * padding) ** 2 > seeds.size:
        return nearest_seed(seeds)
    distance = np.full(seeds.shape, np.float32(FAR_PX))
    index = np.zeros(seeds.shape, np.int32)
    for y, x in boxes:
        part, top, left = _padded_block(seeds, y, x, side, padding)
        away, nearest = nearest_seed(part)
        row, column = np.divmod(nearest, part.shape[1])
        inside = np.s_[y - top : y - top + side, x - left : x - left + side]
        distance[y : y + side, x : x + side] = away[inside]
        index[y : y + side, x : x + side] = ((row + top) * width + column + left)[inside]
    return distance, index


def _padded_block(
    seeds: Bool[np.ndarray, "H W"], y: int, x: int, side: int, padding: int
) -> tuple[Bool[np.ndarray, "h w"], int, int]:
    """Return a padded block, and its first row and column."""
    top, left = max(0, y - padding), max(0, x - padding)
    return seeds[top : y + side + padding, left : x + side + padding], top, left
