"""The choice of a camera path, its timing and its strength."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from pathlib import Path

from kbvr.errors import InputError, OptionsError
from kbvr.motion.crop import DEFAULT_SHIFT_PX, DEFAULT_ZOOM, Crop
from kbvr.motion.easing import Timing
from kbvr.motion.ken_burns import check_zoom
from kbvr.motion.limits import LIMITS, STRENGTHS, Limits
from kbvr.motion.path_names import PATH_NAMES, Ease, Steps, Strength

FLIGHT_BOLDNESS = 3.0
"""Limits of a flight, which goes deep into the picture, relative to those of other moves."""


@dataclass(frozen=True)
class PathOptions:
    """The choice of a path and its timing."""

    name: str = "swing"
    fps: float = 25.0
    seconds: float | None = None
    """Length of the video; None: 6 seconds, or the duration of the keyframes."""

    ease: Ease | None = None
    loop: bool | None = None
    """There and back, or once around a closed path; None: as suits the path."""

    steps: Steps | None = None
    start: Crop | None = None
    """For kenburns: the first crop. Without start and end, both are chosen automatically."""

    end: Crop | None = None
    shift_px: float | None = None
    """For kenburns: largest shift of the last crop, in pixels of a picture 1024 px long."""

    zoom: float | None = None
    """For kenburns: size of the first crop relative to the last. If neither shift nor zoom is given, the move is
    planned; if one is, the other is the paper's."""

    keyframes: Path | None = None
    strength: Strength | None = "normal"
    """Size of the move and of the limits that it is shrunk to; None: as in the paper, whatever it shows."""

    limit_share: float = 1.0
    """Share of the limits that the path may use; two eyes use the rest."""

    @property
    def is_planned(self) -> bool:
        """Whether the move is chosen by its consequences; positions, crops, shifts and zooms by hand are kept."""
        by_hand = (self.start, self.shift_px, self.zoom) != (None, None, None)
        return self.strength is not None and not by_hand and self.name not in ("static", "keyframes")

    @property
    def automatic(self) -> dict[str, float]:
        """The shift and the zoom of the paper's automatic move."""
        return {
            "shift_px": DEFAULT_SHIFT_PX if self.shift_px is None else self.shift_px,
            "zoom": DEFAULT_ZOOM if self.zoom is None else self.zoom,
        }

    @property
    def factor(self) -> float:
        """Size of the move that is wished for, relative to the default."""
        return 1.0 if self.strength is None else STRENGTHS[self.strength]

    @property
    def limits(self) -> Limits:
        """The limits of the move. A flight is meant to be bold, and to leave the subject behind."""
        if self.name == "flight":
            return replace(LIMITS.scaled(FLIGHT_BOLDNESS * self.factor * self.limit_share), lost=inf)
        return LIMITS.scaled(self.factor * self.limit_share)

    def timing(self, defaults: Timing) -> Timing:
        """Return the timing, completed by the path's defaults."""
        given = {name: getattr(self, name) for name in ("fps", "seconds", "ease", "loop", "steps")}
        return replace(defaults, **{name: value for name, value in given.items() if value is not None})

    def __post_init__(self) -> None:
        """Raise InputError if a value is out of range, or an option does not belong to the path."""
        if self.name not in PATH_NAMES:
            raise InputError(f"path must be one of {', '.join(PATH_NAMES)}, got {self.name!r}")
        self.timing(Timing())  # it checks the numbers
        if (self.start is None) != (self.end is None):
            raise OptionsError("{from_crop} and {to_crop} must be given together")
        for given, path, names in (
            (self.start is not None, "kenburns", "{from_crop} and {to_crop} require"),
            (self.shift_px is not None, "kenburns", "{shift_px} requires"),
            (self.zoom is not None, "kenburns", "{zoom} requires"),
            (self.keyframes is not None, "keyframes", "{keyframes} requires"),
        ):
            if given and self.name != path:
                raise OptionsError(f"{names} {{path}} {path}, got {self.name}")
        check_zoom(**self.automatic)
        if self.start is not None and (self.shift_px, self.zoom) != (None, None):
            raise OptionsError(
                "{from_crop} cannot be combined with {shift_px} and {zoom}, which apply to an automatic move"
            )
        if self.steps is not None and (self.seconds, self.ease, self.loop) != (None, None, None):
            raise OptionsError(
                "{steps} cannot be combined with {seconds}, {ease} and {loop}: it fixes the position in every frame"
            )
        if self.name == "keyframes" and self.keyframes is None:
            raise OptionsError("{path} keyframes requires {keyframes}")
