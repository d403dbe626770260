"""Loops that need no screen for two eyes: a camera goes from side to side around a subject that stands still."""

from __future__ import annotations

from math import cos, pi

import numpy as np

from kbvr.depth.scene_depth import SceneDepth
from kbvr.motion.move import Move

TWO_VIEWS, SMOOTH_VIEWS = 2, 13
TWO_VIEWS_S = 0.22
"""Nine changes a second: slower looks like two pictures, faster like a tremor."""

SMOOTH_S = 1.5
ANAGLYPH_S = 2.4
"""Depth is there already, the move only adds life to it."""

ANAGLYPH_SHARE = 0.006
"""How far the camera goes each way in a moving anaglyph: it spreads the depth range over so much of the width."""


LEVELS = 128
"""Depths that are compared on the search for the subject."""

RELIEF = 0.05
"""What a subject's own relief is thought to be, as a share of the depth range."""

MIDDLE = 0.22
"""How fast things count less away from the middle: a Gaussian's width, as a share of the picture's."""


def sideways(views: int) -> list[float]:
    """Return where the camera is in each view, -1 (left) to 1 (right): shown as long each, there and back is a sine."""
    return [-cos(pi * index / (views - 1)) for index in range(views)]


def swaying(views: int, reach_m: float, held_inverse_depth: float) -> list[Move]:
    """Return moves to so many places up to a reach to both sides; a plane of this inverse depth stands still."""
    return [Move(x_m=reach_m * place, held_inverse_depth=held_inverse_depth) for place in sideways(views)]


def subject_plane(scene_depth: SceneDepth) -> float:
    """Return the inverse depth of what one looks at, 1/m: where most lies of what is near and in the middle."""
    cells, far, spread = scene_depth.cells, scene_depth.farthest_inverse_depth, scene_depth.depth_spread
    y, x = (np.exp(-0.5 * (((np.arange(n) + 0.5) / n - 0.5) / MIDDLE) ** 2) for n in cells.shape)
    weight = np.outer(y, x) * np.clip((cells - far) / spread, 1e-3, 1)
    levels = np.linspace(far, scene_depth.nearest_inverse_depth, LEVELS)
    likely = [float((weight * np.exp(-0.5 * ((cells - d) / (RELIEF * spread)) ** 2)).sum()) for d in levels]
    return float(levels[int(np.argmax(likely))])
