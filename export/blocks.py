"""Building blocks of our networks.

They use plain 3x3 convolutions, which run and train several times faster on CPUs than depthwise ones of the same
accuracy.
"""

from __future__ import annotations

from torch import Tensor, nn


class ConvBlock(nn.Sequential):
    """3x3 convolution, batch norm, ReLU."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
        )


class LayoutBlock(nn.Module):
    """Residual convolutions at the coarsest scale, plus a summary of the whole picture."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.local = nn.Sequential(ConvBlock(channels, channels), ConvBlock(channels, channels))
        self.whole = nn.Linear(channels, channels)

    def forward(self, features: Tensor) -> Tensor:
        """Return features (N, C, h, w) of the same shape."""
        summary = self.whole(features.mean(dim=(2, 3)))
        return features + self.local(features) + summary[:, :, None, None]


def silent(conv: nn.Conv2d) -> nn.Conv2d:
    """Return a convolution whose output is 0 before training."""
    nn.init.zeros_(conv.weight)
    if conv.bias is not None:
        nn.init.zeros_(conv.bias)
    return conv
