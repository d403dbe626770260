"""Loops that show depth on any screen: a camera sways from side to side while the subject stays still."""

from __future__ import annotations

from math import cos, pi

from kbvr.motion.move import Move

SMOOTH_VIEWS = 13
"""With the default reach and duration, nothing moves by more than about 2.5 px between pictures 720 px wide."""

SMOOTH_S = 2.0
"""A calm swing: 12 pictures per second. Slower needs more pictures, or it stutters."""

TWO_VIEWS_S = 0.22
"""Nine changes per second: slower looks like two pictures, faster like a tremor."""

ANAGLYPH_S = 2.4
"""Slow: an anaglyph shows depth anyway, and the move only adds life."""

ANAGLYPH_SHARE = 0.006
"""Reach of a moving anaglyph's camera to each side, as its parallax range: a share of the width."""


def sideways(views: int) -> list[float]:
    """Return the camera's position in each view, -1 (left) to 1 (right); there and back is a sine over time."""
    return [-cos(pi * index / (views - 1)) for index in range(views)]


def swaying(views: int, reach_m: float, held_inverse_depth: float) -> list[Move]:
    """Return the moves of a camera that sways by a reach to both sides; the plane held_inverse_depth stays still."""
    return [Move(x_m=reach_m * position, held_inverse_depth=held_inverse_depth) for position in sideways(views)]
