"""Two operators that ONNX has and torch lacks, with plain implementations for comparison."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor


class NonMaxSuppression(torch.autograd.Function):
    """Keeps only the best of overlapping boxes."""

    @staticmethod
    def forward(
        _context: Any, boxes: Tensor, scores: Tensor, max_count: int, overlap: float, min_score: float
    ) -> Tensor:
        """Return the boxes to keep, (K, 3) int64: group, 0, index; the best of a group first.

        Args:
            boxes: (G, N, 4): left, top, right, bottom.
            scores: (G, 1, N).
            max_count: maximum number of boxes per group.
            overlap: maximum intersection over union with a better box.
            min_score: boxes must score more than this.
        """
        kept = [
            (group, 0, index)
            for group in range(len(boxes))
            for index in _best(boxes[group].numpy(), scores[group, 0].numpy(), max_count, overlap, min_score)
        ]
        return torch.tensor(kept, dtype=torch.int64).reshape(-1, 3)

    @staticmethod
    def symbolic(g: Any, boxes: Any, scores: Any, max_count: int, overlap: float, min_score: float) -> Any:
        """Return the operator's node."""
        limits = (torch.tensor([max_count]), torch.tensor([float(overlap)]), torch.tensor([float(min_score)]))
        return g.op("NonMaxSuppression", boxes, scores, *(g.op("Constant", value_t=limit) for limit in limits))


def _best(boxes: np.ndarray, scores: np.ndarray, max_count: int, overlap: float, min_score: float) -> list[int]:
    order = np.argsort(-scores, kind="stable")
    order = order[scores[order] > min_score]
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    kept: list[int] = []
    while len(order) and len(kept) < max_count:
        best, rest = int(order[0]), order[1:]
        kept.append(best)
        low, high = np.maximum(boxes[best, :2], boxes[rest, :2]), np.minimum(boxes[best, 2:], boxes[rest, 2:])
        shared = np.prod(np.maximum(high - low, 0), axis=1)
        order = rest[~(shared > overlap * (area[best] + area[rest] - shared))]
    return kept


SAMPLES = 2
"""Number of samples along each side of a cell."""

CHUNK = 64
"""Number of boxes to process at once, which limits the memory."""


class RoiAlign(torch.autograd.Function):
    """The features inside boxes, on a grid of cells (He et al., 2017, section 3), without the half-pixel shift."""

    @staticmethod
    def forward(_context: Any, features: Tensor, boxes: Tensor, scale: float, cells: int) -> Tensor:
        """Return (N, channels, cells, cells).

        Args:
            features: (1, channels, H, W).
            boxes: (N, 4): left, top, right, bottom, in px of the picture.
            scale: px of the features per px of the picture.
            cells: number of cells along each side.
        """
        return torch.cat([_sampled(features[0], chunk * scale, cells) for chunk in torch.split(boxes, CHUNK)])

    @staticmethod
    def symbolic(g: Any, features: Any, boxes: Any, scale: float, cells: int) -> Any:
        """Return the operator's node."""
        first = g.op("Constant", value_t=torch.tensor([0]))
        count = g.op("Gather", g.op("Shape", boxes), first)
        pictures = g.op("Expand", first, count)
        return g.op(
            "RoiAlign",
            features,
            boxes,
            pictures,
            coordinate_transformation_mode_s="output_half_pixel",
            mode_s="avg",
            output_height_i=cells,
            output_width_i=cells,
            sampling_ratio_i=SAMPLES,
            spatial_scale_f=scale,
        )


def _sampled(features: Tensor, boxes: Tensor, cells: int) -> Tensor:
    rows = _sides(boxes[:, 1], boxes[:, 3], features.shape[1], cells)
    columns = _sides(boxes[:, 0], boxes[:, 2], features.shape[2], cells)
    total: Tensor | None = None
    for row, row_weight in rows:
        for column, column_weight in columns:
            weight = row_weight[:, :, None] * column_weight[:, None, :]
            part = features[:, row[:, :, None], column[:, None, :]] * weight
            total = part if total is None else total + part
    assert total is not None
    return total.reshape(*total.shape[:2], cells, SAMPLES, cells, SAMPLES).mean((3, 5)).transpose(0, 1)


def _sides(start: Tensor, end: Tensor, size: int, cells: int) -> list[tuple[Tensor, Tensor]]:
    """Return the two neighbours of every sample along one side, (N, cells * SAMPLES), with their weights."""
    count = cells * SAMPLES
    length = (end - start).clamp(min=1)
    at = start[:, None] + (torch.arange(count) + 0.5) * (length / count)[:, None]
    inside = ((at >= -1) & (at <= size)).float()
    at = at.clamp(0, size - 1)
    low = at.floor()
    high = (low + 1).clamp(max=size - 1)
    part = at - low
    return [(low.long(), (1 - part) * inside), (high.long(), part * inside)]


non_max_suppression = cast(Callable[[Tensor, Tensor, int, float, float], Tensor], NonMaxSuppression.apply)
roi_align = cast(Callable[[Tensor, Tensor, float, int], Tensor], RoiAlign.apply)
