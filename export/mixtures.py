"""Mixtures of photos, labelled by a teacher during training.

A student that sees only some thousand photos agrees with its teacher only on similar photos. On mixtures, collages and
turned, tinted crops, it has to compute what the teacher computes (function matching: Beyer et al., "Knowledge
distillation: a good teacher is patient and consistent", 2022).
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from kbvr.nets.onnxruntime_loader import onnxruntime

SIDE_PX = 256
"""Side of the square pictures, for which the teacher has a file."""


class Mixtures:
    """Makes and labels mixtures of pictures."""

    def __init__(self, teachers: Path) -> None:
        options = onnxruntime().SessionOptions()
        options.intra_op_num_threads = 1
        file = teachers / f"tcmonodepth_small_{SIDE_PX}x{SIDE_PX}.onnx"
        self._session = onnxruntime().InferenceSession(file, options, providers=["CPUExecutionProvider"])

    def sample(self, pictures: Sequence[np.ndarray], rng: random.Random) -> tuple[np.ndarray, np.ndarray]:
        """Return a mixture of uint8 RGB pictures, float32 (S, S, 3) in 0-1, and the teacher's inverse depth (S, S)."""
        kind = rng.random()
        mixture = _window(rng.choice(pictures), rng)
        if kind < 0.3:
            share = np.float32(rng.uniform(0.2, 0.5))
            mixture = mixture * (1 - share) + _window(rng.choice(pictures), rng) * share
        elif kind < 0.6:
            for _ in range(rng.randrange(1, 4)):
                other = _window(rng.choice(pictures), rng)
                h, w = (round(SIDE_PX * rng.uniform(0.2, 0.7)) for _ in range(2))
                y, x = rng.randrange(SIDE_PX - h), rng.randrange(SIDE_PX - w)
                mixture[y : y + h, x : x + w] = other[y : y + h, x : x + w]
        mixture = _tinted(mixture, rng)
        return mixture, self._label(mixture)

    def _label(self, picture: np.ndarray) -> np.ndarray:
        def run(rgb: np.ndarray) -> np.ndarray:
            tensor = np.ascontiguousarray(rgb.transpose(2, 0, 1)[None] * np.float32(255))
            return np.asarray(self._session.run(None, {"rgb255": tensor})[0]).reshape(SIDE_PX, SIDE_PX)

        return (run(picture) + run(picture[:, ::-1])[:, ::-1]) / 2


def _window(rgb: np.ndarray, rng: random.Random) -> np.ndarray:
    """Return a turned, sheared crop of a picture, float32 (S, S, 3) in 0-1."""
    height, width = rgb.shape[:2]
    share, turn = rng.uniform(0.35, 1.0), math.radians(rng.gauss(0, 8))
    aspect = math.exp(rng.uniform(-0.3, 0.3))
    side_x, side_y = min(width, height * aspect) * share, min(width / aspect, height) * share
    centre_x = rng.uniform(side_x / 2, width - side_x / 2)
    centre_y = rng.uniform(side_y / 2, height - side_y / 2)
    flip = rng.choice((-1, 1))
    along_x = np.array([math.cos(turn) * side_x, math.sin(turn) * side_x]) * flip / SIDE_PX
    along_y = np.array([-math.sin(turn) * side_y, math.cos(turn) * side_y]) / SIDE_PX
    along_y = along_y + along_x * rng.gauss(0, 0.08)
    middle = np.array([centre_x, centre_y])
    matrix = np.column_stack([along_x, along_y, middle - (along_x + along_y) * SIDE_PX / 2]).astype(np.float32)
    sharp = rgb
    if max(side_x, side_y) > 1.5 * SIDE_PX:
        sharp = cv2.blur(rgb, (2, 2))
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    part = cv2.warpAffine(sharp, matrix, (SIDE_PX, SIDE_PX), flags=flags, borderMode=cv2.BORDER_REFLECT_101)
    return part.astype(np.float32) / 255


def _tinted(picture: np.ndarray, rng: random.Random) -> np.ndarray:
    gains = np.exp([rng.gauss(0, 0.2) for _ in range(3)]).astype(np.float32)
    picture = np.clip(picture * gains, 0, 1) ** np.float32(math.exp(rng.gauss(0, 0.35)))
    if rng.random() < 0.15:
        picture = np.broadcast_to(picture.mean(axis=2, keepdims=True), picture.shape)
    if rng.random() < 0.2:
        noise = np.random.default_rng(rng.randrange(2**32)).standard_normal(picture.shape, np.float32)
        picture = np.clip(picture + noise * np.float32(rng.uniform(0.01, 0.06)), 0, 1)
    return np.ascontiguousarray(picture, np.float32)
