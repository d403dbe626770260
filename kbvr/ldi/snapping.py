"""Snap jumps of depth to the edges that the photo shows next to them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np

from kbvr.imaging.array_types import Picture, Plane
from kbvr.imaging.tiling import padded_square, squares
from kbvr.ldi.edge_evidence import SQUARE_CELLS, EdgeEvidence, jump_sides

CLEAR = 0.15
"""How far the share of a pixel's side is above one half if its colour decides."""

MIN_SUPPORT = 0.5
"""Below this the edge in the photo is not the jump's."""

SMOOTH_PX = 3
"""Side of the median filter of the changes: single pixels are noise."""


def snapped(parallax_px: Plane, rgb: Picture, evidence: EdgeEvidence, *, jump_px: float) -> Plane:
    """Return the parallax in which the pixels next to a jump are on the side that their colour belongs to."""
    near, far = jump_sides(parallax_px, jump_px)
    reach = 2 * evidence.radius_px + 1
    band = cv2.dilate((near | far).view(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    result, cell_px = parallax_px.copy(), evidence.cell_px

    def snap(corner: tuple[int, int]) -> None:
        square, padded, inside = padded_square(*corner, side_px=SQUARE_CELLS * cell_px, padding_px=2 * cell_px)
        before, colours = parallax_px[padded], rgb[padded].astype(np.float32)
        cells = tuple(slice(part.start // cell_px, -(-part.stop // cell_px)) for part in padded)

        def enlarged(values: np.ndarray, how: int = cv2.INTER_LINEAR) -> np.ndarray:
            large = cv2.resize(values[cells], None, fx=cell_px, fy=cell_px, interpolation=how)
            return np.asarray(large[: before.shape[0], : before.shape[1]])

        factors = enlarged(evidence.factors)
        share = (factors[..., :3] * colours).sum(axis=2) + factors[..., 3]
        to_near, to_far = (enlarged(side, cv2.INTER_NEAREST) for side in (evidence.near_px, evidence.far_px))
        was_near = np.abs(before - to_near) <= np.abs(before - to_far)
        clear = band[padded] & (enlarged(evidence.support) > MIN_SUPPORT)
        clear &= to_near - to_far > jump_px
        changed = clear & np.where(was_near, share < 0.5 - CLEAR, share > 0.5 + CLEAR)
        changed &= cv2.medianBlur(changed.view(np.uint8), SMOOTH_PX) > 0
        changed = changed[inside]
        result[square][changed] = np.where(was_near, to_far, to_near)[inside][changed]

    with ThreadPoolExecutor() as pool:
        list(pool.map(snap, squares(band, side_px=SQUARE_CELLS * cell_px)))
    return result
