"""Screens: the size and distance at which a picture is seen, which decide how much parallax eyes can follow."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import atan, degrees, radians, tan
from types import MappingProxyType

from kbvr.errors import InputError

DEFAULT_IPD_M = 0.063
"""Mean distance between an adult's eyes (Dodgson 2004, "Variation and extrema of human interpupillary distance")."""

ASPECT = 16 / 9


@dataclass(frozen=True)
class Screen:
    """A 16:9 screen that a picture fills as far as its shape allows, and a viewer in front of it."""

    width_m: float
    distance_m: float
    ipd_m: float = DEFAULT_IPD_M

    def __post_init__(self) -> None:
        """Raise InputError if a length is out of range."""
        for name, value, low, high in (
            ("width of the screen", self.width_m, 0.02, 100),
            ("distance of the screen", self.distance_m, 0.02, 100),
            ("distance between the eyes", self.ipd_m, 0.03, 0.09),
        ):
            if not low <= value <= high:
                raise InputError(f"the {name} must be {low:g} to {high:g} metres, got {value:g}")

    def px_per_m(self, size_px: tuple[int, int]) -> float:
        """Return the pixels per metre on the screen of a picture of this (width, height)."""
        return max(size_px[0] / self.width_m, size_px[1] * ASPECT / self.width_m)

    def px_of_angle(self, angle_deg: float, size_px: tuple[int, int]) -> float:
        """Return the parallax of a visual angle, in pixels of a picture of this (width, height)."""
        return tan(radians(angle_deg)) * self.distance_m * self.px_per_m(size_px)

    def angle_deg(self, parallax_px: float, size_px: tuple[int, int]) -> float:
        """Return the visual angle of a parallax; the sign is kept."""
        return degrees(atan(parallax_px / (self.distance_m * self.px_per_m(size_px))))

    def diverging_px(self, size_px: tuple[int, int]) -> float:
        """Return the parallax beyond which the eyes would have to turn outwards."""
        return self.ipd_m * self.px_per_m(size_px)


SCREENS: Mapping[str, Screen] = MappingProxyType(
    {
        "phone": Screen(0.14, 0.35),
        "laptop": Screen(0.31, 0.60),
        "tv": Screen(1.22, 2.06),
        "cinema": Screen(12.0, 14.0),
        "headset": Screen(4.0, 4.0),
    }
)
"""tv: 55 inches, seen from three times its height; headset: the virtual screen of a video player, 53 degrees wide."""


def screen_of(text: str, *, ipd_m: float = DEFAULT_IPD_M) -> Screen:
    """Return the screen that a text names: a key of SCREENS, or width@distance in metres, like 1.2@2.5.

    Raises:
        InputError: if it is neither, or a length is out of range.
    """
    if text in SCREENS:
        return Screen(SCREENS[text].width_m, SCREENS[text].distance_m, ipd_m)
    match = re.fullmatch(r"(\d+(?:\.\d+)?)@(\d+(?:\.\d+)?)", text.strip())
    if match is None:
        choices = f"{', '.join(SCREENS)}, or width@distance in metres like 1.2@2.5"
        raise InputError(f"the screen must be {choices}, got {text!r}")
    return Screen(float(match[1]), float(match[2]), ipd_m)
