"""Compare the built-in depth with the true disparity of real stereo pairs.

Two figures per picture, over the pixels whose disparity is known: the correlation (Pearson) of inverse depth
with disparity, and the mean absolute error after the best scale and shift (least squares) over that of the
best constant, which is the median disparity: 0 is perfect, 1 is no better than a flat wall.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from bench.machine import this_machine
from bench.novel_view import fitted_disparity_px
from bench.pairs import StereoPair, load_pairs
from kbvr.errors import InputError

TEACHER_FILE = "tcmonodepth_small_256x384.onnx"
TEACHER_SIZE_PX = (384, 256)

Estimate = Callable[[UInt8[np.ndarray, "H W 3"]], Float32[np.ndarray, "H W"]]
"""Relative inverse depth, in any scale and shift, of an RGB picture."""


@dataclass(frozen=True)
class DepthFigures:
    """How one estimate of one picture did."""

    correlation: float
    """-1 to 1; NaN for an estimate that is flat."""

    error_share: float
    """Mean absolute error over the best constant's; 0 is perfect."""


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
    )


def built_in(rgb: UInt8[np.ndarray, "H W 3"]) -> Float32[np.ndarray, "H W"]:
    """Return what kbvr estimates by default, at the photo's full resolution."""
    from kbvr.depth import estimate_depth
    from kbvr.photo import photo_from_array

    return estimate_depth(photo_from_array(rgb)).inverse_depth


def teacher(file: Path) -> Estimate:
    """Return the network that the built-in one learnt from (TCMonoDepth, small), at its own fixed size."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])

    def estimate(rgb: UInt8[np.ndarray, "H W 3"]) -> Float32[np.ndarray, "H W"]:
        small = cv2.resize(rgb, TEACHER_SIZE_PX, interpolation=cv2.INTER_AREA).astype(np.float32)
        disparity = np.asarray(session.run(None, {"rgb255": small.transpose(2, 0, 1)[None]})[0], np.float32)
        full = cv2.resize(disparity.reshape(TEACHER_SIZE_PX[::-1]), rgb.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        return np.asarray(full, np.float32)

    return estimate


def measure(pairs: Sequence[StereoPair], estimates: dict[str, Estimate]) -> dict[str, dict[str, DepthFigures]]:
    """Return the figures by estimate, then by pair, with "mean" and "median" over the pairs at the end."""
    result = {}
    for name, estimate in estimates.items():
        rows = {pair.name: figures_of(estimate(pair.left), pair) for pair in pairs}
        values = np.array([[row.correlation, row.error_share] for row in rows.values()])
        rows["mean"] = DepthFigures(*values.mean(axis=0).tolist())
        rows["median"] = DepthFigures(*np.median(values, axis=0).tolist())
        result[name] = rows
    return result


def report(measured: dict[str, dict[str, DepthFigures]]) -> str:
    """Return a Markdown table: a row per pair, two columns per estimate."""
    heads = "".join(f" {name + ' correlation':>24} | {'error share':>11} |" for name in measured)
    lines = [f"| {'pair':12} |{heads}", "|--------------|" + f"{'-' * 25}:|{'-' * 12}:|" * len(measured)]
    for row in next(iter(measured.values())):
        cells = "".join(
            f" {rows[row].correlation:24.3f} | {rows[row].error_share:11.3f} |" for rows in measured.values()
        )
        lines.append(f"| {row:12} |{cells}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 0, or 2 when the pairs or the teacher cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m bench.depth", description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=Path, required=True, help="folder of NAME/{left.png,right.png,disparity.npz}")
    parser.add_argument("--teachers", type=Path, help=f"folder that holds {TEACHER_FILE}, measured beside it")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(arguments)
    machine = this_machine()
    try:
        estimates: dict[str, Estimate] = {"kbvr-depth": built_in}
        if options.teachers is not None:
            if not (options.teachers / TEACHER_FILE).is_file():
                raise InputError(f"--teachers wants a folder that holds {TEACHER_FILE}, got {options.teachers}")
            estimates["tcmonodepth"] = teacher(options.teachers / TEACHER_FILE)
        measured = measure(load_pairs(options.pairs), estimates)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    if options.json:
        plain = {name: {row: asdict(value) for row, value in rows.items()} for name, rows in measured.items()}
        print(json.dumps(machine.as_json() | {"estimates": plain}, indent=1))
    else:
        print("\n".join(machine.lines()), report(measured), sep="\n\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
