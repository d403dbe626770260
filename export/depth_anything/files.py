"""The ONNX file of Depth Anything V2 Small."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from export.checkpoint import load_exactly, read_checkpoint
from export.depth_anything.net import DepthAnythingV2
from export.onnx_file import NetworkFile, write_checked
from kbvr.nets import Card, DepthRecipe, Tensor

SIZES_PX = ((70, 56), (182, 126), (294, 518), (518, 518))
"""(width, height) at which torch and onnxruntime are compared; the first is traced."""

SIDES: tuple[int | str, ...] = ("height", "width")


def load_depth_anything(path: Path) -> DepthAnythingV2:
    """Load the official checkpoint `depth_anything_v2_vits.pth`, key for key.

    Raises:
        InputError: if the file cannot be read, or has other keys or shapes.
    """
    return load_exactly(DepthAnythingV2, read_checkpoint(path), path)


def write_depth_anything(net: DepthAnythingV2, folder: Path) -> Card:
    """Write depth-anything-v2-small.onnx and its card, and return the card.

    Raises:
        OutputError: if the folder cannot be created.
        ValueError: if torch and onnxruntime differ.
    """
    noise = np.random.default_rng(0)
    checks = [{"pixel_values": noise.standard_normal((1, 3, height, width), np.float32)} for width, height in SIZES_PX]
    return write_checked([NetworkFile(net.eval(), CARD, checks)], folder)[0]


CARD = Card(
    name="depth-anything-v2-small",
    file="depth-anything-v2-small.onnx",
    sha256="",
    licence="Apache-2.0",
    source="architecture and weights: Yang et al., Depth Anything V2, 2024 (arXiv 2406.09414)",
    task="relative inverse depth from one photo",
    inputs=(
        Tensor("pixel_values", "float32", (1, 3, *SIDES), "sRGB in 0-1, less the mean of ImageNet, by its deviation"),
    ),
    outputs=(Tensor("predicted_depth", "float32", (1, *SIDES), ">= 0, larger is nearer; scale and shift are free"),),
    normalisation="divide by 255, subtract (0.485, 0.456, 0.406), divide by (0.229, 0.224, 0.225), in the order rgb",
    sizes="sides are multiples of 14; made for a short side of 518",
    trained_on="see the paper; by its authors",
    figures={},
    limits="thin things at small sizes; mirrors and glass get the depth of what they show",
    depth=DepthRecipe("pixel_values", "predicted_depth", scaling="imagenet", multiple_of_px=14, long_side_px=686),
)
