"""Measure the position of depth edges at the photo's full size, on drawn photos with exactly known depth.

The small map is the true depth made small and soft (`soft`), the same with wandering outlines (`wander`), or the
prediction of a depth network for the drawn photo (`network`). Thin things are one or two cells wide, as networks draw
them.

The error of a boundary pixel is the length of a line across the boundary that lies on the wrong side. Columns:

`within`  share of boundary pixels with an error below 1.5 pixels, where the picture shows an edge
`90% px`  90th percentile of the error there
`all px`  90th percentile of the error along all boundaries
`jag px`  90th percentile of the deviation from neighbouring boundary pixels
`ramp px` mean length of the line that is neither near nor far
`off`     99.9th percentile of the error away from boundaries, per mille of the range
`kept`    share of thin things that remains
`fat`     their size relative to the truth
`none`    share of the boundary where the map has no step; excluded from the other columns
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32

from bench.drawn import MAP_LONG_SIDE_PX, DrawnPhoto, draw, drawn_worlds, fattened, small_map
from bench.machine import this_machine
from kbvr.depth.guided_upsample import upsample_along_edges
from kbvr.depth.networks import DepthNetwork, depth_network
from kbvr.depth.predict import predict_depth
from kbvr.errors import InputError

STEP_SHARE = 0.08
"""A step of the true depth by this share of its range is a boundary."""

MAX_PIXELS = 6000
"""Maximum number of boundary pixels to measure in a photo."""

CLOSE_PX = 1.5
"""Maximum error of a boundary pixel that counts as `within`."""

NEIGHBOURS_PX = 40
"""Side of the squares whose boundary pixels are neighbours."""

STRIDE_PX = 0.25
REACH_CELLS = 2.5
"""Length of a line on either side of the boundary, in cells of the small map."""

REACH_PX = (4.0, 32.0)
"""Minimum and maximum of that length."""

SEEN_LEVELS = 24.0
"""The picture shows an edge if the colours of the two sides differ by more than this."""

WANDER_CELLS = 0.8
"""Standard deviation of wandering outlines."""

MAPS = ("soft", "wander", "network")
SIZES_PX = {"1": (1154, 866), "3": (2000, 1500), "12": (4000, 3000)}


@dataclass(frozen=True, eq=False)
class Profiles:
    """Lines across the true boundary, from its far to its near side: N boundary pixels, K points on each line."""

    x: Float32[np.ndarray, "N K"]
    y: Float32[np.ndarray, "N K"]
    away_px: Float32[np.ndarray, "K"]
    """Distance from the boundary; positive on the near side."""

    near: Float32[np.ndarray, "N"]
    """True values right at the boundary; `far` is that of the other side."""

    far: Float32[np.ndarray, "N"]
    truth: Float32[np.ndarray, "N K"]
    seen: Bool[np.ndarray, "N"]
    """Whether the picture has an edge there."""


@dataclass(frozen=True)
class Figures:
    """Accuracy of a map's boundaries. NaN where a figure does not apply."""

    within: float
    p90_px: float
    all_p90_px: float
    jag_px: float
    ramp_px: float
    off: float
    kept: float
    fat: float
    none: float


HEADS = ("within", "90% px", "all px", "jag px", "ramp px", "off", "kept", "fat", "none")


def profiles_of(photo: DrawnPhoto, cell_px: float) -> Profiles:
    """Return the lines across the boundaries of a drawn photo."""
    truth = photo.disparity_px
    step = STEP_SHARE * float(np.ptp(truth))
    places = []
    for dy, dx in ((0, 1), (1, 0)):
        first, second = truth[: truth.shape[0] - dy, : truth.shape[1] - dx], truth[dy:, dx:]
        y, x = np.nonzero(np.abs(first - second) > step)
        places.append(np.stack([x + 0.5 + dx / 2, y + 0.5 + dy / 2, first[y, x], second[y, x]]))
    x, y, a, b = np.concatenate(places, axis=1).astype(np.float32)
    sample = np.random.default_rng(0).permutation(len(x))[:MAX_PIXELS]
    x, y, near, far = x[sample], y[sample], np.maximum(a, b)[sample], np.minimum(a, b)[sample]
    soft = cv2.GaussianBlur(truth, (0, 0), 2.5)
    slope = [_sampled(cv2.Sobel(soft, cv2.CV_32F, *order, ksize=3), x, y) for order in ((1, 0), (0, 1))]
    length = np.maximum(np.hypot(*slope), 1e-6)
    reach = float(np.clip(REACH_CELLS * cell_px, *REACH_PX))
    away = np.arange(-reach + STRIDE_PX / 2, reach, STRIDE_PX, dtype=np.float32)
    lines_x, lines_y = (at[:, None] + (part / length)[:, None] * away for at, part in zip((x, y), slope, strict=True))
    inside = (lines_x > 0).all(1) & (lines_y > 0).all(1)
    inside &= (lines_x < truth.shape[1]).all(1) & (lines_y < truth.shape[0]).all(1)
    lines_x, lines_y, near, far = lines_x[inside], lines_y[inside], near[inside], far[inside]
    true = _sampled(truth, lines_x, lines_y, cv2.INTER_NEAREST)
    colours = _sampled(photo.rgb.astype(np.float32), lines_x, lines_y)
    sides = [colours[:, (away > low) & (away < low + 2.5)].mean(axis=1) for low in (1.0, -3.5)]
    seen = np.linalg.norm(sides[0] - sides[1], axis=-1) > SEEN_LEVELS
    return Profiles(lines_x, lines_y, away, near, far, true, seen)


