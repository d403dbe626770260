"""Colour photos for kbvr-color: decoded once into one memory-mapped file, then cropped and made to look old.

Grey and toned photos teach nothing about colour and are left out.
"""

from __future__ import annotations

import hashlib
import json
import math
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from export.strong_labels import NON_COMMERCIAL, read_index
from export.teachers import load_rgb
from kbvr.errors import InputError

SHORT_SIDE_PX = 288
"""Photos are stored with at most this short side."""

HELD_OUT_EVERY = 33
"""About one photo in this many is held out, by its name."""

MIN_COLOUR = 3.0
"""Least root mean square of the chroma that lightness alone does not explain, in units of a and b."""

OLD_SOURCES = "old-photos"
"""In the name of a source: its photos are faded or toned if they have any colour."""

MIN_CROP_SHARE = 0.55
"""Least share of a photo's sides in a crop: the network sees whole photos later."""

PIXELS, LISTED = "photos.uint8", "photos.json"
"""Files of the cache: the pixels of all photos one after the other, and the list of them."""

BLUE_SENSITIVE = ((0.0, 0.3), (0.2, 0.6), (0.3, 0.8))
"""Ranges of the weights of linear red, green and blue in the grey of old film, which saw little red."""


@dataclass(frozen=True)
class Listed:
    """A photo of the cache."""

    name: str
    source: str
    licence: str
    hw: tuple[int, int]
    offset: int
    """Of its first byte in the file."""

    is_frame: bool
    """Whether others resemble it."""


@dataclass(frozen=True, eq=False)
class Photos:
    """The cache: pictures by number, read from the disk when they are used."""

    listed: Sequence[Listed]
    pixels: np.ndarray
    """uint8, memory-mapped."""

    def rgb(self, number: int) -> np.ndarray:
        """Return a photo as uint8 (H, W, 3)."""
        photo = self.listed[number]
        height, width = photo.hw
        flat = self.pixels[photo.offset : photo.offset + height * width * 3]
        return np.asarray(flat).reshape(height, width, 3)

    def parted(self) -> tuple[list[int], list[int]]:
        """Return the numbers of the photos (training, held out); the held-out ones are in the order of their hash."""
        hashes = {number: _hash(photo.name) for number, photo in enumerate(self.listed) if not photo.is_frame}
        held_out = sorted((n for n in hashes if is_held_out(self.listed[n].name)), key=hashes.__getitem__)
        return [number for number in range(len(self.listed)) if number not in set(held_out)], held_out


def is_held_out(name: str) -> bool:
    """Return whether a photo, by the name of its file, is held out of the training, unless others resemble it."""
    return _hash(name) % HELD_OUT_EVERY == 0


def _hash(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")


def open_photos(photos: Path, frames: Path | None, cache: Path) -> Photos:
    """Return the colour photos of the folders, decoding them into the cache if it is not there yet.

    Photos are left out whose licence in their folder's INDEX.csv excludes commercial use, or that are old.

    Raises:
        InputError: if there are no colour photos.
    """
    if not (cache / LISTED).exists():
        _write(photos, frames, cache)
    rows = json.loads((cache / LISTED).read_text("utf-8"))
    listed = [Listed(**{**row, "hw": tuple(row["hw"])}) for row in rows]
    return Photos(listed, np.memmap(cache / PIXELS, np.uint8, "r"))


def _write(photos: Path, frames: Path | None, cache: Path) -> None:
    rows: list[Listed] = []
    offset = left_out = 0
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / PIXELS).open("wb") as file:
        for folder in (photos,) if frames is None else (photos, frames):
            known = index_of(folder)
            for path in sorted(folder.glob("*.jpg")):
                source, licence = known.get(path.stem, (folder.name, "not listed"))
                rgb = _small(load_rgb(path))
                refused = any(words in licence for words in NON_COMMERCIAL) or OLD_SOURCES in source.lower()
                if refused or colour_of(rgb) < MIN_COLOUR:
                    left_out += 1
                    continue
                height, width = rgb.shape[:2]
                rows.append(Listed(path.name, source, licence, (height, width), offset, folder == frames))
                file.write(rgb.tobytes())
                offset += rgb.size
    if not rows:
        raise InputError(f"expected a folder of colour photos (.jpg), got {photos}")
    (cache / LISTED).write_text(json.dumps([asdict(row) for row in rows]), "utf-8")
    print(f"{len(rows)} colour photos, {left_out} left out")


def index_of(folder: Path) -> dict[str, tuple[str, str]]:
    """Return each photo's (source, licence) by its name without suffix, if the folder has an INDEX.csv."""
    if not (folder / "INDEX.csv").exists():
        return {}
    rows = read_index(folder)
    return {Path(row.get("file") or row["name"]).stem: (row["source"], row["licence"]) for row in rows}


