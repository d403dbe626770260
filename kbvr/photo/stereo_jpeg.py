"""What JPEG files say about their two views: JPS descriptors, and the index of the pictures in an MPO.

JPS: VRex, "Stereoscopic JPEG File Format" 2.2: APP3, `_JPSJPS_`, the block's length, then separation, flags, layout and
media type. MPO: CIPA DC-007: APP2, `MPF`, and TIFF-like directories; the first lists type, size and place of every
picture, counted from the directories' header.
"""

from __future__ import annotations

import struct

from kbvr.photo.jpeg_parts import segments
from kbvr.photo.pair_layout import StatedLayout

JPS, MPF = b"_JPSJPS_", b"MPF\0"
STEREO, SIDE_BY_SIDE, OVER_UNDER = 1, 2, 3
HALF_HEIGHT, HALF_WIDTH, LEFT_FIRST = 1, 2, 4

TAG_PICTURES, ENTRY_BYTES = 0xB002, 16
DISPARITY, UNDEFINED = 0x020002, 0
TYPE_BITS = 0xFFFFFF
MAX_TAGS = 100
MAX_CANDIDATES = 4

_APP2, _APP3, _SCAN = 0xE2, 0xE3, 0xDA


def jps_layout(data: bytes) -> StatedLayout | None:
    """Return the layout that a JPEG's JPS descriptor states, None without one, or for one view or mixed rows."""
    block = _content(data, _APP3, JPS)[2:6]
    if len(block) < 4 or block[3] != STEREO:
        return None
    flags, layout = block[1], block[2]
    is_left_first = bool(flags & LEFT_FIRST)
    if layout == SIDE_BY_SIDE:
        if flags & HALF_WIDTH:
            return "sbs-half" if is_left_first else "cross-half"
        return "sbs" if is_left_first else "cross"
    if layout == OVER_UNDER:
        if flags & HALF_HEIGHT:
            return "tb-half" if is_left_first else "bt-half"
        return "tb" if is_left_first else "bt"
    return None


def second_jpegs(data: bytes, *, marked_only: bool) -> list[bytes]:
    """Return the pictures of an MPO that may be its second view, the likeliest first; an incomplete one is empty.

    They are those after the photo whose type is "multi-frame disparity", and then, unless `marked_only`, those of an
    undefined type.

    Raises:
        ValueError: if the index is damaged.
    """
    others = _pictures(data)[1:]
    found = []
    for kind in (DISPARITY,) if marked_only else (DISPARITY, UNDEFINED):
        for flags, length, start in others:
            if flags & TYPE_BITS == kind:
                picture = data[start : start + length]
                is_whole = 0 < length == len(picture) and picture.startswith(b"\xff\xd8\xff")
                found.append(picture if is_whole else b"")
    return found[:MAX_CANDIDATES]


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
