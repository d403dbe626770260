"""Predict the right picture of real stereo pairs from the left one, and measure it.

kbvr predicts it twice, through its own stages (Photo, DepthMap, scene, render): with the true disparity, and
with the built-in depth, whose inverse depth is brought to the true disparity by one scale and one shift
(least squares over the known pixels). Four baselines run beside it, see bench/baselines.py; the naive warp and
the point renderer of the 3D Ken Burns paper get the true disparity. Figures: over the whole picture, in `hidden`
and in `border`, see bench/metrics.py.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float32, UInt8

from bench.baselines import best_constant_shift_px, naive_warp, paper_points, shifted
from bench.machine import this_machine
from bench.metrics import Unseen, psnr_db, ssim_map, unseen_by_left
from bench.pairs import StereoPair, load_pairs
from kbvr.errors import InputError

BASELINE_M = 0.06
"""Only a unit here: depth is chosen so that the disparity comes out as it is."""


@dataclass(frozen=True)
class Figures:
    """How one prediction of one picture did. NaN where the region is empty."""

    psnr_db: float
    ssim: float
    hidden_psnr_db: float
    hidden_ssim: float
    border_psnr_db: float
    border_ssim: float


@dataclass(frozen=True)
class PairFigures:
    """One pair: shares of its pixels, and the figures of every method by its name."""

    name: str
    unknown_share: float
    """Of the left picture: pixels whose true disparity is not known."""

    hidden_share: float
    border_share: float
    constant_shift_px: int
    methods: dict[str, Figures]


def figures_of(predicted: UInt8[np.ndarray, "H W 3"], truth: UInt8[np.ndarray, "H W 3"], unseen: Unseen) -> Figures:
    """Measure one prediction."""
    similarity = ssim_map(predicted, truth)

    def mean_in(mask: Bool[np.ndarray, "H W"]) -> float:
        return float(similarity[mask].mean()) if mask.any() else float("nan")

    return Figures(
        psnr_db=psnr_db(predicted, truth),
        ssim=float(similarity.mean()),
        hidden_psnr_db=psnr_db(predicted, truth, unseen.hidden),
        hidden_ssim=mean_in(unseen.hidden),
        border_psnr_db=psnr_db(predicted, truth, unseen.border),
        border_ssim=mean_in(unseen.border),
    )


def fitted_disparity_px(inverse_depth: Float32[np.ndarray, "H W"], pair: StereoPair) -> Float32[np.ndarray, "H W"]:
    """Return scale * inverse_depth + shift, nearest to the known disparity in least squares, not below 0."""
    known = pair.known
    x, y = inverse_depth[known].astype(np.float64), pair.disparity_px[known].astype(np.float64)
    scale, shift = np.linalg.lstsq(np.stack([x, np.ones_like(x)], axis=1), y, rcond=None)[0]
    return np.asarray(np.maximum(scale * inverse_depth + shift, 0), np.float32)


def kbvr_right(
    left: UInt8[np.ndarray, "H W 3"], disparity_px: Float32[np.ndarray, "H W"]
) -> UInt8[np.ndarray, "H W 3"]:
    """Return the right picture as kbvr's scene shows it, BASELINE_M to the right of the photo's camera.

    The focal length is the long side. It does not matter: f_px * BASELINE_M * inverse_depth is the disparity.
    """
    from kbvr.camera import camera_of_photo
    from kbvr.depth import DepthMap
    from kbvr.photo import photo_from_array
    from kbvr.render import render
    from kbvr.scene import build_scene

    photo = photo_from_array(left, f_px=float(max(left.shape[:2])))
    inverse_depth = (disparity_px / (photo.f_px * BASELINE_M)).astype(np.float32)
    scene = build_scene(photo, DepthMap(inverse_depth, photo.f_px, metric=True), reach_m=BASELINE_M)
    camera = camera_of_photo(photo.size_px, photo.f_px).moved(x_m=BASELINE_M)
    return next(iter(render(scene, [camera])))


def built_in_disparity_px(pair: StereoPair) -> Float32[np.ndarray, "H W"]:
    """Return the built-in depth of the left picture, fitted to the true disparity."""
    from kbvr.depth import estimate_depth
    from kbvr.depth_model import BUILT_IN_NETWORK
    from kbvr.photo import photo_from_array

    photo = photo_from_array(pair.left, f_px=float(max(pair.left.shape[:2])))
    return fitted_disparity_px(estimate_depth(photo, model=BUILT_IN_NETWORK).inverse_depth, pair)


Predict = Callable[[], UInt8[np.ndarray, "H W 3"]]


def measure_pair(pair: StereoPair, *, baselines_only: bool = False) -> PairFigures:
    """Predict the right picture in every way and measure each."""
    disparity_px = pair.filled_disparity_px()
    unseen = unseen_by_left(disparity_px)
    shift_px = best_constant_shift_px(pair.left, pair.right)
    kbvr_ways: dict[str, Predict] = {
        "kbvr, true disparity": lambda: kbvr_right(pair.left, disparity_px),
        "kbvr, built-in depth": lambda: kbvr_right(pair.left, built_in_disparity_px(pair)),
    }
    baselines: dict[str, Predict] = {
        "no shift": lambda: pair.left,
        "best constant shift": lambda: shifted(pair.left, shift_px),
        "naive warp, true disparity": lambda: naive_warp(pair.left, disparity_px),
        "paper points, true disparity": lambda: paper_points(pair.left, disparity_px),
    }
    ways = baselines if baselines_only else kbvr_ways | baselines
    return PairFigures(
        name=pair.name,
        unknown_share=float(1 - pair.known.mean()),
        hidden_share=float(unseen.hidden.mean()),
        border_share=float(unseen.border.mean()),
        constant_shift_px=shift_px,
        methods={name: figures_of(predict(), pair.right, unseen) for name, predict in ways.items()},
    )


def medians(measured: Sequence[PairFigures]) -> dict[str, Figures]:
    """Return the median over the pairs of every figure of every method.

    A pair whose region is empty does not count for that region.
    """
    result = {}
    for method in measured[0].methods:
        rows = np.array([list(asdict(pair.methods[method]).values()) for pair in measured])
        columns = [column[~np.isnan(column)] for column in rows.T]
        result[method] = Figures(*(float(np.median(column)) if column.size else float("nan") for column in columns))
    return result


HEADER = """\
| {:28} | PSNR dB |   SSIM | hidden PSNR |   SSIM | border PSNR |   SSIM |
|------------------------------|--------:|-------:|------------:|-------:|------------:|-------:|"""


def table(title: str, methods: dict[str, Figures]) -> str:
    """Return a Markdown table of the methods' figures."""
    lines = [HEADER.format(title)]
    lines += [
        f"| {name:28} | {row.psnr_db:7.2f} | {row.ssim:6.3f} "
        f"| {row.hidden_psnr_db:11.2f} | {row.hidden_ssim:6.3f} "
        f"| {row.border_psnr_db:11.2f} | {row.border_ssim:6.3f} |"
        for name, row in methods.items()
    ]
    return "\n".join(lines)


