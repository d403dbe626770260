"""JPEG files as segments: what JPS, MPO and VR180 add to plain ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

SOI, APP0, APP1, APP2, APP3, SOS = b"\xff\xd8", 0xE0, 0xE1, 0xE2, 0xE3, 0xDA
LARGEST_SEGMENT = 65533
"""Bytes that a segment can hold."""


def with_segments(jpeg: bytes, added: Sequence[tuple[int, bytes]]) -> bytes:
    """Return a JPEG with segments (marker, content) added behind JFIF and EXIF, where readers look for them."""
    end = len(SOI)
    for marker, start, content in segments(jpeg):
        if marker not in (APP0, APP1):
            break
        end = start + len(content)
    return jpeg[:end] + b"".join(segment(marker, content) for marker, content in added) + jpeg[end:]


def segment(marker: int, content: bytes) -> bytes:
    """Return one segment as bytes."""
    assert len(content) <= LARGEST_SEGMENT
    return bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2, "big") + content


def segments(jpeg: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield marker, place and content of every segment before the pixels; the place is where the content begins.

    Raises:
        ValueError: if it is no JPEG or is cut short.
    """
    if not jpeg.startswith(SOI):
        raise ValueError("it is no JPEG")
    at = len(SOI)
    while True:
        if len(jpeg) < at + 4 or jpeg[at] != 0xFF:
            raise ValueError(f"there is no segment at byte {at}")
        marker, length = jpeg[at + 1], int.from_bytes(jpeg[at + 2 : at + 4], "big")
        if marker == SOS:
            return
        yield marker, at + 4, jpeg[at + 4 : at + 2 + length]
        at += 2 + length
