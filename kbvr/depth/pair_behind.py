"""What the second view of a stereo pair shows of the surfaces that the first one's nearer surfaces hide."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from kbvr.depth.behind import Behind
from kbvr.depth.pair_joining import IN_FRONT_PX, Joined, farther_neighbour
from kbvr.depth.pair_matching import Matches
from kbvr.imaging.array_types import Mask, Picture, SmallPlane
from kbvr.imaging.nearest_seed import nearest_value
from kbvr.imaging.resize import resized

Rgb = UInt8[np.ndarray, "h w 3"]

RIM_PX = 2
"""Pixels so close to something nearer show a mixture."""

MIN_GAIN, MAX_GAIN = 0.5, 2.0
"""Ratios of the contrast of both views, beyond which the second one is taken as it is."""


def seen_behind(first: Picture, second: Picture, small: tuple[Rgb, Rgb], matches: Matches, depth: Joined) -> Behind:
    """Return what the second view shows behind the surfaces of the first.

    Args:
        first: The first view.
        second: The second view, turned, at the same size.
        small: Both at the size of the matches.
        matches: Their matches.
        depth: The disparity of the first view.
    """
    layer_px, known = _hidden_layer(matches, depth.disparity_px)
    if not known.any():
        return Behind(first, np.zeros(first.shape[:2], np.float32), np.zeros(first.shape[:2], np.bool_))
    height, width = first.shape[:2]
    planes = nearest_value(known, layer_px)[1], known.astype(np.float32)
    large_px, shown = (resized(plane, (width, height)) for plane in planes)
    scale = width / known.shape[1]
    x = np.arange(width, dtype=np.float32)[None, :] - np.float32(scale) * large_px
    y = np.broadcast_to(np.arange(height, dtype=np.float32)[:, None], x.shape)
    rgb = cv2.remap(second, x, np.ascontiguousarray(y), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = (shown > 0.5) & (x >= 0) & (x <= width - 1)
    return Behind(_like_first(rgb, small, matches), depth.inverse_depth_of(large_px), inside)


def _hidden_layer(matches: Matches, disparity_px: SmallPlane) -> tuple[SmallPlane, Mask]:
    """Return the disparity of the surface behind each pixel of the first view, and where the second one shows it.

    What only the second view shows has no match: it continues the farther surface beside it.
    """
    height, width = disparity_px.shape
    behind_px, has = farther_neighbour(matches.second_disparity_px, matches.second_known)
    y, x = np.nonzero(has & ~matches.second_known & ~_beside_something_nearer(matches, behind_px))
    behind_px = behind_px[y, x]
    order = np.argsort(behind_px)  # the nearest of them last
    y, x, behind_px = y[order], np.rint(x + behind_px)[order].astype(np.intp), behind_px[order]
    inside = (x >= 0) & (x < width)
    y, x, behind_px = y[inside], x[inside], behind_px[inside]
    hidden = disparity_px[y, x] > behind_px + IN_FRONT_PX
    layer_px = np.zeros((height, width), np.float32)
    layer_px[y[hidden], x[hidden]] = behind_px[hidden]
    known = np.zeros((height, width), np.uint8)
    known[y[hidden], x[hidden]] = 1
    closed = cv2.morphologyEx(known, cv2.MORPH_CLOSE, np.ones((1, 3), np.uint8)) > 0
    gaps = closed & (known == 0)
    layer_px[gaps] = cv2.dilate(layer_px, np.ones((1, 3), np.uint8))[gaps]
    hides = disparity_px > layer_px + IN_FRONT_PX
    return layer_px, closed & hides


def _beside_something_nearer(matches: Matches, behind_px: SmallPlane) -> Mask:
    nearer = np.where(matches.second_known, matches.second_disparity_px, np.float32(-1e6)).astype(np.float32)
    around = cv2.dilate(nearer, np.ones((2 * RIM_PX + 1, 2 * RIM_PX + 1), np.uint8))
    return np.asarray(around > behind_px + IN_FRONT_PX)


def _like_first(rgb: Picture, small: tuple[Rgb, Rgb], matches: Matches) -> Picture:
    """Return colours of the second view with the exposure and white balance of the first, by what both show."""
    y, x = np.nonzero(matches.known)
    partner = np.rint(x - matches.disparity_px[y, x]).astype(np.intp).clip(0, small[0].shape[1] - 1)
    wanted, given = small[0][y, x].astype(np.float32), small[1][y, partner].astype(np.float32)
    result = np.empty_like(rgb)
    for channel in range(3):
        gain, offset = _gain(given[:, channel], wanted[:, channel])
        table = np.clip(np.arange(256) * gain + offset + 0.5, 0, 255).astype(np.uint8)
        result[..., channel] = table[rgb[..., channel]]
    return result


def _gain(given: Float32[np.ndarray, "N"], wanted: Float32[np.ndarray, "N"]) -> tuple[float, float]:
    """Return the factor and the offset that make brightnesses alike: those of their middles and spreads."""
    (low, middle, high), (low_2, middle_2, high_2) = (np.percentile(v, (10, 50, 90)) for v in (given, wanted))
    gain = float(high_2 - low_2) / float(high - low) if high > low else 1.0
    if not MIN_GAIN <= gain <= MAX_GAIN:
        return 1.0, 0.0
    return gain, float(middle_2 - gain * middle)
