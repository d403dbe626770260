"""Damage as old prints have it, drawn over intact photos, so that what was there is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64, UInt8

Rgb = UInt8[np.ndarray, "H W 3"]
Mask = Bool[np.ndarray, "H W"]
Cover = Float32[np.ndarray, "H W"]

SEEN_LEVELS = 10
"""Pixels that damage changes by more than this count as damaged."""

PAPER = (0.88, 1.0)
"""Paper white, as a share of 255."""

LEVELS = {"scratches": (0.8, 1.0), "dust": (0.8, 1.0), "cracks": (0.6, 1.0)}
"""Lightness of light damage, as a share of paper white, where it is not that of paper."""

FINE = 8
"""cv2's fixed point: bits of a fraction of a pixel."""


@dataclass(frozen=True, eq=False)
class Damaged:
    """A print with damage."""

    rgb: Rgb
    intact: Rgb
    """The same print without damage."""

    kinds: Mapping[str, Mask]
    """Kind -> the pixels that it changes visibly."""

    drawn: Mask
    """All pixels that something is drawn over, also where it does not show."""

    @property
    def mask(self) -> Mask:
        """All pixels that are visibly damaged."""
        return np.logical_or.reduce(list(self.kinds.values()))


@dataclass(frozen=True, eq=False)
class Scanned:
    """A print on the scanner's white ground."""

    rgb: Rgb
    angle_deg: float
    """How far it is turned, clockwise in the picture."""

    corners: Float32[np.ndarray, "4 2"]
    """x and y of the picture's corners inside the border: top left, top right, bottom right, bottom left."""


def as_print(rgb: Rgb, rng: np.random.Generator) -> Rgb:
    """Return a photo as a print: half of them grey or sepia, all of them somewhat faded."""
    values = rgb.astype(np.float32)
    if rng.random() < 0.6:
        grey = values @ np.array([0.299, 0.587, 0.114], np.float32)
        tone = np.array([1.0, rng.uniform(0.9, 1.0), rng.uniform(0.72, 1.0)], np.float32)
        values = grey[..., None] * tone
    low, high = rng.uniform(0, 40), rng.uniform(215, 250)
    grain = rng.normal(0, rng.uniform(0, 6), (*rgb.shape[:2], 1)).astype(np.float32)
    return _bytes(low + (values + cv2.GaussianBlur(grain, (0, 0), 0.6)[..., None]) * ((high - low) / 255))


def damaged(print_: Rgb, rng: np.random.Generator) -> Damaged:
    """Return a print with scratches, dust, folds, blotches, torn corners and cracks; most are light, some dark."""
    size = print_.shape[:2]
    covers = {
        "scratches": _scratches(size, rng),
        "dust": _dust(size, rng),
        "folds": _folds(size, rng),
        "blotches": _blotches(size, rng),
        "torn": _torn(size, rng),
        "cracks": _cracks(size, rng),
    }
    rgb, paper = print_.astype(np.float32), _paper(print_, rng)
    kinds: dict[str, Mask] = {}
    for name, cover in covers.items():
        is_dark = name in ("scratches", "dust") and rng.random() < 0.25
        level = rng.uniform(*LEVELS[name]) if name in LEVELS else 1.0
        level = 0.12 if is_dark else level
        colour = paper * np.float32(level) + rng.normal(0, 5, (*size, 1)).astype(np.float32)
        shade = np.zeros_like(cover)
        if name == "cracks" and rng.random() < 0.5:  # the emulsion's edge throws a shadow
            shade = np.asarray(np.roll(cover, tuple(rng.integers(-1, 2, 2)), axis=(0, 1)) * np.float32(0.45))
        rgb = rgb * (1 - shade[..., None])
        rgb = rgb + cover[..., None] * (colour - rgb)
        kinds[name] = (cover > 0) | (shade > 0)
    softness_px = rng.uniform(0, 0.9)
    if softness_px > 0.3:  # of the scanner
        rgb = np.asarray(cv2.GaussianBlur(rgb, (0, 0), softness_px), np.float32)
        print_ = np.asarray(cv2.GaussianBlur(print_, (0, 0), softness_px), np.uint8)
    done, intact = _compressed(_bytes(rgb), rng), print_
    changed = np.abs(_bytes(rgb).astype(np.int16) - intact).max(axis=2) > SEEN_LEVELS
    drawn = np.logical_or.reduce(list(kinds.values()))
    return Damaged(done, intact, {name: mask & changed for name, mask in kinds.items()}, drawn)


