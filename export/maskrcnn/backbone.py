"""ResNet-50 (He et al., 2015) and the feature pyramid (Lin et al., 2016, arXiv 1612.03144) on top of it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm, interpolate, max_pool2d

BLOCKS = (3, 4, 6, 3)
EXPANSION = 4


class FrozenNorm(nn.Module):
    """A frozen batch norm. Its epsilon is 0, as in torchvision for these weights."""

    weight: Tensor
    bias: Tensor
    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        for name, value in (("weight", 1.0), ("bias", 0.0), ("running_mean", 0.0), ("running_var", 1.0)):
            self.register_buffer(name, torch.full((channels,), value))

    def forward(self, x: Tensor) -> Tensor:
        """Map (1, channels, H, W) to the same."""
        return batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, training=False, eps=0.0)


class Bottleneck(nn.Module):
    """Three convolutions, 1x1, 3x3, 1x1, added to the input."""

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        out = EXPANSION * channels
        self.conv1, self.bn1 = nn.Conv2d(channels_in, channels, 1, bias=False), FrozenNorm(channels)
        self.conv2, self.bn2 = nn.Conv2d(channels, channels, 3, stride, 1, bias=False), FrozenNorm(channels)
        self.conv3, self.bn3 = nn.Conv2d(channels, out, 1, bias=False), FrozenNorm(out)
        self.downsample = (
            None
            if channels_in == out and stride == 1
            else nn.Sequential(nn.Conv2d(channels_in, out, 1, stride, bias=False), FrozenNorm(out))
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (1, channels_in, H, W) to (1, 4 channels, H / stride, W / stride)."""
        main = torch.relu(self.bn1(self.conv1(x)))
        main = torch.relu(self.bn2(self.conv2(main)))
        main = self.bn3(self.conv3(main))
        return torch.relu(main + (x if self.downsample is None else self.downsample(x)))


class ResNet50(nn.Module):
    """Features at 1/4, 1/8, 1/16 and 1/32."""

    def __init__(self, channels: int, blocks: Sequence[int]) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, channels, 7, 2, 3, bias=False), FrozenNorm(channels)
        before = channels
        for index, count in enumerate(blocks):
            width = channels * 2**index
            layer = [Bottleneck(before, width, stride=1 if index == 0 else 2)]
            before = EXPANSION * width
            layer += [Bottleneck(before, width, stride=1) for _ in range(count - 1)]
            self.add_module(f"layer{index + 1}", nn.Sequential(*layer))

    def forward(self, rgb: Tensor) -> list[Tensor]:
        """Map standardised rgb (1, 3, H, W) to its four layers, the finest first."""
        x = max_pool2d(torch.relu(self.bn1(self.conv1(rgb))), 3, 2, 1)
        layers = []
        for index in range(len(BLOCKS)):
            x = self.get_submodule(f"layer{index + 1}")(x)
            layers.append(x)
        return layers


class Pyramid(nn.Module):
    """The feature pyramid: every size includes the features of the coarser ones."""

    def __init__(self, layer_channels: Sequence[int], channels: int) -> None:
        super().__init__()
        self.inner_blocks = nn.ModuleList(nn.Sequential(nn.Conv2d(c, channels, 1)) for c in layer_channels)
        self.layer_blocks = nn.ModuleList(
            nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1)) for _ in layer_channels
        )

    def forward(self, layers: Sequence[Tensor]) -> list[Tensor]:
        """Map four layers to five of (1, channels, h, w), the finest first; the last is the fourth at half the size."""
        inner = [block(layer) for block, layer in zip(self.inner_blocks, layers, strict=True)]
        for index in range(len(inner) - 2, -1, -1):
            inner[index] = inner[index] + interpolate(inner[index + 1], size=inner[index].shape[2:], mode="nearest")
        outputs = [block(layer) for block, layer in zip(self.layer_blocks, inner, strict=True)]
        return [*outputs, max_pool2d(outputs[-1], 1, 2)]


class Backbone(nn.Module):
    """Both."""

    def __init__(self, channels: int, pyramid_channels: int, blocks: Sequence[int] = BLOCKS) -> None:
        super().__init__()
        self.body = ResNet50(channels, blocks)
        self.fpn = Pyramid([EXPANSION * channels * 2**index for index in range(len(BLOCKS))], pyramid_channels)

    def forward(self, rgb: Tensor) -> list[Tensor]:
        """Map standardised rgb, sides multiples of 32, to the five sizes of the pyramid."""
        return self.fpn(self.body(rgb))
