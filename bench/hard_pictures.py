"""Degraded pictures with unchanged depth, to measure how much an estimate loses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from bench.agreement import correlation
from bench.depth_bars import MAX_LOSS, Bar, at_most, mean
from bench.estimates import Estimate
from bench.truths import Truth

SEPIA = np.array([1.0, 0.86, 0.66], np.float32)
"""Red, green and blue of white on an old print, as shares."""

NOISE_LEVELS = 20.0
"""Standard deviation of the noise, of 255."""

DARK_SHARE, DARK_NOISE_LEVELS = 0.3, 3.0
"""Share of the levels of an underexposed picture, and the deviation of its noise."""

SMALL_PX, LARGE_PX = 128, 6000
"""Long sides of very small and very large pictures."""

Change = Callable[[UInt8[np.ndarray, "H W 3"]], UInt8[np.ndarray, "h w 3"]]


def _grey(rgb: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "H W 3"]:
    return np.repeat(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)


def _levels(values: Float32[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "H W 3"]:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


def _sepia(rgb: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "H W 3"]:
    return _levels(_grey(rgb) * SEPIA)


def _with_noise(values: Float32[np.ndarray, "H W 3"], levels: float) -> UInt8[np.ndarray, "H W 3"]:
    """Add noise, the same in every call."""
    noise = np.random.default_rng(0).standard_normal(values.shape, np.float32)
    return _levels(values + noise * np.float32(levels))


def _noisy(rgb: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "H W 3"]:
    return _with_noise(rgb.astype(np.float32), NOISE_LEVELS)


def _dark(rgb: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "H W 3"]:
    return _with_noise(rgb * np.float32(DARK_SHARE), DARK_NOISE_LEVELS)


def _turned(rgb: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "W H 3"]:
    """Turn by 90 degrees, counter-clockwise."""
    return np.ascontiguousarray(np.rot90(rgb))


def _with_long_side(rgb: UInt8[np.ndarray, "H W 3"], long_side_px: int) -> UInt8[np.ndarray, "h w 3"]:
    scale = long_side_px / max(rgb.shape[:2])
    height, width = (max(1, round(side * scale)) for side in rgb.shape[:2])
    shrinks = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(rgb, (width, height), interpolation=shrinks), np.uint8)


def _small(rgb: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "h w 3"]:
    return _with_long_side(rgb, SMALL_PX)


def _large(rgb: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "h w 3"]:
    return _with_long_side(rgb, LARGE_PX)


CHANGES: Mapping[str, Change] = MappingProxyType(
    {
        "grey": _grey,
        "sepia": _sepia,
        "noisy": _noisy,
        "dark": _dark,
        "turned by 90 degrees": _turned,
        f"{SMALL_PX} px": _small,
        f"{LARGE_PX} px": _large,
    }
)
"""Name -> change of a picture."""

TURNED = "turned by 90 degrees"
"""The change that also turns the truth."""


@dataclass(frozen=True)
class Robustness:
    """The correlations of an estimate on unchanged and degraded pictures."""

    plain: Mapping[str, float]
    """Unchanged: correlation by picture."""

    changed: Mapping[str, Mapping[str, float]]
    """Degraded: correlation by change and picture."""

    def lost(self, change: str) -> float:
        """Return the loss of mean correlation by a change."""
        return mean(list(self.plain.values())) - mean(list(self.changed[change].values()))


def robustness(estimate: Estimate, truths: Sequence[Truth], changes: Iterable[str] = CHANGES) -> Robustness:
    """Measure an estimate of any size on unchanged and degraded pictures."""
    plain = {truth.name: correlation(estimate(truth.rgb), truth.inverse_depth) for truth in truths}
    changed: dict[str, dict[str, float]] = {}
    for change in changes:
        changed[change] = {
            truth.name: correlation(estimate(CHANGES[change](truth.rgb)), _like(truth, change)) for truth in truths
        }
    return Robustness(plain, changed)


def _like(truth: Truth, change: str) -> Float32[np.ndarray, "H W"]:
    """Return the true inverse depth of a degraded picture."""
    return np.rot90(truth.inverse_depth) if change == TURNED else truth.inverse_depth


def bars(measured: Mapping[str, Robustness]) -> list[Bar]:
    """Return the bars for the loss by each change, for every set of pictures."""
    return [
        at_most(f"{where}, {change}: correlation lost", result.lost(change), MAX_LOSS)
        for where, result in measured.items()
        for change in result.changed
    ]


def report(measured: Mapping[str, Robustness]) -> str:
    """Return a Markdown table of mean correlations: a row per change, a column per set of pictures."""
    title = "correlation, one pass"
    wide = max(len(name) for name in (title, *CHANGES))
    lines = [
        f"| {title:{wide}} |" + "".join(f" {where:>12} |   lost |" for where in measured),
        f"|{'-' * (wide + 2)}|" + "-------------:|-------:|" * len(measured),
    ]
    plain = (f" {mean(list(result.plain.values())):12.3f} |        |" for result in measured.values())
    lines.append(f"| {'unchanged':{wide}} |" + "".join(plain))
    for change in next(iter(measured.values())).changed:
        cells = (
            f" {mean(list(result.changed[change].values())):12.3f} | {result.lost(change):6.3f} |"
            for result in measured.values()
        )
        lines.append(f"| {change:{wide}} |" + "".join(cells))
    return "\n".join(lines)
