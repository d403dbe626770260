"""The ONNX file of Mask R-CNN."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from export.checkpoint import load_exactly, read_checkpoint
from export.maskrcnn.net import MaskRcnn
from export.onnx_file import Inputs, NetworkFile, Outputs, write_checked
from kbvr.nets import Card, Tensor

PHOTO = Path(__file__).parents[2] / "examples" / "cat.jpg"
"""The photo on which torch and onnxruntime are compared: noise contains nothing to detect."""

SIZES_PX = ((160, 128), (320, 213), (161, 243))
"""(width, height) of the resized photo; the first is traced."""

TOLERANCE = 1e-3
"""Maximum value of `difference`: a box is rounded to whole px before its mask is resized into it, so the last bit of a
number can move a mask's edge by one."""

EXPORTED_MIN_SCORE = 0.5
"""Minimum score of detections in the file's output, whose masks are as large as the picture. It does not affect the
others, because only a better detection suppresses another."""

RENAMED = (
    (re.compile(r"^(backbone\.fpn\.(?:inner|layer)_blocks\.\d)\.(weight|bias)$"), r"\1.0.\2"),
    (re.compile(r"^(rpn\.head\.conv)\.(weight|bias)$"), r"\1.0.0.\2"),
)
"""torchvision's keys when these weights were trained -> its current keys."""

OLD_MASK_KEY = re.compile(r"^roi_heads\.mask_head\.mask_fcn(\d)\.(weight|bias)$")

SIDES: tuple[int | str, ...] = ("height", "width")


def load_maskrcnn(path: Path) -> MaskRcnn:
    """Load torchvision's weights `maskrcnn_resnet50_fpn_coco-*.pth`, key for key.

    Raises:
        InputError: if the file cannot be read, or has other keys or shapes.
    """
    state = {_present_key(key): value for key, value in read_checkpoint(path).items()}
    return load_exactly(partial(MaskRcnn, min_score=EXPORTED_MIN_SCORE), state, path)


def _present_key(key: str) -> str:
    for pattern, present in RENAMED:
        key = pattern.sub(present, key)
    return OLD_MASK_KEY.sub(lambda found: f"roi_heads.mask_head.{int(found[1]) - 1}.0.{found[2]}", key)


def write_maskrcnn(net: MaskRcnn, folder: Path) -> Card:
    """Write maskrcnn.onnx and its card, and return the card.

    Raises:
        OutputError: if the folder cannot be created.
        ValueError: if torch and onnxruntime differ.
    """
    checks = [photo_at(*size_px) for size_px in SIZES_PX]
    return write_checked([NetworkFile(net.eval(), CARD, checks, measure=difference, tolerance=TOLERANCE)], folder)[0]


def difference(expected: Outputs, got: Outputs) -> float:
    """Return the greatest difference of boxes (share of the long side), scores and masks (mean); inf for labels."""
    if not np.array_equal(expected[1], got[1]):
        return float("inf")
    if not len(got[1]):
        return 0.0
    apart = [np.abs(w.astype(np.float64) - g) for w, g in zip(expected, got, strict=True)]
    return float(np.max([apart[0].max() / max(got[3].shape[2:]), apart[2].max(), apart[3].mean((1, 2, 3)).max()]))


def photo_at(width: int, height: int) -> Inputs:
    """Return the photo at a size, as the network's input."""
    bgr = cv2.imread(str(PHOTO))
    assert bgr is not None, PHOTO
    rgb01 = cv2.resize(bgr, (width, height), interpolation=cv2.INTER_AREA)[..., ::-1].astype(np.float32) / 255
    return {"rgb01": np.ascontiguousarray(rgb01.transpose(2, 0, 1))}


CARD = Card(
    name="maskrcnn",
    file="maskrcnn.onnx",
    sha256="",
    licence="BSD-3-Clause",
    source=(
        "architecture: He et al., Mask R-CNN, 2017 (arXiv 1703.06870); weights: torchvision, maskrcnn_resnet50_fpn,"
        " whose licence it is"
    ),
    task="things in a photo: boxes, COCO ids and masks",
    inputs=(Tensor("rgb01", "float32", (3, *SIDES), "sRGB, 0 to 1"),),
    outputs=(
        Tensor("boxes", "float32", ("things", 4), "left, top, right, bottom, in px; the best first"),
        Tensor("labels", "int64", ("things",), "COCO's ids, 1 to 90"),
        Tensor("scores", "float32", ("things",), f"{EXPORTED_MIN_SCORE} to 1"),
        Tensor("masks", "float32", ("things", 1, *SIDES), "0 to 1; above 0.5 a pixel belongs to the thing"),
    ),
    normalisation="divide by 255; the rest is done inside",
    sizes="any; resized inside to a short side of 800, or a long one of 1333",
    trained_on="COCO 2017, whose pictures have terms of their own; by torchvision",
    figures={},
    limits="knows 80 kinds of things, none besides; masks have 28 x 28 samples: outlines of large things are soft",
)
