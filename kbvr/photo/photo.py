"""Photos: upright sRGB pixels and a focal length, from a picture file or an array.

Loading applies the orientation, converts colours to sRGB and puts transparent parts on white.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import hypot, isfinite
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
from jaxtyping import UInt8
from numpy.typing import NDArray
from PIL import ExifTags

from kbvr.errors import InputError
from kbvr.geometry.camera import f_px_from_fov, fov_deg_from_f_px
from kbvr.photo.credits import NO_CREDITS, Credits
from kbvr.photo.decode import DecodedPhoto
from kbvr.photo.decoding_process import decoded_photo
from kbvr.photo.depth_kind import Half
from kbvr.photo.embedded_depth import EmbeddedDepth
from kbvr.photo.pair_layout import PairLayout, PairSource, second_picture_of
from kbvr.photo.panorama import Panorama, PanoramaKind
from kbvr.photo.picture_file import display_name
from kbvr.photo.second_view import SecondView, with_second_view
from kbvr.photo.unrolled import FocalSource, is_stereo_sphere, unrolled, without_stereo_sphere

GUESSED_FOV_DEG = 55.0
"""Field of view across the long side if the file has no focal length: between a phone (67) and a 50 mm lens (40)."""

MIN_SIDE_PX = 16

_FULL_FRAME_DIAGONAL_MM = hypot(36, 24)
# FocalLengthIn35mmFilm is defined by the same diagonal angle of view on 36 x 24 mm film (CIPA DCG-001).

_MM_PER_UNIT = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}
# FocalPlaneResolutionUnit: inch, cm (Exif 2.3); mm, um (TIFF/EP). 1 is "no unit".

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo as a viewer shows it."""

    rgb: UInt8[np.ndarray, "H W 3"] = field(repr=False)
    """Upright sRGB; read-only."""

    f_px: float
    """Focal length in pixels of this picture."""

    f_source: FocalSource
    """The source of the focal length."""

    name: str
    """The base name of outputs: the file name without its suffix."""

    credits: Credits = NO_CREDITS

    notes: tuple[str, ...] = ()
    """Notes on how it was decoded, a line each."""

    decoded_from: tuple[int, int] | None = None
    """(width, height) of the picture in the file; None if the pixels are not those of a decoded file."""

    embedded_depth: EmbeddedDepth | None = field(default=None, repr=False)
    """The depth in the file, which covers the whole picture; None if there is none."""

    second_view: SecondView | None = field(default=None, repr=False)
    """The other view of a stereo pair, which covers about the whole picture; None if there is none."""

    around: Panorama | None = None
    """What a 360 photo shows: all directions, or all around up to some height; None for an ordinary photo."""

    @property
    def file_size_px(self) -> tuple[int, int]:
        """(width, height) of the picture in the file, which can be larger than size_px."""
        return self.decoded_from or self.size_px

    @property
    def title(self) -> str:
        """The name as valid Unicode text, which file names need not be."""
        return os.fsencode(self.name).decode(errors="replace")

    @property
    def alternative_text(self) -> str:
        """The caption, else the name, with spaces for underscores."""
        return self.credits.caption or self.title.replace("_", " ")

    @property
    def size_px(self) -> tuple[int, int]:
        """(width, height)."""
        return self.rgb.shape[1], self.rgb.shape[0]


def load_photo(
    path: str | os.PathLike[str],
    *,
    fov_deg: float | None = None,
    max_memory_bytes: int | None = None,
    keep_gps: bool = False,
    rgbd: Half | None = None,
    pair: PairSource | Path = "auto",
    probable_layout: PairLayout | None = None,
    panorama: PanoramaKind = "auto",
) -> Photo:
    """Load a photo from a JPEG, PNG, WebP, TIFF, HEIC or AVIF file.

    16 bits per channel are rounded to 8. If a file contains several pictures, the first or primary one is loaded; that
    of a stereo pair is the left eye's. A wide panorama becomes the ordinary photo of its middle
    (`kbvr.photo.flat_view`), a 360 photo stays as it is.

    Args:
        path: The picture file.
        fov_deg: Field of view across the long side, 1 to 170 degrees; it overrides the file's focal length. That of a
            cylinder is the angle from its left to its right, up to 360.
        max_memory_bytes: A JPEG that would require more is decoded at 1/2, 1/4 or 1/8 of its size.
        keep_gps: Whether the credits have the GPS position in the file.
        rgbd: The half of an RGB-D picture that holds the depth; the photo is the other half.
        pair: Where the other view of a stereo pair is: a layout of both views in this picture, `mpo` for the second
            picture in the file, a file, `none`, or `auto` for what MPO and JPS files say.
        probable_layout: The layout that the file's name means, for `auto`.
        panorama: How the picture is read: as the file says; as a sphere; as a cylinder, or a flat view of what the file
            says; or as an ordinary photo.

    Raises:
        InputError: if the file is not a readable photo, has sides under 16 pixels or over 200 million pixels, requires
            more than max_memory_bytes, or fov_deg is out of range.
        OutOfMemoryError: if there is not enough memory to decode it.
    """
    second = None
    if rgbd is not None:
        decoded = _without_half(decoded_photo(path, max_memory_bytes), rgbd)
    else:
        source = pair if isinstance(pair, Path) else cast(PairSource, str(pair))
        decoded = decoded_photo(path, max_memory_bytes, second_picture_of(source))
        if source == "auto" and panorama != "none" and is_stereo_sphere(decoded, Path(path).stem):
            decoded, source = without_stereo_sphere(decoded, panorama, display_name(path)), "none"
        decoded, second = with_second_view(decoded, path, source, probable_layout, max_memory_bytes)
    height, width = decoded.rgb.shape[:2]
    if min(width, height) < MIN_SIDE_PX:
        expected = f"expected at least {MIN_SIDE_PX} pixels per side"
        raise InputError(f"{display_name(path)}: {expected}, got {width} x {height}")
    before = decoded
    decoded, f_px, f_source, around = unrolled(decoded, "none" if rgbd else panorama, fov_deg, display_name(path))
    if second is not None and (decoded is not before or around is not None):
        second = None  # it has not been unrolled
        decoded = replace(decoded, notes=(*decoded.notes, "its second view is not used, because it is a panorama"))
    if f_px is None:
        f_px, f_source = _focal_length(decoded, fov_deg, path)
    width, height = decoded.rgb.shape[1::-1]
    if min(width, height) < MIN_SIDE_PX:
        expected = f"expected a panorama in which a straight view of at least {MIN_SIDE_PX} pixels per side fits"
        raise InputError(f"{display_name(path)}: {expected}, got {width} x {height}")
    decoded.rgb.flags.writeable = False
    full_px = decoded.reduced_from or (width, height)
    notes = decoded.notes
    if decoded.reduced_from is not None:
        notes = (*notes, f"decoded at {width}x{height} of {full_px[0]}x{full_px[1]} pixels to save memory")
    f_px *= width / full_px[0]
    name = Path(path).stem
    photo = Photo(
        decoded.rgb,
        f_px,
        f_source,
        name,
        decoded.credits,
        notes,
        full_px,
        decoded.depth,
        second_view=second,
        around=around,
    )
    return photo if keep_gps else without_place(photo)


