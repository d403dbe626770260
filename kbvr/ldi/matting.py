"""Soft alpha at occlusion boundaries: the share of each pixel of the strip that the near side covers.

A pixel of the strip is C = alpha F + (1 - alpha) B, where F is the near side's colour, continued from inside, and B the
filled colour of the far side. Where F and B differ enough, alpha is the position of C between them (least squares, the
compositing equation of Porter and Duff 1984). Elsewhere it depends on the distance from the jump. A pixel of the near
side that is not a mixture of the two belongs to the near side entirely. The remaining difference from C is added to F
wherever F is visible, so the photo is reproduced exactly and no fringe of the foreground remains on the far side.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from kbvr.ldi.layered_depth_image import Layer, LayeredDepthImage
from kbvr.ldi.split import strip_px_for

Colours = Float32[np.ndarray, "N 3"]
Values = Float32[np.ndarray, "N"]

CONTRAST_LEVELS = 40.0
"""Distance between F and B, in 8-bit levels, at which colour and distance have equal weight."""

MISFIT_LEVELS = 20.0
"""Distance of a pixel's colour from the line between F and B, in 8-bit levels, at which it is hardly a mixture."""

MIN_ALPHA = 0.1
"""Where the near side covers less than this, the pixel does not determine the near side's colour."""

NEAR_WEIGHT = 9.0
"""Share of the residual that the near side's colour takes up, relative to the far side's: the far side stays clean."""

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

    def solve(start: int) -> None:
        part = slice(start, start + PART_PX)
        _solve(ldi, at[part], rim_px[part], strip_px, solved)

    with ThreadPoolExecutor() as pool:
        list(pool.map(solve, range(0, at.size, PART_PX)))
    return solved


def _solve(ldi: LayeredDepthImage, at: np.ndarray, rim_px: Values, strip_px: float, solved: LayeredDepthImage) -> None:
    """Solve the pixels `at` of the strip and write them into the solved layers."""

    def pixels(layer: Layer) -> Colours:
        return layer.rgba.reshape(-1, 4)[at, :3].astype(np.float32)

    photo, near, far = pixels(ldi.front), pixels(ldi.matte), pixels(ldi.hidden)
    is_between = np.zeros(at.size, bool)
    if ldi.between is not None:  # wherever it has a surface, it is the layer directly behind the strip
        is_between = ldi.between.rgba.reshape(-1, 4)[at, 3] > 0
        far = np.where(is_between[:, None], pixels(ldi.between), far)
    by_distance = ldi.matte.rgba.reshape(-1, 4)[at, 3].astype(np.float32) / 255
    difference = near - far
    contrast = (difference**2).sum(axis=1)
    by_colour = ((photo - far) * difference).sum(axis=1) / np.maximum(contrast, 1.0)
    trust = contrast / (contrast + CONTRAST_LEVELS**2)
    alpha = trust * np.clip(by_colour, 0, 1) + (1 - trust) * by_distance
    residual = np.linalg.norm(photo - _over(near, far, alpha), axis=1)
    fits = np.exp(-((residual / MISFIT_LEVELS) ** 2))
    alpha = np.where(by_distance > 0.5, fits * alpha + (1 - fits), alpha)
    alpha = _joined_to_front(alpha, by_distance, rim_px, strip_px)
    near, far = _without_residual(photo, near, far, alpha, far_side=by_distance < 0.5)
    alpha = np.round(np.maximum(alpha, _minimum_alpha(photo, far)) * 255) / 255  # as it is stored
    share, covers = alpha[:, None], alpha[:, None] > MIN_ALPHA
    far = np.where(covers, far, (photo - share * near) / (1 - np.minimum(share, MIN_ALPHA))).clip(0, 255)
    near = np.where(share > 0, (photo - (1 - share) * far) / np.maximum(share, 1 / 255), near).clip(0, 255)
    near, far = near + 0.5, far + 0.5
    _paint(solved.matte, at, near, alpha)
    _paint(solved.front, at, np.where(by_distance[:, None] > 0.5, near, far))
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
    near = by_distance > 0.5
    change = np.where(near, np.clip(1.5 - rim_px, 0, 1), np.clip(1 - (rim_px - 0.5) / strip_px, 0, 1) * (1 - alpha))
    return np.asarray(alpha + (np.where(near, 1, by_distance) - alpha) * change, np.float32)


def _paint(
    layer: Layer, at: np.ndarray, colour: Float32[np.ndarray, "N 3"], alpha: Float32[np.ndarray, "N"] | None = None
) -> None:
    layer.rgba.reshape(-1, 4)[at, :3] = colour.astype(np.uint8)
    if alpha is not None:
        layer.rgba.reshape(-1, 4)[at, 3] = (alpha * 255 + 0.5).astype(np.uint8)
