"""How large the depths of a map are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kbvr.depth.depth_map import sampled
from kbvr.imaging.array_types import Plane

NEAREST_OVER = 2.0
"""Nothing can be pulled nearer than the nearest thing of the automatic depth divided by this."""

MIN_SPREAD = 0.1
"""Smallest range, as a share of the highest value: a flat wall can be mended too."""


@dataclass(frozen=True)
class Scale:
    """The range of a map and its limit, 1/m."""

    spread: float
    highest: float

    @classmethod
    def of(cls, inverse_depth: Plane) -> Scale:
        """Return the scale of the automatic depth."""
        samples = sampled(inverse_depth)
        low, high = (float(value) for value in np.percentile(samples, (2, 98)))
        top = max(float(inverse_depth.max()), 1e-3)  # all at infinity: a kilometre is nearest
        return cls(max(high - low, MIN_SPREAD * top), NEAREST_OVER * top)
