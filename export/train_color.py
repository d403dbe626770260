"""Train kbvr-color on colour photos.

python -m export train-color --photos DIR --encoder FILE --run DIR
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from export.color_checkpoint import read_halves
from export.color_export import write_sources
from export.colour_bins import annealed_mean, frequencies, rarity_weights, shares_of
from export.colour_photos import Photos, crop_from, lab_from, open_photos, rgb_from
from export.efficientnet import load_encoder, packaged_weights
from export.kbvr_color import COARSE, KbvrColor, enlarged
from export.steady_training import Plan, train_steadily
from export.training import Batch
from kbvr.errors import InputError

ENCODER_RATE = 2e-4
DECODER_RATE = 1e-3

SMALL_PX, LARGE_PX = 192, 256
SMALL_STEPS = 6000
"""Number of first steps with small pictures only; later every second batch has large ones."""

BATCH_PIXELS = 16 * SMALL_PX**2
"""Pixels of a batch: 16 small pictures or 9 large ones."""

FRAME_WEIGHT = 0.3
"""How often a picture is used that others resemble, relative to 1 for a photo."""

SCALE = 20.0
"""Chroma that counts as 1 in the losses, in units of a and b."""

PATCHES_WEIGHT = 0.2
"""Of the loss against patches of colour inside one thing."""

MIXING_WEIGHT = 0.5
"""Of the loss of the enlargement."""

FIGURES_PX = 256
SHEET_PHOTOS, SHEET_ROWS, SHEET_PX = 12, 4, 176


def losses_of(net: nn.Module, batch: Batch, weight_of_bin: Tensor) -> dict[str, Tensor]:
    """Return the losses of the bins, of the mean's edges, and of the enlargement of the true chroma.

    The enlargement learns from true coarse chroma, so it learns where edges are whatever the colours are.
    """
    lightness, ab = batch
    assert isinstance(net, KbvrColor)
    with torch.autocast(lightness.device.type, torch.bfloat16):
        logits, mixing = net(lightness)
    coarse = F.avg_pool2d(ab, COARSE)
    mean = annealed_mean(logits.float(), net.centres)
    mixed = enlarged(coarse, mixing.float())
    return {
        "bins": bins_loss(logits.float(), coarse, weight_of_bin),
        "patches": PATCHES_WEIGHT * patches_loss(mean, coarse),
        "mixing": MIXING_WEIGHT * F.smooth_l1_loss(mixed / SCALE, ab / SCALE, beta=0.1),
    }


def bins_loss(logits: Tensor, ab: Tensor, weight_of_bin: Tensor) -> Tensor:
    """Return the cross-entropy of logits (N, Q, h, w) against chroma (N, 2, h, w); rare bins weigh more."""
    bins, shares = shares_of(ab)
    log_probabilities = torch.log_softmax(logits.permute(0, 2, 3, 1), dim=-1)  # no copies: channels are last in memory
    log_probability = log_probabilities.gather(-1, bins.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
    weight = (weight_of_bin[bins] * shares).sum(dim=1)
    return -((log_probability * shares).sum(dim=1) * weight).sum() / weight.sum()


def patches_loss(ab: Tensor, truth: Tensor) -> Tensor:
    """Return how much neighbours differ otherwise than in truth, at two scales: colour must not come in patches."""
    error = (ab - truth) / SCALE
    total = ab.new_zeros(())
    for _ in range(2):
        total = total + (error.diff(dim=2).abs().mean() + error.diff(dim=3).abs().mean()) / 2
        error = F.avg_pool2d(error, 2)
    return total


def batch_of(photos: Photos, numbers: Sequence[int], step: int, seed: int) -> Batch:
    """Return lightness (N, 1, H, W) and chroma (N, 2, H, W) of a step; they depend on seed and step alone."""
    rng = random.Random(seed * 1_000_003 + step)
    size_px = LARGE_PX if step >= SMALL_STEPS and step % 2 else SMALL_PX
    weights = [FRAME_WEIGHT if photos.listed[number].is_frame else 1.0 for number in numbers]
    chosen = rng.choices(numbers, weights, k=BATCH_PIXELS // size_px**2)
    crops = [crop_from(photos.rgb(number), size_px, rng) for number in chosen]
    lightness = torch.from_numpy(np.stack([crop.lightness for crop in crops])[:, None])
    return lightness.contiguous(), torch.from_numpy(np.stack([crop.ab for crop in crops]))


def bin_weights(photos: Photos, numbers: Sequence[int]) -> Tensor:
    """Return the weight (Q,) of each bin in the loss, from the photos' own colours."""
    shares = [frequencies(_chroma(photos.rgb(number), 48)[1]) for number in numbers]
    return rarity_weights(torch.stack(shares).mean(dim=0))


