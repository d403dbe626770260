"""Label photos with kbvr-depth itself, for a student that is to know more than any of its teachers.

The averaged network looks at each photo and at its mirror image at three sizes: the layout is the mean of the two
smaller ones', the detail is the largest one's. What it doubts is left open. A student that is trained on this with its
pictures disturbed (`train-depth --self-labels`) agrees with it on pictures that are harder.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from torch import nn

from export.depth_figures import predict
from export.teachers import load_rgb, normalised, write_labels
from kbvr.depth.predict import merged
from kbvr.errors import InputError

LAYOUT_LONG_SIDES = (288, 384)
DETAIL_LONG_SIDE = 512
LABEL_LONG_SIDE = 448

GREATEST_ERROR = 0.8
"""Where a larger error is foreseen, in mean absolute deviations, nothing is said of depth."""

GREATEST_UNKNOWN = 0.5
"""A photo of which more than this share is doubted is not labelled at all."""


def label_with_itself(net: nn.Module, photos: Path, labels: Path, earlier: Path | None = None) -> int:
    """Write labels/NAME.npz for every photo that has none; return how many were written.

    The files are as `label` writes them, without windows; sky and subject are those of the earlier labels where they
    have them, for their teachers know them better, and the network's own sky elsewhere. Resumes.

    Raises:
        InputError: if there are no photos.
    """
    paths = sorted(photos.glob("*.jpg"))
    if not paths:
        raise InputError(f"expected a folder of .jpg files, got {photos}")
    labels.mkdir(parents=True, exist_ok=True)
    net.eval()
    written = 0
    for path in paths:
        if (labels / f"{path.stem}.npz").exists():
            continue
        depth, sky = own_label(net, load_rgb(path))
        arrays: dict[str, np.ndarray] = {"depth": depth, "sky": sky, "windows": np.zeros((0, 4), np.int32)}
        before = None if earlier is None else earlier / f"{path.stem}.npz"
        if before is not None and before.exists():
            with np.load(before) as known:
                arrays |= {name: known[name] for name in ("sky", "subject") if name in known}
        if np.isnan(depth).mean() > GREATEST_UNKNOWN:
            continue
        write_labels(labels / f"{path.stem}.npz", arrays)
        written += 1
        if written % 200 == 0:
            print(f"labelled {written}", flush=True)
    return written


def own_label(net: nn.Module, rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return inverse depth, float16, normalised, NaN where it is doubted, and the sky, uint8, of a picture."""
    scale = LABEL_LONG_SIDE / max(rgb.shape[:2])
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    seen = [_both_ways(net, rgb, side) for side in (*LAYOUT_LONG_SIDES, DETAIL_LONG_SIDE)]
    resized = [[cv2.resize(array, size, interpolation=cv2.INTER_LINEAR) for array in arrays] for arrays in seen]
    layout = np.mean([normalised(arrays[0]) for arrays in resized[:-1]], axis=0)
    depth = normalised(merged(layout.astype(np.float32), normalised(resized[-1][0])))
    log_error = np.mean([arrays[2] for arrays in resized], axis=0)
    sky = 1 / (1 + np.exp(-np.mean([arrays[1] for arrays in resized], axis=0)))
    doubted = np.exp(log_error) > GREATEST_ERROR
    return np.where(doubted, np.nan, depth).astype(np.float16), np.round(sky * 255).astype(np.uint8)


def _both_ways(net: nn.Module, rgb: np.ndarray, long_side: int) -> list[np.ndarray]:
    """Return the means of what the network says of a picture and of its mirror image."""
    ahead = predict(net, rgb, long_side)
    mirrored = predict(net, np.ascontiguousarray(rgb[:, ::-1]), long_side)
    return [(one + other[:, ::-1]) / 2 for one, other in zip(ahead, mirrored, strict=True)]
