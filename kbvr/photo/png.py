"""PNG: chunks are taken apart here, so that what is damaged beside the pixels costs no picture; libraries decode.

Colours follow the third edition of the PNG specification: cICP comes before iCCP, that before sRGB, that before gAMA
and cHRM. A gAMA of 0.45455 is what writers put beside sRGB, and is read as sRGB.
"""

from __future__ import annotations

import logging
import re
import struct
import zlib
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import PngImagePlugin

from kbvr.photo import metadata as said
from kbvr.photo.decoding_memory import BYTES_A_PX, DEEP_PNG_BYTES_A_PX
from kbvr.photo.picture_file import Source, damage_reported
from kbvr.photo.pixels import Colours, Model, Pixels
from kbvr.photo.transfer_functions import SRGB, is_known_primaries, is_known_transfer

MOST_PROFILE_BYTES = 32_000_000
MOST_TEXT_BYTES = 4_000_000
BLOCK_BYTES = 1 << 24

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""First column and row of each pass of an interlaced picture, and its steps in x and y."""

_RAW_PROFILES = (b"exif", b"APP1", b"iptc", b"xmp")
"""What ImageMagick writes as hexadecimal text."""

_XMP = b"XML:com.adobe.xmp"
_CREDITS = {b"Author": said.ARTIST, b"Copyright": said.COPYRIGHT}
_TEXTS = (_XMP, *_CREDITS, *(b"Raw profile type " + kind for kind in _RAW_PROFILES))

_log = logging.getLogger(__name__)

Chunks = Mapping[bytes, Sequence[bytes]]


def read_png(data: bytes, source: Source) -> Pixels:
    """Decode a PNG, or the default picture of an animated one.

    Raises:
        InputError: if its pixels are damaged, or too many.
    """
    chunks = _chunks(data, source)
    head = chunks[b"IHDR"][0]
    if len(head) != 13:
        raise source.damaged("its header has another length than 13 bytes")
    width, height, bits, kind, _, _, interlaced = struct.unpack(">IIBBBBB", head)
    if bits not in _DEPTHS.get(kind, ()) or not (width and height) or interlaced > 1:
        raise source.damaged(f"its header says {width} x {height} pixels of type {kind} in {bits} bits")
    source.check_size(width, height, DEEP_PNG_BYTES_A_PX if bits == 16 else BYTES_A_PX)
    if b"acTL" in chunks:
        _log.info("%s: holds several pictures, the default one is used", source.name)
    if b"IDAT" not in chunks:
        raise source.damaged("it has no pixels")
    values = _deep(chunks, source) if bits == 16 else _shallow(chunks, source)
    has_alpha = kind in (4, 6)
    white = 65535 if bits == 16 else 255
    colours = values[..., :-1] if has_alpha else values
    model: Model = {1: "grey", 3: "rgb"}[colours.shape[2]] if kind != 3 else "palette"  # type: ignore[assignment]
    alpha = values[..., -1] if has_alpha else _alpha_of_key(colours, kind, bits, chunks.get(b"tRNS", [b""])[0])
    exif, texts = _said(chunks, source)
    return Pixels(
        colours,
        model,
        white,
        alpha,
        palette=_palette(chunks, source) if kind == 3 else None,
        orientation=int(exif.get(0x0112, 1)),
        colours=_colours(chunks, source),
        exif=exif,
        credits=texts,
    )


def _chunks(data: bytes, source: Source) -> dict[bytes, list[bytes]]:
    """Return the contents of each kind of chunk; what is damaged is left out, unless a picture cannot be without it."""
    chunks: dict[bytes, list[bytes]] = {}
    at = len(SIGNATURE)
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        content, mark = data[at + 8 : at + 8 + length], data[at + 8 + length : at + 12 + length]
        is_critical = not kind[0] & 0x20
        label = kind.decode("latin-1") if kind.isalpha() else repr(kind)
        if not chunks and kind == b"CgBI":
            raise source.refused("a PNG as Xcode rewrites it for iOS (CgBI); save it as a plain PNG")
        if not chunks and kind != b"IHDR":
            raise source.damaged(f"it begins with a chunk {label}, not with its header")
        if len(mark) < 4 or mark != struct.pack(">I", zlib.crc32(kind + content)):
            if is_critical and kind != b"IEND":
                raise source.damaged(f"its chunk {label} is damaged")
            _log.warning("%s: its chunk %s is damaged and left out", source.name, label)
        elif is_critical and kind not in (b"IHDR", b"PLTE", b"IDAT", b"IEND"):
            raise source.refused(f"a PNG with an unknown chunk {label} that must not be skipped")
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
            raise source.damaged("it ends before its header")
        _log.warning("%s: has no end mark; its pixels are all there", source.name)
    return chunks


def _shallow(chunks: Chunks, source: Source) -> NDArray[np.uint8]:
    """Decode up to 8 bits: grey is 0 to 255, palettes are indices.

    Pillow takes a stream that ends well for a whole picture, and leaves the rows that it lacks 0: so where the last row
    is 0, or rows come in passes, their bytes are counted.
    """
    with damage_reported(source.path, source.wanted):
        image = PngImagePlugin.PngImageFile(BytesIO(_rebuilt(chunks, chunks[b"IDAT"])))
        image.load()
        values = np.asarray(image)
        if image.info.get("interlace") or not values[-1].any():
            _check_length(chunks)
    if values.dtype == np.bool_:
        values = values.astype(np.uint8) * (1 if image.mode == "P" else 255)
    return values.reshape(*values.shape[:2], -1)


def _deep(chunks: Chunks, source: Source) -> NDArray[np.uint16]:
    """Decode 16 bits, which Pillow rounds down to 8.

    libpng prints what it thinks of a stream on stderr: it is given one that has been inflated, and is as it should be.
    """
    import imagecodecs

    wanted = _raw_bytes(chunks[b"IHDR"][0])
    with damage_reported(source.path, source.wanted):
        raw = zlib.decompressobj().decompress(b"".join(chunks[b"IDAT"]), wanted)
        if len(raw) < wanted:
            raise ValueError(f"{wanted} bytes of pixels are needed, {len(raw)} are there")
        values: NDArray[Any] = imagecodecs.png_decode(_rebuilt(chunks, [zlib.compress(raw, 0)]))
    return values.reshape(*values.shape[:2], -1)


def _check_length(chunks: Chunks) -> None:
    """Raise ValueError if the stream of pixels holds fewer bytes than the rows have."""
    wanted, there = _raw_bytes(chunks[b"IHDR"][0]), 0
    unpacker, packed = zlib.decompressobj(), b"".join(chunks[b"IDAT"])
    while there < wanted:
        part = unpacker.decompress(packed, min(wanted - there, BLOCK_BYTES))
        if not part:
            raise ValueError(f"{wanted} bytes of pixels are needed, {there} are there")
        packed, there = unpacker.unconsumed_tail, there + len(part)


def _raw_bytes(head: bytes) -> int:
    """Return how many bytes the inflated rows have, each with its filter's byte in front."""
    width, height, bits, kind, _, _, interlaced = struct.unpack(">IIBBBBB", head)
    passes = _ADAM7 if interlaced else ((0, 0, 1, 1),)
    sizes = ((-(-(width - x) // dx), -(-(height - y) // dy)) for x, y, dx, dy in passes)
    return sum(rows * (1 + -(-columns * bits * _CHANNELS[kind] // 8)) for columns, rows in sizes if columns > 0)


def _rebuilt(chunks: Chunks, pixels: Sequence[bytes]) -> bytes:
    """Return a PNG of nothing but its header, its palette and pixels."""
    parts = [(b"IHDR", chunks[b"IHDR"][0]), *((b"PLTE", one) for one in chunks.get(b"PLTE", ())[:1])]
    parts += [*((b"IDAT", one) for one in pixels), (b"IEND", b"")]
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
    """Return the alpha that a tRNS chunk gives: one for each colour of a palette, or none for one colour."""
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
        if matrix == 0 and is_known_primaries(primaries) and is_known_transfer(transfer):
            return Colours(primaries=primaries, transfer=transfer, narrow_range=not is_full)
        _log.warning("%s: its colours (cICP %s) are not known and left out", source.name, ", ".join(map(str, coded)))
    if b"iCCP" in first:
        profile = _inflated(first[b"iCCP"].partition(b"\0")[2][1:], MOST_PROFILE_BYTES)
        if profile:
            return Colours(icc=profile)
        _log.warning("%s: its colour profile cannot be used and is left out (damaged)", source.name)
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
    if not is_known_primaries(corners):
        _log.warning("%s: its colours (cHRM) cannot be used and are left out", source.name)
        return Colours(exponent=exponent)
    return Colours(primaries=corners, exponent=exponent)


def _inflated(packed: bytes, most_bytes: int) -> bytes:
    """Return what zlib packed, or nothing if it is damaged or larger."""
    try:
        unpacker = zlib.decompressobj()
        unpacked = unpacker.decompress(packed, most_bytes)
    except zlib.error:
        return b""
    return b"" if unpacker.unconsumed_tail else unpacked


def _said(chunks: Chunks, source: Source) -> tuple[dict[int, float], dict[int, str]]:
    """Return the EXIF numbers, and the credits in EXIF, XMP, IPTC and in texts of their own."""
    texts = _texts(chunks)
    raw = {kind: _raw_profile(texts.get(b"Raw profile type " + kind, b"")) for kind in _RAW_PROFILES}
    exif, in_exif = said.of_exif(chunks.get(b"eXIf", [b""])[0] or raw[b"exif"] or raw[b"APP1"], source.name)
    in_xmp = said.of_xmp(texts.get(_XMP, b"") or raw[b"xmp"], source.name)
    in_iptc = said.of_iptc(said.iptc_of_photoshop(raw[b"iptc"]) or raw[b"iptc"])
    plain = said.texts_of({tag: texts[name] for name, tag in _CREDITS.items() if name in texts})
    return exif, said.merged((in_exif, in_xmp, in_iptc, plain))


def _texts(chunks: Chunks) -> dict[bytes, bytes]:
    """Return the texts that say something of the photo, by name; the first of a name counts."""
    found: dict[bytes, bytes] = {}
    for kind in (b"tEXt", b"zTXt", b"iTXt"):
        for chunk in chunks.get(kind, ()):
            name, _, rest = chunk.partition(b"\0")
            if name not in _TEXTS or name in found:
                continue
            text = rest if kind == b"tEXt" else rest[1:] if kind == b"zTXt" else rest[2:].split(b"\0", 2)[-1]
            is_packed = kind == b"zTXt" or (kind == b"iTXt" and rest[:1] == b"\1")
            found[name] = _inflated(text, MOST_TEXT_BYTES) if is_packed else text
    return found


def _raw_profile(text: bytes) -> bytes:
    """Return the bytes that ImageMagick writes as a text: a name, their number, and hexadecimal digits."""
    digits = re.match(rb"\s*\w+\s+\d+\s+([0-9a-fA-F\s]*)", text)
    joined = b"".join(digits[1].split()) if digits else b""
    return bytes.fromhex(joined.decode()) if len(joined) % 2 == 0 else b""
