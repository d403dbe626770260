"""Train kbvr-fill on photos whose depth `export label` wrote.

    python -m export train-fill --photos DIR --labels DIR --run DIR --minutes 60

What a photo hides is unknown, but the far side next to a near thing is known. A strip of it is removed, as if the near
thing were wider, the near thing itself is masked, and the network has to restore the strip from the rest of the far
side. Silhouettes of other photos, bands at the border and thin lines are removed too.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from export.kbvr_fill import KbvrFill
from export.onnx_import import load_folded
from export.samples import HELD_OUT_EVERY
from export.sides import MIXED_PX, NEAR, side_map
from export.steep import steepened
from export.teachers import load_rgb
from export.training import Batch, Batches, made_ahead, train_net

WINDOW_PX = 192
BATCH = 8
LEARNING_RATE = 5e-4
MIN_SQUARED, MIN_ABSOLUTE = 1e-3, 0.02
"""Errors of colour (0-1, squared) and normalised inverse depth below which improvement does not count."""

STRIP_PX = (4.0, 80.0)
"""Minimum and maximum width of a removed strip, in pixels of the window."""


@dataclass(frozen=True, eq=False)
class Scene:
    """A photo with its depth and its side map."""

    rgb: np.ndarray
    """uint8 (H, W, 3)."""

    depth: np.ndarray
    """float16 (H, W), normalised inverse depth."""

    sides: np.ndarray
    """uint8 (H, W), see NEAR."""


@dataclass(frozen=True, eq=False)
class Task:
    """A window with a hole to fill."""

    rgb: np.ndarray
    depth: np.ndarray
    known: np.ndarray
    hole: np.ndarray
    """bool (H, W): unknown to the network, with a known truth."""


def load_scenes(photos: Path, labels: Path) -> tuple[list[Scene], list[Scene]]:
    """Return (training, held-out) scenes of every labelled photo; side maps are cached next to the labels."""
    kept: list[Scene] = []
    held_out: list[Scene] = []
    for index, path in enumerate(sorted(photos.glob("*.jpg"))):
        label = labels / f"{path.stem}.npz"
        if label.exists():
            scene = _load_scene(path, label, labels / f"{path.stem}.sides.npz")
            (held_out if index % HELD_OUT_EVERY == 0 else kept).append(scene)
    return kept, held_out


def _load_scene(path: Path, label: Path, cached: Path) -> Scene:
    rgb = load_rgb(path)
    with np.load(label) as arrays:
        small = arrays["depth"].astype(np.float32)
    depth = steepened(cv2.resize(small, rgb.shape[1::-1], interpolation=cv2.INTER_LINEAR), radius_px=1)
    if cached.exists() and cached.stat().st_mtime >= label.stat().st_mtime:
        with np.load(cached) as arrays:
            return Scene(rgb, depth.astype(np.float16), arrays["sides"])
    sides = side_map(depth)
    aside = cached.with_name(f".{cached.name}")
    np.savez_compressed(aside, allow_pickle=False, sides=sides)
    aside.rename(cached)
    return Scene(rgb, depth.astype(np.float16), sides)


def task_from(scene: Scene, others: list[Scene], rng: random.Random) -> Task | None:
    """Return a window with a hole, or None if no fair question is possible there."""
    height, width = scene.sides.shape
    side = min(height, width, round(WINDOW_PX * math.exp(rng.uniform(0, math.log(2.0)))))
    strip_px = math.exp(rng.uniform(*map(math.log, STRIP_PX))) * side / WINDOW_PX
    kind = rng.random()
    x, y = rng.randrange(width - side + 1), rng.randrange(height - side + 1)
    if kind < 0.5:
        rows, columns = np.nonzero(scene.sides <= strip_px + MIXED_PX)
        if not rows.size:
            return None
        at = rng.randrange(rows.size)
        x = min(max(int(columns[at]) - rng.randrange(side), 0), width - side)
        y = min(max(int(rows[at]) - rng.randrange(side), 0), height - side)
    sides = scene.sides[y : y + side, x : x + side]
    near = sides == NEAR
    if kind < 0.5:
        hole = (sides > MIXED_PX) & (sides <= strip_px + MIXED_PX)
        unknown = near | (sides <= MIXED_PX)
    elif kind < 0.85:
        hole, unknown = _silhouette(rng.choice(others), side, strip_px, rng)
    else:
        hole, unknown = _bands(side, strip_px, rng)
    if kind >= 0.5 and rng.random() < 0.7:
        unknown = unknown | near
    hole = hole & ~unknown
    known = ~(hole | unknown)
    turn = rng.random() < 0.5

    def cut(array: np.ndarray, how: int) -> np.ndarray:
        part = cv2.resize(array, (WINDOW_PX, WINDOW_PX), interpolation=how)
        return part[:, ::-1] if turn else part

    known = cut(known.astype(np.float32), cv2.INTER_AREA) > 0.999
    hole = (cut(hole.astype(np.float32), cv2.INTER_AREA) > 0.999) & ~known
    if known.mean() < 0.1 or hole.sum() < 50:
        return None
    rgb = cut(scene.rgb[y : y + side, x : x + side], cv2.INTER_AREA)
    depth = cut(scene.depth[y : y + side, x : x + side].astype(np.float32), cv2.INTER_NEAREST)
    return Task(_toned(rgb, rng), depth, known, hole)


def _silhouette(other: Scene, side: int, strip_px: float, rng: random.Random) -> tuple[np.ndarray, np.ndarray]:
    """Return (hole, unknown): the rim of another photo's near side, and its inside."""
    height, width = other.sides.shape
    crop_px = min(height, width, side)
    x, y = rng.randrange(width - crop_px + 1), rng.randrange(height - crop_px + 1)
    near = (other.sides[y : y + crop_px, x : x + crop_px] == NEAR).astype(np.uint8)
    near = cv2.resize(near, (side, side), interpolation=cv2.INTER_NEAREST)
    inside_px = cv2.distanceTransform(np.pad(near, 1), cv2.DIST_L2, 3)[1:-1, 1:-1]
    return (inside_px > 0) & (inside_px <= strip_px), inside_px > strip_px


