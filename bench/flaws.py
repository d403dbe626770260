"""Figures for the flaws of drawn pictures, each compared with an exact truth."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64, UInt8

from bench.tracer import Sight
from bench.worlds import LinedFloor
from kbvr.geometry.camera import Camera

Picture = UInt8[np.ndarray, "H W 3"]
Mask = Bool[np.ndarray, "H W"]

EDGE_STEP_PX = 1.5
"""Neighbours whose disparities differ by more than this belong to two surfaces."""

HALO_LEVELS = 8
HALO_REACH_PX = 12.0

CRACK_LEVELS = 40
FLAT_LEVELS = 32
"""Maximum range of the 3x3 true pixels around a crack."""

JUMP_LEVELS = 60
LAW_LEVELS = 6
"""How far a pixel may leave the range of its old neighbourhood: rounding of the frames and of the resampling."""

ROW_PERIOD_PX = 32.0
ROW_AMPLITUDE = 100.0
ROWS_AWAY_PX = 4.0

LINES_FROM_PX = 30.0
"""First row of the lines, below the principal point; farther away they are too fine."""

LINE_REACH_PX = 7.0
"""Half the width of the window in which to find a line's middle, where the floor has UNIT_DISPARITY_PX."""


@dataclass(frozen=True, eq=False)
class Truth:
    """A true picture, and the parts of it that the photo shows."""

    picture: Picture
    seen: Mask
    """Pixels that the photo sees too."""

    hidden: Mask
    """Pixels that something nearer covers in the photo."""

    near_edge: Mask
    """The near side's pixels along every occlusion boundary."""

    edge_distance_px: Float32[np.ndarray, "H W"]
    """Distance to the near edge or to hidden pixels; beyond their far end the photo shows the background again."""


