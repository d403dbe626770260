"""Soft alpha at occlusion boundaries: the share of each pixel of the strip that the near side covers.

A pixel of the strip is C = alpha F + (1 - alpha) B, where F is the near side's colour, continued from inside, and B the
filled colour of the far side. Where F and B differ enough, alpha is the position of C between them (least squares, the
compositing equation of Porter and Duff 1984). Elsewhere it depends on the distance from the jump. A pixel of the near
side that is not a mixture of the two belongs to the near side entirely. The remaining difference from C is added to F
wherever F is visible, so the photo is reproduced exactly and no fringe of the foreground remains on the far side.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from kbvr.depth.despeckle import speck_px_for
from kbvr.imaging.array_types import Bytes, Mask
from kbvr.imaging.tiling import padded_square, squares
from kbvr.ldi.fill_hidden import HALF_COVERED
from kbvr.ldi.layered_depth_image import Layer, LayeredDepthImage
from kbvr.ldi.split import strip_px_for

Colours = Float32[np.ndarray, "N 3"]
Values = Float32[np.ndarray, "N"]

CONTRAST_LEVELS = 40.0
"""Distance between F and B, in 8-bit levels, at which colour and distance have equal weight."""

MISFIT_LEVELS = 20.0
"""Distance of a pixel's colour from the line between F and B, in 8-bit levels, at which it is hardly a mixture."""

HALF = 0.5
"""Alpha above which a pixel is on the near side."""

MIN_ALPHA = 0.1
"""Where the near side covers less than this, the pixel does not determine the near side's colour."""

NEAR_WEIGHT = 40.0
"""Share of the residual that the near side's colour takes up, relative to the far side's: the far side stays clean."""

FAR_SLACK_LEVELS = 3.0
"""The far side's colour may take up differences from the photo of this many levels: nobody sees a ring so faint."""

BLOCK_PX = 256
"""Side of the squares in which specks are searched for."""

PART_PX = 1 << 15
"""Number of pixels solved at a time, so that intermediate results stay in the cache."""


def solve_mattes(ldi: LayeredDepthImage) -> LayeredDepthImage:
    """Return the filled layered depth image with the alpha and colours of its strip solved."""
    inside = ldi.front.rgba[..., 3] == 0
    at = np.flatnonzero(inside)
    if not at.size:
        return ldi
    rim_px = cv2.distanceTransform(inside.view(np.uint8), cv2.DIST_L2, 5).ravel()[at]
    solved = ldi.with_layers(lambda layer: replace(layer, rgba=layer.rgba.copy()))
    strip_px = strip_px_for(ldi.size_px[0])
    alpha = ldi.matte.rgba[..., 3].copy()

    def solve_alpha(start: int) -> _Mixtures:
        part = at[start : start + PART_PX]
        pixels = _Mixtures.of(ldi, part)
        share = _alpha(pixels, rim_px[start : start + PART_PX], strip_px)
        alpha.ravel()[part] = (share * 255 + 0.5).astype(np.uint8)
        return pixels

    def solve_colours(start: int, pixels: _Mixtures) -> None:
        part = at[start : start + PART_PX]
        _solve_colours(pixels, part, alpha.ravel()[part] / np.float32(255), solved)

    with ThreadPoolExecutor() as pool:
        starts = range(0, at.size, PART_PX)
        mixtures = list(pool.map(solve_alpha, starts))
        _close_fringes(alpha, ldi.fringe > 0, inside)
        _join_specks(alpha, ldi.matte.rgba[..., 3], inside, speck_px_for(ldi.size_px[0]), is_exact=ldi.is_exact)
        list(pool.map(solve_colours, starts, mixtures))
    return solved


def _close_fringes(alpha: Bytes, fringe: Mask, inside: Mask) -> None:
    """Close the gaps between fringes and the near side, to which they belong, in place."""
    before = alpha.copy()

    def close(corner: tuple[int, int]) -> None:
        square, padded, within = padded_square(*corner, side_px=BLOCK_PX, padding_px=4)
        window = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
        closed = cv2.morphologyEx(before[padded], cv2.MORPH_CLOSE, window)[within]
        beside = cv2.dilate(fringe[padded].view(np.uint8), np.ones((3, 3), np.uint8))[within] > 0
        beside &= inside[square]
        alpha[square][beside] = np.maximum(closed, alpha[square])[beside]

    with ThreadPoolExecutor() as pool:
        list(pool.map(close, squares(fringe, side_px=BLOCK_PX)))