def report(measured: Sequence[PairFigures]) -> str:
    """Return the tables of all pairs and of the medians."""
    parts = []
    for pair in measured:
        shares = (
            f"{pair.unknown_share:.1%} of the disparity unknown, "
            f"{pair.hidden_share:.1%} of the right picture hidden, "
            f"{pair.border_share:.1%} border, best constant shift {pair.constant_shift_px} px"
        )
        parts.append(f"{shares}\n{table(pair.name, pair.methods)}")
    return "\n\n".join([*parts, table(f"median of {len(measured)}", medians(measured))])


def as_json(measured: Sequence[PairFigures]) -> dict[str, object]:
    """Return plain values; null where a region is empty."""
    plain = {
        "pairs": [asdict(pair) for pair in measured],
        "medians": {name: asdict(row) for name, row in medians(measured).items()},
    }
    nothing = {"NaN": None, "Infinity": None, "-Infinity": None}
    whole: dict[str, object] = json.loads(json.dumps(plain), parse_constant=nothing.__getitem__)
    return whole


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 0, or 2 when the pairs cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m bench.novel_view", description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=Path, required=True, help="folder of NAME/{left.png,right.png,disparity.npz}")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    options = parser.parse_args(arguments)
    machine = this_machine()
    try:
        measured = [measure_pair(pair) for pair in load_pairs(options.pairs)]
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(machine.as_json() | as_json(measured), indent=1))
    else:
        print("\n".join(machine.lines()), report(measured), sep="\n\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
