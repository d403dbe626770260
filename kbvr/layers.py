"""Cut a photo with depth into layers at its occlusion boundaries.

The layers share the photo's plane and a margin beyond its border, nearest first:

    matte    a strip along every occlusion boundary: the near side with a soft alpha
    front    the photo itself, opaque, without the strips
    between  only where two boundaries lie so near to each other that a move looks behind both: what is directly behind
             the nearer one, continued from the narrow surface between the two
    hidden   what the near side hides, continued from the far side; `kbvr.fill` invents it

The strip's colours F and the hidden layer's colours B are chosen so that alpha F + (1 - alpha) B is the photo:
seen from the photo's own camera the layers give the photo back.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import Literal

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8

from kbvr.depth import DepthMap, sampled
from kbvr.errors import InputError
from kbvr.nearest import nearest_seed_within, nearest_value
from kbvr.photo import Photo
from kbvr.specks import without_specks
from kbvr.surroundings import surroundings_of
from kbvr.tiles import framed, squares

JUMP_SHARE = 0.001
JUMP_PX = 1.5
"""Neighbours whose parallax at the largest move differs by more (share of the width, but at least so many pixels)
are two surfaces; what differs less is stretched."""

JUMP_SPREAD_SHARE = 0.008
"""The same as a share of the whole depth range: a floor that a large move stretches is still one surface."""

STRIP_SHARE = 0.004
"""Half the width of the matte strip, as a share of the photo's width."""

CONTEXT_SHARE = 0.04
"""How far from a boundary the far side may serve as a source for what is hidden, as a share of the width."""

MAX_MARGIN_SHARE = 0.15
"""Largest margin beyond the border, as a share of the long side, and half of it of the short one."""

BORDER_BLUR = 0.45
"""Blur (sigma) of what is drawn beyond the border, as a share of the distance from it."""

MARGIN_BLURS = 64
"""At most so many blurs on each side, so that wide margins of large photos take no longer."""

OVERLAP_PX = 1.5
"""Overlap of the strip with the near side of the front layer."""

RIM_PX = 4
"""Overlap of the hidden layer with the visible far side, so that no pinholes stay."""

MIXED_LEVELS = 6.0
"""A pixel of the far side whose colour is drawn towards the near side's by less, in 8-bit levels, shows no near side,
however close the jump is."""

CELLS_LONG_SIDE = 2000
"""How far jumps reach is found on a map of about this many cells along its long side."""

SQUARE_CELLS = 64
"""What is done only where it is wanted is done in squares of so many cells."""

CELLS_PER_SIGMA = 3.0
BLUR_SIGMAS = 4
"""How far OpenCV's blur of floating-point numbers looks, in sigmas."""

GROWTH = 1.6
"""Sizes of jumps are rounded up to powers of this."""

LEAST_BETWEEN_PX = 6.0
BETWEEN_SHARE = 0.012
"""How far the narrow surface between two boundaries is continued behind the nearer one, and how far from that boundary
it is looked at for that, as a share of the width."""


@dataclass(frozen=True, eq=False)
class Layer:
    """One surface over the photo's plane and its margin."""

    name: Literal["matte", "front", "between", "hidden"]
    rgba: UInt8[np.ndarray, "H W 4"]
    """Straight alpha; where it is 0 the layer has no surface, but its colours go on for a few pixels."""

    inverse_depth: Float32[np.ndarray, "H W"]
    """1/m; finite everywhere."""


@dataclass(frozen=True, eq=False)
class LayeredDepthImage:
    """The layers of one photo, nearest first, and what of them has to be invented."""

    layers: tuple[Layer, ...]
    margin_px: int
    f_px: float
    size_px: tuple[int, int]
    """(width, height) of the photo, without the margin."""

    reach_m: float
    """The farthest sideways camera move that the layers are made for."""

    jump_px: float
    """Neighbours whose parallax at that move differs by more are two surfaces."""

    fill_mask: Bool[np.ndarray, "H W"]
    """Pixels of the hidden layer that have to be invented."""

    source_mask: Bool[np.ndarray, "H W"]
    """Pixels of the hidden layer that may be looked at for that: the far side near a boundary."""

    between_fill: Bool[np.ndarray, "H W"] | None = None
    """Pixels of the layer between that have to be invented; None where there is no such layer."""

    between_source: Bool[np.ndarray, "H W"] | None = None
    """Pixels of the layer between that may be looked at for that: the narrow surface between two boundaries."""


