"""Tiles, to process a large picture piece by piece and only where a mask is set."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float32


def squares(mask: Bool[np.ndarray, "h w"], *, side_px: int) -> Iterator[tuple[int, int]]:
    """Yield (y, x) of the upper left corner of every grid square that contains set pixels."""
    height, width = mask.shape
    for y in range(0, height, side_px):
        for x in range(0, width, side_px):
            if mask[y : y + side_px, x : x + side_px].any():
                yield y, x


def tiles(mask: Bool[np.ndarray, "h w"], *, tile_px: int, step_px: int) -> Iterator[tuple[int, int]]:
    """Yield (y, x) of the upper left corner of every tile whose central square contains set pixels.

    Central squares of `step_px` cover the picture; at its borders, tiles are moved inside.
    """
    border = (tile_px - step_px) // 2
    height, width = mask.shape
    for y, x in squares(mask, side_px=step_px):
        yield max(0, min(y - border, height - tile_px)), max(0, min(x - border, width - tile_px))


def padded_square(
    y: int, x: int, *, side_px: int, padding_px: int
) -> tuple[tuple[slice, slice], tuple[slice, slice], tuple[slice, slice]]:
    """Return a square of a picture, the padded square, and the square's place within the padded one.

    The padding is clipped at the upper and left borders; slices may extend past the others.
    """
    top, left = max(0, y - padding_px), max(0, x - padding_px)
    square = np.s_[y : y + side_px, x : x + side_px]
    padded = np.s_[top : y + side_px + padding_px, left : x + side_px + padding_px]
    return square, padded, np.s_[y - top : y - top + side_px, x - left : x - left + side_px]


def blend_weights(
    inside: tuple[slice, slice], shape: tuple[int, int], *, overlap_px: int
) -> Float32[np.ndarray, "h w"]:
    """Return a tile's blending weights, which fall off across the overlap with each neighbouring tile.

    `inside` is the tile's place in a picture of (height, width) `shape`.
    """
    rows, columns = (
        _ramp(along.stop - along.start, along.start > 0, along.stop < side, overlap_px)
        for along, side in zip(inside, shape, strict=True)
    )
    return rows[:, None] * columns


def _ramp(length: int, rises: bool, falls: bool, overlap_px: int) -> Float32[np.ndarray, "N"]:
    """Return weights along one axis that rise and fall across the overlaps."""
    along = np.arange(length, dtype=np.float32) + 0.5
    up = np.clip(along / overlap_px, 0, 1) if rises else np.ones_like(along)
    down = np.clip((length - along) / overlap_px, 0, 1) if falls else np.ones_like(along)
    return (up * down).astype(np.float32)
