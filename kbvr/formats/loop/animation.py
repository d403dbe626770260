"""Loops: views shown forward and back, encoded within a limit on the file's size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import log2
from pathlib import Path
from time import perf_counter

import cv2
import numpy as np
from jaxtyping import UInt8

from kbvr.errors import InputError, OutputError
from kbvr.formats.packing.layouts import PACKINGS
from kbvr.formats.spec.format import Facts, FileSummary, Item
from kbvr.formats.spec.verification import compare
from kbvr.options.export_options import FileOptions
from kbvr.photo.credits import NO_CREDITS, Credits
from kbvr.system.atomic_file import atomic_write

Frame = UInt8[np.ndarray, "h w 3"]

MIN_HUNDREDTHS = 2
"""Browsers show frames with a shorter duration for a tenth of a second."""
MIN_LONG_SIDE_PX = 64
STEPS_TO_HALF = 8
"""Number of sizes to choose from between the full width and half of it."""
MIN_STEPS = 4
"""Views are left out only while this many steps remain from the first to the last."""
BYTES_PER_SIDE = 1.6
"""A file's size grows about with this power of the width; used as the first guess only."""


@dataclass(frozen=True)
class Loop:
    """The frames of one period, forward and back."""

    frames: tuple[Frame, ...]
    hundredths: int
    """Duration of a frame in hundredths of a second, GIF's unit."""

    credits: Credits = NO_CREDITS

    @property
    def size_px(self) -> tuple[int, int]:
        """(width, height) of the frames."""
        height, width = self.frames[0].shape[:2]
        return width, height


@dataclass(frozen=True)
class AnimationFacts:
    """Properties of an animation file."""

    size_px: tuple[int, int]
    frame_count: int
    duration_ms: int
    """0 with a single frame."""

    endless: bool
    """Whether it repeats for ever."""


Encode = Callable[[Loop, Path], None]
"""Write a loop to a file."""

Verify = Callable[[Path, str, Loop], AnimationFacts]
"""Decode a file and compare it with the loop; raise OutputError, with the given name of the file, if it differs."""


def loop_of(views: Sequence[Frame], period_s: float) -> Loop:
    """Return the loop from the first view to the last and back."""
    frames = (*views, *views[-2:0:-1])
    return Loop(frames, _hundredths(len(frames), period_s))


def lasting_s(views: int, period_s: float) -> float:
    """Return how long a loop of so many views lasts that is wished to last `period_s`, there and back."""
    frames = max(1, 2 * views - 2)
    return frames * _hundredths(frames, period_s) / 100


def _hundredths(frames: int, period_s: float) -> int:
    """Return the duration of a frame, in hundredths of a second."""
    return max(MIN_HUNDREDTHS, round(100 * period_s / frames))


def write_loop(
    pictures: Iterable[Frame], item: Item, facts: Facts, options: FileOptions, *, encode: Encode, verify: Verify
) -> FileSummary:
    """Write and verify a loop of sRGB views; see `Format.write`.

    Raises:
        InputError: if there are no views, or the loop cannot be kept within `options.max_kb`.
        OutputError: if the file exists, cannot be written, or fails verification.
    """
    views = list(pictures)
    if not views:
        raise InputError("expected at least one picture for a loop, got none")
    start = perf_counter()
    with atomic_write(item.path, overwrite=options.overwrite) as aside:

        def encoded_bytes(loop: Loop) -> int:
            try:
                encode(replace(loop, credits=facts.credits), aside)
            except OSError as error:
                raise OutputError(f"cannot write the {aside.suffix[1:]}: {error.strerror or error}") from error
            return aside.stat().st_size

        loop = fitted(views, item.path.name, facts.period_s, options.max_kb, encoded_bytes)
        found = verify(aside, item.path.name, loop)
        size_bytes = aside.stat().st_size
    seconds = found.duration_ms / 1000
    fps = found.frame_count / seconds if seconds else 0.0
    return FileSummary(item.path, found.size_px, found.frame_count, fps, seconds, size_bytes, perf_counter() - start)


def fitted(
    views: Sequence[Frame], name: str, period_s: float, max_kb: float | None, encoded_bytes: Callable[[Loop], int]
) -> Loop:
    """Return the largest loop of views within a size limit, after `encoded_bytes` has encoded it.

    A bisection over steps that reduce the pictures and, as they get small, the number of views. The smallest loop is
    tried first: it is encoded at once and tells whether any fits. `name` is the file's name for errors.

    Raises:
        InputError: if even the smallest loop is too large.
    """
    loop = loop_of(views, period_s)
    if max_kb is None:
        encoded_bytes(loop)
        return loop
    last = max(0, int(STEPS_TO_HALF * log2(max(loop.size_px) / MIN_LONG_SIDE_PX)))

    def reduced(step: int) -> Loop:
        return loop_of(smaller(views, 2 ** (-step / STEPS_TO_HALF)), period_s) if step else loop

    best = reduced(last)
    size_bytes = encoded_bytes(best)
    if size_bytes > 1000 * max_kb:
        width, height = best.size_px
        raise InputError(
            f"{name}: expected at most {max_kb:g} kB, got {size_bytes / 1000:.1f} kB with {len(best.frames)} frames of "
            f"{width}x{height}, which is its smallest size"
        )
    too_large, fits, step, tried = -1, last, 0, best
    while fits - too_large > 1:
        tried = reduced(step)
        size_bytes = encoded_bytes(tried)
        if size_bytes <= 1000 * max_kb:
            fits, best = step, tried
        else:
            too_large = step
        guess = step + round(STEPS_TO_HALF / BYTES_PER_SIDE * log2(size_bytes / 1000 / max_kb))
        step = min(max(guess if step == 0 else (too_large + fits) // 2, too_large + 1), fits - 1)
    if best is not tried:
        encoded_bytes(best)
    return best


def smaller(views: Sequence[Frame], scale: float) -> list[UInt8[np.ndarray, "smaller_h smaller_w 3"]]:
    """Return views scaled to even sizes, and evenly thinned out as the scale falls."""
    steps = len(views) - 1
    min_steps = max(min(steps, MIN_STEPS), steps * scale)
    every = max((n for n in range(1, steps + 1) if steps % n == 0 and steps // n >= min_steps), default=1)
    height, width = views[0].shape[:2]
    size = max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)
    return [np.asarray(cv2.resize(view, size, interpolation=cv2.INTER_AREA)) for view in views[::every]]


def check_sides(view_px: tuple[int, int], item: Item, _options: FileOptions, *, max_side_px: int) -> None:
    """Check that a loop of views of this (width, height) is within a limit; see `Format.check`."""
    size_px = PACKINGS[item.packing].size_px(view_px)
    if max(size_px) > max_side_px:
        kind, size = item.path.suffix[1:], "x".join(map(str, size_px))
        raise InputError(f"expected a {kind} of at most {max_side_px} px wide and high, got {size}")


def verify_loop(found: AnimationFacts, name: str, loop: Loop, *, may_merge: bool = False) -> AnimationFacts:
    """Compare the properties of a file with the loop that was written, and return them.

    `may_merge`: the encoder may merge equal frames into one with their total duration.

    Raises:
        OutputError: if they differ.
    """
    frames = min(found.frame_count, len(loop.frames)) if may_merge else len(loop.frames)
    moving = frames > 1
    duration_ms = 10 * loop.hundredths * len(loop.frames) if moving else 0
    compare(name, found, AnimationFacts(loop.size_px, frames, duration_ms, moving))
    return found
