"""The margin beyond the photo's border: its width, its colours and its depth.

Lines that run into the border go on beyond it in their direction, more and more blurred. What the blur takes away is
replaced by the texture beside the border, mirrored and fading towards the margin's end; where no line runs into the
border there is texture from the first pixel on. Strong details are reduced to texture, so that no object appears twice.
Depth continues in the direction of the colours.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from kbvr.depth.depth_map import DepthMap, sampled
from kbvr.imaging.array_types import Picture, Plane

MAX_MARGIN_SHARE = 0.15
"""Maximum margin, as a share of the long side; it is also limited to twice this share of the short side."""

BORDER_BLUR = 0.45
"""Sigma of the blur beyond the border, as a share of the distance from the border."""

STEP_SHARE = 0.25
"""Distance between two computed lines of the margin, as a share of their distance from the border; those between them
are interpolated."""

MAX_STEP_PX = 32

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

ORDERED = (0.75, 0.95)
"""Coherence of the direction below which there is texture only, and above which there are lines only."""

TEXTURE_PX = 8
"""Side of the cells whose mean is not texture."""

FILM_TEXTURE, SCENE_TEXTURE = 0.0, 1.0
"""The texture's share of the detail inside the border. A film shows a narrow strip for a moment, where lines in the
right places count, and invented detail is farther from the truth (SSIM); in a scene people look at the margin, and a
blurred one looks cut off."""

TEXTURE_LEVELS = 32.0
"""Level at which the texture saturates, so that outlines of objects are not mirrored."""

SMOOTH_LEVELS = 6.0
"""Surfaces whose detail has a smaller standard deviation get less texture: there it would be noise."""

TEXTURE_FROM_PX = 6.0
"""Distance from the border at which the texture is complete; up to there, the lines themselves are sharp."""

ZERO_LEVEL = 128
LEVELS = np.arange(256, dtype=np.float32) - ZERO_LEVEL
SQUARES, SATURATED = LEVELS**2, LEVELS / np.sqrt(1 + (LEVELS / TEXTURE_LEVELS) ** 2)
"""Detail in 8 bits, with ZERO_LEVEL for none: its square, and the level that is added."""

Texture = Callable[[slice], Float32[np.ndarray, "lines along 3"]]


def margin_px_for(depth: DepthMap, reach_m: float) -> int:
    """Return the width of the area beyond the border that the largest move can see, in pixels."""
    nearest = float(np.percentile(sampled(depth.inverse_depth), 99.9))
    return int(np.ceil(depth.f_px * reach_m * nearest)) + 4


def extended(
    rgb: Picture, inverse_depth: Plane, margin: int, *, texture: float
) -> tuple[UInt8[np.ndarray, "H2 W2 3"], Float32[np.ndarray, "H2 W2"]]:
    """Return a picture and its inverse depth, extended beyond the border by `margin` pixels on each side.

    `texture` is a share: FILM_TEXTURE or SCENE_TEXTURE.
    """
    height, width = inverse_depth.shape
    wide = np.empty((height + 2 * margin, width + 2 * margin, 3), np.uint8)
    depth = np.empty(wide.shape[:2], np.float32)
    inside = np.s_[margin:-margin, margin:-margin]
    wide[inside], depth[inside] = rgb, inverse_depth
    scale = max(1.0, max(height, width) / FULL_DETAIL_PX)
    rows = np.s_[margin:-margin]
    for colours, depths in ((wide[rows].swapaxes(0, 1), depth[rows].swapaxes(0, 1)), (wide, depth)):
        for side in (np.s_[::-1], np.s_[::1]):
            _continue(colours[side], depths[side], margin, scale, texture)
    return wide, depth


def _continue(
    colours: UInt8[np.ndarray, "lines along 3"],
    depths: Float32[np.ndarray, "lines along"],
    margin: int,
    scale: float,
    texture_share: float,
) -> None:
    """Write the last `margin` lines, which are beyond the border; `scale` is the size of details, 1 in small photos."""
    border, extent = len(colours) - margin - 1, len(colours) - 2 * margin
    strip = np.ascontiguousarray(colours[border + 1 - min(extent, round(DIRECTION_PX * scale)) : border + 1])
    mirrored = margin + np.pad(np.arange(extent), (0, margin), mode="symmetric")[extent:]
    place = np.arange(colours.shape[1], dtype=np.float32)
    slopes, order = _directions(strip, scale)
    texture = _texture(np.ascontiguousarray(colours[mirrored]), order, scale, texture_share) if texture_share else None
    line = np.column_stack([colours[border], slopes, place]).astype(np.float32)
    if texture:
        line[:, :3] = _without_texture(line[:, :3], order, scale)
    done = 0
    while done < margin:
        before, steps = line, min(max(1, round(STEP_SHARE * done)), MAX_STEP_PX, margin - done)
        sigma_px = BORDER_BLUR * ((done + steps) ** 2 - done**2) ** 0.5
        line = _sampled(line, place - line[:, 3] * steps)
        line = cv2.GaussianBlur(line[None], (0, 0), sigma_px, sigmaY=1e-3, borderType=cv2.BORDER_REPLICATE)[0]
        share = np.arange(1, steps + 1, dtype=np.float32)[:, None] / steps
        first, last = border + done + 1, border + done + steps + 1
        drawn = _between(before[:, :3].ravel(), line[:, :3].ravel(), share).reshape(steps, -1, 3)
        colours[first:last] = cv2.add(
            drawn, texture(np.s_[done : done + steps]) if texture else np.zeros_like(drawn), dtype=cv2.CV_8U
        )
        source = _between(before[:, 4], line[:, 4], share)
        depths[first:last] = depths[border, (source + np.float32(0.5)).astype(np.int32)]
        done += steps


def _between(
    one: Float32[np.ndarray, "N"], other: Float32[np.ndarray, "N"], share: Float32[np.ndarray, "S 1"]
) -> Float32[np.ndarray, "S N"]:
    return one + share * (other - one)


def _sampled(
    line: Float32[np.ndarray, "along N"], place: Float32[np.ndarray, "along"]
) -> Float32[np.ndarray, "along N"]:
    """Return the values of a line at these places, interpolated."""
    place = place.clip(0, len(line) - 1)
    whole = np.floor(place)
    share, before = (place - whole)[:, None], whole.astype(np.int32)
    return line[before] * (1 - share) + line[np.minimum(before + 1, len(line) - 1)] * share


def _without_texture(
    line: Float32[np.ndarray, "along 3"], order: Float32[np.ndarray, "along"], scale: float
) -> Float32[np.ndarray, "along 3"]:
    """Return the border's colours, blurred where no line leaves: texture that goes on as lines looks like a comb."""
    sigma_px = TEXTURE_PX / 2 * scale
    mean = cv2.GaussianBlur(line[None], (0, 0), sigma_px, sigmaY=1e-3, borderType=cv2.BORDER_REPLICATE)[0]
    return np.asarray(mean + order[:, None] * (line - mean))


