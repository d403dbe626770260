"""Train kbvr-depth on photos that `export label` labelled.

python -m export train-depth --photos DIR --labels DIR --run DIR --minutes 60
"""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from export.kbvr_depth import KbvrDepth
from export.mixtures import SIDE_PX, Mixtures
from export.onnx_import import load_folded
from export.rendered import rendered_sample
from export.samples import Sample, crop, cut_out_subjects, load_samples
from export.training import Batch, Batches, made_ahead, train_net

LAYOUT_HW = ((192, 256), (192, 288), (256, 192), (224, 224))
FULL_HW = ((384, 512), (320, 512), (512, 384), (448, 448))
"""(height, width) of the batches for the trunk alone and for the whole network, whose trunk sees half of that."""

FULL_SHARE = 0.5
"""Share of the batches of photos that are for the whole network."""

MIXTURE_SHARE = 0.15
"""Share of all batches that are mixtures, where a teacher is at hand; for the trunk."""

SCENE_SHARE = 0.3
"""Share of all batches that are ray-cast scenes; for the whole network."""

SCENE_HW = FULL_HW[0]
POOL = 1500
LEAST_POOL = 100
NEW_SHARE = 0.2
"""How many scenes and mixtures are kept to be shown again, how many there are before any is, and the share of those
shown then that are new."""

EDGE_WEIGHT = 0.5
EDGE_JUMP = 0.25
EDGE_REACH_PX = 5
"""Weight of what is wrong near edges; how much normalised inverse depth jumps from one pixel to the next at an edge;
how far from it is near."""

LAYOUT_BATCH_PIXELS = 8 * 192 * 256
FULL_BATCH_PIXELS = 4 * 384 * 512
LEARNING_RATE = 1e-3
TRAINED_RATE = 2e-4
"""Greatest learning rate of a trunk that was trained before: a higher one would undo more than it adds."""


class Pool:
    """Samples that cost time to make, shown more than once."""

    def __init__(self, make: Callable[[], Sample], rng: random.Random) -> None:
        self._make = make
        self._rng = rng
        self._kept: deque[Sample] = deque(maxlen=POOL)

    def sample(self) -> Sample:
        """Return a new sample, or an old one."""
        if len(self._kept) < LEAST_POOL or self._rng.random() < NEW_SHARE:
            self._kept.append(self._make())
            return self._kept[-1]
        return self._rng.choice(self._kept)


def _shape_for(sample: Sample, sizes: tuple[tuple[int, int], ...] = LAYOUT_HW) -> tuple[int, int]:
    """Return the crop shape that leaves off least of a sample."""
    aspect = sample.rgb.shape[1] / sample.rgb.shape[0]
    return min(sizes, key=lambda hw: abs(math.log(hw[1] / hw[0] / aspect)))


