"""Predict the right picture of real stereo pairs from the left one, and measure it.

kbvr predicts it through its own stages (Photo, DepthMap, scene, render): with the true disparity and its own fill, no
fill, or the fill of other networks; and with the built-in depth, fitted to the true disparity by one scale and one
shift (least squares over the known pixels). The baselines are the methods of bench/methods.py, with the true
disparity, and two without depth. Figures are for the whole picture, `hidden` and `border`; see bench/metrics.py.
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
from bench.methods import Method, baseline_methods, kbvr_methods
from bench.metrics import Unseen, psnr_db, ssim_map, unseen_by_left
from bench.pairs import StereoPair, load_pairs
from kbvr.errors import InputError

OURS = "kbvr, true disparity"
"""The method that the summary compares with the baselines, whose names do not begin with `kbvr`."""


@dataclass(frozen=True)
class Figures:
    """The figures of one predicted picture. NaN for an empty region."""

    psnr_db: float
    ssim: float
    hidden_psnr_db: float
    hidden_ssim: float
    border_psnr_db: float
    border_ssim: float


@dataclass(frozen=True)
class PairFigures:
    """The figures of one pair: shares of its pixels, and every method by name."""

    name: str
    unknown_share: float
    """Share of the left picture with unknown true disparity."""

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
    """Return scale * inverse_depth + shift, fitted to the known disparity by least squares, at least 0."""
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
    """Predict the right picture with every method and measure each; kbvr once more for every fill network."""
    disparity_px = pair.filled_disparity_px()
    unseen = unseen_by_left(disparity_px)
    shift_px = best_constant_shift_px(pair.left, pair.right)
    kbvr = kbvr_methods(fill_files)

    def predict_by(method: Method, disparity: Callable[[], Float32[np.ndarray, "H W"]]) -> Predict:
        return lambda: method(pair.left, disparity())(1.0)

    def with_truth(methods: dict[str, Method]) -> dict[str, Predict]:
        return {f"{name}, true disparity": predict_by(method, lambda: disparity_px) for name, method in methods.items()}

    baselines: dict[str, Predict] = {
        "no shift": lambda: pair.left,
        "best constant shift": lambda: shifted(pair.left, shift_px),
        **with_truth(baseline_methods()),
    }
    methods = baselines
    if not baselines_only:
        built_in = predict_by(kbvr["kbvr"], lambda: built_in_disparity_px(pair))
        methods = {**with_truth(kbvr), "kbvr, built-in depth": built_in, **baselines}
    return PairFigures(
        name=pair.name,
        unknown_share=float(1 - pair.known.mean()),
        hidden_share=float(unseen.hidden.mean()),
        border_share=float(unseen.border.mean()),
        constant_shift_px=shift_px,
        methods={name: figures_of(predict(), pair.right, unseen) for name, predict in methods.items()},
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
    """Return kbvr's gain over each pair's best baseline, as the median over the pairs, with the baselines' names."""
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
            names = ", ".join(
                f"{name.removesuffix(', true disparity')} ({best.count(name)})" for name in dict.fromkeys(best)
            )
            spread = f"{min(ahead):+.2f} to {max(ahead):+.2f}"
            parts.append(f"{title} {float(np.median(ahead)):+.2f} dB ({spread}; the best are {names})")
    return f"kbvr minus the best baseline of each pair, median of {len(measured)}: {'; '.join(parts)}"


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
    """Return the figures ready for JSON; None for an empty region."""
    plain = {
        "pairs": [asdict(pair) for pair in measured],
        "medians": {name: asdict(row) for name, row in medians(measured).items()},
    }
    nothing = {"NaN": None, "Infinity": None, "-Infinity": None}
    whole: dict[str, object] = json.loads(json.dumps(plain), parse_constant=nothing.__getitem__)
    return whole


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return 0, or 2 if the pairs cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m bench.novel_view", description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=Path, required=True, help="folder of NAME/{left.png,right.png,disparity.npz}")
    parser.add_argument(
        "--fill", type=Path, action="append", default=[], help="ONNX file for another row of kbvr; can be repeated"
    )
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
