"""Bring a small map (depth, sky) to the photo's full size so that its edges lie on the photo's edges.

Networks draw soft edges, and a ramp between two surfaces would be a rubber sheet in the scene. So ramps of the small
map become steps first (toggle mapping: each pixel of a ramp takes the value of the plateau that it is nearer to). Joint
bilateral upsampling (Kopf et al. 2007) to a working size brings them to the edges of the picture, and what it left of
ramps becomes steps too. Work goes in strips of rows, so memory is bounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8

from kbvr.tiles import framed, squares

RAMP_SHARE = 1 / 64
"""Half the width of the widest ramps of a small map that become steps, as a share of its long side."""

WORKING_LONG_SIDE_PX = 1280
STRIP_ROWS = 128
CELL_PX = 16
SQUARE_CELLS = 8
"""Steps are looked for in squares of so many cells that hold one."""

TAPS = 2
"""Neighbours on each side that a pixel looks at on the small map."""

SPATIAL_SIGMA_CELLS = 0.9
COLOUR_SIGMA_LEVELS = 14.0
STEP_SHARE = (0.05, 0.12)
"""Ramps that rise by less than the first share of the map's range stay; by more than the second become steps."""


def upsample_along_edges(
    small: Float32[np.ndarray, "h w"], rgb: UInt8[np.ndarray, "H W 3"]
) -> Float32[np.ndarray, "H W"]:
    """Return the map at the picture's size, its steps on the picture's edges."""
    return upsample_all_along_edges([small], rgb)[0]


def upsample_all_along_edges(
    maps: Sequence[Float32[np.ndarray, "h w"]], rgb: UInt8[np.ndarray, "H W 3"]
) -> list[Float32[np.ndarray, "H W"]]:
    """Return several maps of one size at the picture's size, their steps on the picture's edges."""
    height, width = rgb.shape[:2]
    small_size = maps[0].shape[::-1]
    scale = min(1.0, WORKING_LONG_SIDE_PX / max(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    guide = rgb if scale == 1 else cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    cell_px = size[0] / small_size[0]
    colours = cv2.resize(guide, small_size, interpolation=cv2.INTER_AREA).astype(np.float32)
    steep = [steepened(small, radius_px=max(1, round(RAMP_SHARE * max(small_size)))) for small in maps]

    def at_full_size(lifted: Float32[np.ndarray, "R C"]) -> Float32[np.ndarray, "H W"]:
        stepped = steepened(cv2.medianBlur(lifted, 5), radius_px=max(1, round(0.8 * cell_px)))
        if scale == 1:
            return stepped
        large = cv2.resize(stepped, (width, height), interpolation=cv2.INTER_LINEAR)
        return steepened(large, radius_px=max(1, round(1 / scale)))

    with ThreadPoolExecutor() as pool:
        return list(pool.map(at_full_size, _joint_bilateral(steep, colours, guide)))


def steepened(values: Float32[np.ndarray, "H W"], *, radius_px: int) -> Float32[np.ndarray, "H W"]:
    """Turn ramps of up to twice the radius into steps; leave slopes and flat regions alone."""
    window = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius_px + 1, 2 * radius_px + 1))
    whole_range = float(np.subtract(*np.percentile(values[::2, ::2], (98, 2)))) or 1.0
    start, end = STEP_SHARE
    cell_px = max(CELL_PX, radius_px)
    rises = _cells_that_rise(values, start * whole_range, cell_px)
    result = values.copy()
    for y, x in squares(rises, side_px=SQUARE_CELLS):
        square, around, inside = framed(y * cell_px, x * cell_px, side_px=SQUARE_CELLS * cell_px, around_px=radius_px)
        high, low = (extreme(values[around], window)[inside] for extreme in (cv2.dilate, cv2.erode))
        at = np.nonzero(high - low > start * whole_range)  # steps are few: all that follows is for them
        value, high, low = values[square][at], high[at], low[at]
        share = np.clip(((high - low) / np.float32(whole_range) - start) / (end - start), 0, 1)
        plateau = np.where(value - low > high - value, high, low)
        result[square][at] = value + (plateau - value) * share
    return result


