"""The whole Mask R-CNN: from a picture of any size to masks of that size."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, pad

from export.maskrcnn.backbone import BLOCKS, Backbone
from export.maskrcnn.heads import Heads
from export.maskrcnn.proposals import Proposals
from export.traced import as_sizes, counted_to, shape_of

RGB_MEAN, RGB_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SHORT_PX, LONG_PX = 800, 1333
"""The picture is resized to this short side, or to this long side if that is smaller."""

MULTIPLE_PX = 32
MIN_SCORE = 0.05


class MaskRcnn(nn.Module):
    """torchvision's maskrcnn_resnet50_fpn, with its keys."""

    def __init__(
        self,
        *,
        blocks: Sequence[int] = BLOCKS,
        channels: int = 64,
        pyramid_channels: int = 256,
        hidden: int = 1024,
        short_px: int = SHORT_PX,
        long_px: int = LONG_PX,
        min_score: float = MIN_SCORE,
    ) -> None:
        super().__init__()
        self.short_px, self.long_px = short_px, long_px
        self.backbone = Backbone(channels, pyramid_channels, blocks)
        self.rpn = Proposals(pyramid_channels)
        self.roi_heads = Heads(pyramid_channels, hidden, min_score)

    def forward(self, rgb01: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Detect the objects in a picture.

        Args:
            rgb01: (3, H, W), 0 to 1.

        Returns:
            Boxes (N, 4), left, top, right, bottom in px; COCO's ids (N) int64; scores (N) in 0-1; and masks
            (N, 1, H, W) in 0-1. The best come first; N is 100 or fewer, and may be 0.
        """
        picture_size = shape_of(rgb01)[1:]
        resized = self._resized(rgb01, picture_size)
        size = shape_of(resized)[2:]
        padding = -size % MULTIPLE_PX
        padded = pad(resized, as_sizes((0, padding[1], 0, padding[0])))
        pyramid = self.backbone(padded)
        proposals = self.rpn(pyramid, size + padding, size)
        boxes, labels, scores, masks = self.roi_heads(pyramid, proposals, size)
        boxes = boxes * (picture_size.float() / size.float()).flip(0).repeat(2)
        return boxes, labels, scores, _pasted(masks, boxes, picture_size)

    def _resized(self, rgb01: Tensor, picture_size: Tensor) -> Tensor:
        mean, deviation = (torch.tensor(values).view(3, 1, 1) for values in (RGB_MEAN, RGB_DEVIATION))
        sides = picture_size.double()
        # Vectors of doubles: a trace rounds numbers to singles, and one px changes the picture.
        short_px, long_px = (torch.tensor([px], dtype=torch.float64) for px in (self.short_px, self.long_px))
        scale = torch.minimum(short_px / sides.amin(0, keepdim=True), long_px / sides.amax(0, keepdim=True))
        height, width = torch.floor(sides * scale).long().unbind()
        standard = (rgb01 - mean) / deviation
        return interpolate(standard[None], size=as_sizes((height, width)), mode="bilinear", align_corners=False)


def _pasted(masks: Tensor, boxes: Tensor, size: Tensor) -> Tensor:
    """Return masks of the picture's size, 0 outside their boxes.

    A mask gets a border of 0, and the box grows by as much and is rounded to whole px; interpolation is bilinear.
    """
    side = masks.shape[-1]
    centre = (boxes[:, :2] + boxes[:, 2:]) * 0.5
    half = (boxes[:, 2:] - boxes[:, :2]) * 0.5 * ((side + 2) / side)
    low, high = (centre - half).long(), (centre + half).long()
    columns = _resizing(low[:, 0], high[:, 0], size[1], side + 2)
    rows = _resizing(low[:, 1], high[:, 1], size[0], side + 2)
    return (rows @ pad(masks[:, 0], (1, 1, 1, 1)) @ columns.transpose(1, 2))[:, None]


def _resizing(low: Tensor, high: Tensor, size: Tensor, samples: int) -> Tensor:
    """Return the matrices (N, size, samples) that resize samples to the px from low to high, inclusive."""
    px = counted_to(size)
    length = (high - low + 1).clamp(min=1)[:, None]
    at = (px - low[:, None] + 0.5) * samples / length - 0.5
    weights = (1 - (at.clamp(0, samples - 1)[..., None] - torch.arange(samples)).abs()).clamp(min=0)
    inside = (px >= low[:, None]) & (px <= high[:, None])
    return weights * inside[..., None]