def _directions(
    strip: UInt8[np.ndarray, "lines along 3"], scale: float
) -> tuple[Float32[np.ndarray, "along"], Float32[np.ndarray, "along"]]:
    """Return the direction in which lines leave a strip whose last line is the border: pixels along it per pixel away.

    Also return where lines leave it: 1, and 0 where its texture has no direction.

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
    order = ((coherence - ORDERED[0]) / (ORDERED[1] - ORDERED[0])).clip(0, 1)
    slope, order = (
        np.asarray(cv2.resize(one[None], (strip.shape[1], 1), interpolation=cv2.INTER_LINEAR)[0])
        for one in (slope, order)
    )
    return slope, order


def _texture(
    strip: UInt8[np.ndarray, "lines along 3"], order: Float32[np.ndarray, "along"], scale: float, whole: float
) -> Texture:
    """Return the detail of a strip that begins at the border, by lines, as levels to add.

    Where lines leave the border, it sets in gradually; there they are sharp at first.
    """
    height, width = strip.shape[:2]
    cells = max(1, round(width / (TEXTURE_PX * scale))), max(1, round(height / (TEXTURE_PX * scale)))
    mean = cv2.resize(cv2.resize(strip, cells, interpolation=cv2.INTER_AREA), (width, height))
    detail = cv2.addWeighted(strip, 1, mean, -1, ZERO_LEVEL)
    variance = cv2.resize(cv2.LUT(detail, SQUARES), cells, interpolation=cv2.INTER_AREA).mean(axis=2)
    variance = cv2.blur(variance, (3, 3), borderType=cv2.BORDER_REPLICATE)
    share = np.asarray(cv2.resize(variance / (variance + SMOOTH_LEVELS**2), (width, height)))
    distance_px = np.arange(1, height + 1, dtype=np.float32)
    fading = whole * (1 - (distance_px / height) ** 2)
    beginning = np.minimum(1, distance_px / (TEXTURE_FROM_PX * scale))
    share *= fading[:, None] * (1 - order * (1 - beginning[:, None]))
    return lambda lines: cv2.multiply(cv2.LUT(detail[lines], SATURATED), cv2.merge([share[lines]] * 3))
