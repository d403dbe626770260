"""Timing: how far along its path a camera is in every frame of a video."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi

import numpy as np
from jaxtyping import Float64

from kbvr.errors import InputError
from kbvr.motion.path_names import EASES, Ease, Steps

MAX_SECONDS = 600.0
MIN_FPS, MAX_FPS = 1.0, 240.0

MAX_STOP_POWER = 2.0
"""A move that would pass its limit slows down over the whole video, at most as 1 - (1 - t)^2."""


@dataclass(frozen=True)
class Timing:
    """The length of a video, and how its camera speeds up and slows down."""

    seconds: float = 6.0
    fps: float = 25.0
    ease: Ease = "smooth"
    """smooth: at rest at both ends; linear: at a constant speed; in: starts at rest; out: ends at rest."""

    loop: bool = True
    """There and back, or once around a closed path, so that the video repeats without a jump; otherwise one way."""

    steps: Steps | None = None
    """The position in every frame; overrides seconds, ease and loop."""

    def __post_init__(self) -> None:
        """Raise InputError if a value is out of range."""
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
    """Return the camera's position on a closed path in every frame, in turns; the speed is constant by default."""
    if timing.steps is not None:
        return np.linspace(timing.steps.first, timing.steps.last, timing.steps.frames)
    return np.array([eased(index / timing.frames, ease or "linear") for index in range(timing.frames)])


def shares(timing: Timing, *, limit: float = 1.0) -> Float64[np.ndarray, "N"]:
    """Return the share of an open path in every frame; steps that exceed `limit` slow down and end there."""
    if timing.steps is not None:
        return stopped_at(np.linspace(timing.steps.first, timing.steps.last, timing.steps.frames), limit)
    count = timing.frames
    if timing.loop:
        step = np.arange(count)
        times = 2 * np.minimum(step, count - step) / count  # exactly the same numbers on the way back
    else:
        times = np.linspace(0, 1, count)
    return np.array([eased(time, timing.ease) for time in times]) * min(1.0, limit)


def eased(share: float, ease: Ease) -> float:
    """Return the share of the path that is covered after a share (0 to 1) of the time."""
    if ease == "smooth":
        return 0.5 - 0.5 * cos(pi * share)
    if ease == "in":
        return share * share
    return share * (2 - share) if ease == "out" else share


def stopped_at(positions: Float64[np.ndarray, "N"], limit: float) -> Float64[np.ndarray, "N"]:
    """Return the positions unchanged if all are within the limit; otherwise slowed down so that they end there."""
    farthest = float(positions.max())
    if farthest <= limit:
        return positions
    power = min(farthest / limit, MAX_STOP_POWER) if limit > 0 else 1.0
    stopped: Float64[np.ndarray, "N"] = limit * (1 - (1 - positions / farthest) ** power)
    return stopped
