"""DeOldify's checkpoint, and the file that kbvr runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from torch import Tensor

from export.checkpoint import load_exactly, read_checkpoint
from export.deoldify.net import DeOldify, ExportedDeOldify
from export.onnx_file import NetworkFile, write_checked
from kbvr.nets import FETCHED, Card, read_card
from kbvr.nets.model_card import FOLDER

NAME, WEIGHTS = "deoldify-artistic", "model"
"""The network's name; where its checkpoint has the tensors, beside the optimiser's state."""


def load_deoldify(path: Path) -> DeOldify:
    """Return the network of ColorizeArtistic_gen.pth, in eval mode.

    Raises:
        InputError: if the file is not that checkpoint.
    """
    return load_exactly(DeOldify, folded(read_checkpoint(path, part=WEIGHTS)), path)


def folded(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors with plain weights where training had spectral norms or weight norms.

    A spectral norm divides a weight by its largest singular value, as the stored vectors give it (Miyato et al. 2018,
    arXiv:1802.05957); a weight norm scales the direction of every output (Salimans and Kingma 2016, arXiv:1602.07868).
    """
    plain = {}
    for key, tensor in state.items():
        suffix = key.rpartition(".")[2]
        weight = key.removesuffix(suffix) + "weight"
        if suffix == "weight_orig" and {f"{weight}_u", f"{weight}_v"} <= state.keys():
            u, v = (state[f"{weight}_{side}"].float() for side in "uv")
            plain[weight] = tensor / (u @ tensor.float().flatten(1) @ v)
        elif suffix == "weight_g" and f"{weight}_v" in state:
            direction = state[f"{weight}_v"].float()
            length = direction.flatten(1).norm(dim=1).reshape(-1, *[1] * (direction.dim() - 1))
            plain[weight] = tensor * direction / length
        elif suffix not in ("weight_u", "weight_v"):
            plain[key] = tensor
    return plain


def write_deoldify(net: DeOldify, folder: Path) -> Card:
    """Write deoldify_artistic.onnx and its card into a folder, and return the card.

    Raises:
        OutputError: if the folder cannot be written.
        ValueError: if torch and onnxruntime differ by more than TOLERANCE.
    """
    published = read_card(FOLDER / FETCHED[NAME])
    card = replace(published, url="", size_bytes=0, source=published.source.removesuffix(", as ONNX by facefusion"))
    side = published.colour.side_px if published.colour else 0
    noise = np.random.default_rng(0).random((1, 1, side, side), np.float32) * 255
    return write_checked(
        [NetworkFile(ExportedDeOldify(net).eval(), card, [{"input": np.repeat(noise, 3, 1)}])], folder
    )[0]
