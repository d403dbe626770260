"""Bring a small map (depth, sky) to the photo's full size so that its edges lie on the photo's edges.

Where a map has no step it is enlarged as it is, whatever the photo shows there: a poster stays flat. Networks draw
steps as ramps, and a ramp between two surfaces would be a rubber sheet in the scene. So a pixel at a step takes what is
at the head or at the foot of its ramp. Which of them, the map says by how far up the ramp the pixel lies, and the photo
by which side the pixel's colour is found on; where colours say nothing, the outline is the map's own, and smooth.
The photo is asked at a working size first, and at its full size once more right beside the boundary.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, Float32, Int, UInt8

from kbvr.ramps import steps_of
from kbvr.sides import said_by_means, said_by_taps, side_colours

WORKING_LONG_SIDE_PX = 1280
STRIP_ROWS = 128

REACH_CELLS = 3.2
"""How far away on the map colours are compared."""

LEAST_REACH_PX = 2.0

MAP_WEIGHT = 0.4
"""What the map counts against the colours: of the logarithm of how far up the ramp a pixel lies to how far down."""

LEAST_UP = 0.02
"""How far up a ramp its foot lies: no place on a ramp is beyond doubt."""

SMOOTH_PX = (0.8, 0.9)
"""Deviation of the blur of what colours say, at the working and at the full size: single pixels are noise."""

NARROW_PX = 2
"""How far from a boundary of the working size the photo is asked again, in pixels of the working size."""


@dataclass(frozen=True, eq=False)
class _Working:
    """What is known of one map at the working size."""

    flat: Float32[np.ndarray, "h w"]
    """The small map where there is no step."""

    ramp: Float32[np.ndarray, "H W 4"]
    """What is near, what is far, the share of a step, and to which side a pixel leans: positive is near."""

    sides: Float32[np.ndarray, "h2 w2 10"]
    """The colours on both sides (`kbvr.sides.side_colours`)."""


def upsample_along_edges(
    small: Float32[np.ndarray, "h w"], rgb: UInt8[np.ndarray, "H W 3"]
) -> Float32[np.ndarray, "H W"]:
    """Return the map at the picture's size, its steps on the picture's edges."""
    return upsample_all_along_edges([small], rgb)[0]


def upsample_all_along_edges(
    maps: Sequence[Float32[np.ndarray, "h w"]], rgb: UInt8[np.ndarray, "H W 3"]
) -> list[Float32[np.ndarray, "H W"]]:
    """Return several maps of one size at the picture's size, their steps on the picture's edges.

    In every map the larger value is the nearer one, or else simply one of the two sides.
    """
    height, width = rgb.shape[:2]
    scale = min(1.0, WORKING_LONG_SIDE_PX / max(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    guide = rgb if scale == 1 else cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    colours = guide.astype(np.float32)
    return [_at_full_size(_at_working_size(_no_larger(small, size), colours), rgb) for small in maps]


def _no_larger(small: Float32[np.ndarray, "h w"], size: tuple[int, int]) -> Float32[np.ndarray, "h w"]:
    """Return a map that has no more cells than the picture has pixels, along either side."""
    fitting = (min(small.shape[1], size[0]), min(small.shape[0], size[1]))
    return small if fitting == small.shape[::-1] else cv2.resize(small, fitting, interpolation=cv2.INTER_AREA)


def _at_working_size(small: Float32[np.ndarray, "h w"], colours: Float32[np.ndarray, "H W 3"]) -> _Working:
    """Decide to which side of its step every pixel of the working size leans."""
    steps = steps_of(small)
    size = colours.shape[1::-1]
    near, far, share, smooth, sharp = (
        cv2.resize(cells, size, interpolation=cv2.INTER_LINEAR)
        for cells in (steps.near, steps.far, steps.share, steps.smooth, steps.sharp)
    )
    leaning = np.zeros_like(share)
    band = np.flatnonzero(share)
    if band.size:
        high, low = near.ravel()[band], far.ravel()[band]
        up = np.clip((smooth.ravel()[band] - low) / (high - low), LEAST_UP, 1 - LEAST_UP)
        reach_px = max(LEAST_REACH_PX, REACH_CELLS * size[0] / small.shape[1])
        said = said_by_taps(np.dstack([colours, sharp]), band, high, low, reach_px=reach_px)
        by_map = np.float32(MAP_WEIGHT) * np.log(up / (1 - up))
        leaning.ravel()[band] = by_map + _smoothed(said, band, share.shape, SMOOTH_PX[0])
    return _Working(steps.flat, np.dstack([near, far, share, leaning]), side_colours(colours, leaning))


def _at_full_size(working: _Working, rgb: UInt8[np.ndarray, "H W 3"]) -> Float32[np.ndarray, "H W"]:
    """Enlarge a map; strips of rows are independent, so threads share them."""
    height, width = rgb.shape[:2]
    rows, columns = working.ramp.shape[:2]
    result = cv2.resize(working.flat, (width, height), interpolation=cv2.INTER_LINEAR)
    is_near = (working.ramp[..., 3] > 0).astype(np.uint8)
    window = np.ones((2 * NARROW_PX + 1, 2 * NARROW_PX + 1), np.uint8)
    narrow = (cv2.dilate(is_near, window) != cv2.erode(is_near, window)) & (working.ramp[..., 2] > 0)
    same_size = (rows, columns) == (height, width)
    column_of = np.minimum(((np.arange(width) + 0.5) * columns / width).astype(np.intp), columns - 1)

    def one_strip(start: int) -> None:
        end = min(start + STRIP_ROWS, height)
        around = np.arange(max(0, start - 3), min(height, end + 3))  # what is blurred has neighbours
        row_of = np.minimum(((around + 0.5) * rows / height).astype(np.intp), rows - 1)
        if not working.ramp[max(0, row_of[0] - 1) : row_of[-1] + 2, :, 2].any():
            return
        near, far, share, leaning = cv2.split(_enlarged_rows(working.ramp, around, height, width))
        band = np.flatnonzero(narrow[row_of].take(column_of, axis=1))
        if band.size and not same_size:
            y, x = np.divmod(band, width)
            beside = working.sides[row_of[y] // 2, column_of[x] // 2]
            said = said_by_means(rgb[around[0] : around[-1] + 1].reshape(-1, 3).take(band, axis=0), beside)
            flat = leaning.ravel()
            flat[band] = np.float32(MAP_WEIGHT) * flat[band] + _smoothed(said, band, leaning.shape, SMOOTH_PX[1])
        inside = np.s_[start - around[0] : end - around[0]]
        step = np.where(leaning[inside] > 0, near[inside], far[inside])
        step -= result[start:end]
        step *= share[inside]
        result[start:end] += step

    with ThreadPoolExecutor() as pool:
        list(pool.map(one_strip, range(0, height, STRIP_ROWS)))
    return result


def _enlarged_rows(
    planes: Float32[np.ndarray, "h w C"], rows: Int[np.ndarray, "R"], height: int, width: int
) -> Float32[np.ndarray, "R W C"]:
    """Return some rows of what planes look like at a full size, as bilinear interpolation has them."""
    at = np.clip((rows + 0.5) * (planes.shape[0] / height) - 0.5, 0, planes.shape[0] - 1)
    above = at.astype(np.intp)
    share = (at - above).astype(np.float32)[:, None, None]
    below = np.minimum(above + 1, planes.shape[0] - 1)
    mixed = planes[above] * (1 - share) + planes[below] * share
    return cv2.resize(mixed, (width, len(rows)), interpolation=cv2.INTER_LINEAR)


def _smoothed(
    values: Float[np.ndarray, "N"], band: Int[np.ndarray, "N"], shape: tuple[int, ...], sigma_px: float
) -> Float32[np.ndarray, "N"]:
    """Return a band's values blurred among themselves."""
    planes = np.zeros((2, *shape), np.float32)
    planes[0].ravel()[band], planes[1].ravel()[band] = values, 1
    total, count = (cv2.GaussianBlur(plane, (0, 0), sigma_px).ravel()[band] for plane in planes)
    return total / np.maximum(count, np.float32(1e-6))