def _bands(side: int, strip_px: float, rng: random.Random) -> tuple[np.ndarray, np.ndarray]:
    """Return (hole, unknown): bands at one or two borders, or thin lines."""
    canvas = np.zeros((side, side), np.uint8)
    if rng.random() < 0.6:
        wide = min(round(strip_px), side // 2)
        for _ in range(rng.randrange(1, 3)):
            canvas = np.rot90(canvas, rng.randrange(4)).copy()
            canvas[:wide] = 1
    else:
        for _ in range(rng.randrange(1, 6)):
            ends = [(rng.randrange(side), rng.randrange(side)) for _ in range(2)]
            cv2.line(canvas, ends[0], ends[1], 1, rng.randrange(3, 16))
    return canvas > 0, np.zeros((side, side), bool)


def _toned(rgb: np.ndarray, rng: random.Random) -> np.ndarray:
    picture: np.ndarray = rgb.astype(np.float32) / 255
    if rng.random() < 0.1:
        picture = np.broadcast_to(picture.mean(axis=2, keepdims=True), picture.shape)
    if rng.random() < 0.5:
        picture = picture ** np.float32(math.exp(rng.gauss(0, 0.2)))
    return np.ascontiguousarray(picture)


def as_tensors(tasks: list[Task]) -> Batch:
    """Return (rgb, depth, known, hole) as float tensors (N, C, H, W)."""
    rgb = torch.from_numpy(np.stack([task.rgb for task in tasks])).permute(0, 3, 1, 2)
    planes = [np.stack([getattr(task, name) for task in tasks])[:, None] for name in ("depth", "known", "hole")]
    return rgb, *(torch.from_numpy(plane.astype(np.float32)) for plane in planes)


def tasks_of(scenes: list[Scene], rng: random.Random, count: int) -> list[Task]:
    """Return `count` tasks from random scenes."""
    tasks: list[Task] = []
    while len(tasks) < count:
        task = task_from(rng.choice(scenes), scenes, rng)
        if task is not None:
            tasks.append(task)
    return tasks


def _loss(net: nn.Module, batch: Batch) -> Tensor:
    """Return the mean logarithm of each window's errors in the hole: squared for colour, absolute for inverse depth.

    The logarithm gives thin strips, which are easy, the same weight as wide ones.
    """
    rgb, depth, known, hole = batch
    with torch.autocast(rgb.device.type, torch.bfloat16):
        filled_rgb, filled_depth = net(rgb, depth, known)
    area = hole.sum(dim=(1, 2, 3)).clamp(min=1)
    squared = ((filled_rgb.float() - rgb) ** 2 * hole).mean(dim=1).sum(dim=(1, 2)) / area
    absolute = ((filled_depth.float() - depth).abs() * hole).sum(dim=(1, 2, 3)) / area
    return (squared + MIN_SQUARED).log().mean() + (absolute + MIN_ABSOLUTE).log().mean()


def _figures(net: nn.Module, tasks: list[Task], device: torch.device) -> dict[str, float]:
    """Return the median PSNR inside the holes and the mean error of inverse depth."""
    psnrs, errors = [], []
    for task in tasks:
        rgb, depth, known, _ = (tensor.to(device) for tensor in as_tensors([task]))
        filled_rgb, filled_depth = net(rgb, depth, known)
        squared = ((filled_rgb.clamp(0, 1) - rgb) ** 2)[0].permute(1, 2, 0).cpu().numpy()[task.hole]
        psnrs.append(10 * math.log10(1 / max(float(squared.mean()), 1e-8)))
        errors.append(float((filled_depth - depth).abs()[0, 0].cpu().numpy()[task.hole].mean()))
    return {"psnr_median_db": float(np.median(psnrs)), "depth_error_mean": float(np.mean(errors))}


def train(
    photos: Path, labels: Path, run: Path, *, minutes: float, seed: int = 0, start_from: Path | None = None
) -> Path:
    """Train for a total number of minutes, including earlier sessions; return the weights' path.

    A new run starts from the weights of a kbvr-fill.onnx if one is given.
    """
    torch.manual_seed(seed)
    kept, held_out = load_scenes(photos, labels)
    check = tasks_of(held_out, random.Random(0), 120)
    net = KbvrFill()
    if start_from is not None:
        load_folded(net, start_from, *as_tensors(tasks_of(kept, random.Random(seed), 4 * BATCH))[:3])

    def batches_from(step: int) -> Batches:
        rng = random.Random(seed + step)
        return made_ahead(lambda: as_tensors(tasks_of(kept, rng, BATCH)))

    return train_net(
        net,
        run,
        minutes=minutes,
        learning_rate_of=lambda _: LEARNING_RATE,
        batches_from=batches_from,
        loss_of=_loss,
        figures_of=lambda net, device: _figures(net, check, device),
    )
