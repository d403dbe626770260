"""Boxes of MP4 files: those that say how a video is to be seen, and how they get into a file that is there.

ISO/IEC 14496-12 has boxes and their containers; `st3d` and `sv3d` are Google's Spherical Video V2
(github.com/google/spatial-media); `vexu` and `hfov` are Apple's, "ISO Base Media File Format and Apple HEVC Stereo
Video" and "QuickTime and ISO Base Media File Formats and Spatial and Immersive Media".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

CONTAINERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
"""Boxes on the way to a track's sample entries that hold nothing but boxes."""

ENTRY_HEADER = 78
"""Bytes of a VisualSampleEntry before its boxes."""

HALF_CIRCLE_BOUND = 0x3FFFFFFF
"""A quarter of the circle is cut off at the left, and at the right: of 1 in 32 bits of fraction."""

HEADERS = (b"mvhd", b"tkhd", b"mdhd")
"""Boxes that begin with the moments at which something was made and changed (8.2.2, 8.3.2 and 8.4.2)."""

CHUNK = 1 << 20


def box(kind: bytes, *content: bytes) -> bytes:
    """Return a box."""
    joined = b"".join(content)
    return struct.pack(">I4s", 8 + len(joined), kind) + joined


def full_box(kind: bytes, *content: bytes) -> bytes:
    """Return a box of version 0 without flags."""
    return box(kind, bytes(4), *content)