def _small(rgb: np.ndarray) -> np.ndarray:
    scale = SHORT_SIDE_PX / min(rgb.shape[:2])
    if scale >= 1:
        return np.ascontiguousarray(rgb)
    size_px = (round(rgb.shape[1] * scale), round(rgb.shape[0] * scale))
    return cv2.resize(rgb, size_px, interpolation=cv2.INTER_AREA)


def lab_from(rgb: np.ndarray) -> np.ndarray:
    """Return CIELAB, float32 (H, W, 3), of sRGB as uint8, or as float32 in 0-1."""
    picture = rgb.astype(np.float32) / 255 if rgb.dtype == np.uint8 else rgb
    return cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2LAB)


def rgb_from(lightness: np.ndarray, ab: np.ndarray) -> np.ndarray:
    """Return uint8 (H, W, 3) of L/100 (H, W) and chroma (2, H, W)."""
    lab = np.stack([lightness * 100, ab[0], ab[1]], axis=-1).astype(np.float32)
    return np.round(np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), 0, 1) * 255).astype(np.uint8)


def colour_of(rgb: np.ndarray) -> float:
    """Return the root mean square of the chroma that is not a smooth function of the lightness: near 0 if toned."""
    lab = lab_from(cv2.resize(rgb, (64, 64), interpolation=cv2.INTER_AREA)).reshape(-1, 3).astype(np.float64)
    powers = (lab[:, :1] / 100) ** np.arange(4)
    explained = powers @ np.linalg.lstsq(powers, lab[:, 1:], rcond=None)[0]
    return float(np.sqrt(((lab[:, 1:] - explained) ** 2).sum(axis=1).mean()))


@dataclass(frozen=True, eq=False)
class Crop:
    """A training picture."""

    lightness: np.ndarray
    """float32 (H, W), L/100 as an old photo may have it."""

    ab: np.ndarray
    """float32 (2, H, W), the true chroma."""


def crop_from(rgb: np.ndarray, size_px: int, rng: random.Random) -> Crop:
    """Return a random square crop, slightly out of proportion, with the lightness of another camera or time."""
    height, width = rgb.shape[:2]
    longer = max(1.0, max(height, width) / min(height, width) / 1.5)
    side = min(height, width) * rng.uniform(MIN_CROP_SHARE, 1.0)
    crop_w = round(min(width, side * (longer if width > height else 1.0) * math.exp(rng.uniform(-0.05, 0.35))))
    crop_h = round(min(height, side * (longer if height > width else 1.0) * math.exp(rng.uniform(-0.05, 0.35))))
    x, y = rng.randrange(width - crop_w + 1), rng.randrange(height - crop_h + 1)
    part = rgb[y : y + crop_h, x : x + crop_w]
    how = cv2.INTER_AREA if min(crop_w, crop_h) > size_px else cv2.INTER_LINEAR
    part = cv2.resize(part, (size_px, size_px), interpolation=how)
    if rng.random() < 0.5:
        part = part[:, ::-1]
    lab = lab_from(part)
    lightness = lab[..., 0] / 100
    if rng.random() < 0.25:
        lightness = film_lightness(part, rng)
    return Crop(worn(lightness, rng), np.ascontiguousarray(lab[..., 1:].transpose(2, 0, 1)))


def film_lightness(rgb: np.ndarray, rng: random.Random) -> np.ndarray:
    """Return L/100 of the grey that blue-sensitive film gives a colour picture (uint8)."""
    weights = np.array([rng.uniform(*limits) for limits in BLUE_SENSITIVE])
    linear = (rgb.astype(np.float32) / 255) ** 2.2 @ (weights / weights.sum()).astype(np.float32)
    grey: np.ndarray = np.repeat((linear ** (1 / 2.2))[..., None], 3, axis=2)
    return lab_from(grey)[..., 0] / 100


def worn(lightness: np.ndarray, rng: random.Random) -> np.ndarray:
    """Return lightness (H, W) with another tone curve, faded, blurred or grainy at random; never toned."""
    picture: Any = np.clip(lightness, 0, 1).astype(np.float32)
    if rng.random() < 0.6:
        picture = picture ** np.float32(math.exp(rng.gauss(0, 0.2)))
    if rng.random() < 0.4:
        picture = picture * np.float32(rng.uniform(0.65, 1.0)) + np.float32(rng.uniform(0, 0.12))
    if rng.random() < 0.3:
        picture = 0.5 + (picture - 0.5) * np.float32(rng.uniform(0.9, 1.4))
    if rng.random() < 0.25:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.5))
    if rng.random() < 0.35:
        grain = np.random.default_rng(rng.randrange(2**32)).standard_normal(picture.shape, np.float32)
        if rng.random() < 0.5:
            grain = cv2.GaussianBlur(grain, (0, 0), 0.8) * 2
        picture = picture + grain * np.float32(rng.uniform(0.005, 0.04))
    return np.clip(picture, 0, 1)
