"""kbvr-damage: which pixels of a print are damaged.

A U-Net of plain 3x3 convolutions on blocks of 2x2 pixels (Ronneberger et al. 2015, "U-Net: Convolutional Networks for
Biomedical Image Segmentation"; Shi et al. 2016, "Real-Time Single Image and Video Super-Resolution Using an Efficient
Sub-Pixel Convolutional Neural Network"). From a summary of the whole picture it knows how damaged the print is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from export.blocks import ConvBlock, LayoutBlock
from export.kbvr_depth import Up
from export.onnx_export import PHOTOS, SIDES, export_net
from kbvr.nets import Card
from kbvr.nets import Tensor as CardTensor

BLOCK = 2
"""Side of the blocks of pixels that are one place for the network."""

CHANNELS = (24, 48, 72, 96)
"""At strides 2, 4, 8 and 16."""


class KbvrDamage(nn.Module):
    """Maps sRGB (N, 3, H, W) in 0-1, sides multiples of 16, to the logits (N, 1, H, W) of damage."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = ConvBlock(3 * BLOCK**2, CHANNELS[0])
        self.down = nn.ModuleList(
            nn.Sequential(ConvBlock(fine, coarse, 2), ConvBlock(coarse, coarse)) for fine, coarse in pairwise(CHANNELS)
        )
        self.whole = LayoutBlock(CHANNELS[-1])
        self.up = nn.ModuleList(Up(coarse, fine) for coarse, fine in pairwise(reversed(CHANNELS)))
        self.head = nn.Conv2d(CHANNELS[0], BLOCK**2, 3, padding=1)

    def forward(self, rgb01: Tensor) -> Tensor:
        """Return the logits."""
        features = [self.stem(F.pixel_unshuffle(rgb01 * 2 - 1, BLOCK))]
        for smaller in self.down:
            features.append(smaller(features[-1]))
        x = self.whole(features.pop())
        for larger in self.up:
            x = larger(x, features.pop())
        return F.pixel_shuffle(self.head(x), BLOCK)


class ExportedDamage(nn.Module):
    """kbvr-damage with the output of its ONNX file: probabilities."""

    def __init__(self, net: KbvrDamage) -> None:
        super().__init__()
        self.net = net

    def forward(self, print01: Tensor) -> Tensor:
        """Map sRGB to the probability of damage."""
        return torch.sigmoid(self.net(print01))


def export_damage(net: KbvrDamage, folder: Path, figures: Mapping[str, float]) -> Card:
    """Write kbvr-damage.onnx and kbvr-damage.json into a folder, and return the card.

    Raises:
        ValueError: if torch and onnxruntime differ by more than TOLERANCE at one of SIZES_PX.
    """
    return export_net(ExportedDamage(net), replace(DAMAGE_CARD, figures=dict(figures)), folder)


DAMAGE_CARD = Card(
    name="kbvr-damage",
    file="kbvr-damage.onnx",
    sha256="",
    licence="MIT",
    source="kbvr: architecture and training in export/",
    task="the damaged pixels of an old print",
    inputs=(CardTensor("print01", "float32", (1, 3, *SIDES), "sRGB, 0 to 1"),),
    outputs=(CardTensor("damage", "float32", (1, 1, *SIDES), "probability of damage, 0 to 1"),),
    normalisation="none: sRGB from 0 to 1",
    sizes="sides are multiples of 16; made for photos with a long side of about 512 to 1024",
    trained_on=f"damage that is drawn over {PHOTOS}; of those, every twentieth and all old photos are left out",
    figures={},
    limits=(
        "trained on drawn scratches, dust, folds, blotches and torn corners: stains, mould and writing are found rarely"
        " or not at all, and thin light things in a busy place may be taken for scratches"
    ),
)
