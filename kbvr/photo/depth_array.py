"""Read a depth file (a picture, PFM, NPY, NPZ or EXR) as one array of numbers."""

from __future__ import annotations

import logging
import os
import zipfile
from collections.abc import Mapping
from types import MappingProxyType
from typing import IO, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import BmpImagePlugin

from kbvr.errors import InputError
from kbvr.photo.depth_colours import colour_maps, uncoloured
from kbvr.photo.depth_kind import DepthKind, Half
from kbvr.photo.depth_packing import unpacked
from kbvr.photo.exr import read_exr
from kbvr.photo.pfm import is_pfm, read_pfm
from kbvr.photo.picture_file import Source, display_name, file_description, picture_kind
from kbvr.photo.pixels import upright
from kbvr.photo.png_texts import read_png_texts
from kbvr.photo.read_pixels import read_pixels
from kbvr.photo.rgbd import half_of_depth
from kbvr.photo.stored_depth import StoredDepth

_DEPTH_FILE = "a depth file (16-bit PNG or another picture, PFM, NPY, NPZ or EXR)"
_COLOURS = {"cmyk": "ink (CMYK)", "lab": "L*a*b* colours"}
_NPZ_KEY: Mapping[DepthKind, str] = MappingProxyType(
    {"disparity": "disparity", "depth-m": "depth", "inverse-depth-per-m": "inverse_depth"}
)
_ANY_RANGE: tuple[DepthKind | None, ...] = ("disparity", "relative", "relative-inverted", None)
"""Kinds for which 8 bits do."""

MAX_CHROMA = 6.0
"""Largest mean difference between the channels of grey, of 255: JPEG colours it a little, most of all at a border."""

_LUMA = (0.299, 0.587, 0.114)
"""The weights of red, green and blue in JPEG (ITU-R BT.601)."""

COPIES = 4
"""Copies of an NPY array in memory while it is read and passed on."""

_log = logging.getLogger(__name__)


def read_depth_array(
    path: str | os.PathLike[str], kind: DepthKind | None, max_bytes: int | None = None, half: Half | None = None
) -> StoredDepth:
    """Return a depth file's (h, w) real numbers as stored, in their own type.

    The kind, if it is known, selects an array of an NPZ, and is checked against the bit depth of a picture. Of an RGB-D
    picture, `half` holds the depth.

    Raises:
        InputError: if the file is not one channel of numbers, or requires more than max_bytes of memory.
        OutOfMemoryError: if there is not enough memory.
    """
    return _read(Source(path, _DEPTH_FILE, max_bytes), kind, half)


def _read(source: Source, kind: DepthKind | None, half: Half | None) -> StoredDepth:
    with source.open() as stream:
        with source.damage_reported():
            head = stream.read(64)
            stream.seek(0)
        picture = "BMP" if head.startswith(b"BM") else picture_kind(head)
        if kind == "kbvr" and picture != "PNG":
            raise source.refused(file_description(head))
        if half is not None and picture is None:
            raise InputError(f"{source.name}: expected an RGB-D picture, got {file_description(head)}")
        if picture == "BMP":
            return _of_picture(_half(_read_bmp(stream, source), half), source, kind, is_lossy=False)
        if picture is None:
            return _read_numbers(stream, head, source, kind)
    return _read_picture(source, kind, half)


def _read_numbers(stream: BinaryIO, head: bytes, source: Source, kind: DepthKind | None) -> StoredDepth:
    """Return the numbers of a file that is no picture."""
    found: DepthKind | None = None
    if head.startswith(b"\x93NUMPY"):
        stored = _read_npy(stream, source)
    elif head.startswith(b"PK\x03\x04"):
        stored, found = _read_npz(stream, source, kind)
    elif head.startswith(b"\x76\x2f\x31\x01"):
        stored = read_exr(stream, source)
    elif is_pfm(head):
        stored = read_pfm(stream, source)
    else:
        raise source.refused(file_description(head))
    return StoredDepth(_one_channel(stored, source.path), found)


