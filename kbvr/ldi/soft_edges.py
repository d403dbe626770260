"""Soft edges: a doubtful jump of depth becomes a slope, over which the mesh stretches instead of tearing.

A jump is doubtful if the photo shows no edge there: where it is one plain colour nobody sees the stretching, and where
the expected error of the depth is as large as the jump, tearing would do more harm. Doubtful jumps are blurred, higher
ones more, by a bilateral filter (Tomasi and Manduchi 1998) whose range is theirs, so that higher jumps nearby stay.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import product

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Int

from kbvr.imaging.array_types import Plane
from kbvr.imaging.tiling import padded_square
from kbvr.ldi.edge_evidence import EdgeEvidence, smooth_step

Indices = Int[np.ndarray, "N"]
Values = Float32[np.ndarray, "N"]

CERTAIN = (0.8, 1.6)
"""Jump over the expected error: below the first number the jump is doubtful, above the second it is certain."""

MIN_SHARE = 0.05
"""A smaller share of a jump is not worth a blur."""

HELD = 0.5
"""Jumps with a smaller share are held: their surroundings are not blurred."""

SIDE_PX = 2
"""Distance from a jump within which its two ends are found: some jumps take a few pixels."""

SIGMAS_PX = (16, 8, 4, 2, 1)
"""Sigmas of the blurs. Each is for jumps of up to twice as many minimum jumps; higher ones stay."""

RANGE_HEIGHTS = 1.5
"""Range sigma of the blur, in heights of the jump."""

SQUARE_PX = 128


def softened(
    parallax_px: Plane, evidence: EdgeEvidence, at: Indices, expected_error_px: Values, *, jump_px: float
) -> Plane:
    """Return the parallax with its doubtful jumps turned into slopes.

    `at` are the flat indices of the pixels at jumps, and `expected_error_px` is the expected error of their parallax.
    """
    height = _heights(parallax_px, at)
    y, x = np.divmod(at, parallax_px.shape[1])
    cells = y // evidence.cell_px, x // evidence.cell_px
    doubt = 1 - smooth_step(height / np.maximum(expected_error_px, np.float32(1e-6)), CERTAIN)
    share = (1 - evidence.support[cells]) * np.maximum(evidence.plain[cells], doubt)
    soft, lowest = parallax_px.copy(), np.append(2 * np.array(SIGMAS_PX[1:]) * jump_px, 0)
    for sigma_px, above in zip(SIGMAS_PX, lowest, strict=True):
        chosen = (share > MIN_SHARE) & (height > above) & (height <= 2 * sigma_px * jump_px)
        _blur(soft, at, share, chosen, sigma_px, RANGE_HEIGHTS * 2 * sigma_px * jump_px)
    return soft


def _heights(parallax_px: Plane, at: Indices) -> Values:
    """Return the range of the parallax around each pixel."""
    rows, columns = parallax_px.shape
    y, x = np.divmod(at, columns)
    around = (-SIDE_PX, -1, 0, 1, SIDE_PX)
    down, right = [np.clip(y + step, 0, rows - 1) * columns for step in around], [x + step for step in around]
    right = [np.clip(place, 0, columns - 1) for place in right]
    flat, nearest, farthest = parallax_px.ravel(), parallax_px.ravel()[at], parallax_px.ravel()[at]
    for row, column in product(down, right):
        values = flat[row + column]
        np.maximum(nearest, values, out=nearest)
        np.minimum(farthest, values, out=farthest)
    return np.asarray(nearest - farthest)


def _blur(
    parallax_px: Plane, at: Indices, share: Values, chosen: Bool[np.ndarray, "N"], sigma_px: int, range_px: float
) -> None:
    """Blur the chosen jumps by their shares, in place, without the surroundings of jumps that mostly stay."""
    reach = 2 * sigma_px
    padding_px = 3 * reach
    y, x = np.divmod(at, parallax_px.shape[1])

    def blur(corner: tuple[int, int]) -> tuple[tuple[slice, slice], Plane]:
        square, padded, inside = padded_square(*corner, side_px=SQUARE_PX, padding_px=padding_px)
        before = parallax_px[padded]
        near = (y >= padded[0].start) & (y < padded[0].stop) & (x >= padded[1].start) & (x < padded[1].stop)
        weight, held = np.zeros(before.shape, np.float32), np.zeros(before.shape, np.uint8)
        here = near & chosen
        weight[y[here] - padded[0].start, x[here] - padded[1].start] = share[here]
        here = near & (share < HELD)
        held[y[here] - padded[0].start, x[here] - padded[1].start] = 1
        weight = np.asarray(cv2.dilate(weight, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)), np.float32)
        weight[cv2.dilate(held, np.ones((2 * sigma_px + 1, 2 * sigma_px + 1), np.uint8)) > 0] = 0
        weight = np.asarray(cv2.blur(weight, (reach + 1, reach + 1)), np.float32)
        return square, (weight * (_mean(before, sigma_px, range_px) - before))[inside]

    with ThreadPoolExecutor() as pool:
        corners = _squares_within(y[chosen], x[chosen], reach + reach // 2 + 1, parallax_px.shape)
        changes = list(pool.map(blur, corners))
    for square, change in changes:
        parallax_px[square] += change


def _squares_within(y: Indices, x: Indices, reach_px: int, shape: tuple[int, int]) -> list[tuple[int, int]]:
    """Return (y, x) of the upper left corner of every square of the grid that is within reach of one of the pixels."""
    corners = {
        (row * SQUARE_PX, column * SQUARE_PX)
        for dy in (-reach_px, reach_px)
        for dx in (-reach_px, reach_px)
        for row, column in set(
            zip(
                (np.clip(y + dy, 0, shape[0] - 1) // SQUARE_PX).tolist(),
                (np.clip(x + dx, 0, shape[1] - 1) // SQUARE_PX).tolist(),
                strict=True,
            )
        )
    }
    return sorted(corners)


def _mean(parallax_px: Plane, sigma_px: int, range_px: float) -> Plane:
    """Return the parallax blurred by a bilateral filter; a wide blur has no detail, so it is computed in cells."""
    cell_px, size = max(1, sigma_px // 2), parallax_px.shape[::-1]
    if cell_px == 1:
        return np.asarray(cv2.bilateralFilter(parallax_px, 4 * sigma_px + 1, range_px, sigma_px), np.float32)
    small = cv2.resize(parallax_px, (-(-size[0] // cell_px), -(-size[1] // cell_px)), interpolation=cv2.INTER_AREA)
    small = cv2.bilateralFilter(small, 9, range_px, sigma_px / cell_px)
    return np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_LINEAR), np.float32)