@dataclass(frozen=True, eq=False)
class Boundaries:
    """Where depth jumps, and which side of the jump each pixel nearby is on."""

    near_distance_px: Float32[np.ndarray, "H W"]
    """Distance to the nearest pixel on the near side of a jump."""

    far_distance_px: Float32[np.ndarray, "H W"]
    near_inverse_depth: Float32[np.ndarray, "H W"]
    """Inverse depth at that nearest near-side pixel."""

    far_inverse_depth: Float32[np.ndarray, "H W"]
    uncovered: Bool[np.ndarray, "H W"]
    """Pixels behind which the largest move can look."""

    doubly: Bool[np.ndarray, "H W"]
    """Pixels behind which it sees a surface that it can look behind, too."""

    between_distance_px: Float32[np.ndarray, "H W"]
    """Distance to the nearest pixel of such a surface at the jump that hides it."""

    @cached_property
    def distance_px(self) -> Float32[np.ndarray, "H W"]:
        """Distance to the nearest jump."""
        return np.minimum(self.near_distance_px, self.far_distance_px)

    def near_side(self, inverse_depth: Float32[np.ndarray, "H W"]) -> Bool[np.ndarray, "H W"]:
        """Return whether each pixel belongs to the near one of the two surfaces at its nearest jump."""
        to_near = cv2.absdiff(inverse_depth, self.near_inverse_depth)
        return np.asarray(to_near <= cv2.absdiff(inverse_depth, self.far_inverse_depth))


def margin_px_for(depth: DepthMap, reach_m: float) -> int:
    """Return how far beyond the border the largest move can look, in pixels."""
    nearest = float(np.percentile(sampled(depth.inverse_depth), 99.9))
    return int(np.ceil(depth.f_px * reach_m * nearest)) + 4


def jump_px_for(width: int, spread_px: float) -> float:
    """Return the parallax between neighbours, at the largest move, above which they are two surfaces.

    `spread_px` is the parallax of the whole depth range at that move.
    """
    return max(JUMP_PX, JUMP_SHARE * width, JUMP_SPREAD_SHARE * spread_px)


def strip_px_for(width: int) -> float:
    """Return half the width of the matte strip, in pixels."""
    return float(np.clip(STRIP_SHARE * width, 3.0, 12.0))


def between_px_for(width: int) -> float:
    """Return how far a narrow surface is continued behind what is before it, in pixels."""
    return max(LEAST_BETWEEN_PX, BETWEEN_SHARE * width)


def split(photo: Photo, depth: DepthMap, *, reach_m: float, border_m: float | None = None) -> LayeredDepthImage:
    """Return the layers of a photo, the hidden parts not yet filled.

    `reach_m` is the farthest sideways move that looks behind things, `border_m` the farthest that looks beyond the
    border, by default the same.

    Raises:
        InputError: if photo and depth differ in size, or reach_m is not positive.
    """
    if photo.rgb.shape[:2] != depth.inverse_depth.shape:
        raise InputError(f"depth must have the photo's size {photo.rgb.shape[:2]}, got {depth.inverse_depth.shape}")
    if not reach_m > 0:
        raise InputError(f"reach_m must be > 0, got {reach_m}")
    width, height = photo.size_px
    largest = min(MAX_MARGIN_SHARE * max(width, height), 2 * MAX_MARGIN_SHARE * min(width, height) + 4)
    margin = min(margin_px_for(depth, reach_m if border_m is None else border_m), round(largest))
    rgb = _drawn_out(photo.rgb, margin)
    parallax_per_inverse_depth = depth.f_px * reach_m
    jump_px = jump_px_for(width, surroundings_of(depth).depth_spread * parallax_per_inverse_depth)
    inverse_depth = cv2.copyMakeBorder(
        _without_steps(depth.inverse_depth, photo.rgb, parallax_per_inverse_depth, jump_px),
        *(margin, margin, margin, margin),
        cv2.BORDER_REPLICATE,
    )
    boundaries = find_boundaries(inverse_depth, jump_px=jump_px, px=parallax_per_inverse_depth)
    strip_px = strip_px_for(width)
    near = boundaries.near_side(inverse_depth)
    band = boundaries.distance_px <= strip_px
    near_rgb, seen = _sides(rgb, boundaries, near, strip_px)
    hidden = boundaries.uncovered | (band & ~seen)
    band &= near | ~boundaries.uncovered  # what is the far side of one jump but the near side of another stays whole
    cut = band & ~(near & (boundaries.distance_px > strip_px - OVERLAP_PX))
    context = boundaries.far_distance_px <= CONTEXT_SHARE * width + strip_px
    sources = context & ~near & ~hidden
    rim = ~near & (boundaries.distance_px <= 2 * strip_px + RIM_PX)
    between = _between_sources(inverse_depth, boundaries, jump_px / parallax_per_inverse_depth)
    layers = (
        _matte(rgb, near_rgb, inverse_depth, boundaries, near, band, cut),
        Layer("front", _rgba(rgb, ~cut), inverse_depth),
        *([] if between is None else [Layer("between", _rgba(rgb, boundaries.doubly | between), inverse_depth)]),
        Layer("hidden", _rgba(rgb, hidden | rim), inverse_depth),
    )
    return LayeredDepthImage(
        layers=layers,
        margin_px=margin,
        f_px=depth.f_px,
        size_px=photo.size_px,
        reach_m=reach_m,
        jump_px=jump_px,
        fill_mask=hidden,
        source_mask=sources,
        between_fill=None if between is None else boundaries.doubly,
        between_source=between,
    )


