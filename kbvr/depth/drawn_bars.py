"""Draw bars with a linear inverse depth into a map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int

from kbvr.depth.bar_readings import SAMPLES
from kbvr.imaging.array_types import SmallPlane

WOBBLE = 0.08
"""Deviation from a line that is still wobble, as a share of the map's range: thin things wobble more than surfaces."""

MIN_HALF_PX = 0.6
"""Half the width of the thinnest bar that is drawn, in pixels of the map."""

AROUND_SHARE = 0.007
"""How far beside a bar a map may still show it, as a share of the long side."""


@dataclass(frozen=True, eq=False)
class DrawnBar:
    """A bar to draw."""

    ends: Float64[np.ndarray, "2 2"]
    half_px: float
    line: Float64[np.ndarray, "2"]
    """Inverse depth at both ends."""

    reach: Float64[np.ndarray, "2"]
    """Where it starts and ends, in its lengths."""

    clear: Bool[np.ndarray, "S"]
    """The points at which the photo shows it in its own colour, before what is around it."""

    def places(
        self, x: Int[np.ndarray, "W"], y: Int[np.ndarray, "H 1"]
    ) -> tuple[Float64[np.ndarray, "H W"], Float64[np.ndarray, "H W"]]:
        """Return the positions of pixels along the bar, in its lengths, and their distances from its middle line."""
        along = self.ends[1] - self.ends[0]
        right, down = x - self.ends[0, 0], y - self.ends[0, 1]
        length_2 = float(along @ along)
        off_px = np.abs(down * along[0] - right * along[1]) / np.sqrt(length_2)
        return (right * along[0] + down * along[1]) / length_2, off_px

    def depth(self, share: Float64[np.ndarray, "H W"]) -> SmallPlane:
        """Return the inverse depth at positions."""
        return (self.line[0] + (self.line[1] - self.line[0]) * share).astype(np.float32)

    def is_clear(self, share: Float64[np.ndarray, "H W"]) -> Bool[np.ndarray, "H W"]:
        """Return whether the photo shows the bar at positions."""
        return self.clear[np.clip(((share + 1) * SAMPLES).astype(int), 0, len(self.clear) - 1)]


def with_bars(bars: Sequence[DrawnBar], values: SmallPlane, spread: float) -> SmallPlane:
    """Return a map with bars drawn into it, except where something nearer is in front of them.

    The map shows a thin thing wider than it is; what it shows beside a bar is no nearer than the bar.
    """
    drawn = values.copy()
    around_px = AROUND_SHARE * max(values.shape)
    for bar in bars:
        corners = bar.ends[0] + (bar.ends[1] - bar.ends[0]) * bar.reach[:, None]
        low = np.maximum(np.floor(corners.min(axis=0) - bar.half_px - around_px).astype(int), 0)
        high = np.maximum(np.ceil(corners.max(axis=0) + bar.half_px + around_px).astype(int) + 1, low)
        box = np.s_[low[1] : high[1], low[0] : high[0]]
        own, into = values[box], drawn[box]
        share, off_px = bar.places(low[0] + np.arange(own.shape[1]), low[1] + np.arange(own.shape[0])[:, None])
        depth = bar.depth(share)
        along = (share >= bar.reach[0]) & (share <= bar.reach[1])
        inside = along & (off_px <= bar.half_px)
        of_bar = inside & (bar.is_clear(share) | (own < depth + WOBBLE * spread))
        into[of_bar] = np.where(into == own, depth, np.maximum(into, depth))[of_bar]
        beside = along & ~inside & (off_px <= bar.half_px + around_px) & (own < depth + 2 * WOBBLE * spread)
        into[beside & (into == own)] = np.minimum(own, depth)[beside & (into == own)]
    return drawn
