"""The depth in a photo's file, at the photo's full size.

It is upsampled along the photo's edges. A portrait matte, which is sharper than the depth, makes the edges of people.
Where the file knows nothing, a network's estimate is fitted to the known part, because both are inverse depths up to
scale and shift; without one, the nearest known depth is spread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8

from kbvr.depth.depth_map import DepthMap, sampled
from kbvr.depth.guided_upsample import upsample_along_edges
from kbvr.depth.placement import place
from kbvr.errors import InputError
from kbvr.imaging.array_types import Bytes, Plane, SmallPlane
from kbvr.imaging.nearest_seed import nearest_value
from kbvr.imaging.resize import averaged, resized, within_px
from kbvr.photo.embedded_depth import EmbeddedDepth
from kbvr.photo.photo import Photo

MIN_KNOWN_SHARE = 0.05
"""A depth of which less is known says too little about the photo."""

MAX_SPREAD_SHARE = 0.005
"""Holes that are smaller together are filled from their neighbours: no network is asked."""

SPREAD_CONFIDENCE = 0.3
"""Confidence of what is spread, or fitted where the network tells none."""

MAX_MAP_PX = 1536
"""Long side at which holes are filled."""

FIT_SAMPLES, FIT_PAIRS = 4000, 400
FIT_LIMIT = 0.1
"""Errors of a fit count up to this share of the depth's range."""

MIN_AGREEMENT = 0.4
"""A fit that explains a smaller share of the known depth is none."""

NEAR_PERCENTILE = 98
"""What is nearer counts as nearest, as in `kbvr.depth.placement`."""

MATTE_REACH_CELLS = 3.0
"""Distance from a matte's outline within which the depth is blurred, in cells of the depth."""

MATTE_CORE_REACH = 4.0
"""A depth is fetched from at most this many times as far."""

MIN_STEP = 1.05
"""Ratio of the inverse depths on both sides from which on a matte's outline is an edge of the depth."""


@dataclass(frozen=True, eq=False)
class _Filled:
    """A map without holes."""

    values: SmallPlane
    confidence: SmallPlane
    note: str


def depth_from_embedded(photo: Photo, estimate: Callable[[], DepthMap], *, near_m: float) -> DepthMap | None:
    """Return the depth in a photo's file at the photo's size, None if it has none or hardly any pixel is known.

    Metric depth keeps its metres. Of a depth up to scale, the nearest things are placed at near_m, and a relative depth
    is placed as an estimated one. `estimate` is called if there are holes to fill.

    Raises:
        InputError: if near_m is not positive.
    """
    own = photo.embedded_depth
    if own is None or np.isfinite(own.inverse_depth).mean() < MIN_KNOWN_SHARE:
        return None
    if not near_m > 0:
        raise InputError(f"the nearest distance must be > 0 m, got {near_m}")
    filled = _filled(_at_most(own.inverse_depth), own, estimate)
    values = upsample_along_edges(_along_axis(filled.values, photo) if own.along_rays else filled.values, photo.rgb)
    notes = [filled.note]
    if own.matte is not None:
        values = _with_edges_of(own.matte, values, cell_px=photo.size_px[0] / filled.values.shape[1])
        notes.append("edges from its portrait matte")
    confidence = _bytes_at(photo.size_px, filled.confidence)
    width, height = own.size_px
    source = "; ".join(filter(None, [f"from the photo's file ({own.source}, {width}x{height})", *notes]))
    if own.scale == "relative":
        placed = place(values, None, photo, near_m=near_m).inverse_depth
        return DepthMap(placed, photo.f_px, confidence=confidence, source=source)
    np.maximum(values, np.float32(0), out=values)
    if own.scale == "up-to-scale":
        values /= np.float32(near_m * max(float(np.percentile(sampled(values), NEAR_PERCENTILE)), 1e-9))
    return DepthMap(values, photo.f_px, metric=own.scale == "metric", confidence=confidence, source=source)


def _at_most(values: SmallPlane) -> SmallPlane:
    """Return a map of at most MAX_MAP_PX; a pixel is unknown if half of what it covers is."""
    size_px = within_px(values.shape[1::-1], MAX_MAP_PX)
    if size_px == values.shape[1::-1]:
        return values
    known = np.isfinite(values)
    total, count = (resized(plane.astype(np.float32), size_px) for plane in (np.where(known, values, 0), known))
    return np.where(count >= 0.5, total / np.maximum(count, np.float32(1e-6)), np.float32(np.nan))


def _filled(values: SmallPlane, own: EmbeddedDepth, estimate: Callable[[], DepthMap]) -> _Filled:
    """Return a map with its holes filled, and what filled them."""
    size_px = values.shape[1::-1]
    known = np.isfinite(values)
    confidence = np.ones(values.shape, np.float32) if own.confidence is None else resized(own.confidence, size_px)
    hole_share = 1 - float(known.mean())
    if hole_share == 0:
        return _Filled(values, confidence, "")
    spread = nearest_value(known, values)[1]
    share = f"{hole_share:.1%} of it unknown"
    if hole_share > MAX_SPREAD_SHARE:
        depth = estimate()
        guess = resized(depth.inverse_depth, size_px)
        fit = _fit(guess[known], values[known])
        if fit is not None:
            sure = SPREAD_CONFIDENCE if depth.confidence is None else resized(depth.confidence, size_px) / 255
            fitted = _blended(np.float32(fit[0]) * guess + np.float32(fit[1]), values, known)
            note = f"{share}, filled by {depth.network or 'the estimate'}"
            return _Filled(
                np.where(known, values, fitted), np.where(known, confidence, np.float32(sure)).astype(np.float32), note
            )
    confidence = np.where(known, confidence, np.float32(SPREAD_CONFIDENCE))
    return _Filled(np.where(known, values, spread), confidence, f"{share}, filled from beside it")


