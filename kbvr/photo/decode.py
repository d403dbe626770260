"""The one way from a file to its numbers: a photo's pixels with what its file says, and a depth file's array.

What goes in is a path, what comes out is plain: arrays, numbers and texts. So a decoder can run in another process,
whose crash costs one photo. What deserves a warning is logged.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import UInt8
from numpy.typing import NDArray

from kbvr.photo.color_management import srgb_over_white
from kbvr.photo.depth_array import read_depth_array
from kbvr.photo.depth_kind import DepthKind
from kbvr.photo.picture_file import Source, shown
from kbvr.photo.pixels import ON_THEIR_SIDE, Pixels
from kbvr.photo.read_pixels import read_pixels

_PHOTO_WANTED = "a photo (JPEG, PNG, WebP, TIFF, HEIC or AVIF)"


@dataclass(frozen=True, eq=False)
class DecodedPhoto:
    """A photo's pixels as a person sees them, and what its file says of it."""

    rgb: UInt8[np.ndarray, "H W 3"]
    """Upright sRGB."""

    exif: Mapping[int, float]
    """The EXIF tags that are numbers."""

    credits: Mapping[int, str]
    """EXIF tags of who took the photo and when (`kbvr.photo.metadata`)."""

    notes: tuple[str, ...] = ()
    """What was done to its colours that a person may want to know, a line each."""

    reduced_from: tuple[int, int] | None = None
    """(width, height) of the picture in the file, upright, if it was decoded smaller than that."""


def decode_photo(path: str | os.PathLike[str], max_bytes: int | None = None) -> DecodedPhoto:
    """Decode a photo; a JPEG smaller than it is, if it would take more than max_bytes of memory.

    More than 8 bits a channel are rounded to 8, and HDR is fitted to sRGB. Of several pictures in a file, the first
    or primary one is taken, of a TIFF the largest.

    Raises:
        InputError: if there is no readable photo of at most 200 million pixels, or it would take more than max_bytes.
        OutOfMemoryError: if there is not enough memory.
    """
    _, pixels = read_pixels(path, _PHOTO_WANTED, max_bytes)
    _check_range(pixels, Source(path, _PHOTO_WANTED))
    rgb, notes = srgb_over_white(pixels, shown(path))
    reduced_from = pixels.reduced_from
    if reduced_from is not None and pixels.orientation in ON_THEIR_SIDE:
        reduced_from = reduced_from[::-1]
    return DecodedPhoto(rgb, pixels.exif, pixels.credits, notes, reduced_from)


def decode_depth(path: str | os.PathLike[str], kind: DepthKind, max_bytes: int | None = None) -> NDArray[Any]:
    """Decode a depth file: (h, w) real numbers as they are stored, with their own type.

    The kind chooses between the arrays of an NPZ, and refuses pictures that cannot hold it.

    Raises:
        InputError: if the file cannot be read as one channel of numbers, or that would take more than max_bytes.
        OutOfMemoryError: if there is not enough memory.
    """
    return read_depth_array(path, kind, max_bytes)


def _check_range(pixels: Pixels, source: Source) -> None:
    """Raise InputError for numbers of which nobody knows what is white: signed ones, and fractions beyond 0 to 1.

    A little beyond is cut off: what sharpens or resizes floats leaves some.
    """
    if pixels.values.dtype.kind == "i":
        raise source.refused("a TIFF of signed whole numbers")
    if pixels.values.dtype.kind != "f" or pixels.model == "lab":
        return
    is_inside = (pixels.values >= 0) & (pixels.values <= 1)
    if is_inside.mean() < 0.99:
        least, most = np.nanmin(pixels.values), np.nanmax(pixels.values)
        raise source.refused(f"a TIFF of fractions from {least:.4g} to {most:.4g}, where 0 to 1 is black to white")