def _join_specks(alpha: Bytes, by_distance: Bytes, inside: Mask, max_px: int, *, is_exact: bool) -> None:
    """Give specks of the near side, and specks of the far side, to what surrounds them, in place and in the strip only.

    In a move they would float beside the edge. Where depth is exact, a row of pixels on the right side of the jump is
    no speck, but a part of a hair.
    """
    before, longest_px, connectivity = alpha.copy(), round(max_px**0.5), 8
    if not is_exact:
        longest_px, connectivity = 2 * longest_px, 4

    def join(corner: tuple[int, int]) -> None:
        square, padded, within = padded_square(*corner, side_px=BLOCK_PX, padding_px=longest_px + 1)
        for kind, value in ((cv2.THRESH_BINARY, 0), (cv2.THRESH_BINARY_INV, 255)):
            side = cv2.threshold(before[padded], HALF_COVERED, 1, kind)[1]
            _, labels, boxes, _ = cv2.connectedComponentsWithStats(side, connectivity=connectivity)
            length_px = boxes[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1)
            small = (boxes[:, cv2.CC_STAT_AREA] <= max_px) & (length_px <= longest_px)
            small[0] = False
            speck = small[labels[within]] & inside[square]
            if is_exact:
                speck &= (by_distance[square] > HALF_COVERED) == (value > HALF_COVERED)
            alpha[square][speck] = value

    with ThreadPoolExecutor() as pool:
        list(pool.map(join, squares(inside, side_px=BLOCK_PX)))


@dataclass(frozen=True, eq=False)
class _Mixtures:
    """Pixels of the strip, and the colours that they are mixtures of."""

    photo: Colours
    near: Colours
    far: Colours
    by_distance: Values
    """Alpha by the distance from the jump."""

    is_between: Bool[np.ndarray, "N"]
    """Whether the far side is the layer between."""

    fringe: Values
    """Least alpha, 0 to 1."""

    @classmethod
    def of(cls, ldi: LayeredDepthImage, at: np.ndarray) -> _Mixtures:
        """Return the pixels `at` of the layers, which are not solved yet."""

        def pixels(layer: Layer) -> Colours:
            return layer.rgba.reshape(-1, 4)[at, :3].astype(np.float32)

        far, is_between = pixels(ldi.hidden), np.zeros(at.size, bool)
        if ldi.between is not None:  # wherever it has a surface, it is the layer directly behind the strip
            is_between = ldi.between.rgba.reshape(-1, 4)[at, 3] > 0
            far = np.where(is_between[:, None], pixels(ldi.between), far)
        by_distance = ldi.matte.rgba.reshape(-1, 4)[at, 3].astype(np.float32) / 255
        return cls(
            pixels(ldi.front),
            pixels(ldi.matte),
            far,
            by_distance,
            is_between,
            ldi.fringe.ravel()[at].astype(np.float32) / 255,
        )


def _alpha(pixels: _Mixtures, rim_px: Values, strip_px: float) -> Values:
    """Return the share that the near side covers, by colour where the two sides differ enough."""
    photo, near, far, by_distance = pixels.photo, pixels.near, pixels.far, pixels.by_distance
    difference = near - far
    contrast = (difference**2).sum(axis=1)
    by_colour = ((photo - far) * difference).sum(axis=1) / np.maximum(contrast, 1.0)
    trust = contrast / (contrast + CONTRAST_LEVELS**2)
    alpha = trust * np.clip(by_colour, 0, 1) + (1 - trust) * by_distance
    residual = np.linalg.norm(photo - _over(near, far, alpha), axis=1)
    fits = np.exp(-((residual / MISFIT_LEVELS) ** 2))
    alpha = np.where(by_distance > HALF, fits * alpha + (1 - fits), alpha)
    alpha = _joined_to_front(alpha, by_distance, rim_px, strip_px)
    faint = photo.clip(far - FAR_SLACK_LEVELS, far + FAR_SLACK_LEVELS)
    fringe = np.where(pixels.fringe > 0, np.maximum(pixels.fringe, _minimum_alpha(photo, faint)), 0)
    return np.maximum(alpha, fringe).astype(np.float32)


