"""Limits of what a move may show, and the largest move within them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from kbvr.geometry.camera import Camera
from kbvr.motion.consequences import CONSEQUENCES, Consequences, Landmarks
from kbvr.motion.path_names import Strength

HALVINGS = 6
"""Steps of the search for the largest move: its size is found to 1/64 of the move that was wished for."""

LOST_TOLERANCE = 0.004
"""How far a move may push the subject further out of the frame than its crop alone, as a share of the frame."""


@dataclass(frozen=True)
class Limits:
    """The largest consequences that a move may have."""

    invented: float
    """Share of the frame that the photo does not show."""

    parallax: float
    """Shift between the two sides of an occlusion boundary, as a share of the width."""

    bend_px: float
    """Bend of straight lines, in pixels of a picture 1920 px long."""

    lost: float = 0.0
    """How far the subject may lack its margin inside the frame, as a share of the width or height."""

    def scaled(self, factor: float) -> Limits:
        """Return limits of another strength; the subject stays in the frame at any strength."""
        return replace(
            self, invented=factor * self.invented, parallax=factor * self.parallax, bend_px=factor * self.bend_px
        )

    def broken(self, consequences: Consequences) -> str | None:
        """Return the name of the consequence that exceeds its limit most; None if all limits hold."""
        excess = {
            name: getattr(consequences, name) / max(getattr(self, name), 1e-9)
            for name in CONSEQUENCES
            if getattr(consequences, name) > getattr(self, name)
        }
        return max(excess, key=lambda name: excess[name], default=None)


LIMITS = Limits(invented=0.03, parallax=0.022, bend_px=2.5, lost=LOST_TOLERANCE)
"""Limits at normal strength, chosen by eye on two dozen photos: docs/moves.md tells what is seen beyond each."""

STRENGTHS: Mapping[Strength, float] = MappingProxyType({"gentle": 0.6, "normal": 1.0, "bold": 1.6})
"""Size of moves, and of their limits, relative to the default."""


@dataclass(frozen=True)
class Verdict:
    """How large a move may be."""

    size: float
    """Its size, as a share of the move that was wished for."""

    consequences: Consequences
    """The largest consequences of the move of that size."""

    limits: Limits
    limited_by: str | None = None
    """Name of the consequence whose limit holds; None if the whole move is within its limits."""


def largest(
    cameras_at: Callable[[float], Iterable[Camera]], landmarks: Landmarks, limits: Limits, *, is_framed: bool = True
) -> Verdict:
    """Return the largest size, at most 1, at which a move's cameras are within the limits.

    `cameras_at` returns the cameras at the ends of the move of a size; the move of size 0 may not move at all, or crop.
    `is_framed` is that of `Landmarks.consequences`.
    """

    def worst(size: float) -> Consequences:
        return landmarks.worst(cameras_at(size), is_framed=is_framed)

    whole = worst(1.0)
    if limits.broken(whole) is None:
        return Verdict(1.0, whole, limits)
    least = worst(0.0)
    limits = replace(limits, lost=max(limits.lost, least.lost + LOST_TOLERANCE))
    limited_by = limits.broken(whole)
    if limited_by is None:
        return Verdict(1.0, whole, limits)
    low, high, within = 0.0, 1.0, least
    for _ in range(HALVINGS):
        size = 0.5 * (low + high)
        consequences = worst(size)
        broken = limits.broken(consequences)
        if broken is None:
            low, within = size, consequences
        else:
            high, limited_by = size, broken
    return Verdict(low, within, limits, limited_by)
