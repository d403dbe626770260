"""Decode photos and depth files to plain arrays, numbers and texts.

Arguments and results are plain, so that a decoder can run in another process, whose crash costs one photo. Warnings are
logged.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import UInt8

from kbvr.photo.color_management import srgb_over_white
from kbvr.photo.credits import Credits
from kbvr.photo.depth_array import read_depth_array
from kbvr.photo.depth_kind import DepthKind, Half
from kbvr.photo.embedded_depth import EmbeddedDepth, read_or_none
from kbvr.photo.oriented_depth import oriented
from kbvr.photo.pair_layout import SecondPicture, StatedLayout
from kbvr.photo.panorama import Panorama
from kbvr.photo.picture_file import Source, display_name
from kbvr.photo.pixels import TRANSPOSED, Pixels
from kbvr.photo.read_pixels import read_pixels
from kbvr.photo.stored_depth import StoredDepth

_PHOTO = "a photo (JPEG, PNG, WebP, TIFF, HEIC or AVIF)"


@dataclass(frozen=True, eq=False)
class DecodedPhoto:
    """A photo's pixels as a viewer shows them, and its metadata."""

    rgb: UInt8[np.ndarray, "H W 3"]
    """Upright sRGB."""

    exif: Mapping[int, float]
    """The numeric EXIF tags."""

    credits: Credits

    notes: tuple[str, ...] = ()
    """Notes on colour conversions, a line each."""

    reduced_from: tuple[int, int] | None = None
    """(width, height) of the picture in the file, upright, if it was decoded at a smaller size."""

    depth: EmbeddedDepth | None = None
    """The depth in the file, upright."""

    second: UInt8[np.ndarray, "H2 W2 3"] | None = None
    """The view of the other eye in the file: upright sRGB."""

    panorama: Panorama | None = None
    """What the file says about a panorama; None if it is turned by its orientation too."""

    layout: StatedLayout | None = None
    """How the picture holds the views of both eyes, if the file says so."""


def decode_photo(
    path: str | os.PathLike[str], max_bytes: int | None = None, second: SecondPicture = "none"
) -> DecodedPhoto:
    """Decode a photo, and of an MPO the second picture that is asked for.

    More than 8 bits per channel are rounded to 8, and HDR is tone-mapped to sRGB. If a file contains several pictures,
    the first or primary one is the photo, of a TIFF the largest. Errors are those of `read_pixels`.
    """
    _, pixels = read_pixels(path, _PHOTO, max_bytes, second)
    _check_range(pixels, Source(path, _PHOTO))
    rgb, notes = srgb_over_white(pixels, display_name(path))
    notes = (*notes, *pixels.notes)
    reduced_from = pixels.reduced_from
    if reduced_from is not None and pixels.orientation in TRANSPOSED:
        reduced_from = reduced_from[::-1]
    other = None
    if pixels.second is not None:
        turned = replace(pixels.second, orientation=pixels.orientation)
        other = srgb_over_white(turned, display_name(path))[0]
    panorama = pixels.panorama if pixels.orientation == 1 else None
    depth = _upright_depth(pixels, path)
    return DecodedPhoto(rgb, pixels.exif, pixels.credits, notes, reduced_from, depth, other, panorama, pixels.layout)


def _upright_depth(pixels: Pixels, path: str | os.PathLike[str]) -> EmbeddedDepth | None:
    depth, stored_px = pixels.depth, pixels.values.shape[1::-1]
    if depth is None:
        return None
    return read_or_none(lambda: oriented(depth, stored_px, pixels.orientation), display_name(path))


def decode_depth(
    path: str | os.PathLike[str], kind: DepthKind | None, max_bytes: int | None = None, half: Half | None = None
) -> StoredDepth:
    """Decode a depth file; see `kbvr.photo.depth_array.read_depth_array`."""
    return read_depth_array(path, kind, max_bytes, half)


def _check_range(pixels: Pixels, source: Source) -> None:
    """Raise InputError for numbers with an unknown white level: signed integers, and fractions beyond 0 to 1.

    A few fractions beyond it are accepted and clipped later, because sharpening and resizing leave some.
    """
    if pixels.values.dtype.kind == "i":
        raise source.refused("a TIFF of signed whole numbers")
    if pixels.values.dtype.kind != "f" or pixels.model == "lab":
        return
    is_inside = (pixels.values >= 0) & (pixels.values <= 1)
    if is_inside.mean() < 0.99:
        least, most = np.nanmin(pixels.values), np.nanmax(pixels.values)
        raise source.refused(f"a TIFF of fractions from {least:.4g} to {most:.4g}, where 0 to 1 is black to white")
