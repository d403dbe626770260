"""Pieces of a depth as pages get them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt16

from kbvr.depth.depth_map import sampled
from kbvr.imaging.array_types import Plane
from kbvr.studio.mending.box import Box
from kbvr.studio.mending.scale import Scale

MAX_LEVEL = 65535


@dataclass(frozen=True, eq=False)
class Patch:
    """A piece of the depth for a page."""

    box: Box
    levels: UInt16[np.ndarray, "h w"]
    """0 infinitely far to 65535 as near as anything can be, linear in 1/m."""


def patch_of(box: Box, values: Plane, scale: Scale) -> Patch:
    """Return the piece of a map in a box."""
    levels = values[box.slices] * np.float32(MAX_LEVEL / scale.highest) + np.float32(0.5)
    return Patch(box, np.minimum(levels, MAX_LEVEL).astype(np.uint16))


def usual_levels(values: Plane, scale: Scale) -> tuple[int, int]:
    """Return the levels between which nearly all of a map lies."""
    low, high = np.percentile(sampled(values) * np.float32(MAX_LEVEL / scale.highest), (1, 99))
    return int(low), max(int(high), int(low) + 1)
