"""Refinement: a quarter-size disparity is upsampled to the picture's size, guided by the picture."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from export.kenburns.blocks import ConvBlock, Down, Up, standardised

CHANNELS = 24


class Refinement(nn.Module):
    """The network of `network-refinement.pytorch`."""

    def __init__(self, channels: int = CHANNELS) -> None:
        super().__init__()
        one, two, four = channels, 2 * channels, 4 * channels
        self.moduleImageOne = ConvBlock(3, one, one)
        self.moduleImageTwo = Down(one, two)
        self.moduleImageThr = Down(two, four)
        self.moduleDisparityOne = ConvBlock(1, four, four)
        self.moduleDisparityTwo = Up(four + four, four)
        self.moduleDisparityThr = Up(two + four, two)
        self.moduleDisparityFou = ConvBlock(one + two, one, one)
        self.moduleRefine = ConvBlock(one, one, 1)

    def forward(self, bgr01: Tensor, disparity: Tensor) -> Tensor:
        """Map the picture (1, 3, H, W) and a disparity of about a quarter of its size to (1, 1, H, W), >= 0."""
        picture, _, _ = standardised(bgr01)
        coarse, mean, deviation = standardised(disparity)
        one = self.moduleImageOne(picture)
        two = self.moduleImageTwo(one)
        four = self.moduleImageThr(two)
        x = self.moduleDisparityTwo(_joined(four, self.moduleDisparityOne(coarse)))
        x = self.moduleDisparityThr(_joined(two, x))
        x = self.moduleDisparityFou(_joined(one, x))
        return torch.relu(self.moduleRefine(x) * deviation + mean)


def _joined(picture: Tensor, disparity: Tensor) -> Tensor:
    """Return the channels of both; the disparity's are resized if sizes were odd (otherwise resizing has no effect)."""
    resized = interpolate(disparity, size=picture.shape[2:], mode="bilinear", align_corners=False)
    return torch.cat((picture, resized), 1)