def _between_sources(
    inverse_depth: Float32[np.ndarray, "H W"], boundaries: Boundaries, jump: float
) -> Bool[np.ndarray, "H W"] | None:
    """Return the narrow surfaces next to what is doubly uncovered; None where there are none.

    `jump` is the least jump, 1/m.
    """
    if not boundaries.doubly.any():
        return None
    close = boundaries.between_distance_px <= between_px_for(inverse_depth.shape[1])
    on_far_side = np.abs(inverse_depth - boundaries.far_inverse_depth) <= jump
    return on_far_side & boundaries.uncovered & ~boundaries.doubly & close


def _drawn_out(picture: UInt8[np.ndarray, "H W C"], margin: int) -> UInt8[np.ndarray, "H2 W2 C"]:
    """Continue a picture beyond its border: each further line is the one before, blurred along itself.

    The farther out, the more, so that the border's details do not become streaks.
    """
    height, width, channels = picture.shape
    wide = np.empty((height + 2 * margin, width + 2 * margin, channels), np.uint8)
    wide[margin:-margin, margin:-margin] = picture
    stride = max(1, margin // MARGIN_BLURS)
    for view, extent in ((wide[margin:-margin].swapaxes(0, 1), width), (wide, height)):
        for border, outwards in ((margin, -1), (margin + extent - 1, 1)):
            line = view[border].astype(np.float32)[None]
            for step in range(1, margin + 1, stride):
                end = min(step + stride, margin + 1)
                sigma_px = BORDER_BLUR * ((end - 1) ** 2 - (step - 1) ** 2) ** 0.5
                line = cv2.GaussianBlur(line, (0, 0), sigma_px, sigmaY=1e-3, borderType=cv2.BORDER_REPLICATE)
                drawn = (line[0] + 0.5).astype(np.uint8)
                for further in range(step, end):
                    view[border + outwards * further] = drawn
    return wide


def _without_steps(
    inverse_depth: Float32[np.ndarray, "H W"], rgb: UInt8[np.ndarray, "H W 3"], to_px: float, jump_px: float
) -> Float32[np.ndarray, "H W"]:
    """Smooth away specks, and the small steps of depth that was stored in few levels; jumps stay."""
    clean_px = without_specks(inverse_depth * np.float32(to_px), rgb, jump_px=jump_px)
    smooth_px = np.asarray(cv2.bilateralFilter(clean_px, 7, JUMP_PX / 2, 2.5), np.float32)
    smooth_px /= np.float32(to_px)
    return np.maximum(smooth_px, 0, out=smooth_px)


def find_boundaries(values: Float32[np.ndarray, "H W"], *, jump_px: float, px: float = 1.0) -> Boundaries:
    """Find occlusion boundaries of a surface given as its parallax at the largest move, in units of px pixels.

    The boundaries' depths are in the unit given.
    """
    parallax_px = values * np.float32(px)
    neighbours = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    near_seeds = cv2.subtract(parallax_px, cv2.erode(parallax_px, neighbours)) > jump_px
    far_jump = cv2.subtract(cv2.dilate(parallax_px, neighbours), parallax_px)

    far_seeds = far_jump > jump_px
    with ThreadPoolExecutor() as pool:
        near, far = (pool.submit(nearest_value, seeds, values) for seeds in (near_seeds, far_seeds))
        uncovered = _uncovered(parallax_px, far_jump, jump_px)
        (near_px, near_value), (far_px, far_value) = near.result(), far.result()
    doubly_seeds = far_seeds & ~near_seeds & uncovered  # without ramps
    doubly, between_px = _doubly(parallax_px, far_jump, doubly_seeds, jump_px)
    return Boundaries(near_px, far_px, near_value, far_value, uncovered, doubly, between_px)


def _doubly(
    parallax_px: Float32[np.ndarray, "H W"],
    far_jump: Float32[np.ndarray, "H W"],
    seeds: Bool[np.ndarray, "H W"],
    jump_px: float,
) -> tuple[Bool[np.ndarray, "H W"], Float32[np.ndarray, "H W"]]:
    """Return the pixels behind which a move sees a narrow surface, and their distance to the nearest of its seeds."""
    reach_px = between_px_for(parallax_px.shape[1])
    distance_px, nearest = nearest_seed_within(seeds, reach_px)
    at = np.flatnonzero(distance_px <= reach_px)
    seed = nearest.ravel()[at]
    flat, doubly = parallax_px.ravel(), np.zeros(parallax_px.size, bool)
    doubly[at] = distance_px.ravel()[at] <= far_jump.ravel()[seed] * GROWTH + RIM_PX
    doubly[at] &= flat[at] - flat[seed] > jump_px / 2
    return doubly.reshape(parallax_px.shape), distance_px


def _uncovered(
    parallax_px: Float32[np.ndarray, "H W"], far_jump: Float32[np.ndarray, "H W"], jump_px: float
) -> Bool[np.ndarray, "H W"]:
    """Return pixels that lie within some jump's own size of that jump, and in front of its far side.

    Exact would be a distance transform for every size of jump; here sizes are rounded up to powers of `GROWTH`.
    How far a jump reaches is found in cells of a few pixels of a large photo, what lies before its far side in pixels.
    """
    at = np.flatnonzero(far_jump > jump_px)
    if not at.size:
        return np.zeros(far_jump.shape, bool)
    cell_px = max(1, round(max(far_jump.shape) / CELLS_LONG_SIDE))
    height, width = (-(-side // cell_px) for side in far_jump.shape)
    y, x = np.divmod(at, far_jump.shape[1])
    cells = y // cell_px * width + x // cell_px
    jumps, far_side = np.zeros((height, width), np.float32), np.full(height * width, np.inf, np.float32)
    np.maximum.at(jumps.ravel(), cells, far_jump.ravel()[at])
    np.minimum.at(far_side, cells, parallax_px.ravel()[at])
    beyond = np.full(jumps.shape, np.inf, np.float32)  # what has more parallax than this is uncovered
    largest, size = float(jumps.max()), jump_px
    while size < largest:
        reach_px = size * GROWTH + RIM_PX
        distance, far = nearest_seed_within(jumps > size, reach_px / cell_px)
        within = np.flatnonzero(distance * cell_px <= reach_px)
        beyond.ravel()[within] = np.minimum(beyond.ravel()[within], far_side[far.ravel()[within]] + size / 2)
        size *= GROWTH
    uncovered = np.zeros(parallax_px.shape, bool)
    for row, column in squares(beyond < np.inf, side_px=SQUARE_CELLS):
        cells = beyond[row : row + SQUARE_CELLS, column : column + SQUARE_CELLS]
        square = framed(row * cell_px, column * cell_px, side_px=SQUARE_CELLS * cell_px, around_px=0)[0]
        there = parallax_px[square]
        large = cells.repeat(cell_px, axis=0).repeat(cell_px, axis=1)
        uncovered[square] = there > large[: there.shape[0], : there.shape[1]]
    return uncovered


def _rgba(rgb: UInt8[np.ndarray, "H W 3"], mask: Bool[np.ndarray, "H W"]) -> UInt8[np.ndarray, "H W 4"]:
    return with_alpha(rgb, mask.view(np.uint8) * np.uint8(255))


def with_alpha(rgb: UInt8[np.ndarray, "H W 3"], alpha: UInt8[np.ndarray, "H W"]) -> UInt8[np.ndarray, "H W 4"]:
    """Return colours with an alpha channel."""
    rgba = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2RGBA), np.uint8)
    rgba[..., 3] = alpha
    return rgba


def _sides(
    rgb: UInt8[np.ndarray, "H W 3"],
    boundaries: Boundaries,
    near: Bool[np.ndarray, "H W"],
    strip_px: float,
) -> tuple[UInt8[np.ndarray, "H W 3"], Bool[np.ndarray, "H W"]]:
    """Return the near side's colours, drawn on over the strip from within, and where the far side shows unmixed."""
    wanted = boundaries.distance_px < 2 * strip_px
    at = np.flatnonzero(boundaries.distance_px < 3 * strip_px)
    inside_px = _inside_px(boundaries, near, at)
    weight, seen = np.zeros(near.shape, np.float32), np.zeros(near.shape, bool)

    def drawn_from(depth_px: Float32[np.ndarray, "N"]) -> UInt8[np.ndarray, "H W 3"]:
        weight.ravel()[at] = np.where(depth_px > 0, depth_px.clip(0.05, strip_px) ** 4, 0)
        return drawn_on(rgb, weight, strip_px, wanted=wanted)

    near_rgb, far_rgb = drawn_from(inside_px), drawn_from(-inside_px)
    there = at[inside_px <= 0]
    photo, over, under = (picture.reshape(-1, 3)[there].astype(np.float32) for picture in (rgb, near_rgb, far_rgb))
    towards, difference = ((photo - under) * (over - under)).sum(axis=1), np.linalg.norm(over - under, axis=1)
    seen.ravel()[there] = towards <= MIXED_LEVELS * difference
    return near_rgb, seen


def _inside_px(boundaries: Boundaries, near: Bool[np.ndarray, "H W"], at: np.ndarray) -> Float32[np.ndarray, "N"]:
    """Return how far within the near side pixels lie; below 0 on the far side."""
    to_far, to_near = boundaries.far_distance_px.ravel()[at], boundaries.near_distance_px.ravel()[at]
    return np.asarray(np.where(near.ravel()[at], to_far - 0.5, 0.5 - to_near), np.float32)


def _matte(
    rgb: UInt8[np.ndarray, "H W 3"],
    near_rgb: UInt8[np.ndarray, "H W 3"],
    inverse_depth: Float32[np.ndarray, "H W"],
    boundaries: Boundaries,
    near: Bool[np.ndarray, "H W"],
    band: Bool[np.ndarray, "H W"],
    cut: Bool[np.ndarray, "H W"],
) -> Layer:
    """Return the strip with its near side's colours, and alpha by distance alone."""
    at = np.flatnonzero(band)
    alpha, depth = np.zeros(band.shape, np.uint8), np.where(near, inverse_depth, boundaries.near_inverse_depth)
    alpha.ravel()[at] = (np.clip(0.5 + _inside_px(boundaries, near, at) / 1.5, 0, 1) * 255 + 0.5).astype(np.uint8)
    rgba = with_alpha(near_rgb, alpha)
    overlap = band & ~cut
    rgba[overlap, :3], rgba[overlap, 3] = rgb[overlap], 255
    return Layer("matte", rgba, depth)


def drawn_on(
    rgb: UInt8[np.ndarray, "H W 3"],
    weight: Float32[np.ndarray, "H W"],
    sigma_px: float,
    *,
    wanted: Bool[np.ndarray, "H W"],
) -> UInt8[np.ndarray, "H W 3"]:
    """Return the weighted mean of the colours around each pixel; the picture itself where all weights are 0.

    A wide blur has no detail: it is made in cells of up to a third of sigma. Only wanted pixels are changed.
    """
    cell_px = max(1, int(sigma_px / CELLS_PER_SIGMA))
    side_px, around_px = SQUARE_CELLS * cell_px, cell_px * ceil(BLUR_SIGMAS * sigma_px / cell_px + 2)
    mean = rgb.copy()

    def draw(corner: tuple[int, int]) -> None:
        square, around, inside = framed(*corner, side_px=side_px, around_px=around_px)
        at = np.nonzero(wanted[square])
        total = _blurred(weight[around], cell_px, sigma_px)[inside][at]
        known = total > 1e-6
        at, total = (at[0][known], at[1][known]), total[known]
        for channel in range(3):
            weighted = cv2.multiply(weight[around], rgb[around][..., channel], dtype=cv2.CV_32F)
            colour = _blurred(weighted, cell_px, sigma_px)[inside][at] / total
            mean[square][..., channel][at] = np.clip(colour + 0.5, 0, 255).astype(np.uint8)

    with ThreadPoolExecutor() as pool:
        list(pool.map(draw, squares(wanted, side_px=side_px)))
    return mean


def _blurred(plane: Float32[np.ndarray, "H W"], cell_px: int, sigma_px: float) -> Float32[np.ndarray, "H W"]:
    """Return a plane blurred in cells of so many pixels; at its lower and right border it goes on as it ends."""
    height, width = plane.shape
    if cell_px == 1:
        return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma_px), np.float32)
    whole = cv2.copyMakeBorder(plane, 0, -height % cell_px, 0, -width % cell_px, cv2.BORDER_REPLICATE)
    size = (whole.shape[1] // cell_px, whole.shape[0] // cell_px)
    small = cv2.GaussianBlur(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), (0, 0), sigma_px / cell_px)
    return np.asarray(cv2.resize(small, whole.shape[::-1], interpolation=cv2.INTER_LINEAR)[:height, :width])
