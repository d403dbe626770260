"""What a depth file holds: one array of numbers out of a PNG, TIFF, NPY, NPZ or EXR."""

from __future__ import annotations

import os
import zipfile
from io import BytesIO
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from kbvr.errors import InputError
from kbvr.exr import read_exr
from kbvr.picture_file import check_pixel_count, damage_reported, open_file, picture_kind, read_picture, shown

_WANTED = "a depth file (16-bit PNG, TIFF, NPY, NPZ or EXR)"
_NPZ_KEY = {"disparity": "disparity", "depth-m": "depth", "inverse-depth-per-m": "inverse_depth"}


def read_depth_array(path: str | os.PathLike[str], kind: str) -> NDArray[Any]:
    """Return a depth file's (h, w) real numbers as they are stored, with their own type; see `kbvr.decode`.

    Raises:
        InputError: if the file cannot be read as one channel of numbers.
    """
    return _one_channel(_read(path, kind), path)


def _read(path: str | os.PathLike[str], kind: str) -> NDArray[Any]:
    with open_file(path, _WANTED) as stream:
        with damage_reported(path, _WANTED):
            head = stream.read(64)
            stream.seek(0)
        if head.startswith(b"\x93NUMPY"):
            return _read_npy(stream, path)
        if head.startswith(b"PK\x03\x04"):
            return _read_npz(stream, path, kind)
        if head.startswith(b"\x76\x2f\x31\x01"):
            return read_exr(stream, path, _WANTED)
    if picture_kind(head) not in ("PNG", "TIFF"):
        raise InputError(f"{shown(path)}: wanted {_WANTED}, but its first bytes are {head[:8].hex(' ')}")
    image = read_picture(path, _WANTED).image
    if image.mode in ("1", "P", "PA"):
        raise InputError(f"{shown(path)}: wanted {_WANTED}, but it is a picture of mode {image.mode}")
    if image.mode.startswith(("L", "RGB")) and kind != "disparity":
        raise InputError(f"{shown(path)}: wanted {kind} as one channel of 16 bits or floats, got mode {image.mode}")
    return np.asarray(image)


def _one_channel(stored: NDArray[Any], path: str | os.PathLike[str]) -> NDArray[Any]:
    """Return (h, w) real numbers; axes of length 1 and channels that all say the same are dropped."""
    shape = stored.shape
    if stored.dtype.kind not in "iuf" or stored.size == 0:
        raise InputError(f"{shown(path)}: wanted an array of real numbers, got {stored.dtype} of shape {shape}")
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


def _read_npy(stream: BinaryIO | BytesIO, path: str | os.PathLike[str]) -> NDArray[Any]:
    with damage_reported(path, _WANTED):
        version = np.lib.format.read_magic(stream)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, _ = read_header(stream)
    check_pixel_count(int(np.prod(shape, dtype=object)), 1, path)
    with damage_reported(path, _WANTED):
        stream.seek(0)
        stored: NDArray[Any] = np.load(stream, allow_pickle=False)
    return stored


def _read_npz(stream: BinaryIO, path: str | os.PathLike[str], kind: str) -> NDArray[Any]:
    """Read the array called as the kind is, else the only one with such a name, else the only one."""
    with damage_reported(path, _WANTED):
        archive = zipfile.ZipFile(stream)
        sizes = {info.filename.removesuffix(".npy"): info.file_size for info in archive.infolist()}
    known = [key for key in _NPZ_KEY.values() if key in sizes]
    matches = [_NPZ_KEY[kind]] if _NPZ_KEY[kind] in sizes else known or list(sizes)
    if len(matches) != 1:
        raise InputError(f"{shown(path)}: wanted an array called {_NPZ_KEY[kind]}, or one only, got {', '.join(sizes)}")
    check_pixel_count(sizes[matches[0]] // 8, 1, path)
    with damage_reported(path, _WANTED):
        member = next(info for info in archive.infolist() if info.filename.removesuffix(".npy") == matches[0])
        array = BytesIO(archive.read(member))
    return _read_npy(array, path)
