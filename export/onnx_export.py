"""Write our networks as ONNX, compare the files with torch, and write their cards.

python -m export kbvr-fill --weights runs/0/weights.pt --figure psnr_db=25
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from export.kbvr_fill import KbvrFill
from export.onnx_file import Inputs, NetworkFile, write_checked
from kbvr.nets import Card
from kbvr.nets import Tensor as CardTensor

SIZES_PX = ((256, 192), (192, 256), (384, 288), (96, 160), (320, 320))
"""(width, height) at which torch and onnxruntime are compared."""

TRACED_PX = (96, 64)

PHOTOS = (
    "about 3,750 photographs from public collections (ADE20K validation, ImageNet samples, BSDS500, Houses,"
    " and smaller CC0, CC-BY and MIT sets; several state no licence, or research use)"
)
SIDES: tuple[int | str, ...] = ("height", "width")


class ExportedFill(nn.Module):
    """kbvr-fill with the outputs of its ONNX file: colours are clipped to 0-1."""

    def __init__(self, net: KbvrFill) -> None:
        super().__init__()
        self.net = net

    def forward(self, rgb01: Tensor, inverse_depth: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        """Map the known pixels to colour and inverse depth everywhere."""
        rgb, filled_depth = self.net(rgb01, inverse_depth, known)
        return rgb.clamp(0, 1), filled_depth


Net = TypeVar("Net", bound=nn.Module)


def load_net(net: Net, weights: Sequence[Path]) -> Net:
    """Return the network with the weights of a state dict, or the mean of several from one training.

    The mean of the weights before and after further training is often better than either on pictures unlike those of
    the training (Wortsman et al., "Robust fine-tuning of zero-shot models", 2022).
    """
    states = [torch.load(path, map_location="cpu", weights_only=True) for path in weights]
    mean = {
        name: sum(state[name] / len(states) for state in states).to(first.dtype) for name, first in states[0].items()
    }
    net.load_state_dict(mean)
    return net


def export_fill(net: KbvrFill, folder: Path, figures: Mapping[str, float]) -> Card:
    """Write kbvr-fill.onnx and kbvr-fill.json into a folder, and return the card.

    Raises:
        ValueError: if torch and onnxruntime differ by more than TOLERANCE at one of SIZES_PX.
    """
    return export_net(ExportedFill(net), replace(FILL_CARD, figures=dict(figures)), folder)


def export_net(wrapped: nn.Module, card: Card, folder: Path) -> Card:
    """Write a network with 16-bit weights and its card, compared with torch at SIZES_PX, and return the card.

    Raises:
        ValueError: if torch and onnxruntime differ by more than TOLERANCE.
    """
    checks = [noise_for(card, *size_px) for size_px in (TRACED_PX, *SIZES_PX)]
    return write_checked([NetworkFile(with_half_weights(wrapped.eval()), card, checks, store_halves)], folder)[0]


@torch.no_grad()
def with_half_weights(net: nn.Module) -> nn.Module:
    """Return a copy whose batch norms are folded into their convolutions and whose weights are exact in 16 bits."""
    net = deepcopy(net)
    for block in list(net.modules()):
        for (name, conv), (norm_name, norm) in pairwise(list(block.named_children())):
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(block, name, fuse_conv_bn_eval(conv, norm))
                setattr(block, norm_name, nn.Identity())
    for parameter in net.parameters():
        if parameter.dim() > 1:
            parameter.copy_(parameter.half().float())
    return net


def store_halves(path: Path) -> None:
    """Store the file's large tensors in 16 bits, with a cast on loading; the results stay the same."""
    model = onnx.load(str(path))
    graph = model.graph
    casts = []
    for tensor in graph.initializer:
        array = numpy_helper.to_array(tensor)
        if array.dtype == np.float32 and array.ndim > 1 and (array == array.astype(np.float16)).all():
            half = f"{tensor.name}_half"
            casts.append(helper.make_node("Cast", [half], [tensor.name], to=onnx.TensorProto.FLOAT))
            tensor.CopyFrom(numpy_helper.from_array(array.astype(np.float16), half))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def noise_for(card: Card, width: int, height: int) -> Inputs:
    """Return an input of random numbers in 0-1 for each of a card's inputs; masks are 0 and 1 in blocks."""
    noise = np.random.default_rng(0)
    arrays = {t.name: noise.random((1, int(t.shape[1]), height, width), np.float32) for t in card.inputs}
    if "known" in arrays:
        arrays["known"] = (arrays["known"][..., ::16, ::16] > 0.3).astype(np.float32).repeat(16, 2).repeat(16, 3)
    return arrays


FILL_CARD = Card(
    name="kbvr-fill",
    file="kbvr-fill.onnx",
    sha256="",
    licence="MIT",
    source="kbvr: architecture and training in export/",
    task="colour and inverse depth of what a photo does not show, from the visible pixels",
    inputs=(
        CardTensor("rgb01", "float32", (1, 3, *SIDES), "sRGB, 0 to 1"),
        CardTensor("inverse_depth", "float32", (1, 1, *SIDES), "any scale and shift"),
        CardTensor("known", "float32", (1, 1, *SIDES), "1: visible, 0: not"),
    ),
    outputs=(
        CardTensor("filled_rgb01", "float32", (1, 3, *SIDES), "sRGB, 0 to 1; what was known is what it was"),
        CardTensor("filled_inverse_depth", "float32", (1, 1, *SIDES), "in the scale and shift of the input"),
    ),
    normalisation="divide by 255",
    sizes="sides are multiples of 32; trained at 192 with holes of 4 to 80 pixels",
    trained_on=f"{PHOTOS}, with inverse depth by TCMonoDepth (MIT)",
    figures={},
    limits="smooth: it continues what is beside the hole, but hardly lines, and invents neither objects nor texture",
)