def _chroma(rgb: np.ndarray, size_px: int) -> tuple[Tensor, Tensor]:
    """Return lightness (1, 1, H, W) and chroma (1, 2, H, W) of a whole photo."""
    lab = lab_from(cv2.resize(rgb, (size_px, size_px), interpolation=cv2.INTER_AREA))
    planes = torch.from_numpy(lab).permute(2, 0, 1)[None]
    return planes[:, :1].contiguous() / 100, planes[:, 1:].contiguous()


@torch.no_grad()
def figures_of(net: KbvrColor, photos: Photos, numbers: Sequence[int], sheet: Path | None = None) -> dict[str, float]:
    """Return how the colours of whole photos come out, and write a sheet of the first: grey, coloured, true.

    - `chroma_error`: mean distance in a and b; `chroma_error_of_grey` is that of the grey photo.
    - `colourfulness`: mean chroma as a share of the true one.
    - `chroma_psnr_db`: of a and b, with a maximum of 255 (median of the photos).
    """
    errors, grey_errors, chromas, psnrs, rows = [], [], [], [], []
    for place, number in enumerate(numbers):
        lightness, truth = _chroma(photos.rgb(number), FIGURES_PX)
        ab = net.chroma(lightness)
        errors.append(float((ab - truth).norm(dim=1).mean()))
        grey_errors.append(float(truth.norm(dim=1).mean()))
        chromas.append(float(ab.norm(dim=1).mean()))
        psnrs.append(10 * math.log10(255**2 / max(float((ab - truth).square().mean()), 1e-8)))
        if place < SHEET_PHOTOS:
            shown = (torch.zeros_like(ab), ab, truth)
            rows.append(np.hstack([rgb_from(lightness[0, 0].numpy(), chroma[0].numpy()) for chroma in shown]))
    if sheet is not None:
        _write_sheet(rows, sheet)
    return {
        "chroma_error": float(np.mean(errors)),
        "chroma_error_of_grey": float(np.mean(grey_errors)),
        "colourfulness": float(np.mean(chromas) / np.mean(grey_errors)),
        "chroma_psnr_db": float(np.median(psnrs)),
    }


def _write_sheet(triples: list[np.ndarray], path: Path) -> None:
    small = [cv2.resize(row, (3 * SHEET_PX, SHEET_PX), interpolation=cv2.INTER_AREA) for row in triples]
    small += [np.zeros_like(small[0])] * (-len(small) % SHEET_ROWS)
    columns = [np.vstack(small[start : start + SHEET_ROWS]) for start in range(0, len(small), SHEET_ROWS)]
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.ascontiguousarray(np.hstack(columns)[..., ::-1]))


def train(
    run: Path,
    plan: Plan,
    *,
    photos: Path,
    frames: Path | None = None,
    cache: Path | None = None,
    encoder: Path | None = None,
    start_from: Path | None = None,
    seed: int = 0,
) -> Path:
    """Train or resume as planned; return the path of the averaged weights.

    The encoder starts from the installed package's weights or a similar file; or the whole network starts from the
    16-bit weights of `halve-color`, at the step they were written. The cache of photos is in the run's folder unless
    it is given.
    """
    torch.manual_seed(seed)
    opened = open_photos(photos, frames, run / "photos" if cache is None else cache)
    kept, held_out = opened.parted()
    if not held_out:
        raise InputError(f"expected more photos, got {len(kept)}, of which none is held out")
    net = KbvrColor()
    first_step = 0
    if start_from is not None:
        first_step = read_halves(net, start_from)
    elif not (run / "checkpoint.pt").exists():
        state = load_encoder(encoder or packaged_weights())
        net.encoder.load_state_dict({name: state[name] for name in net.encoder.state_dict()})
    write_sources(run, (opened.listed[number] for number in kept))
    weights = bin_weights(opened, kept)

    def measured(averaged: nn.Module) -> dict[str, float]:
        assert isinstance(averaged, KbvrColor)
        number = len(list((run / "sheets").glob("*.png")))
        return figures_of(averaged, opened, held_out, run / "sheets" / f"{number:04}.png")

    return train_steadily(
        net,
        run,
        replace(plan, first_step=first_step),
        rate_of=lambda part: ENCODER_RATE if part == "encoder" else DECODER_RATE,
        batch_of=lambda step: batch_of(opened, kept, step, seed),
        losses_of=lambda net, batch: losses_of(net, batch, weights),
        figures_of=measured,
    )
