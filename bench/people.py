"""Measure what people see in the moves of an export, on photos of fixed kinds with the built-in depth.

Moves: `swing` is the stereo video, both eyes at both ends; `kenburns` the end of the plain video; `circle` both eyes at
the four ends of a circle; `head box` the corners of the box in which a headset's wearer may move. Each is measured in
the scene that an export with default options builds for it, in rendered views with a long side of 960 pixels.

    invented %    pixels whose colour is not from the photo: filled in, beyond its border, or covered by no layer
    torn / MP     pieces smaller than 8x8 px that move by more than 1 px against everything around them
    lines px      how far straight lines of the photo bend, per 1000 px of the width (bench/line_bending.py)
    torn lines %  share of the lines' length that is not bent but torn, because their depth jumps
    inside        photos whose subjects stay inside the frame, with a margin of 1%, at every end
    grows         size of the subject at the end relative to the start
    flicker ppm   pixels whose change from frame to frame is not explained by motion
    eyes          mean difference in levels between two eyes along occlusion boundaries, where both see one surface

Figures of kinds and of all photos are `mean / median / worst`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.coded_views import CodedRenderer, Picture, Seen
from bench.line_bending import Segments, bends_of, segments_of
from bench.machine import this_machine
from bench.people_moves import MeasuredMove, at_size, depth_of, moves_of
from bench.people_photos import Listed, listed
from bench.people_sheet import Row, write_sheet
from bench.people_tables import Figures, Run, read_run, tables
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
    bends = [bends_of(segments, drawn, camera).summary() for camera in move.cameras]
    pairs = [eye_mismatch_levels(*eyes, photo_camera) for eyes in ends if len(eyes) == 2]
    figures = Figures(
        invented_percent=100 * float(np.mean([view.invented.mean() for view in views])),
        torn_per_mp=1e6 * float(np.mean([len(torn_pieces(view, photo_camera)) / view.layer.size for view in views])),
        line_px=_mean([bend.p90_px for bend in bends]),
        torn_lines_percent=100 * _mean([bend.torn_share for bend in bends]),
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


def run_of(photos: Sequence[Listed]) -> tuple[Run, list[Row]]:
    """Measure photos; return their figures and their rows of the contact sheet."""
    machine = this_machine()
    figures, rows = {}, []
    for entry in photos:
        figures[entry.name], row = measure(entry)
        rows.append(row)
    return Run(machine, {entry.name: entry.kind for entry in photos}, figures), rows


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
    parser.add_argument(
        "--from",
        dest="runs",
        type=Path,
        action="append",
        metavar="FILE",
        help="print the figures of an earlier run from its JSON instead of measuring; can be repeated to compare",
    )
    options = parser.parse_args(arguments)
    if options.runs:
        print(tables([read_run(path) for path in options.runs], every_photo=options.photos))
        return 0
    chosen = [
        entry
        for kind in options.only or kinds
        for entry in [entry for entry in photos if entry.kind == kind][: options.limit]
    ]
    run, rows = run_of(chosen)
    if options.sheet:
        write_sheet(options.sheet, rows)
    print(run.as_json() if options.json else tables([run], every_photo=options.photos))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
