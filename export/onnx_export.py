"""Write kbvr-depth as ONNX, check that it computes what torch computes, and write its card.

python -m export kbvr-depth --weights runs/0/kbvr-depth.pt --figure pairs_correlation=0.77
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import Tensor, nn

from export.kbvr_depth import KbvrDepth
from kbvr.nets import Card, open_session
from kbvr.nets import Tensor as CardTensor
from kbvr.nets.card import card_text

OPSET = 18
SIZES_PX = ((256, 192), (192, 256), (384, 256), (96, 160))
"""(width, height) at which torch and onnxruntime are compared."""

TOLERANCE = 1e-4
"""Greatest difference allowed, absolute; relative inverse depth has a spread of about 1."""

OUTPUT_NAMES = ("relative_inverse_depth", "sky_probability")

TRAINED_ON = (
    "about 3,750 photographs from public collections (ADE20K validation, ImageNet samples, BSDS500, Houses,"
    " and smaller CC0, CC-BY and MIT sets; several state no licence, or research use), labelled by"
    " TCMonoDepth (MIT) and Sky-Segmentation-and-Post-processing (MIT)"
)


class ExportedDepth(nn.Module):
    """kbvr-depth with the outputs that its ONNX file has: the sky as a probability."""

    def __init__(self, net: KbvrDepth) -> None:
        super().__init__()
        self.net = net

    def forward(self, rgb01: Tensor) -> tuple[Tensor, Tensor]:
        """Map rgb in 0-1 to relative inverse depth and sky probability."""
        inverse_depth, sky_logit = self.net(rgb01)
        return inverse_depth, torch.sigmoid(sky_logit)


def load_net(weights: Path) -> KbvrDepth:
    """Return the network with the weights of a state dict."""
    net = KbvrDepth()
    net.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    return net


def export_depth(net: KbvrDepth, folder: Path, figures: Mapping[str, float]) -> Card:
    """Write kbvr-depth.onnx and kbvr-depth.json into the folder and return the card.

    Raises:
        ValueError: if torch and onnxruntime differ by more than TOLERANCE at one of SIZES_PX.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wrapped = ExportedDepth(net).eval()
    with TemporaryDirectory(dir=folder) as aside:
        path = Path(aside) / "kbvr-depth.onnx"
        _write(wrapped, path)
        card = depth_card(path, figures)
        difference = greatest_difference(wrapped, card)
        if not difference <= TOLERANCE:
            raise ValueError(f"torch and onnxruntime may differ by {TOLERANCE}, got {difference}")
        path.replace(folder / path.name)
    (folder / "kbvr-depth.json").write_text(card_text(card), "utf-8")
    return replace(card, folder=folder)


def _write(wrapped: ExportedDepth, path: Path) -> None:
    sides = {2: "height", 3: "width"}
    halves = {2: "half_height", 3: "half_width"}
    with warnings.catch_warnings():
        # The tracing exporter needs no further package and writes one file with batch norm folded in.
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        torch.onnx.export(
            wrapped,
            (torch.rand(1, 3, 64, 96),),
            path,
            dynamo=False,
            opset_version=OPSET,
            input_names=["rgb01"],
            output_names=list(OUTPUT_NAMES),
            dynamic_axes={"rgb01": sides, OUTPUT_NAMES[0]: halves, OUTPUT_NAMES[1]: halves},
        )


@torch.no_grad()
def greatest_difference(wrapped: ExportedDepth, card: Card, sizes_px: Sequence[tuple[int, int]] = SIZES_PX) -> float:
    """Return the greatest absolute difference between torch and onnxruntime over some sizes."""
    session = open_session(card, device="cpu")
    noise = np.random.default_rng(0)
    worst = 0.0
    for width, height in sizes_px:
        rgb01 = noise.random((1, 3, height, width), np.float32)
        wanted = wrapped(torch.from_numpy(rgb01))
        for torch_out, onnx_out in zip(wanted, session.run(None, {"rgb01": rgb01}), strict=True):
            if tuple(torch_out.shape) != onnx_out.shape:
                raise ValueError(f"wanted an output of shape {tuple(torch_out.shape)}, got {onnx_out.shape}")
            worst = max(worst, float(np.abs(torch_out.numpy() - onnx_out).max()))
    return worst


def depth_card(path: Path, figures: Mapping[str, float]) -> Card:
    """Return the card of a kbvr-depth.onnx."""
    half = (1, 1, "half_height", "half_width")
    return Card(
        name="kbvr-depth",
        file=path.name,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        licence="MIT",
        source="kbvr: architecture and training in export/",
        task="relative inverse depth and sky from one photo",
        inputs=(CardTensor("rgb01", "float32", (1, 3, "height", "width"), "sRGB, 0 to 1"),),
        outputs=(
            CardTensor(OUTPUT_NAMES[0], "float32", half, "larger is nearer; scale and shift are free"),
            CardTensor(OUTPUT_NAMES[1], "float32", half, "0 to 1"),
        ),
        normalisation="divide by 255; mean and deviation are taken inside",
        sizes="sides are multiples of 32; trained at 192 to 352, best with the long side at 256",
        trained_on=TRAINED_ON,
        figures=dict(figures),
        limits="version 0: soft depth edges, thin things are missed; mirrors and glass are taken for what they show",
        folder=path.parent,
    )
