"""Comfort: the parallax of a pair of views, and what the frame cuts off in front of the screen.

Parallax is in pixels of a view, x_right - x_left: negative in front of the screen, positive behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil

import numpy as np
from jaxtyping import Float32, Float64

from kbvr.depth.scene_depth import SceneDepth
from kbvr.geometry.camera import Camera
from kbvr.motion.move import Move
from kbvr.stereo.rig import Rig, screen_m_of

BORDER_SHARE = 0.02
"""Width of the strips along the left and right border in which things count as cut, as a share of the width."""

SPECK_SHARE = 0.02
"""Share of a border that may be in front of the screen unnoticed."""

MAX_BAR_SHARE = 0.06
"""Maximum width of a floating window's bar, as a share of the width."""

INSTANTS = 9
"""Number of frames that represent a video."""

BINS = 100


@dataclass(frozen=True, eq=False)
class Comfort:
    """The parallax of a pair of views over a video."""

    rig: Rig
    size_px: tuple[int, int]
    histogram: Float64[np.ndarray, "N"] = field(repr=False)
    """Share of the picture in each bin of parallax; the sum is 1."""

    edges_px: Float64[np.ndarray, "N1"] = field(repr=False)
    cut_px: tuple[float, float]
    """Parallax, >= 0, in front of the screen of what the left and the right border cut."""

    @property
    def range_px(self) -> tuple[float, float]:
        """The 1st and 99th percentile of parallax, rounded to bins."""
        below = np.cumsum(self.histogram)
        first, last = (int(np.searchsorted(below, share)) for share in (0.01, 0.99))
        return float(self.edges_px[first]), float(self.edges_px[min(last, BINS - 1) + 1])

    @property
    def limit_px(self) -> float:
        """The largest comfortable parallax in front of and behind the screen."""
        return self.rig.screen.px_of_angle(self.rig.max_parallax_deg, self.size_px)

    @property
    def beyond_share(self) -> float:
        """Share of the picture whose parallax exceeds the limit."""
        return self._share_outside(-self.limit_px, self.limit_px)

    @property
    def diverging_share(self) -> float:
        """Share of the picture for which eyes would have to turn outwards."""
        return self._share_outside(-np.inf, self.rig.screen.diverging_px(self.size_px))

    def angle_deg(self, parallax_px: float) -> float:
        """Return the visual angle of a parallax."""
        return self.rig.screen.angle_deg(parallax_px, self.size_px)

    def _share_outside(self, low_px: float, high_px: float) -> float:
        centres_px = (self.edges_px[:-1] + self.edges_px[1:]) / 2
        return float(self.histogram[(centres_px < low_px) | (centres_px > high_px)].sum())


def comfort_of(moves: Sequence[Move], rig: Rig, view: Camera, scene_depth: SceneDepth) -> Comfort:
    """Return the comfort of a rig that follows the moves."""
    instants = np.unique(np.linspace(0, len(moves) - 1, INSTANTS).round().astype(int))
    frames_px = [_parallax_px(scene_depth.cells, moves[index], rig, view) for index in instants]
    parallax_px = np.concatenate([frame_px.ravel() for frame_px in frames_px])
    low, high = float(parallax_px.min()), float(parallax_px.max())
    histogram, edges_px = np.histogram(parallax_px, BINS, (low - 1e-6, max(high, low + 0.5)))
    border = max(1, round(BORDER_SHARE * scene_depth.cells.shape[1]))
    left, right = (
        max(_in_front_px(frame_px[:, strip]) for frame_px in frames_px) for strip in (np.s_[:border], np.s_[-border:])
    )
    return Comfort(rig, view.size_px, histogram / parallax_px.size, edges_px, (left, right))


def window_bars_px(comfort: Comfort) -> tuple[int, int]:
    """Return the widths of a floating window's bars: at the left eye's left and the right eye's right border."""
    max_px = round(MAX_BAR_SHARE * comfort.size_px[0])
    left, right = (min(ceil(cut), max_px) for cut in comfort.cut_px)
    return left, right


def _parallax_px(
    inverse_depth: Float32[np.ndarray, "h w"], move: Move, rig: Rig, view: Camera
) -> Float64[np.ndarray, "h w"]:
    """Return f b (1/z0 - 1/z), with z and z0 seen from the moved camera."""
    remaining = np.maximum(1 - move.z_m * inverse_depth.astype(np.float64), 0.05)
    camera = move.camera(view)
    return camera.f_px * rig.baseline_m * (1 / screen_m_of(camera, rig) - inverse_depth / remaining)


def _in_front_px(parallax_px: Float64[np.ndarray, "h b"]) -> float:
    """Return the largest parallax in front of the screen, >= 0, ignoring specks."""
    return max(0.0, -float(np.quantile(parallax_px.min(axis=1), SPECK_SHARE)))
