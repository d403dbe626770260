"""Upsample a small map (depth, sky) to the photo's full size so that its edges follow the photo's edges.

Where the map has no step it is interpolated, whatever the photo shows: a poster stays flat. Networks blur steps into
ramps, and a ramp between two surfaces would become a rubber sheet in the scene. So a pixel at a step gets the value at
the near or the far end of its ramp. Two cues decide which: the pixel's height on the ramp, and the side that has pixels
of its colour. Where colours do not decide, the outline is the map's, and smooth. The photo is compared at a working
size first, and at full size close to the boundary.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
from jaxtyping import Float, Float32

from kbvr.depth.boundary_sides import Indices, log_odds_from_means, log_odds_from_samples, side_colours
from kbvr.depth.edge_ramps import steps_of
from kbvr.imaging.array_types import Picture, Plane, SmallPlane
from kbvr.imaging.resize import averaged, shrunk
from kbvr.imaging.tiling import padded_square

WORKING_LONG_SIDE_PX = 1024
SQUARE_PX = 256
PADDING_PX = 3
"""Side of the squares processed at a time at full size, and their padding for the blur."""

REACH_CELLS = 3.2
"""Distance within which colours are compared, in cells of the map."""

MIN_REACH_PX = 2.0

RAMP_WEIGHT, STEP_WEIGHT = (0.2, 0.02), (0.8, 0.002)
"""(weight, minimum share) of the map's log odds relative to the colours': the logarithm of the share up the ramp over
the share down. The ramp shows where it is steepest; the sharp step, a cell wide, shows the distance from there."""

LEANING_WEIGHT = 0.5
"""Weight of the log odds at the working size relative to those at full size."""

SMOOTH_PX = (1.3, 1.5)
"""Sigma of the blur of the log odds, at the working size and at full size: single pixels are noise."""

DOUBT = 0.5
"""Log odds at the working size are reduced by this amount, so that weak evidence counts for nothing."""

SPECK_CELLS = 2.0
"""Specks smaller than the square of this, in cells of the map, are noise."""

NARROW_PX = 2
"""Distance from a boundary within which the photo is compared at full size, in pixels of the working size."""


@dataclass(frozen=True, eq=False)
class _Working:
    """One map at the working size."""

    flat: SmallPlane
    """The small map where there is no step."""

    ramp: Float32[np.ndarray, "H W 4"]
    """The near value, the far value, whether there is a step (0 to 1), and the log odds of the near side."""

    high_step: float
    sides: Float32[np.ndarray, "h2 w2 6"]
    """The colours of both sides close to the boundary (`kbvr.depth.boundary_sides.side_colours`)."""


def upsample_along_edges(small: SmallPlane, rgb: Picture) -> Plane:
    """Return the map at the picture's size, with its steps on the picture's edges."""
    return upsample_all_along_edges([small], rgb)[0]


def upsample_all_along_edges(maps: Sequence[SmallPlane], rgb: Picture) -> list[Plane]:
    """Return several maps of one size at the picture's size, with their steps on the picture's edges.

    In a depth map the larger value is the nearer one; in other maps it is simply one of the two sides.
    """
    guide = shrunk(rgb, WORKING_LONG_SIDE_PX)
    colours = cv2.split(guide.astype(np.float32))
    height, width = guide.shape[:2]
    small_maps = [averaged(cells, (min(cells.shape[1], width), min(cells.shape[0], height))) for cells in maps]
    return [_at_full_size(_at_working_size(small, colours), rgb) for small in small_maps]


def _at_working_size(small: SmallPlane, colours: Sequence[Plane]) -> _Working:
    """Decide which side of its step every pixel of the working size belongs to."""
    steps = steps_of(small)
    size = colours[0].shape[::-1]
    blurred = cv2.GaussianBlur(steps.sharp, (0, 0), 1.0)
    near, far, share, smooth, sharp, blurred = (
        cv2.resize(cells, size, interpolation=cv2.INTER_LINEAR)
        for cells in (steps.near, steps.far, steps.share, small, steps.sharp, blurred)
    )
    leaning = np.zeros_like(share)
    band = np.flatnonzero((share > 0) & (near > far))  # in a nearly flat map both may round to the same value
    if band.size:
        high, low = near.ravel()[band], far.ravel()[band]
        reach_px = max(MIN_REACH_PX, REACH_CELLS * size[0] / small.shape[1])
        log_odds = log_odds_from_samples([*colours, sharp], band, high, low, reach_px=reach_px)
        by_map = np.zeros_like(high)
        for values, weight, min_share in ((smooth, *RAMP_WEIGHT), (blurred, *STEP_WEIGHT)):
            up = np.clip((values.ravel()[band] - low) / (high - low), min_share, 1 - min_share)
            by_map += np.float32(weight) * np.log(up / (1 - up))
        log_odds = _smoothed(log_odds, band, share.shape, SMOOTH_PX[0])
        log_odds -= np.clip(log_odds, -DOUBT, DOUBT)
        leaning.ravel()[band] = by_map + log_odds * np.minimum((high - low) / steps.high_step, 1)
        min_px = round((SPECK_CELLS * size[0] / small.shape[1]) ** 2)
        for sign in (1, -1):
            _flip_specks(leaning, sign, min_px)
    return _Working(steps.flat, np.dstack([near, far, share, leaning]), steps.high_step, side_colours(colours, leaning))


def _at_full_size(working: _Working, rgb: Picture) -> Plane:
    """Enlarge a map; threads share its squares, which are independent."""
    height, width = rgb.shape[:2]
    rows, columns = working.ramp.shape[:2]
    result = cv2.resize(working.flat, (width, height), interpolation=cv2.INTER_LINEAR)
    share_of_step = np.ascontiguousarray(working.ramp[..., 2])
    is_near = (working.ramp[..., 3] > 0).astype(np.uint8)
    window = np.ones((2 * NARROW_PX + 1, 2 * NARROW_PX + 1), np.uint8)
    narrow = (cv2.dilate(is_near, window) != cv2.erode(is_near, window)) & (share_of_step > 0)
    is_full_size = (rows, columns) == (height, width)
    row_positions, column_positions = (
        {start: _Positions.of(start, full, working) for start in range(0, full, SQUARE_PX)}
        for full, working in ((height, rows), (width, columns))
    )

    def enlarge(corner: tuple[int, int]) -> None:
        square, padded, inside = padded_square(*corner, side_px=SQUARE_PX, padding_px=PADDING_PX)
        row, column = row_positions[corner[0]], column_positions[corner[1]]
        window = np.s_[row.first : row.last + 2, column.first : column.last + 2]
        if not share_of_step[window].any():
            return
        near, far, share, leaning = cv2.split(_enlarged(working.ramp[window], row, column))
        if not is_full_size:
            band = np.flatnonzero(narrow[row.nearest].take(column.nearest, axis=1))
            y, x = np.divmod(band, leaning.shape[1])
            side = (row.nearest // 2)[y] * working.sides.shape[1] + (column.nearest // 2)[x]
            colours = rgb[padded].reshape(-1, 3).take(band, axis=0)
            log_odds = log_odds_from_means(colours, working.sides.reshape(-1, 6).take(side, axis=0))
            log_odds *= np.minimum((near.ravel()[band] - far.ravel()[band]) / working.high_step, 1)
            log_odds = _smoothed(log_odds, band, leaning.shape, SMOOTH_PX[1])
            flat = leaning.ravel()
            flat[band] = np.float32(LEANING_WEIGHT) * flat[band] + log_odds
        step = np.where(leaning[inside] > 0, near[inside], far[inside])
        step -= result[square]
        step *= share[inside]
        result[square] += step

    with ThreadPoolExecutor() as pool:
        list(pool.map(enlarge, product(range(0, height, SQUARE_PX), range(0, width, SQUARE_PX))))
    return result


@dataclass(frozen=True, eq=False)
class _Positions:
    """Positions of full-size pixels at the working size, along one axis."""

    first: int
    last: int
    above: Indices
    """The working pixel before each of them, counted from the first."""

    share: Float32[np.ndarray, "N"]
    """The position between that working pixel and the next, 0 to 1."""

    nearest: Indices

    @classmethod
    def of(cls, start: int, full: int, working: int) -> _Positions:
        """Return the positions of a square's pixels and its padding, as `cv2.resize` computes them."""
        pixels = np.arange(max(0, start - PADDING_PX), min(full, start + SQUARE_PX + PADDING_PX))
        at = (pixels + 0.5) * (working / full) - 0.5
        at = np.clip(at, 0, working - 1)
        above = at.astype(np.intp)
        first, last = int(above[0]), int(above[-1])
        return cls(first, last, above - first, (at - above).astype(np.float32), np.rint(at).astype(np.intp))


