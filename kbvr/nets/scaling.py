"""sRGB as the numbers that a network takes, and back."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32

from kbvr.nets.recipe import Scaling

IMAGENET_MEAN = np.array([0.485, 0.456, 0.406], np.float32)[:, None, None]
IMAGENET_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)[:, None, None]

Planes = Float32[np.ndarray, "1 3 h w"]


def scaled(rgb255: Planes, scaling: Scaling) -> Planes:
    """Return what a network takes for sRGB of 0 to 255."""
    if scaling == "0-255":
        return rgb255
    rgb01 = rgb255 / np.float32(255)
    return (rgb01 - IMAGENET_MEAN) / IMAGENET_DEVIATION if scaling == "imagenet" else rgb01


def unscaled(values: Planes, scaling: Scaling) -> Planes:
    """Return sRGB of 0 to 255 for what a network gives in the range of its input."""
    if scaling == "0-255":
        return values
    rgb01 = values * IMAGENET_DEVIATION + IMAGENET_MEAN if scaling == "imagenet" else values
    return rgb01 * np.float32(255)