def wrong_px(values: Float32[np.ndarray, "H W"], lines: Profiles) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return for each boundary pixel the wrong length of its line, the length of the ramp, and the shift, in pixels.

    The shift is the length that is near in the map minus the length that is near in truth.
    """
    found_values = _sampled(values, lines.x, lines.y)
    share = (found_values - lines.far[:, None]) / (lines.near - lines.far)[:, None]
    true = lines.truth > ((lines.near + lines.far) / 2)[:, None]
    found = share > 0.5
    ramp = (np.abs(share - 0.5) < 0.4) & (np.abs(lines.away_px) < lines.away_px[-1] / 2)
    true_share = (lines.truth - lines.far[:, None]) / (lines.near - lines.far)[:, None]
    ramp &= np.abs(true_share - 0.5) > 0.4
    lengths = [(mask.astype(np.float32) * STRIDE_PX).sum(axis=1) for mask in (found != true, ramp)]
    shift = (found.astype(np.float32) - true).sum(axis=1) * STRIDE_PX
    return lengths[0], lengths[1], shift


def levelled(values: Float32[np.ndarray, "H W"], lines: Profiles, cell_px: float) -> tuple[Profiles, float]:
    """Return the lines with the map's own levels on either side, and the share of lines dropped for lack of a step."""
    found_values = _sampled(values, lines.x, lines.y)
    true = lines.truth > ((lines.near + lines.far) / 2)[:, None]
    outside = np.abs(lines.away_px) > min(1.2 * cell_px, 0.5 * lines.away_px[-1])
    near, far = (
        (found_values * side).sum(axis=1) / np.maximum(side.sum(axis=1), 1)
        for side in (true & outside, ~true & outside)
    )
    steps = (near - far) > 0.02 * np.ptp(values)
    scaled = (far[:, None] + true * (near - far)[:, None]).astype(np.float32)
    x, y, near, far, truth, seen = (part[steps] for part in (lines.x, lines.y, near, far, scaled, lines.seen))
    return Profiles(x, y, lines.away_px, near, far, truth, seen), 1 - float(steps.mean())


def figures_of(
    values: Float32[np.ndarray, "H W"], photo: DrawnPhoto, lines: Profiles, cell_px: float, *, own_levels: bool = False
) -> Figures:
    """Return the figures of a map of a drawn photo, in the truth's units or, with `own_levels`, in the map's own."""
    none, off, kept, fat = 0.0, float("nan"), float("nan"), float("nan")
    if own_levels:
        lines, none = levelled(values, lines, cell_px)
    else:
        off = off_per_mille(values, photo.disparity_px, cell_px)
        if photo.name == "thin":
            kept, fat = thin_figures(values, photo.disparity_px)
    if not lines.seen.any():
        nan = float("nan")
        return Figures(nan, nan, nan, nan, nan, off, kept, fat, none)
    wrong, ramp, shift = wrong_px(values, lines)
    seen = wrong[lines.seen]
    p90, all_p90 = (float(np.percentile(lengths, 90)) for lengths in (seen, wrong))
    within = float((seen < CLOSE_PX).mean())
    return Figures(within, p90, all_p90, _jag(lines, shift), float(ramp.mean()), off, kept, fat, none)


def off_per_mille(values: Float32[np.ndarray, "H W"], truth: Float32[np.ndarray, "H W"], cell_px: float) -> float:
    """Return the 99.9th percentile of the error away from boundaries, per mille of the range."""
    spread = float(np.ptp(truth))
    window = np.ones((3, 3), np.uint8)
    jumps = (cv2.dilate(truth, window) - cv2.erode(truth, window) > STEP_SHARE * spread / 8).astype(np.uint8)
    away = cv2.distanceTransform(1 - jumps, cv2.DIST_L2, 5) > 4 * cell_px if jumps.any() else np.ones(truth.shape, bool)
    return float(np.percentile(np.abs(values - truth)[away], 99.9)) / spread * 1000 if away.any() else float("nan")


