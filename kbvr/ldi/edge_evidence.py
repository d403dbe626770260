"""Evidence in the photo for jumps of depth: which side each pixel near one looks like, and whether there is an edge.

The share of the near side is fitted as a linear function of colour in every window (the guided filter of He, Sun and
Tang 2010, a fast approximation of closed-form matting). How much of the jump the colours explain says whether the
photo shows an edge there. The windows of a large photo are fitted at a working size (He and Sun 2015).
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
from kbvr.ldi.occlusion import jumps_of

WORKING_LONG_SIDE_PX = 720
SQUARE_CELLS = 128
RADIUS_SHARE = 0.008
"""Radius of the windows, as a share of the long side."""

MIN_RADIUS_CELLS = 3
NOISE_LEVELS = 6.0
"""Colours that differ by less explain little."""

SUPPORTED = (0.15, 0.4)
"""Share of a jump that colours explain: below the first number the photo shows no edge, above the second it does."""


@dataclass(frozen=True, eq=False)
class EdgeEvidence:
    """What the photo shows at jumps of depth, in cells of a working size; valid within a window's radius of a jump."""

    factors: Float32[np.ndarray, "h w 4"]
    """The share of the near side is R, G, B and 1 times these."""

    support: Plane
    """How well the photo shows the jump as an edge, 0 to 1."""

    plain: Plane
    """1 where the photo is one plain colour, 0 where it is varied."""

    near_px: Plane
    far_px: Plane
    """Parallax at the nearest pixel on either side of a jump."""

    cell_px: int
    """Size of a cell, in pixels of the photo."""


def edge_evidence(parallax_px: Plane, rgb: Picture, *, jump_px: float) -> EdgeEvidence:
    """Return the evidence for the jumps of a surface: neighbours whose parallax differs by more than `jump_px`."""
    long_side = max(parallax_px.shape)
    cell_px = max(1, round(long_side / WORKING_LONG_SIDE_PX))
    guide, values = _in_cells(rgb, cell_px, cv2.INTER_AREA), _in_cells(parallax_px, cell_px, cv2.INTER_NEAREST)
    radius = max(MIN_RADIUS_CELLS, round(RADIUS_SHARE * long_side / cell_px))
    near, far = jump_sides(values, jump_px)
    factors = np.zeros((*values.shape, 4), np.float32)
    support, plain, near_px, far_px = (np.zeros_like(values) for _ in range(4))

    def fit(corner: tuple[int, int]) -> None:
        square, padded, inside = padded_square(*corner, side_px=SQUARE_CELLS, padding_px=2 * radius)
        sides = [nearest_value(seeds[padded], values[padded])[1] for seeds in (near, far)]
        to_near, to_far = (np.abs(values[padded] - side) for side in sides)
        fitted = _fitted(guide[padded], (to_near <= to_far).astype(np.float32), radius)
        for target, source in zip((factors, support, plain, near_px, far_px), (*fitted, *sides), strict=True):
            target[square] = source[inside]

    reach = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    with ThreadPoolExecutor() as pool:
        list(pool.map(fit, squares(cv2.dilate(near.view(np.uint8), reach) > 0, side_px=SQUARE_CELLS)))
    return EdgeEvidence(factors, support, plain, near_px, far_px, cell_px)


def jump_sides(parallax_px: Plane, jump_px: float) -> tuple[Mask, Mask]:
    """Return the pixels next to a jump, on its near and on its far side."""
    near_jump, far_jump = jumps_of(parallax_px)
    return near_jump > jump_px, far_jump > jump_px


def smooth_step(values: np.ndarray, ends: tuple[float, float]) -> np.ndarray:
    """Return 0 below the first end, 1 above the second, and a smooth transition between them."""
    share = np.clip((values - np.float32(ends[0])) / np.float32(ends[1] - ends[0]), 0, 1)
    return np.asarray(share * share * (3 - 2 * share))


def _in_cells(pixels: np.ndarray, cell_px: int, how: int) -> np.ndarray:
    """Return a picture or map in whole cells; the lower and right borders are repeated to fill the last ones."""
    if cell_px == 1:
        return pixels
    height, width = pixels.shape[:2]
    whole = cv2.copyMakeBorder(pixels, 0, -height % cell_px, 0, -width % cell_px, cv2.BORDER_REPLICATE)
    size = (whole.shape[1] // cell_px, whole.shape[0] // cell_px)
    return np.asarray(cv2.resize(whole, size, interpolation=how))


def _fitted(rgb: Picture, near: Plane, radius: int) -> tuple[Float32[np.ndarray, "h w 4"], Plane, Plane]:
    """Return the factors, the support and the plainness of one square; `near` is 1 on the near side, else 0."""
    window = (2 * radius + 1, 2 * radius + 1)

    def mean(values: np.ndarray) -> np.ndarray:
        return np.asarray(cv2.blur(values, window, borderType=cv2.BORDER_REFLECT))

    colours = cv2.split(rgb.astype(np.float32))
    share, means = mean(near), [mean(plane) for plane in colours]
    red, green, blue = (mean(plane * near) - middle * share for plane, middle in zip(colours, means, strict=True))
    (rr, rg, rb), (gg, gb), (bb,) = (
        [mean(colours[i] * colours[j]) - means[i] * means[j] for j in range(i, 3)] for i in range(3)
    )
    noise = np.float32(NOISE_LEVELS**2)
    plain = noise / (noise + (rr + gg + bb) / 3)
    rr, gg, bb = rr + noise, gg + noise, bb + noise
    first, second, third = gg * bb - gb * gb, gb * rb - rg * bb, rg * gb - gg * rb
    fourth, fifth, sixth = rr * bb - rb * rb, rg * rb - rr * gb, rr * gg - rg * rg
    determinant = rr * first + rg * second + rb * third
    slopes = [
        (first * red + second * green + third * blue) / determinant,
        (second * red + fourth * green + fifth * blue) / determinant,
        (third * red + fifth * green + sixth * blue) / determinant,
    ]
    offset = share - (slopes[0] * means[0] + slopes[1] * means[1] + slopes[2] * means[2])
    explained = mean(slopes[0] * red + slopes[1] * green + slopes[2] * blue)
    explained /= np.maximum(mean(share - share * share), np.float32(1e-3))
    return np.dstack([mean(plane) for plane in (*slopes, offset)]), smooth_step(explained, SUPPORTED), plain
