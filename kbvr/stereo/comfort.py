"""Comfort: what parallax a pair of eyes is given, and where the frame cuts what stands before it.

All in the pixels of a view, as x_right - x_left: negative before the screen, positive behind it.
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
"""What lies so near to the left or right border, as a share of the width, may be cut by it."""

SPECK_SHARE = 0.02
"""So much of a border may stand before the screen without being noticed."""

MAX_BAR_SHARE = 0.06
"""Widest bar of a floating window, as a share of the width."""

INSTANTS = 9
"""Moments of a film that are looked at."""

BINS = 100


@dataclass(frozen=True, eq=False)
class Comfort:
    """What a pair of eyes is given over a film."""

    rig: Rig
    size_px: tuple[int, int]
    """(width, height) of a view."""

    histogram: Float64[np.ndarray, "N"] = field(repr=False)
    """Share of the picture in each bin of parallax; adds up to 1."""

    edges_px: Float64[np.ndarray, "N1"] = field(repr=False)
    """Where the bins begin and end."""

    cut_px: tuple[float, float]
    """How far what the left and the right border cut stands before the screen, as a parallax of 0 or more."""

    @property
    def range_px(self) -> tuple[float, float]:
        """The parallax that 1% and 99% of the picture stay below, to a bin."""
        below = np.cumsum(self.histogram)
        first, last = (int(np.searchsorted(below, share)) for share in (0.01, 0.99))
        return float(self.edges_px[first]), float(self.edges_px[min(last, BINS - 1) + 1])

    @property
    def limit_px(self) -> float:
        """Largest parallax each way that is comfortable."""
        return self.rig.screen.px_of_angle(self.rig.max_parallax_deg, self.size_px)

    @property
    def beyond_share(self) -> float:
        """Share of the picture whose parallax is beyond the limit."""
        return self._share_outside(-self.limit_px, self.limit_px)

    @property
    def diverging_share(self) -> float:
        """Share of the picture for which eyes would have to turn outwards."""
        return self._share_outside(-np.inf, self.rig.screen.diverging_px(self.size_px))

    def angle_deg(self, parallax_px: float) -> float:
        """Return the visual angle of a parallax."""
        return self.rig.screen.angle_deg(parallax_px, self.size_px)

    def _share_outside(self, least: float, most: float) -> float:
        middles = (self.edges_px[:-1] + self.edges_px[1:]) / 2
        return float(self.histogram[(middles < least) | (middles > most)].sum())


def comfort_of(moves: Sequence[Move], rig: Rig, view: Camera, scene_depth: SceneDepth) -> Comfort:
    """Return what a rig gives two eyes on its way along moves."""
    shown = [moves[i] for i in np.unique(np.linspace(0, len(moves) - 1, INSTANTS).round().astype(int))]
    seen = [_parallax_px(scene_depth.cells, move, rig, view) for move in shown]
    parallax = np.concatenate([one.ravel() for one in seen])
    low, high = float(parallax.min()), float(parallax.max())
    histogram, edges = np.histogram(parallax, BINS, (low - 1e-6, max(high, low + 0.5)))
    border = max(1, round(BORDER_SHARE * scene_depth.cells.shape[1]))
    cut = [max(_before_screen_px(one[:, side]) for one in seen) for side in (np.s_[:border], np.s_[-border:])]
    return Comfort(rig, view.size_px, histogram / parallax.size, edges, (cut[0], cut[1]))


def window_bars_px(comfort: Comfort) -> tuple[int, int]:
    """Return how wide a bar hides the left eye's left border, and the right eye's right one, for a floating window.

    The frame then stands where the nearest thing stands that it cuts.
    """
    most = MAX_BAR_SHARE * comfort.size_px[0]
    left, right = (min(ceil(cut), round(most)) for cut in comfort.cut_px)
    return left, right


def _parallax_px(
    inverse_depth: Float32[np.ndarray, "h w"], move: Move, rig: Rig, view: Camera
) -> Float64[np.ndarray, "h w"]:
    """F b (1/z0 - 1/z), with z and z0 as they are after the move's way forward."""
    ahead = np.maximum(1 - move.z_m * inverse_depth.astype(np.float64), 0.05)
    camera = move.camera(view)
    return camera.f_px * rig.baseline_m * (1 / screen_m_of(camera, rig) - inverse_depth / ahead)


def _before_screen_px(parallax_px: Float64[np.ndarray, "h b"]) -> float:
    """Return how far a border's nearest part stands before the screen; specks do not count."""
    return max(0.0, -float(np.quantile(parallax_px.min(axis=1), SPECK_SHARE)))
