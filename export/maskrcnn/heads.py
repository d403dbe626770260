"""The heads: the class of each box, its exact position, and its mask."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from export.maskrcnn.boxes import best_boxes, clipped, moved
from export.maskrcnn.operators import roi_align

CLASSES = 91
"""COCO's ids, and 0 for none."""

BOX_CELLS, MASK_CELLS = 7, 14
MASK_CONVOLUTIONS = 4
OVERLAP = 0.5
MAX_COUNT = 100
MIN_PX = 1e-2
SCALES = (1 / 4, 1 / 8, 1 / 16, 1 / 32)
"""Scales of the pyramid from which boxes are cut."""


class Heads(nn.Module):
    """Two heads over features cut from the pyramid; keys are torchvision's."""

    def __init__(self, channels: int, hidden: int, min_score: float) -> None:
        super().__init__()
        self.min_score = min_score
        self.box_head = BoxHead(channels, hidden)
        self.box_predictor = BoxPredictor(hidden)
        convolutions = [nn.Conv2d(channels, channels, 3, padding=1) for _ in range(MASK_CONVOLUTIONS)]
        self.mask_head = nn.Sequential(*(nn.Sequential(conv, nn.ReLU()) for conv in convolutions))
        self.mask_predictor = MaskPredictor(channels)

    def forward(
        self, pyramid: Sequence[Tensor], proposals: Tensor, size: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return boxes (N, 4), labels (N), scores (N) and masks (N, 1, 28, 28) in 0-1, the best first."""
        pyramid = pyramid[: len(SCALES)]
        boxes, labels, scores = self._detections(pyramid, proposals, size)
        logits = self.mask_predictor(self.mask_head(_cut_out(pyramid, boxes, MASK_CELLS)))
        side = logits.shape[-1]
        masks = torch.sigmoid(logits.gather(1, labels.view(-1, 1, 1, 1).expand(-1, 1, side, side)))
        return boxes, labels, scores, masks

    def _detections(self, pyramid: Sequence[Tensor], proposals: Tensor, size: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        logits, deltas = self.box_predictor(self.box_head(_cut_out(pyramid, proposals, BOX_CELLS)))
        scores = torch.softmax(logits, -1)[:, 1:].T
        boxes = clipped(moved(proposals[:, None], deltas, (10, 5)), size)[:, 1:].transpose(0, 1)
        kept = best_boxes(boxes, scores, max_count=MAX_COUNT, overlap=OVERLAP, min_score=self.min_score, min_px=MIN_PX)
        group, index = kept[:, 0], kept[:, 1]
        return boxes[group, index], group + 1, scores[group, index]


class BoxHead(nn.Module):
    """Two layers."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.fc6 = nn.Linear(channels * BOX_CELLS**2, hidden)
        self.fc7 = nn.Linear(hidden, hidden)

    def forward(self, features: Tensor) -> Tensor:
        """Map (N, channels, 7, 7) to (N, hidden)."""
        return torch.relu(self.fc7(torch.relu(self.fc6(features.flatten(1)))))


class BoxPredictor(nn.Module):
    """A score and a box correction for every class."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.cls_score = nn.Linear(hidden, CLASSES)
        self.bbox_pred = nn.Linear(hidden, 4 * CLASSES)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Map (N, hidden) to logits (N, classes) and deltas (N, classes, 4)."""
        return self.cls_score(x), self.bbox_pred(x).unflatten(1, (CLASSES, 4))


class MaskPredictor(nn.Module):
    """A mask for every class, twice as large as the features."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv5_mask = nn.ConvTranspose2d(channels, channels, 2, 2)
        self.mask_fcn_logits = nn.Conv2d(channels, CLASSES, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Map (N, channels, 14, 14) to logits (N, classes, 28, 28)."""
        return self.mask_fcn_logits(torch.relu(self.conv5_mask(features)))


def _cut_out(pyramid: Sequence[Tensor], boxes: Tensor, cells: int) -> Tensor:
    """Return the features inside the boxes, (N, channels, cells, cells); large boxes use coarse sizes.

    The level is floor(4 + log2(sqrt(area) / 224)), from 2 to 5 (Lin et al., 2016, equation 1).
    """
    size = boxes[:, 2:] - boxes[:, :2]
    level = torch.floor(4 + torch.log2((size[:, 0] * size[:, 1]).sqrt() / 224) + 1e-6).clamp(2, 5)
    of_level = [torch.nonzero(level == index).squeeze(1) for index in range(2, 6)]
    parts = [
        roi_align(features, boxes[chosen], scale, cells)
        for features, chosen, scale in zip(pyramid, of_level, SCALES, strict=True)
    ]
    return torch.cat(parts)[torch.cat(of_level).sort()[1]]
