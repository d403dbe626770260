"""Find every pixel of one view in the same row of the other (OpenCV's semi-global matching, Hirschmueller 2008).

It compares slopes of the brightness and the brightness itself, so the second view first gets the first one's exposure.
Colours do not count: those of two cameras, or of two pictures that a network coloured, differ more than their light.
Both views are matched with each other. A disparity is known where both agree; single blots that stand out of their
surroundings are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from kbvr.imaging.array_types import Mask, SmallPlane

Rgb = UInt8[np.ndarray, "h w 3"]
Grey = UInt8[np.ndarray, "h w"]

BLOCK_PX = 3
SMALL_STEP_COST, STEP_COST = 4 * BLOCK_PX**2, 16 * BLOCK_PX**2
CLIPPED_SLOPE = 31
"""Slopes of the brightness beyond this do not count more."""

STEPS = 16
"""Parts of a pixel in which OpenCV counts, and the unit of the number of disparities."""

TOLERANCE_PX = 1.0
MAX_BLOT_SHARE = 0.0015
"""Difference of both disparities that agree, and the largest blot, as a share of the picture."""

UNKNOWN = -(2**14)


@dataclass(frozen=True, eq=False)
class Matches:
    """How much farther left the second view shows every pixel of the first, and the same from the second's side."""

    disparity_px: SmallPlane
    known: Bool[np.ndarray, "h w"]
    second_disparity_px: SmallPlane
    """Of the pixels of the second view: how much farther right the first shows them."""

    second_known: Bool[np.ndarray, "h w"]


def match(first: Rgb, second: Rgb, *, low_px: float, high_px: float) -> Matches:
    """Match two views of one size whose disparities are from low_px to high_px; unknown disparities are 0."""
    low = int(np.floor(low_px))
    count = max(1, ceil((high_px - low + 1) / STEPS)) * STEPS
    light, other = (cv2.cvtColor(view, cv2.COLOR_RGB2GRAY) for view in (first, second))
    other = _exposed_like(light, other)
    to_second = _disparity_px(light, other, low, count)
    to_first = _mirrored(_disparity_px(_mirrored(other), _mirrored(light), low, count))
    known, second_known = _agrees(to_second, to_first, -1), _agrees(to_first, to_second, 1)
    known, second_known = (_without_blots(d, k) for d, k in ((to_second, known), (to_first, second_known)))
    disparity_px, second_px = (np.where(k, d, np.float32(0)) for d, k in ((to_second, known), (to_first, second_known)))
    return Matches(disparity_px, known, second_px, second_known)


def mirrored(matches: Matches) -> Matches:
    """Return the matches of pictures that were mirrored before they were matched."""
    return Matches(*(_mirrored(plane) for plane in vars(matches).values()))


def _exposed_like(first: Grey, second: Grey) -> Grey:
    """Return the second view with the mean and the deviation of the first."""
    gain = float(first.std()) / max(float(second.std()), 1e-6)
    table = (np.arange(256) - float(second.mean())) * gain + float(first.mean())
    return np.clip(table + 0.5, 0, 255).astype(np.uint8)[second]


def _disparity_px(first: Grey, second: Grey, low: int, count: int) -> SmallPlane:
    """Return the disparity of every pixel of the first view, NaN where nothing matches."""
    before, after = max(0, low + count), max(0, -low)  # OpenCV leaves out columns that may have no partner
    views = [cv2.copyMakeBorder(view, 0, 0, before, after, cv2.BORDER_REPLICATE) for view in (first, second)]
    matcher = cv2.StereoSGBM_create(  # type: ignore[attr-defined]
        minDisparity=low,
        numDisparities=count,
        blockSize=BLOCK_PX,
        P1=SMALL_STEP_COST,
        P2=STEP_COST,
        preFilterCap=CLIPPED_SLOPE,
        mode=cv2.STEREO_SGBM_MODE_SGBM_3WAY,
    )
    found = matcher.compute(*views)[:, before : before + first.shape[1]].astype(np.float32) / STEPS
    return np.where(found < low, np.float32(np.nan), found)


def _agrees(disparity_px: SmallPlane, other_px: SmallPlane, side: int) -> Mask:
    """Return where the partner of a pixel, on this side of it in the other view, has the same disparity."""
    height, width = disparity_px.shape
    x = np.rint(np.arange(width) + side * np.nan_to_num(disparity_px)).astype(np.intp)
    partner = other_px[np.arange(height)[:, None], x.clip(0, width - 1)]
    with np.errstate(invalid="ignore"):
        return (x >= 0) & (x < width) & (np.abs(partner - disparity_px) <= TOLERANCE_PX)


def _without_blots(disparity_px: SmallPlane, known: Mask) -> Mask:
    sixteenths = np.where(known, disparity_px * STEPS, UNKNOWN).astype(np.int16)
    cv2.filterSpeckles(sixteenths, UNKNOWN, round(MAX_BLOT_SHARE * known.size), STEPS)
    return known & (sixteenths != UNKNOWN)


def _mirrored(plane: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(plane[:, ::-1])
