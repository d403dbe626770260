"""The near and far sides of occlusion boundaries."""

from __future__ import annotations

import numpy as np

from kbvr.ldi.occlusion import find_boundaries

RANGE_PX = 25.0
"""Assumed parallax between the nearest and the farthest point of a photo."""

JUMP_PX = 1.5
NEAR_REACH_PX = 160
"""Maximum distance of the near side from its boundary."""

MIXED_PX = 3
"""Far-side pixels this close to a boundary may contain the near side's colour, so they are not used as truth."""

NEAR = 255
"""Value of the near side in a side map; 1 to 254 is the far side's distance to the boundary in pixels."""


def side_map(depth: np.ndarray) -> np.ndarray:
    """Return the side map (see NEAR) of normalised inverse depth, uint8 of its shape."""
    low, high = np.percentile(depth, (2, 98))
    parallax = ((depth - low) * (RANGE_PX / max(high - low, 1e-3))).astype(np.float32)
    boundaries = find_boundaries(parallax, jump_px=JUMP_PX)
    near = boundaries.near_side(parallax) & (boundaries.distance_px <= NEAR_REACH_PX)
    far_px = np.clip(np.ceil(boundaries.near_distance_px), 1, NEAR - 1)
    return np.where(near, NEAR, far_px).astype(np.uint8)
