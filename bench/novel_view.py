"""Predict the right picture of real stereo pairs from the left one, and measure it.

kbvr predicts it several times, through its own stages (Photo, DepthMap, scene, render): with the true disparity and its
own filling, none, or that of other networks; and with the built-in depth, whose inverse depth is brought to the true
disparity by one scale and one shift (least squares over the known pixels). Baselines run beside it: the ways of
bench/ways.py, which get the true disparity, and two that know of no depth. Figures: over the whole picture, in
`hidden` and in `border`, see bench/metrics.py.
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

from bench.agreement import fitted
from bench.baselines import best_constant_shift_px, shifted
from bench.machine import this_machine
from bench.metrics import Unseen, psnr_db, ssim_map, unseen_by_left
from bench.pairs import StereoPair, load_pairs
from bench.ways import Way, baseline_ways, kbvr_ways
from kbvr.errors import InputError

OURS = "kbvr, true disparity"
"""What the summary compares with the baselines: all ways whose names do not begin with `kbvr`."""


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
    return np.asarray(np.maximum(fitted(inverse_depth, pair.known_disparity_px), 0), np.float32)


def built_in_disparity_px(pair: StereoPair) -> Float32[np.ndarray, "H W"]:
    """Return the built-in depth of the left picture, fitted to the true disparity."""
    from kbvr.depth.estimate import estimate_depth
    from kbvr.depth.networks import BUILT_IN_NETWORK
    from kbvr.photo.photo import photo_from_array

    photo = photo_from_array(pair.left, f_px=float(max(pair.left.shape[:2])))
    return fitted_disparity_px(estimate_depth(photo, model=BUILT_IN_NETWORK).inverse_depth, pair)


Predict = Callable[[], UInt8[np.ndarray, "H W 3"]]


def measure_pair(pair: StereoPair, *, baselines_only: bool = False, fill_files: tuple[Path, ...] = ()) -> PairFigures:
    """Predict the right picture in every way and measure each; kbvr once more for every network that fills."""
    disparity_px = pair.filled_disparity_px()
    unseen = unseen_by_left(disparity_px)
    shift_px = best_constant_shift_px(pair.left, pair.right)
    kbvr = kbvr_ways(fill_files)

    def predict_by(way: Way, disparity: Callable[[], Float32[np.ndarray, "H W"]]) -> Predict:
        return lambda: way(pair.left, disparity())(1.0)

    def with_truth(ways: dict[str, Way]) -> dict[str, Predict]:
        return {f"{name}, true disparity": predict_by(way, lambda: disparity_px) for name, way in ways.items()}

    baselines: dict[str, Predict] = {
        "no shift": lambda: pair.left,
        "best constant shift": lambda: shifted(pair.left, shift_px),
        **with_truth(baseline_ways()),
    }
    ways = baselines
    if not baselines_only:
        built_in = predict_by(kbvr["kbvr"], lambda: built_in_disparity_px(pair))
        ways = {**with_truth(kbvr), "kbvr, built-in depth": built_in, **baselines}
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


def gains(measured: Sequence[PairFigures]) -> str:
    """Return by how much kbvr is ahead of each pair's best baseline, median over the pairs, and which those are."""
    parts = []
    for title, figure in (("over all", "psnr_db"), ("in hidden", "hidden_psnr_db")):
        ahead, best = [], []
        for pair in measured:
            values = {name: getattr(row, figure) for name, row in pair.methods.items() if not name.startswith("kbvr")}
            values = {name: value for name, value in values.items() if not np.isnan(value)}
            if values:
                best.append(max(values, key=values.__getitem__))
                ahead.append(getattr(pair.methods[OURS], figure) - values[best[-1]])
        if ahead:
            who = ", ".join(
                f"{name.removesuffix(', true disparity')} ({best.count(name)})" for name in dict.fromkeys(best)
            )
            spread = f"{min(ahead):+.2f} to {max(ahead):+.2f}"
            parts.append(f"{title} {float(np.median(ahead)):+.2f} dB ({spread}; the best are {who})")
    return f"kbvr less the best baseline of each pair, median of {len(measured)}: {'; '.join(parts)}"


HEADER = """\
| {:32} | PSNR dB |   SSIM | hidden PSNR |   SSIM | border PSNR |   SSIM |
|----------------------------------|--------:|-------:|------------:|-------:|------------:|-------:|"""


def table(title: str, methods: dict[str, Figures]) -> str:
    """Return a Markdown table of the methods' figures."""
    lines = [HEADER.format(title)]
    lines += [
        f"| {name:32} | {row.psnr_db:7.2f} | {row.ssim:6.3f} "
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
    parts.append(table(f"median of {len(measured)}", medians(measured)))
    if OURS in measured[0].methods:
        parts.append(gains(measured))
    return "\n\n".join(parts)


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
    parser.add_argument("--fill", type=Path, action="append", default=[], help="ONNX file for a further row of kbvr")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    options = parser.parse_args(arguments)
    machine = this_machine()
    try:
        measured = [measure_pair(pair, fill_files=tuple(options.fill)) for pair in load_pairs(options.pairs)]
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
