"""Select the object at a click: grow a region on colour and depth, then refine its outline.

Distances between the pixels and the click, in colour and depth, are cut at the threshold at which the region is most
stable, as maximally stable regions are (Matas et al. 2002). GrabCut (Rother et al. 2004), with depth as one of three
channels, finds the outline at a small size, and the photo's edges at full size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8

from kbvr.depth.guided_upsample import upsample_along_edges
from kbvr.imaging.array_types import Bytes, Mask, Plane
from kbvr.imaging.resize import averaged, within_px
from kbvr.studio.mending.box import Box
from kbvr.studio.mending.guide import Guide
from kbvr.studio.mending.scale import Scale

GROWING_LONG_SIDE_PX = 384
CUTTING_LONG_SIDE_PX = 256

COLOUR_UNIT = 20.0
"""A difference of colour that counts as much as DEPTH_UNIT."""

DEPTH_UNIT = 0.07
"""Share of the map's range."""

STEEP_FREE, STEEP_UNIT = 0.45, 0.5
"""Ground rises towards the viewer: a slope that is steeper by the
second number of ranges per long side is not the object's; the first is always tolerated."""

STEEP_SIGMA_CELLS = 2.5
MAX_RISE = 3.0

THRESHOLDS = np.geomspace(0.5, 4.0, 22)
MIN_SHARE, MAX_SHARE = 0.0004, 0.6
"""Smallest and largest object, as shares of the picture."""

WEIGHTS = ((0.5, 1.0, 1.0), (0.9, 0.5, 0.5), (1.0, 0.1, 0.0))
"""Weights of differences in colour, depth and slope: mostly by depth, by both, and by colour where depth is wrong."""

EDGE_LEVELS = 24.0
"""Contrast of a clear edge."""

MIN_EDGE, MAX_BORDER = 0.45, 0.22
"""Mean edge of the photo along an object's outline, at least, and the share of it on the photo's border, at most."""

PREFERS_LARGE = 0.12
"""How much larger regions are preferred, per doubling of the area."""

CUT_ROUNDS = 2
MARGIN_SHARE = 0.25
"""How far around a grown region its outline is searched for, as a share of its size."""

Point = tuple[float, float]
"""x and y in pixels."""


@dataclass(frozen=True)
class Clicks:
    """Where somebody has clicked: what belongs to the object and what does not."""

    inside: tuple[Point, ...]
    outside: tuple[Point, ...] = ()


