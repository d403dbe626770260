"""The side of a depth step that a pixel belongs to, by its colour: a pixel that looks like the near side is near.

The result is the log odds of the near side, estimated in two ways. Where there are many colours, a pixel is compared
with single pixels of both sides; the share of similar ones is each side's density. Close to the boundary each side has
about one colour, so its mean and variance are enough, whatever the number of pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, Int, UInt8

from kbvr.imaging.array_types import Plane

Values = Float32[np.ndarray, "N"]
Indices = Int[np.ndarray, "N"]

SAMPLES = 16
COLOUR_SIGMA_LEVELS = 20.0
"""Colours that differ by this much have a similarity of 0.6."""

MIN_DENSITY = 0.03
"""Added to both sides' densities: a colour that neither side has is no evidence."""

MIN_TRUST = 0.1
"""Minimum weight of a pixel in its side's density, if its colour suggests the other side."""

CHUNK = 8192
"""Pixels processed together: few enough to stay in the processor's cache."""

SPREAD_PX = 2.5
"""Sigma of the window for a side's mean colour."""

MIN_LEANING = 0.3
"""Pixels that lean less than this to either side count for neither."""

HALF_WEIGHT_SHARE = 0.02
"""Share of the window that a side must fill to get half the weight."""

NOISE_LEVELS = 8.0
DISTINCT = 8.0
"""Squared difference of the sides' colours, as a multiple of their variance, that gets half the weight."""

MAX_LOG_ODDS = 3.0


