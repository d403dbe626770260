"""Snap jumps of depth to the edges that the photo shows next to them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np

from kbvr.imaging.array_types import Picture, Plane
from kbvr.imaging.tiling import padded_square, squares
from kbvr.ldi.edge_evidence import EdgeEvidence

SQUARE_CELLS = 32
CLEAR = 0.05
"""How far the share of a pixel's side is above one half if its colour decides."""

MIN_SUPPORT = 0.3
"""Below this the edge in the photo is not the jump's."""

SMOOTH_PX = 3
"""Side of the median filter of the changes: single pixels are noise."""


def snapped(parallax_px: Plane, rgb: Picture, evidence: EdgeEvidence) -> Plane:
    """Return the parallax in which the pixels next to a jump are on the side that their colour belongs to."""
    result, cell_px = parallax_px.copy(), evidence.cell_px

    def snap(corner: tuple[int, int]) -> None:
        row, column = (cell * cell_px for cell in corner)
        square, padded, inside = padded_square(row, column, side_px=SQUARE_CELLS * cell_px, padding_px=2 * cell_px)
        before, colours = parallax_px[padded], rgb[padded].astype(np.float32)
        cells = tuple(slice(part.start // cell_px, part.stop // cell_px) for part in padded)

        def enlarged(values: np.ndarray, how: int = cv2.INTER_LINEAR) -> np.ndarray:
            large = cv2.resize(values[cells], None, fx=cell_px, fy=cell_px, interpolation=how)
            return np.asarray(large[: before.shape[0], : before.shape[1]])

        factors = cv2.split(enlarged(evidence.factors))
        share = factors[3] + sum(factor * plane for factor, plane in zip(factors, cv2.split(colours), strict=False))
        to_near, to_far = (enlarged(side, cv2.INTER_NEAREST) for side in (evidence.near_px, evidence.far_px))
        was_near = np.abs(before - to_near) <= np.abs(before - to_far)
        changed = np.where(was_near, share < 0.5 - CLEAR, share > 0.5 + CLEAR)
        changed &= enlarged(evidence.support) > MIN_SUPPORT
        changed &= cv2.medianBlur(changed.view(np.uint8), SMOOTH_PX) > 0
        changed = changed[inside]
        result[square][changed] = np.where(was_near, to_far, to_near)[inside][changed]

    with ThreadPoolExecutor() as pool:
        list(pool.map(snap, squares(evidence.support > MIN_SUPPORT, side_px=SQUARE_CELLS)))
    return result
