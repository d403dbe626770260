"""The automatic depth, which what has been mended is compared with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kbvr.depth.depth_map import DepthMap
from kbvr.imaging.array_types import Mask, Plane
from kbvr.studio.mending.scale import Scale

SAME_SHARE = 1e-4
"""Depths that differ by less than this share of the range are equal: they may have been read from 16 bits."""


class Automatic:
    """The automatic depth of a photo."""

    def __init__(self, depth: DepthMap) -> None:
        self.depth = depth
        self.scale = Scale.of(depth.inverse_depth)

    @property
    def values(self) -> Plane:
        """Its map, 1/m."""
        return self.depth.inverse_depth

    def is_mended(self, values: Plane) -> bool:
        """Return whether a map differs from the automatic one."""
        return bool(self._differs(values).any())

    def with_values(self, values: Plane) -> DepthMap:
        """Return the depth with another map; what has been mended is certain."""
        confidence = self.depth.confidence
        if confidence is not None:
            confidence = np.where(self._differs(values), np.uint8(255), confidence)
        return replace(self.depth, inverse_depth=values, confidence=confidence)

    def _differs(self, values: Plane) -> Mask:
        return np.abs(values - self.values) > np.float32(SAME_SHARE * self.scale.spread)
