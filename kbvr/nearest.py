"""The nearest of many seed pixels, for every pixel of a picture."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Int32


def nearest_seed(seeds: Bool[np.ndarray, "H W"]) -> tuple[Float32[np.ndarray, "H W"], Int32[np.ndarray, "H W"]]:
    """Return every pixel's distance to the nearest seed and that seed's flat index."""
    if not seeds.any():
        return np.full(seeds.shape, np.float32(1e6)), np.zeros(seeds.shape, np.int32)
    distance, labels = cv2.distanceTransformWithLabels(
        np.logical_not(seeds).view(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    at = np.flatnonzero(seeds)
    index_of_label = np.zeros(len(at) + 1, np.int32)  # labels are counted from 1, one a seed
    index_of_label[labels.ravel()[at]] = at
    return distance, index_of_label[labels]
