"""Measure what people see in the moves of an export, on photos of fixed kinds with the built-in depth.

Moves: `swing` is the stereo video, both eyes at both ends; `kenburns` the end of the plain video; `circle` both eyes at
the four ends of a circle; `head box` the corners of the box in which a headset's wearer may move. Each is measured in
the scene that an export with default options builds for it, in rendered views with a long side of 960 pixels.

    invented %    pixels whose colour is not from the photo: filled in, beyond its border, or covered by no layer
    torn / MP     pieces smaller than 8x8 px that move by more than 1 px against everything around them
    lines px      how far straight lines of the photo bend, per 1000 px of the width (bench/line_bending.py)
    inside        photos whose subjects stay inside the frame, with a margin of 1%, at every end
    grows         size of the subject at the end relative to the start
    flicker ppm   pixels whose change from frame to frame is not explained by motion
    eyes          mean difference in levels between two eyes along occlusion boundaries, where both see one surface

Figures of kinds and of all photos are `mean / median / worst`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import numpy as np

from bench.coded_views import CodedRenderer, Picture, Seen
from bench.line_bending import Segments, bends_of, segments_of
from bench.machine import this_machine
from bench.people_moves import MOVES, MeasuredMove, at_size, depth_of, moves_of
from bench.people_photos import Listed, listed
from bench.people_sheet import Row, write_sheet
from bench.seen_flaws import (
    Box,
    eye_mismatch_levels,
    flicker_ppm,
    is_subject_inside,
    subject_growth,
    torn_pieces,
)
from kbvr.depth.depth_map import DepthMap
from kbvr.geometry.camera import Camera
from kbvr.ldi.scene import Scene

LONG_SIDE_PX = 960


@dataclass(frozen=True)
class Figures:
    """The figures of one photo and one move. NaN where a figure does not apply."""

    invented_percent: float
    torn_per_mp: float
    line_px: float
    inside: float
    """1 if all subjects stay inside the frame, else 0."""

    growth: float
    flicker_ppm: float
    eyes_levels: float


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    head: str
    digits: int
    worst: Callable[[np.ndarray], float] = np.max


COLUMNS = {
    "invented_percent": Column("invented %", 1),
    "torn_per_mp": Column("torn / MP", 0),
    "line_px": Column("lines px", 2),
    "inside": Column("inside", 0, np.min),
    "growth": Column("grows", 2, np.min),
    "flicker_ppm": Column("flicker ppm", 0),
    "eyes_levels": Column("eyes", 2),
}
Measured = dict[str, dict[str, Figures]]
"""Photo -> move -> figures."""


def measure(entry: Listed) -> tuple[dict[str, Figures], Row]:
    """Return the figures of one photo, and its row of the contact sheet."""
    photo = at_size(entry.photo(), LONG_SIDE_PX)
    depth = depth_of(photo)
    segments = segments_of(photo.rgb)
    figures, pictures = {}, {"photo": photo.rgb}
    for move in moves_of(photo, depth):
        figures[move.name], views = measured_move(move, depth, segments, entry.subjects)
        pictures |= _sheet_views(move.name, views)
    return figures, Row(f"{entry.kind}: {entry.name}", pictures)


def measured_move(
    move: MeasuredMove, depth: DepthMap, segments: Segments, subjects: Sequence[Box]
) -> tuple[Figures, list[tuple[Seen, ...]]]:
    """Return the figures of a move, and the views of the eyes at its ends."""
    photo_camera = move.scene.camera
    enlargement = max(camera.f_px for camera in move.cameras) / photo_camera.f_px
    with CodedRenderer(move.scene, pixels_per_photo_px=enlargement) as renderer:
        ends = [tuple(renderer.seen_from(camera) for camera in eyes) for eyes in move.ends]
        flicker = [
            flicker_ppm(renderer.seen_from(before), renderer.seen_from(after), photo_camera)
            for before, after in move.steps
        ]
    views = [view for eyes in ends for view in eyes]
    drawn = drawn_depth(move.scene, depth)
    pairs = [eye_mismatch_levels(*eyes, photo_camera) for eyes in ends if len(eyes) == 2]
    figures = Figures(
        invented_percent=100 * float(np.mean([view.invented.mean() for view in views])),
        torn_per_mp=1e6 * float(np.mean([len(torn_pieces(view, photo_camera)) / view.layer.size for view in views])),
        line_px=_mean([bends_of(segments, drawn, camera).summary().p90_px for camera in move.cameras]),
        inside=_inside(subjects, depth, move.cameras, photo_camera),
        growth=_growth(subjects, depth, move) if move.name == "kenburns" else float("nan"),
        flicker_ppm=float(np.mean(flicker)),
        eyes_levels=_mean(pairs),
    )
    return figures, ends


def drawn_depth(scene: Scene, depth: DepthMap) -> DepthMap:
    """Return the depth that a scene draws the photo at: that of its front layer, which splitting may change."""
    margin, (width, height) = scene.ldi.margin_px, scene.ldi.size_px
    front = scene.ldi.front.inverse_depth[margin : margin + height, margin : margin + width]
    return replace(depth, inverse_depth=np.ascontiguousarray(front))


def _inside(subjects: Sequence[Box], depth: DepthMap, cameras: Sequence[Camera], photo_camera: Camera) -> float:
    if not subjects:
        return float("nan")
    return float(all(is_subject_inside(box, depth.inverse_depth, cameras, photo_camera) for box in subjects))


def _growth(subjects: Sequence[Box], depth: DepthMap, move: MeasuredMove) -> float:
    end = move.ends[-1][0]
    return _mean([subject_growth(box, depth.inverse_depth, move.start, end, move.scene.camera) for box in subjects])


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")


def _sheet_views(move: str, ends: Sequence[tuple[Seen, ...]]) -> dict[str, Picture]:
    """Return the pictures of a move that the contact sheet shows."""
    if move == "swing":
        return {"left eye, left end": ends[0][0].rgb, "right eye, right end": ends[-1][-1].rgb}
    return {"kenburns, end": ends[-1][0].rgb} if move == "kenburns" else {}


def photo_table(move: str, photos: Sequence[Listed], measured: Measured) -> str:
    """Return a Markdown table of one move: a row for every photo."""
    lines = _head(f"{move}: kind, photo")
    for entry in photos:
        row = asdict(measured[entry.name][move])
        cells = [_number(row[name], column.digits) for name, column in COLUMNS.items()]
        lines.append(f"| {entry.kind}: {entry.name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def kind_table(move: str, photos: Sequence[Listed], measured: Measured) -> str:
    """Return a Markdown table of one move: a row for every kind, and one for all photos."""
    lines = _head(move)
    kinds = list(dict.fromkeys(entry.kind for entry in photos))
    groups = {kind: [entry for entry in photos if entry.kind == kind] for kind in kinds}
    for title, group in [*groups.items(), (f"all {len(photos)}", list(photos))]:
        cells = _summary([measured[entry.name][move] for entry in group])
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def overall_table(photos: Sequence[Listed], measured: Measured) -> str:
    """Return a Markdown table over all photos: a row for every move."""
    lines = _head(f"all {len(photos)}")
    for move in MOVES:
        lines.append(f"| {move} | " + " | ".join(_summary([measured[entry.name][move] for entry in photos])) + " |")
    return "\n".join(lines)


def _head(title: str) -> list[str]:
    heads = " | ".join(column.head for column in COLUMNS.values())
    return [f"| {title} | {heads} |", "|---|" + "---:|" * len(COLUMNS)]


def _summary(rows: Sequence[Figures]) -> list[str]:
    """Return the cells of several photos: mean / median / worst, or how many of how many are inside."""
    cells = []
    for name, column in COLUMNS.items():
        values = np.array([getattr(row, name) for row in rows])
        values = values[np.isfinite(values)]
        if not values.size:
            cells.append("")
        elif name == "inside":
            cells.append(f"{int(values.sum())} of {values.size}")
        else:
            three = (float(values.mean()), float(np.median(values)), float(column.worst(values)))
            cells.append(" / ".join(_number(value, column.digits) for value in three))
    return cells


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if np.isfinite(value) else ""


def as_json(photos: Sequence[Listed], measured: Measured) -> dict[str, object]:
    """Return the figures ready for JSON; None where a figure does not apply."""

    def plain(row: Figures) -> dict[str, float | None]:
        values = asdict(row)
        return {field.name: values[field.name] if np.isfinite(values[field.name]) else None for field in fields(row)}

    return {
        "photos": {
            entry.name: {"kind": entry.kind} | {move: plain(row) for move, row in measured[entry.name].items()}
            for entry in photos
        }
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    photos = listed()
    kinds = list(dict.fromkeys(entry.kind for entry in photos))
    parser = argparse.ArgumentParser(prog="python -m bench.people", description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=kinds, action="append", help="measure only this kind; can be repeated")
    parser.add_argument("--limit", type=int, metavar="N", help="measure only the first N photos of each kind")
    parser.add_argument("--photos", action="store_true", help="also print the figures of every photo")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument(
        "--sheet", type=Path, metavar="FILE", help="also draw a contact sheet: photos and ends of moves"
    )
    options = parser.parse_args(arguments)
    machine = this_machine()
    chosen = [
        entry
        for kind in options.only or kinds
        for entry in [entry for entry in photos if entry.kind == kind][: options.limit]
    ]
    measured: Measured = {}
    rows = []
    for entry in chosen:
        measured[entry.name], row = measure(entry)
        rows.append(row)
    if options.sheet:
        write_sheet(options.sheet, rows)
    if options.json:
        print(json.dumps(machine.as_json() | as_json(chosen, measured), indent=1))
        return 0
    print("\n".join(machine.lines()), overall_table(chosen, measured), sep="\n\n")
    for move in MOVES:
        print("", kind_table(move, chosen, measured), sep="\n")
        if options.photos:
            print("", photo_table(move, chosen, measured), sep="\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