def scanned(print_: Rgb, rng: np.random.Generator) -> Scanned:
    """Return a print with a white border, turned by up to 5 degrees on a scanner's white ground."""
    height, width = print_.shape[:2]
    rim = round(rng.uniform(0.03, 0.08) * max(height, width))
    angle_deg = float(rng.uniform(-5, 5))
    paper = _paper(print_, rng)
    bordered = cv2.copyMakeBorder(print_, rim, rim, rim, rim, cv2.BORDER_CONSTANT, value=[float(v) for v in paper])
    turn = cv2.getRotationMatrix2D((width / 2 + rim, height / 2 + rim), -angle_deg, 1)
    margin = round(0.05 * max(height, width)) + rim
    turn[:, 2] += margin
    whole = (width + 2 * rim + 2 * margin, height + 2 * rim + 2 * margin)
    ground = rng.uniform(245, 255)
    rgb = cv2.warpAffine(bordered, turn, whole, flags=cv2.INTER_CUBIC, borderValue=(ground, ground, ground))
    inside = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64) + rim - 0.5
    corners = inside @ turn[:, :2].T + turn[:, 2]
    return Scanned(_compressed(np.asarray(rgb, np.uint8), rng), angle_deg, corners.astype(np.float32))


def with_paper_texture(print_: Rgb, rng: np.random.Generator, *, levels: float = 10) -> Rgb:
    """Return a print on paper with a regular texture of this strength (RMS, levels of 255)."""
    height, width = print_.shape[:2]
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    period = rng.uniform(5, 9)
    weave = np.cos(2 * np.pi * (x + y) / period) + np.cos(2 * np.pi * (x - y) / period)
    noise = cv2.GaussianBlur(rng.normal(0, 1, (height, width)), (0, 0), 1.0)
    texture = weave + noise / noise.std()
    return _bytes(print_ + (levels / texture.std() * texture)[..., None].astype(np.float32))


def _scratches(size: tuple[int, int], rng: np.random.Generator) -> Cover:
    """Return the cover of wavering lines of 1 to 5 pixels."""
    cover = np.zeros(size, np.float32)
    for _ in range(rng.integers(2, 9)):
        line = np.zeros(size, np.uint8)
        count = int(rng.integers(15, 120))
        turns = np.cumsum(rng.normal(0, rng.choice([0.01, 0.06, 0.2]), count)) + rng.uniform(0, 2 * np.pi)
        start = rng.uniform(0, 1, 2) * size[::-1]
        points = start + 4 * np.cumsum(np.stack([np.cos(turns), np.sin(turns)], axis=1), axis=0)
        width = int(rng.choice([1, 1, 1, 2, 2, 3, 4, 5]))
        for a, b in pairwise(points):
            if rng.random() < 0.06:
                continue  # scratches have gaps
            thick = int(np.clip(width + rng.integers(-1, 2), 1, 5)) if width > 1 else 1
            cv2.line(line, _fixed(a), _fixed(b), 255, thick, cv2.LINE_AA, FINE)
        strength = np.clip(_rough(size, rng, rng.uniform(0.6, 1.1), rng.uniform(0, 8)), 0.15, 1)
        cover = np.maximum(cover, line.astype(np.float32) * strength / np.float32(255))
    return cover.astype(np.float32)


def _rough(size: tuple[int, int], rng: np.random.Generator, mean: float, contrast: float) -> Cover:
    """Return a cover that varies from place to place."""
    rough = cv2.GaussianBlur(rng.random(size).astype(np.float32), (0, 0), 3)
    return np.asarray(mean + contrast * (rough - 0.5), np.float32)


def _dust(size: tuple[int, int], rng: np.random.Generator) -> Cover:
    """Return the cover of specks and short hairs."""
    speck = np.zeros(size, np.uint8)
    for _ in range(rng.integers(5, 100)):
        centre = rng.uniform(0, 1, 2) * size[::-1]
        axes = rng.uniform(0.5, 2.5, 2)
        angle = float(rng.uniform(0, 180))
        cv2.ellipse(speck, _fixed(centre), _fixed(axes), angle, 0, 360, 255, -1, cv2.LINE_AA, FINE)
    return speck.astype(np.float32) * np.float32(rng.uniform(0.75, 1) / 255)


