"""JPEG: segments with lengths before the scan (ITU-T T.81, annex B)."""

from __future__ import annotations

import struct
from random import Random

from fuzz.structures import tiff
from fuzz.structures.plain import changed, number, rearranged

FRAMES = (0xC0, 0xC1, 0xC2)
MARKERS = (0xC0, 0xC1, 0xC2, 0xC3, 0xC4, 0xC8, 0xC9, 0xCC, 0xD0, 0xD8, 0xD9, 0xDA, 0xDB, 0xDC, 0xDD, 0xDF, 0xE0, 0xE1)
MARKERS += (0xE2, 0xE3, 0xED, 0xEE, 0xFE, 0x01, 0x00, 0xFF)

FIELDS = ((0, 1), (1, 2), (3, 2), (5, 1), (6, 1), (7, 1), (8, 1), (10, 1), (13, 1))
"""Place and size of fields of a frame: precision, height, width, components, and of each its name, factors, table."""

Segment = tuple[int, bytes]


def segments_of(data: bytes) -> tuple[list[Segment], bytes]:
    """Return marker and content of the segments before the scan, and all that comes from the scan on."""
    if data[:2] != b"\xff\xd8":
        raise ValueError("no JPEG")
    segments, at = [], 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker, (length,) = data[at + 1], struct.unpack_from(">H", data, at + 2)
        if marker == 0xDA:
            break
        segments.append((marker, data[at + 4 : at + 2 + length]))
        at += 2 + length
    return segments, data[at:]


def jpeg_of(segments: list[Segment], scan: bytes) -> bytes:
    """Return a JPEG with lengths that are right, as far as two bytes hold them."""
    return b"\xff\xd8" + b"".join(_segment(marker, content) for marker, content in segments) + scan


def _segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", min(65535, len(content) + 2)) + content[:65533]


def mutate(data: bytes, random: Random) -> bytes:
    """Change segments, fields of the frame, the scan, or the EXIF and profile; or lie about one length."""
    segments, scan = segments_of(data)
    way = random.randrange(8)
    at = random.randrange(len(segments))
    marker, content = segments[at]
    if way == 0:
        segments = rearranged(segments, random)
    elif way == 1:
        at = next(i for i, (marker, _) in enumerate(segments) if marker in FRAMES)
        place, size = random.choice(FIELDS)
        frame = segments[at][1]
        segments[at] = (
            segments[at][0],
            frame[:place] + number(random, size).to_bytes(size, "big") + frame[place + size :],
        )
    elif way == 2:
        segments[at] = (marker, changed(content, random))
    elif way == 3:
        segments[at] = (random.choice(MARKERS), content)
    elif way == 4:
        scan = changed(scan, random)
    elif way == 5:
        segments = [_told_otherwise(segment, random) for segment in segments]
    elif way == 6:
        segments.insert(at, (random.choice(MARKERS), content))
    else:
        lying = bytes((0xFF, marker)) + struct.pack(">H", number(random, 2)) + content
        return jpeg_of(segments[:at], lying) + jpeg_of(segments[at + 1 :], scan)[2:]
    return jpeg_of(segments, scan)


def _told_otherwise(segment: Segment, random: Random) -> Segment:
    """Change what an application segment holds after its name: EXIF, or the directory of several pictures."""
    marker, content = segment
    for name in (b"Exif\0\0", b"MPF\0"):
        if content.startswith(name):
            return marker, name + tiff.mutate(content[len(name) :], random)
    if content.startswith((b"ICC_PROFILE\0", b"http://ns.adobe.com/", b"Photoshop", b"_JPSJPS_", b"Adobe", b"JFIF")):
        name, rest = content[:12], content[12:]
        return marker, name + changed(rest, random)
    return segment
