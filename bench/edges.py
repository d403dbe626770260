"""Sharpness and position of the edges of a depth map."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8

from bench.novel_view import fitted_disparity_px
from bench.pairs import StereoPair

STEP_SHARES = (0.03, 0.06, 0.1, 0.15)
"""Steps of disparity that count as an edge, as shares of the range from the 2nd to the 98th percentile."""

STEP_PX = 3
"""Distance over which a step is measured."""

TOLERANCE_PX = 3
CARDS = 12
CARD_SIZE_PX = (512, 384)
SEEN_SHARE = 0.15
"""A card is seen if its middle differs from the wall by this share of the map's range."""


@dataclass(frozen=True, eq=False)
class Card:
    """A picture of a textured card on a tiled floor in front of a textured wall."""

    rgb: UInt8[np.ndarray, "H W 3"]
    left: int
    """First column of the card; its left and right edges are vertical."""

    right: int
    """Last column of the card, plus 1."""

    top: int
    bottom: int


def edge_f_score(inverse_depth: Float32[np.ndarray, "H W"], pair: StereoPair) -> float:
    """Return the F-score of depth edges against those of the true disparity, as the mean over STEP_SHARES.

    An edge is a step over STEP_PX in a row or a column. It is found if the other map has one within TOLERANCE_PX. The
    estimate gets the best scale and shift. Steps next to unknown disparity do not count in either map.
    """
    known = cv2.erode(pair.known.astype(np.uint8), np.ones((2 * STEP_PX + 1,) * 2, np.uint8)).astype(bool)
    spread = float(np.subtract(*np.percentile(pair.disparity_px[pair.known], (98, 2))))
    fitted = fitted_disparity_px(inverse_depth, pair)
    scores = []
    for share in STEP_SHARES:
        truth = _steps(pair.disparity_px, share * spread) & known
        found = _steps(fitted.astype(np.float32), share * spread) & known
        right = float((found & _widened(truth)).sum())
        met = float((truth & _widened(found)).sum())
        precision, recall = right / max(found.sum(), 1), met / max(truth.sum(), 1)
        scores.append(2 * precision * recall / max(precision + recall, 1e-9))
    return float(np.mean(scores))


def _steps(values: Float32[np.ndarray, "H W"], threshold: float) -> Bool[np.ndarray, "H W"]:
    edges = np.zeros(values.shape, bool)
    half = STEP_PX // 2
    along_x = np.abs(values[:, STEP_PX:] - values[:, :-STEP_PX]) > threshold
    along_y = np.abs(values[STEP_PX:] - values[:-STEP_PX]) > threshold
    edges[:, half : half + along_x.shape[1]] |= along_x
    edges[half : half + along_y.shape[0]] |= along_y
    return edges


def _widened(edges: Bool[np.ndarray, "H W"]) -> Bool[np.ndarray, "H W"]:
    window = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * TOLERANCE_PX + 1,) * 2)
    return cv2.dilate(edges.astype(np.uint8), window).astype(bool)


def cards() -> list[Card]:
    """Return CARDS pictures of cards in front of walls, the same in every call."""
    return [_card(np.random.default_rng(seed)) for seed in range(CARDS)]


def _card(noise: np.random.Generator) -> Card:
    """Return a card on a tiled floor in front of a wall, seen by one pinhole camera."""
    width, height = CARD_SIZE_PX
    f_px, eye_m = 0.9 * width, noise.uniform(1.0, 1.6)
    horizon = height * noise.uniform(0.3, 0.5)
    wall_m, card_m = noise.uniform(5.0, 8.0), noise.uniform(2.0, 2.8)
    picture = _texture(noise, (width, height)).astype(np.float32)
    tiles = [noise.uniform(40, 215, 3).astype(np.float32) for _ in range(2)]
    rows = np.arange(round(horizon + f_px * eye_m / wall_m), height)
    floor_m = f_px * eye_m / (rows + 0.5 - horizon)
    across_m = (np.arange(width) + 0.5 - width / 2) / f_px * floor_m[:, None]
    odd = (np.floor(across_m / 0.5) + np.floor(floor_m[:, None] / 0.5)) % 2
    picture[rows] = np.where(odd[..., None] > 0, tiles[0], tiles[1])
    card = _texture(noise, (width, height))
    card_w, card_h = (round(f_px * noise.uniform(*metres) / card_m) for metres in ((0.6, 1.0), (0.9, 1.3)))
    left = int(noise.integers(60, width - 60 - card_w))
    bottom = min(round(horizon + f_px * eye_m / card_m), height)
    top = max(bottom - card_h, 0)
    picture[top:bottom, left : left + card_w] = card[top:bottom, left : left + card_w]
    return Card(np.clip(picture, 0, 255).astype(np.uint8), left, left + card_w, top, bottom)


def _texture(noise: np.random.Generator, size: tuple[int, int]) -> UInt8[np.ndarray, "H W 3"]:
    """Return a texture of one colour with spots of several sizes."""
    width, height = size
    picture = np.zeros((height, width, 3), np.float32) + noise.uniform(50, 205, 3).astype(np.float32)
    for cell_px, levels in ((64, 10), (16, 8), (4, 6)):
        spots = noise.normal(0, levels, (height // cell_px + 2, width // cell_px + 2, 1)).astype(np.float32)
        picture += cv2.resize(spots, (width, height), interpolation=cv2.INTER_CUBIC)[..., None]
    return np.clip(picture, 0, 255).astype(np.uint8)


def edge_widths_px(inverse_depth: Float32[np.ndarray, "H W"], card: Card) -> list[float]:
    """Return the 10-90% widths of both vertical edges of a card, in pixels; empty for a card that is not seen."""
    middle = np.s_[card.top + (card.bottom - card.top) // 6 : (card.top + card.bottom) // 2]
    profile = np.median(inverse_depth[middle], axis=0)
    inside = float(np.median(profile[card.left + 20 : card.right - 20]))
    whole_range = float(np.subtract(*np.percentile(inverse_depth, (98, 2))))
    widths = []
    for start, step in ((card.left, -1), (card.right - 1, 1)):
        outside = float(np.median(profile[start + step * 25 :: step][:30]))
        if inside - outside < SEEN_SHARE * whole_range or whole_range == 0:
            continue
        across = (profile[start - step * 40 :: step][:80] - outside) / (inside - outside)
        fine = np.interp(np.arange(0, len(across) - 1, 0.05), np.arange(len(across)), across)
        last_high = np.flatnonzero(fine >= 0.9)
        low = np.flatnonzero(fine <= 0.1)
        low = low[low > (last_high[-1] if last_high.size else 0)]
        if last_high.size and low.size:
            widths.append(float(low[0] - last_high[-1]) * 0.05)
    return widths
