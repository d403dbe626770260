"""Train kbvr-depth on labelled photos: resumable, seeded, logged, on a GPU where there is one.

    python -m export train-depth --photos DIR --labels DIR --run DIR --minutes 60

The learning rate follows a cosine over the whole time given, so a run that is stopped goes on where
it was: `checkpoint.pt` in the run's folder is written every few minutes.
"""

from __future__ import annotations

import json
import math
import queue
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from export.kbvr_depth import KbvrDepth
from export.onnx_import import load_folded
from export.teachers import load_rgb

CROP_SIZES = ((192, 256), (192, 288), (256, 192), (224, 224))
"""(height, width) of the batches; the batch shrinks as the crop grows."""

HELD_OUT_EVERY = 100
"""One photo of so many is never trained on."""

PIXELS_A_BATCH = 12 * 192 * 256
LEARNING_RATE = 1e-3
AVERAGE_DECAY = 0.998
CHECKPOINT_S = 180.0


@dataclass(frozen=True, eq=False)
class Sample:
    """A photo, or a window of one, with its labels; all uint8 or float16 to keep thousands in memory."""

    rgb: np.ndarray
    depth: np.ndarray
    sky: np.ndarray | None


def load_samples(photos: Path, labels: Path) -> tuple[list[Sample], list[Sample]]:
    """Return (training, held out) samples of every photo that has a label."""
    kept: list[Sample] = []
    held_out: list[Sample] = []
    for index, path in enumerate(sorted(photos.glob("*.jpg"))):
        label = labels / f"{path.stem}.npz"
        if not label.exists():
            continue
        rgb = load_rgb(path)
        with np.load(label) as arrays:
            sample = Sample(rgb, arrays["depth"], arrays.get("sky"))
            if index % HELD_OUT_EVERY == 0:
                held_out.append(sample)
                continue
            kept.append(sample)
            for number, (x0, y0, x1, y1) in enumerate(arrays["windows"]):
                kept.append(Sample(rgb[y0:y1, x0:x1], arrays[f"depth_{number}"], _sky_in(sample, x0, y0, x1, y1)))
    return kept, held_out


def _sky_in(sample: Sample, x0: int, y0: int, x1: int, y1: int) -> np.ndarray | None:
    """Return the sky label of a window of a photo."""
    if sample.sky is None:
        return None
    sx, sy = sample.sky.shape[1] / sample.rgb.shape[1], sample.sky.shape[0] / sample.rgb.shape[0]
    return sample.sky[int(y0 * sy) : max(int(y0 * sy) + 1, round(y1 * sy)), int(x0 * sx) : round(x1 * sx)]


def _crop(sample: Sample, hw: tuple[int, int], rng: random.Random) -> tuple[np.ndarray, ...]:
    """Return most of a sample as (rgb HxW in 0-1, depth HxW, sky HxW with -1 = unknown)."""
    height, width = sample.rgb.shape[:2]
    aspect = hw[1] / hw[0] * math.exp(rng.uniform(-0.15, 0.15))
    full_w = min(width, height * aspect)
    share = rng.uniform(0.8, 1.0)
    crop_w, crop_h = full_w * share, full_w / aspect * share
    x, y = rng.uniform(0, width - crop_w), rng.uniform(0, height - crop_h)

    def cut(array: np.ndarray, interpolation: int) -> np.ndarray:
        sx, sy = array.shape[1] / width, array.shape[0] / height
        x0, y0 = int(x * sx), int(y * sy)
        x1 = max(x0 + 1, round((x + crop_w) * sx))
        y1 = max(y0 + 1, round((y + crop_h) * sy))
        return cv2.resize(array[y0:y1, x0:x1], hw[::-1], interpolation=interpolation)

    rgb = cut(sample.rgb, cv2.INTER_AREA)
    depth = cut(sample.depth.astype(np.float32), cv2.INTER_LINEAR)
    sky: np.ndarray = np.full(hw, -1, np.float32)
    if sample.sky is not None:
        sky = cut(sample.sky, cv2.INTER_LINEAR).astype(np.float32) / 255
    if rng.random() < 0.5:
        rgb, depth, sky = rgb[:, ::-1], depth[:, ::-1], sky[:, ::-1]
    return _worn(rgb, rng), depth, sky


