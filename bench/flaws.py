"""What is wrong with drawn pictures whose truth is known in every pixel, each flaw by a figure of its own."""

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
"""Neighbours whose disparities differ by more are two surfaces."""

HALO_LEVELS = 8
HALO_REACH_PX = 12.0

CRACK_LEVELS = 40
FLAT_LEVELS = 32
"""Range of the 3x3 true pixels around a crack, at most."""

JUMP_LEVELS = 60
LAW_LEVELS = 6
"""What a pixel may leave its old neighbourhood by: rounding of the frames, and of the resampling."""

ROW_PERIOD_PX = 32.0
ROW_AMPLITUDE = 100.0
ROWS_AWAY_PX = 4.0

LINES_FROM_PX = 30.0
"""First row of the lines, from the principal point down; farther away they are too fine."""

LINE_REACH_PX = 7.0
"""Half the width of the window in which a line's middle is found, where the floor has UNIT_DISPARITY_PX."""


@dataclass(frozen=True, eq=False)
class Truth:
    """One true picture, and what of it the photo shows."""

    picture: Picture
    seen: Mask
    """What the photo sees too."""

    hidden: Mask
    """What stands behind something there."""

    near_edge: Mask
    """The near side's pixels along every occlusion boundary."""

    edge_distance_px: Float32[np.ndarray, "H W"]
    """Distance to them, or to what is hidden, whose far end the photo shows beside the boundary."""


def truth_of(picture: Picture, sight: Sight) -> Truth:
    """Return a true picture with what follows from where its pixels are in the photo."""
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
    """Return drawn less true, in levels."""
    return drawn.astype(np.float32) - truth.astype(np.float32)


def halo_px(drawn: Picture, truth: Truth) -> float:
    """Return how wide the wrong rim along occlusion boundaries is on average, both sides together.

    Wrong pixels (by more than HALO_LEVELS in some channel) that the photo sees and that are no more than HALO_REACH_PX
    away, over the length of the boundaries. NaN without boundaries.
    """
    wrong = np.abs(error_levels(drawn, truth.picture)).max(axis=2) > HALO_LEVELS
    rim = wrong & truth.seen & (truth.edge_distance_px <= HALO_REACH_PX)
    length = int(truth.near_edge.sum())
    return float(rim.sum()) / length if length else float("nan")


def cracks(drawn: Picture, truth: Truth) -> int:
    """Return how many pixels that the photo sees are wrong by more than CRACK_LEVELS where the truth is flat."""
    three = np.ones((3, 3), np.uint8)
    span = (cv2.dilate(truth.picture, three).astype(np.int16) - cv2.erode(truth.picture, three)).max(axis=2)
    wrong = np.abs(error_levels(drawn, truth.picture)).max(axis=2) > CRACK_LEVELS
    return int((wrong & truth.seen & (span <= FLAT_LEVELS)).sum())


def ripple_levels(drawn: Picture, truth: Truth) -> float:
    """Return the RMS of what an error has beyond its own 5x5 mean, away from boundaries: 0 is as flat as the truth."""
    error = error_levels(drawn, truth.picture)
    fine = error - cv2.blur(error, (5, 5))
    away = truth.seen & (truth.edge_distance_px > HALO_REACH_PX)
    inner = cv2.erode(away.astype(np.uint8), np.ones((5, 5), np.uint8), borderValue=0) > 0
    return float(np.sqrt((fine[inner] ** 2).mean())) if inner.any() else float("nan")


def row_picture(size_px: tuple[int, int]) -> Picture:
    """Return a picture whose colours tell the row: red and green are a sine and a cosine of it."""
    width, height = size_px
    turn = 2 * np.pi * (np.arange(height) + 0.5) / ROW_PERIOD_PX
    rows = 127.5 + ROW_AMPLITUDE * np.stack([np.sin(turn), np.cos(turn), np.zeros(height)], axis=1)
    return np.broadcast_to((rows + 0.5).astype(np.uint8)[:, None], (height, width, 3)).copy()


def vertical_px(drawn: Picture, truth: Truth) -> float:
    """Return how far rows of a drawn `row_picture` are off, in pixels: the 99.9th percentile.

    It is that of what the photo sees, ROWS_AWAY_PX from boundaries at least: what is mixed there, and may be drawn on
    from other rows, is no place.
    """
    height = len(drawn)
    turn = 2 * np.pi * (np.arange(height) + 0.5) / ROW_PERIOD_PX
    sine, cosine = drawn[..., 0] - 127.5, drawn[..., 1] - 127.5
    found = np.arctan2(sine, cosine)
    off = (found - turn[:, None] + np.pi) % (2 * np.pi) - np.pi
    asked = truth.seen & (truth.edge_distance_px > ROWS_AWAY_PX)
    return float(np.percentile(np.abs(off[asked]), 99.9)) * ROW_PERIOD_PX / (2 * np.pi)


def eyes_levels(one: Picture, two: Picture, sight_of_two: Sight, one_surface: np.ndarray, asked: Mask) -> float:
    """Return how unlike two eyes show the same points of the world: mean difference in levels over the asked pixels.

    `sight_of_two` says where the pixels of `two` are in `one`; `one_surface` is what the pixels of `one` show, so that
    points beside a boundary there are left out. NaN if no point is left.
    """
    x, y = sight_of_two.x - 0.5, sight_of_two.y - 0.5
    height, width = one_surface.shape
    left = np.clip(np.floor(x), 0, width - 2).astype(np.int64)
    row = np.clip(np.floor(y + 0.5), 0, height - 1).astype(np.int64)
    same = (one_surface[row, left] == sight_of_two.surface) & (one_surface[row, left + 1] == sight_of_two.surface)
    both = asked & sight_of_two.inside & ~sight_of_two.hidden & same
    if not both.any():
        return float("nan")
    moved = cv2.remap(
        one.astype(np.float32),
        x.astype(np.float32),
        y.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return float(np.abs(moved - two)[both].mean())


def line_px(drawn: Picture, truth: Truth, floor: LinedFloor, camera: Camera, share: float) -> float:
    """Return how far the middles of a floor's lines are from where they truly are: 99th percentile, in pixels.

    A line counts in the rows where the photo sees all around it, a little below the floor's far end.

    The middle is the mean column of what is darker than the ground, weighted by how much. The camera stands at a share
    of the largest move to the right.
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
    """Return of two frames' errors: how many pixels jump by more than JUMP_LEVELS, and the sum of all jumps, levels."""
    change = np.abs(after - before)
    return int((change.max(axis=2) > JUMP_LEVELS)[seen].sum()), float(change[seen].sum() / 3)


def lawless(before: Picture, after: Picture) -> Mask:
    """Return the pixels that left the range of their old 3x3 neighbours by more than LAW_LEVELS.

    A move that shifts nothing by more than a pixel cannot bring in what was farther away, unless it was hidden.
    """
    three = np.ones((3, 3), np.uint8)
    low, high = cv2.erode(before, three).astype(np.int16), cv2.dilate(before, three).astype(np.int16)
    now = after.astype(np.int16)
    return np.asarray(((now < low - LAW_LEVELS) | (now > high + LAW_LEVELS)).any(axis=2))


def lawless_of_its_own(before: Picture, after: Picture, true_before: Picture, true_after: Picture) -> Mask:
    """Return the lawless pixels that have no neighbour that is lawless in truth, as what comes into view is."""
    true = lawless(true_before, true_after).astype(np.uint8)
    return lawless(before, after) & ~(cv2.dilate(true, np.ones((3, 3), np.uint8)) > 0)
