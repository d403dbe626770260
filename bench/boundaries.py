"""Where the depth map's boundaries lie at the photo's full size: drawn photos, whose depth is known to the pixel.

A small map is what a network would say: the true depth, made small and soft, or what a network says of the drawn photo.

Columns: `90%` the length, in photo pixels across a boundary, on which 9 of 10 boundary pixels lie on the wrong side of it;
`<1.5` the share of boundary pixels with less than 1.5; both where the picture shows an edge;  `all 90%` everywhere;
`soft` the length of the ramp, the mean; `jag` how far a boundary wanders from its own course, its deviation; `off` the 99.9th
percentile of the error away from boundaries, per mille of the range; `kept` and `fat` the share of thin things that is
still there, and how many times as wide they are.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, Int, UInt8

from bench.drawn import DrawnPhoto, draw, drawn_worlds, small_map
from bench.machine import this_machine
from kbvr.depth_model import depth_network
from kbvr.errors import InputError
from kbvr.network_depth import estimate_with
from kbvr.upsample import upsample_along_edges

Upsample = Callable[[Float32[np.ndarray, "h w"], UInt8[np.ndarray, "H W 3"]], Float32[np.ndarray, "H W"]]

STEP_SHARE = 0.08
"""A step of the true depth by so much of its range is a boundary."""

MOST_PIXELS = 6000
"""Of a boundary that are looked at."""

STRIDE_PX = 0.25
REACH_CELLS = 2.5
"""How far a boundary pixel is looked at on either side, in cells of the small map."""

REACH_PX = (4.0, 32.0)
"""The least and the most of that."""

SEEN_LEVELS = 24.0
"""A boundary shows in the picture if the colours on its two sides differ by so much."""

SIZES_PX = {"1": (1154, 866), "3": (2000, 1500), "12": (4000, 3000)}


@dataclass(frozen=True, eq=False)
class Profiles:
    """Lines across the true boundary, from its far to its near side; N boundary pixels and K places on each line."""

    x: Float32[np.ndarray, "N K"]
    y: Float32[np.ndarray, "N K"]
    away_px: Float32[np.ndarray, "K"]
    """From the boundary; positive on the near side."""

    near: Float32[np.ndarray, "N"]
    """What is true right beside the boundary."""

    far: Float32[np.ndarray, "N"]
    truth: Float32[np.ndarray, "N K"]
    seen: Bool[np.ndarray, "N"]
    """Whether the picture has an edge there."""


@dataclass(frozen=True)
class Figures:
    """How well a map's boundaries lie. NaN where a figure does not apply."""

    most_px: float
    within: float
    all_most_px: float
    soft_px: float
    jag_px: float
    off: float
    kept: float
    fat: float


def profiles_of(photo: DrawnPhoto, cell_px: float) -> Profiles:
    """Return lines across the boundaries of a drawn photo."""
    truth = photo.disparity_px
    step = STEP_SHARE * float(np.ptp(truth))
    places = []
    for dy, dx in ((0, 1), (1, 0)):
        here, there = truth[: truth.shape[0] - dy, : truth.shape[1] - dx], truth[dy:, dx:]
        y, x = np.nonzero(np.abs(here - there) > step)
        places.append(np.stack([x + 0.5 + dx / 2, y + 0.5 + dy / 2, here[y, x], there[y, x]]))
    x, y, one, other = np.concatenate(places, axis=1).astype(np.float32)
    few = np.random.default_rng(0).permutation(len(x))[:MOST_PIXELS]
    x, y, near, far = x[few], y[few], np.maximum(one, other)[few], np.minimum(one, other)[few]
    soft = cv2.GaussianBlur(truth, (0, 0), 2.5)
    slope = [_sampled(cv2.Sobel(soft, cv2.CV_32F, *order, ksize=3), x, y) for order in ((1, 0), (0, 1))]
    length = np.maximum(np.hypot(*slope), 1e-6)
    reach = float(np.clip(REACH_CELLS * cell_px, *REACH_PX))
    away = np.arange(-reach + STRIDE_PX / 2, reach, STRIDE_PX, dtype=np.float32)
    lines_x, lines_y = (at[:, None] + (part / length)[:, None] * away for at, part in zip((x, y), slope, strict=True))
    inside = (lines_x > 0).all(1) & (lines_y > 0).all(1)
    inside &= (lines_x < truth.shape[1]).all(1) & (lines_y < truth.shape[0]).all(1)
    lines_x, lines_y, near, far = lines_x[inside], lines_y[inside], near[inside], far[inside]
    true = _sampled(truth, lines_x, lines_y, cv2.INTER_NEAREST)
    colours = _sampled(photo.rgb.astype(np.float32), lines_x, lines_y)
    sides = [colours[:, (away > low) & (away < low + 2.5)].mean(axis=1) for low in (1.0, -3.5)]
    seen = np.linalg.norm(sides[0] - sides[1], axis=-1) > SEEN_LEVELS
    return Profiles(lines_x, lines_y, away, near, far, true, seen)


