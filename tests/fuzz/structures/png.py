"""PNG: chunks with lengths and sums; the pixels and profiles in them are compressed (w3.org/TR/png-3)."""

from __future__ import annotations

import struct
import zlib
from random import Random

from fuzz.structures import tiff
from fuzz.structures.plain import changed, number, rearranged

SIGNATURE = b"\x89PNG\r\n\x1a\n"

KINDS = (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"iCCP", b"gAMA", b"cHRM", b"cICP", b"sRGB", b"sBIT", b"bKGD")
KINDS += (
    b"tEXt",
    b"zTXt",
    b"iTXt",
    b"eXIf",
    b"acTL",
    b"fcTL",
    b"fdAT",
    b"pHYs",
    b"hIST",
    b"XXXX",
    b"xxxx",
    b"\0\0\0\0",
)

HEADER = ((0, 4), (4, 4), (8, 1), (9, 1), (10, 1), (11, 1), (12, 1))
"""Place and size of each field of IHDR: width, height, depth, colour type, compression, filter, interlace."""

Chunk = tuple[bytes, bytes]


def chunks_of(data: bytes) -> list[Chunk]:
    """Return kind and content of every chunk."""
    if not data.startswith(SIGNATURE):
        raise ValueError("no PNG")
    chunks, at = [], len(SIGNATURE)
    while at + 8 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    return chunks


def png_of(chunks: list[Chunk]) -> bytes:
    """Return a PNG with lengths and sums that are right."""
    packed = (struct.pack(">I", len(c)) + k + c + struct.pack(">I", zlib.crc32(k + c)) for k, c in chunks)
    return SIGNATURE + b"".join(packed)


def mutate(data: bytes, random: Random) -> bytes:
    """Change chunks, fields of the header, or what is compressed; or lie about one length or sum."""
    chunks = chunks_of(data)
    way = random.randrange(7)
    at = random.randrange(len(chunks))
    kind, content = chunks[at]
    if way == 0:
        return png_of(rearranged(chunks, random))
    if way == 1 and chunks[0][0] == b"IHDR":
        place, size = random.choice(HEADER)
        value = number(random, size) if random.randrange(2) else random.randrange(20)
        header = chunks[0][1]
        chunks[0] = (b"IHDR", header[:place] + value.to_bytes(size, "big") + header[place + size :])
    elif way == 2:
        chunks[at] = (kind, changed(content, random))
    elif way == 3:
        chunks[at] = (random.choice(KINDS), content)
    elif way == 4:
        return _inside(chunks, random)
    elif way == 5:
        chunks.insert(at, (random.choice(KINDS), bytes(random.randrange(256) for _ in range(random.randrange(40)))))
    else:
        return _lying(chunks, at, random)
    return png_of(chunks)


def _inside(chunks: list[Chunk], random: Random) -> bytes:
    """Change what is compressed, or the EXIF, of which a plain mutation would only spoil the packing."""
    packed = b"".join(content for kind, content in chunks if kind == b"IDAT")
    at = next((i for i, (kind, _) in enumerate(chunks) if kind in (b"eXIf", b"iCCP")), None)
    if at is None or random.randrange(2):
        pixels = zlib.compress(changed(zlib.decompress(packed), random))
        first = next(i for i, (kind, _) in enumerate(chunks) if kind == b"IDAT")
        rest = [chunk for chunk in chunks if chunk[0] != b"IDAT"]
        return png_of([*rest[:first], (b"IDAT", pixels), *rest[first:]])
    kind, content = chunks[at]
    if kind == b"eXIf":
        chunks[at] = (kind, tiff.mutate(content, random))
    else:
        name, _, profile = content.partition(b"\0")
        chunks[at] = (kind, name + b"\0\0" + zlib.compress(changed(zlib.decompress(profile[1:]), random)))
    return png_of(chunks)


def _lying(chunks: list[Chunk], at: int, random: Random) -> bytes:
    """Return a PNG in which one chunk's length or sum is wrong."""
    before, (kind, content), after = chunks[:at], chunks[at], chunks[at + 1 :]
    length, total = len(content), zlib.crc32(kind + content)
    if random.randrange(2):
        length = number(random, 4)
    else:
        total ^= 1 << random.randrange(32)
    lying = struct.pack(">I", length) + kind + content + struct.pack(">I", total)
    return png_of(before) + lying + png_of(after)[len(SIGNATURE) :]
