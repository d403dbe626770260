"""Anaglyphs: two pictures in the colours of one, for glasses with a coloured filter before each eye.

Every method is two 3x3 matrices that are applied to linear light: anaglyph = L left + R right.
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
"""Glasses -> channels (0 red, 1 green, 2 blue) that pass before the left eye, and before the right one."""

LUMA = (0.299, 0.587, 0.114)
"""Grey of a colour, ITU-R BT.601."""

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
"""Share of the luminance of white, ITU-R BT.709."""

DUBOIS: Mapping[str, tuple[Matrix, Matrix]] = MappingProxyType(
    {
        glasses: (np.array(left), np.array(right))
        for glasses, left, right in (
            (
                "red-cyan",
                [[0.437, 0.449, 0.164], [-0.062, -0.062, -0.024], [-0.048, -0.050, -0.017]],
                [[-0.011, -0.032, -0.007], [0.377, 0.761, 0.009], [-0.026, -0.093, 1.234]],
            ),
            (
                "green-magenta",
                [[-0.062, -0.158, -0.039], [0.284, 0.668, 0.143], [-0.015, -0.027, 0.021]],
                [[0.529, 0.705, 0.024], [-0.016, -0.015, -0.065], [0.009, 0.075, 0.937]],
            ),
            (
                "amber-blue",
                [[1.062, -0.205, 0.299], [-0.026, 0.908, 0.068], [-0.038, -0.173, 0.022]],
                [[-0.016, -0.123, -0.017], [0.006, 0.062, -0.017], [0.094, 0.185, 0.911]],
            ),
        )
    }
)
"""Least-squares fits to what filters and screens let through: Dubois, "A projection method to generate anaglyph stereo
images", ICASSP 2001, and site.uottawa.ca/~edubois/anaglyph."""


def matrices(colours: str, glasses: str) -> tuple[Matrix, Matrix]:
    """Return the matrices of a method for the left and the right picture's linear light.

    dubois: the least wrong colours through real filters. gray: grey for both eyes. colour: each eye's own channels.
    half-colour: as colour, but the eye with one channel sees grey, which flickers less. true (red-cyan only): grey in
    red and blue, no ghosts, dark. optimised (red-cyan only): as colour, red made of green and blue, which flickers
    least; reds are lost.

    Raises:
        InputError: if there is no such method for these glasses.
    """
    if glasses not in CHANNELS:
        raise InputError(f"the glasses must be one of {', '.join(CHANNELS)}, got {glasses!r}")
    if colours == "dubois":
        return DUBOIS[glasses]
    own: tuple[Matrix, Matrix] = np.zeros((3, 3)), np.zeros((3, 3))
    rows = CHANNELS[glasses]
    if colours == "true" and glasses == "red-cyan":
        rows = ((0,), (2,))
    elif colours not in ("gray", "colour", "half-colour") and (colours, glasses) != ("optimised", "red-cyan"):
        raise InputError(f"there are no {colours!r} anaglyphs for {glasses} glasses")
    for matrix, channels in zip(own, rows, strict=True):
        for channel in channels:
            grey = colours in ("true", "gray") or (colours == "half-colour" and len(channels) == 1)
            matrix[channel] = LUMA if grey else np.eye(3)[channel]
    if colours == "optimised":
        own[0][0] = (0.0, 0.7, 0.3)
    return own


def anaglyph(
    left: UInt8[np.ndarray, "H W 3"], right: UInt8[np.ndarray, "H W 3"], *, colours: str, glasses: str
) -> UInt8[np.ndarray, "H W 3"]:
    """Return the anaglyph of two sRGB pictures of one size.

    Raises:
        InputError: if there is no such method for these glasses.
    """
    both = np.concatenate([to_linear(left), to_linear(right)], axis=2)
    return to_srgb(cv2.transform(both, np.hstack(matrices(colours, glasses)).astype(np.float32)))


def rivalry(rgb: UInt8[np.ndarray, "H W 3"], *, colours: str, glasses: str) -> float:
    """Return how differently bright the two eyes see a picture through glasses, 0 (alike) to 100 (white and black).

    Both eyes are shown the same picture as an anaglyph, through ideal filters: an eye sees its own channels and nothing
    of the others, and has got used to its filter (white looks white). The figure is the mean difference of CIE 1976
    lightness L* between the eyes; the relative luminance of channels is that of ITU-R BT.709.

    Raises:
        InputError: if there is no such method for these glasses.
    """
    light = to_linear(anaglyph(rgb, rgb, colours=colours, glasses=glasses))
    seen = []
    for channels in CHANNELS[glasses]:
        weights = LUMINANCE[list(channels)]
        luminance = light[..., list(channels)] @ (weights / weights.sum())
        seen.append(np.where(luminance > (6 / 29) ** 3, 116 * np.cbrt(luminance) - 16, luminance * (29 / 3) ** 3))
    return float(np.abs(seen[0] - seen[1]).mean())