def truth_of(picture: Picture, sight: Sight) -> Truth:
    """Return a true picture, and what follows from the positions of its pixels in the photo."""
    disparity = sight.disparity_px
    near = np.zeros(disparity.shape, bool)
    for axis in (0, 1):
        step = np.diff(disparity, axis=axis)
        low = (slice(None), slice(None, -1)) if axis else (slice(None, -1), slice(None))
        high = (slice(None), slice(1, None)) if axis else (slice(1, None), slice(None))
        near[low] |= step < -EDGE_STEP_PX
        near[high] |= step > EDGE_STEP_PX
    hidden = sight.inside & sight.hidden
    distance = np.full(disparity.shape, np.inf, np.float32)
    if (near | hidden).any():
        distance = cv2.distanceTransform((~(near | hidden)).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return Truth(picture, sight.inside & ~sight.hidden, hidden, near, distance)


def error_levels(drawn: Picture, truth: Picture) -> Float32[np.ndarray, "H W 3"]:
    """Return drawn minus true, in levels."""
    return drawn.astype(np.float32) - truth.astype(np.float32)


def halo_px(drawn: Picture, truth: Truth) -> float:
    """Return the mean width of the wrong rim along occlusion boundaries, both sides together.

    It is the number of pixels that the photo sees, within HALO_REACH_PX, that are wrong by more than HALO_LEVELS in a
    channel, divided by the length of the boundaries. NaN without boundaries.
    """
    wrong = np.abs(error_levels(drawn, truth.picture)).max(axis=2) > HALO_LEVELS
    rim = wrong & truth.seen & (truth.edge_distance_px <= HALO_REACH_PX)
    length = int(truth.near_edge.sum())
    return float(rim.sum()) / length if length else float("nan")


def cracks(drawn: Picture, truth: Truth) -> int:
    """Return the number of seen pixels that are wrong by more than CRACK_LEVELS where the truth is flat."""
    three = np.ones((3, 3), np.uint8)
    span = (cv2.dilate(truth.picture, three).astype(np.int16) - cv2.erode(truth.picture, three)).max(axis=2)
    wrong = np.abs(error_levels(drawn, truth.picture)).max(axis=2) > CRACK_LEVELS
    return int((wrong & truth.seen & (span <= FLAT_LEVELS)).sum())


def ripple_levels(drawn: Picture, truth: Truth) -> float:
    """Return the RMS of the error minus its 5x5 mean, away from boundaries: 0 is as smooth as the truth."""
    error = error_levels(drawn, truth.picture)
    fine = error - cv2.blur(error, (5, 5))
    away = truth.seen & (truth.edge_distance_px > HALO_REACH_PX)
    inner = cv2.erode(away.astype(np.uint8), np.ones((5, 5), np.uint8), borderValue=0) > 0
    return float(np.sqrt((fine[inner] ** 2).mean())) if inner.any() else float("nan")


def row_picture(size_px: tuple[int, int]) -> Picture:
    """Return a picture whose colours encode the row: red and green are a sine and a cosine of it."""
    width, height = size_px
    turn = 2 * np.pi * (np.arange(height) + 0.5) / ROW_PERIOD_PX
    rows = 127.5 + ROW_AMPLITUDE * np.stack([np.sin(turn), np.cos(turn), np.zeros(height)], axis=1)
    return np.broadcast_to((rows + 0.5).astype(np.uint8)[:, None], (height, width, 3)).copy()


def vertical_px(drawn: Picture, truth: Truth) -> float:
    """Return the 99.9th percentile of the vertical error of a drawn `row_picture`, in pixels.

    Only pixels that the photo sees count, at least ROWS_AWAY_PX from boundaries, where colours are mixed and may come
    from other rows.
    """
    height = len(drawn)
    turn = 2 * np.pi * (np.arange(height) + 0.5) / ROW_PERIOD_PX
    sine, cosine = drawn[..., 0] - 127.5, drawn[..., 1] - 127.5
    found = np.arctan2(sine, cosine)
    off = (found - turn[:, None] + np.pi) % (2 * np.pi) - np.pi
    inside = truth.seen & (truth.edge_distance_px > ROWS_AWAY_PX)
    return float(np.percentile(np.abs(off[inside]), 99.9)) * ROW_PERIOD_PX / (2 * np.pi)


def eyes_levels(
    first: Picture, second: Picture, sight_of_second: Sight, first_surface: np.ndarray, mask: Mask
) -> float:
    """Return the mean difference in levels of the same points in two eyes' pictures, inside a mask of the second.

    `sight_of_second` has the positions of the second picture's pixels in the first. `first_surface` has the surface of
    each pixel of the first, to skip points beside a boundary. NaN if no point is left.
    """
    x, y = sight_of_second.x - 0.5, sight_of_second.y - 0.5
    height, width = first_surface.shape
    left = np.clip(np.floor(x), 0, width - 2).astype(np.int64)
    row = np.clip(np.floor(y + 0.5), 0, height - 1).astype(np.int64)
    same = (first_surface[row, left] == sight_of_second.surface) & (
        first_surface[row, left + 1] == sight_of_second.surface
    )
    compared = mask & sight_of_second.inside & ~sight_of_second.hidden & same
    if not compared.any():
        return float("nan")
    moved = cv2.remap(
        first.astype(np.float32),
        x.astype(np.float32),
        y.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return float(np.abs(moved - second)[compared].mean())


def line_px(drawn: Picture, truth: Truth, floor: LinedFloor, camera: Camera, share: float) -> float:
    """Return the 99th percentile of the position error of a floor's lines, in pixels.

    A line counts in rows where the photo sees its whole surroundings, slightly below the floor's far end. Its position
    is the mean column weighted by darkness. The camera is at a share of the largest move to the right.
    """
    width, height = camera.size_px
    x = np.arange(width) + 0.5 - camera.cx_px
    y = (np.arange(height) + 0.5 - camera.cy_px)[:, None]
    disparity = (floor.d0 + floor.du * x + floor.dv * y) / (1 - floor.du * share)
    number, off_px = floor.lines(x + share * disparity, y)
    lined = (np.abs(off_px) < LINE_REACH_PX) & (y > LINES_FROM_PX)
    row = np.broadcast_to(np.arange(height)[:, None], lined.shape)[lined]
    line = (number[lined] - number[lined].min()).astype(np.int64)
    label = row * (line.max() + 1) + line
    column = np.broadcast_to(np.arange(width), lined.shape)[lined]
    inner = truth.seen & (np.arange(width) > 0) & (np.arange(width) < width - 1)
    whole = np.bincount(label) == np.bincount(label, inner[lined])

    def middles(picture: Picture) -> tuple[Float64[np.ndarray, "N"], Float64[np.ndarray, "N"]]:
        dark = np.clip(150.0 - picture[lined].mean(axis=1), 0, None)
        weight = np.bincount(label, dark)
        return np.bincount(label, dark * column) / np.maximum(weight, 1e-6), weight

    (found, found_weight), (true, true_weight) = middles(drawn), middles(truth.picture)
    good = whole & (true_weight > 50)
    return float(np.percentile(np.where(found_weight > 0, np.abs(found - true), LINE_REACH_PX)[good], 99))


def jumps(before: Float32[np.ndarray, "H W 3"], after: Float32[np.ndarray, "H W 3"], seen: Mask) -> tuple[int, float]:
    """Return the number of pixels whose error jumps by more than JUMP_LEVELS, and the sum of all changes, in levels."""
    change = np.abs(after - before)
    return int((change.max(axis=2) > JUMP_LEVELS)[seen].sum()), float(change[seen].sum() / 3)


def lawless(before: Picture, after: Picture) -> Mask:
    """Return the pixels that leave the range of their old 3x3 neighbours by more than LAW_LEVELS.

    A move of at most one pixel cannot bring in colours from farther away, unless they were hidden.
    """
    three = np.ones((3, 3), np.uint8)
    low, high = cv2.erode(before, three).astype(np.int16), cv2.dilate(before, three).astype(np.int16)
    now = after.astype(np.int16)
    return np.asarray(((now < low - LAW_LEVELS) | (now > high + LAW_LEVELS)).any(axis=2))


def wrongly_lawless(before: Picture, after: Picture, true_before: Picture, true_after: Picture) -> Mask:
    """Return the lawless pixels without a neighbour that is lawless in the truth too, as uncovered pixels are."""
    true = lawless(true_before, true_after).astype(np.uint8)
    return lawless(before, after) & ~(cv2.dilate(true, np.ones((3, 3), np.uint8)) > 0)
