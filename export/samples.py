"""Training samples of kbvr-depth: crops of labelled photos, with things pasted in front and signs of age."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from export.rendered import Subject
from export.teachers import load_rgb
from export.thin_things import with_thin_thing

CARD_SHARE = 0.2
"""Share of crops with something of another photo pasted in front, which has exact edges."""

SUBJECT_SHARE = (0.03, 0.7)
"""Minimum and maximum share of a photo that its subject covers."""

HELD_OUT_EVERY = 100
"""Every 100th photo is held out from training."""


@dataclass(frozen=True, eq=False)
class Sample:
    """A photo, or a window of it, with its labels; all uint8 or float16, so that thousands fit into memory."""

    rgb: np.ndarray
    depth: np.ndarray
    sky: np.ndarray | None
    subject: np.ndarray | None = None
    file: str = ""
    """Name of the photo's file."""


def load_samples(photos: Path, labels: Path) -> tuple[list[Sample], list[Sample]]:
    """Return (training, held-out) samples of every labelled photo."""
    kept: list[Sample] = []
    held_out: list[Sample] = []
    for index, path in enumerate(sorted(photos.glob("*.jpg"))):
        label = labels / f"{path.stem}.npz"
        if not label.exists():
            continue
        rgb = load_rgb(path)
        with np.load(label) as arrays:
            sample = Sample(rgb, arrays["depth"], arrays.get("sky"), arrays.get("subject"), path.name)
            if index % HELD_OUT_EVERY == 0:
                held_out.append(sample)
                continue
            kept.append(sample)
            for number, (x0, y0, x1, y1) in enumerate(arrays["windows"]):
                kept.append(Sample(rgb[y0:y1, x0:x1], arrays[f"depth_{number}"], _sky_in(sample, x0, y0, x1, y1)))
    return kept, held_out


def cut_out_subjects(samples: list[Sample]) -> list[Subject]:
    """Return the samples' subjects, each cut out along its matte."""
    subjects = []
    for sample in samples:
        if sample.subject is None:
            continue
        matte = cv2.resize(sample.subject, sample.rgb.shape[1::-1], interpolation=cv2.INTER_LINEAR) > 127
        if SUBJECT_SHARE[0] < matte.mean() < SUBJECT_SHARE[1]:
            rows, columns = np.nonzero(matte)
            box = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
            subjects.append(Subject(sample.rgb[box], matte[box]))
    return subjects


def _sky_in(sample: Sample, x0: int, y0: int, x1: int, y1: int) -> np.ndarray | None:
    """Return the sky label of a window of a photo."""
    if sample.sky is None:
        return None
    sx, sy = sample.sky.shape[1] / sample.rgb.shape[1], sample.sky.shape[0] / sample.rgb.shape[0]
    return sample.sky[int(y0 * sy) : max(int(y0 * sy) + 1, round(y1 * sy)), int(x0 * sx) : round(x1 * sx)]


@dataclass(frozen=True, eq=False)
class Crop:
    """A crop of a sample as training input; all arrays have one height and width."""

    rgb: np.ndarray
    """float32 (H, W, 3) in 0-1."""

    depth: np.ndarray
    """NaN where unknown."""

    sky: np.ndarray
    """0-1; -1 where it is unknown."""

    pasted: np.ndarray
    """Mask of things pasted in front, whose depth is exact."""


def crop_with(
    sample: Sample,
    hw: tuple[int, int],
    rng: random.Random,
    others: list[Sample],
    *,
    min_share: float = 0.8,
    thin_share: float = 0.0,
) -> Crop:
    """Return a crop of at least a share of a sample's sides; a share of crops get a thin thing in front."""
    height, width = sample.rgb.shape[:2]
    aspect = hw[1] / hw[0] * math.exp(rng.uniform(-0.15, 0.15))
    full_w = min(width, height * aspect)
    share = rng.uniform(min_share, 1.0)
    crop_w, crop_h = full_w * share, full_w / aspect * share
    x, y = rng.uniform(0, width - crop_w), rng.uniform(0, height - crop_h)

    def cut(array: np.ndarray, enlarge: int, shrink: int) -> np.ndarray:
        sx, sy = array.shape[1] / width, array.shape[0] / height
        x0, y0 = int(x * sx), int(y * sy)
        x1 = max(x0 + 1, round((x + crop_w) * sx))
        y1 = max(y0 + 1, round((y + crop_h) * sy))
        return cv2.resize(array[y0:y1, x0:x1], hw[::-1], interpolation=shrink if x1 - x0 > hw[1] else enlarge)

    rgb = cut(sample.rgb, cv2.INTER_CUBIC, cv2.INTER_AREA)
    depth = cut(sample.depth.astype(np.float32), cv2.INTER_LINEAR, cv2.INTER_LINEAR)
    sky: np.ndarray = np.full(hw, -1, np.float32)
    if sample.sky is not None:
        sky = cut(sample.sky, cv2.INTER_LINEAR, cv2.INTER_LINEAR).astype(np.float32) / 255
    before = depth.copy()
    if rng.random() < CARD_SHARE:
        _with_card(rgb, depth, sky, rng.choice(others), rng)
    if rng.random() < thin_share:
        with_thin_thing(rgb, depth, sky, rng.choice(others).rgb, rng)
    pasted = np.isfinite(depth) & (depth != before)
    if rng.random() < 0.5:
        rgb, depth, sky, pasted = rgb[:, ::-1], depth[:, ::-1], sky[:, ::-1], pasted[:, ::-1]
    return Crop(_worn(rgb, rng), depth, sky, pasted)


def _with_card(rgb: np.ndarray, depth: np.ndarray, sky: np.ndarray, other: Sample, rng: random.Random) -> None:
    """Paste the subject of another photo, or a shape cut from it, in front of the scene, in place."""
    height, width = depth.shape
    subject = None if other.subject is None else other.subject.astype(np.float32) / 255
    if subject is not None and SUBJECT_SHARE[0] < (subject > 0.5).mean() < SUBJECT_SHARE[1] and rng.random() < 0.7:
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
    if not np.isfinite(depth[place][solid]).any():
        return
    texture = cv2.resize(texture, size, interpolation=cv2.INTER_AREA)
    rgb[place] = np.round(rgb[place] + (texture - rgb[place].astype(np.float32)) * alpha[..., None]).astype(np.uint8)
    slope = np.linspace(-0.5, 0.5, size[1], dtype=np.float32)[:, None] * rng.uniform(0, 0.4)
    spread = float(np.nanstd(depth)) + 0.05
    nearness = float(np.nanquantile(depth[place][solid], 0.95)) + spread * rng.uniform(0.3, 1.5)
    depth[place] = np.where(solid, nearness + slope * spread, depth[place])
    sky[place] = np.where(solid & (sky[place] >= 0), 0, sky[place])


def _shape(rng: random.Random) -> np.ndarray:
    """Return the matte of an ellipse, a polygon or sticks, float32 (128, 128) in 0-1."""
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
    """Return the picture as if from another camera, another time or a scanner."""
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
