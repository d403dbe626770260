"""TIFF and BigTIFF: tifffile and imagecodecs decode them, this module interprets the numbers.

The largest page is the picture. Floats range from 0 to 1, and are sRGB without a profile.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from math import inf
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags

from kbvr.photo import metadata
from kbvr.photo.credits import Credits, merged
from kbvr.photo.decoding_memory import BYTES_A_PX, DOUBLE_BYTES_A_PX, FLOAT_BYTES_A_PX
from kbvr.photo.panorama import panorama_in
from kbvr.photo.picture_file import Source, raw_description
from kbvr.photo.pixels import Colours, Model, Pixels
from kbvr.photo.transfer_functions import SRGB, is_known

if TYPE_CHECKING:
    import tifffile

MAX_PAGES = 1000
THUMBNAIL, MASK = 1, 4
"""Bits of NewSubfileType."""

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK, YCBCR, CIELAB, ICCLAB = 0, 1, 2, 3, 5, 6, 8, 9
_MODELS: dict[int, tuple[Model, int]] = {
    WHITE_IS_ZERO: ("grey", 1),
    BLACK_IS_ZERO: ("grey", 1),
    RGB: ("rgb", 3),
    PALETTE: ("palette", 1),
    CMYK: ("cmyk", 4),
    YCBCR: ("rgb", 3),
    CIELAB: ("lab", 3),
    ICCLAB: ("lab", 3),
}
_OTHERS = {4: "a transparency mask", 10: "ITU L*a*b* colours", 32844: "LogL light", 32845: "LogLuv light"}
_MOSAICS = (32803, 34892)
"""Photometric interpretations of raw sensor data: CFA and LinearRaw."""

ORIENTATION, TRANSFER, WHITE_POINT, CORNERS, INK_SET, COEFFICIENTS, RANGES = 274, 301, 318, 319, 332, 529, 532
MAKE, XMP, IPTC, PHOTOSHOP, EXIF, ICC, GPS, DNG = 271, 700, 33723, 34377, 34665, 34675, 34853, 50706

_log = logging.getLogger(__name__)


def read_tiff(stream: BinaryIO, source: Source) -> Pixels:
    """Decode the largest page of a TIFF."""
    import tifffile

    logger = logging.getLogger("tifffile")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())  # otherwise tifffile prints on stderr what is handled here
    with source.damage_reported():
        is_cr2 = stream.read(10)[8:] == b"CR"
        size_bytes = stream.seek(0, os.SEEK_END)
        stream.seek(0)
        file = tifffile.TiffFile(stream)
        pages = list(islice(_pages(file), MAX_PAGES + 1))
    if len(pages) > MAX_PAGES:
        _log.warning("%s: using only the first %d pages", source.name, MAX_PAGES)
    if is_cr2:
        raise source.refused(raw_description("Canon CR2"))
    with file, source.damage_reported():  # in a damaged file, a tag can be of any type
        page = _largest(pages[:MAX_PAGES], source)
        source.check_size(page.imagewidth, page.imagelength, _bytes_a_px(page))
        _check_layout(page, size_bytes, source)
        stored = page.asarray(squeeze=False)  # (planes, depth, H, W, samples)
        is_planar = int(page.planarconfig or 1) != 1
        values = np.moveaxis(stored[:, 0, :, :, 0], 0, -1) if is_planar else stored[0, 0]
        return _pixels(page, values, _tags(page), source)


def _pages(file: tifffile.TiffFile) -> Iterator[tifffile.TiffPage]:
    """Yield the pages, each followed by its subpages."""
    for page in file.pages:
        full = page.aspage()
        yield full
        if full.subifds:
            yield from (inner.aspage() for inner in full.pages or ())


def _largest(pages: list[tifffile.TiffPage], source: Source) -> tifffile.TiffPage:
    """Return the largest page that is a picture, or raise InputError for a raw file."""
    for page in pages:
        if DNG in page.tags or int(page.photometric or 0) in _MOSAICS:
            make = page.tags.get(MAKE) or pages[0].tags.get(MAKE)
            kind = "DNG" if DNG in page.tags else str(make.value).strip() if make else ""
            raise source.refused(raw_description(kind))
    pictures = [page for page in pages if not page.subfiletype & (THUMBNAIL | MASK)]
    if not pictures:
        raise source.refused(f"a TIFF of only thumbnails, or {raw_description()}")
    return max(pictures, key=lambda page: page.imagewidth * page.imagelength)


def _bytes_a_px(page: tifffile.TiffPage) -> float:
    """Return the memory that decoding requires per pixel; many samples (bands) require more than colours do."""
    itemsize = page.dtype.itemsize if page.dtype is not None else 1
    known = {4: FLOAT_BYTES_A_PX, 8: DOUBLE_BYTES_A_PX}.get(itemsize, BYTES_A_PX)
    return max(known, 2 * itemsize * page.samplesperpixel)


def _check_layout(page: tifffile.TiffPage, size_bytes: int, source: Source) -> None:
    """Raise InputError for unsupported layouts and truncated files."""
    kind = int(page.photometric if page.photometric is not None else -1)
    if kind not in _MODELS:
        raise source.refused(f"a TIFF of {_OTHERS.get(kind, f'photometric interpretation {kind}')}")
    needed = _MODELS[kind][1]
    if page.samplesperpixel < needed:
        raise source.damaged(f"expected {needed} samples per pixel, got {page.samplesperpixel}")
    if page.imagedepth > 1:
        raise source.refused(f"a TIFF of a volume, {page.imagedepth} pixels deep")
    if kind == CMYK and page.tags.valueof(INK_SET, 1) != 1:
        raise source.refused("a TIFF of other inks than cyan, magenta, yellow and black")
    if page.dtype is None or page.dtype.kind not in "buif":
        is_complex = page.dtype is not None and page.dtype.kind == "c"
        raise source.refused(f"a TIFF of {'complex numbers' if is_complex else f'{page.bitspersample}-bit samples'}")
    if kind == YCBCR and page.is_subsampled and page.compression != 7:
        raise source.refused("a TIFF of subsampled YCbCr without JPEG compression")
    if kind == YCBCR and page.compression == 6:
        raise source.refused("a TIFF of old-style JPEG compression")
    if kind == CIELAB and page.dtype.itemsize > 2 and page.dtype.kind != "f":
        raise source.refused(f"a TIFF of L*a*b* colours in {page.bitspersample} bits")
    if kind == ICCLAB and page.bitspersample != 8:
        raise source.refused(f"a TIFF of ICC L*a*b* colours in {page.bitspersample} bits")
    if kind == WHITE_IS_ZERO and page.dtype.kind in "if":
        raise source.refused("a TIFF of fractions or signed numbers in which white is 0")
    offsets, counts = page.dataoffsets, page.databytecounts
    expected = int(np.prod(page.chunked))
    if not offsets or len(offsets) < (1 if page.is_contiguous else expected) or not all(offsets) or not all(counts):
        raise source.damaged("some of its strips or tiles are missing")
    last = max(start + count for start, count in zip(offsets, counts, strict=False))
    if last > size_bytes:
        raise source.damaged(f"expected {last} bytes, got {size_bytes}")


def _pixels(page: tifffile.TiffPage, values: NDArray[Any], tags: dict[int, Any], source: Source) -> Pixels:
    kind = int(page.photometric)
    model, count = _MODELS[kind]
    bits = page.bitspersample if isinstance(page.bitspersample, int) else 8 * values.dtype.itemsize
    white: float = 1 if values.dtype.kind == "f" else 2 ** min(bits, 8 * values.dtype.itemsize) - 1
    if values.dtype.kind == "b":
        values, white = values.astype(np.uint8), 1
    alpha, premultiplied = None, False
    for index, extra in enumerate(page.extrasamples):
        if int(extra) in (1, 2) and count + index < values.shape[2]:
            alpha, premultiplied = values[..., count + index], int(extra) == 1
            break
    used = count + (alpha is not None)
    if used < values.shape[2]:
        _log.warning("%s: using %d of %d channels", source.name, used, values.shape[2])
    values = values[..., :count]
    colours = _colours(tags, source)
    palette = None
    if kind == WHITE_IS_ZERO:
        values = np.asarray(white - values, values.dtype) if values.dtype.itemsize > 1 else np.uint8(white) - values
    elif kind == PALETTE:
        palette = _palette(page, source)
    elif kind == YCBCR and page.compression != 7:
        values, white = _rgb_of_ycbcr(values / white * 255, tags), 1
    elif kind in (CIELAB, ICCLAB):
        values, white, colours = _lab(values, is_icc=kind == ICCLAB), 1, Colours()
    exif, texts = _metadata(tags, page.parent.byteorder, source)
    panorama = panorama_in(_bytes(tags.get(XMP), page.parent.byteorder), source.name)
    orientation = tags.get(ORIENTATION, 1)
    orientation = int(orientation) if isinstance(orientation, int) else 1
    pixels = Pixels(values, model, white, alpha, premultiplied, palette, orientation, colours, exif, texts)
    return replace(pixels, panorama=panorama)


def _tags(page: tifffile.TiffPage) -> dict[int, Any]:
    """Return the values of the page's tags by number, including its EXIF block."""
    import tifffile

    tags = {tag.code: tag.value for tag in page.tags}
    inner = tags.pop(EXIF, None)
    if isinstance(inner, dict):
        for name, value in inner.items():
            tags.setdefault(tifffile.TIFF.EXIF_TAGS.get(str(name), -1), value)
    return tags