def _worn(rgb: np.ndarray, rng: random.Random) -> np.ndarray:
    """Return the picture as other cameras and other times would have left it."""
    picture: np.ndarray = rgb.astype(np.float32) / 255
    if rng.random() < 0.15:
        grey = picture.mean(axis=2, keepdims=True)
        tint = np.array([1.0, 0.92, 0.78] if rng.random() < 0.4 else [1.0, 1.0, 1.0], np.float32)
        picture = grey * tint
    if rng.random() < 0.7:
        gains = np.exp([rng.gauss(0, 0.08) for _ in range(3)]).astype(np.float32)
        picture = np.clip(picture * gains, 0, 1) ** np.float32(math.exp(rng.gauss(0, 0.25)))
    if rng.random() < 0.15:
        picture = cv2.GaussianBlur(np.ascontiguousarray(picture), (0, 0), rng.uniform(0.4, 1.2))
    if rng.random() < 0.15:
        noise = np.random.default_rng(rng.randrange(2**32)).standard_normal(picture.shape, np.float32)
        picture = picture + noise * np.float32(rng.uniform(0.01, 0.05))
    return np.clip(picture, 0, 1)


def _shape_for(sample: Sample) -> tuple[int, int]:
    """Return the crop shape that leaves off least of a sample."""
    aspect = sample.rgb.shape[1] / sample.rgb.shape[0]
    return min(((h, w) for h, w in CROP_SIZES), key=lambda hw: abs(math.log(hw[1] / hw[0] / aspect)))


