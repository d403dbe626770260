"""Boxes (N, 4): left, top, right, bottom, in px of the resized picture unless stated otherwise."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from export.maskrcnn.operators import non_max_suppression

MOST_GROWTH = math.log(1000 / 16)


def moved(boxes: Tensor, deltas: Tensor, weights: tuple[float, float]) -> Tensor:
    """Return the boxes after a network's shifts and growths (Girshick et al., 2013, appendix C).

    Args:
        boxes: (..., 4).
        deltas: (..., 4): shift right and down as a share of the side, logarithm of the growth of the sides.
        weights: divisors of the shifts and of the growths.
    """
    size = boxes[..., 2:] - boxes[..., :2]
    centre = boxes[..., :2] + 0.5 * size + deltas[..., :2] / weights[0] * size
    half = 0.5 * torch.exp((deltas[..., 2:] / weights[1]).clamp(max=MOST_GROWTH)) * size
    return torch.cat((centre - half, centre + half), -1)


def clipped(boxes: Tensor, size: Tensor) -> Tensor:
    """Return the part of boxes (..., 4) inside a picture; size is (height, width)."""
    limit = size.flip(0).repeat(2).to(boxes.dtype)
    return torch.minimum(boxes.clamp(min=0), limit)


def best_boxes(
    boxes: Tensor, scores: Tensor, *, max_count: int, overlap: float, min_score: float, min_px: float
) -> Tensor:
    """Return group and index of the best boxes that no better one of their group suppresses, (K, 2) int64.

    Args:
        boxes: (G, N, 4).
        scores: (G, N), >= 0.
        max_count: maximum in all groups together.
        overlap: intersection over union above which one suppresses another.
        min_score: boxes must score more than this.
        min_px: minimum length of the sides.
    """
    size = boxes[..., 2:] - boxes[..., :2]
    scores = torch.where((size >= min_px).all(-1), scores, -1.0)
    kept = non_max_suppression(boxes, scores[:, None], max_count, overlap, min_score)[:, ::2]
    order = scores[kept[:, 0], kept[:, 1]].sort(descending=True)[1]
    return kept[order[:max_count]]
