"""Evidence in the photo for every jump of depth: which side each pixel near it looks like, and whether it shows an edge.

The share of the near side is fitted as a linear function of colour in every window (the guided filter of He, Sun and
Tang 2010, a fast approximation of closed-form matting). How much of the jump the colours explain says whether the
photo shows an edge there. Small windows of a large photo are computed at a working size (He and Sun 2015).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32

from kbvr.imaging.array_types import Mask, Picture, Plane
from kbvr.imaging.nearest_seed import nearest_value
from kbvr.imaging.tiling import padded_square, squares

WORKING_LONG_SIDE_PX = 1024
SQUARE_PX = 128
RADIUS_SHARE = 0.0065
"""Radius of the windows, as a share of the long side."""

MIN_RADIUS_PX = 3
NOISE_LEVELS = 6.0
"""Colours that differ by less explain little."""


@dataclass(frozen=True, eq=False)
class EdgeEvidence:
    """What the photo shows at jumps of depth, at the working size; valid within a window's radius of a jump."""

    factors: Float32[np.ndarray, "h w 4"]
    """The share of the near side is R, G, B and 1 times these."""

    support: Plane
    """Share of the jump that the colours explain, 0 to 1: 0 where the photo has no edge, or is equally varied on both
    sides."""

    plain: Plane
    """1 where the photo is one plain colour, 0 where it is varied."""

    cell_px: float
    """Size of a working pixel."""

    radius_px: float
    """Radius of the windows, in pixels of the photo."""


def edge_evidence(parallax_px: Plane, rgb: Picture, *, jump_px: float) -> EdgeEvidence:
    """Return the evidence for the jumps of a surface: neighbours whose parallax differs by more than `jump_px`."""
    long_side = max(parallax_px.shape)
    cell_px = max(1, round(long_side / WORKING_LONG_SIDE_PX))
    height, width = (-(-side // cell_px) for side in parallax_px.shape)
    guide, values = rgb, parallax_px
    if cell_px > 1:
        guide = np.asarray(cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        values = np.asarray(cv2.resize(parallax_px, (width, height), interpolation=cv2.INTER_NEAREST), np.float32)
    near, far = jump_sides(values, jump_px)
    radius = max(MIN_RADIUS_PX, round(RADIUS_SHARE * long_side / cell_px))
    shape = (height, width)
    factors = np.zeros((*shape, 4), np.float32)
    support, plain = np.ones(shape, np.float32), np.zeros(shape, np.float32)

    def fit(corner: tuple[int, int]) -> None:
        square, padded, inside = padded_square(*corner, side_px=SQUARE_PX, padding_px=3 * radius)
        to_near, to_far = (nearest_value(seeds[padded], values[padded])[1] for seeds in (near, far))
        is_near = np.abs(values[padded] - to_near) <= np.abs(values[padded] - to_far)
        fitted = _fitted(guide[padded], is_near.astype(np.float32), radius)
        for target, source in zip((factors, support, plain), fitted, strict=True):
            target[square] = source[inside]

    reach = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    with ThreadPoolExecutor() as pool:
        list(pool.map(fit, squares(cv2.dilate(near.view(np.uint8), reach) > 0, side_px=SQUARE_PX)))
    return EdgeEvidence(factors, support, plain, cell_px, radius * cell_px)


def jump_sides(parallax_px: Plane, jump_px: float) -> tuple[Mask, Mask]:
    """Return the pixels next to a jump, on its near and on its far side."""
    neighbours = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    near = cv2.subtract(parallax_px, cv2.erode(parallax_px, neighbours)) > jump_px
    return near, cv2.subtract(cv2.dilate(parallax_px, neighbours), parallax_px) > jump_px


def _fitted(rgb: Picture, near: Plane, radius: int) -> tuple[Float32[np.ndarray, "h w 4"], Plane, Plane]:
    """Return the factors, the support and the plainness of one square."""
    window = (2 * radius + 1, 2 * radius + 1)

    def mean(values: np.ndarray) -> np.ndarray:
        return np.asarray(cv2.blur(values, window, borderType=cv2.BORDER_REFLECT))

    colours = cv2.split(rgb.astype(np.float32))
    share, means = mean(near), [mean(plane) for plane in colours]
    with_near = [mean(plane * near) - middle * share for plane, middle in zip(colours, means, strict=True)]
    (rr, rg, rb), (gg, gb), (bb,) = (
        [mean(colours[i] * colours[j]) - means[i] * means[j] for j in range(i, 3)] for i in range(3)
    )
    plain = 1 / (1 + (rr + gg + bb) / np.float32(3 * NOISE_LEVELS**2))
    rr, gg, bb = (power + np.float32(NOISE_LEVELS**2) for power in (rr, gg, bb))
    minors = (gg * bb - gb * gb, gb * rb - rg * bb, rg * gb - gg * rb)
    others = (rr * bb - rb * rb, rg * rb - rr * gb, rr * gg - rg * rg)
    determinant = rr * minors[0] + rg * minors[1] + rb * minors[2]
    red, green, blue = with_near
    slopes = [
        (minors[0] * red + minors[1] * green + minors[2] * blue) / determinant,
        (minors[1] * red + others[0] * green + others[1] * blue) / determinant,
        (minors[2] * red + others[1] * green + others[2] * blue) / determinant,
    ]
    offset = share - sum(slope * middle for slope, middle in zip(slopes, means, strict=True))
    explained = mean(sum(slope * common for slope, common in zip(slopes, with_near, strict=True)))
    support = explained / np.maximum(mean(share - share * share), np.float32(1e-3))
    return np.dstack([mean(plane) for plane in (*slopes, offset)]), support, plain
