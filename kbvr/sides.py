"""On which side of a step a pixel lies, by its colour: what looks like the near side is near.

Two ways to ask. With many colours around, a pixel is compared with single pixels of both sides; each side's share of
pixels like it is its density there, and the logarithm of the densities' ratio is what the colour says. Close to the
boundary each side has about one colour, so that its mean and variance will do, at any number of pixels.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
from jaxtyping import Float32, Int, UInt8

TAPS = 32
COLOUR_SIGMA_LEVELS = 20.0
"""Colours that differ by so much are alike, at 0.6."""

LEAST_DENSITY = 0.03
"""Of both sides everywhere: a colour that neither side has says nothing."""

LEAST_TRUST = 0.1
"""What a pixel counts for its own side whose colour says that it belongs to the other."""

CHUNK = 8192
"""Pixels that are looked at together: few enough to stay in the processor's cache."""

SPREAD_PX = 2.5
"""Deviation of the window in which a side's mean colour is taken."""

SURE = 0.3
"""Pixels that lean less than this to either side are of none."""

NOISE_LEVELS = 8.0
"""Deviation of the colours of one thing, at the least."""

MOST_SAID = 3.0
"""What a single colour says, at the most."""


def said_by_taps(
    picture: Float32[np.ndarray, "H W 4"],
    band: Int[np.ndarray, "N"],
    near: Float32[np.ndarray, "N"],
    far: Float32[np.ndarray, "N"],
    *,
    reach_px: float,
) -> Float32[np.ndarray, "N"]:
    """Return what the colours of a band say: positive is near, negative is far, 0 is nothing.

    `picture` holds red, green, blue and the map; `band` are indices of its pixels, and `near` and `far` what the map
    has on the sides of the step at each. They are asked twice. The second time, pixels that look like the other side
    hardly count for their own: a map draws thin things too wide, and what it calls near is mostly background then.
    """
    trust = np.ones((picture.shape[0] * picture.shape[1], 2), np.float32)
    said = _said(picture, band, near, far, trust, reach_px=reach_px, taps=TAPS // 2)
    trust[band, 0] = np.clip(said, LEAST_TRUST, 1)
    trust[band, 1] = np.clip(-said, LEAST_TRUST, 1)
    return _said(picture, band, near, far, trust, reach_px=reach_px, taps=TAPS)


def side_colours(
    picture: Float32[np.ndarray, "H W 3"], leaning: Float32[np.ndarray, "H W"]
) -> Float32[np.ndarray, "h w 10"]:
    """Return mean colour (3), variance and weight of the near side, and of the far side, at half the size."""
    size = ((leaning.shape[1] + 1) // 2, (leaning.shape[0] + 1) // 2)
    power = picture * picture
    power = power[..., 0] + power[..., 1] + power[..., 2]
    sides = []
    for sign in (1, -1):
        weight = np.clip(sign * leaning - SURE, 0, 1)
        sums = np.dstack([picture * weight[..., None], power * weight, weight])
        sums = cv2.GaussianBlur(cv2.resize(sums, size, interpolation=cv2.INTER_AREA), (0, 0), SPREAD_PX / 2)
        count = np.maximum(sums[..., 4:], np.float32(1e-4))
        mean = sums[..., :3] / count
        variance = np.maximum(sums[..., 3:4] / count - (mean * mean).sum(axis=-1, keepdims=True), 0) / 3
        sides += [mean, variance, count]
    return np.dstack(sides)


def said_by_means(colours: UInt8[np.ndarray, "N 3"], sides: Float32[np.ndarray, "N 10"]) -> Float32[np.ndarray, "N"]:
    """Return what colours say, given the `side_colours` beside each: positive is near, 0 is nothing."""
    away, variance = [], []
    for mean, spread in ((sides[:, :3], sides[:, 3]), (sides[:, 5:8], sides[:, 8])):
        variance.append(spread + np.float32(NOISE_LEVELS**2))
        away.append(_squared(colours - mean) / (2 * variance[-1]) + np.float32(1.5) * np.log(variance[-1]))
    said = np.clip(away[1] - away[0], -MOST_SAID, MOST_SAID)
    apart = _squared(sides[:, :3] - sides[:, 5:8])
    weight = np.minimum(sides[:, 4], sides[:, 9])
    said *= apart / (apart + variance[0] + variance[1])  # one colour on both sides says nothing
    said *= weight / (weight + np.float32(0.02))
    return said


def _said(
    picture: Float32[np.ndarray, "H W 4"],
    band: Int[np.ndarray, "N"],
    near: Float32[np.ndarray, "N"],
    far: Float32[np.ndarray, "N"],
    trust: Float32[np.ndarray, "P 2"],
    *,
    reach_px: float,
    taps: int,
) -> Float32[np.ndarray, "N"]:
    """Return the log ratio of the two sides' densities of every pixel's colour; chunks are independent."""
    height, width = picture.shape[:2]
    pixels = picture.reshape(-1, 4)
    spiral = _spiral(taps, reach_px)
    result = np.empty(len(band), np.float32)

    def one_chunk(start: int) -> None:
        chunk = np.s_[start : start + CHUNK]
        y, x = np.divmod(band[chunk], width)
        own = pixels.take(band[chunk], axis=0)
        own[:, 3] = 0
        per_value = 2 / (near[chunk] - far[chunk])
        at_far = far[chunk] * per_value + np.float32(0.5)
        like = np.zeros((2, len(y)), np.float32)
        count = np.full_like(like, 1e-6)
        for dy, dx, weight in spiral:
            at = np.clip(y + dy, 0, height - 1) * width + np.clip(x + dx, 0, width - 1)
            tap = pixels.take(at, axis=0)
            is_near = tap[:, 3] * per_value
            is_near -= at_far
            np.clip(is_near, 0, 1, out=is_near)
            tap -= own
            alike = _squared(tap)
            alike *= np.float32(-0.5 / COLOUR_SIGMA_LEVELS**2)
            np.exp(alike, out=alike)
            trusted = trust.take(at, axis=0)
            for side, counts in enumerate((is_near, 1 - is_near)):
                counted = counts * trusted[:, side]
                counted *= np.float32(weight)
                count[side] += counted
                counted *= alike
                like[side] += counted
        like /= count
        like += np.float32(LEAST_DENSITY)
        result[chunk] = np.log(like[0] / like[1])

    with ThreadPoolExecutor() as pool:
        list(pool.map(one_chunk, range(0, len(band), CHUNK)))
    return result


def _spiral(taps: int, reach_px: float) -> list[tuple[int, int, float]]:
    """Return (dy, dx, weight) of pixels around a pixel, spread evenly over a disc (Vogel 1979): no texture beats it."""
    index = np.arange(taps) + 0.5
    share, turn = np.sqrt(index / taps), index * np.pi * (3 - np.sqrt(5))
    places = np.rint(reach_px * share * np.stack([np.sin(turn), np.cos(turn)])).astype(int)
    weights = np.exp(-1.5 * share**2)
    return [(int(dy), int(dx), float(weight)) for dy, dx, weight in zip(*places, weights, strict=True)]


def _squared(difference: Float32[np.ndarray, "N C"]) -> Float32[np.ndarray, "N"]:
    """Return the sum of the squares of the first three columns; in this order, on every machine."""
    red, green, blue = difference[:, 0], difference[:, 1], difference[:, 2]
    result = red * red
    result += green * green
    result += blue * blue
    return result
