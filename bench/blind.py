"""Compare fillers side by side, with their names hidden.

Crops come from places where much is filled: both ends of a bold kenburns, the corners of the head box, and strips that
are removed beside occlusion boundaries, as in `bench.fill`. Every row of a sheet shows one crop: first where it is
filled (grey, outlined), then what every filler makes of it, in random order (a, b, c from the left), at 200%. Rank them
in `votes.csv`, best first, with `=` between equal ones (`b=ac`); `--count` then reveals the names.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8

from bench.fill import copied_depth, opencv_filler, questions_of
from bench.people_moves import at_size
from kbvr.depth.depth_map import DepthMap
from kbvr.depth.estimate import estimate_depth
from kbvr.depth.networks import BUILT_IN_NETWORK
from kbvr.errors import InputError
from kbvr.geometry.camera import Camera
from kbvr.inpaint.choose import filler_named
from kbvr.inpaint.filler import Filler
from kbvr.ldi.scene import build_scene
from kbvr.motion.head_box import head_box_of_size
from kbvr.motion.move import Move
from kbvr.motion.view import view_of
from kbvr.options.export_options import ExportOptions
from kbvr.photo.photo import Photo, load_photo
from kbvr.pipeline import plan_export
from kbvr.plan.shots import Shot, reaches_m
from kbvr.rendering.cpu_renderer import Renderer

CROP_PX = (128, 96)
OURS = "patches"
LONG_SIDE_PX = 1280
"""Larger photos are reduced to this long side, so that what is filled fits into a crop."""

STRIPS_PX = (20, 40)
"""Widths of the strips that are removed."""

MIN_FILLED_SHARE = 0.15
"""Crops that show less of what is filled are left out."""

CROPS_PER_VIEW = 2
ROWS = 10
"""Crops on one sheet."""

MARK = (255, 0, 255)
MARKED_LEVELS = 120
UNKNOWN_GREY = 128
GAP_PX = 8

Picture = UInt8[np.ndarray, "H W 3"]


@dataclass(frozen=True, eq=False)
class Crop:
    """One place of one view, as every filler shows it."""

    photo: str
    move: str
    filled_px: int
    where: Picture
    """The crop without what is filled: that is grey, with an outline."""

    pictures: dict[str, Picture]


def marked(
    rgb: Picture,
    inverse_depth: Float32[np.ndarray, "H W"],
    *,
    hole: Bool[np.ndarray, "H W"],
    source: Bool[np.ndarray, "H W"],
) -> tuple[Picture, Float32[np.ndarray, "H W"]]:
    """Fill with a colour that shows where a view is filled."""
    depth = copied_depth(inverse_depth, source) if source.any() else inverse_depth
    filled = np.where(hole[..., None], np.array(MARK, np.uint8), rgb).astype(np.uint8)
    return filled, np.where(hole, depth, inverse_depth).astype(np.float32)


def ends_of(shot: Shot) -> tuple[Camera, Camera]:
    """Return the outermost cameras at the two ends of the axis along which a shot moves most."""
    places = np.array([eyes[0].camera_from_world[:3, 3] for eyes in shot.instants])
    along = places[:, int(np.argmax(np.ptp(places, axis=0)))]
    return shot.instants[int(np.argmax(along))][0], shot.instants[int(np.argmin(along))][-1]


def crops_of(photo: Photo, name: str, fillers: dict[str, Filler]) -> Iterator[Crop]:
    """Yield the places of a photo's views, and of its removed strips, where most is filled."""
    if max(photo.size_px) > LONG_SIDE_PX:
        photo = at_size(photo, LONG_SIDE_PX)
    depth = estimate_depth(photo, model=BUILT_IN_NETWORK)
    for move in ("kenburns", "head box"):
        yield from _crops_of_move(photo, depth, name, move, fillers)
    for question in questions_of(name, photo.rgb, depth.inverse_depth):
        if question.width_px in STRIPS_PX:
            shown = np.where(question.source[..., None], question.rgb, UNKNOWN_GREY).astype(np.uint8)
            known_depth = np.where(question.source, question.inverse_depth, 0).astype(np.float32)
            answers = {
                filler: np.where(
                    question.hole[..., None],
                    fill(shown, known_depth, hole=question.hole, source=question.source)[0],
                    question.rgb,
                ).astype(np.uint8)
                for filler, fill in fillers.items()
            }
            strip = f"strip of {question.width_px} px"
            yield from _cropped(name, strip, question.rgb, question.hole, answers)


