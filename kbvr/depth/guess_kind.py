"""Guess what the numbers of a depth file mean, if neither the caller nor the file says it.

Whether large numbers are near or far is told by comparing the file with kbvr's own estimate for the photo, by rank
correlation, which depends on no scale. If the two have little in common, the floor tells: in most photos the bottom is
nearer than the top. Numbers that grow with distance are metres if they look like metres.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64
from numpy.typing import NDArray

from kbvr.depth.networks import BUILT_IN_NETWORK, depth_network
from kbvr.depth.predict import predict_depth
from kbvr.errors import OptionsError, verbatim
from kbvr.imaging.array_types import Picture, SmallPlane
from kbvr.imaging.resize import shrunk
from kbvr.photo.depth_kind import DepthKind
from kbvr.photo.picture_file import display_name
from kbvr.photo.stored_depth import StoredDepth

MIN_AGREEMENT = 0.3
"""Least rank correlation with kbvr's estimate that tells near from far; of correct maps it is about 0.8."""

MIN_SLOPE, MAX_DISSENT = 0.5, 0.1
"""Least rank correlation with the height in the picture that tells it; the most that the estimate may contradict."""

GRID_PX = 64
ESTIMATE_PX = 512
FRACTIONS = 1.5
"""Floats up to this are shares rather than metres."""

FULL_16_BIT = 65000
"""Whole numbers up to this fill 16 bits: they are scaled to them, and not millimetres."""

MIN_MEDIAN_MM = 200
MOST_UNKNOWN = 0.6
"""Zeros that are less than this share of a map are taken as unknown; more of them are the background."""


class Guess(NamedTuple):
    """A kind, and why."""

    kind: DepthKind
    reason: str
    """In words; empty if the file says it or no other is usual."""


def own_estimate(rgb: Picture, *, device: str, threads: int | None) -> SmallPlane:
    """Return the inverse depth that the built-in network sees in a picture, at a small size and in its own scale."""
    network = depth_network(BUILT_IN_NETWORK, device=device, threads=threads)
    prediction = predict_depth(network, shrunk(rgb, ESTIMATE_PX), quality="fast")
    sky = prediction.sky
    if sky is None or sky.shape != prediction.values.shape:
        return prediction.values
    return np.where(sky > 0.5, prediction.values.min(), prediction.values)


def guessed_kind(
    stored: StoredDepth,
    path: str | os.PathLike[str],
    estimate: Callable[[], SmallPlane],
    *,
    usual: DepthKind | None = None,
) -> Guess:
    """Return what the numbers of a depth file probably mean.

    `estimate` returns kbvr's own inverse depth of the photo. `usual` is returned where nothing contradicts it clearly.

    Raises:
        OptionsError: if nothing tells whether large numbers are near or far, and there is no usual kind.
    """
    if stored.kind is not None:
        return Guess(stored.kind, "")
    values, own, height = _compared(stored.values, estimate())
    agreement, slope = rank_correlation(values, own), rank_correlation(values, height)
    is_estimate = abs(agreement) >= MIN_AGREEMENT
    if not is_estimate and usual is not None:
        return Guess(usual, "")
    if not is_estimate and not (abs(slope) >= MIN_SLOPE and agreement * np.sign(slope) >= -MAX_DISSENT):
        raise OptionsError(
            f"{verbatim(display_name(path))}: nothing shows whether light is near or far in it (rank correlation with "
            f"kbvr's own estimate {agreement:.2f}); expected {{depth_kind}} relative (light is near), "
            "relative-inverted (light is far) or another kind"
        )
    is_near = (agreement if is_estimate else slope) > 0
    kind: DepthKind = "relative" if is_near else _growing_with_distance(stored.values)
    if kind == usual:
        return Guess(kind, "")
    if is_estimate:
        return Guess(kind, f"its rank correlation with kbvr's own estimate is {agreement:.2f}")
    return Guess(kind, f"its numbers {'grow' if slope > 0 else 'shrink'} towards the bottom, which is usually near")


def rank_correlation(first: Float64[np.ndarray, "N"], second: Float64[np.ndarray, "N"]) -> float:
    """Return Spearman's rank correlation, -1 to 1; 0 if one side is the same everywhere."""
    if len(first) < 2:
        return 0.0
    a, b = (_ranks(values) for values in (first, second))
    a, b = a - a.mean(), b - b.mean()
    length = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / length if length > 0 else 0.0


def _ranks(values: Float64[np.ndarray, "N"]) -> Float64[np.ndarray, "N"]:
    """Return the rank of every value; equal values share their mean rank."""
    _, at, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[at]


def _compared(stored: NDArray[Any], own: SmallPlane) -> tuple[Float64[np.ndarray, "N"], ...]:
    """Return the known numbers at points of a grid, the estimate there, and how far down they are."""
    with np.errstate(invalid="ignore"):
        values = _on_grid(stored).astype(np.float64)
    known = ~np.isnan(values)
    is_zero = values == 0
    if stored.dtype != np.uint8 and is_zero.mean() < MOST_UNKNOWN:
        known &= ~is_zero
    heights = np.repeat(np.arange(GRID_PX, dtype=np.float64)[:, None], GRID_PX, axis=1)
    return values[known], _on_grid(own).astype(np.float64)[known], heights[known]


def _on_grid(values: NDArray[Any]) -> NDArray[Any]:
    rows, columns = ((np.arange(GRID_PX) + 0.5) * side / GRID_PX for side in values.shape)
    return values[np.ix_(rows.astype(int), columns.astype(int))]


def _growing_with_distance(stored: NDArray[Any]) -> DepthKind:
    """Return depth-m if the numbers may be metres, or millimetres in whole numbers."""
    with np.errstate(invalid="ignore"):
        known = stored[np.isfinite(stored) & (stored > 0)]
    if stored.dtype == np.uint8 or not known.size or (stored < 0).any():
        return "relative-inverted"
    if stored.dtype.kind in "iu":
        is_length = known.max() < FULL_16_BIT and np.median(known) >= MIN_MEDIAN_MM
        return "depth-m" if is_length else "relative-inverted"
    return "depth-m" if known.max() > FRACTIONS else "relative-inverted"