def _read_picture(source: Source, kind: DepthKind | None, half: Half | None) -> StoredDepth:
    """Return the numbers of a picture file, upright and without alpha."""
    kind_of_file, pixels = read_pixels(source.path, source.expected, source.max_bytes)
    if pixels.model in _COLOURS:
        raise source.refused(f"a picture of {_COLOURS[pixels.model]}")
    values = upright(pixels.values, pixels.orientation)
    if pixels.palette is not None:
        values = pixels.palette[values[..., 0]]
    is_lossy = kind_of_file in ("JPEG", "WEBP", "HEIC", "AVIF")
    if kind_of_file == "JPEG":
        _log.warning("%s: JPEG compression distorts depth in blocks of 8 pixels; use a 16-bit PNG", source.name)
    stored = _of_picture(_half(values, half), source, kind, is_lossy=is_lossy)
    if kind_of_file == "PNG" and half is None and kind is None:
        texts = read_png_texts(source.path, source.expected)
        if {"near_m", "far_m", "depth_kind"} <= {*texts} and texts.get("software", "").startswith("kbvr"):
            return StoredDepth(stored.values, "kbvr")
    return stored


def _half(values: NDArray[Any], half: Half | None) -> NDArray[Any]:
    width = values.shape[1] // 2
    return values if half is None else values[:, :width] if half == "left" else values[:, -width:]


def _of_picture(values: NDArray[Any], source: Source, kind: DepthKind | None, *, is_lossy: bool) -> StoredDepth:
    """Return the numbers of a picture's pixels, which are (h, w, c)."""
    if values.dtype != np.uint8:
        return StoredDepth(_one_channel(values, source.path))
    stored = _of_colours(values, source, is_lossy=is_lossy) if values.shape[2] == 3 else StoredDepth(values[..., 0])
    if stored.values.dtype == np.uint8 and kind not in _ANY_RANGE:
        raise InputError(f"{source.name}: expected {kind} as one channel of 16 bits or floats, got 8 bits")
    return stored


def _of_colours(rgb: NDArray[np.uint8], source: Source, *, is_lossy: bool) -> StoredDepth:
    """Return the numbers of a picture of 8-bit RGB: grey, the colours of a map, or numbers packed into channels."""
    low, high = rgb.min(axis=2), rgb.max(axis=2)
    if np.array_equal(low, high):
        return StoredDepth(np.ascontiguousarray(rgb[..., 0]))
    if float((high - low).mean()) <= MAX_CHROMA:
        return StoredDepth(np.rint(rgb @ np.array(_LUMA, np.float32)).astype(np.uint8))
    packed = None if is_lossy else unpacked(rgb)
    if packed is not None:
        return StoredDepth(packed.values, form=packed.form)
    coloured = uncoloured(rgb)
    if coloured is not None:
        return StoredDepth(coloured.values, form=f"the colours of {coloured.name}")
    got = "a picture of other colours" if half_of_depth(rgb) is None else "an RGB-D picture, which is a photo as well"
    raise InputError(
        f"{source.name}: expected one channel of depth, or the colours of {', '.join(colour_maps())}, got {got}"
    )


def _read_bmp(stream: BinaryIO, source: Source) -> NDArray[Any]:
    """Return the pixels of a BMP as (h, w, 1) grey or (h, w, 3) RGB, of 8 bits."""
    with source.damage_reported():
        image = BmpImagePlugin.BmpImageFile(stream)
    source.check_size(*image.size)
    with source.damage_reported():
        grey = image.mode in ("1", "L")
        pixels = np.asarray(image.convert("L" if grey else "RGB"))
    return pixels[..., None] if grey else pixels


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


def _read_npz(stream: BinaryIO, source: Source, kind: DepthKind | None) -> tuple[NDArray[Any], DepthKind | None]:
    """Read the array named after the kind, else the only one named after any kind, else the only one.

    Return the kind that its name means, too. Sizes in the archive's directory can be wrong, so no more is inflated than
    the array's own header requires.
    """
    with source.damage_reported():
        archive = zipfile.ZipFile(stream)
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
    wanted = "disparity" if kind in ("relative", "relative-inverted") else kind
    key = "" if wanted is None else _NPZ_KEY.get(wanted, "")
    known = [key for key in _NPZ_KEY.values() if key in members]
    matches = [key] if key in members else known or list(members)
    if len(matches) != 1:
        names = ", ".join(members)
        called = key or "depth, disparity or inverse_depth"
        raise InputError(f"{source.name}: expected an array called {called} or a single array, got {names}")
    with source.damage_reported(), archive.open(members[matches[0]]) as inside:
        stored = _read_npy(inside, source)
        if inside.read(1):  # reading to the end also verifies the checksum
            raise ValueError("data after the end of the array")
    return stored, next((kind for kind, name in _NPZ_KEY.items() if name == matches[0]), None)
