"""Region proposals: boxes that may contain objects (Ren et al., 2015, arXiv 1506.01497)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from export.maskrcnn.boxes import best_boxes, clipped, moved
from export.traced import counted_to, shape_of

ANCHOR_PX = (32, 64, 128, 256, 512)
"""Square root of the anchors' area, for each size of the pyramid."""

HEIGHT_BY_WIDTH = (0.5, 1.0, 2.0)
MAX_COUNT = 1000
"""Maximum number of boxes: of each size of the pyramid before suppression, of all sizes after it."""

OVERLAP = 0.7
MIN_PX = 1e-3


class ProposalHead(nn.Module):
    """Scores and corrects anchors; keys are torchvision's."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        anchors = len(HEIGHT_BY_WIDTH)
        self.conv = nn.Sequential(nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU()))
        self.cls_logits = nn.Conv2d(channels, anchors, 1)
        self.bbox_pred = nn.Conv2d(channels, 4 * anchors, 1)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Map (1, channels, h, w) to logits (h w anchors) and deltas (h w anchors, 4)."""
        x = self.conv(features)
        logits = self.cls_logits(x).permute(0, 2, 3, 1).reshape(-1)
        deltas = self.bbox_pred(x).unflatten(1, (len(HEIGHT_BY_WIDTH), 4)).permute(0, 3, 4, 1, 2).reshape(-1, 4)
        return logits, deltas


class Proposals(nn.Module):
    """At most 1000 boxes."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.head = ProposalHead(channels)

    def forward(self, pyramid: Sequence[Tensor], padded: Tensor, size: Tensor) -> Tensor:
        """Return boxes (N, 4), the best first.

        Args:
            pyramid: the five sizes.
            padded: (height, width) of the padded picture of the features.
            size: (height, width) without padding.
        """
        boxes, scores = [], []
        for features, anchor_px in zip(pyramid, ANCHOR_PX, strict=True):
            logits, deltas = self.head(features)
            best = logits.sort(descending=True)[1][:MAX_COUNT]
            anchors = _anchors(shape_of(features)[2:], padded, anchor_px)
            level_boxes = clipped(moved(anchors[best], deltas[best], (1, 1)), size)
            level_scores = torch.sigmoid(logits[best])
            kept = best_boxes(
                level_boxes[None], level_scores[None], max_count=MAX_COUNT, overlap=OVERLAP, min_score=0, min_px=MIN_PX
            )[:, 1]
            boxes.append(level_boxes[kept])
            scores.append(level_scores[kept])
        return torch.cat(boxes)[torch.cat(scores).sort(descending=True)[1][:MAX_COUNT]]


def _anchors(grid: Tensor, padded: Tensor, anchor_px: int) -> Tensor:
    """Return the anchors of one size of the pyramid, (h w anchors, 4); grid is its (h, w)."""
    height = anchor_px * torch.tensor(HEIGHT_BY_WIDTH).sqrt()
    width = anchor_px / torch.tensor(HEIGHT_BY_WIDTH).sqrt()
    cell = (torch.stack((-width, -height, width, height), 1) / 2).round()
    stride = padded // grid
    top, left = torch.meshgrid(counted_to(grid[0]) * stride[0], counted_to(grid[1]) * stride[1], indexing="ij")
    corner = torch.stack((left, top, left, top), -1).reshape(-1, 1, 4).float()
    return (corner + cell).reshape(-1, 4)
