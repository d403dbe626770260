"""Thin things with known depth, drawn in front of photos: poles, wires, fences, wheels and branches.

Teachers often miss them, and no set of photos has enough of them.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping

import cv2
import numpy as np

FINER = 2
"""Supersampling factor, for smooth edges."""

WIDTH_SHARE = (0.004, 0.02)
"""Width of a thin thing as a share of the picture's short side."""

PLAIN_SHARE = 0.5
"""Share of things in one colour with a light and a dark side; the others have the texture of a photo."""


def thin_matte(hw: tuple[int, int], rng: random.Random, kind: str | None = None) -> np.ndarray:
    """Return the matte of a thin thing of a kind (default: any), float32 (H, W) in 0-1."""
    height, width = hw
    canvas: np.ndarray = np.zeros((height * FINER, width * FINER), np.uint8)
    side = min(canvas.shape)
    line_px = max(2, round(side * math.exp(rng.uniform(*(math.log(share) for share in WIDTH_SHARE)))))
    KINDS[kind or rng.choice(ANY_KIND)](canvas, line_px, rng)
    return cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def with_thin_thing(
    rgb: np.ndarray,
    depth: np.ndarray,
    sky: np.ndarray,
    texture: np.ndarray,
    rng: random.Random,
    kind: str | None = None,
) -> None:
    """Draw a thin thing in front of a picture (uint8), its depth and its sky, in place."""
    alpha = thin_matte((rgb.shape[0], rgb.shape[1]), rng, kind)
    solid = alpha > 0.5
    behind = depth[solid & np.isfinite(depth)]
    if behind.size < 8:
        return
    spread = float(np.nanstd(depth)) + 1e-3
    nearness = float(np.quantile(behind, 0.98)) + spread * rng.uniform(0.25, 1.5)
    lean = np.linspace(-0.5, 0.5, rgb.shape[0], dtype=np.float32)[:, None] * spread * rng.uniform(0, 0.3)
    depth[:] = np.where(solid, nearness + lean, depth)
    sky[:] = np.where(solid & (sky >= 0), 0, sky)
    if rng.random() < PLAIN_SHARE:
        colour = np.array([rng.uniform(0, 255)] * 3) + np.array([rng.gauss(0, 20) for _ in range(3)])
        shade = cv2.GaussianBlur(alpha, (0, 0), 1.5)
        light = np.gradient(shade, axis=1) * rng.uniform(-300, 300)
        colours = np.clip(colour.astype(np.float32) + light[..., None], 0, 255)
    else:
        colours = cv2.resize(texture, rgb.shape[1::-1], interpolation=cv2.INTER_AREA).astype(np.float32)
        colours = colours * np.float32(rng.uniform(0.4, 1.1))
    rgb[:] = np.clip(np.round(rgb + (colours - rgb.astype(np.float32)) * alpha[..., None]), 0, 255).astype(np.uint8)


def _point(x: float, y: float) -> tuple[int, int]:
    return round(x), round(y)


def _line(canvas: np.ndarray, start: tuple[float, float], end: tuple[float, float], width: int) -> None:
    cv2.line(canvas, _point(*start), _point(*end), 255, width, cv2.LINE_AA)