def batches(samples: list[Sample], seed: int, mixtures: Mixtures | None = None) -> Batches:
    """Yield (rgb, depth, sky, whole) batches for ever; `whole` is 1 where the whole network is to be asked."""
    by_shape: dict[tuple[int, int], list[Sample]] = {}
    for sample in samples:
        for sizes in (LAYOUT_HW, FULL_HW):
            by_shape.setdefault(_shape_for(sample, sizes), []).append(sample)
    with_subject = [sample for sample in samples if sample.subject is not None] or samples
    pictures = [sample.rgb for sample in samples]
    subjects = cut_out_subjects(samples)
    rng = random.Random(seed)

    def new_scene() -> Sample:
        scene = rendered_sample(pictures, subjects, rng, SCENE_HW)
        sky = scene.sky.astype(np.uint8) * 255
        return Sample(scene.rgb, scene.inverse_depth.astype(np.float16), sky)

    def new_mixture() -> Sample:
        assert mixtures is not None
        rgb, depth = mixtures.sample(pictures, rng)
        return Sample(np.round(rgb * 255).astype(np.uint8), depth.astype(np.float16), None)

    scenes, mixed = Pool(new_scene, rng), Pool(new_mixture, rng)

    def make() -> Batch:
        kind = rng.random()
        if kind < SCENE_SHARE:
            hw, draw = SCENE_HW, scenes.sample
        elif mixtures is not None and kind < SCENE_SHARE + MIXTURE_SHARE:
            return _as_tensors([_plain(mixed.sample()) for _ in range(LAYOUT_BATCH_PIXELS // SIDE_PX**2)], whole=False)
        else:
            sizes = FULL_HW if rng.random() < FULL_SHARE else LAYOUT_HW
            hw = _shape_for(rng.choice(samples), sizes)
            draw = lambda: rng.choice(by_shape[hw])  # noqa: E731
        whole = hw in FULL_HW
        count = (FULL_BATCH_PIXELS if whole else LAYOUT_BATCH_PIXELS) // (hw[0] * hw[1])
        return _as_tensors([crop(draw(), hw, rng, with_subject) for _ in range(count)], whole=whole)

    return made_ahead(make)


def _plain(sample: Sample) -> tuple[np.ndarray, ...]:
    """Return a sample as it is, without a sky label."""
    return (
        sample.rgb.astype(np.float32) / 255,
        sample.depth.astype(np.float32),
        np.full((SIDE_PX, SIDE_PX), -1, np.float32),
    )


def _as_tensors(crops: list[tuple[np.ndarray, ...]], *, whole: bool) -> Batch:
    rgb, depth, sky = (np.stack(arrays) for arrays in zip(*crops, strict=True))
    rgb_tensor = torch.from_numpy(np.ascontiguousarray(rgb)).permute(0, 3, 1, 2)
    return rgb_tensor, torch.from_numpy(depth)[:, None], torch.from_numpy(sky)[:, None], torch.tensor(int(whole))


def _standardised(depth: Tensor) -> Tensor:
    """Take each picture's median off and divide by its mean absolute deviation."""
    flat = depth.flatten(1)
    centred = flat - flat.median(dim=1, keepdim=True).values
    return (centred / (centred.abs().mean(dim=1, keepdim=True) + 1e-4)).view_as(depth)


def loss_of(depth: Tensor, sky_logit: Tensor, true_depth: Tensor, true_sky: Tensor) -> Tensor:
    """Scale-and-shift-invariant L1, also along edges alone, its gradients at five scales, cross entropy for the sky."""
    wanted = _standardised(true_depth)
    error = _standardised(depth) - wanted
    edges = _near_edges(wanted)
    total = error.abs().mean() + EDGE_WEIGHT * (error.abs() * edges).sum() / edges.sum().clamp(min=1)
    for _ in range(5):
        along_x = (error[..., :, 1:] - error[..., :, :-1]).abs().mean()
        along_y = (error[..., 1:, :] - error[..., :-1, :]).abs().mean()
        total = total + 0.5 * (along_x + along_y)
        error = F.avg_pool2d(error, 2)
    known = (true_sky >= 0).float()
    entropy = F.binary_cross_entropy_with_logits(sky_logit, true_sky.clamp(0, 1), reduction="none")
    return total + 0.3 * (entropy * known).sum() / known.sum().clamp(min=1)


def _near_edges(depth: Tensor) -> Tensor:
    """Return 1 where inverse depth (N, 1, H, W) jumps within EDGE_REACH_PX, else 0."""
    along_x = F.pad((depth[..., :, 1:] - depth[..., :, :-1]).abs(), (0, 1))
    along_y = F.pad((depth[..., 1:, :] - depth[..., :-1, :]).abs(), (0, 0, 0, 1))
    jumps = (torch.maximum(along_x, along_y) > EDGE_JUMP).float()
    side = 2 * EDGE_REACH_PX + 1
    in_rows = F.max_pool2d(jumps, (1, side), 1, (0, EDGE_REACH_PX))
    return F.max_pool2d(in_rows, (side, 1), 1, (EDGE_REACH_PX, 0))


def agreement(net: nn.Module, samples: list[Sample], device: torch.device) -> dict[str, float]:
    """Return the mean and median correlation with the teachers, and the sky's accuracy."""
    correlations: list[float] = []
    right: list[float] = []
    for sample in samples:
        height, width = sample.rgb.shape[:2]
        hw = (384, 512) if width >= height else (512, 384)
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
    assert isinstance(net, KbvrDepth)
    rgb, depth, sky, whole = batch
    with torch.autocast(rgb.device.type, torch.bfloat16):
        guess, sky_logit = (net if whole else net.layout)(rgb.contiguous(memory_format=torch.channels_last))
    return loss_of(guess.float(), sky_logit.float(), depth, sky)


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
    trunk_rate = LEARNING_RATE if start_from is None else TRAINED_RATE
    if start_from is not None and not (run / "checkpoint.pt").exists():
        load_folded(net, start_from, _calibration_batch(kept, seed))
    mixtures = None if teachers is None else Mixtures(teachers)
    return train_net(
        net,
        run,
        minutes=minutes,
        learning_rate_of=lambda part: trunk_rate if part == "trunk" else LEARNING_RATE,
        batches_from=lambda step: batches(kept, seed + step, mixtures),
        loss_of=_loss,
        figures_of=lambda averaged, device: agreement(averaged, held_out, device),
    )


def _calibration_batch(samples: list[Sample], seed: int) -> Tensor:
    """Return some pictures (N, 3, H, W) that stand for all."""
    rng = random.Random(seed)
    same_shape = [sample for sample in samples if _shape_for(sample) == LAYOUT_HW[0]]
    crops = [crop(rng.choice(same_shape), SCENE_HW, rng, same_shape)[0] for _ in range(64)]
    return torch.from_numpy(np.ascontiguousarray(np.stack(crops).transpose(0, 3, 1, 2)))