def _enlarged(
    planes: Float32[np.ndarray, "h w C"], row: _Positions, column: _Positions
) -> Float32[np.ndarray, "R X C"]:
    """Return a piece of planes at full size, by bilinear interpolation."""
    for axis, positions in enumerate((row, column)):
        share = positions.share.reshape(-1, *[1] * (2 - axis))
        after = planes.take(np.minimum(positions.above + 1, planes.shape[axis] - 1), axis=axis)
        planes = planes.take(positions.above, axis=axis)
        after -= planes
        after *= share
        planes += after
    return planes


def _flip_specks(leaning: Plane, sign: int, min_px: int) -> None:
    """Assign specks of one side to the side that surrounds them, in place."""
    count, specks, stats, _ = cv2.connectedComponentsWithStats((leaning * sign > 0).astype(np.uint8), connectivity=4)
    if count > 1:
        small = stats[:, cv2.CC_STAT_AREA] < min_px
        small[0] = False
        leaning[small[specks]] *= -1


def _smoothed(
    values: Float[np.ndarray, "N"], band: Indices, shape: tuple[int, ...], sigma_px: float
) -> Float32[np.ndarray, "N"]:
    """Return a band's values, blurred within the band."""
    planes = np.zeros((2, *shape), np.float32)
    planes[0].ravel()[band], planes[1].ravel()[band] = values, 1
    total, count = (cv2.GaussianBlur(plane, (0, 0), sigma_px).ravel()[band] for plane in planes)
    return total / np.maximum(count, np.float32(1e-6))
