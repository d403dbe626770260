"""A card before a wall, seen by two eyes, with exact disparity and the wall behind the card."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from scenes import photo_of

from kbvr.depth.depth_map import DepthMap
from kbvr.photo.photo import Photo
from kbvr.photo.second_view import SecondView

WIDTH, HEIGHT = 320, 240
NEAR_PX, FAR_PX = 26, 8
CARD = (slice(50, 200), slice(120, 220))
"""Rows and columns of the card in the left view."""

STRIP = (CARD[0], slice(CARD[1].stop - (NEAR_PX - FAR_PX), CARD[1].stop))
"""The part of the wall behind the card that the right eye sees, where it is behind the left view's card."""


def texture(seed: int, width: int = WIDTH + 2 * NEAR_PX, height: int = HEIGHT) -> np.ndarray:
    """A picture with details of all sizes, as plaster or bark has."""
    random = np.random.default_rng(seed)
    total = np.zeros((height, width, 3))
    for cell in (3, 8, 24, 60):
        small = random.normal(size=(height // cell + 2, width // cell + 2, 3))
        total += cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC) * 18
    return np.clip(total + np.array([150, 120, 100]), 0, 255).astype(np.uint8)


WALL, CARD_TEXTURE = texture(1), texture(2)[:, ::-1] // 2


@dataclass(frozen=True, eq=False)
class TwoEyes:
    """What two eyes see of the card and the wall."""

    left: np.ndarray
    right: np.ndarray
    disparity_px: np.ndarray
    """Of the left view."""


def _seen(offset_px: int) -> np.ndarray:
    """The view of an eye to which things move left by this share of their disparity: 0 is the left eye, 1 the right."""
    view = WALL[:, FAR_PX * offset_px :][:, :WIDTH].copy()
    rows, columns = CARD
    start = columns.start - NEAR_PX * offset_px
    view[rows, start : start + columns.stop - columns.start] = CARD_TEXTURE[rows, columns]
    return view


def two_eyes() -> TwoEyes:
    disparity_px = np.full((HEIGHT, WIDTH), FAR_PX, np.float32)
    disparity_px[CARD] = NEAR_PX
    return TwoEyes(_seen(0), _seen(1), disparity_px)


def pair_photo(first: np.ndarray, second: np.ndarray) -> Photo:
    return replace(photo_of(first), second_view=SecondView(second, "another file"))


def poor_estimate(disparity_px: np.ndarray) -> DepthMap:
    """The depth of a network: soft, wavy, and in a unit of its own."""
    soft = cv2.GaussianBlur(disparity_px, (0, 0), 9)
    y, x = np.mgrid[: soft.shape[0], : soft.shape[1]]
    wavy = soft + 2 * np.sin(x / 40) * np.cos(y / 50)
    confidence = np.full(soft.shape, 150, np.uint8)
    return DepthMap((0.05 + 0.02 * wavy).astype(np.float32), 100.0, network="a-network", confidence=confidence)


def displaced(view: np.ndarray, *, roll_deg: float = 0, zoom: float = 1, down_px: float = 0, right_px: float = 0):
    """A view as another camera takes it that is rolled, zoomed and shifted."""
    turn = cv2.getRotationMatrix2D((view.shape[1] / 2, view.shape[0] / 2), roll_deg, zoom)
    turn[:, 2] += (right_px, down_px)
    return cv2.warpAffine(view, turn, view.shape[1::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
