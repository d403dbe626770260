"""A texture atlas: one picture that contains pieces of several others, each padded with its surroundings.

Pieces are squares of a grid over a picture; only those in use are kept. The padding keeps texture filtering and
mipmaps from mixing neighbouring pieces.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np
from jaxtyping import Float, Float32, Int64, UInt8

from kbvr.imaging.resize import averaged

PIECE_PX = 64
FRAME_PX = 8
SLOT_PX = PIECE_PX + 2 * FRAME_PX


@dataclass(frozen=True, eq=False)
class Pieces:
    """The pieces of one picture that are in use."""

    rgba: UInt8[np.ndarray, "H W 4"]
    columns: Int64[np.ndarray, "N"]
    rows: Int64[np.ndarray, "N"]
    """Positions of the pieces in a grid of PIECE_PX * shrink pixels from the picture's upper left corner."""

    shrink: int
    """Picture pixels per pixel of the atlas, along a side."""

    def cut(self, index: int) -> UInt8[np.ndarray, "S S 4"]:
        """Return one padded piece at the atlas's resolution; the picture's border is repeated outwards."""
        side, frame = PIECE_PX * self.shrink, FRAME_PX * self.shrink
        height, width = self.rgba.shape[:2]
        rows, columns = (
            np.clip(np.arange(first * side - frame, (first + 1) * side + frame), 0, length - 1)
            for first, length in ((self.rows[index], height), (self.columns[index], width))
        )
        if rows[-1] - rows[0] == columns[-1] - columns[0] == len(rows) - 1:
            piece = self.rgba[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        else:
            piece = self.rgba[rows[:, None], columns]
        return averaged(piece, (SLOT_PX, SLOT_PX))


def slots_across(count: int) -> int:
    """Return the number of pieces per row of an atlas of `count` pieces."""
    return max(1, ceil(sqrt(count)))


def atlas_of(pictures: list[Pieces]) -> UInt8[np.ndarray, "H W 4"]:
    """Return the atlas of all pieces, picture by picture, row by row."""
    count = sum(len(pieces.rows) for pieces in pictures)
    across = slots_across(count)
    atlas = np.zeros((max(1, ceil(count / across)) * SLOT_PX, across * SLOT_PX, 4), np.uint8)
    slot = 0
    for pieces in pictures:
        for index in range(len(pieces.rows)):
            y, x = (place * SLOT_PX for place in divmod(slot, across))
            atlas[y : y + SLOT_PX, x : x + SLOT_PX] = pieces.cut(index)
            slot += 1
    return atlas


def in_atlas(
    piece_px: Float[np.ndarray, "N 2"], slot: Int64[np.ndarray, "N"], count: int
) -> Float32[np.ndarray, "N 2"]:
    """Return texture coordinates in an atlas of `count` pieces; `piece_px` is measured from each piece's corner."""
    across = slots_across(count)
    row, column = np.divmod(slot, across)
    size_px = SLOT_PX * np.array([across, max(1, ceil(count / across))])
    return ((np.stack([column, row], axis=1) * SLOT_PX + FRAME_PX + piece_px) / size_px).astype(np.float32)
