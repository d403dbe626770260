"""Train kbvr-depth on photos that `export label` labelled.

python -m export train-depth --photos DIR --labels DIR --run DIR --minutes 60
"""

from __future__ import annotations

import math
import random
from collections import deque
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from export.kbvr_depth import KbvrDepth
from export.mixtures import SIDE_PX, Mixtures
from export.onnx_import import load_folded
from export.rendered import ROOM_HW, rendered_sample
from export.samples import Sample, crop, load_samples
from export.training import Batch, Batches, made_ahead, train_net

CROP_SIZES = ((192, 256), (192, 288), (256, 192), (224, 224))
LARGE_CROP_SIZES = ((288, 384), (256, 384), (384, 288), (320, 320))
"""(height, width) of the batches; the batch shrinks as the crop grows."""

LEAST_LARGE_PX = 320
LARGE_SHARE = 0.4
"""Share of the batches that are large, made of samples that have the pixels for it."""

MIXTURE_SHARE = 0.5
"""Share of the batches that are mixtures, where a teacher is at hand."""

DRAWN_SHARE = 0.3
"""Share of those that are drawn scenes."""

RENDERED_SHARE = 0.15
"""Share of the batches that are ray-cast rooms."""

ROOMS = 2000
"""How many rooms are kept; NEW_ROOM_SHARE of those shown are new."""

NEW_ROOM_SHARE = 0.3

PIXELS_A_BATCH = 12 * 192 * 256


def _shape_for(sample: Sample, sizes: tuple[tuple[int, int], ...] = CROP_SIZES) -> tuple[int, int]:
    """Return the crop shape that leaves off least of a sample."""
    aspect = sample.rgb.shape[1] / sample.rgb.shape[0]
    return min(((h, w) for h, w in sizes), key=lambda hw: abs(math.log(hw[1] / hw[0] / aspect)))


