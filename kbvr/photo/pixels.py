"""The result of every picture decoder: the stored numbers, their meaning and the file's metadata."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kbvr.photo.credits import NO_CREDITS, Credits
from kbvr.photo.embedded_depth import EmbeddedDepth
from kbvr.photo.pair_layout import StatedLayout
from kbvr.photo.panorama import Panorama

TRANSPOSED = (5, 6, 7, 8)
"""EXIF orientations that swap width and height."""

Model = Literal["grey", "rgb", "cmyk", "lab", "palette"]


@dataclass(frozen=True)
class Colours:
    """A file's colour space: an ICC profile, which takes precedence, or the other fields. The default is sRGB."""

    icc: bytes | None = None
    primaries: int | tuple[float, ...] = 2
    """A code of ITU-T H.273 (2: unspecified, read as sRGB's), or x and y of white, red, green and blue."""

    transfer: int = 2
    """A code of ITU-T H.273 (2: unspecified, read as sRGB's)."""

    exponent: float | None = None
    """Linear light is the stored value to this power; replaces the transfer."""

    narrow_range: bool = False
    """Black is 16/255 and white 235/255, as in video."""


@dataclass(frozen=True, eq=False)
class Pixels:
    """A decoded picture, as stored in the file."""

    values: NDArray[Any]
    """(H, W, C), integers or floats: 1 channel of grey or palette indices, 3 of RGB, 4 of CMYK (0 is no ink), or 3
    floats of CIE L*a*b* for D50, with L* from 0 to 100."""

    model: Model
    white: float
    """The value of white: 255 for 8 bits, 65535 for 16, 1 for floats."""

    alpha: NDArray[Any] | None = None
    """(H, W): 0 is transparent and `white` opaque."""

    premultiplied: bool = False
    palette: NDArray[np.uint8] | None = None
    """(N, 3) RGB."""

    orientation: int = 1
    """The EXIF orientation, 1 to 8."""

    colours: Colours = field(default_factory=Colours)
    exif: Mapping[int, float] = field(default_factory=dict)
    credits: Credits = NO_CREDITS

    reduced_from: tuple[int, int] | None = None
    """(width, height) in the file, before orientation, if it was decoded at a smaller size."""

    depth: EmbeddedDepth | None = None
    """The depth in the file, in the same orientation."""

    second: Pixels | None = None
    """The view of the other eye in the file, if it was asked for."""

    layout: StatedLayout | None = None
    """How this picture holds the views of both eyes, if the file says so."""

    panorama: Panorama | None = None
    """What the file says about a panorama."""

    notes: tuple[str, ...] = ()
    """Notes on other pictures in the file, a line each."""


def upright(values: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Return a view of (H, W, ...) with an EXIF orientation of 1 to 8 applied; other values mean 1."""
    if orientation in TRANSPOSED:
        values = values.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        values = values[:, ::-1]
    if orientation in (3, 4, 7, 8):
        values = values[::-1]
    return values
