"""Search for patches from coarse to fine, with the compiled kernel of patches.cpp.

On a coarse level, patches cover much of a hole, so structures continue as a whole; finer levels begin with the matches
of the coarser one and only improve them (Wexler et al., "Space-Time Completion of Video", 2007; Barnes et al.,
"PatchMatch", 2009).
"""

from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Int32, UInt16

from kbvr.imaging.nearest_seed import nearest_seed_of
from kbvr.native.library import PatchLevel, kernel

BORDER_PX = 8
"""Border of a level's planes, so that no patch reaches beyond them."""

COARSEST_HOLE_PX = 2.0
MAX_LEVELS = 6
MIN_SIDE_PX = 24
"""The coarsest level is the one on which no pixel of the hole is farther than COARSEST_HOLE_PX from a source."""

SOURCE_WEIGHT = 8
DECAY = 1.35
"""A pixel of the hole counts less in a patch by this factor for every pixel of distance from the sources: structures
grow from the sources inwards."""

GUIDE_SIGMA_PX = 2.0
GUIDE_COST = 0.6
"""Cost of a match per 8-bit level by which its blurred colour differs from the guide's, in each channel."""

PLAIN_GAIN, PLAIN_LEVELS = 4.0, 8.0
"""On plain ground, a patch of another shade is a blotch: there, GUIDE_COST is multiplied by the first. The excess is
halved where the contrast (RMS) is the second. Where the guide mixes colours, patches are the better judge."""

CONTRAST_SIGMA_PX, GRAIN_SIDE_PX = 6.0, 49
"""The contrast is that of the guide over a Gaussian window of this width, and that of the sources in a square."""

DEPTH_COST = 60.0
"""Cost of a match whose inverse depth differs from the guide's by the range of the sources."""

REACH_SHARE = 0.08
"""Largest distance of random candidates from the best match, as a share of the long side."""

DISTANCE_COST = 15.0
"""Cost of a match at the distance of REACH_SHARE."""

FIXED_POINT = 16
"""Scale of the guide's planes; GUIDE_SCALE in patches.cpp is its inverse."""

VOTES, FINEST_VOTES, PASSES = 3, 2, 2
"""Rounds of searching and voting on a level, and on the finest one; passes over the hole in each round."""

STRIPE_ROWS = 64
"""Rows that one task searches. Stripes do not depend on the number of threads, so neither does the result."""

Planes = Float32[np.ndarray, "4 h w"]
Plane = Float32[np.ndarray, "h w"]
Mask = Bool[np.ndarray, "h w"]


@dataclass(frozen=True, eq=False)
class Level:
    """One size of a picture with a hole. All planes have a border of BORDER_PX."""

    rgb: UInt16[np.ndarray, "3 H W"]
    """8-bit levels; the kernel writes the hole."""

    weight: UInt16[np.ndarray, "H W"]
    source: UInt16[np.ndarray, "H W"]
    guide: UInt16[np.ndarray, "5 H W"]
    """Red, green, blue and inverse depth, in units of cost, and the trust in these colours; times FIXED_POINT."""

    hole: Bool[np.ndarray, "H W"]
    match: Int32[np.ndarray, "H W"]
    """Flat index of the source that each pixel of the hole resembles; -1 outside the hole."""

    cost: Float32[np.ndarray, "H W"]
    kernel_level: PatchLevel
    """The same for the kernel."""

    def improve(self, first_pass: int, pool: Executor) -> None:
        """Search better matches, then let them vote for the colours of the hole."""
        for number in range(first_pass, first_pass + PASSES):
            shift = number // 2 % 2 * STRIPE_ROWS // 2  # so that matches spread from stripe to stripe
            search = partial(self._search, number)
            list(pool.map(search, self._stripes(shift)))
        self.vote(pool)

    def _search(self, number: int, rows: tuple[int, int]) -> None:
        kernel().kbvr_match_rows(self.kernel_level, *rows, number)

    def vote(self, pool: Executor) -> None:
        """Let the matches vote for the colours of the hole."""
        list(pool.map(lambda rows: kernel().kbvr_vote_rows(self.kernel_level, *rows), self._stripes(0)))

    def _stripes(self, shift: int) -> list[tuple[int, int]]:
        """Return the first and last row (exclusive) of each task."""
        first, end = BORDER_PX, self.hole.shape[0] - BORDER_PX
        return list(pairwise(sorted({first, *range(first + shift, end, STRIPE_ROWS), end})))


def best_patches(guide: Planes, known: Mask, hole: Mask) -> Level:
    """Return the finest level, with matches and colours for the whole hole.

    `guide` is the complete picture: red, green, blue from 0 to 1 and inverse depth, the sources' where known.
    """
    sizes = [(_with_range(guide, known), known, hole)]
    while (
        len(sizes) < MAX_LEVELS
        and min(sizes[-1][1].shape) >= MIN_SIDE_PX
        and _depth_px(*sizes[-1][1:]) > COARSEST_HOLE_PX
    ):
        smaller = _halved(*sizes[-1])
        if not smaller[1].any():
            break
        sizes.append(smaller)
    level, number = None, 0
    with ThreadPoolExecutor() as pool:
        for index, size in reversed(list(enumerate(sizes))):
            level = _level_of(*size, coarser=level)
            level.vote(pool)
            for _ in range(VOTES if index else FINEST_VOTES):
                level.improve(number, pool)
                number += PASSES
    assert level is not None
    return level


def _with_range(guide: Planes, known: Mask) -> Planes:
    """Return the guide with inverse depth from 0 to 1 over the range of the sources."""
    low, high = np.percentile(guide[3][known], (2, 98))
    depth = np.clip((guide[3] - low) / max(high - low, 1e-9), 0, 1)
    return np.concatenate([guide[:3], depth[None]]).astype(np.float32)


