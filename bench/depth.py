"""Compare the built-in depth with the true disparity of real stereo pairs.

Two figures per picture, over the pixels whose disparity is known: the correlation (Pearson) of inverse depth
with disparity, and the mean absolute error after the best scale and shift (least squares) over that of the
best constant, which is the median disparity: 0 is perfect, 1 is no better than a flat wall. And two about edges:
how many of the depth edges lie where the true disparity jumps (F-score), and how wide the edges of cards before walls
are drawn, from 10% to 90%.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from bench.edges import cards, edge_f_score, edge_widths_px
from bench.machine import this_machine
from bench.novel_view import fitted_disparity_px
from bench.pairs import StereoPair, load_pairs
from kbvr.depth import estimate_depth
from kbvr.depth_model import BUILT_IN_NETWORK, depth_network
from kbvr.errors import InputError
from kbvr.nets import open_session
from kbvr.nets.runtime import onnxruntime
from kbvr.network_depth import DEPTH_QUALITIES, estimate_with
from kbvr.photo import photo_from_array

TEACHER_SIZES_PX = ((288, 192), (256, 256), (384, 256))
"""(width, height) of the TCMonoDepth files that are measured, alone and averaged with their mirror images."""

TIMED_SIZE_PX = (512, 384)
TIMED_PASSES = 21

Estimate = Callable[[UInt8[np.ndarray, "H W 3"]], Float32[np.ndarray, "H W"]]
"""Relative inverse depth, in any scale and shift, of an RGB picture."""


@dataclass(frozen=True)
class DepthFigures:
    """How one estimate of one picture did."""

    correlation: float
    """-1 to 1; NaN for an estimate that is flat."""

    error_share: float
    """Mean absolute error over the best constant's; 0 is perfect."""

    edge_f_score: float
    """See `bench.edges.edge_f_score`; 1 is perfect."""


@dataclass(frozen=True)
class CardFigures:
    """How one estimate draws the edges of cards before walls."""

    edge_width_px: float
    """Median over the edges of all cards that were seen; NaN if none was."""

    seen_share: float


def figures_of(inverse_depth: Float32[np.ndarray, "H W"], pair: StereoPair) -> DepthFigures:
    """Measure one estimate."""
    known = pair.known
    truth = pair.disparity_px[known].astype(np.float64)
    estimate = inverse_depth[known].astype(np.float64)
    error = np.abs(fitted_disparity_px(inverse_depth, pair)[known] - truth).mean()
    constant_error = np.abs(np.median(truth) - truth).mean()
    spread = estimate.std() * truth.std()
    covariance = ((estimate - estimate.mean()) * (truth - truth.mean())).mean()
    return DepthFigures(
        correlation=float(covariance / spread) if spread > 0 else float("nan"),
        error_share=float(error / constant_error) if constant_error > 0 else float("nan"),
        edge_f_score=edge_f_score(inverse_depth, pair),
    )


def built_in(rgb: UInt8[np.ndarray, "H W 3"], quality: str = "good") -> Float32[np.ndarray, "H W"]:
    """Return what kbvr estimates, by default or with another quality, at the photo's full resolution."""
    return estimate_depth(photo_from_array(rgb), model=BUILT_IN_NETWORK, quality=quality).inverse_depth


def network_alone(rgb: UInt8[np.ndarray, "H W 3"]) -> Float32[np.ndarray, "H W"]:
    """Return one pass of the built-in network, enlarged without a look at the photo, as the teachers' are."""
    return _enlarged(estimate_with(depth_network(BUILT_IN_NETWORK), rgb, quality="fast").values, rgb)


