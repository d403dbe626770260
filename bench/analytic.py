"""Draw worlds that are known by formula, and measure what is wrong: see bench/worlds.py and bench/flaws.py.

Every way gets a photo and its true disparity. The figures:

    all, hidden   PSNR in dB of the picture from the largest move to the right, over all of it and behind things
    halo px       mean width of the wrong rim (> 8 levels) along boundaries, of what the photo sees
    cracks        pixels that are wrong by > 40 levels where the truth is flat, of what the photo sees
    rows px       99.9th percentile of vertical disparity, of what the photo sees away from boundaries
    eyes          mean difference in levels between two eyes' pictures of points that the photo does not show
    jumps ppm     pixels whose error jumps by > 60 levels from frame to frame of 60, of what the photo sees
    shimmer       mean change of the error from frame to frame there, levels
    lawless ppm   pixels that a frame's move, below half a pixel, takes out of their old neighbourhood's range, and that
                  it does not take out in truth
    lines px      99th percentile of how far a floor's lines are off
    ripple        RMS of the fine part of the error away from boundaries, levels
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from bench.flaws import (
    Picture,
    Truth,
    cracks,
    error_levels,
    eyes_levels,
    halo_px,
    jumps,
    lawless_of_its_own,
    line_px,
    ripple_levels,
    row_picture,
    truth_of,
    vertical_px,
)
from bench.machine import this_machine
from bench.metrics import psnr_db
from bench.tracer import BASELINE_M, Sight, World, disparity_of_photo, sight, trace
from bench.ways import Draw, Way, baseline_ways, kbvr_ways
from bench.worlds import FLOOR, SIZE_PX, worlds
from kbvr.errors import InputError

FRAMES = 60
FILM_SIZE_PX = (480, 48)
"""The film shows the middle rows of a world only: time is better spent on frames."""

FILM_SAMPLES = 2
OTHER_EYE = 0.5
"""Where the second eye stands, as a share of the largest move; the first stands at its end."""


@dataclass(frozen=True)
class Figures:
    """How one way drew one world. NaN where a figure does not apply."""

    psnr_db: float
    hidden_psnr_db: float
    halo_px: float
    cracks: float
    vertical_px: float
    eyes_levels: float
    jumps_ppm: float
    shimmer_levels: float
    lawless_ppm: float
    line_px: float
    ripple_levels: float


@dataclass(frozen=True, eq=False)
class Stills:
    """The photo of a world, and the truth of two more eyes."""

    world: World
    photo: Picture
    disparity_px: Float32[np.ndarray, "H W"]
    right: Truth
    other: Sight
    """Where the right picture's pixels are in the other eye's."""

    other_surface: np.ndarray


@dataclass(frozen=True, eq=False)
class Film:
    """A band of a world, and its truth in every frame of a move."""

    photo: Picture
    disparity_px: Float32[np.ndarray, "H W"]
    shares: tuple[float, ...]
    frames: tuple[Truth, ...]


def stills_of(world: World) -> Stills:
    """Trace the photo and the eyes."""
    camera = world.camera(SIZE_PX)
    right, other = camera.moved(x_m=BASELINE_M), camera.moved(x_m=BASELINE_M * OTHER_EYE)
    return Stills(
        world=world,
        photo=trace(world, camera),
        disparity_px=disparity_of_photo(world, camera),
        right=truth_of(trace(world, right), sight(world, right, camera)),
        other=sight(world, right, other),
        other_surface=sight(world, other, camera).surface,
    )


def film_of(world: World, frames: int) -> Film:
    """Trace a film that goes from the photo's camera to the end of the largest move."""
    camera = world.camera(FILM_SIZE_PX)
    shares = tuple(float(share) for share in np.linspace(0, 1, frames))
    moved = [camera.moved(x_m=BASELINE_M * share) for share in shares]
    truths = [truth_of(trace(world, at, FILM_SAMPLES), sight(world, at, camera)) for at in moved]
    return Film(trace(world, camera, FILM_SAMPLES), disparity_of_photo(world, camera), shares, tuple(truths))


def measure(way: Way, stills: Stills, film: Film) -> Figures:
    """Draw one world in one way and measure it."""
    draw = way(stills.photo, stills.disparity_px)
    drawn, right = draw(1.0), stills.right
    rows = way(row_picture(SIZE_PX), stills.disparity_px)(1.0)
    jumps_ppm, shimmer, lawless_ppm = film_figures(way(film.photo, film.disparity_px), film)
    floor = stills.world.name == "floor"
    camera = stills.world.camera(SIZE_PX)
    return Figures(
        psnr_db=psnr_db(drawn, right.picture),
        hidden_psnr_db=psnr_db(drawn, right.picture, right.hidden),
        halo_px=halo_px(drawn, right),
        cracks=cracks(drawn, right),
        vertical_px=vertical_px(rows, right),
        eyes_levels=eyes_levels(draw(OTHER_EYE), drawn, stills.other, stills.other_surface, right.hidden),
        jumps_ppm=jumps_ppm,
        shimmer_levels=shimmer,
        lawless_ppm=lawless_ppm,
        line_px=line_px(drawn, right, FLOOR, camera, 1.0) if floor else float("nan"),
        ripple_levels=ripple_levels(drawn, right),
    )


