"""Read a depth file (PNG, TIFF, NPY, NPZ or EXR) as one array of numbers."""

from __future__ import annotations

import logging
import os
import zipfile
from collections.abc import Mapping
from types import MappingProxyType
from typing import IO, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from kbvr.errors import InputError
from kbvr.photo.depth_kind import DepthKind
from kbvr.photo.exr import read_exr
from kbvr.photo.picture_file import Source, display_name, file_description, picture_kind
from kbvr.photo.pixels import upright
from kbvr.photo.read_pixels import read_pixels

_DEPTH_FILE = "a depth file (16-bit PNG, TIFF, NPY, NPZ or EXR)"
_COLOURS = {"palette": "a palette", "cmyk": "ink (CMYK)", "lab": "L*a*b* colours"}
_NPZ_KEY: Mapping[str, str] = MappingProxyType(
    {"disparity": "disparity", "depth-m": "depth", "inverse-depth-per-m": "inverse_depth"}
)

COPIES = 4
"""Copies of an NPY array in memory while it is read and passed on."""

_log = logging.getLogger(__name__)


def read_depth_array(path: str | os.PathLike[str], kind: DepthKind, max_bytes: int | None = None) -> NDArray[Any]:
    """Return a depth file's (h, w) real numbers as stored, in their own type.

    The kind selects an array of an NPZ, and is checked against the bit depth of a picture.

    Raises:
        InputError: if the file is not one channel of numbers, or requires more than max_bytes of memory.
        OutOfMemoryError: if there is not enough memory.
    """
    return _one_channel(_read(Source(path, _DEPTH_FILE, max_bytes), kind), path)


def _read(source: Source, kind: DepthKind) -> NDArray[Any]:
    with source.open() as stream:
        with source.damage_reported():
            head = stream.read(64)
            stream.seek(0)
        if kind == "kbvr" and picture_kind(head) != "PNG":
            raise source.refused(file_description(head))
        if head.startswith(b"\x93NUMPY"):
            return _read_npy(stream, source)
        if head.startswith(b"PK\x03\x04"):
            return _read_npz(stream, source, kind)
        if head.startswith(b"\x76\x2f\x31\x01"):
            return read_exr(stream, source)
    kind_of_file = picture_kind(head)
    if kind_of_file not in ("PNG", "TIFF", "JPEG"):
        raise source.refused(f"a {kind_of_file} picture" if kind_of_file else file_description(head))
    return _read_picture(source, kind)


def _read_picture(source: Source, kind: DepthKind) -> NDArray[Any]:
    """Return the numbers of a PNG, TIFF or JPEG, upright and without alpha."""
    kind_of_file, pixels = read_pixels(source.path, source.expected, source.max_bytes)
    if pixels.model not in ("grey", "rgb"):
        raise source.refused(f"a picture of {_COLOURS[pixels.model]}")
    values = upright(pixels.values, pixels.orientation)
    if values.dtype == np.uint8 and kind != "disparity":
        raise InputError(f"{source.name}: expected {kind} as one channel of 16 bits or floats, got 8 bits")
    if kind_of_file == "JPEG":
        _log.warning("%s: JPEG compression distorts depth in blocks of 8 pixels; use a 16-bit PNG", source.name)
    return values


def _one_channel(stored: NDArray[Any], path: str | os.PathLike[str]) -> NDArray[Any]:
    """Return (h, w) real numbers, without axes of length 1 and identical channels."""
    shape = stored.shape
    _check_real(stored.dtype, shape, path)
    while stored.ndim > 2 and stored.shape[-1] == 1:
        stored = stored[..., 0]
    while stored.ndim > 2 and stored.shape[0] == 1:
        stored = stored[0]
    if stored.ndim == 3 and stored.shape[2] in (3, 4):
        red, green, blue = (stored[..., channel] for channel in range(3))
        if np.array_equal(red, green, equal_nan=True) and np.array_equal(red, blue, equal_nan=True):
            stored = red
    if stored.ndim != 2:
        raise InputError(f"{display_name(path)}: expected one channel of depth (height, width), got shape {shape}")
    return stored


def _check_real(dtype: np.dtype[Any], shape: tuple[int, ...], path: str | os.PathLike[str]) -> None:
    if dtype.kind not in "iuf" or 0 in shape:
        raise InputError(f"{display_name(path)}: expected an array of real numbers, got {dtype} of shape {shape}")


def _read_npy(stream: BinaryIO | IO[bytes], source: Source) -> NDArray[Any]:
    with source.damage_reported():
        version = np.lib.format.read_magic(stream)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read_header(stream)
    _check_real(dtype, shape, source.path)
    source.check_size(int(np.prod(shape, dtype=object)), 1, COPIES * dtype.itemsize)
    with source.damage_reported():
        stream.seek(0)
        stored: NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
    return stored


def _read_npz(stream: BinaryIO, source: Source, kind: DepthKind) -> NDArray[Any]:
    """Read the array named after the kind, else the only one named after any kind, else the only one.

    Sizes in the archive's directory can be wrong, so no more is inflated than the array's own header requires.
    """
    with source.damage_reported():
        archive = zipfile.ZipFile(stream)
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
    known = [key for key in _NPZ_KEY.values() if key in members]
    matches = [_NPZ_KEY[kind]] if _NPZ_KEY[kind] in members else known or list(members)
    if len(matches) != 1:
        names = ", ".join(members)
        raise InputError(f"{source.name}: expected an array called {_NPZ_KEY[kind]} or a single array, got {names}")
    with source.damage_reported(), archive.open(members[matches[0]]) as inside:
        stored = _read_npy(inside, source)
        if inside.read(1):  # reading to the end also verifies the checksum
            raise ValueError("data after the end of the array")
    return stored
