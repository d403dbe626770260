"""Draw analytic worlds (bench/worlds.py) and measure the flaws of the pictures (bench/flaws.py).

Every method gets a photo and its true disparity. "Seen" pixels are those that the photo sees. The figures:

    all, hidden   PSNR in dB of the picture at the largest move to the right: of the whole picture, of hidden pixels
    halo px       mean width of the wrong rim (> 8 levels) along boundaries, seen pixels
    cracks        pixels that are wrong by > 40 levels where the truth is flat, seen pixels
    rows px       99.9th percentile of vertical disparity, seen pixels away from boundaries
    eyes          mean difference in levels between the pictures of two eyes, points that the photo does not show
    jumps ppm     pixels whose error jumps by > 60 levels between two of 60 frames, seen pixels
    shimmer       mean change of the error between frames, levels, seen pixels
    lawless ppm   pixels that leave the range of their old neighbourhood though the frame moves by less than half a
                  pixel, unless they do so in the truth too
    lines px      99th percentile of the position error of a floor's lines
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
    line_px,
    ripple_levels,
    row_picture,
    truth_of,
    vertical_px,
    wrongly_lawless,
)
from bench.machine import this_machine
from bench.methods import Draw, Method, baseline_methods, kbvr_methods
from bench.metrics import psnr_db
from bench.tracer import BASELINE_M, Sight, World, disparity_of_photo, sight, trace
from bench.worlds import FLOOR, SIZE_PX, worlds
from kbvr.errors import InputError

FRAMES = 60
FILM_SIZE_PX = (480, 48)
"""The film shows only the middle rows of a world, which leaves more time for frames."""

FILM_SAMPLES = 2
OTHER_EYE = 0.5
"""Position of the second eye, as a share of the largest move; the first is at its end."""


@dataclass(frozen=True)
class Figures:
    """The figures of one method in one world. NaN where a figure does not apply."""

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
    """The photo of a world, and the truth for two other eyes."""

    world: World
    photo: Picture
    disparity_px: Float32[np.ndarray, "H W"]
    right: Truth
    other: Sight
    """Positions of the right picture's pixels in the other eye's."""

    other_surface: np.ndarray


@dataclass(frozen=True, eq=False)
class Film:
    """A band of a world, and the truth of every frame of a move."""

    photo: Picture
    disparity_px: Float32[np.ndarray, "H W"]
    shares: tuple[float, ...]
    frames: tuple[Truth, ...]


def stills_of(world: World) -> Stills:
    """Trace the photo and the two other eyes."""
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
    """Trace a film from the photo's camera to the end of the largest move."""
    camera = world.camera(FILM_SIZE_PX)
    shares = tuple(float(share) for share in np.linspace(0, 1, frames))
    moved = [camera.moved(x_m=BASELINE_M * share) for share in shares]
    truths = [truth_of(trace(world, at, FILM_SAMPLES), sight(world, at, camera)) for at in moved]
    return Film(trace(world, camera, FILM_SAMPLES), disparity_of_photo(world, camera), shares, tuple(truths))


def measure(method: Method, stills: Stills, film: Film) -> Figures:
    """Draw one world with one method and measure the pictures."""
    draw = method(stills.photo, stills.disparity_px)
    drawn, right = draw(1.0), stills.right
    rows = method(row_picture(SIZE_PX), stills.disparity_px)(1.0)
    jumps_ppm, shimmer, lawless_ppm = film_figures(method(film.photo, film.disparity_px), film)
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
    """Return jumping pixels (ppm), the mean change of the error (levels), and lawless pixels (ppm)."""
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
        lawless_count += int(wrongly_lawless(before, drawn, *true).sum())
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
"""Name, width and digits of every column, in the order of `Figures`."""


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
    """Return the mean of every figure of every method over the worlds to which it applies."""
    methods = next(iter(measured.values()))
    result = {}
    for method in methods:
        columns = np.array([list(asdict(rows[method]).values()) for rows in measured.values()]).T
        kept = [column[np.isfinite(column)] for column in columns]
        result[method] = Figures(*(float(column.mean()) if column.size else float("nan") for column in kept))
    return result


def as_json(measured: dict[str, dict[str, Figures]]) -> dict[str, object]:
    """Return the figures ready for JSON; None where a figure does not apply."""

    def plain(row: Figures) -> dict[str, float | None]:
        values = asdict(row)
        return {field.name: values[field.name] if np.isfinite(values[field.name]) else None for field in fields(row)}

    named = {world: {method: plain(row) for method, row in rows.items()} for world, rows in measured.items()}
    return {"worlds": named, "means": {method: plain(row) for method, row in means(measured).items()}}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return 0, or 2 if a world or a fill network is missing."""
    every = {world.name: world for world in worlds()}
    parser = argparse.ArgumentParser(prog="python -m bench.analytic", description=__doc__.splitlines()[0])
    parser.add_argument("--world", choices=every, action="append", help="measure only this world; can be repeated")
    parser.add_argument(
        "--fill", type=Path, action="append", default=[], help="ONNX file for another row of kbvr; can be repeated"
    )
    parser.add_argument("--kbvr-only", action="store_true", help="skip the baselines")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    options = parser.parse_args(arguments)
    machine = this_machine()
    try:
        methods = kbvr_methods(tuple(options.fill)) | ({} if options.kbvr_only else baseline_methods())
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    measured = {}
    for name in options.world or every:
        stills, film = stills_of(every[name]), film_of(every[name], FRAMES)
        measured[name] = {title: measure(method, stills, film) for title, method in methods.items()}
    if options.json:
        print(json.dumps(machine.as_json() | as_json(measured), indent=1))
    else:
        tables = [table(name, rows) for name, rows in measured.items()]
        print("\n".join(machine.lines()), *tables, table(f"mean of {len(measured)}", means(measured)), sep="\n\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
