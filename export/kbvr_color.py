"""kbvr-color: the colours of a grey photo, as probabilities of quantised chroma.

EfficientNet-Lite0, without its last blocks, recognises the contents; a small U-Net of plain 3x3 convolutions, the
fastest kind on CPUs, gives the probabilities at a quarter of the size (Zhang et al. 2016, see `colour_bins.py`). Their
annealed mean is enlarged along the edges of the lightness: each pixel is a mixture of the nine coarse chromas around it
(Teed & Deng 2020, "RAFT: Recurrent All-Pairs Field Transforms for Optical Flow", section 3.3), so chroma stays inside
the outlines and never exceeds that of the bins.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from export.blocks import ConvBlock, LayoutBlock
from export.colour_bins import annealed_mean, bin_centres
from export.efficientnet import STEM_CHANNELS, EfficientNetLite0
from export.kbvr_depth import Up

FEATURE_BLOCKS = (0, 2, 4, 10, 13)
"""The last used block at strides 2, 4, 8, 16 and 32; the encoder ends there."""

FEATURES = (24, 40, 112, 192)
"""Channels of the encoder at strides 4, 8, 16 and 32."""

CHANNELS = (64, 64, 96, 96)
"""Decoder channels at strides 4, 8, 16 and 32."""

COARSE = 4
"""Stride of the probabilities."""

MIXING_CHANNELS = 48
AROUND = 9
"""Number of coarse chromas that a pixel is mixed from: 3x3."""


class Mixing(nn.Module):
    """How to mix the chroma of each pixel from the coarse ones around it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.joined = ConvBlock(channels + STEM_CHANNELS + COARSE**2, MIXING_CHANNELS)
        self.weights = nn.Conv2d(MIXING_CHANNELS, AROUND * COARSE**2, 1)

    def forward(self, features: Tensor, half: Tensor, lightness: Tensor) -> Tensor:
        """Return logits (N, AROUND, COARSE**2, h, w) from features at stride 4, the stem and the lightness itself."""
        smaller = F.avg_pool2d(half, 2)
        x = self.joined(torch.cat([features, smaller, F.pixel_unshuffle(lightness * 2 - 1, COARSE)], dim=1))
        out: Tensor = self.weights(x).unflatten(1, (AROUND, COARSE**2))
        return out


class KbvrColor(nn.Module):
    """Maps lightness (N, 1, H, W), L/100 in 0-1, sides multiples of 32, to what its colours may be."""

    centres: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.encoder = EfficientNetLite0(FEATURE_BLOCKS)
        self.decoder = Decoder()
        self.register_buffer("centres", bin_centres(), persistent=False)

    def forward(self, lightness: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (N, Q, H/4, W/4) of the bins, and those of the mixing, as `enlarged` takes them."""
        stem, _, *features = self.encoder(lightness.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last))
        out: tuple[Tensor, Tensor] = self.decoder(lightness, stem, features)
        return out

    def chroma(self, lightness: Tensor) -> Tensor:
        """Return a and b (N, 2, H, W) of CIELAB, by the annealed mean."""
        logits, mixing = self(lightness)
        return enlarged(annealed_mean(logits.float(), self.centres), mixing.float())


class Decoder(nn.Module):
    """Turns the encoder's features and the lightness into the probabilities of bins, and the mixing."""

    def __init__(self) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(nn.Conv2d(i, c, 1) for i, c in zip(FEATURES, CHANNELS, strict=True))
        self.layout = LayoutBlock(CHANNELS[-1])
        self.up = nn.ModuleList(
            Up(coarse, fine) for coarse, fine in zip(CHANNELS[:0:-1], CHANNELS[-2::-1], strict=True)
        )
        self.bins = nn.Conv2d(CHANNELS[0], len(bin_centres()), 1)
        self.mixing = Mixing(CHANNELS[0])

    def forward(self, lightness: Tensor, stem: Tensor, features: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Return logits of the bins and of the mixing, from features at strides 2 (the stem) and 4 to 32."""
        sides = [lateral(x) for lateral, x in zip(self.lateral, features, strict=True)]
        x = self.layout(sides[-1])
        for up, side in zip(self.up, sides[-2::-1], strict=True):
            x = up(x, side)
        return self.bins(x), self.mixing(x, stem, lightness)


def enlarged(coarse: Tensor, mixing: Tensor) -> Tensor:
    """Return chroma (N, 2, COARSE h, COARSE w) mixed from coarse chroma (N, 2, h, w) by the network's mixing."""
    height, width = coarse.shape[2:]
    padded = F.pad(coarse, (1, 1, 1, 1), mode="replicate")
    around = [padded[:, :, y : y + height, x : x + width] for y in range(3) for x in range(3)]
    weights = torch.softmax(mixing, dim=1)
    mixed = sum(
        (weights[:, number, None] * values[:, :, None] for number, values in enumerate(around)), torch.zeros(())
    )
    return F.pixel_shuffle(mixed.flatten(1, 2), COARSE)
