"""kbvr-fill: colour and inverse depth of unknown pixels, from the known pixels alone.

Unknown pixels are first replaced by a smooth continuation of the known ones (push-pull, Gortler et al., "The
Lumigraph", 1996); a small U-Net then predicts what to add. Unknown pixels are multiplied by 0 before anything is
computed, so a masked foreground cannot leak.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from export.blocks import ConvBlock, silent

CHANNELS = (24, 48, 96, 160)
"""Encoder channels at strides 2, 4, 8 and 16."""

VALUES = 4
"""Red, green, blue and inverse depth."""

PUSH_PULL_LEVELS = 8
"""Halvings of the push-pull pyramid."""

RIM_WEIGHTS = (1.0, 0.1, 0.01, 0.001)
"""Weights of known pixels 1, 2, 3 and more pixels away from the unknown."""


class WideBlock(nn.Module):
    """Residual 3x3 convolutions with a large field of view: the first is dilated."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.far = nn.Conv2d(channels, channels, 3, 1, dilation, dilation, bias=False)
        self.far_norm = nn.BatchNorm2d(channels)
        self.near = ConvBlock(channels, channels)

    def forward(self, features: Tensor) -> Tensor:
        """Return features (N, C, h, w) of the same shape."""
        return features + self.near(F.relu(self.far_norm(self.far(features))))


def push_pull(values: Tensor, known: Tensor) -> Tensor:
    """Return values (N, VALUES, H, W) where known (N, 1, H, W) is 1, and their smooth continuation elsewhere.

    Pixels next to the unknown ones weigh most, because they continue there.
    """
    near = [F.max_pool2d(1 - known, 2 * away + 1, 1, away) for away in range(1, len(RIM_WEIGHTS))]
    weight = torch.full_like(known, RIM_WEIGHTS[-1])
    for around, inner, outer in zip(near, RIM_WEIGHTS[:-1], RIM_WEIGHTS[1:], strict=True):
        weight = weight + (inner - outer) * around
    return values * known + _continued(values, weight * known, PUSH_PULL_LEVELS) * (1 - known)


def _continued(values: Tensor, weight: Tensor, levels: int) -> Tensor:
    """Return values of weight 1 unchanged, and others mixed with the next level of the pyramid."""
    if levels == 0:
        mean = (values * weight).sum(dim=(2, 3), keepdim=True) / weight.sum(dim=(2, 3), keepdim=True).clamp(min=1e-6)
        return mean.expand_as(values)
    coarse_weight = _halved(weight, 1)
    coarse = _halved(values * weight, VALUES) / coarse_weight.clamp(min=1e-6)
    coarse = _continued(coarse, (4 * coarse_weight).clamp(max=1), levels - 1)
    around = _doubled(coarse, VALUES)[:, :, : values.shape[2], : values.shape[3]]
    return around + (values - around) * weight


def _kernel(channels: int, device: torch.device) -> Tensor:
    """Return the binomial kernel (C, 1, 5, 5) of image pyramids (Burt and Adelson, 1983)."""
    line = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0], device=device) / 16
    return (line[:, None] * line).expand(channels, 1, 5, 5)


def _halved(maps: Tensor, channels: int) -> Tensor:
    padded = F.pad(maps, (2, 2, 2, 2), mode="replicate")
    return F.conv2d(padded, _kernel(channels, maps.device), stride=2, groups=channels)


def _doubled(maps: Tensor, channels: int) -> Tensor:
    padded = F.pad(maps, (1, 1, 1, 1), mode="replicate")
    kernel = 4 * _kernel(channels, maps.device)
    return F.conv_transpose2d(padded, kernel, stride=2, padding=4, output_padding=1, groups=channels)


class KbvrFill(nn.Module):
    """Fills the unknown pixels of pictures whose sides are multiples of 16."""

    def __init__(self, channels: tuple[int, ...] = CHANNELS) -> None:
        super().__init__()
        ins = (5, *channels[:-1])
        self.down = nn.ModuleList(
            nn.Sequential(ConvBlock(i, c, stride=2), ConvBlock(c, c)) for i, c in zip(ins, channels, strict=True)
        )
        self.wide = nn.Sequential(*(WideBlock(channels[-1], dilation) for dilation in (2, 4, 2)))
        self.up = nn.ModuleList(
            nn.Sequential(ConvBlock(deep + skip, skip), ConvBlock(skip, skip))
            for deep, skip in zip(channels[:0:-1], channels[-2::-1], strict=True)
        )
        self.sub_pixels = silent(nn.Conv2d(channels[0], 4 * 4, 3, 1, 1))

    def forward(self, rgb01: Tensor, inverse_depth: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        """Return rgb (N, 3, H, W), about 0-1, and inverse depth (N, 1, H, W), with unknown pixels filled.

        `known` is 1 for known pixels and 0 elsewhere. Inverse depth may be in any unit: it is normalised by its mean
        and spread over the known pixels.
        """
        count = known.sum(dim=(2, 3), keepdim=True).clamp(min=1)
        mean = (inverse_depth * known).sum(dim=(2, 3), keepdim=True) / count
        centred = (inverse_depth - mean) * known
        spread = ((centred * centred).sum(dim=(2, 3), keepdim=True) / count).sqrt() + 1e-6
        values = torch.cat([rgb01 * 2 - 1, centred / spread], dim=1)
        with torch.autocast(known.device.type, enabled=False), torch.no_grad():
            smooth = push_pull(values, known)
        x = torch.cat([smooth, known], dim=1)
        skips: list[Tensor] = []
        for stage in self.down:
            x = stage(x)
            skips.append(x)
        x = self.wide(x)
        for stage, skip in zip(self.up, skips[-2::-1], strict=True):
            x = F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
            x = stage(torch.cat([x, skip], dim=1))
        filled = smooth + F.pixel_shuffle(self.sub_pixels(x), 2) * (1 - known)
        return filled[:, :3] / 2 + 0.5, filled[:, 3:] * spread + mean
