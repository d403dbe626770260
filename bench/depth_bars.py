"""The aims for the built-in depth: all bars that `bench.depth` prints with its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

ONE_PASS_CORRELATION, ONE_PASS_ERROR_SHARE = 0.86, 0.42
BEST_CORRELATION, BEST_ERROR_SHARE, BEST_EDGE_F = 0.88, 0.38, 0.45
"""On real stereo pairs: one pass of the network alone, and kbvr with `best`."""

STRONG_CORRELATION = 0.88
"""Mean over the held-out pictures with good depth, in one pass."""

MAX_LOSS = 0.03
"""Maximum loss of mean correlation on degraded pictures."""

MAX_SECONDS = 0.35
"""Maximum median time of one pass at 512x384 on two threads."""

MAX_MB = 16.0

THIN_TIMES = 2.0
"""The aim for thin things, as a multiple of what version 1 of kbvr-depth sees."""

VERSION_1: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "one pass": {"drawn": 0.151, "photos": 0.147},
        "good": {"drawn": 0.236, "photos": 0.217},
        "best": {"drawn": 0.306, "photos": 0.290},
    }
)
"""Share of thin things that version 1 of kbvr-depth sees, measured by this bench at commit 76283f7, 2026-11-29."""


@dataclass(frozen=True)
class Bar:
    """One figure and its bar."""

    what: str
    figure: float
    bar: float
    at_most: bool = False
    """Whether the bar is a maximum; otherwise it is a minimum."""

    @property
    def is_met(self) -> bool:
        """Tell whether the bar is met; never by NaN."""
        return bool(self.figure <= self.bar if self.at_most else self.figure >= self.bar)


def at_least(what: str, figure: float, bar: float) -> Bar:
    """Return a bar that is a minimum."""
    return Bar(what, figure, bar)


def at_most(what: str, figure: float, bar: float) -> Bar:
    """Return a bar that is a maximum."""
    return Bar(what, figure, bar, at_most=True)


def bars_text(bars: Sequence[Bar]) -> str:
    """Return a Markdown table of bars, with their figures and whether each is met."""
    wide = max(len(bar.what) for bar in bars)
    lines = [f"| {'bar':{wide}} | figure |        aim | met? |", f"|{'-' * (wide + 2)}|-------:|-----------:|------|"]
    for bar in bars:
        aim = f"{'<=' if bar.at_most else '>='} {bar.bar:.3f}"
        lines.append(f"| {bar.what:{wide}} | {bar.figure:6.3f} | {aim:>10} | {'yes' if bar.is_met else 'NO':4} |")
    met = sum(bar.is_met for bar in bars)
    return "\n".join([*lines, "", f"{met} of {len(bars)} bars are met."])


def bars_json(bars: Sequence[Bar]) -> list[Mapping[str, object]]:
    """Return the bars ready for JSON."""
    return [
        {"what": bar.what, "figure": bar.figure, "bar": bar.bar, "at_most": bar.at_most, "met": bar.is_met}
        for bar in bars
    ]


def mean(values: Sequence[float]) -> float:
    """Return the mean of the finite values; NaN if there are none."""
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")
