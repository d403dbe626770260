"""kbvr-depth: relative inverse depth and sky from one photo, a small U-Net of plain convolutions.

Plain 3x3 convolutions are used on purpose: on CPUs they run and train several times faster than
depthwise ones of the same accuracy. The layout of a scene is found on the picture at half size, where it
is learnt best; a small second network sees the picture at full size too and gives the layout its edges.
Nothing is computed at full size but the last step: each pixel of features at half size says what its four
sub-pixels add (Shi et al. 2016, "Real-time single image and video super-resolution using an efficient
sub-pixel convolutional network").
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LAYOUT_BLOCKS = 4
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


class Trunk(nn.Module):
    """A U-Net that says what is near and far: the layout of the scene, its edges still soft."""

    def __init__(self, channels: tuple[int, ...]) -> None:
        super().__init__()
        ins = (3, *channels[:-1])
        self.down = nn.ModuleList(
            nn.Sequential(ConvBlock(i, c, stride=2), ConvBlock(c, c)) for i, c in zip(ins, channels, strict=True)
        )
        self.layout = nn.Sequential(*(LayoutBlock(channels[-1]) for _ in range(LAYOUT_BLOCKS)))
        self.up = nn.ModuleList(
            nn.Sequential(ConvBlock(deep + skip, skip), ConvBlock(skip, skip))
            for deep, skip in zip(channels[:0:-1], channels[-2::-1], strict=True)
        )
        self.head = nn.Conv2d(channels[0], 2, 3, 1, 1)
        self.detail = ConvBlock(channels[0], 2 * channels[0])
        self.sub_pixels = silent(nn.Conv2d(2 * channels[0], 2 * 4, 3, 1, 1))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return two maps (N, 2, H, W) and features (N, C, H/2, W/2)."""
        skips: list[Tensor] = []
        for stage in self.down:
            x = stage(x)
            skips.append(x)
        x = self.layout(x)
        for stage, skip in zip(self.up, skips[-2::-1], strict=True):
            x = F.interpolate(x, size=skip.shape[2:], mode="bilinear", align_corners=False)
            x = stage(torch.cat([x, skip], dim=1))
        smooth = F.interpolate(self.head(x), scale_factor=2.0, mode="bilinear", align_corners=False)
        features = self.detail(x)
        return smooth + F.pixel_shuffle(self.sub_pixels(features), 2), features


class Refiner(nn.Module):
    """Sees the picture at full size and what the trunk made of it at half size, and says what to add at full size."""

    def __init__(self, features: int, channels: tuple[int, int] = (16, 32)) -> None:
        super().__init__()
        fine, coarse = channels
        self.at_half = nn.Sequential(ConvBlock(3, fine, stride=2), ConvBlock(fine, fine))
        self.at_quarter = ConvBlock(fine + 2, coarse, stride=2)
        self.joined = nn.Sequential(ConvBlock(coarse + features, coarse), ConvBlock(coarse, coarse))
        self.merged = ConvBlock(coarse + fine + 2, fine)
        self.sub_pixels = silent(nn.Conv2d(fine, 2 * 4, 3, 1, 1))

    def forward(self, picture: Tensor, maps: Tensor, features: Tensor) -> Tensor:
        """Return what to add to the enlarged maps, (N, 2, H, W); `maps` are (N, 2, H/2, W/2)."""
        half = self.at_half(picture)
        quarter = self.at_quarter(torch.cat([half, maps], dim=1))
        quarter = self.joined(torch.cat([quarter, features], dim=1))
        back = F.interpolate(quarter, size=half.shape[2:], mode="bilinear", align_corners=False)
        merged = self.merged(torch.cat([back, half, maps], dim=1))
        return F.pixel_shuffle(self.sub_pixels(merged), 2)


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
        self.trunk = Trunk(channels)
        self.refiner = Refiner(2 * channels[0])

    def layout(self, rgb: Tensor) -> tuple[Tensor, Tensor]:
        """Return what the trunk alone says of a picture: relative inverse depth and sky logit, edges soft."""
        maps, _ = self.trunk((rgb - self.mean) / self.std)
        return maps[:, :1], maps[:, 1:]

    def forward(self, rgb: Tensor) -> tuple[Tensor, Tensor]:
        """Return (relative inverse depth, sky logit)."""
        picture = (rgb - self.mean) / self.std
        maps, features = self.trunk(F.avg_pool2d(picture, 2))
        maps = torch.cat([_levelled(maps[:, :1]), maps[:, 1:]], dim=1)
        enlarged = F.interpolate(maps, scale_factor=2.0, mode="bilinear", align_corners=False)
        refined = enlarged + self.refiner(picture, maps, features)
        return refined[:, :1], refined[:, 1:]


def _levelled(depth: Tensor) -> Tensor:
    """Take each picture's mean off and divide by its standard deviation."""
    centred = depth - depth.mean(dim=(2, 3), keepdim=True)
    return centred / ((centred * centred).mean(dim=(2, 3), keepdim=True) + 1e-6).sqrt()


def silent(conv: nn.Conv2d) -> nn.Conv2d:
    """Return a convolution that adds nothing until it has learnt to."""
    nn.init.zeros_(conv.weight)
    if conv.bias is not None:
        nn.init.zeros_(conv.bias)
    return conv