def boxes_in(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield (kind, content) of every box.

    Raises:
        ValueError: if a box does not end where it says.
    """
    at = 0
    while at < len(content):
        if at + 8 > len(content):
            raise ValueError("a box ends in its header")
        size, kind = struct.unpack_from(">I4s", content, at)
        header = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", content, at + 8)
            header = 16
        end = at + size if size else len(content)
        if not at + header <= end <= len(content):
            raise ValueError(f"the box {kind!r} says that it has {size} bytes, where {len(content) - at} are left")
        yield kind, content[at + header : end]
        at = end


def stereo_box(mode: int) -> bytes:
    """Return the box that says how two eyes share a picture: 1 top-bottom, 2 left-right, 4 right-left."""
    return full_box(b"st3d", bytes([mode]))


def half_sphere_box() -> bytes:
    """Return the box that says that each eye's picture is an equirectangular half sphere, straight ahead."""
    bounds = struct.pack(">4I", 0, 0, HALF_CIRCLE_BOUND, HALF_CIRCLE_BOUND)
    projection = box(b"proj", full_box(b"prhd", bytes(12)), full_box(b"equi", bounds))
    return box(b"sv3d", full_box(b"svhd", b"kbvr\0"), projection)


def apple_boxes(
    packing: bytes, projection: bytes | None, *, right_first: bool, baseline_m: float, fov_deg: float
) -> tuple[bytes, bytes]:
    """Return Apple's boxes `vexu` and `hfov` of a video whose pictures hold both eyes'.

    `packing` is `side` or `over`; `projection` is `hequ` for half spheres, None for a flat picture; the left eye is
    the main one. The field of view is that of one eye's picture from side to side.
    """
    eyes = box(
        b"eyes",
        full_box(b"stri", bytes([0b0011 | right_first << 3])),
        full_box(b"hero", b"\x01"),
        box(b"cams", full_box(b"blin", struct.pack(">I", round(baseline_m * 1e6)))),
        box(b"cmfy", full_box(b"dadj", struct.pack(">i", 0))),
    )
    projected = b"" if projection is None else box(b"proj", full_box(b"prji", projection))
    packed = box(b"pack", full_box(b"pkin", packing))
    return box(b"vexu", eyes, projected, packed), box(b"hfov", struct.pack(">I", round(fov_deg * 1000)))


def add_to_sample_entry(path: Path, boxes: bytes) -> None:
    """Put boxes into the sample entry of a file's one track, behind the decoder's configuration.

    What lies behind the index moves, and the index says so. Nothing of the file is held but the index and CHUNK bytes.

    Raises:
        ValueError: if the file is no MP4 with one sample entry.
    """
    with path.open("r+b") as file:
        start, end = _extent(file, b"moov")
        file.seek(start)
        ((_, content),) = boxes_in(file.read(end - start))
        mdat_start, _ = _extent(file, b"mdat")
        shift = len(boxes) if mdat_start > start else 0
        moov = _edited(b"moov", content, boxes, shift)
        if len(moov) != end - start + len(boxes):
            raise ValueError("the index has more than one sample entry")
        _overwrite(file, start, end, moov)


def forget_times(path: Path) -> None:
    """Put 0 in the place of the moments at which a file and its tracks were made, which is unknown by convention.

    Raises:
        ValueError: if the file is no MP4, AVIF or the like.
    """
    with path.open("r+b") as file:
        start, end = _extent(file, b"moov")
        file.seek(start)
        ((kind, content),) = boxes_in(file.read(end - start))
        file.seek(start)
        file.write(_timeless(kind, content))


def sample_entry_boxes(path: Path) -> dict[bytes, bytes]:
    """Return kind -> content of the boxes in the sample entry of a file's first track.

    Raises:
        ValueError: if the file has none.
    """
    with path.open("rb") as file:
        start, end = _extent(file, b"moov")
        file.seek(start)
        content = file.read(end - start)
    for kind in (*CONTAINERS, b"stsd"):
        found = dict(reversed(list(boxes_in(content)))).get(kind)
        if found is None:
            raise ValueError(f"there is no box {kind!r}")
        content = found
    _, entry = next(boxes_in(content[8:]))
    return dict(boxes_in(entry[ENTRY_HEADER:]))


def _extent(file: BinaryIO, wanted: bytes) -> tuple[int, int]:
    """Return where a box of the file begins and ends."""
    length = file.seek(0, 2)
    at = 0
    while at + 8 <= length:
        file.seek(at)
        size, kind = struct.unpack(">I4s", file.read(8))
        if size == 1:
            (size,) = struct.unpack(">Q", file.read(8))
        end = at + size if size else length
        if end < at + 8 or end > length:
            break
        if kind == wanted:
            return at, end
        at = end
    raise ValueError(f"the file has no whole box {wanted!r}")


def _edited(kind: bytes, content: bytes, boxes: bytes, shift: int) -> bytes:
    """Return a box with boxes put into sample entries, and with places of samples moved."""
    if kind in CONTAINERS:
        return box(kind, *(_edited(inner, inside, boxes, shift) for inner, inside in boxes_in(content)))
    if kind == b"stsd":
        return box(kind, content[:8], *(_entry(inner, inside, boxes) for inner, inside in boxes_in(content[8:])))
    if kind in (b"stco", b"co64"):
        letter = "I" if kind == b"stco" else "Q"
        count = int.from_bytes(content[4:8], "big")
        places = struct.unpack_from(f">{count}{letter}", content, 8)
        try:
            moved = struct.pack(f">{count}{letter}", *(place + shift for place in places))
        except struct.error as error:
            raise ValueError("samples would lie beyond 4 GiB, where this index cannot tell them") from error
        return box(kind, content[:8], moved)
    return box(kind, content)


def _timeless(kind: bytes, content: bytes) -> bytes:
    if kind in CONTAINERS:
        return box(kind, *(_timeless(*inner) for inner in boxes_in(content)))
    if kind in HEADERS:
        times = 16 if content[0] else 8  # the box's version says how long they are
        content = content[:4] + bytes(times) + content[4 + times :]
    return box(kind, content)


def _entry(kind: bytes, content: bytes, boxes: bytes) -> bytes:
    configuration, *others = (box(*one) for one in boxes_in(content[ENTRY_HEADER:]))
    return box(kind, content[:ENTRY_HEADER], configuration, boxes, *others)


def _overwrite(file: BinaryIO, start: int, end: int, content: bytes) -> None:
    """Replace a part of a file by more, but not over CHUNK bytes more; what follows moves."""
    length = file.seek(0, 2)
    writing, reading, waiting = start, end, content
    while waiting:
        file.seek(reading)
        ahead = file.read(min(CHUNK, length - reading))  # not what was written behind the end meanwhile
        file.seek(writing)
        file.write(waiting)
        reading, writing, waiting = reading + len(ahead), writing + len(waiting), ahead
