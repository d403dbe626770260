"""Segments of JPEG files, which JPS, MPO and VR180 add to plain pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

SOI, APP0, APP1, APP2, APP3, SOS = b"\xff\xd8", 0xE0, 0xE1, 0xE2, 0xE3, 0xDA


def with_segments(jpeg: bytes, added: Sequence[tuple[int, bytes]]) -> bytes:
    """Return a JPEG with segments (marker, content) added after JFIF and EXIF, where readers expect them."""
    end = len(SOI)
    for marker, start, content in segments(jpeg):
        if marker not in (APP0, APP1):
            break
        end = start + len(content)
    parts = [bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2, "big") + content for marker, content in added]
    return jpeg[:end] + b"".join(parts) + jpeg[end:]


def segments(jpeg: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield the marker, the offset of the content, and the content of every segment before the pixels.

    Raises:
        ValueError: if it is not a complete JPEG.
    """
    if not jpeg.startswith(SOI):
        raise ValueError("it is not a JPEG")
    at = len(SOI)
    while True:
        if len(jpeg) < at + 4 or jpeg[at] != 0xFF:
            raise ValueError(f"there is no segment at byte {at}")
        marker, length = jpeg[at + 1], int.from_bytes(jpeg[at + 2 : at + 4], "big")
        if marker == SOS:
            return
        yield marker, at + 4, jpeg[at + 4 : at + 2 + length]
        at += 2 + length
