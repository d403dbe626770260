"""Loops for web pages: a few views, shown there and back again, made as small as a file may be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from math import log2
from pathlib import Path
from time import perf_counter

import cv2
import numpy as np
from jaxtyping import UInt8

from kbvr.errors import InputError, OutputError
from kbvr.formats.packing.layouts import PACKINGS
from kbvr.formats.spec.format import Facts, FileSummary, Item
from kbvr.options.export_options import FileOptions
from kbvr.system.atomic_file import written_aside

Frame = UInt8[np.ndarray, "h w 3"]

LEAST_HUNDREDTHS = 2
"""Browsers show what is to last less for a tenth of a second."""
SMALLEST_PX = 64
"""The long side is not made smaller than this to keep a file small."""
STEPS_TO_HALF = 8
"""So many sizes are tried on the way to half the width."""
LEAST_STEPS = 4
"""Views are left out only as long as so many steps remain from one end of the move to the other."""
BYTES_PER_SIDE = 1.6
"""About how a file's size goes with the pictures': this power of their width. It only says where to look first."""


@dataclass(frozen=True)
class Loop:
    """One period, there and back."""

    frames: tuple[Frame, ...]
    hundredths: int
    """How long each is shown, in hundredths of a second, which is how a GIF counts."""

    credits: Mapping[int, str] = field(default_factory=dict)
    """EXIF tags of who took the photo and when."""

    @property
    def size_px(self) -> tuple[int, int]:
        """(width, height) of the pictures."""
        height, width = self.frames[0].shape[:2]
        return width, height


@dataclass(frozen=True)
class Told:
    """What a file says of its animation."""

    size_px: tuple[int, int]
    pictures: int
    milliseconds: int
    """How long it takes; 0 if there is one picture only."""

    forever: bool
    """Whether it begins again and again."""


Encode = Callable[[Loop, Path], None]
"""Write a loop to a file."""


def loop_of(views: Sequence[Frame], period_s: float) -> Loop:
    """Return the loop that shows views from the first to the last and back, in so many seconds."""
    frames = (*views, *views[-2:0:-1])
    return Loop(frames, max(LEAST_HUNDREDTHS, round(100 * period_s / len(frames))))


def write_loop(
    pictures: Iterable[Frame],
    item: Item,
    facts: Facts,
    options: FileOptions,
    *,
    encode: Encode,
    read_back: Callable[[Path, str, Loop], Told],
) -> FileSummary:
    """Write sRGB views as a loop and read the file back; `read_back` does that, and raises OutputError if it differs.

    Raises:
        InputError: no views, or a file that cannot be made as small as `options.max_kb` wants it.
        OutputError: the file exists, cannot be written, or did not read back as it was written.
    """
    views = list(pictures)
    if not views:
        raise InputError("a loop needs at least one picture, got none")
    start = perf_counter()
    with written_aside(item.path, overwrite=options.overwrite) as aside:

        def encoded(loop: Loop) -> int:
            return _encoded(encode, replace(loop, credits=facts.credits), aside)

        loop = fitted(views, item.path.name, facts.period_s, options.max_kb, encoded)
        told = read_back(aside, item.path.name, loop)
        size_bytes = aside.stat().st_size
    seconds = told.milliseconds / 1000
    fps = told.pictures / seconds if seconds else 0.0
    return FileSummary(item.path, told.size_px, told.pictures, fps, seconds, size_bytes, perf_counter() - start)


def fitted(
    views: Sequence[Frame], name: str, period_s: float, max_kb: float | None, encoded: Callable[[Loop], int]
) -> Loop:
    """Encode the largest loop of views that fits, and return it; `encoded` returns how many bytes a loop takes.

    Pictures are made smaller step by step, and views left out as they get small: a bisection over these steps.
    Errors call the file `name`.

    Raises:
        InputError: if even the smallest loop is too large.
    """
    loop = loop_of(views, period_s)
    size_bytes = encoded(loop)
    if max_kb is None or size_bytes <= 1000 * max_kb:
        return loop
    too_large, fits = 0, 1 + max(0, int(STEPS_TO_HALF * log2(max(loop.size_px) / SMALLEST_PX)))
    step = round(STEPS_TO_HALF / BYTES_PER_SIDE * log2(size_bytes / 1000 / max_kb))
    best: Loop | None = None
    while fits - too_large > 1:
        step = min(max(step, too_large + 1), fits - 1)
        loop = loop_of(smaller(views, 2 ** (-step / STEPS_TO_HALF)), period_s)
        size_bytes = encoded(loop)
        if size_bytes <= 1000 * max_kb:
            fits, best = step, loop
        else:
            too_large = step
        step = (too_large + fits) // 2
    if best is None:
        width, height = loop.size_px
        raise InputError(
            f"{name} cannot be kept within {max_kb:g} kB: with {len(loop.frames)} pictures of {width}x{height} it "
            f"takes {size_bytes / 1000:.1f} kB"
        )
    if best is not loop:
        encoded(best)
    return best


def smaller(views: Sequence[Frame], scale: float) -> list[UInt8[np.ndarray, "smaller_h smaller_w 3"]]:
    """Return evenly spread views, fewer as the scale falls, made smaller by it; their sizes are even."""
    steps = len(views) - 1
    least = max(min(steps, LEAST_STEPS), steps * scale)
    every = max((n for n in range(1, steps + 1) if steps % n == 0 and steps // n >= least), default=1)
    height, width = views[0].shape[:2]
    size = max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)
    return [np.asarray(cv2.resize(view, size, interpolation=cv2.INTER_AREA)) for view in views[::every]]


def check_sides(view_px: tuple[int, int], item: Item, most_px: int) -> None:
    """Check that a loop of views of this (width, height) is at most so wide and high.

    Raises:
        InputError: if it is not.
    """
    size_px = PACKINGS[item.packing].size_px(view_px)
    if max(size_px) > most_px:
        shown = "x".join(map(str, size_px))
        raise InputError(f"{item.path.suffix[1:]} is at most {most_px} px wide and high, got {shown}")


def check_told(told: Told, name: str, loop: Loop, *, merged: bool = False) -> Told:
    """Compare what a file says with the loop that was written, and return it.

    `merged`: pictures that look the same may have become one that is shown as long.

    Raises:
        OutputError: if it differs.
    """
    pictures = min(told.pictures, len(loop.frames)) if merged else len(loop.frames)
    moving = pictures > 1
    wanted = Told(loop.size_px, pictures, 10 * loop.hundredths * len(loop.frames) if moving else 0, moving)
    for one in fields(Told):
        was, meant = getattr(told, one.name), getattr(wanted, one.name)
        if was != meant:
            what = one.name.removesuffix("_px")
            raise OutputError(f"{name} did not read back as written: {what} is {was}, wanted {meant}")
    return told


def _encoded(encode: Encode, loop: Loop, path: Path) -> int:
    """Write a loop and return how many bytes it takes."""
    try:
        encode(loop, path)
    except OSError as error:
        raise OutputError(f"{path.suffix[1:]} could not be written: {error.strerror or error}") from error
    return path.stat().st_size