def batches(samples: list[Sample], seed: int, mixtures: Mixtures | None = None) -> Batches:
    """Yield (rgb, depth, sky, finest scale of the loss) batches for ever."""
    by_shape: dict[tuple[int, int], list[Sample]] = {}
    for sample in samples:
        by_shape.setdefault(_shape_for(sample), []).append(sample)
        if max(sample.rgb.shape) >= LEAST_LARGE_PX:
            by_shape.setdefault(_shape_for(sample, LARGE_CROP_SIZES), []).append(sample)
    with_subject = [sample for sample in samples if sample.subject is not None] or samples
    pictures = [sample.rgb for sample in samples]
    rng = random.Random(seed)

    rooms: deque[Sample] = deque(maxlen=ROOMS)

    def room() -> Sample:
        if not rooms or rng.random() < NEW_ROOM_SHARE:
            rgb, inverse_depth = rendered_sample(pictures, rng)
            rooms.append(Sample(rgb, inverse_depth.astype(np.float16), np.zeros((2, 2), np.uint8)))
        return rng.choice(rooms)

    def make() -> Batch:
        if rng.random() < RENDERED_SHARE:
            count = PIXELS_A_BATCH // (ROOM_HW[0] * ROOM_HW[1])
            return _as_tensors([crop(room(), ROOM_HW, rng, with_subject) for _ in range(count)], finest=0)
        if mixtures is not None and rng.random() < MIXTURE_SHARE:
            count = PIXELS_A_BATCH // SIDE_PX**2
            drawn = rng.random() < DRAWN_SHARE
            sample = mixtures.drawn_sample if drawn else mixtures.sample
            made = [sample(pictures, rng) for _ in range(count)]
            no_sky = np.full((SIDE_PX, SIDE_PX), -1, np.float32)
            return _as_tensors([(rgb, depth, no_sky) for rgb, depth in made], finest=0 if drawn else 1)
        of_this = rng.choice(samples)
        large = rng.random() < LARGE_SHARE and max(of_this.rgb.shape) >= LEAST_LARGE_PX
        hw = _shape_for(of_this, LARGE_CROP_SIZES if large else CROP_SIZES)
        count = max(2, PIXELS_A_BATCH // (hw[0] * hw[1]))
        return _as_tensors([crop(rng.choice(by_shape[hw]), hw, rng, with_subject) for _ in range(count)], finest=0)

    return made_ahead(make)


def _as_tensors(crops: list[tuple[np.ndarray, ...]], finest: int) -> Batch:
    rgb, depth, sky = (np.stack(arrays) for arrays in zip(*crops, strict=True))
    rgb_tensor = torch.from_numpy(np.ascontiguousarray(rgb)).permute(0, 3, 1, 2)
    return rgb_tensor, torch.from_numpy(depth)[:, None], torch.from_numpy(sky)[:, None], torch.tensor(finest)


def _standardised(depth: Tensor) -> Tensor:
    """Take each picture's median off and divide by its mean absolute deviation."""
    flat = depth.flatten(1)
    centred = flat - flat.median(dim=1, keepdim=True).values
    return (centred / (centred.abs().mean(dim=1, keepdim=True) + 1e-4)).view_as(depth)


def loss_of(depth: Tensor, sky_logit: Tensor, true_depth: Tensor, true_sky: Tensor, finest: int = 0) -> Tensor:
    """Scale-and-shift-invariant L1, its gradients at five scales, and cross entropy for the sky.

    With `finest` = n the finest n of the scales are left out, for labels whose edges are soft.
    """
    depth, true_depth = (F.avg_pool2d(d, 2**finest) if finest else d for d in (depth, true_depth))
    wanted = _standardised(true_depth)
    error = _standardised(depth) - wanted
    total = error.abs().mean()
    for _ in range(5 - finest):
        along_x = (error[..., :, 1:] - error[..., :, :-1]).abs().mean()
        along_y = (error[..., 1:, :] - error[..., :-1, :]).abs().mean()
        total = total + 0.5 * (along_x + along_y)
        error = F.avg_pool2d(error, 2)
    known = (true_sky >= 0).float()
    entropy = F.binary_cross_entropy_with_logits(sky_logit, true_sky.clamp(0, 1), reduction="none")
    return total + 0.3 * (entropy * known).sum() / known.sum().clamp(min=1)


def agreement(net: nn.Module, samples: list[Sample], device: torch.device) -> dict[str, float]:
    """Return the mean and median correlation with the teachers, and the sky's accuracy."""
    correlations: list[float] = []
    right: list[float] = []
    for sample in samples:
        height, width = sample.rgb.shape[:2]
        hw = (192, 256) if width >= height else (256, 192)
        rgb = cv2.resize(sample.rgb, hw[::-1], interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        depth, sky = net(torch.from_numpy(rgb).permute(2, 0, 1)[None].to(device))
        guess = depth[0, 0].float().cpu().numpy()
        truth = cv2.resize(sample.depth.astype(np.float32), guess.shape[::-1], interpolation=cv2.INTER_AREA)
        correlations.append(float(np.corrcoef(guess.ravel(), truth.ravel())[0, 1]))
        if sample.sky is not None:
            true_sky = cv2.resize(sample.sky, guess.shape[::-1], interpolation=cv2.INTER_AREA) > 127
            right.append(float(((sky[0, 0].cpu().numpy() > 0) == true_sky).mean()))
    return {
        "correlation_mean": float(np.mean(correlations)),
        "correlation_median": float(np.median(correlations)),
        "sky_accuracy": float(np.mean(right)) if right else float("nan"),
    }


def _loss(net: nn.Module, batch: Batch) -> Tensor:
    rgb, depth, sky, finest = batch
    with torch.autocast(rgb.device.type, torch.bfloat16):
        guess, sky_logit = net(rgb.contiguous(memory_format=torch.channels_last))
    return loss_of(guess.float(), sky_logit.float(), depth, sky, int(finest))


def train(
    photos: Path,
    labels: Path,
    run: Path,
    *,
    minutes: float,
    seed: int = 0,
    start_from: Path | None = None,
    teachers: Path | None = None,
) -> Path:
    """Train for so many minutes in all, earlier sessions counted in; return the weights' path.

    A new run may start from a written kbvr-depth.onnx instead of from noise. With the teachers' folder, part of the
    batches are mixtures of photos, labelled as they are made.
    """
    torch.manual_seed(seed)
    kept, held_out = load_samples(photos, labels)
    net = KbvrDepth()
    if start_from is not None and not (run / "checkpoint.pt").exists():
        load_folded(net, start_from, _calibration_batch(kept, seed))
    mixtures = None if teachers is None else Mixtures(teachers)
    return train_net(
        net,
        run,
        minutes=minutes,
        batches_from=lambda step: batches(kept, seed + step, mixtures),
        loss_of=_loss,
        figures_of=lambda averaged, device: agreement(averaged, held_out, device),
    )


def _calibration_batch(samples: list[Sample], seed: int) -> Tensor:
    """Return some pictures (N, 3, H, W) that stand for all."""
    rng = random.Random(seed)
    same_shape = [sample for sample in samples if _shape_for(sample) == CROP_SIZES[0]]
    crops = [crop(rng.choice(same_shape), CROP_SIZES[0], rng, same_shape)[0] for _ in range(64)]
    return torch.from_numpy(np.ascontiguousarray(np.stack(crops).transpose(0, 3, 1, 2)))
