"""EXR: attributes, a table of places, and chunks of lines (openexr.com/en/latest/OpenEXRFileLayout.html)."""

from __future__ import annotations

import struct
import zlib
from random import Random

from fuzz.structures.plain import changed, number, put, rearranged, set_number

Attribute = tuple[bytes, bytes, bytes]
"""Name, type and content."""


def attributes_of(data: bytes) -> tuple[list[Attribute], int]:
    """Return the attributes of the first header, and where it ends."""
    if data[:4] != b"\x76\x2f\x31\x01":
        raise ValueError("no EXR")
    attributes, at = [], 8
    while data[at] != 0:
        name_end = data.index(0, at)
        type_end = data.index(0, name_end + 1)
        (length,) = struct.unpack_from("<I", data, type_end + 1)
        attributes.append(
            (data[at:name_end], data[name_end + 1 : type_end], data[type_end + 5 : type_end + 5 + length])
        )
        at = type_end + 5 + length
    return attributes, at + 1


def exr_of(head: bytes, attributes: list[Attribute], rest: bytes, grown: int, chunks: int) -> bytes:
    """Return an EXR with other attributes; the places of chunks move by how much they have grown."""
    listed = b"".join(n + b"\0" + t + b"\0" + struct.pack("<I", len(c)) + c for n, t, c in attributes)
    count = min(chunks, len(rest) // 8)
    places = [place + grown for place in struct.unpack_from(f"<{count}Q", rest)]
    table = b"".join(struct.pack("<Q", place & (1 << 64) - 1) for place in places)
    return head + listed + b"\0" + table + rest[8 * count :]


def mutate(data: bytes, random: Random) -> bytes:
    """Change the version, an attribute, the table, or a chunk's line, length and content."""
    attributes, end = attributes_of(data)
    before = sum(len(n) + len(t) + len(c) + 6 for n, t, c in attributes)
    chunks = _chunks(data, end)
    way = random.randrange(8)
    if way == 0:
        return put(data, 4, 4, random.choice((1, 2, 3, 0x202, 0x402, 0x802, 0x1002, number(random, 4))), "little")
    if way in (1, 2) and chunks:
        at = struct.unpack_from("<Q", data, end)[0]
        place, size = random.choice(((end, 8), (at, 4), (at + 4, 4)))
        return put(data, place, size, number(random, size), "little")
    if way == 3:
        return _inflated(data, end, random)
    at = random.randrange(len(attributes))
    name, kind, content = attributes[at]
    if way == 4:
        attributes = rearranged(attributes, random)
    elif way == 5:
        known = (b"channels", b"compression", b"dataWindow", b"lineOrder", b"tiles", b"type", b"chunkCount", b"x" * 300)
        attributes[at] = (random.choice(known), kind, content)
    elif name == b"compression":
        attributes[at] = (name, kind, bytes((random.choice((*range(12), 255)),)))
    else:
        attributes[at] = (name, kind, set_number(content, random) if random.randrange(2) else changed(content, random))
    after = sum(len(n) + len(t) + len(c) + 6 for n, t, c in attributes)
    return exr_of(data[:8], attributes, data[end:], after - before, chunks)


def _chunks(data: bytes, end: int) -> int:
    """Return how many chunks the table lists: it ends where the first of them begins."""
    return max(0, (struct.unpack_from("<Q", data, end)[0] - end) // 8)


def _inflated(data: bytes, end: int, random: Random) -> bytes:
    """Change what is packed in the first chunk, and pack it again into as many bytes as it had, or lie."""
    at = struct.unpack_from("<Q", data, end)[0]
    (length,) = struct.unpack_from("<I", data, at + 4)
    plain = zlib.decompress(data[at + 8 : at + 8 + length])
    packed = zlib.compress(changed(plain, random) * random.choice((1, 1, 2, 1000)))
    return put(data, at + 4, 4, len(packed), "little")[: at + 8] + packed + data[at + 8 + length :]
