"""Train kbvr-damage on damage that is drawn over photos (`bench.damage`)."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.damage import as_print, damaged
from export.colour_photos import index_of
from export.kbvr_damage import KbvrDamage
from export.steady_training import Plan, train_steadily
from export.teachers import load_rgb
from export.training import Batch

RATE = 2e-3
SIDE_PX, PICTURES = 320, 6
"""Of a batch."""

DAMAGED_SHARE, PRINT_SHARE = 0.5, 0.2
"""Shares of damaged prints and of intact ones; the rest are photos as they are."""

SCALES = (0.6, 1.6)
"""By how much photos, whose long side is about 512, are enlarged."""

DICE_WEIGHT = 0.3
OLD = ("old-photo", "old photo")
"""In the names of sources whose photos may be damaged."""

MEASURED_EVERY = 20
"""`bench.repair` measures on every so many photos, from the first on."""

MEASURED_OF = 5
"""The figures of a training are those of every so many of them."""

TOUCHED = (0.0005, 0.001, 0.002)
"""Shares of intact pixels touched at which the found share of the damage is measured."""


def photos_for(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the photos to train on, and those that `bench.repair` measures on; old photos are in neither."""
    sources = index_of(folder)
    paths = sorted(folder.glob("*.jpg"))
    parts: tuple[list[Path], list[Path]] = ([], [])
    for number, path in enumerate(paths):
        source = sources.get(path.stem, ("", ""))[0].lower()
        if not any(word in source for word in OLD):
            parts[number % MEASURED_EVERY == 0].append(path)
    kept, measured = parts
    return kept, measured


def sample(path: Path, rng: random.Random) -> tuple[np.ndarray, np.ndarray]:
    """Return a picture, float32 (3, H, W) in 0-1, and its damage, float32 (H, W)."""
    rgb = _crop(load_rgb(path), rng)
    draws = np.random.default_rng(rng.randrange(2**32))
    kind = rng.random()
    damage = np.zeros(rgb.shape[:2], np.float32)
    if kind < DAMAGED_SHARE:
        done = damaged(as_print(rgb, draws), draws)
        rgb, damage = done.rgb, done.mask.astype(np.float32)
    elif kind < DAMAGED_SHARE + PRINT_SHARE:
        rgb = as_print(rgb, draws)
    return rgb.transpose(2, 0, 1).astype(np.float32) / 255, damage


def _crop(rgb: np.ndarray, rng: random.Random) -> np.ndarray:
    """Return a square of a photo at another size, mirrored or turned at random."""
    low, high = (math.log(scale) for scale in SCALES)
    scale = max(math.exp(rng.uniform(low, high)), SIDE_PX / min(rgb.shape[:2]))
    side = min(round(SIDE_PX / scale), *rgb.shape[:2])
    y, x = (rng.randrange(length - side + 1) for length in rgb.shape[:2])
    part = rgb[y : y + side, x : x + side]
    how = cv2.INTER_AREA if side > SIDE_PX else cv2.INTER_CUBIC
    part = cv2.resize(part, (SIDE_PX, SIDE_PX), interpolation=how)
    if rng.random() < 0.5:
        part = part[:, ::-1]
    if rng.random() < 0.1:
        part = np.rot90(part)
    return np.ascontiguousarray(part)


def batch_of(photos: Sequence[Path], step: int, seed: int) -> Batch:
    """Return pictures (N, 3, H, W) and their damage (N, 1, H, W); they depend on seed and step alone."""
    rng = random.Random(seed * 1_000_003 + step)
    pairs = [sample(path, rng) for path in rng.choices(photos, k=PICTURES)]
    pictures, damage = (torch.from_numpy(np.stack(part)) for part in zip(*pairs, strict=True))
    return pictures.contiguous(memory_format=torch.channels_last), damage[:, None]


def losses_of(net: nn.Module, batch: Batch) -> dict[str, Tensor]:
    """Return the cross-entropy of every pixel, and how little of the damage is covered (Dice)."""
    pictures, damage = batch
    with torch.autocast(pictures.device.type, torch.bfloat16):
        logits = net(pictures)
    logits = logits.float()
    found = torch.sigmoid(logits)
    dice = 1 - (2 * (found * damage).sum() + 1) / (found.sum() + damage.sum() + 1)
    return {"pixels": 10 * F.binary_cross_entropy_with_logits(logits, damage), "dice": DICE_WEIGHT * dice}


@torch.no_grad()
def figures_of(net: nn.Module, photos: Sequence[Path]) -> dict[str, float]:
    """Return the share of the damage that is found where so much of intact photos and prints is touched."""
    intact, hit = [], []
    for number, path in enumerate(photos):
        rng = np.random.default_rng(number)
        rgb = load_rgb(path)
        rgb = rgb[: rgb.shape[0] // 16 * 16, : rgb.shape[1] // 16 * 16]
        done = damaged(as_print(rgb, rng), rng)
        for picture, mask in ((rgb, None), (done.intact, None), (done.rgb, done.mask)):
            tensor = torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))[None].float() / 255
            logits = net(tensor)[0, 0].numpy()
            if mask is None:
                intact.append(logits.ravel())
            else:
                hit.append(logits[mask])
    everything, found = np.sort(np.concatenate(intact)), np.concatenate(hit)
    bars = {share: everything[-max(1, round(share * len(everything)))] for share in TOUCHED}
    return {f"found_at_{share}": float((found > bar).mean()) for share, bar in bars.items()} | {
        f"bar_at_{share}": float(bar) for share, bar in bars.items()
    }


def plan_of(steps: int) -> Plan:
    """Return the plan of a whole training, in whose second half the rate falls to zero."""
    return Plan(steps, decay_steps=steps // 2, figures_every=1)


def train(run: Path, plan: Plan, photos: Path, *, seed: int = 0) -> Path:
    """Train or resume as planned; return the path of the averaged weights."""
    torch.manual_seed(seed)
    kept, measured = photos_for(photos)
    return train_steadily(
        KbvrDamage(),
        run,
        plan,
        rate_of=lambda _: RATE,
        batch_of=lambda step: batch_of(kept, step, seed),
        losses_of=losses_of,
        figures_of=lambda net: figures_of(net, measured[::MEASURED_OF]),
    )