def batches(samples: list[Sample], seed: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Yield (rgb, depth, sky) batches for ever, made one ahead on a thread of their own."""
    ready: queue.Queue[tuple[Tensor, Tensor, Tensor]] = queue.Queue(maxsize=4)

    by_shape: dict[tuple[int, int], list[Sample]] = {}
    for sample in samples:
        by_shape.setdefault(_shape_for(sample), []).append(sample)

    def produce() -> None:
        rng = random.Random(seed)
        while True:
            hw = _shape_for(rng.choice(samples))
            count = max(2, PIXELS_A_BATCH // (hw[0] * hw[1]))
            crops = [_crop(rng.choice(by_shape[hw]), hw, rng) for _ in range(count)]
            rgb, depth, sky = (np.stack(arrays) for arrays in zip(*crops, strict=True))
            rgb_tensor = torch.from_numpy(np.ascontiguousarray(rgb)).permute(0, 3, 1, 2)
            ready.put((rgb_tensor, torch.from_numpy(depth)[:, None], torch.from_numpy(sky)[:, None]))

    threading.Thread(target=produce, daemon=True).start()
    while True:
        yield ready.get()


def _standardised(depth: Tensor) -> Tensor:
    """Take each picture's median off and divide by its mean absolute deviation."""
    flat = depth.flatten(1)
    centred = flat - flat.median(dim=1, keepdim=True).values
    return (centred / (centred.abs().mean(dim=1, keepdim=True) + 1e-4)).view_as(depth)


def loss_of(depth: Tensor, sky_logit: Tensor, true_depth: Tensor, true_sky: Tensor) -> Tensor:
    """Scale-and-shift-invariant L1, its gradients at four scales, and cross entropy for the sky."""
    wanted = _standardised(true_depth)
    error = _standardised(depth) - wanted
    total = error.abs().mean()
    for _ in range(4):
        along_x = (error[..., :, 1:] - error[..., :, :-1]).abs().mean()
        along_y = (error[..., 1:, :] - error[..., :-1, :]).abs().mean()
        total = total + 0.5 * (along_x + along_y)
        error = F.avg_pool2d(error, 2)
    known = (true_sky >= 0).float()
    entropy = F.binary_cross_entropy_with_logits(sky_logit, true_sky.clamp(0, 1), reduction="none")
    return total + 0.3 * (entropy * known).sum() / known.sum().clamp(min=1)


@torch.no_grad()
def agreement(net: nn.Module, samples: list[Sample], device: torch.device) -> dict[str, float]:
    """Return the mean and median correlation with the teachers, and the sky's accuracy."""
    net.eval()
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
    net.train()
    return {
        "correlation_mean": float(np.mean(correlations)),
        "correlation_median": float(np.median(correlations)),
        "sky_accuracy": float(np.mean(right)) if right else float("nan"),
    }


def train(
    photos: Path, labels: Path, run: Path, *, minutes: float, seed: int = 0, start_from: Path | None = None
) -> Path:
    """Train for so many minutes in all, earlier sessions counted in; return the weights' path.

    A new run may start from a written kbvr-depth.onnx instead of from noise.
    """
    run.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kept, held_out = load_samples(photos, labels)
    net = KbvrDepth()
    if start_from is not None and not (run / "checkpoint.pt").exists():
        load_folded(net, start_from, _calibration_batch(kept, seed))
    net = net.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    averaging = torch.optim.swa_utils.get_ema_multi_avg_fn(AVERAGE_DECAY)  # type: ignore[no-untyped-call]
    averaged = torch.optim.swa_utils.AveragedModel(net, multi_avg_fn=averaging, use_buffers=True)
    optimizer = torch.optim.AdamW(net.parameters(), lr=LEARNING_RATE, weight_decay=0.02)
    parts = {"net": net, "averaged": averaged, "optimizer": optimizer}
    spent_s, step = _resume(run, parts, device)
    source = batches(kept, seed + step)
    last = saved = time.monotonic()
    while spent_s < minutes * 60:
        share = spent_s / (minutes * 60)
        warm_up = min(1.0, (step + 1) / 200)
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * warm_up * (0.5 + 0.5 * math.cos(math.pi * share)) + 1e-6
        rgb, depth, sky = (tensor.to(device) for tensor in next(source))
        rgb = rgb.contiguous(memory_format=torch.channels_last)
        with torch.autocast(device.type, torch.bfloat16):
            guess, sky_logit = net(rgb)
        size = guess.shape[-2:]
        loss = loss_of(
            guess.float(),
            sky_logit.float(),
            F.interpolate(depth, size=size, mode="area"),
            F.interpolate(sky, size=size, mode="area"),
        )
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        averaged.update_parameters(net)
        step += 1
        now = time.monotonic()
        spent_s, last = spent_s + now - last, now
        if step % 100 == 0:
            _log(run, {"step": step, "minutes": round(spent_s / 60, 2), "loss": round(loss.item(), 4)})
        if now - saved > CHECKPOINT_S:
            _save(run, parts, spent_s, step)
            _log(run, {"step": step, **agreement(averaged.module, held_out, device)})
            last = saved = time.monotonic()
    _save(run, parts, spent_s, step)
    _log(run, {"step": step, **agreement(averaged.module, held_out, device)})
    weights = run / "kbvr-depth.pt"
    torch.save(averaged.module.state_dict(), weights)
    return weights


def _calibration_batch(samples: list[Sample], seed: int) -> Tensor:
    """Return some pictures (N, 3, H, W) that stand for all."""
    rng = random.Random(seed)
    same_shape = [sample for sample in samples if _shape_for(sample) == CROP_SIZES[0]]
    crops = [_crop(rng.choice(same_shape), CROP_SIZES[0], rng)[0] for _ in range(64)]
    return torch.from_numpy(np.ascontiguousarray(np.stack(crops).transpose(0, 3, 1, 2)))


def _resume(run: Path, parts: dict[str, Any], device: torch.device) -> tuple[float, int]:
    checkpoint = run / "checkpoint.pt"
    if not checkpoint.exists():
        return 0.0, 0
    state = torch.load(checkpoint, map_location=device, weights_only=True)
    for name, part in parts.items():
        part.load_state_dict(state[name])
    return state["spent_s"], state["step"]


def _save(run: Path, parts: dict[str, Any], spent_s: float, step: int) -> None:
    state = {name: part.state_dict() for name, part in parts.items()}
    aside = run / "checkpoint.part"
    torch.save({**state, "spent_s": spent_s, "step": step}, aside)
    aside.rename(run / "checkpoint.pt")


def _log(run: Path, entry: dict[str, Any]) -> None:
    line = json.dumps(entry)
    with (run / "log.jsonl").open("a") as log:
        log.write(line + "\n")
    print(line, flush=True)