def _solve_colours(pixels: _Mixtures, at: np.ndarray, alpha: Values, solved: LayeredDepthImage) -> None:
    """Write the pixels `at` of the strip into the solved layers: their alpha, and the colours that it requires."""
    photo, near, far, by_distance = pixels.photo, pixels.near, pixels.far, pixels.by_distance
    far_side = (by_distance < HALF) | (alpha < HALF)
    near, far = _without_residual(photo, near, far, alpha, far_side=far_side)
    alpha = np.where(far_side, alpha, np.maximum(alpha, _minimum_alpha(photo, far)))
    share = (np.round(alpha * 255) / 255)[:, None]  # as it is stored
    near = np.where(share > MIN_ALPHA, (photo - (1 - share) * far) / np.maximum(share, MIN_ALPHA), near).clip(0, 255)
    remainder = (photo - share * near) / np.maximum(1 - share, 1 / 255)
    far = np.where((share < 1) & far_side[:, None], remainder, far).clip(0, 255)
    near = np.where(share > 0, (photo - (1 - share) * far) / np.maximum(share, 1 / 255), near).clip(0, 255)
    near, far = near + 0.5, far + 0.5
    _paint(solved.matte, at, near, alpha)
    _paint(solved.front, at, np.where(by_distance[:, None] > HALF, near, far))
    is_between = pixels.is_between
    _paint(solved.hidden, at[~is_between], far[~is_between])
    if solved.between is not None:
        _paint(solved.between, at[is_between], far[is_between])


def _without_residual(
    photo: Colours, near: Colours, far: Colours, alpha: Values, *, far_side: Bool[np.ndarray, "N"]
) -> tuple[Colours, Colours]:
    """Return both colours with the smallest changes that reproduce the photo; mainly the near one changes.

    On the near side the far colour stays as it is: the photo does not show it there.
    """
    share = alpha[:, None]
    near_gain, far_gain = share * NEAR_WEIGHT, (1 - share) * far_side[:, None]
    residual = (photo - _over(near, far, alpha)) / np.maximum(share * near_gain + (1 - share) * far_gain, 1e-3)
    return np.clip(near + near_gain * residual, 0, 255), np.clip(far + far_gain * residual, 0, 255)


def _minimum_alpha(photo: Colours, far: Colours) -> Values:
    """Return the minimum alpha at which a colour of 0 to 255 over the far colour can give the photo's."""
    darker = (far - photo) / np.maximum(far, 1.0)
    brighter = (photo - far) / np.maximum(255 - far, 1.0)
    return np.maximum(darker, brighter).max(axis=1)


def _over(near: Colours, far: Colours, alpha: Values) -> Colours:
    return far + alpha[:, None] * (near - far)


def _joined_to_front(alpha: Values, by_distance: Values, rim_px: Values, strip_px: float) -> Values:
    """Return alpha that meets the front layer: 1 on the strip's inner rim, `by_distance` on its outer rim.

    On the far side, a mixed colour counts less the farther the pixel is from the jump.
    """
    near = by_distance > HALF
    change = np.where(near, np.clip(1.5 - rim_px, 0, 1), np.clip(1 - (rim_px - 0.5) / strip_px, 0, 1) * (1 - alpha))
    return np.asarray(alpha + (np.where(near, 1, by_distance) - alpha) * change, np.float32)


def _paint(
    layer: Layer, at: np.ndarray, colour: Float32[np.ndarray, "N 3"], alpha: Float32[np.ndarray, "N"] | None = None
) -> None:
    layer.rgba.reshape(-1, 4)[at, :3] = colour.astype(np.uint8)
    if alpha is not None:
        layer.rgba.reshape(-1, 4)[at, 3] = (alpha * 255 + 0.5).astype(np.uint8)