def thin_figures(values: Float32[np.ndarray, "H W"], truth: Float32[np.ndarray, "H W"]) -> tuple[float, float]:
    """Return the share of thin things' pixels that are near, and the number of near pixels relative to the truth."""
    middle = (float(truth.max()) + float(truth.min())) / 2
    true, found = truth > middle, values > middle
    return float(found[true].mean()), float(found.sum() / true.sum())


def _jag(lines: Profiles, shift: np.ndarray) -> float:
    """Return the 90th percentile of the difference between a pixel's shift and its neighbours' mean, in pixels."""
    middle = lines.x.shape[1] // 2
    squares = np.floor(np.stack([lines.x[:, middle], lines.y[:, middle]], axis=1) / NEIGHBOURS_PX).astype(np.int64)
    _, group = np.unique(squares, axis=0, return_inverse=True)
    group = group.reshape(-1)
    count = np.bincount(group)
    mean = np.bincount(group, shift) / count
    several = count[group] > 4
    return float(np.percentile(np.abs(shift - mean[group])[several], 90)) if several.any() else float("nan")


def _sampled(
    values: Float[np.ndarray, "H W *C"], x: np.ndarray, y: np.ndarray, how: int = cv2.INTER_LINEAR
) -> np.ndarray:
    """Return the values of a picture at positions in pixels from its upper left corner."""
    if not x.size:
        return np.zeros((*x.shape, *values.shape[2:]), np.float32)
    flat = [np.ascontiguousarray(at.reshape(len(at), -1) - 0.5, np.float32) for at in (x, y)]
    rows = [
        cv2.remap(values, flat[0][i : i + 30000], flat[1][i : i + 30000], how, borderMode=cv2.BORDER_REPLICATE)
        for i in range(0, len(flat[0]), 30000)
    ]
    return np.concatenate(rows).reshape(*x.shape, *values.shape[2:])


def small_map_of(photo: DrawnPhoto, kind: str, network: DepthNetwork | None) -> Float32[np.ndarray, "h w"]:
    """Return the small map of a drawn photo."""
    if kind == "network":
        assert network is not None
        return predict_depth(network, photo.rgb).values
    return small_map(fattened(photo), wander_cells=WANDER_CELLS if kind == "wander" else 0.0)


def table(size: str, kind: str, rows: dict[str, Figures]) -> str:
    """Return a Markdown table, with the mean of every column."""
    every = np.array([list(asdict(row).values()) for row in rows.values()])
    means = [float(column[np.isfinite(column)].mean()) if np.isfinite(column).any() else np.nan for column in every.T]
    title = f"{size} MP, {kind}"
    lines = [f"| {title:18} | " + " | ".join(f"{head:>7}" for head in HEADS) + " |"]
    lines.append(f"|{'-' * 20}|" + "|".join("-" * 8 + ":" for _ in HEADS) + "|")
    for name, values in [*((name, list(asdict(row).values())) for name, row in rows.items()), ("mean", means)]:
        cells = ["" if np.isnan(value) else f"{value:.2f}" for value in values]
        lines.append(f"| {name:18} | " + " | ".join(f"{cell:>7}" for cell in cells) + " |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return 0, or 2 if the network is missing."""
    parser = argparse.ArgumentParser(prog="python -m bench.boundaries", description=__doc__.splitlines()[0])
    parser.add_argument("--megapixels", choices=SIZES_PX, action="append", help="size of the photos; can be repeated")
    parser.add_argument("--map", choices=MAPS, action="append", help="kind of small map; can be repeated")
    parser.add_argument("--world", choices=[world.name for world in drawn_worlds()], action="append")
    parser.add_argument("--depth-model", default="auto", help="the network of `--map network`")
    options = parser.parse_args(arguments)
    kinds = options.map or MAPS[:2]
    try:
        network = depth_network(options.depth_model) if "network" in kinds else None
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    print("\n".join(this_machine().lines()))
    for size in options.megapixels or SIZES_PX:
        rows: dict[str, dict[str, Figures]] = {kind: {} for kind in kinds}
        for world in drawn_worlds():
            if options.world and world.name not in options.world:
                continue
            photo = draw(world, SIZES_PX[size])
            cell_px = SIZES_PX[size][0] / MAP_LONG_SIDE_PX
            lines = profiles_of(photo, cell_px)
            for kind in kinds:
                large = upsample_along_edges(small_map_of(photo, kind, network), photo.rgb)
                rows[kind][world.name] = figures_of(large, photo, lines, cell_px, own_levels=kind == "network")
        for kind in kinds:
            print("", table(size, kind, rows[kind]), sep="\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
