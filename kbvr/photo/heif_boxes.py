"""Boxes and items of HEIC and AVIF files (ISO/IEC 14496-12 and 23008-12)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

Property = tuple[bytes, bytes]
"""The kind and the content of a property."""


def meta_of(data: bytes) -> bytes:
    """Return the content of the file's meta box after its version, empty if there is none."""
    return next((content[4:] for kind, content in boxes(data) if kind == b"meta"), b"")


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the kind and content of each box, up to the first invalid one."""
    at = 0
    while at + 8 <= len(data):
        size, kind, head = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        if size == 0:
            size = len(data) - at
        if size < head:
            return
        yield kind, data[at + head : at + size]
        at += size


def properties_of(meta: bytes, item: int | None = None) -> list[Property]:
    """Return the properties of an item, of the primary picture by default; all if their association is missing."""
    inside = dict(boxes(meta))
    tables = dict(boxes(inside.get(b"iprp", b"")))
    every = list(boxes(tables.get(b"ipco", b"")))
    item = primary_of(meta) if item is None else item
    try:
        chosen = _associated(tables.get(b"ipma", b""), item)
        return [every[index - 1] for index in chosen if index]
    except (struct.error, IndexError):
        return every


def _associated(table: bytes, primary: int) -> list[int]:
    """Return the indices, from 1, of an item's properties."""
    version, flags = table[0], table[3]
    (count,) = struct.unpack_from(">I", table, 4)
    at = 8
    for _ in range(count):
        (item,) = struct.unpack_from(">H" if version < 1 else ">I", table, at)
        at += 2 if version < 1 else 4
        number, wide = table[at], 2 if flags & 1 else 1
        entries = table[at + 1 : at + 1 + number * wide]
        at += 1 + number * wide
        if item == primary:
            steps = range(0, len(entries), wide)
            return [
                int.from_bytes(entries[step : step + wide], "big") & (0x7FFF if wide == 2 else 0x7F) for step in steps
            ]
    raise IndexError(primary)


def primary_of(meta: bytes) -> int:
    """Return the id of the primary picture, 0 if it is not specified."""
    return int.from_bytes(dict(boxes(meta)).get(b"pitm", b"")[4:], "big")


def references_to(meta: bytes, item: int, kind: bytes) -> list[int]:
    """Return the ids of the items that refer to an item by this kind of reference (`auxl`, `cdsc`, ...)."""
    table = dict(boxes(meta)).get(b"iref", b"")
    size = 4 if table[:1] == b"\1" else 2
    found = []
    for link, content in boxes(table[4:]):
        ids = [int.from_bytes(content[at : at + size], "big") for at in (0, *range(size + 2, len(content), size))]
        if link == kind and item in ids[1:]:
            found.append(ids[0])
    return found


def is_xmp(meta: bytes, item: int) -> bool:
    """Return whether an item is an XMP packet."""
    for kind, content in boxes(dict(boxes(meta)).get(b"iinf", b"")[6:]):
        if kind == b"infe" and content[:1] in (b"\2", b"\3"):
            wide = 4 if content[0] == 3 else 2
            if int.from_bytes(content[4 : 4 + wide], "big") == item:
                return content[6 + wide : 10 + wide] == b"mime" and b"application/rdf+xml" in content
    return False


def content_of(data: bytes, meta: bytes, item: int) -> bytes:
    """Return the bytes of an item.

    Raises:
        ValueError: if they are not in the file.
    """
    table = dict(boxes(meta)).get(b"iloc", b"")
    try:
        return _located(data, dict(boxes(meta)).get(b"idat", b""), table, item)
    except (struct.error, IndexError) as error:
        raise ValueError(f"item {item} is not in the file") from error


def _located(data: bytes, inner: bytes, table: bytes, item: int) -> bytes:
    """Read an item by the table of places (8.11.3)."""
    version, at = table[0], 6
    offset_size, length_size, base_size = table[4] >> 4, table[4] & 15, table[5] >> 4
    index_size = table[5] & 15 if version else 0
    if not length_size:
        raise IndexError(item)

    def number(size: int) -> int:
        nonlocal at
        at += size
        if at > len(table):
            raise IndexError(at)
        return int.from_bytes(table[at - size : at], "big")

    for _ in range(number(4 if version == 2 else 2)):
        found = number(4 if version == 2 else 2)
        method = number(2) & 15 if version else 0
        number(2)
        base, count = number(base_size), number(2)
        pieces = []
        for _ in range(count):
            number(index_size)
            start, length = base + number(offset_size), number(length_size)
            pieces.append((start, length))
        if found == item:
            source = inner if method == 1 else data
            if method > 1 or any(start + length > len(source) for start, length in pieces):
                raise IndexError(item)
            return b"".join(source[start : start + length] for start, length in pieces)
    raise IndexError(item)
