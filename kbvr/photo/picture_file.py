"""Files that come in: opened, told by their first bytes, and what goes wrong with them said in one line."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Literal

from PIL import (
    AvifImagePlugin,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from kbvr.errors import InputError, escaped
from kbvr.photo.decoding_memory import BYTES_A_PX, FIXED_BYTES, check_decoding_memory
from kbvr.system.resources import is_out_of_memory, shown_bytes

MAX_PIXELS = 200_000_000
"""Larger pictures are refused by their header, before a pixel is decoded."""

MAX_FILE_BYTES = 4_000_000_000
"""Larger files are not read: 200 million pixels of four floats have no more, uncompressed."""

_log = logging.getLogger(__name__)


Kind = Literal["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIC"]
"""The kinds of pictures that are read."""


def shown(path: str | os.PathLike[str]) -> str:
    """Return the path as it can stand in a one-line message."""
    return escaped(os.fspath(path)) or "''"


@dataclass(frozen=True)
class Source:
    """The file that is being read, as messages name it."""

    path: str | os.PathLike[str]
    wanted: str
    """What it was expected to be."""

    max_bytes: int | None = None
    """Memory that decoding it may take."""

    @property
    def name(self) -> str:
        """The file's path for a message."""
        return shown(self.path)

    def refused(self, came: str) -> InputError:
        """Return the error that names what the file is instead."""
        return InputError(f"{self.name}: expected {self.wanted}, got {came}")

    def damaged(self, reason: str) -> InputError:
        """Return the error that says what is broken in the file."""
        return InputError(f"{self.name}: wanted {self.wanted}, but it is damaged or cut short ({reason})")

    def check_size(self, width: int, height: int, bytes_a_px: float = BYTES_A_PX) -> None:
        """Check that a picture of this size can be decoded, which takes so many bytes for each pixel.

        Raises:
            InputError: if it has more than MAX_PIXELS, or takes more than max_bytes of memory.
            OutOfMemoryError: if it takes more than there is.
        """
        check_pixel_count(width, height, self.path)
        needed = FIXED_BYTES + round(bytes_a_px * width * height)
        check_decoding_memory((width, height), self.name, self.max_bytes, needed)


def open_file(path: str | os.PathLike[str], wanted: str) -> BinaryIO:
    """Open a file to read; `wanted` says in messages what it should have been.

    Raises:
        InputError: if it is missing, a folder, not a regular file, empty, too large, or may not be read.
    """
    file = Path(path)
    try:
        if file.is_dir():
            raise InputError(f"{shown(path)}: wanted {wanted}, but it is a folder")
        if file.exists() and not file.is_file():
            raise InputError(f"{shown(path)}: wanted {wanted}, but it is not a regular file")
        size_bytes = file.stat().st_size
        if size_bytes == 0:
            raise InputError(f"{shown(path)}: wanted {wanted}, but it is empty (0 bytes)")
        if size_bytes > MAX_FILE_BYTES:
            most = shown_bytes(MAX_FILE_BYTES)
            raise InputError(f"{shown(path)}: expected {wanted} of at most {most}, got {shown_bytes(size_bytes)}")
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
        raise Source(path, wanted).damaged(reason) from error


def check_pixel_count(width: int, height: int, path: str | os.PathLike[str]) -> None:
    """Raise InputError if a picture has more than MAX_PIXELS."""
    if width * height > MAX_PIXELS:
        raise InputError(
            f"{shown(path)}: wanted at most {MAX_PIXELS // 10**6} million pixels, "
            f"got {width} x {height} = {width * height / 1e6:.9g} million"
        )


def picture_kind(head: bytes) -> Kind | None:
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


def raw_file(kind: str = "") -> str:
    """Return what a camera's raw file is called, of a kind if it is known, and what helps."""
    return f"a camera's raw file{f' ({kind})' if kind else ''}; save it as TIFF or JPEG"


_STARTS: dict[bytes, str] = {
    b"GIF8": "a GIF",
    b"BM": "a BMP picture",
    b"%PDF": "a PDF",
    b"8BPS": "a Photoshop document (PSD)",
    b"\xff\x0a": "a JPEG XL picture",
    b"\0\0\0\x0cJXL ": "a JPEG XL picture",
    b"\0\0\0\x0cjP  ": "a JPEG 2000 picture",
    b"\xff\x4f\xff\x51": "a JPEG 2000 picture",
    b"\x76\x2f\x31\x01": "an OpenEXR picture",
    b"#?RADIANCE": "a Radiance HDR picture",
    b"#?RGBE": "a Radiance HDR picture",
    b"II\xbc\x01": "a JPEG XR picture",
    b"qoif": "a QOI picture",
    b"DDS ": "a DDS texture",
    b"gimp xcf": "a GIMP picture (XCF)",
    b"\0\0\1\0": "an icon (ICO)",
    b"FUJIFILMCCD-RAW": raw_file("Fujifilm RAF"),
    b"IIRO": raw_file("Olympus ORF"),
    b"IIRS": raw_file("Olympus ORF"),
    b"MMOR": raw_file("Olympus ORF"),
    b"IIU\0": raw_file("Panasonic RW2"),
    b"FOVb": raw_file("Sigma X3F"),
    b"\0MRM": raw_file("Minolta MRW"),
    b"\x93NUMPY": "a NumPy array",
    b"PK\3\4": "a ZIP archive",
    b"\x1f\x8b": "a gzip archive",
    b"\x1aE\xdf\xa3": "a Matroska or WebM video",
    b"glTF": "a glTF scene",
    b"ID3": "a sound (MP3)",
    b"OggS": "an Ogg file",
    b"\x7fELF": "a program",
    b"MZ": "a program",
}
"""First bytes of what is often mistaken for a photo -> what it is."""


def named(head: bytes) -> str:
    """Return what a file is, in words, by its first 64 bytes."""
    for start, what in _STARTS.items():
        if head.startswith(start):
            return what
    if head[:4] == b"RIFF":
        return {b"AVI ": "an AVI video", b"WAVE": "a sound (WAV)"}.get(head[8:12], "a RIFF file")
    if head[4:8] == b"ftyp":
        brand = head[8:12].decode("latin-1").strip()
        if brand == "crx":
            return raw_file("Canon CR3")
        if brand in ("jxl", "jp2", "jpx"):
            return "a JPEG XL picture" if brand == "jxl" else "a JPEG 2000 picture"
        return f"a video or another kind of file (of brand {brand!r})"
    text = head.rstrip(b"\0").decode("utf-8", errors="replace").rstrip("\ufffd")  # a cut may split a letter
    if all(letter.isprintable() or letter.isspace() for letter in text):
        is_drawing = "<svg" in text
        return "an SVG drawing" if is_drawing else f"text ({text[:24]!r}...)"
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
