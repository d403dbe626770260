"""Tiles: networks that fill look at a smaller picture piece by piece, and only where something is wanted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8

WORKING_LONG_SIDE_PX = 1024
"""What is finer than a picture of this size is not the networks' to invent."""

KNOWN_SHARE = 0.5
"""A working pixel is known if so much of it is a source."""


@dataclass(frozen=True, eq=False)
class WorkingPicture:
    """A picture with a hole at the size at which it is filled."""

    planes: Float32[np.ndarray, "C h w"]
    """Red, green and blue, 0 to 1, and inverse depth if it was given: means of the sources alone, 0 where unknown."""

    known: Float32[np.ndarray, "h w"]
    """1 where the sources say what is there, else 0."""

    wanted: Bool[np.ndarray, "h w"]
    """What has to be filled, with the neighbours that enlarging mixes in."""


def at_working_size(
    rgb: UInt8[np.ndarray, "H W 3"],
    inverse_depth: Float32[np.ndarray, "H W"] | None,
    *,
    hole: Bool[np.ndarray, "H W"],
    source: Bool[np.ndarray, "H W"],
) -> WorkingPicture:
    """Return a picture with a long side of `WORKING_LONG_SIDE_PX` at most, in which nothing but the sources shows."""
    height, width = hole.shape
    scale = min(1.0, WORKING_LONG_SIDE_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    share, plane = source.astype(np.float32), hole.astype(np.float32)
    wanted = _smaller(plane, size) > 0
    known_share = _smaller(share, size)
    known = (known_share > KNOWN_SHARE).astype(np.float32)
    mean = known / np.maximum(known_share, 1e-6)
    planes = np.empty((3 if inverse_depth is None else 4, *known.shape), np.float32)
    for index, small in enumerate(planes):  # one by one: a large photo would take gigabytes at once
        if index == 3 and inverse_depth is not None:
            cv2.multiply(inverse_depth, share, dst=plane)
        else:
            cv2.multiply(rgb[..., index], share, dst=plane, scale=1 / 255, dtype=cv2.CV_32F)
        np.multiply(_smaller(plane, size), mean, out=small)
    grown = cv2.dilate(wanted.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    return WorkingPicture(planes, known, grown)


def squares(wanted: Bool[np.ndarray, "h w"], *, side_px: int) -> Iterator[tuple[int, int]]:
    """Yield (y, x) of the upper left corner of every square of a grid that holds something wanted."""
    height, width = wanted.shape
    for y in range(0, height, side_px):
        for x in range(0, width, side_px):
            if wanted[y : y + side_px, x : x + side_px].any():
                yield y, x


def tiles(wanted: Bool[np.ndarray, "h w"], *, tile_px: int, step_px: int) -> Iterator[tuple[int, int]]:
    """Yield (y, x) of the upper left corner of every tile whose middle holds something wanted.

    Middles are squares of `step_px` that cover the picture; at its borders tiles are moved inside.
    """
    border = (tile_px - step_px) // 2
    height, width = wanted.shape
    for y, x in squares(wanted, side_px=step_px):
        yield max(0, min(y - border, height - tile_px)), max(0, min(x - border, width - tile_px))


def framed(
    y: int, x: int, *, side_px: int, around_px: int
) -> tuple[tuple[slice, slice], tuple[slice, slice], tuple[slice, slice]]:
    """Return a square of a picture, the square with what is around it, and where the square lies in that.

    At the picture's border there is less around it, and less of it.
    """
    top, left = max(0, y - around_px), max(0, x - around_px)
    square = np.s_[y : y + side_px, x : x + side_px]
    around = np.s_[top : y + side_px + around_px, left : x + side_px + around_px]
    return square, around, np.s_[y - top : y - top + side_px, x - left : x - left + side_px]


def weights_of(inside: tuple[slice, slice], shape: tuple[int, int], *, overlap_px: int) -> Float32[np.ndarray, "h w"]:
    """Return the weights of a tile's pixels: they fall towards every neighbour, over what the two share.

    `inside` is where the tile lies in a picture of (height, width) `shape`.
    """
    rows, columns = (
        _ramp(along.stop - along.start, along.start > 0, along.stop < side, overlap_px)
        for along, side in zip(inside, shape, strict=True)
    )
    return rows[:, None] * columns


def _ramp(length: int, rises: bool, falls: bool, overlap_px: int) -> Float32[np.ndarray, "N"]:
    """Return weights that rise and fall over the overlap with a neighbour."""
    along = np.arange(length, dtype=np.float32) + 0.5
    up = np.clip(along / overlap_px, 0, 1) if rises else np.ones_like(along)
    down = np.clip((length - along) / overlap_px, 0, 1) if falls else np.ones_like(along)
    return (up * down).astype(np.float32)


def _smaller(plane: Float32[np.ndarray, "H W"], size: tuple[int, int]) -> Float32[np.ndarray, "h w"]:
    return plane if plane.shape == size[::-1] else np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA))
