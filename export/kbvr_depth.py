"""kbvr-depth: relative inverse depth and sky from one photo, a small U-Net of plain convolutions.

Plain 3x3 convolutions are used on purpose: on CPUs they run and train several times faster than
depthwise ones of the same accuracy. Nothing is computed at full size but the last step: each pixel of
the finest features (stride 2) says what its four sub-pixels add to the smooth map (Shi et al. 2016,
"Real-time single image and video super-resolution using an efficient sub-pixel convolutional network").
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

CHANNELS = (16, 32, 64, 128, 192)
"""Encoder channels at strides 2, 4, 8, 16 and 32."""


class ConvBlock(nn.Sequential):
    """3x3 convolution, batch norm, ReLU."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
        )


class LayoutBlock(nn.Module):
    """Residual convolutions at the coarsest scale plus a summary of the whole picture."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.local = nn.Sequential(ConvBlock(channels, channels), ConvBlock(channels, channels))
        self.whole = nn.Linear(channels, channels)

    def forward(self, features: Tensor) -> Tensor:
        """Return features (N, C, h, w) of the same shape."""
        summary = self.whole(features.mean(dim=(2, 3)))
        return features + self.local(features) + summary[:, :, None, None]


class KbvrDepth(nn.Module):
    """Map rgb (N, 3, H, W) in 0-1, sides multiples of 32, to two (N, 1, H, W) maps.

    The first is relative inverse depth (larger is nearer; scale and shift are free), the second
    the logit of being sky.
    """

    def __init__(self, channels: tuple[int, ...] = CHANNELS) -> None:
        super().__init__()
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406])[:, None, None])
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225])[:, None, None])
        ins = (3, *channels[:-1])
        self.down = nn.ModuleList(
            nn.Sequential(ConvBlock(i, c, stride=2), ConvBlock(c, c)) for i, c in zip(ins, channels, strict=True)
        )
        self.layout = nn.Sequential(LayoutBlock(channels[-1]), LayoutBlock(channels[-1]))
        self.up = nn.ModuleList(
            nn.Sequential(ConvBlock(deep + skip, skip), ConvBlock(skip, skip))
            for deep, skip in zip(channels[:0:-1], channels[-2::-1], strict=True)
        )
        self.head = nn.Conv2d(channels[0], 2, 3, 1, 1)
        sub_pixels = nn.Conv2d(2 * channels[0], 2 * 4, 3, 1, 1)
        nn.init.zeros_(sub_pixels.weight)
        nn.init.zeros_(sub_pixels.bias)  # type: ignore[arg-type]
        self.detail = nn.Sequential(ConvBlock(channels[0], 2 * channels[0]), sub_pixels)

    def forward(self, rgb: Tensor) -> tuple[Tensor, Tensor]:
        """Return (relative inverse depth, sky logit)."""
        x = (rgb - self.mean) / self.std
        skips: list[Tensor] = []
        for stage in self.down:
            x = stage(x)
            skips.append(x)
        x = self.layout(x)
        for stage, skip in zip(self.up, skips[-2::-1], strict=True):
            x = F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
            x = stage(torch.cat([x, skip], dim=1))
        smooth = F.interpolate(self.head(x), scale_factor=2.0, mode="bilinear", align_corners=False)
        maps = smooth + F.pixel_shuffle(self.detail(x), 2)
        return maps[:, :1], maps[:, 1:]
