"""Tell photos that have colours from grey and toned ones."""

from __future__ import annotations

import numpy as np
from jaxtyping import UInt8

from kbvr.imaging.lab import chroma_of, lightness_of
from kbvr.imaging.resize import shrunk

SIDE_PX = 256
"""Grain and the noise of a JPEG's chroma vanish at this size."""

TONES = 12
"""A toned print has one colour for every lightness: the lightness is divided into so many steps."""

COLOUR = 4.0
"""The chroma, beyond that of the tone, from which a photo has colours: the root mean square, in units of CIELAB."""


def colourfulness(rgb: UInt8[np.ndarray, "H W 3"]) -> float:
    """Return how far the colours of a photo are from those of a toned print: the root mean square of CIELAB's chroma.

    Sepia and other tones depend on the lightness only; that part is removed.
    """
    small = shrunk(rgb, SIDE_PX)
    lightness, chroma = lightness_of(small).ravel(), chroma_of(small).reshape(-1, 2)
    step = np.minimum((lightness * (TONES / 100)).astype(int), TONES - 1)
    counts = np.bincount(step, minlength=TONES)
    beyond = np.empty_like(chroma)
    for plane in range(2):
        means = np.bincount(step, chroma[:, plane], TONES) / np.maximum(counts, 1)
        beyond[:, plane] = chroma[:, plane] - means[step]
    return float(np.sqrt((beyond**2).sum(axis=1).mean()))


def has_colour(rgb: UInt8[np.ndarray, "H W 3"]) -> bool:
    """Return whether a photo has colours of its own."""
    return colourfulness(rgb) > COLOUR
