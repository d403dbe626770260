"""Measure what the second view of real stereo pairs gives: depth, and what the first view hides.

The depth of the left picture, estimated by kbvr's network and measured by both pictures, as `bench.depth_pairs`
measures it; and the right picture, predicted from the left one and its measured depth, where the left one does not show
it: with invented pixels, and with those of the second view. The depth gets the true scale, so that only the fill
differs.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from bench.depth_pairs import DepthFigures, figures_of
from bench.methods import BASELINE_M, drawn_by_kbvr
from bench.metrics import psnr_db, unseen_by_left
from bench.novel_view import fitted_disparity_px
from bench.pairs import StereoPair, load_pairs
from kbvr.depth.behind import Behind
from kbvr.depth.depth_map import DepthMap
from kbvr.depth.estimate import estimate_depth
from kbvr.depth.networks import BUILT_IN_NETWORK
from kbvr.depth.pair_depth import depth_of_pair
from kbvr.errors import InputError
from kbvr.ldi.scene import build_scene
from kbvr.photo.photo import Photo, photo_from_array
from kbvr.photo.second_view import SecondView

MIN_WIDTH_PX = 5
"""Hidden regions that are narrower do not count: most are noise of the true disparity."""


@dataclass(frozen=True)
class Figures:
    """The figures of one pair."""

    name: str
    single: DepthFigures
    pair: DepthFigures
    measured_share: float
    """Share of the photo whose depth is that of the pair."""

    invented_db: float
    """PSNR of the predicted right picture where the left one does not show it, with invented pixels."""

    shown_db: float
    """The same with those of the second view."""


def measure(pair: StereoPair) -> Figures:
    """Measure one pair."""
    photo = photo_from_array(pair.left, f_px=float(max(pair.left.shape[:2])), name=pair.name)
    photo = replace(photo, second_view=SecondView(pair.right, "the right picture"))
    single = estimate_depth(photo, model=BUILT_IN_NETWORK)
    depth = depth_of_pair(photo, lambda: single)
    if depth is None or depth.behind is None:
        raise InputError(f"{pair.name}: expected a pair, got two other pictures")
    hidden = unseen_by_left(pair.filled_disparity_px()).hidden.astype(np.uint8)
    wide = cv2.morphologyEx(hidden, cv2.MORPH_OPEN, np.ones((MIN_WIDTH_PX, MIN_WIDTH_PX), np.uint8)) > 0
    invented, shown = (
        psnr_db(drawn_by_kbvr(build_scene(photo, at_truth, reach_m=BASELINE_M))(1.0), pair.right, wide)
        for at_truth in _at_true_scale(photo, depth, pair)
    )
    share = float(depth.source.split("%")[0]) / 100
    return Figures(
        pair.name, figures_of(single.inverse_depth, pair), figures_of(depth.inverse_depth, pair), share, invented, shown
    )


def _at_true_scale(photo: Photo, depth: DepthMap, pair: StereoPair) -> tuple[DepthMap, DepthMap]:
    """Return the depth at the pair's true baseline, without and with what the second view shows behind it."""
    per_px = 1 / (photo.f_px * BASELINE_M)
    values = fitted_disparity_px(depth.inverse_depth, pair)
    scale, shift = np.polyfit(depth.inverse_depth.ravel(), values.ravel(), 1)
    assert depth.behind is not None
    behind_px = np.maximum(scale * depth.behind.inverse_depth + shift, 0).astype(np.float32)
    behind = Behind(depth.behind.rgb, behind_px * np.float32(per_px), depth.behind.known)
    without = DepthMap(values * np.float32(per_px), photo.f_px, metric=True, confidence=depth.confidence)
    return without, replace(without, behind=behind)


def report(measured: list[Figures]) -> str:
    """Return a Markdown table: correlation / error share / edge F of both depths, and PSNR of hidden pixels."""
    lines = [
        "| pair | single photo | both photos | measured | hidden, invented | hidden, shown |",
        "|---|---|---|---:|---:|---:|",
    ]
    for row in measured:
        cells = (f"{f.correlation:.3f} / {f.error_share:.3f} / {f.edge_f_score:.3f}" for f in (row.single, row.pair))
        lines.append(
            f"| {row.name} | {' | '.join(cells)} | {row.measured_share:.0%} "
            f"| {row.invented_db:.1f} dB | {row.shown_db:.1f} dB |"
        )
    means = (
        " / ".join(
            f"{np.mean([getattr(getattr(row, which), name) for row in measured]):.3f}"
            for name in ("correlation", "error_share", "edge_f_score")
        )
        for which in ("single", "pair")
    )
    share, invented, shown = (
        float(np.mean([getattr(row, name) for row in measured]))
        for name in ("measured_share", "invented_db", "shown_db")
    )
    lines.append(f"| mean | {' | '.join(means)} | {share:.0%} | {invented:.1f} dB | {shown:.1f} dB |")
    return "\n".join(lines)


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=Path, required=True, help="folder of pairs; see bench/pairs.py")
    print(report([measure(pair) for pair in load_pairs(parser.parse_args().pairs)]))


if __name__ == "__main__":
    main()
