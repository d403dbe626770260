"""The whole network: an encoder, and a head that fuses four of its layers (Ranftl et al., 2021, arXiv 2103.13413)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from export.depth_anything.encoder import PATCH_PX, Encoder

TAKEN = (2, 5, 8, 11)
"""The encoder's blocks that the head uses."""

FEATURES = 64
CHANNELS = (48, 96, 192, 384)
"""Channels of the four layers, the finest first."""

LAST = 32


class DepthAnythingV2(nn.Module):
    """Depth Anything V2 Small; keys are the official checkpoint's."""

    def __init__(self) -> None:
        super().__init__()
        self.pretrained = Encoder()
        self.depth_head = Head(384, FEATURES, CHANNELS)

    def forward(self, pixel_values: Tensor) -> Tensor:
        """Map (1, 3, H, W), standardised, sides multiples of 14, to relative inverse depth (1, H, W), >= 0."""
        depth: Tensor = self.depth_head(self.pretrained(pixel_values, TAKEN))
        return depth.squeeze(1)


class Head(nn.Module):
    """Resizes the encoder's layers to four sizes and fuses them, the coarsest first."""

    def __init__(self, width: int, features: int, channels: Sequence[int]) -> None:
        super().__init__()
        self.projects = nn.ModuleList(nn.Conv2d(width, c, 1) for c in channels)
        self.resize_layers = nn.ModuleList(
            (
                nn.ConvTranspose2d(channels[0], channels[0], 4, 4),
                nn.ConvTranspose2d(channels[1], channels[1], 2, 2),
                nn.Identity(),
                nn.Conv2d(channels[3], channels[3], 3, 2, padding=1),
            )
        )
        self.scratch = Joining(features, channels)

    def forward(self, layers: Sequence[Tensor]) -> Tensor:
        """Map four of (1, width, h, w) to relative inverse depth (1, 1, 14 h, 14 w), >= 0."""
        height, width = (PATCH_PX * side for side in layers[0].shape[2:])
        projected = zip(layers, self.projects, self.resize_layers, strict=True)
        joined = self.scratch([resize(project(layer)) for layer, project, resize in projected])
        large = interpolate(self.scratch.output_conv1(joined), (height, width), mode="bilinear", align_corners=True)
        return self.scratch.output_conv2(large)


class Joining(nn.Module):
    """Fuses four sizes from the coarsest to the finest, and enlarges the result to twice that."""

    def __init__(self, features: int, channels: Sequence[int]) -> None:
        super().__init__()
        for index, c in enumerate(channels, 1):
            self.add_module(f"layer{index}_rn", nn.Conv2d(c, features, 3, padding=1, bias=False))
        for index in range(1, len(channels) + 1):
            self.add_module(f"refinenet{index}", Fusion(features))
        self.output_conv1 = nn.Conv2d(features, features // 2, 3, padding=1)
        self.output_conv2 = nn.Sequential(
            nn.Conv2d(features // 2, LAST, 3, padding=1), nn.ReLU(), nn.Conv2d(LAST, 1, 1), nn.ReLU()
        )

    def forward(self, layers: Sequence[Tensor]) -> Tensor:
        """Map four sizes, the finest first, to features twice the size of the finest."""
        sizes = [self.get_submodule(f"layer{index}_rn")(layer) for index, layer in enumerate(layers, 1)]
        joined: Tensor | None = None
        for index in range(len(layers), 0, -1):
            own = sizes[index - 1]
            larger = [2 * side for side in own.shape[2:]] if index == 1 else sizes[index - 2].shape[2:]
            joined = self.get_submodule(f"refinenet{index}")(own, joined, larger)
        assert joined is not None
        return joined


class Fusion(nn.Module):
    """Adds the features of the coarser sizes to this size's, and enlarges the sum."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.resConfUnit1 = Residual(features)  # unused in the coarsest, but a key of the checkpoint
        self.resConfUnit2 = Residual(features)
        self.out_conv = nn.Conv2d(features, features, 1)

    def forward(self, own: Tensor, coarser: Tensor | None, size: Sequence[int]) -> Tensor:
        """Map one or two of (1, features, h, w) to (1, features, *size); the coarsest size has only one."""
        joined = own if coarser is None else coarser + self.resConfUnit1(own)
        large = interpolate(self.resConfUnit2(joined), tuple(size), mode="bilinear", align_corners=True)
        return self.out_conv(large)


class Residual(nn.Module):
    """Two convolutions, each after a ReLU, added to the input."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(features, features, 3, padding=1)
        self.conv2 = nn.Conv2d(features, features, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (1, features, h, w) to the same."""
        return x + self.conv2(torch.relu(self.conv1(torch.relu(x))))
