"""Label photos with kbvr-depth itself, to train a student that beats all teachers.

The averaged network sees each photo and its mirror image at three sizes. The layout is the mean of the two smaller
ones, the detail comes from the largest. Doubtful pixels stay unknown. A student trained on these labels with disturbed
pictures (`train-depth --self-labels`) learns to agree with the network on harder pictures.
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

MAX_ERROR = 0.8
"""Depth with a larger expected error, in mean absolute deviations, is unknown."""

MAX_UNKNOWN_SHARE = 0.5
"""A photo with a larger share of unknown depth is not labelled."""


def label_with_itself(net: nn.Module, photos: Path, labels: Path, earlier: Path | None = None) -> int:
    """Write labels/NAME.npz for every photo that has none; return the number written. Resumes.

    The files are those of `label` without windows. Sky and subject come from the earlier labels, whose teachers are
    better at them; without those, the sky is the network's own.

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
        if np.isnan(depth).mean() > MAX_UNKNOWN_SHARE:
            continue
        write_labels(labels / f"{path.stem}.npz", arrays)
        written += 1
        if written % 200 == 0:
            print(f"labelled {written}", flush=True)
    return written


def own_label(net: nn.Module, rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a picture's inverse depth (float16, normalised, NaN where doubtful) and its sky (uint8)."""
    scale = LABEL_LONG_SIDE / max(rgb.shape[:2])
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    seen = [_mirror_averaged(net, rgb, side) for side in (*LAYOUT_LONG_SIDES, DETAIL_LONG_SIDE)]
    resized = [[cv2.resize(array, size, interpolation=cv2.INTER_LINEAR) for array in arrays] for arrays in seen]
    layout = np.mean([normalised(arrays[0]) for arrays in resized[:-1]], axis=0)
    depth = normalised(merged(layout.astype(np.float32), normalised(resized[-1][0])))
    log_error = np.mean([arrays[2] for arrays in resized], axis=0)
    sky = 1 / (1 + np.exp(-np.mean([arrays[1] for arrays in resized], axis=0)))
    doubted = np.exp(log_error) > MAX_ERROR
    return np.where(doubted, np.nan, depth).astype(np.float16), np.round(sky * 255).astype(np.uint8)


def _mirror_averaged(net: nn.Module, rgb: np.ndarray, long_side: int) -> list[np.ndarray]:
    """Return the network's outputs, as the mean over a picture and its mirror image."""
    ahead = predict(net, rgb, long_side)
    mirrored = predict(net, np.ascontiguousarray(rgb[:, ::-1]), long_side)
    return [(plain + flipped[:, ::-1]) / 2 for plain, flipped in zip(ahead, mirrored, strict=True)]