def film_figures(draw: Draw, film: Film) -> tuple[float, float, float]:
    """Return pixels that jump (ppm), the mean change of the error (levels), and lawless pixels (ppm)."""
    jumped, changed, compared, lawless_count = 0, 0.0, 0, 0
    before = draw(film.shares[0])
    error = error_levels(before, film.frames[0].picture)
    for index in range(1, len(film.shares)):
        drawn = draw(film.shares[index])
        seen = film.frames[index].seen & film.frames[index - 1].seen
        new_error = error_levels(drawn, film.frames[index].picture)
        count, change = jumps(error, new_error, seen)
        jumped, changed, compared = jumped + count, changed + change, compared + int(seen.sum())
        true = film.frames[index - 1].picture, film.frames[index].picture
        lawless_count += int(lawless_of_its_own(before, drawn, *true).sum())
        before, error = drawn, new_error
    pixels = (len(film.shares) - 1) * film.photo.shape[0] * film.photo.shape[1]
    return 1e6 * jumped / compared, changed / compared, 1e6 * lawless_count / pixels


HEADS = (
    ("all", 6, 2),
    ("hidden", 6, 2),
    ("halo px", 7, 2),
    ("cracks", 6, 0),
    ("rows px", 7, 3),
    ("eyes", 5, 1),
    ("jumps ppm", 9, 0),
    ("shimmer", 7, 2),
    ("lawless ppm", 11, 0),
    ("lines px", 8, 2),
    ("ripple", 6, 2),
)
"""Name, width and digits of every column, in the order of the figures."""


def table(title: str, rows: dict[str, Figures]) -> str:
    """Return a Markdown table."""
    head = " | ".join(f"{name:>{wide}}" for name, wide, _ in HEADS)
    rule = "|".join("-" * (wide + 1) + ":" for _, wide, _ in HEADS)
    lines = [f"| {title:18} | {head} |", f"|{'-' * 20}|{rule}|"]
    for name, row in rows.items():
        values = zip(asdict(row).values(), HEADS, strict=True)
        cells = " | ".join(
            f"{'' if np.isnan(value) else f'{value:.{digits}f}':>{wide}}" for value, (_, wide, digits) in values
        )
        lines.append(f"| {name:18} | {cells} |")
    return "\n".join(lines)


def means(measured: dict[str, dict[str, Figures]]) -> dict[str, Figures]:
    """Return the mean over the worlds of every figure of every way; where it does not apply it does not count."""
    ways = next(iter(measured.values()))
    result = {}
    for way in ways:
        columns = np.array([list(asdict(rows[way]).values()) for rows in measured.values()]).T
        kept = [column[np.isfinite(column)] for column in columns]
        result[way] = Figures(*(float(column.mean()) if column.size else float("nan") for column in kept))
    return result


def as_json(measured: dict[str, dict[str, Figures]]) -> dict[str, object]:
    """Return plain values; null where a figure does not apply."""

    def plain(row: Figures) -> dict[str, float | None]:
        values = asdict(row)
        return {field.name: values[field.name] if np.isfinite(values[field.name]) else None for field in fields(row)}

    named = {world: {way: plain(row) for way, row in rows.items()} for world, rows in measured.items()}
    return {"worlds": named, "means": {way: plain(row) for way, row in means(measured).items()}}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 0, or 2 when a world or a filler is not there."""
    every = {world.name: world for world in worlds()}
    parser = argparse.ArgumentParser(prog="python -m bench.analytic", description=__doc__.splitlines()[0])
    parser.add_argument("--world", choices=every, action="append", help="measure this one only; again for more")
    parser.add_argument("--fill", type=Path, action="append", default=[], help="ONNX file for a further row of kbvr")
    parser.add_argument("--kbvr-only", action="store_true", help="leave the baselines out")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    options = parser.parse_args(arguments)
    machine = this_machine()
    try:
        ways = kbvr_ways(tuple(options.fill)) | ({} if options.kbvr_only else baseline_ways())
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    measured = {}
    for name in options.world or every:
        stills, film = stills_of(every[name]), film_of(every[name], FRAMES)
        measured[name] = {title: measure(way, stills, film) for title, way in ways.items()}
    if options.json:
        print(json.dumps(machine.as_json() | as_json(measured), indent=1))
    else:
        tables = [table(name, rows) for name, rows in measured.items()]
        print("\n".join(machine.lines()), *tables, table(f"mean of {len(measured)}", means(measured)), sep="\n\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
