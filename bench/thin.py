"""Whether thin things are seen: how much of them is nearer than what surrounds it.

On drawn scenes every pixel of a thing is known. On photos they were marked by hand, in `thin_things.csv` beside this
file: a line of x and y in pixels of the photo, (0, 0) being the corner of its first pixel, and a width. Feet of what
stands on the ground are left out, for there it is no nearer than the ground; so is what hangs on a wall.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64

from bench.depth_bars import THIN_TIMES, VERSION_1, Bar, at_least, mean
from bench.estimates import Estimate
from export.samples import HELD_OUT_EVERY
from kbvr.errors import InputError
from kbvr.photo.photo import load_photo

MARKS = Path(__file__).with_name("thin_things.csv")

AROUND_SHARE = 1 / 64
"""What is so near to a thing's edge, as a share of the picture's long side, is its surround: 8 pixels of 512."""

GAP_PX = 1.5
"""So much next to a mark belongs neither to the thing nor to its surround: lines are drawn by hand, edges are soft."""

NEARER_SHARE = 0.02
"""A marked pixel is seen if it stands out from its surround by so much of the map's range, from the 2nd to the 98th
percentile: less than what a chair's leg stands before the wall of a room."""

Points = Float64[np.ndarray, "n 2"]


@dataclass(frozen=True, eq=False)
class Mark:
    """One thin thing, or a straight part of one."""

    what: str
    width_px: float
    points: Points
    """x and y, in pixels of the photo."""


@dataclass(frozen=True)
class ThinRow:
    """How much of one picture's thin things is seen."""

    name: str
    seen: float
    """Share of their pixels; NaN if there are none."""

    pixels: int
    kinds: Mapping[str, float]
    """The same by what they are."""


def nearer(
    inverse_depth: Float32[np.ndarray, "H W"],
    thing: Bool[np.ndarray, "H W"],
    other: Bool[np.ndarray, "H W"],
    *,
    around_px: int,
    share: float,
) -> Bool[np.ndarray, "H W"]:
    """Return which pixels of a thing are nearer than the mean of what surrounds them.

    Its surround is what is neither the thing nor other, in a square of 2 `around_px` + 1. By at least `share` of the
    map's range. A pixel with no surround is not.
    """
    window = (2 * around_px + 1,) * 2
    free = ~(thing | other)
    amount = cv2.blur(free.astype(np.float32), window)
    around = cv2.blur(np.where(free, inverse_depth, np.float32(0)), window) / np.maximum(amount, 1e-6)
    low, high = np.percentile(inverse_depth, (2, 98))
    return np.asarray(thing & (amount > 1e-4) & (inverse_depth > around + share * (high - low)))


def read_marks(path: Path = MARKS) -> dict[str, list[Mark]]:
    """Return the marks by the photo's file name, in the order of the file.

    Raises:
        InputError: if the file cannot be read or a row of it is no mark.
    """
    marks: dict[str, list[Mark]] = {}
    try:
        with path.open(newline="", encoding="utf-8") as lines:
            for row in csv.DictReader(lines):
                points = np.array(row["points"].split(), np.float64).reshape(-1, 2)
                mark = Mark(row["what"], float(row["width_px"]), points)
                if len(points) < 2 or not 0 < mark.width_px < np.inf or not np.isfinite(points).all():
                    raise ValueError(f"{row['photo']}: a line of two points or more and a width above 0")
                marks.setdefault(row["photo"], []).append(mark)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"expected marks (photo, what, width_px, points), got {path}: {error}") from error
    return marks


def drawn(mark: Mark, size_px: tuple[int, int]) -> Bool[np.ndarray, "H W"]:
    """Return the pixels of a picture (width, height) whose middle a mark covers.

    Raises:
        InputError: if its line leaves the picture.
    """
    width, height = size_px
    if (mark.points < 0).any() or (mark.points > (width, height)).any():
        raise InputError(f"expected marks inside the picture of {width}x{height}, got {mark.points.tolist()}")
    return _within(mark, size_px, mark.width_px / 2)


