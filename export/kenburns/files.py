"""ONNX files from a user's own checkpoints of the paper's networks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from export.checkpoint import load_exactly, read_checkpoint
from export.kenburns.cards import CONTEXT_CARD, DISPARITY_CARD, INPAINTING_CARD, REFINEMENT_CARD
from export.kenburns.disparity import VGG_CHANNELS, DisparityGrid, ExportedDisparity, VggFeatures
from export.kenburns.inpainting import ExportedContext, ExportedInpainting, Inpainting
from export.kenburns.refinement import Refinement
from export.onnx_file import Inputs, NetworkFile, write_checked
from kbvr.errors import InputError
from kbvr.nets import Card

SIZES_PX = ((96, 64), (509, 341), (192, 256), (61, 43))
"""(width, height) at which torch and onnxruntime are compared; the first is traced."""

VGG_PATTERN = "vgg19_bn*.pth"


@dataclass(frozen=True, eq=False)
class KenburnsNets:
    """The paper's networks with their weights, in eval mode."""

    disparity: DisparityGrid
    vgg: VggFeatures
    refinement: Refinement
    inpainting: Inpainting


def load_kenburns(folder: Path) -> KenburnsNets:
    """Load the three official checkpoints and torchvision's VGG-19-bn from a folder, key for key.

    Raises:
        InputError: if one of the four files is missing, or has other keys or shapes.
    """
    names = ("network-disparity.pytorch", "network-refinement.pytorch", "network-inpainting.pytorch")
    disparity, refinement, inpainting = (folder / name for name in names)
    missing = [path.name for path in (disparity, refinement, inpainting) if not path.is_file()]
    vgg = sorted(folder.glob(VGG_PATTERN))
    if missing or len(vgg) != 1:
        found = ", ".join([*missing, *([] if vgg else [VGG_PATTERN])])
        problem = f"without {found}" if found else f"with {len(vgg)} files named {VGG_PATTERN}"
        raise InputError(f"expected {', '.join(names)} and one {VGG_PATTERN} in a folder, got {folder} {problem}")
    return KenburnsNets(
        disparity=load_exactly(DisparityGrid, read_checkpoint(disparity), disparity),
        vgg=_load_vgg(vgg[0]),
        refinement=load_exactly(Refinement, read_checkpoint(refinement), refinement),
        inpainting=load_exactly(Inpainting, read_checkpoint(inpainting), inpainting),
    )


def _load_vgg(path: Path) -> VggFeatures:
    """Return the part of torchvision's VGG-19-bn that the paper uses: everything up to the fourth pool."""
    layers = sum(3 * len(block) + 1 for block in VGG_CHANNELS)
    used = tuple(f"features.{index}." for index in range(layers))
    part = {key: value for key, value in read_checkpoint(path).items() if key.startswith(used)}
    return load_exactly(VggFeatures, part, path)


def write_kenburns(nets: KenburnsNets, folder: Path) -> list[Card]:
    """Write the four ONNX files and their cards, all or none, and return the cards.

    Raises:
        OutputError: if the folder cannot be created.
        ValueError: if torch and onnxruntime differ.
    """
    parts = (
        (ExportedDisparity(nets.disparity, nets.vgg), DISPARITY_CARD),
        (nets.refinement, REFINEMENT_CARD),
        (ExportedContext(nets.inpainting), CONTEXT_CARD),
        (ExportedInpainting(nets.inpainting), INPAINTING_CARD),
    )
    checks = {card.name: [noise_for(card, *size_px) for size_px in SIZES_PX] for _, card in parts}
    return write_checked([NetworkFile(net.eval(), card, checks[card.name]) for net, card in parts], folder)


def noise_for(card: Card, width: int, height: int) -> Inputs:
    """Return noise for the card's inputs: colours and disparities like photos', features of a rendering with holes."""
    noise = np.random.default_rng(0)
    quarter = (round(height / 4), round(width / 4))
    covered = (noise.random((1, 1, height, width)) > 0.2).astype(np.float32)
    arrays = {
        "bgr01": noise.random((1, 3, height, width), np.float32),
        "disparity": 40
        * noise.random((1, 1, *(quarter if card.name == REFINEMENT_CARD.name else (height, width))), np.float32),
        "features": noise.standard_normal((1, 68, height, width), np.float32) * covered,
        "covered": covered,
        "mean": np.array([0.45, 12], np.float32).reshape(1, 2, 1, 1),
        "deviation": np.array([0.25, 9], np.float32).reshape(1, 2, 1, 1),
    }
    return {tensor.name: arrays[tensor.name] for tensor in card.inputs}
