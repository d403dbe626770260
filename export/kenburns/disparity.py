"""Disparity estimation: a grid over the picture, joined by VGG-19's features of it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from export.kenburns.blocks import ConvBlock, conv
from export.kenburns.grid import Grid

ROW_CHANNELS = (32, 48, 64, 512, 512, 512)
SEMANTICS_ROW = 3
"""The row of the grid with the size of VGG's features, 1/16."""

VGG_CHANNELS = ((64, 64), (128, 128), (256, 256, 256, 256), (512, 512, 512, 512))
"""Channels of the convolutions before each of the first four pools (Simonyan and Zisserman, 2014, table 1, E)."""

RGB_MEAN, RGB_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Mean and deviation of ImageNet, which torchvision's VGG expects."""


class VggFeatures(nn.Module):
    """VGG-19 with batch norm up to its fourth pool; keys are torchvision's, `features.0.weight` and so on.

    Pools round sizes up to match the grid; torchvision's round down.
    """

    def __init__(self, channels: Sequence[Sequence[int]] = VGG_CHANNELS) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 3
        for block in channels:
            for after in block:
                layers += [conv(before, after), nn.BatchNorm2d(after), nn.ReLU()]
                before = after
            layers.append(nn.MaxPool2d(2, 2, ceil_mode=True))
        self.features = nn.Sequential(*layers)

    def forward(self, rgb: Tensor) -> Tensor:
        """Map standardised rgb (1, 3, H, W) to features (1, 512, ceil(H/16), ceil(W/16))."""
        return self.features(rgb)


class DisparityGrid(Grid):
    """The network of `network-disparity.pytorch`."""

    def __init__(self, row_channels: Sequence[int] = ROW_CHANNELS, vgg_channels: int = VGG_CHANNELS[-1][-1]) -> None:
        super().__init__(row_channels)
        top = row_channels[0]
        self.moduleImage = nn.Conv2d(3, top, 7, 2, padding=3)
        self.moduleSemantics = conv(vgg_channels, row_channels[SEMANTICS_ROW])
        self.moduleDisparity = ConvBlock(top, top, 1)

    def forward(self, bgr01: Tensor, features: Tensor) -> Tensor:
        """Map the picture (1, 3, H, W) and its features to disparity (1, 1, ceil(H/2), ceil(W/2)), >= 0."""
        column = self.run(self.moduleImage(bgr01), {SEMANTICS_ROW: self.moduleSemantics(features)})
        return torch.relu(self.moduleDisparity(column))


class ExportedDisparity(nn.Module):
    """Both networks, with the picture as their only input."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, grid: DisparityGrid, vgg: VggFeatures) -> None:
        super().__init__()
        self.grid, self.vgg = grid, vgg
        self.register_buffer("mean", torch.tensor(RGB_MEAN).view(1, 3, 1, 1))
        self.register_buffer("deviation", torch.tensor(RGB_DEVIATION).view(1, 3, 1, 1))

    def forward(self, bgr01: Tensor) -> Tensor:
        """Map bgr in 0-1, (1, 3, H, W), to disparity (1, 1, ceil(H/2), ceil(W/2)), >= 0."""
        rgb = (bgr01.flip(1) - self.mean) / self.deviation
        return self.grid(bgr01, self.vgg(rgb))
