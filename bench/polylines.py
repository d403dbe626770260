"""The right picture drawn with polylines along each row, as depth map tools do.

The pixels of a row, moved by their disparity, are the corners of a line from left to right. The line folds back where
something near is in front of something far. The parts that face the viewer are drawn, the nearest on top, and each
pixel is the mean of what covers it.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float32, Int, UInt8

SAMPLES = 8
"""Number of samples along each pixel."""

Rows = Float[np.ndarray, "H N"]


def polylines(
    left: UInt8[np.ndarray, "H W 3"], disparity_px: Float32[np.ndarray, "H W"], *, sharp: bool, samples: int = SAMPLES
) -> UInt8[np.ndarray, "H W 3"]:
    """Return the right picture.

    Soft: corners are the middles of pixels, and colour and disparity are interpolated between them, so an uncovered gap
    is a smear. Sharp: a pixel is a piece of its own width and colour, and a gap between pieces takes the colour and the
    disparity of the farther one. Beyond the outermost corners, their colours continue.
    """
    height, width = disparity_px.shape
    disparity = disparity_px.astype(np.float64)
    middle = np.arange(width) + 0.5 - disparity
    if sharp:
        start, end, first, second = _pieces(middle, disparity)
    else:
        start, end = middle[:, :-1], middle[:, 1:]
        first = np.broadcast_to(np.arange(width - 1), start.shape)
        second = first + 1
    row, piece, at = _covered(start, end, width, samples)
    begin, stop = start[row, piece], end[row, piece]
    share = np.clip(((at + 0.5) / samples - begin) / np.maximum(stop - begin, 1e-9), 0, 1)
    first, second = first[row, piece], second[row, piece]
    near = disparity[row, first] * (1 - share) + disparity[row, second] * share
    level = (near * (65535 / max(near.max(initial=0), 1e-9))).astype(np.uint16)  # 16-bit integers sort much faster
    order = np.argsort(level, kind="stable")  # the last of equal indices wins
    visible = np.full((height, width * samples), -1, np.int64)
    visible[row[order], at[order]] = order
    visible = _continued(visible)
    share, rows = share[visible][..., None], np.arange(height)[:, None]
    colour = left[rows, first[visible]] * (1 - share) + left[rows, second[visible]] * share
    mean = colour.reshape(height, width, samples, 3).mean(axis=2)
    return np.clip(mean + 0.5, 0, 255).astype(np.uint8)


def _pieces(middle: Rows, disparity: Rows) -> tuple[Rows, Rows, Int[np.ndarray, "H N"], Int[np.ndarray, "H N"]]:
    """Return start, end and pixel (twice) of the pixels' own pieces, then of the gaps between them."""
    pixel = np.broadcast_to(np.arange(middle.shape[1]), middle.shape)
    farther = np.where(disparity[:, :-1] <= disparity[:, 1:], pixel[:, :-1], pixel[:, 1:])
    start = np.concatenate([middle - 0.5, middle[:, :-1] + 0.5], axis=1)
    end = np.concatenate([middle + 0.5, middle[:, 1:] - 0.5], axis=1)
    owner = np.concatenate([pixel, farther], axis=1)
    return start, end, owner, owner


def _covered(
    start: Rows, end: Rows, width: int, samples: int
) -> tuple[Int[np.ndarray, "M"], Int[np.ndarray, "M"], Int[np.ndarray, "M"]]:
    """Return row, piece and sample of every sample whose middle a piece covers; pieces that fold back cover none."""
    first = np.ceil(np.clip(start, 0, width) * samples - 0.5).astype(np.int64)
    behind_last = np.ceil(np.clip(end, 0, width) * samples - 0.5).astype(np.int64)
    count = np.maximum(behind_last - first, 0)
    row, piece = np.nonzero(count)
    count = count[row, piece]
    within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return np.repeat(row, count), np.repeat(piece, count), np.repeat(first[row, piece], count) + within


def _continued(shown: Int[np.ndarray, "H N"]) -> Int[np.ndarray, "H N"]:
    """Return the numbers, with missing ones (below 0) taken from the left, or else from the right."""
    place = np.broadcast_to(np.arange(shown.shape[1]), shown.shape)
    before = np.maximum.accumulate(np.where(shown >= 0, place, -1), axis=1)
    after = np.minimum.accumulate(np.where(shown >= 0, place, shown.shape[1] - 1)[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(shown[np.arange(len(shown))[:, None], np.where(before >= 0, before, after)])
