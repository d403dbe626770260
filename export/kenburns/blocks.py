"""Building blocks of the paper's networks; attribute names and positions are the checkpoints' keys."""

from __future__ import annotations

import torch
from torch import Tensor, nn

EPSILON = 1e-7
"""Added to deviations, so that a constant picture can be standardised."""


def conv(channels_in: int, channels_out: int, stride: int = 1) -> nn.Conv2d:
    """Return a 3x3 convolution that keeps the size, or halves it, rounded up."""
    return nn.Conv2d(channels_in, channels_out, 3, stride, padding=1)


class ConvBlock(nn.Module):
    """Convolution, PReLU, convolution, added to the input."""

    def __init__(self, channels_in: int, channels: int, channels_out: int) -> None:
        super().__init__()
        self.moduleMain = nn.Sequential(conv(channels_in, channels), nn.PReLU(channels), conv(channels, channels_out))
        self.moduleShortcut = None if channels_in == channels_out else nn.Conv2d(channels_in, channels_out, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (1, channels_in, H, W) to (1, channels_out, H, W)."""
        main: Tensor = self.moduleMain(x)
        return main + (x if self.moduleShortcut is None else self.moduleShortcut(x))


class Lateral(nn.Module):
    """PReLU, convolution, PReLU, convolution, added to the input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.moduleMain = _activated(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (1, channels, H, W) to the same."""
        main: Tensor = self.moduleMain(x)
        return main + x


class Down(nn.Module):
    """Halves the size, rounded up."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.moduleMain = _activated(channels_in, channels_out, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """Map (1, channels_in, H, W) to (1, channels_out, ceil(H/2), ceil(W/2))."""
        return self.moduleMain(x)


class Up(nn.Module):
    """Doubles the size."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        larger = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        self.moduleMain = nn.Sequential(larger, *_activated(channels_in, channels_out))

    def forward(self, x: Tensor) -> Tensor:
        """Map (1, channels_in, H, W) to (1, channels_out, 2H, 2W)."""
        return self.moduleMain(x)


def _activated(channels_in: int, channels_out: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.PReLU(channels_in),
        conv(channels_in, channels_out, stride),
        nn.PReLU(channels_out),
        conv(channels_out, channels_out),
    )


def standardised(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return (x - mean) / deviation, the mean, and the population standard deviation + EPSILON; both (1, 1, 1, 1)."""
    mean = x.mean((1, 2, 3), keepdim=True)
    deviation = torch.sqrt(((x - mean) ** 2).mean((1, 2, 3), keepdim=True)) + EPSILON
    return (x - mean) / deviation, mean, deviation
