"""Picture files: opened, told by their first bytes, checked by their header and decoded, upright.

The kind of a file is told by its first bytes, never by its name. What goes wrong with a file is said in one
line, as an InputError.
"""

from __future__ import annotations

import logging
import os
import re
import struct
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from math import isfinite
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import (
    AvifImagePlugin,
    ExifTags,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from kbvr.decoding_memory import check_decoding_memory, jpeg_within
from kbvr.errors import InputError
from kbvr.resources import is_out_of_memory

MAX_PIXELS = 200_000_000
"""Larger pictures are refused by their header, before a pixel is decoded."""

_TRANSPOSES = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_ON_ITS_SIDE = tuple(_TRANSPOSES[orientation] for orientation in (5, 6, 7, 8))

CREDITS = (
    ExifTags.Base.Artist,
    ExifTags.Base.Copyright,
    ExifTags.Base.DateTimeOriginal,
    ExifTags.Base.OffsetTimeOriginal,
)
"""Tags of who took a photo and when, which pictures made of it keep."""

MOST_CREDIT_LETTERS = 200

_EXIF_DAMAGE = (
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded picture file of any mode, upright, colours as stored."""

    image: Image.Image
    exif: dict[int, float]
    """The EXIF tags that are numbers."""

    credits: dict[int, str] = field(default_factory=dict)
    """The EXIF tags of `CREDITS` that are there."""

    reduced_from: tuple[int, int] | None = None
    """(width, height), upright, of the picture in the file, if it was decoded smaller than that."""


def shown(path: str | os.PathLike[str]) -> str:
    """Return the path as it can stand in a one-line message."""
    text = os.fspath(path)
    return text if text.isprintable() and text else repr(text)


def open_file(path: str | os.PathLike[str], wanted: str) -> BinaryIO:
    """Open a file to read; `wanted` says in messages what it should have been.

    Raises:
        InputError: if it is missing, a folder, not a regular file, empty, or may not be read.
    """
    file = Path(path)
    try:
        if file.is_dir():
            raise InputError(f"{shown(path)}: wanted {wanted}, but it is a folder")
        if file.exists() and not file.is_file():
            raise InputError(f"{shown(path)}: wanted {wanted}, but it is not a regular file")
        if file.stat().st_size == 0:
            raise InputError(f"{shown(path)}: wanted {wanted}, but it is empty (0 bytes)")
        return file.open("rb")
    except FileNotFoundError:
        raise InputError(f"{shown(path)}: wanted {wanted}, but there is no such file") from None
    except PermissionError:
        raise InputError(f"{shown(path)}: wanted {wanted}, but it may not be read (permission denied)") from None
    except OSError as error:
        raise InputError(f"{shown(path)}: wanted {wanted}, but: {error.strerror or error}") from error
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{shown(path)}: wanted {wanted}, but this is no path ({error})") from error


@contextmanager
def damage_reported(path: str | os.PathLike[str], wanted: str) -> Iterator[None]:
    """Turn what a decoder raises for a damaged file into an InputError; wrap nothing else in it.

    Decoders raise nearly anything (OSError, SyntaxError, struct.error, KeyError, ...), so all is caught.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of what it then raises, or of what does not matter
            yield
    except (InputError, MemoryError):
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise MemoryError(*error.args) from error
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{shown(path)}: wanted {wanted}, but it is damaged or cut short ({reason})") from error


def check_pixel_count(width: int, height: int, path: str | os.PathLike[str]) -> None:
    """Raise InputError if a picture has more than MAX_PIXELS."""
    if width * height > MAX_PIXELS:
        raise InputError(
            f"{shown(path)}: wanted at most {MAX_PIXELS // 10**6} million pixels, "
            f"got {width} x {height} = {width * height / 1e6:.0f} million"
        )


def picture_kind(head: bytes) -> Literal["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIC"] | None:
    """Tell a picture file by its first 64 bytes; None if it is none of these."""
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "TIFF"
    if head[4:8] == b"ftyp":
        box = head[8 : int.from_bytes(head[:4], "big")]
        brands = {box[i : i + 4] for i in range(0, len(box), 4) if i != 4}  # 4 to 8 is a version number
        if brands & {b"avif", b"avis"}:
            return "AVIF"
        if brands & {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}:
            return "HEIC"
    return None


def read_picture(path: str | os.PathLike[str], wanted: str, max_bytes: int | None = None) -> Picture:
    """Decode a JPEG, PNG, WebP, TIFF, HEIC or AVIF file and turn it upright.

    To take no more than max_bytes of memory, a JPEG is decoded at 1/2, 1/4 or 1/8 of its size, if it must.

    Raises:
        InputError: if there is no such file, it is none of these or damaged, has more than MAX_PIXELS, or would take
            more than max_bytes.
        OutOfMemoryError: if there is not enough memory to decode it.
    """
    with open_file(path, wanted) as stream:
        with damage_reported(path, wanted):
            head = stream.read(64)
            stream.seek(0)
        kind = picture_kind(head)
        if kind is None:
            raise InputError(f"{shown(path)}: wanted {wanted}, but it is {_what_came(head)}")
        if kind == "HEIC":
            return _read_heic(stream, path, wanted, max_bytes)
        with damage_reported(path, wanted):
            image = opened(stream, kind)
        full_px = image.size
        check_pixel_count(*full_px, path)
        if kind == "TIFF":
            _check_tiff(image, head, path, wanted)
        if kind == "JPEG":
            jpeg_within(image, shown(path), max_bytes)
        else:
            check_decoding_memory(full_px, shown(path), max_bytes)
        return _decoded(image, stream, path, wanted, reduced_from=None if image.size == full_px else full_px)


def _what_came(head: bytes) -> str:
    text = head.rstrip(b"\0").decode("utf-8", errors="replace").rstrip("\ufffd")  # a cut may split a letter
    if head.startswith((b"GIF8", b"BM", b"%PDF")):
        return {b"G": "a GIF", b"B": "a BMP picture", b"%": "a PDF"}[head[:1]]
    if head[4:8] == b"ftyp":
        return f"a video or another kind of file (of brand {head[8:12].decode('latin1').strip()!r})"
    if all(letter.isprintable() or letter.isspace() for letter in text):
        return f"text ({text[:24]!r}...)"
    return f"something else (its first bytes are {head[:8].hex(' ')})"


def opened(stream: BinaryIO | BytesIO, kind: str) -> ImageFile.ImageFile:
    """Read the header of a picture of a kind that `picture_kind` tells, except HEIC.

    Image.open has a limit of its own, below MAX_PIXELS, that could only be changed for everybody in the
    process: so the readers are called by themselves.
    """
    readers: dict[str, Callable[[Any], ImageFile.ImageFile]] = {
        "JPEG": JpegImagePlugin.jpeg_factory,
        "PNG": PngImagePlugin.PngImageFile,
        "WEBP": WebPImagePlugin.WebPImageFile,
        "TIFF": TiffImagePlugin.TiffImageFile,
        "AVIF": AvifImagePlugin.AvifImageFile,
    }
    return readers[kind](stream)


def _check_tiff(image: Image.Image, head: bytes, path: str | os.PathLike[str], wanted: str) -> None:
    """Raise InputError for a raw file, whose first picture is a thumbnail, and for one that is cut short."""
    tags: Any = getattr(image, "tag_v2", {})
    size_bytes = Path(path).stat().st_size
    with damage_reported(path, wanted):
        is_thumbnail = int(tags.get(254, 0)) & 1 or 50706 in tags  # NewSubfileType, DNGVersion
        at, counts = (273, 279) if 273 in tags else (324, 325)  # of strips or tiles
        ends = [start + count for start, count in zip(tags[at], tags[counts], strict=True)]
        if max(ends) > size_bytes:  # else libtiff and OpenCV complain on stderr by themselves
            raise OSError(f"{max(ends)} bytes are needed, {size_bytes} are there")
    if is_thumbnail or head[8:10] == b"CR":
        raise InputError(f"{shown(path)}: wanted {wanted}, but it is a camera's raw file; save it as TIFF or JPEG")


def _decoded(
    file: ImageFile.ImageFile,
    stream: BinaryIO,
    path: str | os.PathLike[str],
    wanted: str,
    *,
    reduced_from: tuple[int, int] | None,
) -> Picture:
    """Decode, and apply the orientation once: for TIFF, both Pillow and OpenCV do so by themselves."""
    layout: Any = file.tile[0].args if file.tile else ""
    layout = layout[0] if isinstance(layout, tuple) and layout else layout
    if getattr(file, "is_animated", False):
        _log.info("%s: holds several pictures, the first is used", shown(path))
    with damage_reported(path, wanted):
        file.load()
        rounded = _rounded_from_16_bit(stream) if str(layout).startswith(("RGB;16", "RGBA;16", "LA;16")) else None
    exif, said = _exif_of(file, path)  # only now: of a PNG, it would decode the pixels
    image = file if rounded is None else rounded
    turn = _TRANSPOSES.get(int(exif.get(ExifTags.Base.Orientation, 1)))
    if turn is not None and file.format != "TIFF":
        image = image.transpose(turn)
        if reduced_from is not None and turn in _ON_ITS_SIDE:
            reduced_from = reduced_from[::-1]
    image.info = file.info
    return Picture(image, exif, said, reduced_from)


def _rounded_from_16_bit(stream: BinaryIO) -> Image.Image | None:
    """Return RGB(A) rounded to 8 bits: Pillow has no 16-bit colour and drops the lower byte.

    None if OpenCV, which is stricter, cannot read it: then Pillow's answer is used (1/255 off at most).
    """
    import cv2

    stream.seek(0)
    stored: Any = cv2.imdecode(np.frombuffer(stream.read(), np.uint8), cv2.IMREAD_UNCHANGED)
    if stored is None or stored.dtype != np.uint16 or stored.ndim != 3:
        return None
    order = cv2.COLOR_BGR2RGB if stored.shape[2] == 3 else cv2.COLOR_BGRA2RGBA
    return Image.fromarray(rounded_to_8_bit(cv2.cvtColor(stored, order)))


def rounded_to_8_bit(values: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Round 0-65535 to 0-255."""
    import cv2

    return np.asarray(cv2.convertScaleAbs(values, alpha=1 / 257), np.uint8)


def _read_heic(stream: BinaryIO, path: str | os.PathLike[str], wanted: str, max_bytes: int | None) -> Picture:
    """Decode a HEIC file.

    Its rotation and mirror boxes are applied by libheif, and they alone count: the EXIF orientation, which
    repeats them, is set back to 1 by pi_heif, so that it cannot turn the picture twice.
    """
    import pi_heif

    with damage_reported(path, wanted):
        coded_px = _heic_sizes_px(stream)
    for width, height in coded_px:
        check_pixel_count(width, height, path)
        check_decoding_memory((width, height), shown(path), max_bytes)
    with damage_reported(path, wanted):
        image: Image.Image = pi_heif.open_heif(stream).to_pillow()
    primaries = image.info.get("nclx_profile", {}).get("color_primaries", 2)
    if primaries not in (1, 2) and "icc_profile" not in image.info:
        _log.warning("%s: its colours (primaries %s of H.273) are read as sRGB", shown(path), primaries)
    return Picture(image, *_exif_of(image, path))


def _heic_sizes_px(stream: BinaryIO) -> list[tuple[int, int]]:
    """Return all sizes that a HEIC file's header names; pi_heif tells only what is left after cropping."""
    meta = b""
    stream.seek(0)
    while not meta and len(box := stream.read(8)) == 8:
        size_bytes = int.from_bytes(box[:4], "big")
        if box[4:] == b"meta":
            meta = stream.read(size_bytes - 8)
        elif size_bytes < 8:  # to the end, or of 64 bits: pixels, and they come after the header
            break
        else:
            stream.seek(size_bytes - 8, os.SEEK_CUR)
    stream.seek(0)
    return [struct.unpack(">II", size) for size in re.findall(rb"ispe....(.{8})", meta, re.DOTALL)]


def _exif_of(image: Image.Image, path: str | os.PathLike[str]) -> tuple[dict[int, float], dict[int, str]]:
    """Return the tags that are numbers, and those that say who took the picture and when."""
    orientation = ExifTags.Base.Orientation
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exif = image.getexif()
            inner = exif.get_ifd(ExifTags.IFD.Exif)
            tags = {**inner, orientation: exif.get(orientation)}
            said = {**exif, **inner}
    except _EXIF_DAMAGE as error:  # the picture itself may be whole
        _log.warning("%s: its EXIF cannot be read and is left out (%s)", shown(path), error)
        return {}, {}
    numbers = {tag: number for tag, value in tags.items() if (number := _number(value)) is not None}
    texts = {tag: value.strip("\0 ")[:MOST_CREDIT_LETTERS] for tag, value in said.items() if isinstance(value, str)}
    return numbers, {int(tag): texts[tag] for tag in CREDITS if texts.get(tag)}


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return number if isfinite(number) else None