def grown(guide: Guide, inverse_depth: Plane, scale: Scale, point: Point, *, reach: float = 1.0) -> Mask:
    """Return the region around a point (x, y); a `reach` above 1 makes it larger, below 1 smaller."""
    height, width = inverse_depth.shape
    size_px = within_px((width, height), GROWING_LONG_SIDE_PX)
    colours, depth = averaged(guide.colours, size_px), averaged(inverse_depth, size_px)
    seed = _at(point, (width, height), size_px)
    differences = _differences(colours, depth / np.float32(scale.spread), seed)
    edges = _edges(colours)
    small = _grown_by(WEIGHTS[0], differences, seed, reach)
    for weights in WEIGHTS[1:]:
        if _is_an_object(small, edges):
            break
        other = _grown_by(weights, differences, seed, reach)
        small = other if _is_an_object(other, edges) else small
    full = cv2.resize(small.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(full > 0.5)


def refined(guide: Guide, inverse_depth: Plane, scale: Scale, region: Mask, clicks: Clicks) -> Mask:
    """Return a region with its outline on the edges of photo and depth.

    Pixels at the clicks inside belong to it, those at the clicks outside do not.
    """
    box = Box.of(region)
    if box.is_empty:
        return region
    whole = Box(0, 0, region.shape[1], region.shape[0])
    box = box.padded(round(MARGIN_SHARE * max(box.size_px)) + 4, region.shape)
    cut = _cut_within(box, guide, inverse_depth, scale, region, clicks)
    if _is_cut_off(cut, box, whole):
        box = whole
        cut = _cut_within(box, guide, inverse_depth, scale, region, clicks)
    edge = upsample_along_edges(cut.astype(np.float32), np.ascontiguousarray(guide.rgb[box.slices])) > 0.5
    result = np.zeros(region.shape, bool)
    result[box.slices] = edge
    return result


def _cut_within(
    box: Box, guide: Guide, inverse_depth: Plane, scale: Scale, region: Mask, clicks: Clicks
) -> Bool[np.ndarray, "h w"]:
    """Return the object in a box, at a small size."""
    size_px = within_px(box.size_px, CUTTING_LONG_SIDE_PX)
    likely = averaged(np.ascontiguousarray(region[box.slices]).view(np.uint8) * np.uint8(255), size_px) > 127
    if min(size_px) < 8 or not likely.any() or likely.all():
        return likely
    labels = np.where(likely, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    solid = cv2.erode(likely.view(np.uint8), np.ones((3, 3), np.uint8), iterations=_solid_px(likely))
    labels[solid > 0] = cv2.GC_FGD
    _mark(labels, clicks, box, size_px)
    cut = _cut(_channels(guide, inverse_depth, scale, box, size_px), labels)
    return _connected_to(cut, clicks, box, size_px, likely)


def _is_cut_off(cut: Bool[np.ndarray, "h w"], box: Box, whole: Box) -> bool:
    """Return whether an object goes on beyond its box."""
    sides = (
        (box.left > whole.left, cut[:, 0]),
        (box.right < whole.right, cut[:, -1]),
        (box.top > whole.top, cut[0]),
        (box.bottom < whole.bottom, cut[-1]),
    )
    return any(is_inside and bool(pixels.any()) for is_inside, pixels in sides)


def inside_outline(points: Sequence[Point], shape: tuple[int, int]) -> Mask:
    """Return the pixels inside a closed outline in a picture of (height, width)."""
    mask = np.zeros(shape, np.uint8)
    corners = np.round(np.asarray(points, np.float64).reshape(-1, 2) - 0.5).astype(np.int32)
    if len(corners) > 2:
        cv2.fillPoly(mask, [corners], 1)
    return mask > 0


def _at(point: Point, size_px: tuple[int, int], small_px: tuple[int, int]) -> tuple[int, int]:
    """Return a point's pixel in a smaller copy of a picture."""
    x, y = (min(max(int(point[axis] * small_px[axis] / size_px[axis]), 0), small_px[axis] - 1) for axis in (0, 1))
    return x, y


def _differences(
    colours: UInt8[np.ndarray, "h w 3"], depth: Float32[np.ndarray, "h w"], seed: tuple[int, int]
) -> tuple[Float32[np.ndarray, "h w"], ...]:
    """Return how each pixel differs from those at the seed: in colour, in depth, and by its slope."""
    x, y = seed
    around = np.s_[max(0, y - 2) : y + 3, max(0, x - 2) : x + 3]
    colour = np.median(colours[around].reshape(-1, 3), axis=0).astype(np.float32)
    level = np.float32(np.median(depth[around]))
    by_colour = np.linalg.norm(colours.astype(np.float32) - colour, axis=2) / np.float32(COLOUR_UNIT)
    by_depth = np.abs(depth - level) / np.float32(DEPTH_UNIT)
    long_side = max(depth.shape)
    steepness = cv2.Sobel(cv2.GaussianBlur(depth, (0, 0), STEEP_SIGMA_CELLS), cv2.CV_32F, 0, 1, scale=long_side / 8)
    own = max(float(np.median(steepness[around])), STEEP_FREE)
    rise = np.maximum(steepness - np.float32(own), 0) / np.float32(STEEP_UNIT)
    return by_colour, by_depth, np.minimum(rise, np.float32(MAX_RISE))


def _edges(colours: UInt8[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "h w"]:
    """Return how much the photo shows an edge at each pixel, 0 to 1."""
    smooth = cv2.GaussianBlur(colours, (0, 0), 1.0)
    window = np.ones((3, 3), np.uint8)
    contrast = cv2.dilate(smooth, window).astype(np.float32) - cv2.erode(smooth, window)
    return np.minimum(contrast.max(axis=2) / np.float32(EDGE_LEVELS), 1).astype(np.float32)


def _grown_by(
    weights: tuple[float, ...], differences: tuple[Float32[np.ndarray, "h w"], ...], seed: tuple[int, int], reach: float
) -> Bool[np.ndarray, "h w"]:
    """Return the connected region around a seed at the threshold at which it grows least."""
    distance = np.sqrt(sum((weight * one) ** 2 for weight, one in zip(weights, differences, strict=True)))
    smooth = cv2.GaussianBlur(distance, (0, 0), 0.8)
    levels = np.minimum(smooth * np.float32(32 / reach), 255).astype(np.uint8)
    regions = [_filled(levels <= threshold * 32, seed) for threshold in THRESHOLDS]
    areas = np.array([max(int(region.sum()), 1) for region in regions], np.float64)
    shares = areas / smooth.size
    growth = np.full(len(areas), np.inf)
    growth[1:-1] = np.log2(areas[2:] / areas[:-2])
    usable = (shares >= MIN_SHARE) & (shares <= MAX_SHARE)
    score = np.where(usable, growth - PREFERS_LARGE * np.log2(areas), np.inf)
    best = int(score.argmin()) if np.isfinite(score).any() else int(np.abs(shares - MIN_SHARE).argmin())
    closed = cv2.morphologyEx(regions[best].view(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    return _without_holes(closed) > 0


def _is_an_object(region: Bool[np.ndarray, "h w"], edges: Float32[np.ndarray, "h w"]) -> bool:
    """Return whether a region's outline lies on edges of the photo, and little of it on the photo's border."""
    on_edges, on_border = _outline_of(region, edges)
    return on_edges >= MIN_EDGE and on_border <= MAX_BORDER


def _outline_of(region: Bool[np.ndarray, "h w"], edges: Float32[np.ndarray, "h w"]) -> tuple[float, float]:
    """Return the mean edge of the photo along a region's outline, and the share of it that is the photo's border."""
    closed = region.view(np.uint8)
    rim = (closed > 0) & (cv2.erode(closed, np.ones((3, 3), np.uint8), borderValue=1) == 0)
    on_border = int(closed[0].sum()) + int(closed[-1].sum()) + int(closed[:, 0].sum()) + int(closed[:, -1].sum())
    length = int(rim.sum())
    return float(edges[rim].mean()) if length else 0.0, on_border / max(length + on_border, 1)


def _filled(mask: Mask, seed: tuple[int, int]) -> Mask:
    pixels = mask.astype(np.uint8)
    pixels[seed[1], seed[0]] = 1
    filled = np.zeros((pixels.shape[0] + 2, pixels.shape[1] + 2), np.uint8)
    cv2.floodFill(pixels, filled, seed, 1, flags=4 | cv2.FLOODFILL_MASK_ONLY | (1 << 8))
    return filled[1:-1, 1:-1] > 0


def _without_holes(mask: Bytes) -> Bytes:
    """Return a mask without small holes."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(1 - mask, connectivity=4)
    if count > 1:
        small = stats[:, cv2.CC_STAT_AREA] < 0.02 * mask.sum()
        small[0] = False
        mask[small[labels]] = 1
    return mask


def _solid_px(likely: Mask) -> int:
    """Return how far inside its outline a region is certain: a third of its thickness."""
    return max(2, round(0.34 * float(cv2.distanceTransform(likely.view(np.uint8), cv2.DIST_L2, 3).max())))


def _channels(
    guide: Guide, inverse_depth: Plane, scale: Scale, box: Box, size_px: tuple[int, int]
) -> UInt8[np.ndarray, "h w 3"]:
    """Return two channels of colour, which differ most, and depth."""
    colours = averaged(np.ascontiguousarray(guide.colours[box.slices]), size_px).astype(np.float32)
    flat = colours.reshape(-1, 3)
    _, axes = np.linalg.eigh(np.cov((flat - flat.mean(axis=0)).T) + 1e-6 * np.eye(3))
    main = (flat - flat.mean(axis=0)) @ axes[:, :0:-1].astype(np.float32)
    depth = averaged(np.ascontiguousarray(inverse_depth[box.slices]), size_px)
    level = (depth - np.median(depth)) * np.float32(COLOUR_UNIT / (DEPTH_UNIT * scale.spread))
    channels = np.dstack([main.reshape(*depth.shape, 2) * 1.5, level]) + 128
    return np.clip(np.rint(channels), 0, 255).astype(np.uint8)


def _mark(labels: Bytes, clicks: Clicks, box: Box, size_px: tuple[int, int]) -> None:
    """Write clicks into the labels of GrabCut."""
    radius = max(2, round(0.015 * max(size_px)))
    for points, label in ((clicks.inside, cv2.GC_FGD), (clicks.outside, cv2.GC_BGD)):
        for x, y in points:
            if box.left <= x < box.right and box.top <= y < box.bottom:
                at = _at((x - box.left, y - box.top), box.size_px, size_px)
                cv2.circle(labels, at, radius, int(label), -1)


def _cut(channels: UInt8[np.ndarray, "h w 3"], labels: Bytes) -> Mask:
    """Return what GrabCut finds to be the object."""
    models: list[Float[np.ndarray, "1 65"]] = [np.zeros((1, 65), np.float64) for _ in range(2)]
    is_object, is_rest = np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)), np.isin(labels, (cv2.GC_BGD, cv2.GC_PR_BGD))
    if min(is_object.sum(), is_rest.sum()) < 16:
        return is_object
    cv2.setRNGSeed(0)
    cv2.grabCut(channels, labels, (0, 0, 1, 1), models[0], models[1], CUT_ROUNDS, cv2.GC_INIT_WITH_MASK)
    return np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD))


def _connected_to(cut: Mask, clicks: Clicks, box: Box, size_px: tuple[int, int], likely: Mask) -> Mask:
    """Return the pieces of a cut that were clicked or largely expected: others are alike, but other objects."""
    _, pieces = cv2.connectedComponents(cut.view(np.uint8), connectivity=4)
    area = np.bincount(pieces.ravel())
    expected = np.bincount(pieces[likely], minlength=len(area))
    keep = expected > 0.5 * area
    for x, y in clicks.inside:
        if box.left <= x < box.right and box.top <= y < box.bottom:
            column, row = _at((x - box.left, y - box.top), box.size_px, size_px)
            keep[pieces[row, column]] = True
    keep[0] = False
    found = keep[pieces]
    return _without_holes(found.astype(np.uint8)) > 0
