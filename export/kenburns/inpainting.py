"""Inpainting of colour and disparity: the photo's context before rendering, a grid after it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from export.kenburns.blocks import ConvBlock, conv, standardised
from export.kenburns.grid import Grid

ROW_CHANNELS = (32, 64, 128, 256)
CONTEXT_CHANNELS = 64


class Inpainting(Grid):
    """The network of `network-inpainting.pytorch`: both halves, which run before and after the rendering."""

    def __init__(self, row_channels: Sequence[int] = ROW_CHANNELS, context_channels: int = CONTEXT_CHANNELS) -> None:
        super().__init__(row_channels)
        top = row_channels[0]
        self.moduleContext = nn.Sequential(
            conv(4, context_channels),
            nn.PReLU(context_channels),
            conv(context_channels, context_channels),
            nn.PReLU(context_channels),
        )
        self.moduleInput = ConvBlock(3 + 1 + context_channels + 1, top, top)
        self.moduleImage = ConvBlock(top, top, 3)
        self.moduleDisparity = ConvBlock(top, top, 1)


class ExportedContext(nn.Module):
    """The half before the rendering."""

    def __init__(self, net: Inpainting) -> None:
        super().__init__()
        self.moduleContext = net.moduleContext

    def forward(self, bgr01: Tensor, disparity: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Map the picture (1, 3, H, W) and its disparity (1, 1, H, W) to the features to render.

        Returns:
            The standardised picture, the standardised disparity and their context, (1, 4 + context, H, W); the means
            of picture and disparity, (1, 2, 1, 1); and their deviations likewise.
        """
        picture, picture_mean, picture_deviation = standardised(bgr01)
        nearness, nearness_mean, nearness_deviation = standardised(disparity)
        both = torch.cat((picture, nearness), 1)
        means = torch.cat((picture_mean, nearness_mean), 1)
        deviations = torch.cat((picture_deviation, nearness_deviation), 1)
        return torch.cat((both, self.moduleContext(both)), 1), means, deviations


class ExportedInpainting(nn.Module):
    """The half after the rendering."""

    def __init__(self, net: Inpainting) -> None:
        super().__init__()
        self.net = net

    def forward(self, features: Tensor, covered: Tensor, mean: Tensor, deviation: Tensor) -> tuple[Tensor, Tensor]:
        """Map the rendered features to the whole picture.

        Args:
            features: (1, 4 + context, H, W), 0 in holes.
            covered: (1, 1, H, W), 0 in holes, 1 elsewhere.
            mean: from the first half.
            deviation: likewise.

        Returns:
            bgr in 0-1, (1, 3, H, W), and disparity >= 0, (1, 1, H, W).
        """
        net = self.net
        column = net.run(net.moduleInput(torch.cat((features, covered), 1)))
        picture = net.moduleImage(column) * deviation[:, :1] + mean[:, :1]
        disparity = net.moduleDisparity(column) * deviation[:, 1:] + mean[:, 1:]
        return picture.clamp(0, 1), torch.relu(disparity)
