"""What a depth file holds: one array of numbers out of a PNG, TIFF, NPY, NPZ or EXR."""

from __future__ import annotations

import logging
import os
import zipfile
from typing import IO, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from kbvr.errors import InputError
from kbvr.photo.depth_kind import DepthKind
from kbvr.photo.exr import read_exr
from kbvr.photo.picture_file import Source, damage_reported, named, open_file, picture_kind, shown
from kbvr.photo.pixels import upright
from kbvr.photo.read_pixels import read_pixels

_WANTED = "a depth file (16-bit PNG, TIFF, NPY, NPZ or EXR)"
_COLOURS = {"palette": "a palette", "cmyk": "ink (CMYK)", "lab": "L*a*b* colours"}
_NPZ_KEY = {"disparity": "disparity", "depth-m": "depth", "inverse-depth-per-m": "inverse_depth"}

COPIES = 4
"""Of a depth file's numbers, while they are read and handed on."""

_log = logging.getLogger(__name__)


def read_depth_array(path: str | os.PathLike[str], kind: DepthKind, max_bytes: int | None = None) -> NDArray[Any]:
    """Return a depth file's (h, w) real numbers as they are stored, with their own type; see `kbvr.photo.decode`.

    Raises:
        InputError: if the file cannot be read as one channel of numbers, or that would take more than max_bytes.
        OutOfMemoryError: if there is not enough memory.
    """
    return _one_channel(_read(Source(path, _WANTED, max_bytes), kind), path)


def _read(source: Source, kind: DepthKind) -> NDArray[Any]:
    with open_file(source.path, source.wanted) as stream:
        with damage_reported(source.path, source.wanted):
            head = stream.read(64)
            stream.seek(0)
        if head.startswith(b"\x93NUMPY"):
            return _read_npy(stream, source)
        if head.startswith(b"PK\x03\x04"):
            return _read_npz(stream, source, kind)
        if head.startswith(b"\x76\x2f\x31\x01"):
            return read_exr(stream, source)
    kind_of_file = picture_kind(head)
    if kind_of_file not in ("PNG", "TIFF", "JPEG"):
        raise source.refused(f"a {kind_of_file} picture" if kind_of_file else named(head))
    return _read_picture(source, kind)


def _read_picture(source: Source, kind: DepthKind) -> NDArray[Any]:
    """Return the numbers of a PNG, TIFF or JPEG, upright; alpha says nothing of depth."""
    kind_of_file, pixels = read_pixels(source.path, source.wanted, source.max_bytes)
    if pixels.model not in ("grey", "rgb"):
        raise source.refused(f"a picture of {_COLOURS[pixels.model]}")
    values = upright(pixels.values, pixels.orientation)
    if values.dtype == np.uint8 and kind != "disparity":
        raise InputError(f"{source.name}: wanted {kind} as one channel of 16 bits or floats, got 8 bits")
    if kind_of_file == "JPEG":
        _log.warning("%s: JPEG smears depth in blocks of 8 pixels; expect ripples. A 16-bit PNG has none", source.name)
    return values


def _one_channel(stored: NDArray[Any], path: str | os.PathLike[str]) -> NDArray[Any]:
    """Return (h, w) real numbers; axes of length 1 and channels that all say the same are dropped."""
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
        raise InputError(f"{shown(path)}: wanted one channel of depth (height, width), got shape {shape}")
    return stored


def _check_real(dtype: np.dtype[Any], shape: tuple[int, ...], path: str | os.PathLike[str]) -> None:
    if dtype.kind not in "iuf" or 0 in shape:
        raise InputError(f"{shown(path)}: wanted an array of real numbers, got {dtype} of shape {shape}")


def _read_npy(stream: BinaryIO | IO[bytes], source: Source) -> NDArray[Any]:
    with damage_reported(source.path, source.wanted):
        version = np.lib.format.read_magic(stream)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read_header(stream)
    _check_real(dtype, shape, source.path)
    source.check_size(int(np.prod(shape, dtype=object)), 1, COPIES * dtype.itemsize)
    with damage_reported(source.path, source.wanted):
        stream.seek(0)
        stored: NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
    return stored


def _read_npz(stream: BinaryIO, source: Source, kind: DepthKind) -> NDArray[Any]:
    """Read the array called as the kind is, else the only one with such a name, else the only one.

    What an archive says of sizes may be wrong: no more of it is inflated than the array's own header asks for.
    """
    with damage_reported(source.path, source.wanted):
        archive = zipfile.ZipFile(stream)
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
    known = [key for key in _NPZ_KEY.values() if key in members]
    matches = [_NPZ_KEY[kind]] if _NPZ_KEY[kind] in members else known or list(members)
    if len(matches) != 1:
        there = ", ".join(members)
        raise InputError(f"{source.name}: wanted an array called {_NPZ_KEY[kind]}, or one only, got {there}")
    with damage_reported(source.path, source.wanted), archive.open(members[matches[0]]) as inside:
        stored = _read_npy(inside, source)
        if inside.read(1):  # at the end of it, its sum is checked
            raise ValueError("it goes on after its array")
    return stored