def log_odds_from_samples(
    planes: Sequence[Plane], band: Indices, near: Values, far: Values, *, reach_px: float
) -> Values:
    """Return the log odds of a band's pixels by their colours: positive is near, negative is far, 0 is undecided.

    `planes` are red, green, blue and the map. `band` are indices of their pixels, `near` and `far` the map's values on
    the two sides of the step at each pixel. There are two passes. In the second one, pixels that look like the other
    side hardly count for their side: a map shows thin things too wide, so its near side there is mostly background.
    """
    border = int(np.ceil(reach_px))
    y, x = np.divmod(band, planes[0].shape[1])
    framed = [cv2.copyMakeBorder(plane, border, border, border, border, cv2.BORDER_REPLICATE) for plane in planes]
    at = (y + border) * framed[0].shape[1] + x + border
    samples = _Samples(framed, at, near, far, reach_px)
    log_odds = samples.log_odds(SAMPLES // 2, None)
    trust = np.ones((2, framed[0].size), np.float32)
    trust[0, at], trust[1, at] = np.clip(log_odds, MIN_TRUST, 1), np.clip(-log_odds, MIN_TRUST, 1)
    return samples.log_odds(SAMPLES, trust)


@dataclass(frozen=True, eq=False)
class _Samples:
    """The pixels that a band is compared with; see `log_odds_from_samples`."""

    planes: Sequence[Plane]
    at: Indices
    near: Values
    far: Values
    reach_px: float

    def log_odds(self, samples: int, trust: Float32[np.ndarray, "2 P"] | None) -> Values:
        """Return the log ratio of the two sides' densities at every pixel's colour."""
        result = np.empty(len(self.at), np.float32)

        def compute(start: int) -> None:
            chunk = np.s_[start : start + CHUNK]
            similar, total = self._weights(chunk, samples, trust)
            similar /= total
            similar += np.float32(MIN_DENSITY)
            result[chunk] = np.log(similar[0] / similar[1])

        with ThreadPoolExecutor() as pool:
            list(pool.map(compute, range(0, len(self.at), CHUNK)))
        return result

    def _weights(
        self, chunk: slice, samples: int, trust: Float32[np.ndarray, "2 P"] | None
    ) -> tuple[Float32[np.ndarray, "2 N"], Float32[np.ndarray, "2 N"]]:
        """Return the weight of similar pixels, and of all pixels, on the near and the far side."""
        *colours, values = (plane.ravel() for plane in self.planes)
        at = self.at[chunk]
        band_colours = [plane.take(at) for plane in colours]
        per_value = 2 / (self.near[chunk] - self.far[chunk])
        at_far = self.far[chunk] * per_value + np.float32(0.5)
        similar = np.zeros((2, len(at)), np.float32)
        total = np.full_like(similar, 1e-6)
        for offset, weight in _spiral(samples, self.reach_px, self.planes[0].shape[1]):
            sample = at + offset
            similarity = np.zeros(len(at), np.float32)
            for plane, colour in zip(colours, band_colours, strict=True):
                difference = plane.take(sample)
                difference -= colour
                difference *= difference
                similarity += difference
            similarity *= np.float32(-0.5 / COLOUR_SIGMA_LEVELS**2)
            np.exp(similarity, out=similarity)
            is_near = values.take(sample)
            is_near *= per_value
            is_near -= at_far
            np.clip(is_near, 0, 1, out=is_near)
            is_near *= weight
            for side, side_weight in enumerate((is_near, weight - is_near)):
                if trust is not None:
                    side_weight *= trust[side].take(sample)  # noqa: PLW2901  in place: most time is spent here
                total[side] += side_weight
                side_weight *= similarity  # noqa: PLW2901
                similar[side] += side_weight
        return similar, total


def side_colours(planes: Sequence[Plane], leaning: Plane) -> Float32[np.ndarray, "h w 6"]:
    """Return the log odds as a function of colour, at half the size: factors of |colour|^2, R, G, B and 1, a weight.

    The nearby colours of each side are modelled by a normal distribution with one variance for all channels.
    """
    power = planes[0] * planes[0] + planes[1] * planes[1] + planes[2] * planes[2]
    means, variances, counts = [], [], []
    for sign in (1, -1):
        weight = np.clip(sign * leaning - MIN_LEANING, 0, 1)
        count = np.maximum(_halved_and_blurred(weight), np.float32(1e-4))
        mean = np.stack([_halved_and_blurred(cv2.multiply(plane, weight)) / count for plane in planes])
        square = _halved_and_blurred(cv2.multiply(power, weight)) / count
        variances.append(np.maximum(square - _power(mean), 0) / 3 + np.float32(NOISE_LEVELS**2))
        means.append(mean)
        counts.append(count)
    distance = _power(means[0] - means[1])
    distinct = (distance / (2 * np.minimum(*variances))) ** 2  # the same colour on both sides is no evidence
    certainty = distinct / (distinct + np.float32(DISTINCT**2))
    smaller_side = np.minimum(*counts)
    certainty *= smaller_side / (smaller_side + np.float32(HALF_WEIGHT_SHARE))
    half = [0.5 / variance for variance in variances]
    linear = 2 * (means[0] * half[0] - means[1] * half[1])
    constant = _power(means[1]) * half[1] - _power(means[0]) * half[0]
    constant += np.float32(1.5) * np.log(variances[1] / variances[0])
    return np.dstack([half[1] - half[0], *linear, constant, certainty]).astype(np.float32)


def log_odds_from_means(colours: UInt8[np.ndarray, "N 3"], sides: Float32[np.ndarray, "N 6"]) -> Values:
    """Return the log odds of colours, given the `side_colours` at each: positive is near, 0 is undecided."""
    log_odds, power = sides[:, 4].copy(), np.zeros(len(colours), np.float32)
    for channel in range(3):
        colour = colours[:, channel].astype(np.float32)
        log_odds += sides[:, 1 + channel] * colour
        colour *= colour
        power += colour
    power *= sides[:, 0]
    log_odds += power
    np.clip(log_odds, -MAX_LOG_ODDS, MAX_LOG_ODDS, out=log_odds)
    log_odds *= sides[:, 5]
    return log_odds


def _halved_and_blurred(values: Plane) -> Float32[np.ndarray, "h w"]:
    size = ((values.shape[1] + 1) // 2, (values.shape[0] + 1) // 2)
    return cv2.GaussianBlur(cv2.resize(values, size, interpolation=cv2.INTER_AREA), (0, 0), SPREAD_PX / 2)


def _power(colours: Float32[np.ndarray, "3 h w"]) -> Float32[np.ndarray, "h w"]:
    return colours[0] * colours[0] + colours[1] * colours[1] + colours[2] * colours[2]


def _spiral(samples: int, reach_px: float, row_px: int) -> list[tuple[int, np.float32]]:
    """Return offset and weight of pixels spread over a disc (Vogel 1979), so that they match no regular texture.

    Offsets are differences of flat indices in a picture `row_px` wide.
    """
    index = np.arange(samples) + 0.5
    share, turn = np.sqrt(index / samples), index * np.pi * (3 - np.sqrt(5))
    down, right = np.rint(reach_px * share * np.stack([np.sin(turn), np.cos(turn)])).astype(int)
    offsets, weights = down * row_px + right, np.exp(-1.5 * share**2)
    return [(int(offset), np.float32(weight)) for offset, weight in zip(offsets, weights, strict=True)]
