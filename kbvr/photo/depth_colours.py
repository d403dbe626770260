"""Turn a depth map that a program has coloured back into numbers.

Programs save depth for people to look at in the colours of a map from small to large numbers: MiDaS in Inferno, Depth
Anything and Marigold in Spectral, others in Magma, Plasma, Viridis, Turbo or Jet. The nearest colour of the map gives
the number back, in 256 steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Int, UInt8

_OF_OPENCV = ("Inferno", "Magma", "Plasma", "Viridis", "Cividis", "Turbo", "Jet")

_SPECTRAL = (
    *((94, 79, 162), (50, 136, 189), (102, 194, 165), (171, 221, 164), (230, 245, 152), (255, 255, 191)),
    *((254, 224, 139), (253, 174, 97), (244, 109, 67), (213, 62, 79), (158, 1, 66)),
)
"""The 11 colours of ColorBrewer's Spectral (colorbrewer2.org, Cynthia Brewer), blue first: in Depth Anything's maps and
in Marigold's, red is near."""

MAX_MEDIAN, MAX_MEAN = 10.0, 18.0
"""Largest distances of pixels from the colours of a map, in RGB of 0 to 255: JPEG moves colours, above all at edges."""

SAMPLES = 20_000
MAX_COLOURS = 1 << 16
"""Of more different colours, the lowest two bits are dropped."""


class Uncoloured(NamedTuple):
    """The numbers of a coloured map."""

    values: UInt8[np.ndarray, "h w"]
    name: str
    """The name of the colour map."""


@cache
def colour_maps() -> Mapping[str, Float32[np.ndarray, "256 3"]]:
    """Return name -> the RGB colours of the numbers 0 to 255."""
    import cv2

    steps = np.arange(256, dtype=np.uint8)[:, None]
    codes = {name: getattr(cv2, f"COLORMAP_{name.upper()}") for name in _OF_OPENCV}
    maps = {name: cv2.applyColorMap(steps, code)[:, 0, ::-1].astype(np.float32) for name, code in codes.items()}
    at = np.linspace(0, 255, len(_SPECTRAL))
    channels = [np.interp(np.arange(256), at, channel) for channel in zip(*_SPECTRAL, strict=True)]
    return MappingProxyType(maps | {"Spectral": np.stack(channels, axis=1).astype(np.float32)})


def uncoloured(rgb: UInt8[np.ndarray, "h w 3"]) -> Uncoloured | None:
    """Return the numbers of a picture in the colours of a known map, None for other pictures."""
    flat = rgb.reshape(-1, 3)
    samples = flat[:: max(1, len(flat) // SAMPLES)]
    distances = {name: np.sqrt(_nearest(samples, colours)[1]) for name, colours in colour_maps().items()}
    name = min(distances, key=lambda name: float(distances[name].mean()))
    if np.median(distances[name]) > MAX_MEDIAN or distances[name].mean() > MAX_MEAN:
        return None
    codes = flat[:, 0].astype(np.int32) << 16 | flat[:, 1].astype(np.int32) << 8 | flat[:, 2]
    different, at = np.unique(codes, return_inverse=True)
    if len(different) > MAX_COLOURS:
        different, at = np.unique(codes & 0xFCFCFC | 0x020202, return_inverse=True)
    colours = np.stack([different >> 16, different >> 8 & 255, different & 255], axis=1).astype(np.uint8)
    found, _ = _nearest(colours, colour_maps()[name])
    return Uncoloured(found.astype(np.uint8)[at].reshape(rgb.shape[:2]), name)


def _nearest(
    pixels: UInt8[np.ndarray, "N 3"], colours: Float32[np.ndarray, "256 3"]
) -> tuple[Int[np.ndarray, "N"], Float32[np.ndarray, "N"]]:
    """Return the number of the nearest colour of a map, and the square of its distance."""
    found, distances = [np.zeros(0, np.intp)], [np.zeros(0, np.float32)]
    for start in range(0, len(pixels), 8192):
        part = pixels[start : start + 8192].astype(np.float32)
        # |p - c|^2 = |p|^2 - 2 p.c + |c|^2, in one product of matrices
        squares = (part**2).sum(axis=1)[:, None] - 2 * part @ colours.T + (colours**2).sum(axis=1)
        found.append(squares.argmin(axis=1))
        distances.append(np.maximum(squares.min(axis=1), 0).astype(np.float32))
    return np.concatenate(found), np.concatenate(distances)