def _cells_that_rise(values: Float32[np.ndarray, "H W"], least: float, cell_px: int) -> Bool[np.ndarray, "h w"]:
    """Return the cells in which a pixel may differ by more than `least` from one that is a cell away at most."""
    columns = range(0, values.shape[1], cell_px)
    rows = [values[y : y + cell_px] for y in range(0, values.shape[0], cell_px)]
    low = np.minimum.reduceat(np.stack([row.min(axis=0) for row in rows]), columns, axis=1)
    high = np.maximum.reduceat(np.stack([row.max(axis=0) for row in rows]), columns, axis=1)
    near_by = np.ones((3, 3), np.uint8)
    return np.asarray(cv2.dilate(high, near_by) - cv2.erode(low, near_by) > least)


def _joint_bilateral(
    maps: Sequence[Float32[np.ndarray, "h w"]],
    colours: Float32[np.ndarray, "h w 3"],
    guide: UInt8[np.ndarray, "H W 3"],
) -> Float32[np.ndarray, "M H W"]:
    """Return the joint bilateral means of the maps; strips of rows are independent, so threads share them."""
    height, width = guide.shape[:2]
    small_height, small_width = colours.shape[:2]
    result = np.empty((len(maps), height, width), np.float32)
    columns = ((np.arange(width, dtype=np.float32) + 0.5) * small_width / width) - 0.5

    def one_strip(start: int) -> None:
        end = min(start + STRIP_ROWS, height)
        rows = ((np.arange(start, end, dtype=np.float32) + 0.5) * small_height / height) - 0.5
        result[:, start:end] = _strip(maps, colours, guide[start:end], rows, columns)

    with ThreadPoolExecutor() as pool:
        list(pool.map(one_strip, range(0, height, STRIP_ROWS)))
    return result


def _strip(
    maps: Sequence[Float32[np.ndarray, "h w"]],
    colours: Float32[np.ndarray, "h w 3"],
    guide: UInt8[np.ndarray, "R W 3"],
    rows: Float32[np.ndarray, "R"],
    columns: Float32[np.ndarray, "W"],
) -> Float32[np.ndarray, "M R W"]:
    """Return the joint bilateral means of one strip; rows and columns are its pixels' places on the small maps."""
    planes = [guide[..., channel].astype(np.float32) for channel in range(3)]
    colour_planes = [np.ascontiguousarray(colours[..., channel]) for channel in range(3)]
    totals = np.zeros((len(maps), *guide.shape[:2]), np.float32)
    weights = np.full(guide.shape[:2], 1e-12, np.float32)
    for dy in range(-TAPS, TAPS + 1):
        y = np.round(rows) + dy
        weight_y = np.exp(-((rows - y) ** 2) / (2 * SPATIAL_SIGMA_CELLS**2))
        iy = np.clip(y, 0, colours.shape[0] - 1).astype(np.intp)
        first, last = int(iy[0]), int(iy[-1]) + 1
        for dx in range(-TAPS, TAPS + 1):
            x = np.round(columns) + dx
            weight_x = np.exp(-((columns - x) ** 2) / (2 * SPATIAL_SIGMA_CELLS**2))
            ix = np.clip(x, 0, colours.shape[1] - 1).astype(np.intp)

            def looked_up(cells: Float32[np.ndarray, "h w"], ix: np.ndarray = ix) -> Float32[np.ndarray, "R W"]:
                return cells[first:last].take(ix, axis=1).take(iy - first, axis=0)  # noqa: B023  used before they change

            distance = np.zeros_like(weights)
            for cells, plane in zip(colour_planes, planes, strict=True):
                away = looked_up(cells)
                np.subtract(plane, away, out=away)
                away *= away
                distance += away
            distance *= np.float32(-0.5 / COLOUR_SIGMA_LEVELS**2)
            weight = np.asarray(cv2.exp(distance, dst=distance), np.float32)
            weight += np.float32(1e-4)
            weight *= weight_y[:, None] * weight_x
            for index, small in enumerate(maps):
                value = looked_up(small)
                value *= weight
                totals[index] += value
            weights += weight
    return totals / weights
