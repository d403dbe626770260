"""Measure how much of thin things is seen: nearer than its surroundings.

In drawn scenes, every pixel of a thing is known. In photos, things are marked by hand in `thin_things.csv`: a line of x
and y in pixels of the photo, with (0, 0) at the corner of its first pixel, and a width. Feet on the ground are not
marked, because they are no nearer than the ground; nor are things that hang on a wall.
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
"""Reach of a thing's surroundings, as a share of the picture's long side: 8 pixels of 512."""

GAP_PX = 1.5
"""Width of the rim that belongs neither to a thing nor to its surroundings: marks are imprecise, edges soft."""

NEARER_SHARE = 0.02
"""A marked pixel is seen if it is nearer than its surroundings by this share of the map's range (2nd to 98th
percentile): less than the distance of a chair leg from the wall of a room."""

Points = Float64[np.ndarray, "n 2"]


@dataclass(frozen=True, eq=False)
class Mark:
    """A thin thing, or a straight part of it."""

    what: str
    width_px: float
    points: Points
    """x and y, in pixels of the photo."""


@dataclass(frozen=True)
class ThinRow:
    """The seen share of the thin things of one picture."""

    name: str
    seen: float
    """Share of all pixels; NaN without any."""

    pixels: int
    kinds: Mapping[str, float]
    """The same by kind of thing."""


def nearer(
    inverse_depth: Float32[np.ndarray, "H W"],
    thing: Bool[np.ndarray, "H W"],
    other: Bool[np.ndarray, "H W"],
    *,
    around_px: int,
    share: float,
) -> Bool[np.ndarray, "H W"]:
    """Return the pixels of a thing that are nearer than the mean of their surroundings by `share` of the map's range.

    The surroundings are the pixels of neither `thing` nor `other` in a square of 2 `around_px` + 1. A pixel without
    surroundings is not nearer.
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
        InputError: if the file cannot be read, or a row is not a mark.
    """
    marks: dict[str, list[Mark]] = {}
    try:
        with path.open(newline="", encoding="utf-8") as lines:
            for row in csv.DictReader(lines):
                points = np.array(row["points"].split(), np.float64).reshape(-1, 2)
                mark = Mark(row["what"], float(row["width_px"]), points)
                if len(points) < 2 or not 0 < mark.width_px < np.inf or not np.isfinite(points).all():
                    raise ValueError(f"{row['photo']}: a line of at least two points and a width above 0")
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
    """Return the pixels whose middle is within a distance of a mark's line."""
    x, y = np.arange(size_px[0]) + 0.5, np.arange(size_px[1])[:, None] + 0.5
    inside = np.zeros((size_px[1], size_px[0]), bool)
    for start, end in zip(mark.points[:-1], mark.points[1:], strict=True):
        along = end - start
        length_2 = max(float(along @ along), 1e-12)
        part = np.clip(((x - start[0]) * along[0] + (y - start[1]) * along[1]) / length_2, 0, 1)
        inside |= (x - start[0] - part * along[0]) ** 2 + (y - start[1] - part * along[1]) ** 2 <= distance_px**2
    return inside


def seen_marks(name: str, inverse_depth: Float32[np.ndarray, "H W"], marks: Sequence[Mark]) -> ThinRow:
    """Return the seen share of the marked things in a map of the photo's size.

    The surroundings of each exclude all the others.
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
    pixels = np.concatenate(list(kinds.values()))
    return ThinRow(name, _share(pixels), pixels.size, {what: _share(each) for what, each in kinds.items()})


def _share(seen: Bool[np.ndarray, " n"]) -> float:
    return float(seen.mean()) if seen.size else float("nan")


def seen_on_photos(estimate: Estimate, folder: Path, marks: Mapping[str, Sequence[Mark]]) -> list[ThinRow]:
    """Return the seen share of the marked things of each photo in an estimate.

    Raises:
        InputError: if a photo is missing from the folder, or its marks leave the picture.
    """
    rows = []
    for name, photo_marks in marks.items():
        rgb = load_photo(folder / name).rgb
        rows.append(seen_marks(name, estimate(rgb), photo_marks))
    return rows


def held_out_photos(folder: Path) -> set[str]:
    """Return the photos of a folder that the trainers hold out: every 100th, in the order of their names."""
    names = sorted(path.name for path in folder.glob("*.jpg"))
    return set(names[::HELD_OUT_EVERY])


def seen(rows: Sequence[ThinRow]) -> float:
    """Return the mean over the pictures."""
    return mean([row.seen for row in rows])


def bars(measured: Mapping[str, Mapping[str, Sequence[ThinRow]]]) -> list[Bar]:
    """Return the bars for thin things: by method of VERSION_1, on drawn scenes and on photos if given."""
    return [
        at_least(f"thin things, {where}, {method}: seen", seen(rows), THIN_TIMES * VERSION_1[method][where])
        for method, sets in measured.items()
        for where, rows in sets.items()
    ]


def report(measured: Mapping[str, Mapping[str, Sequence[ThinRow]]]) -> str:
    """Return a Markdown table: a row per set of pictures and kind of thing, columns per method and for version 1."""
    first = next(iter(measured.values()))
    lines = [
        "| thin things seen |" + "".join(f" {method:>8} | version 1 |" for method in measured),
        "|------------------|" + "---------:|----------:|" * len(measured),
    ]
    for where, rows in first.items():
        cells = (f" {seen(sets[where]):8.3f} | {VERSION_1[method][where]:9.3f} |" for method, sets in measured.items())
        lines.append(f"| {where:16} |" + "".join(cells))
        for kind in sorted({kind for row in rows for kind in row.kinds}):
            means = (mean([row.kinds[kind] for row in sets[where] if kind in row.kinds]) for sets in measured.values())
            lines.append(f"| {f'{where}: {kind}':16} |" + "".join(f" {value:8.3f} |           |" for value in means))
    return "\n".join(lines)