def _without_half(decoded: DecodedPhoto, half: Half) -> DecodedPhoto:
    """Return a photo without its left or right half, and without the middle column of an odd number."""
    width = decoded.rgb.shape[1] // 2
    rgb = decoded.rgb[:, -width:] if half == "left" else decoded.rgb[:, :width]
    full_px = decoded.reduced_from and (decoded.reduced_from[0] // 2, decoded.reduced_from[1])
    return replace(decoded, rgb=np.ascontiguousarray(rgb), reduced_from=full_px, depth=None)


def without_place(photo: Photo) -> Photo:
    """Return a photo without its GPS position; a note says so."""
    if photo.credits.place is None:
        return photo
    notes = (*photo.notes, "its GPS position is not kept in the outputs")
    return replace(photo, credits=replace(photo.credits, place=None), notes=notes)


def photo_from_array(
    rgb: NDArray[Any], *, fov_deg: float | None = None, f_px: float | None = None, name: str = "photo"
) -> Photo:
    """Make a photo from an array.

    Args:
        rgb: Upright sRGB, uint8 (H, W, 3); it is copied.
        fov_deg: Field of view across the long side, 1 to 170 degrees.
        f_px: Focal length in pixels, instead of fov_deg; without either, the field of view is 55 degrees.
        name: The base name of outputs.

    Raises:
        InputError: if rgb is not such an array or has sides under 16 pixels, or fov_deg or f_px is out of range.
    """
    # Arrays from outside get a readable error here; their annotation is checked under pytest only.
    if not (isinstance(rgb, np.ndarray) and rgb.dtype == np.uint8 and rgb.ndim == 3 and rgb.shape[2] == 3):
        actual = f"{rgb.dtype} {rgb.shape}" if isinstance(rgb, np.ndarray) else type(rgb).__name__
        raise InputError(f"expected sRGB pixels as a uint8 array (H, W, 3), got {actual}")
    height, width = rgb.shape[:2]
    if min(width, height) < MIN_SIDE_PX:
        raise InputError(f"expected at least {MIN_SIDE_PX} pixels per side, got {width} x {height}")
    if fov_deg is not None and f_px is not None:
        raise InputError(f"expected fov_deg or f_px, got both ({fov_deg} and {f_px})")
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
    """Return the focal length in pixels of the file's picture, from fov_deg, EXIF or a guess, and its source."""
    width, height = decoded.reduced_from or decoded.rgb.shape[1::-1]
    long_side_px = float(max(width, height))
    if fov_deg is not None:
        return f_px_from_fov(fov_deg, long_side_px), "flag"
    f_px = _f_px_from_exif(decoded.exif, (width, height))
    if f_px is not None:
        exif_fov_deg = fov_deg_from_f_px(f_px, long_side_px)
        if 0.5 <= exif_fov_deg <= 170:
            return f_px, "exif"
        name = display_name(path)
        _log.warning("%s: ignoring the EXIF focal length: it means a field of view of %.3g degrees", name, exif_fov_deg)
    return f_px_from_fov(GUESSED_FOV_DEG, long_side_px), "guess"


def _f_px_from_exif(exif: Mapping[int, float], size_px: tuple[int, int]) -> float | None:
    """Return the focal length in pixels of the picture, None if the tags are missing."""
    tag = ExifTags.Base
    film_mm = exif.get(tag.FocalLengthIn35mmFilm, 0)  # 0 means unknown
    if film_mm > 0:
        return film_mm * hypot(*size_px) / _FULL_FRAME_DIAGONAL_MM
    f_mm, per_unit = exif.get(tag.FocalLength, 0), exif.get(tag.FocalPlaneXResolution, 0)
    unit_mm = _MM_PER_UNIT.get(int(exif.get(tag.FocalPlaneResolutionUnit, 2)))
    if not (f_mm > 0 and per_unit > 0 and unit_mm):
        return None
    # The resolution counts pixels of the original picture, which may have been scaled down since.
    original_px = max(exif.get(tag.ExifImageWidth, 0), exif.get(tag.ExifImageHeight, 0))
    return f_mm * per_unit / unit_mm * (max(size_px) / original_px if original_px > 0 else 1)
