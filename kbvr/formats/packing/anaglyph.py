"""Anaglyphs: two views in one picture, for glasses with coloured filters.

Each method is a pair of 3x3 matrices that are applied to linear light: anaglyph = L left + R right.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import cv2
import numpy as np
from jaxtyping import Float64, UInt8

from kbvr.errors import InputError
from kbvr.imaging.srgb import to_linear, to_srgb

Matrix = Float64[np.ndarray, "3 3"]

CHANNELS: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]] = MappingProxyType(
    {"red-cyan": ((0,), (1, 2)), "green-magenta": ((1,), (0, 2)), "amber-blue": ((0, 1), (2,))}
)
"""Glasses -> the channels (0 red, 1 green, 2 blue) that the left filter passes, and those that the right one passes."""

METHODS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "red-cyan": ("dubois", "true", "gray", "colour", "half-colour", "optimised"),
        "green-magenta": ("dubois", "gray", "colour", "half-colour"),
        "amber-blue": ("dubois", "gray", "colour", "half-colour"),
    }
)
"""Glasses -> the methods that exist for them; see `matrices`."""

LUMA = (0.299, 0.587, 0.114)
"""ITU-R BT.601."""

DUBOIS: Mapping[str, tuple[Matrix, Matrix]] = MappingProxyType(
    {
        "red-cyan": (
            np.array([[0.437, 0.449, 0.164], [-0.062, -0.062, -0.024], [-0.048, -0.050, -0.017]]),
            np.array([[-0.011, -0.032, -0.007], [0.377, 0.761, 0.009], [-0.026, -0.093, 1.234]]),
        ),
        "green-magenta": (
            np.array([[-0.062, -0.158, -0.039], [0.284, 0.668, 0.143], [-0.015, -0.027, 0.021]]),
            np.array([[0.529, 0.705, 0.024], [-0.016, -0.015, -0.065], [0.009, 0.075, 0.937]]),
        ),
        "amber-blue": (
            np.array([[1.062, -0.205, 0.299], [-0.026, 0.908, 0.068], [-0.038, -0.173, 0.022]]),
            np.array([[-0.016, -0.123, -0.017], [0.006, 0.062, -0.017], [0.094, 0.185, 0.911]]),
        ),
    }
)
"""Least-squares fits to the spectra of filters and screens: Dubois, "A projection method to generate anaglyph stereo
images", ICASSP 2001, and site.uottawa.ca/~edubois/anaglyph."""


def matrices(colours: str, glasses: str) -> tuple[Matrix, Matrix]:
    """Return the matrices of a method for the left and the right view.

    dubois: the most accurate colours through real filters. gray: grey for both eyes. colour: the channels that each
    filter passes. half-colour: like colour, but grey for the eye with a single channel, which causes less rivalry.
    true (red-cyan only): grey in red and blue, free of ghosts, dark. optimised (red-cyan only): like colour, with the
    red channel mixed from green and blue, which causes the least rivalry but loses reds.

    Raises:
        InputError: if the method does not exist for these glasses.
    """
    if glasses not in CHANNELS:
        raise InputError(f"expected one of {', '.join(CHANNELS)} as glasses, got {glasses!r}")
    if colours not in METHODS[glasses]:
        raise InputError(f"{glasses} glasses do not support {colours!r} anaglyphs")
    if colours == "dubois":
        return DUBOIS[glasses]
    pair: tuple[Matrix, Matrix] = np.zeros((3, 3)), np.zeros((3, 3))
    rows = ((0,), (2,)) if colours == "true" else CHANNELS[glasses]
    for matrix, channels in zip(pair, rows, strict=True):
        for channel in channels:
            grey = colours in ("true", "gray") or (colours == "half-colour" and len(channels) == 1)
            matrix[channel] = LUMA if grey else np.eye(3)[channel]
    if colours == "optimised":
        pair[0][0] = (0.0, 0.7, 0.3)
    return pair


def anaglyph(
    left: UInt8[np.ndarray, "H W 3"], right: UInt8[np.ndarray, "H W 3"], *, colours: str, glasses: str
) -> UInt8[np.ndarray, "H W 3"]:
    """Return the anaglyph of two sRGB views; see `matrices` for the methods.

    Raises:
        InputError: if the method does not exist for these glasses.
    """
    views = np.concatenate([to_linear(left), to_linear(right)], axis=2)
    return to_srgb(cv2.transform(views, np.hstack(matrices(colours, glasses)).astype(np.float32)))
