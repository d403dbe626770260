"""Screens: how large a picture is seen, and from how far, which decides what parallax eyes can follow."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import atan, degrees, radians, tan
from types import MappingProxyType

from kbvr.errors import InputError

DEFAULT_IPD_M = 0.063
"""Distance between the eyes; the mean of adults (Dodgson 2004, "Variation and extrema of human interpupillary
distance")."""

MAX_PARALLAX_DEG = 1.0
"""Largest parallax each way, as a visual angle on the screen: the "zone of comfort" about the screen (Shibata et al.
2011, "The zone of comfort")."""

ASPECT = 16 / 9


@dataclass(frozen=True)
class Screen:
    """A 16:9 screen that a picture fills as far as its shape allows, and a viewer before it."""

    width_m: float
    distance_m: float
    ipd_m: float = DEFAULT_IPD_M
    """Distance between the viewer's eyes."""

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            InputError: if a length is out of its range.
        """
        for what, value, least, most in (
            ("width of the screen", self.width_m, 0.02, 100),
            ("distance of the screen", self.distance_m, 0.02, 100),
            ("distance between the eyes", self.ipd_m, 0.03, 0.09),
        ):
            if not least <= value <= most:
                raise InputError(f"the {what} must be {least:g} to {most:g} metres, got {value:g}")

    def px_per_m(self, size_px: tuple[int, int]) -> float:
        """Return how many pixels of a picture of this (width, height) lie on a metre of the screen."""
        return max(size_px[0] / self.width_m, size_px[1] * ASPECT / self.width_m)

    def px_of_angle(self, angle_deg: float, size_px: tuple[int, int]) -> float:
        """Return the parallax that is seen under a visual angle, in pixels of a picture of this (width, height)."""
        return tan(radians(angle_deg)) * self.distance_m * self.px_per_m(size_px)

    def angle_deg(self, parallax_px: float, size_px: tuple[int, int]) -> float:
        """Return the visual angle of a parallax, with its sign."""
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
    """Return the screen of a text: a name of SCREENS, or width and distance in metres like 1.2@2.5.

    Raises:
        InputError: if it is neither, or a length is out of its range.
    """
    if text in SCREENS:
        return Screen(SCREENS[text].width_m, SCREENS[text].distance_m, ipd_m)
    said = re.fullmatch(r"(\d+(?:\.\d+)?)@(\d+(?:\.\d+)?)", text.strip())
    if said is None:
        wanted = f"{', '.join(SCREENS)}, or width@distance in metres like 1.2@2.5"
        raise InputError(f"the screen must be {wanted}, got {text!r}")
    return Screen(float(said[1]), float(said[2]), ipd_m)
