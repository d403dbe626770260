"""What JPEG files say about their two views: JPS descriptors, and the index of the pictures in an MPO.

JPS: VRex, "Stereoscopic JPEG File Format" 2.2: APP3, `_JPSJPS_`, the block's length, then separation, flags, layout and
media type. MPO: CIPA DC-007: APP2, `MPF`, and TIFF-like directories; the first lists type, size and place of every
picture, counted from the directories' header.
"""

from __future__ import annotations

import struct

from kbvr.photo.jpeg_parts import segments
from kbvr.photo.pair_layout import PairLayout

JPS, MPF = b"_JPSJPS_", b"MPF\0"
STEREO, SIDE_BY_SIDE, OVER_UNDER = 1, 2, 3
HALF_HEIGHT, HALF_WIDTH, LEFT_FIRST = 1, 2, 4

TAG_PICTURES, ENTRY_BYTES = 0xB002, 16
DISPARITY, UNDEFINED = 0x020002, 0
TYPE_BITS = 0xFFFFFF
MAX_TAGS = 100

_APP2, _APP3, _SCAN = 0xE2, 0xE3, 0xDA


def jps_layout(data: bytes) -> PairLayout | None:
    """Return the layout that a JPEG's JPS descriptor states, None without one, or for one view or mixed rows."""
    block = _content(data, _APP3, JPS)[2:6]
    if len(block) < 4 or block[3] != STEREO:
        return None
    flags, layout = block[1], block[2]
    if layout == SIDE_BY_SIDE:
        return "sbs-half" if flags & HALF_WIDTH else "sbs" if flags & LEFT_FIRST else "cross"
    if layout == OVER_UNDER:
        return "tb-half" if flags & HALF_HEIGHT else "tb"
    return None


def second_jpeg(data: bytes, *, marked_only: bool) -> bytes:
    """Return the second view in an MPO, empty if there is none.

    It is the first picture after the photo whose type is "multi-frame disparity", or else, unless `marked_only`, the
    first of an undefined type.

    Raises:
        ValueError: if the index is damaged.
    """
    pictures = _pictures(data)
    for kind in (DISPARITY,) if marked_only else (DISPARITY, UNDEFINED):
        for flags, length, start in pictures[1:]:
            if flags & TYPE_BITS == kind:
                picture = data[start : start + length]
                if length == 0 or len(picture) < length or not picture.startswith(b"\xff\xd8\xff"):
                    raise ValueError("its second picture is incomplete")
                return picture
    return b""


def _pictures(data: bytes) -> list[tuple[int, int, int]]:
    """Return type and flags, length and start in the file of every picture that the index of an MPO lists."""
    found = next(((s, e) for m, s, e in _header(data) if m == _APP2 and data[s : s + 4] == MPF), None)
    if found is None:
        return []
    start = found[0] + len(MPF)
    try:
        order = {b"MM": ">", b"II": "<"}[data[start : start + 2]]
        (at,) = struct.unpack_from(f"{order}I", data, start + 4)
        (count,) = struct.unpack_from(f"{order}H", data, start + at)
        for index in range(min(count, MAX_TAGS)):
            tag, _, length, place = struct.unpack_from(f"{order}HHII", data, start + at + 2 + 12 * index)
            if tag == TAG_PICTURES:
                entries = data[start + place : min(start + place + length, found[1])]
                rows = list(struct.iter_unpack(f"{order}IIIHH", entries[: len(entries) // ENTRY_BYTES * ENTRY_BYTES]))
                return [(flags, size, start + offset) for flags, size, offset, *_ in rows]
    except (KeyError, struct.error) as error:
        raise ValueError("its index of pictures is damaged") from error
    return []


def _content(data: bytes, marker: int, identifier: bytes) -> bytes:
    """Return what follows an identifier in the segment that begins with it, empty if there is none."""
    for found, start, end in _header(data):
        if found == marker and data.startswith(identifier, start):
            return data[start + len(identifier) : end]
    return b""


def _header(data: bytes) -> list[tuple[int, int, int]]:
    """Return the segments of a JPEG before its pixels."""
    header = []
    for segment in segments(data):
        if segment[0] == _SCAN:
            break
        header.append(segment)
    return header