def _poles(canvas: np.ndarray, line_px: int, rng: random.Random) -> None:
    """Draw vertical posts, some with an arm or a sign."""
    height, width = canvas.shape
    for _ in range(rng.randrange(1, 4)):
        x, foot = rng.uniform(0, width), height * rng.uniform(0.6, 1.1)
        top = foot - height * rng.uniform(0.3, 1.0)
        lean = width * rng.gauss(0, 0.02)
        _line(canvas, (x, foot), (x + lean, top), line_px)
        if rng.random() < 0.4:
            reach = width * rng.uniform(-0.15, 0.15)
            _line(canvas, (x + lean, top), (x + lean + reach, top), max(2, line_px // 2))
        if rng.random() < 0.3:
            half = (line_px * rng.uniform(1.5, 4), line_px * rng.uniform(1.5, 4))
            corners = [_point(x + lean + s * half[0], top + t * half[1]) for s, t in ((-1, -1), (1, 1))]
            cv2.rectangle(canvas, corners[0], corners[1], 255, -1)


def _wires(canvas: np.ndarray, line_px: int, rng: random.Random) -> None:
    """Draw sagging cables from side to side."""
    height, width = canvas.shape
    left, right, sag = (height * rng.uniform(-0.1, 0.8) for _ in range(3))
    along = np.linspace(0, 1, 24)
    for number in range(rng.randrange(1, 5)):
        y = left + (right - left) * along + 0.3 * sag * 4 * along * (1 - along) + number * 3 * line_px
        points = np.column_stack([along * width, y]).round().astype(np.int32)
        cv2.polylines(canvas, [points], isClosed=False, color=255, thickness=max(2, line_px // 2), lineType=cv2.LINE_AA)


def _fence(canvas: np.ndarray, line_px: int, rng: random.Random) -> None:
    """Draw pickets and rails, or a wire mesh."""
    height, width = canvas.shape
    left, right = sorted(width * rng.uniform(-0.2, 1.2) for _ in range(2))
    right = max(right, left + 0.3 * width)
    top, foot = height * rng.uniform(0, 0.6), height * rng.uniform(0.7, 1.1)
    step = line_px * rng.uniform(3, 9)
    slant = (foot - top) * rng.choice((0.0, 0.0, 0.5))
    for x in np.arange(left, right, step):
        _line(canvas, (x, foot), (x + slant, top), line_px)
        if slant:
            _line(canvas, (x + slant, foot), (x, top), line_px)
    for y in (top + (foot - top) * 0.15, top + (foot - top) * 0.85):
        _line(canvas, (left, y), (right, y), line_px)


def _wheel(canvas: np.ndarray, line_px: int, rng: random.Random) -> None:
    """Draw one or two rings with spokes."""
    height, width = canvas.shape
    radius = min(height, width) * rng.uniform(0.12, 0.4)
    x, y, squeeze = width * rng.uniform(0.1, 0.9), height * rng.uniform(0.3, 0.9), rng.uniform(0.4, 1.0)
    spokes, turn = rng.randrange(5, 16), rng.uniform(0, math.pi)
    for number in range(rng.randrange(1, 3)):
        middle = (x + number * 2.4 * radius * squeeze, y)
        axes = _point(radius * squeeze, radius)
        cv2.ellipse(canvas, _point(*middle), axes, 0, 0, 360, 255, line_px, cv2.LINE_AA)
        for spoke in range(spokes):
            angle = turn + 2 * math.pi * spoke / spokes
            rim = (middle[0] + radius * squeeze * math.cos(angle), middle[1] + radius * math.sin(angle))
            _line(canvas, middle, rim, max(2, line_px // 2))


def _branches(canvas: np.ndarray, line_px: int, rng: random.Random) -> None:
    """Draw a bare tree, or a branch that comes in from a side."""
    height, width = canvas.shape
    start = (width * rng.uniform(0, 1), height * rng.uniform(0.7, 1.05))
    heading = -math.pi / 2 + rng.gauss(0, 0.2)
    if rng.random() < 0.4:
        from_left = rng.random() < 0.5
        start = (0.0 if from_left else float(width), height * rng.uniform(0, 0.7))
        heading = rng.gauss(0 if from_left else math.pi, 0.5)
    _grow(canvas, start, heading, height * rng.uniform(0.15, 0.35), 2.5 * line_px, rng)


def _grow(
    canvas: np.ndarray,
    start: tuple[float, float],
    heading: float,
    length: float,
    width_px: float,
    rng: random.Random,
) -> None:
    end = (start[0] + length * math.cos(heading), start[1] + length * math.sin(heading))
    _line(canvas, start, end, max(2, round(width_px)))
    if width_px < 2 or length < 6:
        return
    for _ in range(rng.randrange(2, 4)):
        _grow(canvas, end, heading + rng.gauss(0, 0.5), length * rng.uniform(0.55, 0.85), width_px * 0.66, rng)


KINDS: Mapping[str, Callable[[np.ndarray, int, random.Random], None]] = {
    "poles": _poles,
    "wires": _wires,
    "fence": _fence,
    "wheel": _wheel,
    "branches": _branches,
}
ANY_KIND = ("poles", "poles", "wires", "fence", "wheel", "branches", "branches")
"""Kinds to choose from by default, weighted by repetition."""
