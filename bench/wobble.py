"""Measure how straight lines and surfaces come out of depth that wobbles as the built-in network's does.

The depth of drawn worlds is wobbled inside every surface, made as small as a network's map, straightened
(`kbvr.depth.straighten`) and upsampled as `estimate_depth` does. The wobble is that of kbvr-depth on 736 planes of
held-out pictures with good depth and of stereo pairs: after the best plane is taken off, its deviation is 0.024
(median) of the picture's depth range, and blurs of 16 and 32 px of 384 leave 0.65 and 0.36 of it, as in noise blurred
with a sigma of 0.047 of the long side. Thin things are also lost in what is behind them along about a fifth of their
length, as the network loses poles and tubes.

    lines px    90th percentile of the bend of straight segments (`bench.line_bending`) at the largest move, px of 1000
    torn        share of their length whose depth jumps
    floor px    99th percentile of the position error of the drawn floor's lines (`bench.flaws.line_px`)
    depth px    mean absolute error of the disparity at the largest move, in pixels of a photo 480 px wide
    steps       F-score of the places of depth steps against the true ones, within 1.5 px
    thin        share of thin things that are closer to their own depth than to what is behind them
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import ceil

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from bench.built_worlds import built_worlds
from bench.flaws import Picture, line_px, truth_of
from bench.line_bending import bends_of, segments_of
from bench.machine import this_machine
from bench.methods import drawn_by_kbvr, kbvr_scene
from bench.tracer import BASELINE_M, F_PX, World, disparity_of_photo, nearest, rays_of, sight, trace
from bench.worlds import FLOOR, SIZE_PX, worlds
from kbvr.depth.depth_map import DepthMap
from kbvr.depth.guided_upsample import upsample_along_edges
from kbvr.depth.straighten import straightened
from kbvr.imaging.resize import averaged, long_side_px

WOBBLE_SHARE, WOBBLE_SIGMA = 0.024, 0.047
"""Deviation of the wobble as a share of the depth range, and its sigma as a share of the long side."""

NETWORK_LONG_SIDE_PX = 384
SEEDS = range(4)
THIN_PX = 8
"""Width of the widest thin thing, in pixels of the photo."""

LOST_DEVIATIONS, LOST_SIGMA = 0.85, 0.06
"""A thin thing is lost where a random field of deviation 1 exceeds this; its sigma as a share of the long side."""

MIN_STEP_PX = 1.5
"""Neighbours whose disparities differ by more than this are two surfaces."""

Disparity = Float32[np.ndarray, "H W"]


@dataclass(frozen=True)
class Straightness:
    """The figures of one depth of one world; NaN where a figure does not apply."""

    lines_px: float
    torn_share: float
    floor_px: float
    depth_px: float
    steps: float
    thin_share: float


def wobbled(disparity_px: Disparity, surface: np.ndarray, seed: int) -> Disparity:
    """Return a disparity with a smooth error of its own on every surface; the sky has none."""
    random = np.random.default_rng(seed)
    low, high = np.percentile(disparity_px, (2, 98))
    result = disparity_px.copy()
    for number in np.unique(surface):
        mine = (surface == number) & (disparity_px > 0)
        result[mine] += np.float32(WOBBLE_SHARE * (high - low)) * _field(disparity_px.shape, WOBBLE_SIGMA, random)[mine]
    return np.maximum(result, 0)


def _field(shape: tuple[int, ...], sigma_share: float, random: np.random.Generator) -> Disparity:
    """Return a smooth random field of deviation 1; the sigma is a share of the long side."""
    sigma_px = sigma_share * max(shape)
    border = ceil(3 * sigma_px)
    noise = random.standard_normal([side + 2 * border for side in shape]).astype(np.float32)
    field = cv2.GaussianBlur(noise, (0, 0), sigma_px)[border:-border, border:-border]
    return np.asarray(field / field.std())


def thin_things(disparity_px: Disparity) -> tuple[Bool[np.ndarray, "H W"], Disparity]:
    """Return the pixels of thin things, which are nearer than all around them, and the disparity behind them."""
    window = np.ones((2 * THIN_PX + 1,) * 2, np.uint8)
    wide = np.asarray(cv2.morphologyEx(disparity_px, cv2.MORPH_OPEN, np.ones((THIN_PX + 1,) * 2, np.uint8)))
    for _ in range(THIN_PX // 2):  # back into the corners of wide things
        wide = np.minimum(cv2.dilate(wide, np.ones((3, 3), np.uint8)), disparity_px)
    is_thin = disparity_px - wide > MIN_STEP_PX
    behind = np.asarray(cv2.erode(np.where(is_thin, np.float32(np.inf), disparity_px), window))
    return is_thin, np.where(is_thin, behind, disparity_px)


def without_lost_parts(off_px: Disparity, true_px: Disparity, seed: int) -> Disparity:
    """Return a disparity in which parts of thin things have the disparity of what is behind them."""
    is_thin, behind = thin_things(true_px)
    is_lost = is_thin & (_field(off_px.shape, LOST_SIGMA, np.random.default_rng(1000 + seed)) > LOST_DEVIATIONS)
    return np.where(is_lost, behind, off_px)


def as_estimated(disparity_px: Disparity, rgb: Picture, *, straight: bool) -> Disparity:
    """Return a disparity as if a network had estimated it, straightened or not."""
    size_px = long_side_px((rgb.shape[1], rgb.shape[0]), NETWORK_LONG_SIDE_PX)
    small = averaged(disparity_px, size_px)
    return np.maximum(upsample_along_edges(straightened(small, rgb) if straight else small, rgb), 0)


def measure(world: World, seeds: Sequence[int] = SEEDS) -> dict[str, Straightness]:
    """Return the figures of wobbled depth, and of the same depth straightened, as the means over the seeds."""
    camera = world.camera(SIZE_PX)
    rgb, true_px = trace(world, camera), disparity_of_photo(world, camera)
    surface = nearest(world.surfaces, rays_of(camera, 1))[0]
    rows: dict[str, list[Straightness]] = {"wobbling": [], "straightened": []}
    for seed in seeds:
        off_px = without_lost_parts(wobbled(true_px, surface, seed), true_px, seed)
        for name in rows:
            found_px = as_estimated(off_px, rgb, straight=name == "straightened")
            rows[name].append(figures_of(world, rgb, true_px, found_px))
    return {name: _mean(found) for name, found in rows.items()}


def figures_of(world: World, rgb: Picture, true_px: Disparity, found_px: Disparity) -> Straightness:
    """Measure one depth of one world."""
    camera = world.camera(SIZE_PX)
    right = camera.moved(x_m=BASELINE_M)
    depth = DepthMap(found_px / np.float32(F_PX * BASELINE_M), F_PX)
    bending = bends_of(segments_of(rgb), depth, right).summary()
    floor_px = float("nan")
    if world.name == "floor":
        truth = truth_of(trace(world, right), sight(world, right, camera))
        floor_px = line_px(drawn_by_kbvr(kbvr_scene(rgb, found_px))(1.0), truth, FLOOR, camera, 1.0)
    return Straightness(
        lines_px=bending.p90_px,
        torn_share=bending.torn_share,
        floor_px=floor_px,
        depth_px=float(np.abs(found_px - true_px).mean()),
        steps=steps_f_score(found_px, true_px),
        thin_share=thin_share(found_px, true_px),
    )


def thin_share(found_px: Disparity, true_px: Disparity) -> float:
    """Return the share of thin things that are closer to their disparity than to what is behind; NaN without any."""
    is_thin, behind = thin_things(true_px)
    is_near = np.abs(found_px - true_px) < np.abs(found_px - behind)
    return float(is_near[is_thin].mean()) if is_thin.any() else float("nan")


def steps_f_score(found_px: Disparity, true_px: Disparity) -> float:
    """Return the F-score of the places of steps against the true ones; NaN without true steps."""
    window = np.ones((3, 3), np.uint8)
    found, true = (
        (cv2.dilate(values, window[:2, :2]) - values > MIN_STEP_PX).astype(np.uint8) for values in (found_px, true_px)
    )
    if not true.any():
        return float("nan")
    precision = float((found & cv2.dilate(true, window)).sum()) / max(int(found.sum()), 1)
    recall = float((true & cv2.dilate(found, window)).sum()) / int(true.sum())
    return 2 * precision * recall / max(precision + recall, 1e-9)


def _mean(rows: Sequence[Straightness]) -> Straightness:
    columns = np.array([list(asdict(row).values()) for row in rows]).T
    kept = [column[np.isfinite(column)] for column in columns]
    return Straightness(*(float(column.mean()) if column.size else float("nan") for column in kept))


def table(measured: dict[str, dict[str, Straightness]]) -> str:
    """Return a Markdown table: two rows per world, and their means."""
    heads = ("lines px", "torn", "floor px", "depth px", "steps", "thin")
    lines = [f"| {'':24} | " + " | ".join(f"{head:>8}" for head in heads) + " |", f"|{'-' * 26}|" + f"{'-' * 9}:|" * 6]
    names = ("wobbling", "straightened")
    means = {name: _mean([rows[name] for rows in measured.values()]) for name in names}
    for world, rows in (measured | {f"mean of {len(measured)}": means}).items():
        for name in names:
            cells = ("" if np.isnan(value) else f"{value:.3f}" for value in asdict(rows[name]).values())
            lines.append(f"| {world + ', ' + name:24} | " + " | ".join(f"{cell:>8}" for cell in cells) + " |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return 0."""
    every = {world.name: world for world in (*built_worlds(), *worlds())}
    chosen = [world.name for world in built_worlds()] + ["floor", "sphere", "person"]
    parser = argparse.ArgumentParser(prog="python -m bench.wobble", description=__doc__.splitlines()[0])
    parser.add_argument("--world", choices=every, action="append", help="measure only this world; can be repeated")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(arguments)
    machine = this_machine()
    measured = {name: measure(every[name]) for name in options.world or chosen}
    if options.json:
        plain = {world: {name: asdict(row) for name, row in rows.items()} for world, rows in measured.items()}
        print(json.dumps(machine.as_json() | {"worlds": plain}, indent=1))
    else:
        print("\n".join(machine.lines()), table(measured), sep="\n\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