def _palette(page: tifffile.TiffPage, source: Source) -> NDArray[np.uint8]:
    if page.colormap is None or page.dtype is None or page.dtype.itemsize > 2:
        raise source.damaged("its palette is missing")
    colours = np.asarray(page.colormap, np.uint16).T
    eight = colours if colours.max() < 256 else np.rint(colours / 257)  # some writers store 0 to 255
    size = 2 ** (8 * page.dtype.itemsize)
    return np.pad(eight.astype(np.uint8), ((0, max(0, size - len(eight))), (0, 0)))


def _colours(tags: dict[int, Any], source: Source) -> Colours:
    profile = tags.get(ICC)
    if isinstance(profile, bytes) and profile:
        return Colours(icc=profile)
    if TRANSFER in tags:
        _log.warning("%s: ignoring the transfer function (TIFF tag 301) and assuming sRGB", source.name)
    corners = tags.get(CORNERS)
    if not isinstance(corners, tuple) or len(corners) != 12:
        return Colours()
    white = tags.get(WHITE_POINT)
    listed = (white if isinstance(white, tuple) and len(white) == 4 else (3127, 10000, 3290, 10000)) + corners
    xy = tuple(listed[at] / max(listed[at + 1], 1) for at in range(0, 16, 2))
    if max(abs(a - b) for a, b in zip(xy, SRGB, strict=True)) < 0.001:
        return Colours()
    if not is_known(xy):
        _log.warning("%s: ignoring invalid primaries (TIFF tag 319)", source.name)
        return Colours()
    return Colours(primaries=xy)