def _depth_px(known: Mask, hole: Mask) -> float:
    """Return the largest distance of a pixel of the hole from the sources."""
    return float(cv2.distanceTransform((~known).astype(np.uint8), cv2.DIST_L2, 5)[hole].max(initial=0))


def _halved(
    guide: Planes, known: Mask, hole: Mask
) -> tuple[Float32[np.ndarray, "4 y x"], Bool[np.ndarray, "y x"], Bool[np.ndarray, "y x"]]:
    """Return everything at half the size. A pixel is known if at least three of its four are."""
    height, width = known.shape
    size = (-(-width // 2), -(-height // 2))

    def half(plane: np.ndarray) -> np.ndarray:
        even = cv2.copyMakeBorder(plane, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
        return cv2.resize(even, size, interpolation=cv2.INTER_AREA)

    small_known = half(known.astype(np.float32)) > 0.5
    return np.stack([half(plane) for plane in guide]), small_known, (half(hole.astype(np.float32)) > 0) & ~small_known


def _level_of(guide: Planes, known: Mask, hole: Mask, *, coarser: Level | None) -> Level:
    distance_px = cv2.distanceTransform((~known).astype(np.uint8), cv2.DIST_L2, 5)
    in_hole = np.maximum(np.rint(SOURCE_WEIGHT * DECAY**-distance_px), 1) * hole
    blurred = [cv2.GaussianBlur(plane, (0, 0), GUIDE_SIGMA_PX) * np.float32(255 * GUIDE_COST) for plane in guide[:3]]
    common = np.stack([*blurred, guide[3] * np.float32(DEPTH_COST), _trust_in(guide[:3], known)]) * FIXED_POINT
    planes = (guide[:3] * 255, np.where(known, SOURCE_WEIGHT, in_hole), known * 65535.0, common, hole)
    rgb, weight, source, bordered_guide, whole_hole = (_bordered(plane) for plane in planes)
    match = _first_matches(whole_hole > 0, source > 0, coarser)
    cost = np.zeros(match.shape, np.float32)
    reach_px = REACH_SHARE * max(known.shape)
    arrays = (rgb, weight, source, bordered_guide, match, cost)
    pointers = (array.ctypes.data for array in arrays)
    fields = PatchLevel(*pointers, *match.shape[::-1], max(4, int(reach_px)), DISTANCE_COST / reach_px)
    return Level(rgb, weight, source, bordered_guide, whole_hole > 0, match, cost, fields)


def _trust_in(colours: Float32[np.ndarray, "3 h w"], known: Mask) -> Plane:
    """Return by what GUIDE_COST is multiplied: PLAIN_GAIN where guide and sources are plain, 1 where they are not."""
    weight = known.astype(np.float32)
    contrast, grain = np.zeros_like(weight), np.zeros_like(weight)
    for colour in colours:
        mean, square = (cv2.GaussianBlur(plane, (0, 0), CONTRAST_SIGMA_PX) for plane in (colour, colour * colour))
        contrast += np.maximum(square - mean * mean, 0) / 3
        grain += np.square(colour - mean) * weight / 3
    side = (GRAIN_SIDE_PX, GRAIN_SIDE_PX)
    grain_around = cv2.boxFilter(grain, -1, side) / np.maximum(cv2.boxFilter(weight, -1, side), 1e-6)
    plain = np.float32((PLAIN_LEVELS / 255) ** 2)
    trust = plain / (plain + contrast + grain_around)
    return np.asarray(1 + (PLAIN_GAIN - 1) * trust, np.float32)


def _bordered(planes: np.ndarray) -> np.ndarray:
    """Return planes with a border of zeros, as whole numbers."""
    sides = ((0, 0),) * (planes.ndim - 2) + ((BORDER_PX, BORDER_PX),) * 2
    return np.pad(np.rint(np.clip(planes, 0, 65535)).astype(np.uint16), sides)


def _first_matches(hole: Mask, source: Mask, coarser: Level | None) -> Int32[np.ndarray, "H W"]:
    """Return the coarser level's matches, or the mirror images at the nearest source, or that source itself."""
    match, at = np.full(hole.shape, -1, np.int32), np.flatnonzero(hole)
    width = hole.shape[1]
    y, x = np.divmod(at, width)
    nearest = nearest_seed_of(at, source)
    nearest_y, nearest_x = np.divmod(nearest, width)
    mirrored_y, mirrored_x = 2 * nearest_y - y, 2 * nearest_x - x
    found = _or_else(mirrored_y, mirrored_x, nearest, source)
    if coarser is not None:
        coarse = coarser.match[(y - BORDER_PX) // 2 + BORDER_PX, (x - BORDER_PX) // 2 + BORDER_PX]
        coarse_y, coarse_x = np.divmod(coarse, coarser.match.shape[1])
        fine_y, fine_x = (2 * (c - BORDER_PX) + BORDER_PX for c in (coarse_y, coarse_x))
        fine_y, fine_x = fine_y + (y - BORDER_PX) % 2, fine_x + (x - BORDER_PX) % 2
        found = np.where(coarse >= 0, _or_else(fine_y, fine_x, found, source), found)
    match.ravel()[at] = found
    return match


def _or_else(y: np.ndarray, x: np.ndarray, otherwise: np.ndarray, source: Mask) -> np.ndarray:
    """Return the flat indices of the pixels (x, y) that are sources, and the others' alternatives."""
    height, width = source.shape
    inside = (y >= 0) & (x >= 0) & (y < height) & (x < width)
    index = np.where(inside, y * width + x, 0)
    return np.where(inside & source.ravel()[index], index, otherwise)
