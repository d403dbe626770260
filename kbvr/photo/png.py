"""PNG: chunks are parsed here, so that damage outside the pixels is tolerated; libraries decode the pixels.

Colours follow the third edition of the PNG specification: cICP takes precedence over iCCP, then sRGB, then gAMA and
cHRM. A gAMA of 0.45455 is what writers store for sRGB, and is read as sRGB.
"""

from __future__ import annotations

import logging
import re
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import PngImagePlugin

from kbvr.photo import metadata
from kbvr.photo.credits import Credits
from kbvr.photo.decoding_memory import BYTES_A_PX, DEEP_PNG_BYTES_A_PX
from kbvr.photo.panorama import Panorama, panorama_in
from kbvr.photo.picture_file import Source
from kbvr.photo.pixels import Colours, Model, Pixels
from kbvr.photo.transfer_functions import SRGB, is_known

MAX_PROFILE_BYTES = 32_000_000
MAX_TEXT_BYTES = 4_000_000
BLOCK_BYTES = 1 << 24

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""First column, first row, and steps in x and y of each pass of an interlaced picture."""

_RAW_PROFILES = (b"exif", b"APP1", b"iptc", b"xmp")
"""Metadata that ImageMagick writes as hexadecimal text."""

_XMP = b"XML:com.adobe.xmp"
_CREDITS = {b"Author": "artist", b"Copyright": "copyright", b"Title": "title", b"Description": "caption"}
_TEXTS = (_XMP, *_CREDITS, *(b"Raw profile type " + kind for kind in _RAW_PROFILES))

_log = logging.getLogger(__name__)

Chunks = Mapping[bytes, Sequence[bytes]]


def read_png(data: bytes, source: Source) -> Pixels:
    """Decode a PNG, or the default picture of an animated one."""
    chunks = _chunks(data, source)
    head = chunks[b"IHDR"][0]
    if len(head) != 13:
        raise source.damaged("its header is not 13 bytes long")
    width, height, bits, kind, _, _, interlaced = struct.unpack(">IIBBBBB", head)
    if bits not in _DEPTHS.get(kind, ()) or not (width and height) or interlaced > 1:
        raise source.damaged(f"its header specifies {width} x {height} pixels of type {kind} with {bits} bits")
    source.check_size(width, height, DEEP_PNG_BYTES_A_PX if bits == 16 else BYTES_A_PX)
    if b"acTL" in chunks:
        _log.info("%s: several pictures; using the default one", source.name)
    if b"IDAT" not in chunks:
        raise source.damaged("it has no pixels")
    values = _deep(chunks, source) if bits == 16 else _shallow(chunks, source)
    has_alpha = kind in (4, 6)
    white = 65535 if bits == 16 else 255
    colours = values[..., :-1] if has_alpha else values
    model: Model = {1: "grey", 3: "rgb"}[colours.shape[2]] if kind != 3 else "palette"  # type: ignore[assignment]
    alpha = values[..., -1] if has_alpha else _alpha_of_key(colours, kind, bits, chunks.get(b"tRNS", [b""])[0])
    exif, texts, panorama = _metadata(chunks, source)
    palette = _palette(chunks, source) if kind == 3 else None
    orientation = int(exif.get(0x0112, 1))
    stored = _colours(chunks, source)
    pixels = Pixels(colours, model, white, alpha, False, palette, orientation, stored, exif, texts)
    return replace(pixels, panorama=panorama)


def _chunks(data: bytes, source: Source) -> dict[bytes, list[bytes]]:
    """Return the contents of each kind of chunk, without damaged ones that are not critical for the picture."""
    chunks: dict[bytes, list[bytes]] = {}
    at = len(SIGNATURE)
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        content, crc = data[at + 8 : at + 8 + length], data[at + 8 + length : at + 12 + length]
        is_critical = not kind[0] & 0x20
        label = kind.decode("latin-1") if kind.isalpha() else repr(kind)
        if not chunks and kind == b"CgBI":
            raise source.refused("a PNG that Xcode has converted for iOS (CgBI); save it as a plain PNG")
        if not chunks and kind != b"IHDR":
            raise source.damaged(f"it starts with chunk {label} instead of its header")
        if len(crc) < 4 or crc != struct.pack(">I", zlib.crc32(kind + content)):
            if is_critical and kind != b"IEND":
                raise source.damaged(f"chunk {label} is damaged")
            _log.warning("%s: ignoring the damaged chunk %s", source.name, label)
        elif is_critical and kind not in (b"IHDR", b"PLTE", b"IDAT", b"IEND"):
            raise source.refused(f"a PNG with an unknown critical chunk {label}")
        elif kind == b"IHDR" and chunks:
            raise source.damaged("it has two headers")
        elif kind == b"PLTE" and b"IDAT" in chunks:
            raise source.damaged("its palette comes after its pixels")
        else:
            chunks.setdefault(kind, []).append(content)
        at += 12 + length
        if kind == b"IEND":
            break
    else:
        if b"IHDR" not in chunks:
            raise source.damaged("it has no header")
        _log.warning("%s: the end marker is missing, but all pixels are present", source.name)
    return chunks


def _shallow(chunks: Chunks, source: Source) -> NDArray[np.uint8]:
    """Decode up to 8 bits: grey is 0 to 255, palettes are indices.

    Pillow accepts a valid stream with too few rows and leaves the missing ones 0. So the bytes are counted if the last
    row is 0 or the picture is interlaced.
    """
    with source.damage_reported():
        image = PngImagePlugin.PngImageFile(BytesIO(_rebuilt(chunks, chunks[b"IDAT"])))
        image.load()
        values = np.asarray(image)
        if image.info.get("interlace") or not values[-1].any():
            _check_length(chunks)
    if values.dtype == np.bool_:
        values = values.astype(np.uint8) * (1 if image.mode == "P" else 255)
    return values.reshape(*values.shape[:2], -1)


def _deep(chunks: Chunks, source: Source) -> NDArray[np.uint16]:
    """Decode 16 bits, which Pillow truncates to 8.

    libpng prints errors in a stream on stderr, so it is given a valid one, inflated and checked here.
    """
    import imagecodecs

    needed = _raw_bytes(chunks[b"IHDR"][0])
    with source.damage_reported():
        raw = zlib.decompressobj().decompress(b"".join(chunks[b"IDAT"]), needed)
        if len(raw) < needed:
            raise ValueError(f"expected {needed} bytes of pixels, got {len(raw)}")
        values: NDArray[Any] = imagecodecs.png_decode(_rebuilt(chunks, [zlib.compress(raw, 0)]))
    return values.reshape(*values.shape[:2], -1)


def _check_length(chunks: Chunks) -> None:
    """Raise ValueError if the inflated pixels are fewer bytes than the rows require."""
    needed, inflated = _raw_bytes(chunks[b"IHDR"][0]), 0
    unpacker, packed = zlib.decompressobj(), b"".join(chunks[b"IDAT"])
    while inflated < needed:
        part = unpacker.decompress(packed, min(needed - inflated, BLOCK_BYTES))
        if not part:
            raise ValueError(f"expected {needed} bytes of pixels, got {inflated}")
        packed, inflated = unpacker.unconsumed_tail, inflated + len(part)


def _raw_bytes(head: bytes) -> int:
    """Return the number of bytes of the inflated rows, each with its filter byte."""
    width, height, bits, kind, _, _, interlaced = struct.unpack(">IIBBBBB", head)
    passes = _ADAM7 if interlaced else ((0, 0, 1, 1),)
    sizes = ((-(-(width - x) // dx), -(-(height - y) // dy)) for x, y, dx, dy in passes)
    return sum(rows * (1 + -(-columns * bits * _CHANNELS[kind] // 8)) for columns, rows in sizes if columns > 0)


def _rebuilt(chunks: Chunks, pixels: Sequence[bytes]) -> bytes:
    """Return a PNG of only the header, palette and pixels."""
    parts = [(b"IHDR", chunks[b"IHDR"][0]), *((b"PLTE", palette) for palette in chunks.get(b"PLTE", ())[:1])]
    parts += [*((b"IDAT", content) for content in pixels), (b"IEND", b"")]
    return SIGNATURE + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in parts
    )


def _palette(chunks: Chunks, source: Source) -> NDArray[np.uint8]:
    listed = chunks.get(b"PLTE", [b""])[0]
    if not listed or len(listed) % 3 or len(listed) > 768:
        raise source.damaged("its palette is missing or has an odd length")
    return np.frombuffer(listed.ljust(768, b"\0"), np.uint8).reshape(-1, 3)


def _alpha_of_key(values: NDArray[Any], kind: int, bits: int, listed: bytes) -> NDArray[Any] | None:
    """Return the alpha of a tRNS chunk: one value per palette colour, or one colour that is transparent."""
    if kind == 3:
        table = np.frombuffer(listed[:256].ljust(256, b"\xff"), np.uint8)
        return table[values[..., 0]] if listed else None
    if len(listed) < 2 * values.shape[2]:
        return None
    key = np.frombuffer(listed[: 2 * values.shape[2]], ">u2").astype(np.int64)
    if bits < 8:
        key = key * 255 // (2**bits - 1)
    white = 65535 if bits == 16 else 255
    return np.where((values == key).all(axis=2), 0, white).astype(values.dtype)


def _colours(chunks: Chunks, source: Source) -> Colours:
    first = {kind: contents[0] for kind, contents in chunks.items()}
    coded = first.get(b"cICP", b"")
    if len(coded) == 4:
        primaries, transfer, matrix, is_full = coded
        if matrix == 0 and is_known(primaries, transfer):
            return Colours(primaries=primaries, transfer=transfer, narrow_range=not is_full)
        _log.warning("%s: ignoring unknown colours (cICP %s)", source.name, ", ".join(map(str, coded)))
    if b"iCCP" in first:
        profile = _inflated(first[b"iCCP"].partition(b"\0")[2][1:], MAX_PROFILE_BYTES)
        if profile:
            return Colours(icc=profile)
        _log.warning("%s: ignoring the colour profile (damaged)", source.name)
    if b"sRGB" in first:
        return Colours()
    gamma = int.from_bytes(first.get(b"gAMA", b"")[:4], "big") / 100_000
    is_srgb = abs(gamma - 0.45455) < 0.0005
    exponent = None if is_srgb or gamma <= 0.01 or gamma > 100 else 1 / gamma
    corners: tuple[float, ...] = ()
    if len(first.get(b"cHRM", b"")) == 32:
        corners = tuple(value / 100_000 for value in struct.unpack(">8I", first[b"cHRM"]))
    if not corners or max(abs(a - b) for a, b in zip(corners, SRGB, strict=True)) < 0.001:
        return Colours(exponent=exponent)
    if not is_known(corners):
        _log.warning("%s: ignoring invalid colours (cHRM)", source.name)
        return Colours(exponent=exponent)
    return Colours(primaries=corners, exponent=exponent)


def _inflated(packed: bytes, max_bytes: int) -> bytes:
    """Return inflated data, empty if it is damaged or larger than max_bytes."""
    try:
        unpacker = zlib.decompressobj()
        unpacked = unpacker.decompress(packed, max_bytes)
    except zlib.error:
        return b""
    return b"" if unpacker.unconsumed_tail else unpacked


def _metadata(chunks: Chunks, source: Source) -> tuple[dict[int, float], Credits, Panorama | None]:
    """Return the EXIF numbers, the credits in EXIF, XMP, IPTC and plain texts, and what XMP says about a panorama."""
    texts = _texts(chunks)
    raw = {kind: _raw_profile(texts.get(b"Raw profile type " + kind, b"")) for kind in _RAW_PROFILES}
    exif_block = chunks.get(b"eXIf", [b""])[0] or raw[b"exif"] or raw[b"APP1"]
    iptc = metadata.iptc_of_photoshop(raw[b"iptc"]) or raw[b"iptc"]
    plain = metadata.from_texts({name: [metadata.decoded(texts.get(key, b""))] for key, name in _CREDITS.items()})
    xmp = texts.get(_XMP, b"") or raw[b"xmp"]
    return *metadata.read(exif_block, xmp, iptc, source.name, plain), panorama_in(xmp, source.name)


def _texts(chunks: Chunks) -> dict[bytes, bytes]:
    """Return the texts with metadata by name; the first of each name counts."""
    found: dict[bytes, bytes] = {}
    for kind in (b"tEXt", b"zTXt", b"iTXt"):
        for chunk in chunks.get(kind, ()):
            name, _, rest = chunk.partition(b"\0")
            if name not in _TEXTS or name in found:
                continue
            text = rest if kind == b"tEXt" else rest[1:] if kind == b"zTXt" else rest[2:].split(b"\0", 2)[-1]
            is_packed = kind == b"zTXt" or (kind == b"iTXt" and rest[:1] == b"\1")
            found[name] = _inflated(text, MAX_TEXT_BYTES) if is_packed else text
    return found


def _raw_profile(text: bytes) -> bytes:
    """Return bytes that ImageMagick wrote as text: a name, a length, and hexadecimal digits."""
    digits = re.match(rb"\s*\w+\s+\d+\s+([0-9a-fA-F\s]*)", text)
    joined = b"".join(digits[1].split()) if digits else b""
    return bytes.fromhex(joined.decode()) if len(joined) % 2 == 0 else b""
