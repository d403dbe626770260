"""kbvr-depth: inverse depth, sky and confidence from one photo, with an encoder pretrained on ImageNet.

EfficientNet-Lite0 recognises the contents; a U-Net of plain 3x3 convolutions, the fastest kind on CPUs, turns them into
depth. Nothing is computed at full size: at half size, the picture's pixels enter again, four per position, and each
position outputs its four pixels (Shi et al. 2016, "Real-time single image and video super-resolution using an efficient
sub-pixel convolutional network").
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from export.blocks import ConvBlock, LayoutBlock, silent
from export.efficientnet import FEATURES, STEM_CHANNELS, EfficientNetLite0

CHANNELS = (16, 32, 64, 96, 128)
"""Decoder channels at strides 2, 4, 8, 16 and 32."""

LAYOUT_BLOCKS = 2
DOUBT_CHANNELS = 16
SKY_CHANNELS = 24


class Up(nn.Module):
    """Resizes coarse features to finer ones and adds the two, which trains faster than concatenation."""

    def __init__(self, coarse: int, fine: int) -> None:
        super().__init__()
        self.fewer = nn.Conv2d(coarse, fine, 1)
        self.joined = ConvBlock(fine, fine)
        self.again = ConvBlock(fine, fine)

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        """Return features (N, C, H, W) in the shape of the finer ones."""
        enlarged = F.interpolate(self.fewer(coarse), size=fine.shape[2:], mode="bilinear", align_corners=False)
        out: Tensor = self.again(self.joined(enlarged + fine))
        return out


class Sky(nn.Module):
    """Finds the sky from the encoder's features at stride 8; the decoder adds the outlines.

    The decoder's own features suit depth and are too poor for this: the sky is an object rather than a distance.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(nn.Conv2d(channels, SKY_CHANNELS, 1) for channels in FEATURES[2:])
        self.joined = ConvBlock(SKY_CHANNELS, SKY_CHANNELS)
        self.said = silent(nn.Conv2d(SKY_CHANNELS, 1, 3, 1, 1))

    def forward(self, features: list[Tensor]) -> Tensor:
        """Return a logit (N, 1, 8 h, 8 w) from the encoder's features at strides 8, 16 and 32."""
        x: Tensor | None = None
        for lateral, side in zip(reversed(self.lateral), reversed(features), strict=True):
            own = lateral(side)
            x = own if x is None else own + F.interpolate(x, size=own.shape[2:], mode="bilinear", align_corners=False)
        logit: Tensor = self.said(self.joined(x))
        return F.interpolate(logit, scale_factor=8.0, mode="bilinear", align_corners=False)


class Decoder(nn.Module):
    """Turns the encoder's features and the picture into depth, sky and doubt at full size."""

    def __init__(self) -> None:
        super().__init__()
        ins = (STEM_CHANNELS + FEATURES[0], *FEATURES[1:])
        self.lateral = nn.ModuleList(nn.Conv2d(i, c, 1) for i, c in zip(ins, CHANNELS, strict=True))
        self.layout = nn.Sequential(*(LayoutBlock(CHANNELS[-1]) for _ in range(LAYOUT_BLOCKS)))
        self.up = nn.ModuleList(
            Up(coarse, fine) for coarse, fine in zip(CHANNELS[:0:-1], CHANNELS[-2::-1], strict=True)
        )
        self.detail = ConvBlock(3 * 4, CHANNELS[0])
        self.merged = ConvBlock(CHANNELS[0], CHANNELS[0])
        self.sub_pixels = _equal_sub_pixels(nn.Conv2d(CHANNELS[0], 2 * 4, 3, 1, 1))
        self.doubt = nn.Sequential(ConvBlock(CHANNELS[1], DOUBT_CHANNELS), nn.Conv2d(DOUBT_CHANNELS, 1, 3, 1, 1))
        self.sky = Sky()

    def forward(self, picture: Tensor, features: list[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Return relative inverse depth, sky logit and log of the expected error, each (N, 1, H, W)."""
        stem, half, *coarser = features
        sides = [lateral(x) for lateral, x in zip(self.lateral, [torch.cat([stem, half], 1), *coarser], strict=True)]
        x = self.layout(sides[-1])
        quarter = x
        for up, side in zip(self.up, sides[-2::-1], strict=True):
            quarter, x = x, up(x, side)
        merged = self.merged(x + self.detail(F.pixel_unshuffle(picture, 2)))
        maps = F.pixel_shuffle(self.sub_pixels(merged), 2)
        # Learning its own errors must not change the network's depth.
        doubt = F.interpolate(self.doubt(quarter.detach()), scale_factor=4.0, mode="bilinear", align_corners=False)
        return maps[:, :1], maps[:, 1:] + self.sky(coarser[1:]), doubt


def _equal_sub_pixels(conv: nn.Conv2d) -> nn.Conv2d:
    """Return a convolution whose sub-pixels are equal at first, which avoids checkerboard artefacts.

    Aitken et al. 2017, "Checkerboard artifact free sub-pixel convolution".
    """
    with torch.no_grad():
        conv.weight.copy_(conv.weight[::4].repeat_interleave(4, 0))
    nn.init.zeros_(conv.bias) if conv.bias is not None else None
    return conv


class KbvrDepth(nn.Module):
    """Maps rgb (N, 3, H, W) in 0-1, sides multiples of 32, to three (N, 1, H, W) maps.

    The first is relative inverse depth (larger is nearer; scale and shift are unknown), the second the logit of sky,
    the third the log of the first's expected error, in mean absolute deviations of the picture's inverse depth.
    """

    def __init__(self) -> None:
        super().__init__()
        self.encoder = EfficientNetLite0()
        self.decoder = Decoder()

    def forward(self, rgb: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return (relative inverse depth, sky logit, log of the expected error)."""
        maps: tuple[Tensor, Tensor, Tensor] = self.decoder(rgb * 2 - 1, self.encoder(rgb))
        return maps