def _crops_of_move(photo: Photo, depth: DepthMap, name: str, move: str, fillers: dict[str, Filler]) -> Iterator[Crop]:
    """Yield the crops of the outermost views of a move."""
    is_kenburns = move == "kenburns"
    options: dict[str, Any] = (
        {"kenburns": True, "strength": "bold", "seconds": 2, "fps": 10} if is_kenburns else {"html": True}
    )
    plan = plan_export(photo, depth, Path("blind"), **options)
    if is_kenburns:
        cameras, reaches = list(ends_of(plan.shots[0])), reaches_m(plan.shots, plan.scene_depth)
    else:
        view = view_of(plan.scene_depth, photo.size_px)
        held = plan.scene_depth.subject_inverse_depth
        head_box = head_box_of_size(1, ExportOptions().ipd_mm / 1000)
        x_m, y_m, z_m = head_box.sides_m
        cameras = [Move(side * x_m, side * y_m, z_m, held_inverse_depth=held).camera(view) for side in (-1, 1)]
        reaches = head_box.reaches_m(plan.scene_depth)
    views: dict[str, list[Picture]] = {}
    for filler, fill in {"": marked, **fillers}.items():
        scene = build_scene(
            photo, depth, **reaches, filler=fill, scene_depth=plan.scene_depth, is_visited=not is_kenburns
        )
        with Renderer(scene, pixels_per_photo_px=cameras[0].f_px / scene.camera.f_px) as drawing:
            views[filler] = [drawing.frame(camera) for camera in cameras]
    for index, shown in enumerate(views.pop("")):
        yield from _cropped(name, move, shown, is_marked(shown), {f: view[index] for f, view in views.items()})


def _cropped(
    name: str, move: str, shown: Picture, filled: Bool[np.ndarray, "H W"], views: dict[str, Picture]
) -> Iterator[Crop]:
    """Yield the windows that show most of what is filled, and enough of it."""
    where = outlined(shown, filled)
    for inside in most_filled(filled, CROPS_PER_VIEW):
        filled_px = int(filled[inside].sum())
        if filled_px >= MIN_FILLED_SHARE * CROP_PX[0] * CROP_PX[1]:
            yield Crop(name, move, filled_px, where[inside], {filler: view[inside] for filler, view in views.items()})


def is_marked(view: Picture) -> Bool[np.ndarray, "H W"]:
    """Return where a view shows `MARK`."""
    red, green, blue = (view[..., index].astype(int) for index in range(3))
    return np.asarray(np.minimum(red, blue) - green > MARKED_LEVELS)


def outlined(view: Picture, filled: Bool[np.ndarray, "H W"]) -> Picture:
    """Return a view in which everything filled is grey, with an outline."""
    rim = filled & ~cv2.erode(filled.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    grey = np.where(filled[..., None], np.uint8(UNKNOWN_GREY), view)
    return np.where(rim[..., None], np.array(MARK, np.uint8), grey).astype(np.uint8)


def most_filled(filled: Bool[np.ndarray, "H W"], count: int) -> list[tuple[slice, slice]]:
    """Return windows that do not overlap, each with most of what is filled and in no other one."""
    left = filled.astype(np.float32)
    height, width = left.shape
    w, h = min(CROP_PX[0], width), min(CROP_PX[1], height)
    windows: list[tuple[slice, slice]] = []
    for _ in range(count):
        total = cv2.boxFilter(left, -1, (w, h), anchor=(0, 0), normalize=False, borderType=cv2.BORDER_CONSTANT)
        total = total[: height - h + 1, : width - w + 1]
        for rows, columns in windows:
            total[max(rows.start - h + 1, 0) : rows.stop, max(columns.start - w + 1, 0) : columns.stop] = -1
        y, x = np.unravel_index(int(np.argmax(total)), total.shape)
        if total[y, x] <= 0:
            break
        windows.append(np.s_[int(y) : int(y) + h, int(x) : int(x) + w])
    return windows


def row_of(number: int, pictures: Sequence[Picture]) -> Picture:
    """Return pictures side by side at 200%, after their number."""
    return numbered(number, [cv2.resize(crop, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC) for crop in pictures])


def numbered(number: int, pictures: Sequence[Picture]) -> Picture:
    """Return pictures side by side, after their number."""
    gaps = ((0, GAP_PX), (0, GAP_PX), (0, 0))
    label = np.full((pictures[0].shape[0], 64, 3), 255, np.uint8)
    cv2.putText(label, str(number), (4, 40), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (0, 0, 0), 2)
    return np.hstack([np.pad(part, gaps, constant_values=255) for part in (label, *pictures)])


def write_sheets(crops: Sequence[Crop], folder: Path, *, count: int, seed: int) -> None:
    """Write the sheets of some crops, the key to them (`key.json`), and a `votes.csv` without votes."""
    rng = np.random.default_rng(seed)
    key, rows = [], []
    folder.mkdir(parents=True, exist_ok=True)
    for number, index in enumerate(rng.permutation(len(crops))[:count]):
        crop = crops[index]
        names = [str(name) for name in rng.permutation(list(crop.pictures))]
        rows.append(row_of(number, [crop.where, *(crop.pictures[name] for name in names)]))
        key.append({"names": names, "photo": crop.photo, "move": crop.move, "filled_px": crop.filled_px})
    for first in range(0, len(rows), ROWS):
        sheet = stacked(rows[first : first + ROWS])
        cv2.imwrite(str(folder / f"sheet-{first // ROWS:02}.png"), sheet[..., ::-1])
    (folder / "key.json").write_text(json.dumps(key, indent=1), "utf-8")
    (folder / "votes.csv").write_text("".join(f"{number},\n" for number in range(len(key))), "utf-8")


def stacked(rows: Sequence[Picture]) -> Picture:
    """Return rows below each other, each padded to the widest."""
    width = max(row.shape[1] for row in rows)
    padded = (np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0)), constant_values=255) for row in rows)
    return np.vstack(list(padded)).astype(np.uint8)