def _rgb_of_ycbcr(values: NDArray[np.floating], tags: dict[int, Any]) -> NDArray[np.float32]:
    """Return RGB, 0 to 1, for Y, Cb and Cr of 0 to 255 (TIFF 6.0, section 21)."""
    luma = _fractions(tags.get(COEFFICIENTS), (0.299, 0.587, 0.114))
    low = _fractions(tags.get(RANGES), (0, 255, 128, 255, 128, 255))
    y = (values[..., 0] - low[0]) / max(low[1] - low[0], 1) * 255
    blue, red = ((values[..., at // 2] - low[at]) / max(low[at + 1] - low[at], 1) * 127 for at in (2, 4))
    r, b = red * (2 - 2 * luma[0]) + y, blue * (2 - 2 * luma[2]) + y
    g = (y - luma[2] * b - luma[0] * r) / max(luma[1], 1e-3)
    return np.clip(np.stack([r, g, b], axis=2) / 255, 0, 1).astype(np.float32)


def _fractions(value: Any, default: tuple[float, ...]) -> tuple[float, ...]:
    """Return a tag's rational numbers, which tifffile gives as alternating numerators and denominators."""
    if not isinstance(value, tuple) or len(value) != 2 * len(default):
        return default
    return tuple(value[at] / max(value[at + 1], 1) for at in range(0, len(value), 2))


def _lab(values: NDArray[Any], *, is_icc: bool) -> NDArray[np.float32]:
    """Return L* (0 to 100), a* and b* from their encoding in TIFF 6.0 (section 23); floats are not encoded.

    Some writers declare L* as signed, like a* and b*, so all are read as unsigned first.
    """
    if values.dtype.kind == "f":
        return values.astype(np.float32)
    values = np.ascontiguousarray(values).view(f"u{values.dtype.itemsize}")
    wide = values.dtype.itemsize == 2
    lightness = values[..., :1] * np.float32(100 / (65535 if wide else 255))
    both = values[..., 1:]
    signed = both - np.float32(128) if is_icc else both.astype(np.int16 if wide else np.int8).astype(np.float32)
    return np.concatenate([lightness, signed / np.float32(256 if wide else 1)], axis=2).astype(np.float32)


def _metadata(tags: dict[int, Any], byte_order: str, source: Source) -> tuple[dict[int, float], Credits]:
    """Return the EXIF numbers, and the credits in EXIF, XMP and IPTC."""
    fractions = {
        tag: value[0] / value[1]
        for tag, value in tags.items()
        if isinstance(value, tuple) and len(value) == 2 and all(isinstance(part, int) for part in value) and value[1]
    }
    texts = {tag: value.encode() if isinstance(value, str) else value for tag, value in tags.items()}
    in_xmp = metadata.from_xmp(_bytes(tags.get(XMP), byte_order), source.name)
    iptc = _bytes(tags.get(IPTC), byte_order) or metadata.iptc_of_photoshop(_bytes(tags.get(PHOTOSHOP), byte_order))
    in_tags = metadata.from_tags(texts, _gps_tags(tags), source.name)
    credit = merged((in_tags, in_xmp, metadata.from_iptc(iptc)))
    return metadata.numbers_of({**tags, **fractions}), credit


def _gps_tags(tags: dict[int, Any]) -> dict[int, Any]:
    """Return the GPS tags by number, with their rational numbers as floats, which are infinite for a zero denominator.

    tifffile gives names, and numerators and denominators in turn.
    """
    named = tags.get(GPS)
    found: dict[int, Any] = {}
    for name, value in named.items() if isinstance(named, dict) else ():
        if name in ExifTags.GPS.__members__:
            is_pairs = isinstance(value, tuple) and len(value) % 2 == 0
            pairs = zip(value[::2], value[1::2], strict=True) if is_pairs else ()
            found[ExifTags.GPS[name]] = [above / below if below else inf for above, below in pairs] or value
    return found


def _bytes(value: Any, byte_order: str) -> bytes:
    """Return a tag's bytes, which some writers declare as 32-bit integers."""
    if isinstance(value, tuple) and all(isinstance(number, int) for number in value):
        return np.array(value, np.uint32).astype(f"{byte_order}u4").tobytes()
    return value if isinstance(value, bytes) else b""