def wrong_px(values: Float32[np.ndarray, "H W"], lines: Profiles) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return per boundary pixel how much of its line lies on the wrong side, how much is a ramp, and the shift.

    The shift is by how much more of the line is near than is true.
    """
    said = _sampled(values, lines.x, lines.y)
    share = (said - lines.far[:, None]) / (lines.near - lines.far)[:, None]
    true = lines.truth > ((lines.near + lines.far) / 2)[:, None]
    found = share > 0.5
    ramp = (np.abs(share - 0.5) < 0.4) & (np.abs(lines.away_px) < lines.away_px[-1] / 2)
    true_share = (lines.truth - lines.far[:, None]) / (lines.near - lines.far)[:, None]
    ramp &= np.abs(true_share - 0.5) > 0.4
    lengths = [(mask.astype(np.float32) * STRIDE_PX).sum(axis=1) for mask in (found != true, ramp)]
    shift = (found.astype(np.float32) - true).sum(axis=1) * STRIDE_PX
    return lengths[0], lengths[1], shift


def levelled(values: Float32[np.ndarray, "H W"], lines: Profiles, cell_px: float) -> tuple[Profiles, float]:
    """Return the lines with the levels that a map itself has beside them, without those where it has no step.

    Also returns the share of those.
    """
    said = _sampled(values, lines.x, lines.y)
    true = lines.truth > ((lines.near + lines.far) / 2)[:, None]
    outside = np.abs(lines.away_px) > min(1.2 * cell_px, 0.5 * lines.away_px[-1])
    levels = []
    for side in (true & outside, ~true & outside):
        levels.append((said * side).sum(axis=1) / np.maximum(side.sum(axis=1), 1))
    near, far = levels
    steps = (near - far) > 0.02 * np.ptp(values)
    kept = [part[steps] for part in (lines.x, lines.y)]
    scaled = far[:, None] + true * (near - far)[:, None]
    return (
        Profiles(*kept, lines.away_px, near[steps], far[steps], scaled[steps].astype(np.float32), lines.seen[steps]),
        1 - float(steps.mean()),
    )


def figures_of(values: Float32[np.ndarray, "H W"], photo: DrawnPhoto, lines: Profiles, cell_px: float) -> Figures:
    """Return the figures of a map of a drawn photo in the truth's units."""
    truth = photo.disparity_px
    spread = float(np.ptp(truth))
    step = STEP_SHARE * spread / 8
    window = np.ones((3, 3), np.uint8)
    jumps = (cv2.dilate(truth, window) - cv2.erode(truth, window) > step).astype(np.uint8)
    away = cv2.distanceTransform(1 - jumps, cv2.DIST_L2, 5) > 4 * cell_px if jumps.any() else np.ones(truth.shape, bool)
    off = float(np.percentile(np.abs(values - truth)[away], 99.9)) / spread * 1000 if away.any() else float("nan")
    kept, fat = thin_figures(values, truth) if photo.name == "thin" else (float("nan"), float("nan"))
    if not len(lines.near):
        nan = float("nan")
        return Figures(nan, nan, nan, nan, nan, off, kept, fat)
    wrong, ramp, shift = wrong_px(values, lines)
    seen = lines.seen
    most, within = (
        (float(np.percentile(wrong[seen], 90)), float((wrong[seen] < 1.5).mean())) if seen.any() else (np.nan, np.nan)
    )
    return Figures(
        most, within, float(np.percentile(wrong, 90)), float(ramp.mean()), _jag(lines, shift), off, kept, fat
    )


def thin_figures(values: Float32[np.ndarray, "H W"], truth: Float32[np.ndarray, "H W"]) -> tuple[float, float]:
    """Return the share of thin things' pixels that are near, and how many times too many are near."""
    middle = (float(truth.max()) + float(truth.min())) / 2
    true, found = truth > middle, values > middle
    return float(found[true].mean()), float(found.sum() / true.sum())


def _jag(lines: Profiles, shift: np.ndarray) -> float:
    """Return how far boundary pixels are shifted otherwise than their neighbours: the deviation, pixels."""
    middle = lines.x.shape[1] // 2
    places = np.stack([lines.x[:, middle], lines.y[:, middle]], axis=1)
    near_by = np.floor(places / 40).astype(np.int64)
    _, group = np.unique(near_by, axis=0, return_inverse=True)
    group = group.reshape(-1)
    count = np.bincount(group)
    mean = np.bincount(group, shift) / count
    return (
        float(np.percentile(np.abs(shift - mean[group])[count[group] > 4], 90)) if (count > 4).any() else float("nan")
    )


def _sampled(
    values: Float[np.ndarray, "H W *C"], x: np.ndarray, y: np.ndarray, how: int = cv2.INTER_LINEAR
) -> np.ndarray:
    """Return what lies at places of a picture, in pixels from its upper left corner."""
    if not x.size:
        return np.zeros((*x.shape, *values.shape[2:]), np.float32)
    flat = [np.ascontiguousarray(at.reshape(len(at), -1) - 0.5, np.float32) for at in (x, y)]
    rows = [
        cv2.remap(values, flat[0][i : i + 30000], flat[1][i : i + 30000], how, borderMode=cv2.BORDER_REPLICATE)
        for i in range(0, len(flat[0]), 30000)
    ]
    return np.concatenate(rows).reshape(*x.shape, *values.shape[2:])
