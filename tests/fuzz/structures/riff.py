"""RIFF, as WebP uses it: chunks with lengths, padded to even ones (RFC 9649)."""

from __future__ import annotations

import struct
from random import Random

from fuzz.structures import tiff
from fuzz.structures.plain import changed, number, rearranged, set_number

KINDS = (b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP", b"EXIF", b"XMP ", b"abcd", b"\0\0\0\0")

Chunk = tuple[bytes, bytes]


def chunks_of(data: bytes) -> list[Chunk]:
    """Return kind and content of every chunk."""
    if data[:4] != b"RIFF":
        raise ValueError("no RIFF")
    chunks, at = [], 12
    while at + 8 <= len(data):
        (length,) = struct.unpack_from("<I", data, at + 4)
        chunks.append((data[at : at + 4], data[at + 8 : at + 8 + length]))
        at += 8 + length + length % 2
    return chunks


def riff_of(chunks: list[Chunk], form: bytes = b"WEBP") -> bytes:
    """Return a file with lengths that are right."""
    body = form + b"".join(k + struct.pack("<I", len(c)) + c + b"\0" * (len(c) % 2) for k, c in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def mutate(data: bytes, random: Random) -> bytes:
    """Change chunks, the head of a bitstream, the EXIF; or lie about one length."""
    chunks = chunks_of(data)
    way = random.randrange(7)
    at = random.randrange(len(chunks))
    kind, content = chunks[at]
    if way == 0:
        chunks = rearranged(chunks, random)
    elif way == 1:
        chunks[at] = (kind, changed(content, random))
    elif way == 2:
        chunks[at] = (kind, set_number(content[:24], random) + content[24:])
    elif way == 3:
        chunks[at] = (random.choice(KINDS), content)
    elif way == 4:
        chunks.insert(at, (random.choice(KINDS), content[: random.randrange(len(content) + 1)]))
    elif way == 5 and kind == b"EXIF":
        chunks[at] = (kind, tiff.mutate(content, random))
    else:
        whole = riff_of(chunks)
        place = 4 if random.randrange(2) else len(riff_of(chunks[:at])) + 4
        return whole[:place] + struct.pack("<I", number(random, 4)) + whole[place + 4 :]
    return riff_of(chunks)
