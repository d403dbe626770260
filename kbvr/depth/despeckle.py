"""Remove specks from a depth map: a few pixels whose depth differs from that of all their neighbours.

They are errors of estimation or matching; in a move they would float in front of or behind their surface. A long thin
thing in front, such as a wire or a hair, is not a speck, even if some of its pixels are missing.
"""

from __future__ import annotations

import cv2
import numpy as np

from kbvr.imaging.array_types import Mask, Picture, Plane
from kbvr.imaging.nearest_seed import nearest_seed_of
from kbvr.imaging.tiling import tiles

SPECK_SHARE = 0.008
"""Side of the largest square that is a speck, as a share of the width."""

LINE_SIDES = 2.0
"""Minimum length of a thin thing, in sides of the largest speck."""

LINE_GAP_PX = 2
"""Maximum number of missing pixels between two parts of a thin thing."""

LEVELS_PER_PX = 16
"""Parallax is compared in steps; this many make a pixel."""

SEARCH_PX = 4
"""How far from a speck's pixel its surface is searched for."""

BLOCK_PX = 256
PART_PX = 4096
COLOUR_SIGMA_LEVELS = 12.0
DISTANCE_SIGMA_PX = 2.0


def speck_px_for(width: int) -> int:
    """Return the number of pixels of the largest speck."""
    return max(4, round((SPECK_SHARE * width) ** 2))


def specks_of(parallax_px: Plane, *, jump_px: float, max_px: int) -> Mask:
    """Return the pixels of surfaces of at most `max_px` pixels; neighbours on one differ by at most `jump_px`."""
    levels = np.empty(parallax_px.shape, np.int16)
    for start in range(0, len(levels), BLOCK_PX):
        rows = slice(start, start + BLOCK_PX)
        scaled = parallax_px[rows] * np.float32(LEVELS_PER_PX) + 1
        levels[rows] = np.clip(scaled, 1, 32000, out=scaled)
    cv2.filterSpeckles(levels, 0, max_px, jump_px * LEVELS_PER_PX)
    return levels == 0


def lines_of(specks: Mask, parallax_px: Plane, *, jump_px: float, longer_px: float) -> Mask:
    """Return the pixels of specks that are parts of something thin and near, longer than `longer_px`.

    Parts are connected if the gap is at most LINE_GAP_PX wide and their parallax differs by at most `jump_px`.
    """
    reach = 2 * LINE_GAP_PX + 3
    nearest_px = cv2.dilate(parallax_px, np.ones((reach, reach), np.uint8))
    parts = specks & (parallax_px >= nearest_px - np.float32(jump_px))
    joined = cv2.dilate(parts.view(np.uint8), np.ones((LINE_GAP_PX + 1, LINE_GAP_PX + 1), np.uint8))
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    length_px = boxes[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1) - LINE_GAP_PX
    return parts & (length_px > longer_px)[labels]


def without_specks(parallax_px: Plane, rgb: Picture, *, jump_px: float) -> Plane:
    """Return the parallax with every speck's pixel moved to the adjacent surface that best matches its colour."""
    max_px = speck_px_for(parallax_px.shape[1])
    specks = specks_of(parallax_px, jump_px=jump_px, max_px=max_px)
    if not specks.any() or specks.all():
        return parallax_px
    specks &= ~lines_of(specks, parallax_px, jump_px=jump_px, longer_px=LINE_SIDES * max_px**0.5)
    clean = parallax_px.copy()
    padding_px = int(2 * max_px**0.5) + SEARCH_PX
    for y, x in tiles(specks, tile_px=BLOCK_PX + 2 * padding_px, step_px=BLOCK_PX):
        block = np.s_[y : y + BLOCK_PX + 2 * padding_px, x : x + BLOCK_PX + 2 * padding_px]
        _clean_block(clean[block], specks[block], rgb[block])
    return clean


def _clean_block(parallax_px: Plane, specks: Mask, rgb: Picture) -> None:
    """Give every pixel of a speck the parallax of the best adjacent surface, in place."""
    height, width = specks.shape
    is_speck, flat, filled = specks.ravel(), rgb.reshape(-1, 3), parallax_px.ravel()
    offsets = np.arange(-SEARCH_PX, SEARCH_PX + 1)
    offset_y, offset_x = offsets.repeat(offsets.size)[:, None], np.tile(offsets, offsets.size)[:, None]
    at = np.flatnonzero(specks)
    nearest = nearest_seed_of(at, ~specks)
    for start in range(0, at.size, PART_PX):
        part = at[start : start + PART_PX]
        y, x = np.divmod(part, width)
        neighbours = np.clip(y + offset_y, 0, height - 1) * width + np.clip(x + offset_x, 0, width - 1)
        choices = np.concatenate([nearest[None, start : start + PART_PX], neighbours])
        colour = ((flat[choices].astype(np.int32) - flat[part].astype(np.int32)) ** 2).sum(axis=2)
        distance = (choices // width - y) ** 2 + (choices % width - x) ** 2
        cost = colour / COLOUR_SIGMA_LEVELS**2 + distance / DISTANCE_SIGMA_PX**2
        cost[1:][is_speck[neighbours]] = np.inf
        best = np.take_along_axis(choices, cost.argmin(axis=0)[None], axis=0)[0]
        parallax_px[y, x] = filled[best]