def _enlarged(small: Float32[np.ndarray, "h w"], rgb: UInt8[np.ndarray, "H W 3"]) -> Float32[np.ndarray, "H W"]:
    return np.asarray(cv2.resize(small, rgb.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def fixed_size_teacher(file: Path, size_px: tuple[int, int]) -> Estimate:
    """Return a network that the built-in one learnt from (TCMonoDepth, small), at its own fixed size."""
    session = onnxruntime().InferenceSession(str(file), providers=["CPUExecutionProvider"])

    def estimate(rgb: UInt8[np.ndarray, "H W 3"]) -> Float32[np.ndarray, "H W"]:
        small = cv2.resize(rgb, size_px, interpolation=cv2.INTER_AREA).astype(np.float32)
        disparity = np.asarray(session.run(None, {"rgb255": small.transpose(2, 0, 1)[None]})[0], np.float32)
        return _enlarged(disparity.reshape(size_px[::-1]), rgb)

    return estimate


def averaged_with_mirror(estimates: Sequence[Estimate]) -> Estimate:
    """Return the mean of several estimates and of their mirror images', each brought to one scale first."""

    def estimate(rgb: UInt8[np.ndarray, "H W 3"]) -> Float32[np.ndarray, "H W"]:
        total = np.zeros(rgb.shape[:2], np.float32)
        for one in estimates:
            both = one(rgb) + one(np.ascontiguousarray(rgb[:, ::-1]))[:, ::-1]
            total += (both - np.median(both)) / max(float(np.abs(both - np.median(both)).mean()), 1e-6)
        return total

    return estimate


def teachers_in(folder: Path) -> dict[str, Estimate]:
    """Return the estimates of the teachers found in a folder.

    Raises:
        InputError: if one is missing.
    """
    files = [folder / f"tcmonodepth_small_{h}x{w}.onnx" for w, h in TEACHER_SIZES_PX]
    for file in files:
        if not file.is_file():
            raise InputError(f"--teachers wants a folder that holds {file.name}, got {folder}")
    sizes = {
        f"tcmonodepth {w}x{h}": fixed_size_teacher(file, (w, h))
        for file, (w, h) in zip(files, TEACHER_SIZES_PX, strict=True)
    }
    return {**sizes, "tcmonodepth, mean of all": averaged_with_mirror(list(sizes.values()))}


def card_figures(estimate: Estimate) -> CardFigures:
    """Measure the edges of cards before walls."""
    widths = [edge_widths_px(estimate(card.rgb), card) for card in cards()]
    every = [width for pair in widths for width in pair]
    return CardFigures(float(np.median(every)) if every else float("nan"), len(every) / (2 * len(widths)))


def measure(pairs: Sequence[StereoPair], estimates: dict[str, Estimate]) -> dict[str, dict[str, DepthFigures]]:
    """Return the figures by estimate, then by pair, with "mean" and "median" over the pairs at the end."""
    result = {}
    for name, estimate in estimates.items():
        rows = {pair.name: figures_of(estimate(pair.left), pair) for pair in pairs}
        values = np.array([list(asdict(row).values()) for row in rows.values()])
        rows["mean"] = DepthFigures(*values.mean(axis=0).tolist())
        rows["median"] = DepthFigures(*np.median(values, axis=0).tolist())
        result[name] = rows
    return result


def report(measured: dict[str, dict[str, DepthFigures]], cards_of: dict[str, CardFigures]) -> str:
    """Return two Markdown tables, a row per estimate: the means, and correlation / error share of each pair."""
    pairs = [name for name in next(iter(measured.values())) if name not in ("mean", "median")]
    wide = max(len(name) for name in measured)
    lines = [
        f"| {f'mean of {len(pairs)} pairs':{wide}} | correlation | error share | edge F | card edge px | seen |",
        f"|{'-' * (wide + 2)}|------------:|------------:|-------:|-------------:|-----:|",
    ]
    for name, rows in measured.items():
        mean, card = rows["mean"], cards_of[name]
        lines.append(
            f"| {name:{wide}} | {mean.correlation:11.3f} | {mean.error_share:11.3f} | {mean.edge_f_score:6.3f} "
            f"| {card.edge_width_px:12.1f} | {card.seen_share:4.0%} |"
        )
    lines += ["", f"| {'':{wide}} |" + "".join(f" {pair:>13} |" for pair in pairs)]
    lines.append(f"|{'-' * (wide + 2)}|" + f"{'-' * 14}:|" * len(pairs))
    for name, rows in measured.items():
        cells = (f"{rows[pair].correlation:.3f} / {rows[pair].error_share:.3f}" for pair in pairs)
        lines.append(f"| {name:{wide}} |" + "".join(f" {cell:>13} |" for cell in cells))
    return "\n".join(lines)


def pass_seconds() -> list[float]:
    """Return how long each of TIMED_PASSES passes of the network took on a picture of TIMED_SIZE_PX, on the CPU."""
    width, height = TIMED_SIZE_PX
    session = open_session("kbvr-depth", device="cpu")
    feeds = {"rgb01": np.random.default_rng(0).random((1, 3, height, width), np.float32)}
    session.run(None, feeds)
    seconds = []
    for _ in range(TIMED_PASSES):
        start = time.perf_counter()
        session.run(None, feeds)
        seconds.append(time.perf_counter() - start)
    return sorted(seconds)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 0, or 2 when the pairs or the teacher cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m bench.depth", description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=Path, required=True, help="folder of NAME/{left.png,right.png,disparity.npz}")
    parser.add_argument("--teachers", type=Path, help="folder of the networks that it learnt from, measured beside it")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    options = parser.parse_args(arguments)
    machine = this_machine()
    try:
        estimates: dict[str, Estimate] = {f"kbvr, {name}": partial(built_in, quality=name) for name in DEPTH_QUALITIES}
        estimates["kbvr-depth alone"] = network_alone
        if options.teachers is not None:
            estimates |= teachers_in(options.teachers)
        measured = measure(load_pairs(options.pairs), estimates)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    cards_of = {name: card_figures(estimate) for name, estimate in estimates.items()}
    seconds = pass_seconds()
    if options.json:
        plain = {name: {row: asdict(value) for row, value in rows.items()} for name, rows in measured.items()}
        of_cards = {name: asdict(value) for name, value in cards_of.items()}
        print(json.dumps(machine.as_json() | {"estimates": plain, "cards": of_cards, "pass_s": seconds}, indent=1))
    else:
        width, height = TIMED_SIZE_PX
        timed = (
            f"One pass of kbvr-depth at {width}x{height}: {seconds[0]:.3f} s at best, "
            f"{seconds[len(seconds) // 2]:.3f} s median, {seconds[-1]:.3f} s at worst of {TIMED_PASSES}."
        )
        print("\n".join(machine.lines()), report(measured, cards_of), timed, sep="\n\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