def ranks_of(vote: str, count: int) -> list[int]:
    """Return the rank of every picture of a sheet, 0 for the best, from a vote such as `b=ac`.

    Raises:
        InputError: if the vote does not rank every picture once.
    """
    groups = [letters.replace("=", "") for letters in re.findall(r"[a-z](?:=[a-z])*", vote)]
    expected = "".join(sorted(chr(ord("a") + index) for index in range(count)))
    if not re.fullmatch("[a-z](=?[a-z])*", vote) or "".join(sorted("".join(groups))) != expected:
        raise InputError(
            f"votes.csv: expected a ranking of {expected}, such as {'='.join(expected[:2])}{expected[2:]}, got {vote!r}"
        )
    ranks = {letter: rank for rank, group in enumerate(groups) for letter in group}
    return [ranks[letter] for letter in expected]


def counted(folder: Path, ours: str) -> str:
    """Return how often a filler is better, equal or worse than each other one, by the votes."""
    key = json.loads((folder / "key.json").read_text("utf-8"))
    with (folder / "votes.csv").open(encoding="utf-8") as file:
        votes = {int(number): vote.strip() for number, vote in csv.reader(file)}
    results: dict[str, Counter[str]] = {}
    for number, asked in enumerate(key):
        ranks = dict(zip(asked["names"], ranks_of(votes.get(number, ""), len(asked["names"])), strict=True))
        for name, rank in ranks.items():
            if name != ours:
                verdict = "better" if ranks[ours] < rank else "equal" if ranks[ours] == rank else "worse"
                results.setdefault(name, Counter())[verdict] += 1
    lines = []
    for name, counts in results.items():
        figures = ", ".join(f"{verdict} {counts[verdict]}" for verdict in ("better", "equal", "worse"))
        lines.append(f"{ours} against {name}: {figures}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the sheets, or count the votes; return 0, or 2 if the photos cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m bench.blind", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder of the sheets")
    parser.add_argument("--count", action="store_true", help="count the votes in the folder")
    parser.add_argument("--crops", type=int, default=100, help="number of crops")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fill", action="append", help="filler to compare with patches (default: kbvr-fill)")
    parser.add_argument("photos", type=Path, nargs="*")
    options = parser.parse_args(arguments)
    try:
        if options.count:
            print(counted(options.out, OURS))
            return 0
        names = options.fill or ["kbvr-fill"]
        fillers = {OURS: filler_named(OURS), "telea": opencv_filler(cv2.INPAINT_TELEA)}
        fillers |= {Path(name).name: filler_named(name) for name in names}
        crops = [crop for path in options.photos for crop in crops_of(load_photo(path), path.stem, fillers)]
        if not crops:
            raise InputError("expected photos in whose views something is filled, got none")
        write_sheets(crops, options.out, count=options.crops, seed=options.seed)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
