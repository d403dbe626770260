"""Fringes: what the photo shows beside the near side of a jump, but is no part of the far side.

Hair, fur and leaves go beyond the outline that a depth map has, and sharpening leaves a ring around things. Against a
plain far side, a sky or a wall out of focus, they are the pixels that deviate from its colour and touch the near side,
and their alpha follows from the size of the deviation. Where the far side is varied, colours do not tell.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float32

from kbvr.depth.despeckle import speck_px_for
from kbvr.imaging.array_types import Bytes, Mask, Picture, Plane, SmallPlane
from kbvr.ldi.occlusion import Boundaries

CELLS = 4
"""Number of cells across the band in which fringes are searched for; the far side's colour is found in cells."""

SAMPLES = 3
"""Number of samples along the side of a cell."""

PLAIN_LEVELS = 6.0
"""Maximum standard deviation of a plain far side, in 8-bit levels."""

FAINT_LEVELS = 7.0
FAINT_DEVIATIONS = 2.0
"""Deviations from the far side's colour up to this, in 8-bit levels and in standard deviations, are no fringe."""

FULL_LEVELS = 32.0
"""Deviations from here on are opaque. Against a plain far side alpha need not be exact."""

GAP_PX = 3
"""Interruptions of a fringe by fewer pixels are closed."""

TOUCHING_PX = 1.5
"""Distance of neighbouring pixels, diagonal ones included."""


def fringe_of(
    rgb: Picture, inverse_depth: Plane, boundaries: Boundaries, far: Mask, *, width_px: float, jump: float
) -> Bytes:
    """Return the alpha of fringes up to `width_px` from the jump, 0 to 255; it is 0 wherever `far` is not set."""
    alpha = np.zeros(far.shape, np.uint8)
    at = np.flatnonzero((boundaries.near_distance_px <= width_px) & far)
    if not at.size:
        return alpha
    known = far & (boundaries.near_distance_px > width_px) & (boundaries.near_distance_px <= 2 * width_px)
    mean, deviation, cell_px = _far_side(rgb, inverse_depth, known, width_px, jump)
    y, x = np.divmod(at, far.shape[1])
    cells = y // cell_px, x // cell_px
    plain = deviation[cells] <= PLAIN_LEVELS
    at, cells = at[plain], (cells[0][plain], cells[1][plain])
    away = np.abs(rgb.reshape(-1, 3)[at] - mean[cells]).max(axis=1)
    away *= away > np.maximum(FAINT_LEVELS, FAINT_DEVIATIONS * deviation[cells])
    alpha.ravel()[at] = (away * (255 / FULL_LEVELS)).clip(0, 255)
    closed = cv2.morphologyEx((alpha > 0).view(np.uint8), cv2.MORPH_CLOSE, np.ones((GAP_PX, GAP_PX), np.uint8))
    return _touching(np.maximum(alpha, closed & far), boundaries.near_distance_px)


def _far_side(
    rgb: Picture, inverse_depth: Plane, known: Mask, width_px: float, jump: float
) -> tuple[Float32[np.ndarray, "h w 3"], SmallPlane, int]:
    """Return the mean colour of the far side's `known` pixels and its standard deviation in cells, and a cell's size.

    Only the farthest surface nearby counts. Cells without a far side nearby have an infinite deviation.
    """
    step = max(1, round(width_px / (CELLS * SAMPLES)))
    cell_px = step * SAMPLES
    rows, columns = (-(-side // cell_px) for side in known.shape)
    height, width = rows * SAMPLES, columns * SAMPLES

    def sampled(values: np.ndarray) -> np.ndarray:
        samples = values[::step, ::step][:height, :width]
        below, right = height - samples.shape[0], width - samples.shape[1]
        return np.asarray(cv2.copyMakeBorder(samples, 0, below, 0, right, cv2.BORDER_REPLICATE))

    reach = 2 * CELLS  # in cells; the far side is known from CELLS on
    window = np.ones((2 * reach * SAMPLES + 1,) * 2, np.uint8)
    depth = np.where(sampled(known.view(np.uint8)) > 0, sampled(inverse_depth), np.float32(np.finfo(np.float32).max))
    weight = (depth <= np.asarray(cv2.erode(depth, window)) + np.float32(jump)).astype(np.float32)
    weight[depth == np.finfo(np.float32).max] = 0
    colours = sampled(rgb).astype(np.float32) * weight[..., None]
    count, total, of_squares = (
        cv2.GaussianBlur(
            cv2.resize(values, (columns, rows), interpolation=cv2.INTER_AREA), (2 * reach + 1,) * 2, 0.75 * CELLS
        )
        for values in (weight, colours, colours * colours)
    )
    some = np.maximum(count, np.float32(1e-4))[..., None]
    mean = total / some
    variance = np.maximum(of_squares / some - mean * mean, 0).max(axis=2)
    return mean, np.where(count > 1e-3, np.sqrt(variance), np.inf).astype(np.float32), cell_px


def _touching(alpha: Bytes, near_px: Plane) -> Bytes:
    """Return the alpha of fringes without what does not touch the near side, or is a speck beside a gap."""
    shown = alpha > 0
    _, piece = cv2.connectedComponents(shown.view(np.uint8), connectivity=8)
    count = int(piece.max()) + 1
    large = np.bincount(piece[shown], minlength=count) > speck_px_for(alpha.shape[1])
    touches = np.zeros(count, bool)
    touches[piece[shown & (near_px < TOUCHING_PX)]] = True
    touches[piece[shown & (near_px < TOUCHING_PX + 1)]] |= large[piece[shown & (near_px < TOUCHING_PX + 1)]]
    alpha[~touches[piece]] = 0
    return alpha
