"""The names of paths, easings and strengths, and steps along a path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from kbvr.errors import InputError

PathName = Literal["static", "swing", "circle", "orbit", "dolly", "dolly-zoom", "kenburns", "flight", "keyframes"]
PATH_NAMES: tuple[str, ...] = get_args(PathName)
Ease = Literal["smooth", "linear", "in", "out"]
EASES: tuple[str, ...] = get_args(Ease)
Strength = Literal["gentle", "normal", "bold"]
MAX_STEPS = 144_000
MAX_SHARE = 1e6


@dataclass(frozen=True)
class Steps:
    """Evenly spaced positions along a path, written `first:last:frames` as for the paper's method.

    0 is the start of the path and 1 its end; a straight path continues beyond its end.
    """

    first: float
    last: float
    frames: int

    def __post_init__(self) -> None:
        """Raise InputError if a number is out of range."""
        if not all(0 <= end <= MAX_SHARE for end in (self.first, self.last)):
            raise InputError(f"steps must be 0 to {MAX_SHARE:g}, got {self.first:g} to {self.last:g}")
        if not 1 <= self.frames <= MAX_STEPS:
            raise InputError(f"the number of steps must be 1 to {MAX_STEPS}, got {self.frames}")
