"""What every decoder of pictures gives: the stored numbers, what they mean, and what else the file says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

ON_THEIR_SIDE = (5, 6, 7, 8)
"""EXIF orientations that exchange width and height."""

Model = Literal["grey", "rgb", "cmyk", "lab", "palette"]


@dataclass(frozen=True)
class Colours:
    """How a file describes its colours; a profile comes before the rest, and nothing at all means sRGB."""

    icc: bytes | None = None
    primaries: int | tuple[float, ...] = 2
    """A number of ITU-T H.273 (2: not said, read as sRGB's), or x and y of white, red, green and blue."""

    transfer: int = 2
    """A number of ITU-T H.273 (2: not said, read as sRGB's)."""

    exponent: float | None = None
    """In place of a transfer: the power of the stored numbers that is linear light."""

    narrow_range: bool = False
    """Black is 16/255 and white 235/255, as in video."""


@dataclass(frozen=True, eq=False)
class Pixels:
    """A decoded picture as it is stored."""

    values: NDArray[Any]
    """(H, W, C), whole numbers or floats: 1 channel of grey or palette, 3 of RGB, 4 of CMYK (0 is no ink), or 3 floats
    of CIE L*a*b* for D50, with L* from 0 to 100."""

    model: Model
    white: float
    """The number that means 1: 255 of 8 bits, 65535 of 16, 1 of floats."""

    alpha: NDArray[Any] | None = None
    """(H, W): 0 is clear and `white` opaque."""

    premultiplied: bool = False
    palette: NDArray[np.uint8] | None = None
    """(N, 3) RGB, of palettes."""

    orientation: int = 1
    """EXIF's: what is to be done to see it upright."""

    colours: Colours = field(default_factory=Colours)
    exif: Mapping[int, float] = field(default_factory=dict)
    credits: Mapping[int, str] = field(default_factory=dict)

    reduced_from: tuple[int, int] | None = None
    """(width, height) in the file, as stored, if it was decoded smaller."""


def upright(values: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Return a view of (H, W, ...) turned and mirrored as an EXIF orientation of 1 to 8 says; others are 1."""
    if orientation in ON_THEIR_SIDE:
        values = values.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        values = values[:, ::-1]
    if orientation in (3, 4, 7, 8):
        values = values[::-1]
    return values
