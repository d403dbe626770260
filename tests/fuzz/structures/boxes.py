"""ISO media files (HEIC, AVIF, MP4): boxes within boxes, each with its size before it (ISO/IEC 14496-12)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from random import Random

from fuzz.structures.plain import changed, number, put

CONTAINERS = {
    b"meta": 4,
    b"iprp": 0,
    b"ipco": 0,
    b"iinf": 6,
    b"iref": 4,
    b"dinf": 0,
    b"grpl": 0,
    b"moov": 0,
    b"trak": 0,
}
CONTAINERS |= {b"mdia": 0, b"minf": 0, b"stbl": 0, b"edts": 0, b"udta": 0, b"stsd": 8, b"dref": 8}
"""Kind of a box that holds boxes -> bytes before the first of them."""

KINDS = (b"ftyp", b"meta", b"hdlr", b"pitm", b"iloc", b"iinf", b"infe", b"iprp", b"ipco", b"ispe", b"pixi", b"hvcC")
KINDS += (b"av1C", b"irot", b"imir", b"clap", b"colr", b"pasp", b"auxC", b"ipma", b"iref", b"idat", b"mdat", b"free")
KINDS += (b"grid", b"moov", b"trak", b"Exif", b"mime", b"iovl", b"uuid", b"xxxx")


def walk(data: bytes, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, int, bytes]]:
    """Yield where every box begins and ends, and its kind; outer boxes first."""
    at, stop = start, len(data) if stop is None else stop
    while at + 8 <= stop:
        size, kind = struct.unpack_from(">I4s", data, at)
        end = stop if size == 0 else at + size
        if size == 1 or not at + 8 <= end <= stop:
            return
        yield at, end, kind
        if kind in CONTAINERS:
            yield from walk(data, at + 8 + CONTAINERS[kind], end)
        at = end


def mutate(data: bytes, random: Random) -> bytes:
    """Change a box's size, kind or content; take one out, double or exchange it, and mend the sizes around it."""
    boxes = list(walk(data))
    telling = [box for box in boxes if box[2] not in (b"mdat", b"free", b"skip")] or boxes
    at, end, kind = random.choice(telling)
    head = at + 8 + CONTAINERS.get(kind, 0)
    way = random.randrange(8)
    if way == 0:
        return put(data, at, 4, random.choice((end - at + 1, end - at - 1, number(random, 4))), "big")
    if way == 1:
        return data[: at + 4] + random.choice(KINDS) + data[at + 8 :]
    if way in (2, 3) and end - head >= 4:
        size = random.choice((1, 2, 4))
        return put(data, random.randrange(head, end - size + 1), size, number(random, size), "big")
    if way == 4:
        return _replaced(data, boxes, at, end, b"")
    if way == 5:
        return _replaced(data, boxes, at, end, data[at:end] * 2)
    if way == 6:
        other, other_end, _ = random.choice(boxes)
        return _replaced(data, boxes, at, end, data[other:other_end])
    content = changed(data[at + 8 : end], random)
    return _replaced(data, boxes, at, end, struct.pack(">I4s", 8 + len(content), kind) + content)


def _replaced(data: bytes, boxes: list[tuple[int, int, bytes]], at: int, end: int, new: bytes) -> bytes:
    """Put other bytes into the place of a box, with the right sizes around it.

    What gets shorter is made up for by a free box behind the outermost one, for the places of pictures count from the
    beginning of the file.
    """
    grown = len(new) - (end - at)
    around = [box for box in boxes if box[0] < at and box[1] >= end]
    for start, stop, _ in around:
        size = stop - start + grown
        data = put(data, start, 4, size, "big")
    outer_end = (around[0][1] if around else end) + grown
    data = data[:at] + new + data[end:]
    if grown <= -8:
        data = data[:outer_end] + struct.pack(">I4s", -grown, b"free") + bytes(-grown - 8) + data[outer_end:]
    return data
