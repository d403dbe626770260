"""Train kbvr-depth on photos that `export label` labelled.

python -m export train-depth --photos DIR --labels DIR --run DIR --minutes 60
"""

from __future__ import annotations

import math
import random
from collections import deque
from dataclasses import dataclass
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
from export.teachers import load_rgb
from export.training import Batch, Batches, made_ahead, train_net

CROP_SIZES = ((192, 256), (192, 288), (256, 192), (224, 224))
LARGE_CROP_SIZES = ((288, 384), (256, 384), (384, 288), (320, 320))
"""(height, width) of the batches; the batch shrinks as the crop grows."""

LEAST_LARGE_PX = 320
LARGE_SHARE = 0.4
"""Share of the batches that are large, made of samples that have the pixels for it."""

CARD_SHARE = 0.2
"""Share of the crops before which something of another photo is pasted: its edges are known to the pixel."""

HELD_OUT_EVERY = 100
"""One photo of so many is never trained on."""

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


@dataclass(frozen=True, eq=False)
class Sample:
    """A photo, or a window of one, with its labels; all uint8 or float16 to keep thousands in memory."""

    rgb: np.ndarray
    depth: np.ndarray
    sky: np.ndarray | None
    subject: np.ndarray | None = None


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
            sample = Sample(rgb, arrays["depth"], arrays.get("sky"), arrays.get("subject"))
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


def _crop(sample: Sample, hw: tuple[int, int], rng: random.Random, others: list[Sample]) -> tuple[np.ndarray, ...]:
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
    if rng.random() < CARD_SHARE:
        _with_card(rgb, depth, sky, rng.choice(others), rng)
    if rng.random() < 0.5:
        rgb, depth, sky = rgb[:, ::-1], depth[:, ::-1], sky[:, ::-1]
    return _worn(rgb, rng), depth, sky


def _with_card(rgb: np.ndarray, depth: np.ndarray, sky: np.ndarray, other: Sample, rng: random.Random) -> None:
    """Paste the subject of another photo, or a shape cut from it, before the scene; changes the arrays in place."""
    height, width = depth.shape
    subject = None if other.subject is None else other.subject.astype(np.float32) / 255
    if subject is not None and 0.03 < (subject > 0.5).mean() < 0.7 and rng.random() < 0.7:
        rows, columns = np.nonzero(subject > 0.2)
        y0, y1, x0, x1 = rows.min(), rows.max() + 1, columns.min(), columns.max() + 1
        matte = subject[y0:y1, x0:x1]
        sy, sx = other.rgb.shape[0] / subject.shape[0], other.rgb.shape[1] / subject.shape[1]
        texture = other.rgb[int(y0 * sy) : max(int(y0 * sy) + 1, int(y1 * sy)), int(x0 * sx) : int(x1 * sx) + 1]
    else:
        matte = _shape(rng)
        texture = other.rgb
    scale = rng.uniform(0.25, 0.8) * min(height / texture.shape[0], width / texture.shape[1])
    size = (max(8, int(texture.shape[1] * scale)), max(8, int(texture.shape[0] * scale)))
    x, y = rng.randrange(max(1, width - size[0])), rng.randrange(max(1, height - size[1]))
    place = np.s_[y : y + size[1], x : x + size[0]]
    alpha = np.clip((cv2.resize(matte, size, interpolation=cv2.INTER_AREA) - 0.5) * 1.6 + 0.5, 0, 1)
    solid = alpha > 0.5
    if not solid.any():
        return
    texture = cv2.resize(texture, size, interpolation=cv2.INTER_AREA)
    rgb[place] = np.round(rgb[place] + (texture - rgb[place].astype(np.float32)) * alpha[..., None]).astype(np.uint8)
    slope = np.linspace(-0.5, 0.5, size[1], dtype=np.float32)[:, None] * rng.uniform(0, 0.4)
    spread = float(depth.std()) + 0.05
    nearness = float(np.quantile(depth[place][solid], 0.95)) + spread * rng.uniform(0.3, 1.5)
    depth[place] = np.where(solid, nearness + slope * spread, depth[place])
    sky[place] = np.where(solid & (sky[place] >= 0), 0, sky[place])


def _shape(rng: random.Random) -> np.ndarray:
    """Return the matte of an ellipse, a polygon or some sticks, float32 (128, 128) in 0-1."""
    matte: np.ndarray = np.zeros((128, 128), np.float32)
    kind = rng.randrange(3)
    if kind == 0:
        axes = (rng.randrange(25, 60), rng.randrange(15, 60))
        cv2.ellipse(matte, (64, 64), axes, rng.uniform(0, 180), 0, 360, 1.0, -1)
    elif kind == 1:
        turns = sorted(rng.uniform(0, 2 * math.pi) for _ in range(rng.randrange(3, 9)))
        corners = [(64 + r * math.cos(t), 64 + r * math.sin(t)) for t in turns for r in [rng.uniform(25, 63)]]
        cv2.fillPoly(matte, [np.array(corners, np.int32)], 1.0)
    else:
        for _ in range(rng.randrange(1, 6)):
            ends = [(rng.randrange(128), rng.randrange(128)) for _ in range(2)]
            cv2.line(matte, ends[0], ends[1], 1.0, rng.randrange(3, 12))
    return matte


def _worn(rgb: np.ndarray, rng: random.Random) -> np.ndarray:
    """Return the picture as other cameras, other times and a scanner would have left it."""
    picture: np.ndarray = rgb.astype(np.float32) / 255
    old = rng.random() < 0.15
    if old:
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
    if rng.random() < (0.3 if old else 0.02):
        picture = _scratched(np.ascontiguousarray(picture), rng)
    return np.clip(picture, 0, 1)


def _scratched(picture: np.ndarray, rng: random.Random) -> np.ndarray:
    """Return the picture with the scratches, dust and faded contrast of an old print."""
    height, width = picture.shape[:2]
    picture = picture * np.float32(rng.uniform(0.6, 1.0)) + np.float32(rng.uniform(0, 0.15))
    for _ in range(rng.randrange(1, 8)):
        level = rng.choice((0.1, 0.95, 0.95))
        start = (rng.randrange(width), rng.randrange(height))
        length = rng.choice((2, 3, 40, 120))
        end = (start[0] + rng.randrange(-length // 4 - 1, length // 4 + 2), start[1] + rng.randrange(length))
        cv2.line(picture, start, end, (level, level, level), 1, cv2.LINE_AA)
    return picture


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
            return _as_tensors([_crop(room(), ROOM_HW, rng, with_subject) for _ in range(count)], finest=0)
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
        return _as_tensors([_crop(rng.choice(by_shape[hw]), hw, rng, with_subject) for _ in range(count)], finest=0)

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
    crops = [_crop(rng.choice(same_shape), CROP_SIZES[0], rng, same_shape)[0] for _ in range(64)]
    return torch.from_numpy(np.ascontiguousarray(np.stack(crops).transpose(0, 3, 1, 2)))
