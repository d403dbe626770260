"""The margin beyond the photo's border: its width, its colours and its depth.

Lines that run into the border go on beyond it in their direction, more and more blurred. What the blur takes away is
replaced by the texture beside the border, mirrored and fading towards the margin's end. Strong details are reduced to
texture, so that no object appears twice. Depth continues in the direction of the colours.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from kbvr.depth.depth_map import DepthMap, sampled
from kbvr.imaging.array_types import Picture, Plane

MAX_MARGIN_SHARE = 0.15
"""Maximum margin, as a share of the long side; it is also limited to twice this share of the short side."""

BORDER_BLUR = 0.45
"""Sigma of the blur beyond the border, as a share of the distance from the border."""

MARGIN_BLURS = 64
"""Maximum number of blurs on each side, so that wide margins of large photos take no longer."""

FULL_DETAIL_PX = 1000
"""Long side of the photos for which the next lengths in pixels hold; they grow with larger photos."""

DIRECTION_PX = 16
"""Width of the strip inside the border that shows the direction of lines; the weight falls with the distance."""

DIRECTION_SIGMA_PX = 4.0
"""Smoothing of the directions along the border."""

MIN_GRADIENT = 2.0
"""Lines need a contrast above this, in levels per pixel."""

MAX_SLOPE = 3.0
"""Pixels along the border per pixel away from it, at most."""

TEXTURE_PX = 8
"""Side of the cells whose mean is not texture."""

TEXTURE_GAIN = 0.8
TEXTURE_LEVELS = 16.0
"""The texture's share of the detail inside the border, and the level at which it saturates, so that outlines of objects
are not mirrored."""

SMOOTH_LEVELS = 10.0
"""Surfaces whose detail has a smaller standard deviation get less texture: there it would be noise."""

TEXTURE_FROM_PX = 6.0
"""Distance from the border at which the texture is complete; up to there, the lines themselves are sharp."""


def margin_px_for(depth: DepthMap, reach_m: float) -> int:
    """Return the width of the area beyond the border that the largest move can see, in pixels."""
    nearest = float(np.percentile(sampled(depth.inverse_depth), 99.9))
    return int(np.ceil(depth.f_px * reach_m * nearest)) + 4


def extended(
    rgb: Picture, inverse_depth: Plane, margin: int
) -> tuple[UInt8[np.ndarray, "H2 W2 3"], Float32[np.ndarray, "H2 W2"]]:
    """Return a picture and its inverse depth, extended beyond the border by `margin` pixels on each side."""
    height, width = inverse_depth.shape
    wide = np.empty((height + 2 * margin, width + 2 * margin, 3), np.uint8)
    depth = np.empty(wide.shape[:2], np.float32)
    inside = np.s_[margin:-margin, margin:-margin]
    wide[inside], depth[inside] = rgb, inverse_depth
    scale = max(1.0, max(height, width) / FULL_DETAIL_PX)
    rows = np.s_[margin:-margin]
    for colours, depths in ((wide[rows].swapaxes(0, 1), depth[rows].swapaxes(0, 1)), (wide, depth)):
        for side in (np.s_[::-1], np.s_[::1]):
            _continue(colours[side], depths[side], margin, scale)
    return wide, depth


def _continue(
    colours: UInt8[np.ndarray, "lines along 3"], depths: Float32[np.ndarray, "lines along"], margin: int, scale: float
) -> None:
    """Write the last `margin` lines, which are beyond the border; `scale` is the size of details, 1 in small photos."""
    border, extent = len(colours) - margin - 1, len(colours) - 2 * margin
    strip = colours[border + 1 - min(extent, round(DIRECTION_PX * scale)) : border + 1]
    mirrored = margin + np.pad(np.arange(extent), (0, margin), mode="symmetric")[extent:]
    texture = _texture(np.ascontiguousarray(colours[mirrored]), scale)
    place = np.arange(colours.shape[1], dtype=np.float32)
    line = np.column_stack([colours[border], _slopes(strip, scale), place]).astype(np.float32)
    stride = max(1, margin // MARGIN_BLURS)
    for step in range(1, margin + 1, stride):
        end = min(step + stride, margin + 1)
        line = _sampled(line, place - line[:, 3] * (end - step))
        sigma_px = BORDER_BLUR * ((end - 1) ** 2 - (step - 1) ** 2) ** 0.5
        line = cv2.GaussianBlur(line[None], (0, 0), sigma_px, sigmaY=1e-3, borderType=cv2.BORDER_REPLICATE)[0]
        drawn = line[:, :3] + texture[step - 1 : end - 1] + 0.5
        colours[border + step : border + end] = drawn.clip(0, 255, out=drawn)
        depths[border + step : border + end] = depths[border, np.rint(line[:, 4]).astype(np.int64)]


def _sampled(line: Float32[np.ndarray, "along N"], place: Float32[np.ndarray, "along"]) -> Float32[np.ndarray, "along N"]:
    """Return the values of a line at these places, interpolated."""
    place = place.clip(0, len(line) - 1)
    before = place.astype(np.int64)
    share = (place - before)[:, None]
    return np.asarray(line[before] * (1 - share) + line[np.minimum(before + 1, len(line) - 1)] * share)


def _slopes(strip: UInt8[np.ndarray, "lines along 3"], scale: float) -> Float32[np.ndarray, "along"]:
    """Return the direction in which lines leave a strip whose last line is the border: pixels along it per pixel away.

    It is that of the structure tensor (Foerstner and Guelch, "A fast operator for detection and precise location of
    distinct points, corners and centres of circular features", 1987), weighted with its coherence: 0 where no line is.
    """
    size = max(1, round(strip.shape[1] / scale)), max(1, round(strip.shape[0] / scale))
    grey = cv2.resize(strip, size, interpolation=cv2.INTER_AREA).mean(axis=2, dtype=np.float32)
    grey = cv2.GaussianBlur(grey, (0, 0), 1.0)
    away, along = (cv2.Sobel(grey, cv2.CV_32F, dx, 1 - dx, scale=1 / 8) for dx in (0, 1))
    weight = np.exp(-np.arange(len(grey), dtype=np.float32)[::-1] / (DIRECTION_PX / 2))
    weight[[0, -1]] = 0  # their gradients lack a neighbour
    tensor = np.stack([weight @ product for product in (away * away, along * along, away * along)], axis=1)
    smooth = cv2.GaussianBlur(tensor[None], (0, 0), DIRECTION_SIGMA_PX, sigmaY=1e-3, borderType=cv2.BORDER_REPLICATE)
    across, length, mixed = smooth[0].T
    coherence = np.hypot(length - across, 2 * mixed) / (length + across + MIN_GRADIENT**2)
    slope = (-mixed / (length + MIN_GRADIENT**2)).clip(-MAX_SLOPE, MAX_SLOPE) * coherence
    return np.asarray(cv2.resize(slope[None], (strip.shape[1], 1), interpolation=cv2.INTER_LINEAR)[0])


def _texture(strip: UInt8[np.ndarray, "lines along 3"], scale: float) -> Float32[np.ndarray, "lines along 3"]:
    """Return the detail of a strip that begins at the border, as levels to add."""
    height, width = strip.shape[:2]
    cells = max(1, round(width / (TEXTURE_PX * scale))), max(1, round(height / (TEXTURE_PX * scale)))
    mean = cv2.resize(strip, cells, interpolation=cv2.INTER_AREA)
    detail = strip - cv2.resize(mean, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    variance = cv2.resize((detail * detail).mean(axis=2), cells, interpolation=cv2.INTER_AREA)
    variance = cv2.blur(variance, (3, 3), borderType=cv2.BORDER_REPLICATE)
    share = cv2.resize(variance / (variance + SMOOTH_LEVELS**2), (width, height), interpolation=cv2.INTER_LINEAR)
    distance_px = np.arange(1, height + 1, dtype=np.float32)
    fading = TEXTURE_GAIN * np.minimum(1, distance_px / TEXTURE_FROM_PX) * (1 - distance_px / height)
    saturated = detail / np.sqrt(1 + (detail / TEXTURE_LEVELS) ** 2)
    return np.asarray(saturated * (share * fading[:, None])[..., None])
