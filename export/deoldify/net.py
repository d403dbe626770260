"""The artistic network of DeOldify: a U-Net on ResNet-34 with one self-attention.

Structure: deoldify/unet.py and generators.py of https://github.com/jantic/DeOldify (MIT) and the layers of fastai 1.0
(Apache-2.0) that they use. Modules are named so that the keys of the checkpoint fit. Its spectral and weight norms are
constant once trained: `files.py` folds them into the weights.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))
"""Channels and blocks of the stages of ResNet-34 (He et al. 2016)."""

SKIPS = (6, 5, 4, 2)
"""Parts of the encoder whose outputs are joined, from the deepest: the last ones of their sizes."""

FACTOR = 1.5
"""The blocks have this many times the usual channels."""

ATTENTIVE = 1
"""The block that has self-attention."""

RANGE = 3.0
"""Outputs lie between -RANGE and RANGE, in ImageNet's deviations from its mean."""

IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Residual(nn.Module):
    """The basic block of ResNet."""

    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.downsample = None
        if stride != 1 or channels != out:
            self.downsample = nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, x: Tensor) -> Tensor:
        """Return the sum of the input and its convolutions."""
        short = x if self.downsample is None else self.downsample(x)
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))) + short)


def encoder() -> nn.Sequential:
    """Return ResNet-34 without its classifier."""
    parts: list[nn.Module] = [
        nn.Conv2d(3, 64, 7, 2, 3, bias=False),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, 1),
    ]
    channels = 64
    for index, (out, count) in enumerate(STAGES):
        strides = [2 if index else 1] + [1] * (count - 1)
        parts.append(nn.Sequential(*(Residual(channels if i == 0 else out, out, s) for i, s in enumerate(strides))))
        channels = out
    return nn.Sequential(*parts)


class Attention(nn.Module):
    """Self-attention over all places (Zhang et al. 2018, arXiv:1805.08318)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.query, self.key = (nn.Conv1d(channels, channels // 8, 1, bias=False) for _ in range(2))
        self.value = nn.Conv1d(channels, channels, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """Add to every place what it attends to."""
        flat = x.flatten(2)
        attention = torch.softmax(self.query(flat).transpose(1, 2) @ self.key(flat), dim=1)
        return (self.gamma * (self.value(flat) @ attention) + flat).reshape(x.shape)


def conv(channels: int, out: int, *, size: int = 3, activates: bool = True, norms: bool = True) -> list[nn.Module]:
    """Return a convolution, its activation and its batch norm, as far as it has them, in DeOldify's order."""
    layers: list[nn.Module] = [nn.Conv2d(channels, out, size, padding=size // 2, bias=not norms)]
    layers += [nn.ReLU()] if activates else []
    return layers + ([nn.BatchNorm2d(out)] if norms else [])


class Enlarging(nn.Module):
    """Twice the size by a sub-pixel convolution, blurred over two pixels against checkerboards (arXiv:1806.02658)."""

    def __init__(self, channels: int, out: int, *, norms: bool) -> None:
        super().__init__()
        self.conv = nn.Sequential(*conv(channels, 4 * out, size=1, activates=False, norms=norms))

    def forward(self, x: Tensor) -> Tensor:
        """Return a picture of twice the size."""
        large = F.pixel_shuffle(F.relu(self.conv(x)), 2)
        return F.avg_pool2d(F.pad(large, (1, 0, 1, 0), mode="replicate"), 2, stride=1)


class Joining(nn.Module):
    """Enlarges what is below and joins it with the encoder's output of that size."""

    def __init__(self, below: int, beside: int, out: int, *, attends: bool) -> None:
        super().__init__()
        self.shuf = Enlarging(below, below // 2, norms=True)
        self.bn = nn.BatchNorm2d(beside)
        self.conv1 = nn.Sequential(*conv(below // 2 + beside, out))
        self.conv2 = nn.Sequential(*conv(out, out), *([Attention(out)] if attends else []))

    def forward(self, below: Tensor, beside: Tensor) -> Tensor:
        """Return what both tell."""
        joined: Tensor = self.conv2(self.conv1(F.relu(torch.cat([self.shuf(below), self.bn(beside)], dim=1))))
        return joined


class Refining(nn.Module):
    """Two convolutions whose sum with the input is returned."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Sequential(*conv(channels, channels, norms=False)) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        """Return the refined picture."""
        refined: Tensor = self.layers[1](self.layers[0](x))
        return refined + x


class DeOldify(nn.Module):
    """Maps a grey picture (N, 3, H, W) to a coloured one, both normalised as ImageNet's; sides are multiples of 32."""

    def __init__(self) -> None:
        super().__init__()
        deepest = STAGES[-1][0]
        middle = nn.Sequential(nn.Sequential(*conv(deepest, 2 * deepest)), nn.Sequential(*conv(2 * deepest, deepest)))
        blocks, below = [], deepest
        for index, beside in enumerate((256, 128, 64, 64)):
            joined = below // 2 + beside
            out = int((joined if index < len(SKIPS) - 1 else joined // 2) * FACTOR)
            blocks.append(Joining(below, beside, out, attends=index == ATTENTIVE))
            below = out
        self.layers = nn.ModuleList(
            [
                *(encoder(), nn.BatchNorm2d(deepest), nn.ReLU(), middle, *blocks),
                Enlarging(below, below, norms=False),
                nn.Identity(),  # where the picture itself is joined
                Refining(below + 3),
                nn.Sequential(*conv(below + 3, 3, size=1, activates=False, norms=False)),
            ]
        )

    def forward(self, picture: Tensor) -> Tensor:
        """Return the coloured picture."""
        parts, norm, relu, middle, *blocks, enlarging, _, refining, last = self.layers
        seen, x = {}, picture
        for index, part in enumerate(parts.children()):
            x = seen[index] = part(x)
        x = middle(relu(norm(x)))
        for block, index in zip(blocks, SKIPS, strict=True):
            x = block(x, seen[index])
        x = last(refining(torch.cat([enlarging(x), picture], dim=1)))
        return torch.sigmoid(x) * (2 * RANGE) - RANGE


class ExportedDeOldify(nn.Module):
    """DeOldify with sRGB of 0 to 255 as its input and its output, as the file that is published takes and gives it."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, net: DeOldify) -> None:
        super().__init__()
        self.net = net
        for name, values in (("mean", IMAGENET_MEAN), ("deviation", IMAGENET_DEVIATION)):
            self.register_buffer(name, torch.tensor(values).reshape(1, 3, 1, 1))

    def forward(self, grey: Tensor) -> Tensor:
        """Map grey in three equal planes to sRGB."""
        coloured = self.net((grey / 255 - self.mean) / self.deviation) * self.deviation + self.mean
        return (coloured * 255).clamp(0, 255)
