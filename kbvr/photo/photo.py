"""Photos: a picture file becomes upright sRGB pixels and a focal length.

A picture that says how it is to be seen is obeyed: orientation is applied, colours are converted to
sRGB, transparent parts are laid over white.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import hypot, isfinite
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import UInt8
from numpy.typing import NDArray
from PIL import ExifTags

from kbvr.errors import InputError
from kbvr.geometry.camera import f_px_from_fov, fov_deg_from_f_px
from kbvr.photo.decode import DecodedPhoto
from kbvr.photo.decoding_process import decoded_photo
from kbvr.photo.picture_file import shown

GUESSED_FOV_DEG = 55.0
"""Across the long side of a photo that does not tell it: between a phone (67) and a 50 mm lens (40)."""

MIN_SIDE_PX = 16
"""Smaller pictures hold nothing to look at in depth."""

_FULL_FRAME_DIAGONAL_MM = hypot(36, 24)
# FocalLengthIn35mmFilm is defined by the same diagonal angle of view on 36 x 24 mm film (CIPA DCG-001).

_MM_PER_UNIT = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}
# FocalPlaneResolutionUnit: inch, cm (Exif 2.3); mm, um (TIFF/EP). 1, "no unit", tells nothing.

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Photo:
    """One photo, as a person sees it."""

    rgb: UInt8[np.ndarray, "H W 3"] = field(repr=False)
    """Upright sRGB; read-only."""

    f_px: float
    """Focal length in pixels of this picture."""

    f_source: Literal["exif", "flag", "guess", "network"]
    """Where the focal length came from."""

    name: str
    """What its outputs are named after: the file's name without its ending."""

    credits: Mapping[int, str] = field(default_factory=dict)
    """EXIF tags of who took it and when (`kbvr.photo.metadata`)."""

    notes: tuple[str, ...] = ()
    """What was done to decode it that a person may want to know, a line each."""

    decoded_from: tuple[int, int] | None = None
    """(width, height) of the picture in the file; None if this one was made of another in some other way."""

    @property
    def file_size_px(self) -> tuple[int, int]:
        """(width, height) of the picture in the file, which may have been decoded smaller; else this one's."""
        return self.decoded_from or self.size_px

    @property
    def title(self) -> str:
        """The name as text, which a file's name may not be."""
        return os.fsencode(self.name).decode(errors="replace")

    @property
    def size_px(self) -> tuple[int, int]:
        """(width, height)."""
        return self.rgb.shape[1], self.rgb.shape[0]


def load_photo(
    path: str | os.PathLike[str], *, fov_deg: float | None = None, max_memory_bytes: int | None = None
) -> Photo:
    """Read a photo; a field of view in degrees across its long side overrides what the file says.

    16 bits a channel are rounded to 8. Of several pictures in a file, the first or primary one is taken. A JPEG that
    would take more than max_memory_bytes is decoded at 1/2, 1/4 or 1/8 of its size.

    Raises:
        InputError: if there is no readable photo of 16 px a side to 200 million pixels, it would take more than
            max_memory_bytes, or fov_deg is not 1 to 170.
        OutOfMemoryError: if there is not enough memory to decode it.
    """
    decoded = decoded_photo(path, max_memory_bytes)
    height, width = decoded.rgb.shape[:2]
    if min(width, height) < MIN_SIDE_PX:
        raise InputError(f"{shown(path)}: wanted {MIN_SIDE_PX} pixels a side at least, got {width} x {height}")
    f_px, f_source = _focal_length(decoded, fov_deg, path)
    decoded.rgb.flags.writeable = False
    full_px = decoded.reduced_from or (width, height)
    notes = decoded.notes
    if decoded.reduced_from is not None:
        notes = (*notes, f"decoded at {width}x{height} of {full_px[0]}x{full_px[1]} pixels to save memory")
    return Photo(decoded.rgb, f_px * width / full_px[0], f_source, Path(path).stem, decoded.credits, notes, full_px)


def photo_from_array(
    rgb: NDArray[Any], *, fov_deg: float | None = None, f_px: float | None = None, name: str = "photo"
) -> Photo:
    """Make a photo from upright sRGB uint8 pixels (H, W, 3), which are copied.

    Raises:
        InputError: if the array is something else, fov_deg and f_px are both given, or one is out of range.
    """
    # The array comes from outside: it is checked here, in words, and not by its annotation.
    if not (isinstance(rgb, np.ndarray) and rgb.dtype == np.uint8 and rgb.ndim == 3 and rgb.shape[2] == 3):
        came = f"{rgb.dtype} {rgb.shape}" if isinstance(rgb, np.ndarray) else type(rgb).__name__
        raise InputError(f"wanted sRGB pixels as a uint8 array (H, W, 3), got {came}")
    height, width = rgb.shape[:2]
    if min(width, height) < MIN_SIDE_PX:
        raise InputError(f"wanted {MIN_SIDE_PX} pixels a side at least, got {width} x {height}")
    if fov_deg is not None and f_px is not None:
        raise InputError(f"wanted fov_deg or f_px, got both ({fov_deg} and {f_px})")
    if f_px is not None and not (isfinite(f_px) and f_px > 0):
        raise InputError(f"f_px must be > 0, got {f_px}")
    f_given = f_px_from_fov(GUESSED_FOV_DEG if fov_deg is None else fov_deg, float(max(width, height)))
    pixels = rgb.copy(order="C")
    pixels.flags.writeable = False
    guessed = fov_deg is None and f_px is None
    return Photo(pixels, float(f_given if f_px is None else f_px), "guess" if guessed else "flag", name)


# --- focal length ---


def _focal_length(
    decoded: DecodedPhoto, fov_deg: float | None, path: str | os.PathLike[str]
) -> tuple[float, Literal["exif", "flag", "guess"]]:
    """Return the focal length in pixels of the file's picture and its source: the flag, else EXIF, else the guess."""
    width, height = decoded.reduced_from or decoded.rgb.shape[1::-1]
    long_side_px = float(max(width, height))
    if fov_deg is not None:
        return f_px_from_fov(fov_deg, long_side_px), "flag"
    f_px = _f_px_from_exif(decoded.exif, (width, height))
    if f_px is not None:
        exif_fov_deg = fov_deg_from_f_px(f_px, long_side_px)
        if 0.5 <= exif_fov_deg <= 170:
            return f_px, "exif"
        _log.warning("%s: its EXIF says a field of view of %.3g degrees: left out", shown(path), exif_fov_deg)
    return f_px_from_fov(GUESSED_FOV_DEG, long_side_px), "guess"


def _f_px_from_exif(exif: Mapping[int, float], size_px: tuple[int, int]) -> float | None:
    """Return the focal length in pixels of the picture, None if its tags do not tell."""
    tag = ExifTags.Base
    film_mm = exif.get(tag.FocalLengthIn35mmFilm, 0)  # 0 is "unknown"
    if film_mm > 0:
        return film_mm * hypot(*size_px) / _FULL_FRAME_DIAGONAL_MM
    f_mm, per_unit = exif.get(tag.FocalLength, 0), exif.get(tag.FocalPlaneXResolution, 0)
    unit_mm = _MM_PER_UNIT.get(int(exif.get(tag.FocalPlaneResolutionUnit, 2)))
    if not (f_mm > 0 and per_unit > 0 and unit_mm):
        return None
    # The resolution counts pixels of the picture as it was taken: it may have been made smaller since.
    taken_px = max(exif.get(tag.ExifImageWidth, 0), exif.get(tag.ExifImageHeight, 0))
    return f_mm * per_unit / unit_mm * (max(size_px) / taken_px if taken_px > 0 else 1)