def _fit(guess: Float32[np.ndarray, "N"], values: Float32[np.ndarray, "N"]) -> tuple[float, float] | None:
    """Return the scale and shift from a guess to values; None if they contradict it.

    Of the lines through random pairs of pixels, the one with the least sum of errors, each counted up to a limit (MSAC,
    Torr and Zisserman 2000), then the least squares of what is within the limit: parts of the guess may be wrong.
    """
    random = np.random.default_rng(0)
    chosen = random.integers(len(guess), size=FIT_SAMPLES) if len(guess) > FIT_SAMPLES else np.arange(len(guess))
    x, y = guess[chosen].astype(np.float64), values[chosen].astype(np.float64)
    low, high = np.percentile(y, (2, 98)) if len(y) else (0.0, 0.0)
    limit = max(FIT_LIMIT * float(high - low), 1e-9)
    first, second = random.integers(max(1, len(x)), size=(2, FIT_PAIRS))
    apart = np.abs(x[first] - x[second]) > 0.05 * np.ptp(x) if len(x) else np.zeros(FIT_PAIRS, np.bool_)
    first, second = first[apart], second[apart]
    if not first.size:
        return None
    slopes = (y[first] - y[second]) / (x[first] - x[second])
    shifts = y[first] - slopes * x[first]
    costs = [np.minimum(np.abs(y - a * x - b), limit).sum() for a, b in zip(slopes, shifts, strict=True)]
    best = int(np.argmin(costs))
    inside = np.abs(y - slopes[best] * x - shifts[best]) < limit
    if not np.ptp(x[inside]) > 0:
        return None
    slope, shift = np.polyfit(x[inside], y[inside], 1)
    return (float(slope), float(shift)) if slope > 0 and inside.mean() >= MIN_AGREEMENT else None


def _blended(fitted: SmallPlane, values: SmallPlane, known: Bool[np.ndarray, "h w"]) -> SmallPlane:
    """Return what fills holes, shifted at their rims to what is known there, so that no wall stands around them."""
    difference = np.where(known, values - fitted, np.float32(0)).astype(np.float32)
    low, high = np.percentile(values[known], (2, 98))
    difference[np.abs(difference) > FIT_LIMIT * (high - low)] = 0  # the guess is wrong there, not shifted
    distance, at_rim = nearest_value(known, difference)
    reach_px = max(2.0, 0.03 * max(values.shape))
    near_values = cv2.GaussianBlur(at_rim, (0, 0), 2.0)
    return (fitted + near_values * np.exp(-distance / np.float32(reach_px))).astype(np.float32)


def _along_axis(values: SmallPlane, photo: Photo) -> SmallPlane:
    """Return inverse distances along each pixel's ray as inverse depths along the optical axis."""
    (height, width), (photo_width, photo_height) = values.shape, photo.size_px
    x = ((np.arange(width) + 0.5) / width - 0.5) * photo_width / photo.f_px
    y = ((np.arange(height) + 0.5) / height - 0.5) * photo_height / photo.f_px
    return (values * np.sqrt(1 + x[None, :] ** 2 + y[:, None] ** 2)).astype(np.float32)


def _with_edges_of(matte: UInt8[np.ndarray, "h w"], values: Plane, *, cell_px: float) -> Plane:
    """Return a depth whose edges around people are where the matte has its outline.

    Close to the outline each pixel gets the depth of its own side, fetched from where the depth is not blurred. An
    outline without a step of the depth behind it, such as feet on the floor, stays.
    """
    full_px = values.shape[::-1]
    small_px = within_px(full_px, MAX_MAP_PX)
    small, person = averaged(values, small_px), _is_person(matte, small_px)
    if person.all() or not person.any():
        return values
    reach_px = max(2.0, MATTE_REACH_CELLS * cell_px * small_px[0] / full_px[0])
    inside, outside = (
        cv2.distanceTransform(side.astype(np.uint8), cv2.DIST_L2, 5) for side in (person, np.logical_not(person))
    )
    (to_near, near), (to_far, far) = (nearest_value(side > reach_px, small) for side in (inside, outside))
    is_blurred = (inside + outside <= reach_px) & (np.maximum(to_near, to_far) <= MATTE_CORE_REACH * reach_px)
    is_blurred &= near > np.float32(MIN_STEP) * far
    chosen = cv2.resize(is_blurred.view(np.uint8), full_px, interpolation=cv2.INTER_NEAREST) > 0
    person = _is_person(matte, full_px)
    result = values.copy()
    for side, core in ((chosen & person, near), (chosen & ~person, far)):
        result[side] = cv2.resize(core, full_px, interpolation=cv2.INTER_LINEAR)[side]
    return result


def _is_person(matte: UInt8[np.ndarray, "h w"], size_px: tuple[int, int]) -> Bool[np.ndarray, "H W"]:
    return resized(matte, size_px) >= 128


def _bytes_at(size_px: tuple[int, int], confidence: SmallPlane) -> Bytes:
    small = np.clip(confidence * 255 + 0.5, 0, 255).astype(np.uint8)
    return np.asarray(cv2.resize(small, size_px, interpolation=cv2.INTER_LINEAR), np.uint8)
