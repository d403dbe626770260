"""Compare fillers side by side, with their names hidden.

For every photo and move (swing stereo, kenburns) it draws the views at both ends of the move, once per filler, and
crops where the views show most of what is filled. Each sheet shows one crop by every filler, in random order (a, b, c
from the left), at 200% and at 100%. Rank them in `votes.csv`, best first, with `=` between equal ones (`b=ac`);
`--count` then reveals the names.
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

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8

from bench.fill import copied_depth, opencv_filler
from kbvr.depth.estimate import estimate_depth
from kbvr.depth.networks import BUILT_IN_NETWORK
from kbvr.errors import InputError
from kbvr.geometry.camera import Camera
from kbvr.inpaint.choose import filler_named
from kbvr.inpaint.filler import Filler
from kbvr.ldi.scene import build_scene
from kbvr.photo.photo import Photo, load_photo
from kbvr.pipeline import plan_export
from kbvr.plan.shots import Shot, reaches_m
from kbvr.rendering.cpu_renderer import Renderer

CROP_PX = (128, 96)
OURS = "patches"
MOVES = ("stereo", "kenburns")
MIN_FILLED_PX = 450
"""Crops that show less of what is filled are left out."""

MARK = (255, 0, 255)
MARKED_LEVELS = 120
GAP_PX = 8

Picture = UInt8[np.ndarray, "H W 3"]


@dataclass(frozen=True, eq=False)
class Crop:
    """One place of one view, as every filler shows it."""

    photo: str
    move: str
    filled_px: int
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
    """Yield the place with most of what is filled in each view that shows enough of it."""
    depth = estimate_depth(photo, model=BUILT_IN_NETWORK)
    for move in MOVES:
        plan = plan_export(photo, depth, Path("blind"), seconds=2, fps=10, **{move: True})  # type: ignore[arg-type]
        cameras = ends_of(plan.shots[0])
        views: dict[str, list[Picture]] = {}
        for filler, fill in {"": marked, **fillers}.items():
            reaches = reaches_m(plan.shots, plan.scene_depth)
            scene = build_scene(photo, depth, **reaches, filler=fill, scene_depth=plan.scene_depth, is_visited=False)
            with Renderer(scene, pixels_per_photo_px=cameras[0].f_px / scene.camera.f_px) as drawing:
                views[filler] = [drawing.frame(camera) for camera in cameras]
        for index, view in enumerate(views.pop("")):
            inside, filled_px = most_filled(view)
            if filled_px >= MIN_FILLED_PX:
                yield Crop(name, move, filled_px, {filler: shown[index][inside] for filler, shown in views.items()})


def most_filled(view: Picture) -> tuple[tuple[slice, slice], int]:
    """Return the window with most marked pixels, and their number."""
    red, green, blue = (view[..., index].astype(int) for index in range(3))
    is_marked = (np.minimum(red, blue) - green > MARKED_LEVELS).astype(np.float32)
    height, width = is_marked.shape
    w, h = min(CROP_PX[0], width), min(CROP_PX[1], height)
    total = cv2.boxFilter(is_marked, -1, (w, h), anchor=(0, 0), normalize=False, borderType=cv2.BORDER_CONSTANT)
    y, x = np.unravel_index(int(np.argmax(total[: height - h + 1, : width - w + 1])), (height - h + 1, width - w + 1))
    return np.s_[y : y + h, x : x + w], int(total[y, x])


def sheet(pictures: Sequence[Picture]) -> Picture:
    """Return crops side by side, at 200% and, below, at 100%."""
    rows = []
    for scale in (2, 1):
        large = [cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC) for crop in pictures]
        gaps = ((0, GAP_PX), (0, GAP_PX), (0, 0))
        rows.append(np.hstack([np.pad(crop, gaps, constant_values=255) for crop in large]))
    missing = rows[0].shape[1] - rows[1].shape[1]
    return np.vstack([rows[0], np.pad(rows[1], ((0, 0), (0, missing), (0, 0)), constant_values=255)]).astype(np.uint8)


def write_sheets(crops: Sequence[Crop], folder: Path, *, count: int, seed: int) -> None:
    """Write the sheets of some crops, the key to them (`key.json`), and a `votes.csv` without votes."""
    rng = np.random.default_rng(seed)
    key = []
    folder.mkdir(parents=True, exist_ok=True)
    for number, index in enumerate(rng.permutation(len(crops))[:count]):
        crop = crops[index]
        names = [str(name) for name in rng.permutation(list(crop.pictures))]
        cv2.imwrite(str(folder / f"{number:03}.png"), sheet([crop.pictures[name] for name in names])[..., ::-1])
        key.append({"names": names, "photo": crop.photo, "move": crop.move, "filled_px": crop.filled_px})
    (folder / "key.json").write_text(json.dumps(key, indent=1), "utf-8")
    (folder / "votes.csv").write_text("".join(f"{number},\n" for number in range(len(key))), "utf-8")


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
