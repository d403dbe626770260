"""The parts of a JPEG file that a picture decoder leaves aside: XMP packets, and pictures after the first."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

STANDARD_XMP = b"http://ns.adobe.com/xap/1.0/\0"
EXTENDED_XMP = b"http://ns.adobe.com/xmp/extension/\0"
MAX_EXTENDED_BYTES = 100_000_000

_APP1, _SCAN, _END = 0xE1, 0xDA, 0xD9
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")
"""A marker after pixel data, in which 0 is stuffed, and which restart markers interrupt."""


def segments(data: bytes, start: int = 0) -> Iterator[tuple[int, int, int]]:
    """Yield the marker, and the start and end of the content, of every segment of the JPEG at `start`, to its end.

    The end marker has no content. A damaged file ends early.
    """
    at = start + 2
    while True:
        found = _MARKER.search(data, at)
        if found is None:
            return
        marker, at = data[found.start() + 1], found.end()
        if marker == _END:
            yield marker, at, at
            return
        length = int.from_bytes(data[at : at + 2], "big")
        if length < 2 or at + length > len(data):
            return
        yield marker, at + 2, at + length
        at += length


def end_of_jpeg(data: bytes, start: int = 0) -> int:
    """Return where the JPEG at `start` ends, or the length of the data if its end marker is missing."""
    return next((end for marker, _, end in segments(data, start) if marker == _END), len(data))


def following_jpegs(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the start and the end of every JPEG after the first one."""
    at = end_of_jpeg(data)
    while (at := data.find(b"\xff\xd8\xff", at)) >= 0:
        end = end_of_jpeg(data, at)
        yield at, end
        at = end


def standard_xmp(data: bytes, start: int = 0) -> bytes:
    """Return the standard XMP packet of the JPEG at `start`, empty if there is none."""
    for content in _app1(data, start):
        if content.startswith(STANDARD_XMP):
            return content[len(STANDARD_XMP) :]
    return b""


def extended_xmp(data: bytes, guid: str) -> bytes:
    """Return the extended XMP packet that a standard packet refers to (Adobe's XMP specification, part 3, 1.1.3.1).

    Raises:
        ValueError: if a part of it is missing.
    """
    packet, received = bytearray(), 0
    for content in _app1(data, 0):
        head = len(EXTENDED_XMP) + 40
        if not content.startswith(EXTENDED_XMP + guid.encode()) or len(content) < head:
            continue
        total, at = struct.unpack_from(">II", content, head - 8)
        part = content[head:]
        if total > MAX_EXTENDED_BYTES or at + len(part) > total:
            raise ValueError("its extended XMP is damaged")
        packet = packet or bytearray(total)
        if len(packet) != total:
            raise ValueError("its extended XMP is damaged")
        packet[at : at + len(part)] = part
        received += len(part)
    if not packet or received < len(packet):
        raise ValueError(f"{received} of {len(packet) or 'all'} bytes of its extended XMP are there")
    return bytes(packet)


def _app1(data: bytes, start: int) -> Iterator[bytes]:
    for marker, begin, end in segments(data, start):
        if marker == _SCAN:
            return
        if marker == _APP1:
            yield data[begin:end]