def _within(mark: Mark, size_px: tuple[int, int], distance_px: float) -> Bool[np.ndarray, "H W"]:
    """Return the pixels whose middle is no farther than so much from a mark's line."""
    x, y = np.arange(size_px[0]) + 0.5, np.arange(size_px[1])[:, None] + 0.5
    inside = np.zeros((size_px[1], size_px[0]), bool)
    for start, end in zip(mark.points[:-1], mark.points[1:], strict=True):
        along = end - start
        length_2 = max(float(along @ along), 1e-12)
        part = np.clip(((x - start[0]) * along[0] + (y - start[1]) * along[1]) / length_2, 0, 1)
        inside |= (x - start[0] - part * along[0]) ** 2 + (y - start[1] - part * along[1]) ** 2 <= distance_px**2
    return inside


def seen_marks(name: str, inverse_depth: Float32[np.ndarray, "H W"], marks: Sequence[Mark]) -> ThinRow:
    """Return how much of the marked things a map of the photo's size shows.

    The surround of each is measured without all the others.
    """
    height, width = inverse_depth.shape
    margin_px = max(height, width) * AROUND_SHARE
    covered = [drawn(mark, (width, height)) for mark in marks]
    near_one = np.any([_within(mark, (width, height), mark.width_px / 2 + GAP_PX) for mark in marks], axis=0)
    by_kind: dict[str, list[Bool[np.ndarray, " n"]]] = {}
    for mark, thing in zip(marks, covered, strict=True):
        around_px = round(mark.width_px / 2 + margin_px)
        is_seen = nearer(inverse_depth, thing, near_one, around_px=around_px, share=NEARER_SHARE)
        by_kind.setdefault(mark.what, []).append(is_seen[thing])
    kinds = {what: np.concatenate(parts) for what, parts in by_kind.items()}
    every = np.concatenate(list(kinds.values()))
    return ThinRow(name, _share(every), every.size, {what: _share(each) for what, each in kinds.items()})


def _share(seen: Bool[np.ndarray, " n"]) -> float:
    return float(seen.mean()) if seen.size else float("nan")


def seen_on_photos(estimate: Estimate, folder: Path, marks: Mapping[str, Sequence[Mark]]) -> list[ThinRow]:
    """Return how much of the marked things of each photo an estimate shows.

    Raises:
        InputError: if a photo is not in the folder, or its marks leave it.
    """
    rows = []
    for name, of_photo in marks.items():
        rgb = load_photo(folder / name).rgb
        rows.append(seen_marks(name, estimate(rgb), of_photo))
    return rows


def never_shown(folder: Path) -> set[str]:
    """Return the photos of a folder, one in a hundred in the order of their names, that the trainers leave out."""
    names = sorted(path.name for path in folder.glob("*.jpg"))
    return set(names[::HELD_OUT_EVERY])


def seen(rows: Sequence[ThinRow]) -> float:
    """Return the mean over the pictures."""
    return mean([row.seen for row in rows])


def bars(measured: Mapping[str, Mapping[str, Sequence[ThinRow]]]) -> list[Bar]:
    """Return the bars on what is seen of thin things: by way of VERSION_1, on drawn scenes and on photos if given."""
    return [
        at_least(f"thin things, {where}, {way}: seen", seen(rows), THIN_TIMES * VERSION_1[way][where])
        for way, sets in measured.items()
        for where, rows in sets.items()
    ]


def report(measured: Mapping[str, Mapping[str, Sequence[ThinRow]]]) -> str:
    """Return a Markdown table: a row per set of pictures and kind of thing, a column per way, and version 1's."""
    first = next(iter(measured.values()))
    lines = [
        "| thin things seen |" + "".join(f" {way:>8} | version 1 |" for way in measured),
        "|------------------|" + "---------:|----------:|" * len(measured),
    ]
    for where, rows in first.items():
        cells = (f" {seen(sets[where]):8.3f} | {VERSION_1[way][where]:9.3f} |" for way, sets in measured.items())
        lines.append(f"| {where:16} |" + "".join(cells))
        for kind in sorted({kind for row in rows for kind in row.kinds}):
            means = (mean([row.kinds[kind] for row in sets[where] if kind in row.kinds]) for sets in measured.values())
            lines.append(f"| {f'{where}: {kind}':16} |" + "".join(f" {value:8.3f} |           |" for value in means))
    return "\n".join(lines)
