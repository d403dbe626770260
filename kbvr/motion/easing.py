"""When a camera is where: how far along its path it is in every frame of a film."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi

import numpy as np
from jaxtyping import Float64

from kbvr.errors import InputError
from kbvr.motion.path_names import EASES, Ease, Steps

MAX_SECONDS = 600.0
MIN_FPS, MAX_FPS = 1.0, 240.0

HARDEST_STOP = 2.0
"""A move that is to end at its limit slows down over the whole film, as 1 - (1 - t)^2 at most."""


@dataclass(frozen=True)
class Timing:
    """How long a film takes, and how its camera speeds up and slows down."""

    seconds: float = 6.0
    fps: float = 25.0
    ease: Ease = "smooth"
    """smooth: at rest at both ends; linear: always as fast; in: starts at rest; out: ends at rest."""

    loop: bool = True
    """There and back, or round and round, so that the film has no jump at its seam; else one way."""

    steps: Steps | None = None
    """Given, it says where every frame is; length, easing and loop then say nothing."""

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            InputError: if a number or a name is out of its range.
        """
        if not 0.1 <= self.seconds <= MAX_SECONDS:
            raise InputError(f"the length must be 0.1 to {MAX_SECONDS:g} seconds, got {self.seconds}")
        if not MIN_FPS <= self.fps <= MAX_FPS:
            raise InputError(f"the frame rate must be {MIN_FPS:g} to {MAX_FPS:g} per second, got {self.fps}")
        if self.ease not in EASES:
            raise InputError(f"the easing must be one of {', '.join(EASES)}, got {self.ease!r}")

    @property
    def frames(self) -> int:
        """The number of frames."""
        return self.steps.frames if self.steps else max(1, round(self.seconds * self.fps))


def turns(timing: Timing, *, ease: Ease | None = None) -> Float64[np.ndarray, "N"]:
    """Return how far round a closed path the camera is in every frame; 1 is once round.

    It goes always as fast unless an easing is asked for.
    """
    if timing.steps is not None:
        return np.linspace(timing.steps.first, timing.steps.last, timing.steps.frames)
    return np.array([eased(index / timing.frames, ease or "linear") for index in range(timing.frames)])


def shares(timing: Timing, *, limit: float = 1.0) -> Float64[np.ndarray, "N"]:
    """Return how far along an open path the camera is in every frame, 0 to 1; `limit` is what steps may reach.

    Steps that go farther are eased to a stop there.
    """
    if timing.steps is not None:
        return stopped_at(np.linspace(timing.steps.first, timing.steps.last, timing.steps.frames), limit)
    count = timing.frames
    if timing.loop:
        step = np.arange(count)
        there_and_back = 2 * np.minimum(step, count - step) / count  # the same numbers on the way back
    else:
        there_and_back = np.linspace(0, 1, count)
    return np.array([eased(share, timing.ease) for share in there_and_back]) * min(1.0, limit)


def eased(share: float, ease: Ease) -> float:
    """Return where one is at a share (0 to 1) of the time, as a share of the way."""
    if ease == "smooth":
        return 0.5 - 0.5 * cos(pi * share)
    if ease == "in":
        return share * share
    return share * (2 - share) if ease == "out" else share


def stopped_at(wanted: Float64[np.ndarray, "N"], limit: float) -> Float64[np.ndarray, "N"]:
    """Return shares that are as wanted where all are within the limit, else slow down towards it and end there."""
    most = float(wanted.max())
    if most <= limit:
        return wanted
    power = min(most / limit, HARDEST_STOP) if limit > 0 else 1.0
    stopped: Float64[np.ndarray, "N"] = limit * (1 - (1 - wanted / most) ** power)
    return stopped