def _folds(size: tuple[int, int], rng: np.random.Generator) -> Cover:
    """Return the cover of creases from one border to the other, whose paper shows in places."""
    height, width = size
    cover = np.zeros(size, np.float32)
    for _ in range(rng.integers(0, 3)):
        across, slope = rng.uniform(0.2, 0.8), rng.uniform(-0.08, 0.08)
        ends = np.array([[0, across], [1, across + slope]])
        start, end = (ends if rng.random() < 0.5 else ends[:, ::-1]) * (width, height)
        line = np.zeros(size, np.uint8)
        cv2.line(line, _fixed(start), _fixed(end), 255, int(rng.integers(1, 4)), cv2.LINE_AA, FINE)
        cover = np.maximum(cover, (line / np.float32(255)) * np.clip(_rough(size, rng, 0.6, 8), 0.25, 1))
    return cover.astype(np.float32)


def _blotches(size: tuple[int, int], rng: np.random.Generator) -> Cover:
    """Return the cover of places where the surface has come off."""
    cover = np.zeros(size, np.uint8)
    for _ in range(rng.integers(0, 4)):
        centre, radius = rng.uniform(0, 1, 2) * size[::-1], rng.uniform(3, 9)
        angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        reach = radius * (1 + 0.3 * np.convolve(rng.normal(0, 1, 26), [0.5, 0.5, 0.5], "valid"))
        outline = centre + np.maximum(reach, 1)[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        cv2.fillPoly(cover, [(outline * 2**FINE).astype(np.int32)], 255, cv2.LINE_AA, FINE)
    return cover.astype(np.float32) / np.float32(255)


def _torn(size: tuple[int, int], rng: np.random.Generator) -> Cover:
    """Return the cover of corners that are missing."""
    height, width = size
    cover = np.zeros(size, np.uint8)
    for corner in ((0, 0), (width, 0), (width, height), (0, height)):
        if rng.random() < 0.25:
            reach = rng.uniform(0.04, 0.14) * min(size)
            angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
            ragged = reach * (1 + 0.12 * np.convolve(rng.normal(0, 1, 42), [0.5, 0.5, 0.5], "valid"))
            outline = np.array(corner) + ragged[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
            cv2.fillPoly(cover, [(outline * 2**FINE).astype(np.int32)], 255, cv2.LINE_AA, FINE)
    return cover.astype(np.float32) / np.float32(255)


def _cracks(size: tuple[int, int], rng: np.random.Generator) -> Cover:
    """Return the cover of thin cracks that branch, in a third of the prints; most begin at a border."""
    cracks = np.zeros(size, np.uint8)
    for _ in range(rng.integers(1, 7) if rng.random() < 0.35 else 0):
        start = rng.uniform(0, 1, 2)
        if rng.random() < 0.6:
            start[rng.integers(2)] = rng.integers(2)
        ends = [(start * size[::-1], rng.uniform(0, 2 * np.pi), int(rng.integers(10, 60)))]
        while ends:
            at, direction, steps = ends.pop()
            for left in range(steps, 0, -1):
                direction += rng.normal(0, 0.35)
                after = at + rng.uniform(3, 11) * np.array([np.cos(direction), np.sin(direction)])
                cv2.line(cracks, _fixed(at), _fixed(after), 255, int(rng.choice([1, 1, 1, 2, 2, 3])), cv2.LINE_AA, FINE)
                at = after
                if rng.random() < 0.08:
                    ends.append((at, direction + rng.choice([-1, 1]) * rng.uniform(0.5, 1.3), left // 2))
    return (cracks / np.float32(255)) * np.clip(_rough(size, rng, rng.uniform(0.5, 1), 6), 0.1, 1)


def _fixed(point: Float64[np.ndarray, "2"]) -> tuple[int, int]:
    """Return x and y in cv2's fixed point."""
    x, y = (int(v * 2**FINE) for v in point)
    return x, y


def _paper(print_: Rgb, rng: np.random.Generator) -> Float32[np.ndarray, "3"]:
    """Return the colour of the paper: the print's own white, lighter."""
    white = np.percentile(print_.reshape(-1, 3), 98, axis=0)
    return np.asarray(255 * rng.uniform(*PAPER) * (0.5 + 0.5 * white / max(white.max(), 1)), np.float32)


def _compressed(rgb: Rgb, rng: np.random.Generator) -> Rgb:
    quality = int(rng.integers(88, 97))
    stored = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.ascontiguousarray(np.asarray(cv2.imdecode(stored, cv2.IMREAD_COLOR), np.uint8)[..., ::-1])


def _bytes(values: np.ndarray) -> Rgb:
    return np.clip(values + 0.5, 0, 255).astype(np.uint8)
