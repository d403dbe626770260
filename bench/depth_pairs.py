"""Measure depth on real stereo pairs with true disparity, and on the edges of drawn cards.

Over the pixels with known disparity: the Pearson correlation of inverse depth with disparity; and the mean absolute
error after the best scale and shift (least squares), relative to that of the best constant, which is the median
disparity: 0 is perfect, 1 is no better than a flat wall. For edges: the F-score of depth edges against jumps of the
true disparity, and the 10-90% width of the edges of cards in front of walls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from jaxtyping import Float32

from bench.agreement import correlation
from bench.depth_bars import (
    BEST_CORRELATION,
    BEST_EDGE_F,
    BEST_ERROR_SHARE,
    ONE_PASS_CORRELATION,
    ONE_PASS_ERROR_SHARE,
    Bar,
    at_least,
    at_most,
)
from bench.edges import cards, edge_f_score, edge_widths_px
from bench.estimates import Estimate
from bench.novel_view import fitted_disparity_px
from bench.pairs import StereoPair


@dataclass(frozen=True)
class DepthFigures:
    """The figures of one estimate of one picture."""

    correlation: float
    """-1 to 1; NaN for a flat estimate."""

    error_share: float
    """Mean absolute error relative to the best constant's; 0 is perfect."""

    edge_f_score: float
    """See `bench.edges.edge_f_score`; 1 is perfect."""


@dataclass(frozen=True)
class CardFigures:
    """The figures of one estimate on the edges of cards in front of walls."""

    edge_width_px: float
    """Median over the edges of all cards that are seen; NaN if none is."""

    seen_share: float


def figures_of(inverse_depth: Float32[np.ndarray, "H W"], pair: StereoPair) -> DepthFigures:
    """Measure one estimate."""
    truth = pair.disparity_px[pair.known].astype(np.float64)
    error = np.abs(fitted_disparity_px(inverse_depth, pair)[pair.known] - truth).mean()
    constant_error = np.abs(np.median(truth) - truth).mean()
    return DepthFigures(
        correlation=correlation(inverse_depth, pair.known_disparity_px),
        error_share=float(error / constant_error) if constant_error > 0 else float("nan"),
        edge_f_score=edge_f_score(inverse_depth, pair),
    )


def card_figures(estimate: Estimate) -> CardFigures:
    """Measure the edges of cards in front of walls."""
    widths = [edge_widths_px(estimate(card.rgb), card) for card in cards()]
    every = [width for pair in widths for width in pair]
    return CardFigures(float(np.median(every)) if every else float("nan"), len(every) / (2 * len(widths)))


def measure(pairs: Sequence[StereoPair], estimates: dict[str, Estimate]) -> dict[str, dict[str, DepthFigures]]:
    """Return the figures by estimate and pair, with "mean" and "median" over the pairs last."""
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


def bars(measured: dict[str, dict[str, DepthFigures]], best: str, alone: str) -> list[Bar]:
    """Return the bars for the pairs: of the network alone, and of kbvr with its best quality."""
    one_pass, all_passes = measured[alone]["mean"], measured[best]["mean"]
    return [
        at_least("pairs, one pass: correlation", one_pass.correlation, ONE_PASS_CORRELATION),
        at_most("pairs, one pass: error share", one_pass.error_share, ONE_PASS_ERROR_SHARE),
        at_least("pairs, best: correlation", all_passes.correlation, BEST_CORRELATION),
        at_most("pairs, best: error share", all_passes.error_share, BEST_ERROR_SHARE),
        at_least("pairs, best: edge F", all_passes.edge_f_score, BEST_EDGE_F),
    ]
