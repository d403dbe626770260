"""Read the texts of a PNG without decoding its pixels."""

from __future__ import annotations

import os
import struct
import zlib
from typing import BinaryIO

from kbvr.photo.picture_file import Source
from kbvr.photo.png import SIGNATURE

MAX_TEXT_BYTES = 4_000_000
"""Limit of one text, stored and unpacked; longer ones are skipped."""


def read_png_texts(path: str | os.PathLike[str], expected: str) -> dict[str, str]:
    """Return the texts (tEXt and zTXt) that come before a PNG's pixels, by name; the first of each name counts.

    Damaged texts are skipped. `expected` is what messages say the file should be.

    Raises:
        InputError: if the file cannot be read or is no PNG.
    """
    source = Source(path, expected)
    with source.open() as stream, source.damage_reported():
        if stream.read(len(SIGNATURE)) != SIGNATURE:
            raise source.refused("another kind of file")
        return _texts(stream)


def _texts(stream: BinaryIO) -> dict[str, str]:
    texts: dict[str, str] = {}
    while len(head := stream.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        if kind in (b"IDAT", b"IEND"):
            break
        if kind not in (b"tEXt", b"zTXt") or length > MAX_TEXT_BYTES:
            stream.seek(length + 4, os.SEEK_CUR)
            continue
        content, crc = stream.read(length), stream.read(4)
        name, _, rest = content.partition(b"\0")
        text = _inflated(rest[1:]) if kind == b"zTXt" else rest
        if crc == struct.pack(">I", zlib.crc32(kind + content)):
            texts.setdefault(name.decode("latin-1"), text.decode("latin-1"))
    return texts


def _inflated(packed: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(packed, MAX_TEXT_BYTES)
    except zlib.error:
        return b""
