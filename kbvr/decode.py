"""The one way from a file to its numbers: a photo's pixels with what its file says, and a depth file's array.

What goes in is a path, what comes out is plain: arrays, numbers and texts. So a decoder can run in another process,
whose crash costs one photo. What deserves a warning is logged.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import UInt8
from numpy.typing import NDArray

from kbvr.depth_array import read_depth_array
from kbvr.picture_colour import srgb_over_white
from kbvr.picture_file import read_picture

DepthKind = Literal["disparity", "depth-m", "inverse-depth-per-m"]

_PHOTO_WANTED = "a photo (JPEG, PNG, WebP, TIFF, HEIC or AVIF)"


@dataclass(frozen=True, eq=False)
class DecodedPhoto:
    """A photo's pixels as a person sees them, and what its file says of it."""

    rgb: UInt8[np.ndarray, "H W 3"]
    """Upright sRGB."""

    exif: Mapping[int, float]
    """The EXIF tags that are numbers."""

    credits: Mapping[int, str]
    """EXIF tags of who took the photo and when (`kbvr.picture_file.CREDITS`)."""

    notes: tuple[str, ...] = ()
    """What was done to its colours that a person may want to know, a line each."""


def decode_photo(path: str | os.PathLike[str]) -> DecodedPhoto:
    """Decode a photo.

    16 bits a channel are rounded to 8. Of several pictures in a file, the first or primary one is taken.

    Raises:
        InputError: if there is no readable photo of at most 200 million pixels.
    """
    picture = read_picture(path, _PHOTO_WANTED)
    rgb = np.asarray(srgb_over_white(picture.image, path))
    return DecodedPhoto(rgb, picture.exif, picture.credits)


def decode_depth(path: str | os.PathLike[str], kind: DepthKind) -> NDArray[Any]:
    """Decode a depth file: (h, w) real numbers as they are stored, with their own type.

    The kind chooses between the arrays of an NPZ, and refuses pictures that cannot hold it.

    Raises:
        InputError: if the file cannot be read as one channel of numbers.
    """
    return read_depth_array(path, kind)
