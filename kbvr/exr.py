"""EXR: one part of scan lines, read uncompressed or by ZIP and written by ZIP, as far as depth needs it.

The layout is that of https://openexr.com/en/latest/OpenEXRFileLayout.html. It is read here because the OpenCV
wheels are built without EXR, and FFmpeg cannot read a channel called Z.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from jaxtyping import Float32
from numpy.typing import NDArray

from kbvr.errors import InputError
from kbvr.picture_file import check_pixel_count, damage_reported, shown

_COMPRESSIONS = ("NONE", "RLE", "ZIPS", "ZIP", "PIZ", "PXR24", "B44", "B44A", "DWAA", "DWAB")
_LINES_A_CHUNK = {"NONE": 1, "ZIPS": 1, "ZIP": 16}
_TYPES = (np.dtype("<u4"), np.dtype("<f2"), np.dtype("<f4"))


@dataclass(frozen=True)
class _Header:
    size_px: tuple[int, int]
    top: int
    """Number of the first line."""

    compression: str
    channels: dict[str, tuple[int, np.dtype[Any]]]
    """Of each channel: where it begins in a line, in bytes, and its type."""

    line_bytes: int
    end: int
    """Where the header ends and the table of chunks begins, in bytes."""


def read_exr(stream: BinaryIO, path: str | os.PathLike[str], wanted: str) -> Float32[np.ndarray, "h w c"]:
    """Read an EXR's channel of depth, or R, G and B if it has no such channel; `wanted` is for messages.

    Raises:
        InputError: if it is damaged, larger than MAX_PIXELS, of another layout or compression than those
            read here, or if it is not clear which of its channels holds depth.
    """
    with damage_reported(path, wanted):
        data = stream.read()
        header = _header(data, path)
    check_pixel_count(*header.size_px, path)
    if header.compression not in _LINES_A_CHUNK:
        raise InputError(f"{shown(path)}: wanted an EXR without compression or with ZIP, got {header.compression}")
    names = _depth_channels(header, path)
    with damage_reported(path, wanted):
        lines = _lines(data, header)
    planes = []
    for name in names:
        start, dtype = header.channels[name]
        plane = lines[:, start : start + header.size_px[0] * dtype.itemsize]
        planes.append(np.ascontiguousarray(plane).view(dtype))
    # In an EXR even whole numbers are in the convention's own unit: it has a type for each.
    return np.stack(planes, axis=-1).astype(np.float32)


def _header(data: bytes, path: str | os.PathLike[str]) -> _Header:
    version = struct.unpack_from("<I", data, 4)[0]
    if version & 0x1A00:
        raise InputError(f"{shown(path)}: wanted an EXR of plain scan lines, got tiles, deep pixels or several parts")
    attributes, at = {}, 8
    while data[at] != 0:
        name_end = data.index(0, at)
        type_end = data.index(0, name_end + 1)
        length = struct.unpack_from("<I", data, type_end + 1)[0]
        attributes[data[at:name_end].decode()] = data[type_end + 5 : type_end + 5 + length]
        at = type_end + 5 + length
    left, top, right, bottom = struct.unpack("<4i", attributes["dataWindow"])
    width = right - left + 1
    channels, line_bytes, listed = {}, 0, attributes["channels"]
    while listed[0] != 0:
        name, _, listed = listed.partition(b"\0")
        pixel_type, _, x_sampling, y_sampling = struct.unpack_from("<iIii", listed)
        if (x_sampling, y_sampling) != (1, 1):
            raise InputError(f"{shown(path)}: wanted an EXR of full channels, got {name.decode()} subsampled")
        channels[name.decode()] = (line_bytes, _TYPES[pixel_type])
        line_bytes += width * _TYPES[pixel_type].itemsize
        listed = listed[16:]
    compression = _COMPRESSIONS[attributes["compression"][0]]
    return _Header((width, bottom - top + 1), top, compression, channels, line_bytes, at + 1)


def _depth_channels(header: _Header, path: str | os.PathLike[str]) -> list[str]:
    """Return the only channel, else the only one called depth (or its layer), else Z, Y, or R, G and B."""
    parts = {name: name.lower().split(".") for name in header.channels}
    named = [name for name, part in parts.items() if {"depth", "disparity", "inverse_depth"} & set(part[-2:])]
    for choice in (list(parts), named, [n for n in parts if n in "Zz"], [n for n in parts if n in "Yy"]):
        if len(choice) == 1:
            return choice
    if not named and {"R", "G", "B"} <= set(parts):
        return ["R", "G", "B"]
    raise InputError(f"{shown(path)}: wanted one channel of depth (Z, depth, disparity, Y), got {', '.join(parts)}")


def _lines(data: bytes, header: _Header) -> NDArray[np.uint8]:
    """Return the bytes of every line, uncompressed: (height, line_bytes)."""
    height, a_chunk = header.size_px[1], _LINES_A_CHUNK[header.compression]
    lines = np.empty((height, header.line_bytes), np.uint8)
    chunks = -(-height // a_chunk)
    for offset in struct.unpack_from(f"<{chunks}Q", data, header.end):
        line, length = struct.unpack_from("<iI", data, offset)
        line -= header.top
        if not 0 <= line < height or offset + 8 + length > len(data):
            raise ValueError(f"the chunk at byte {offset} is cut short or misplaced")
        wanted = lines[line : line + a_chunk]
        packed = data[offset + 8 : offset + 8 + length]
        wanted[...] = _unpacked(packed, wanted.size).reshape(wanted.shape)
    return lines


def _unpacked(packed: bytes, size_bytes: int) -> NDArray[np.uint8]:
    """Undo ZIP: inflate, add up the differences (stored + 128), and interleave the two halves."""
    if len(packed) == size_bytes:  # what would not have shrunk is stored as it is
        return np.frombuffer(packed, np.uint8)
    differences = np.frombuffer(zlib.decompressobj().decompress(packed, size_bytes), np.uint8)
    halves = np.cumsum(differences, dtype=np.uint8)
    halves[1::2] += 128
    unpacked = np.empty(size_bytes, np.uint8)
    unpacked[0::2], unpacked[1::2] = halves[: (size_bytes + 1) // 2], halves[(size_bytes + 1) // 2 :]
    return unpacked


def exr_bytes(values: Float32[np.ndarray, "h w"], channel: str, told: Mapping[str, str]) -> bytes:
    """Return one channel of floats as an EXR, with texts in its header; compressed by ZIP, which loses nothing."""
    height, width = values.shape
    window = struct.pack("<4i", 0, 0, width - 1, height - 1)
    listed = channel.encode() + b"\0" + struct.pack("<iIii", _TYPES.index(np.dtype("<f4")), 0, 1, 1) + b"\0"
    attributes = {
        "channels": ("chlist", listed),
        "compression": ("compression", bytes((_COMPRESSIONS.index("ZIP"),))),
        "dataWindow": ("box2i", window),
        "displayWindow": ("box2i", window),
        "lineOrder": ("lineOrder", bytes(1)),
        "pixelAspectRatio": ("float", struct.pack("<f", 1.0)),
        "screenWindowCenter": ("v2f", struct.pack("<2f", 0.0, 0.0)),
        "screenWindowWidth": ("float", struct.pack("<f", 1.0)),
        **{name: ("string", text.encode()) for name, text in told.items()},
    }
    head = b"\x76\x2f\x31\x01" + struct.pack("<I", 2)
    for name, (kind, content) in attributes.items():
        head += name.encode() + b"\0" + kind.encode() + b"\0" + struct.pack("<I", len(content)) + content
    head += b"\0"
    a_chunk = _LINES_A_CHUNK["ZIP"]
    chunks = [_packed(values[line : line + a_chunk].astype("<f4").tobytes()) for line in range(0, height, a_chunk)]
    chunks = [struct.pack("<iI", index * a_chunk, len(chunk)) + chunk for index, chunk in enumerate(chunks)]
    start = len(head) + 8 * len(chunks)
    places = [start, *(start + np.cumsum([len(chunk) for chunk in chunks])).tolist()][:-1]
    return head + struct.pack(f"<{len(chunks)}Q", *places) + b"".join(chunks)


def _packed(plain: bytes) -> bytes:
    """Return bytes by ZIP, or as they are where that is shorter: the inverse of `_unpacked`."""
    stored = np.frombuffer(plain, np.uint8)
    halves = np.concatenate([stored[0::2], stored[1::2]])
    differences = halves.copy()
    differences[1:] = halves[1:] - halves[:-1] + np.uint8(128)
    packed = zlib.compress(differences.tobytes())
    return packed if len(packed) < len(plain) else plain
