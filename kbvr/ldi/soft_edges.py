"""Soft edges: a doubtful jump of depth becomes a slope, over which the mesh stretches instead of tearing.

A jump is doubtful if the photo shows no edge there: where it is one plain colour nobody sees the stretching, and where
the estimated error of the depth is as large as the jump, tearing would do more harm. Doubtful jumps are blurred, wider
ones more, by a bilateral filter (Tomasi and Manduchi 1998) whose range is theirs, so that larger jumps nearby stay.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np

from kbvr.imaging.array_types import Mask, Plane
from kbvr.imaging.tiling import padded_square, squares
from kbvr.ldi.edge_evidence import EdgeEvidence, jump_sides, smooth_step

CERTAIN = (0.8, 1.6)
"""Jump over the expected error: below the first number the jump is doubtful, above the second it is certain."""

SIDE_PX = 2
"""Distance from a jump within which its two ends are found: some jumps take a few pixels."""

MAX_SIGMA_PX = 16
"""Sigma of the widest blur. It is half the height of a jump, in minimum jumps, so higher jumps stay."""

RANGE_HEIGHTS = 1.5
"""Range sigma of the blur, in heights of the jump."""

SQUARE_PX = 128


def softened(parallax_px: Plane, evidence: EdgeEvidence, error_px: Plane | None, *, jump_px: float) -> Plane:
    """Return the parallax with its doubtful jumps turned into slopes.

    `error_px` is the expected error of the parallax; None if there is none to expect.
    """
    near, far = jump_sides(parallax_px, jump_px)
    seeds = near | far
    window = np.ones((2 * SIDE_PX + 1, 2 * SIDE_PX + 1), np.uint8)
    height = cv2.dilate(parallax_px, window) - cv2.erode(parallax_px, window)
    share = _soft_share(height, seeds, evidence, error_px)
    held = seeds & (share < 0.5)
    at = np.flatnonzero(share)
    heights, soft, sigma_px = height.ravel()[at], parallax_px.copy(), MAX_SIGMA_PX
    while sigma_px >= 1:
        highest = 2 * sigma_px * jump_px
        in_class = at[(heights <= highest) & (heights > highest / 2 if sigma_px > 1 else True)]
        if in_class.size:
            chosen = np.zeros_like(share)
            chosen.ravel()[in_class] = share.ravel()[in_class]
            _blur(soft, chosen, held, sigma_px, RANGE_HEIGHTS * highest)
        sigma_px //= 2
    return soft


def _blur(parallax_px: Plane, share: Plane, held: Mask, sigma_px: int, range_px: float) -> None:
    """Blur the jumps of one class of heights by their shares, in place, without the surroundings of the held ones."""
    reach = 2 * sigma_px
    window = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    source = parallax_px.copy()

    def blur(corner: tuple[int, int]) -> None:
        square, padded, inside = padded_square(*corner, side_px=SQUARE_PX, padding_px=4 * reach)
        weight = cv2.dilate(share[padded], window)
        if not weight.any():
            return
        near_held = cv2.dilate(held[padded].view(np.uint8), np.ones((2 * sigma_px + 1, 2 * sigma_px + 1), np.uint8))
        weight[near_held > 0] = 0
        weight = cv2.blur(weight, (reach + 1, reach + 1))
        before = source[padded]
        cells = max(1, sigma_px // 2)
        small = (
            cv2.resize(before, None, fx=1 / cells, fy=1 / cells, interpolation=cv2.INTER_AREA) if cells > 1 else before
        )
        mean = cv2.bilateralFilter(small, 9 if sigma_px > 1 else 7, range_px, sigma_px / cells)
        mean = cv2.resize(mean, before.shape[::-1], interpolation=cv2.INTER_LINEAR) if cells > 1 else mean
        parallax_px[square] += (weight * (mean - before))[inside]

    with ThreadPoolExecutor() as pool:
        list(pool.map(blur, _squares_around(share > 0)))


def _squares_around(mask: Mask) -> list[tuple[int, int]]:
    """Return the corners of the squares that contain set pixels, and of their neighbours, which a blur may reach."""
    steps = (-SQUARE_PX, 0, SQUARE_PX)
    around = {(y + dy, x + dx) for y, x in squares(mask, side_px=SQUARE_PX) for dy in steps for dx in steps}
    return sorted((y, x) for y, x in around if 0 <= y < mask.shape[0] and 0 <= x < mask.shape[1])


def _soft_share(height: Plane, seeds: Mask, evidence: EdgeEvidence, error_px: Plane | None) -> Plane:
    """Return the share of every jump that becomes a slope, at the jump's pixels; 0 elsewhere."""
    at = np.flatnonzero(seeds)
    y, x = (index // evidence.cell_px for index in np.divmod(at, seeds.shape[1]))
    doubt = np.zeros(at.size, np.float32)
    if error_px is not None:
        doubt = 1 - smooth_step(height.ravel()[at] / np.maximum(error_px.ravel()[at], np.float32(1e-6)), CERTAIN)
    share = np.zeros(seeds.shape, np.float32)
    share.ravel()[at] = (1 - evidence.support[y, x]) * np.maximum(evidence.plain[y, x], doubt)
    return share
