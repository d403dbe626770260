"""Measure depth on held-out pictures with good depth, and the network's confidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from bench.agreement import correlation, errors, sized_as
from bench.depth_bars import STRONG_CORRELATION, Bar, at_least, mean
from bench.estimates import Tested
from bench.truths import Truth

FIRST = "fast"
"""The quality of the bar: one pass."""

WORST = 10
QUARTERS = ("surest", "sure", "unsure", "least sure")


@dataclass(frozen=True)
class StrongRow:
    """The figures of the network on one picture."""

    name: str
    kind: str
    correlations: Mapping[str, float]
    """By quality."""

    error_share: float
    """In one pass: 0 is perfect, 1 no better than a flat wall."""

    error_by_quarter: tuple[float, ...] = ()
    """In one pass, for quarters of the pixels, most confident first; empty without a confidence output."""

    expected_error: float = float("nan")
    """The error that the network expects, in the same unit."""


def strong_row(tested: Tested, truth: Truth, qualities: Sequence[str]) -> StrongRow:
    """Measure one picture."""
    maps = {quality: tested.small(truth.rgb, quality) for quality in qualities}
    correlations = {quality: correlation(values, truth.inverse_depth) for quality, values in maps.items()}
    wrong = errors(maps[FIRST], truth.inverse_depth)
    row = (truth.name, truth.kind, correlations, float(np.nanmean(wrong)))
    if not tested.gives_confidence:
        return StrongRow(*row)
    sure = tested.confidence(truth.rgb)
    expected = 1 / np.maximum(sure, np.float32(1e-3)) - 1
    return StrongRow(*row, by_quarter(wrong, sure), float(expected.mean()))


def by_quarter(wrong: Float32[np.ndarray, "H W"], sure: Float32[np.ndarray, "h w"]) -> tuple[float, ...]:
    """Return the mean error of each quarter of the pixels, most confident first; unknown errors (NaN) are skipped."""
    sized = sized_as(sure, wrong)
    known = np.isfinite(wrong)
    order = np.argsort(-sized[known], kind="stable")
    return tuple(float(part.mean()) for part in np.array_split(wrong[known][order], len(QUARTERS)))


def bars(rows: Sequence[StrongRow]) -> list[Bar]:
    """Return the bar for the mean correlation."""
    figure = mean([row.correlations[FIRST] for row in rows])
    return [at_least("held-out good depth, one pass: correlation", figure, STRONG_CORRELATION)]


def worst(rows: Sequence[StrongRow]) -> list[StrongRow]:
    """Return the pictures with the lowest correlation in one pass, worst first."""
    return sorted(rows, key=lambda row: np.nan_to_num(row.correlations[FIRST], nan=-2.0))[:WORST]


def report(rows: Sequence[StrongRow]) -> str:
    """Return the means by kind as a Markdown table, the worst pictures, and the figures of the confidence."""
    qualities = list(rows[0].correlations)
    titles = "".join(f" {quality:>6} |" for quality in qualities)
    lines = [
        f"| {'held-out good depth':19} | pictures |{titles} error share |",
        "|---------------------|---------:|" + "-------:|" * len(qualities) + "------------:|",
    ]
    kinds = {"all": list(rows)} | {
        kind: [row for row in rows if row.kind == kind] for kind in sorted({row.kind for row in rows})
    }
    for kind, some in kinds.items():
        means = "".join(f" {mean([row.correlations[quality] for row in some]):6.3f} |" for quality in qualities)
        share = mean([row.error_share for row in some])
        lines.append(f"| {kind:19} | {len(some):8} |{means} {share:11.3f} |")
    named = ", ".join(f"{row.name} {row.correlations[FIRST]:.3f}" for row in worst(rows))
    lines += ["", f"The {len(worst(rows))} worst: {named}."]
    sure = [row for row in rows if row.error_by_quarter]
    return "\n".join(lines + (["", confidence_text(sure)] if sure else []))


def confidence_text(rows: Sequence[StrongRow]) -> str:
    """Return how well the confidence predicts the error, within a picture and across pictures."""
    means = [mean([row.error_by_quarter[quarter] for row in rows]) for quarter in range(len(QUARTERS))]
    parts = ", ".join(f"{name} {value:.3f}" for name, value in zip(QUARTERS, means, strict=True))
    text = f"Error share of the quarters of the pixels, by confidence: {parts}."
    agrees = doubt_agrees(rows)
    return f"{text} Expected and actual errors of pictures correlate at {agrees:.2f}."


def doubt_agrees(rows: Sequence[StrongRow]) -> float:
    """Return the correlation over the pictures of the expected error with the actual one."""
    expected = np.array([row.expected_error for row in rows], np.float32)
    made = np.array([row.error_share for row in rows], np.float32)
    known = np.isfinite(expected) & np.isfinite(made)
    return correlation(expected[known][None], made[known][None]) if known.sum() > 1 else float("nan")
