"""Picture files as input: opening them, detecting their kind by the first bytes, and one-line errors."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Literal

from PIL import AvifImagePlugin, ImageFile, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin

from kbvr.errors import DamagedFileError, InputError, escaped
from kbvr.photo.decoding_memory import BYTES_A_PX, FIXED_BYTES, check_decoding_memory
from kbvr.photo.pair_layout import SecondPicture
from kbvr.system.resources import format_bytes, is_out_of_memory

MAX_PIXELS = 200_000_000
"""Larger pictures are refused by their header, before a pixel is decoded."""

MAX_FILE_BYTES = 4_000_000_000
"""Enough for 200 million pixels of four uncompressed floats."""

Kind = Literal["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIC"]


def display_name(path: str | os.PathLike[str]) -> str:
    """Return a path for a one-line message."""
    return escaped(os.fspath(path)) or "''"


@dataclass(frozen=True)
class Source:
    """A file to read, and what it should be."""

    path: str | os.PathLike[str]
    expected: str
    """What messages say the file should be, such as "a photo (JPEG or PNG)"."""

    max_bytes: int | None = None
    """The memory limit of decoding it."""

    second: SecondPicture = "none"
    """Which second picture of an MPO is decoded too."""

    @property
    def name(self) -> str:
        """The path for a one-line message."""
        return display_name(self.path)

    def refused(self, actual: str) -> InputError:
        """Return the error for a file that is something else."""
        return InputError(f"{self.name}: expected {self.expected}, got {actual}")

    def damaged(self, reason: str) -> InputError:
        """Return the error for a file of the right kind that cannot be decoded."""
        return DamagedFileError(str(self.refused(f"a damaged or incomplete file ({reason})")))

    def open(self) -> BinaryIO:
        """Open the file for reading.

        Raises:
            InputError: if it is missing, not a regular file, empty, too large, or cannot be read.
        """
        try:
            file = Path(self.path)
            if file.is_dir():
                raise self.refused("a folder")
            if file.exists() and not file.is_file():
                raise self.refused("a pipe, device or socket")
            size_bytes = file.stat().st_size
            if size_bytes == 0:
                raise self.refused("an empty file")
            if size_bytes > MAX_FILE_BYTES:
                expected = f"{self.expected} of at most {format_bytes(MAX_FILE_BYTES)}"
                raise InputError(f"{self.name}: expected {expected}, got {format_bytes(size_bytes)}")
            return file.open("rb")
        except FileNotFoundError:
            raise InputError(f"{self.name}: no such file") from None
        except PermissionError:
            raise InputError(f"{self.name}: permission denied") from None
        except OSError as error:
            raise InputError(f"{self.name}: {error.strerror or error}") from error
        except ValueError as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"{self.name}: not a valid path ({error})") from error

    @contextmanager
    def damage_reported(self) -> Iterator[None]:
        """Turn what a decoder raises for a damaged file into an InputError.

        Decoders raise nearly anything (OSError, SyntaxError, struct.error, KeyError, ...), so every exception is
        caught, and nothing but decoding belongs inside.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Pillow's warnings precede an exception or are harmless
                yield
        except (InputError, MemoryError):
            raise
        except Exception as error:
            if is_out_of_memory(error):
                raise MemoryError(*error.args) from error
            reason = " ".join(str(error).split()) or type(error).__name__
            raise self.damaged(reason) from error

    def check_pixel_count(self, width: int, height: int) -> None:
        """Raise InputError if a picture has more than MAX_PIXELS."""
        if width * height > MAX_PIXELS:
            raise InputError(
                f"{self.name}: expected at most {MAX_PIXELS // 10**6} million pixels, "
                f"got {width} x {height} = {width * height / 1e6:.9g} million"
            )

    def check_size(self, width: int, height: int, bytes_a_px: float = BYTES_A_PX) -> None:
        """Check MAX_PIXELS, and that the memory limit and the available memory suffice to decode a picture."""
        self.check_pixel_count(width, height)
        needed = FIXED_BYTES + round(bytes_a_px * width * height)
        check_decoding_memory((width, height), self.name, self.max_bytes, needed)


def picture_kind(head: bytes) -> Kind | None:
    """Return the kind of picture file that starts with these 64 bytes, None for any other file."""
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


def raw_description(kind: str = "") -> str:
    """Return what messages call a camera raw file, and how to convert it."""
    return f"a camera raw file{f' ({kind})' if kind else ''}; save it as TIFF or JPEG"


_SIGNATURES: dict[bytes, str] = {
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
    b"FUJIFILMCCD-RAW": raw_description("Fujifilm RAF"),
    b"IIRO": raw_description("Olympus ORF"),
    b"IIRS": raw_description("Olympus ORF"),
    b"MMOR": raw_description("Olympus ORF"),
    b"IIU\0": raw_description("Panasonic RW2"),
    b"FOVb": raw_description("Sigma X3F"),
    b"\0MRM": raw_description("Minolta MRW"),
    b"\x93NUMPY": "a NumPy array",
    b"PK\3\4": "a ZIP archive",
    b"\x1f\x8b": "a gzip archive",
    b"\x1aE\xdf\xa3": "a Matroska or WebM video",
    b"glTF": "a glTF scene",
    b"ID3": "an MP3 file",
    b"OggS": "an Ogg file",
    b"\x7fELF": "a program",
    b"MZ": "a program",
}
"""First bytes of files that people mistake for photos -> what they are."""


def file_description(head: bytes) -> str:
    """Return what kind of file starts with these 64 bytes, in words."""
    for signature, description in _SIGNATURES.items():
        if head.startswith(signature):
            return description
    if head[:4] == b"RIFF":
        return {b"AVI ": "an AVI video", b"WAVE": "a WAV file"}.get(head[8:12], "a RIFF file")
    if head[4:8] == b"ftyp":
        brand = head[8:12].decode("latin-1").strip()
        if brand == "crx":
            return raw_description("Canon CR3")
        if brand in ("jxl", "jp2", "jpx"):
            return "a JPEG XL picture" if brand == "jxl" else "a JPEG 2000 picture"
        return f"a video or another kind of file (of brand {brand!r})"
    text = head.rstrip(b"\0").decode("utf-8", errors="replace").rstrip("\ufffd")  # a letter may be cut in two
    if text and all(letter.isprintable() or letter.isspace() for letter in text):
        return "an SVG drawing" if "<svg" in text else f"text ({text[:24]!r}...)"
    return f"an unknown kind of file (its first bytes are {head[:8].hex(' ')})"


def open_picture(stream: BinaryIO | BytesIO, kind: str) -> ImageFile.ImageFile:
    """Read the header of a picture file of a known kind, except HEIC.

    Image.open has its own limit below MAX_PIXELS, which can only be changed for the whole process, so the readers are
    called directly.
    """
    readers: dict[str, Callable[[Any], ImageFile.ImageFile]] = {
        "JPEG": JpegImagePlugin.jpeg_factory,
        "PNG": PngImagePlugin.PngImageFile,
        "WEBP": WebPImagePlugin.WebPImageFile,
        "TIFF": TiffImagePlugin.TiffImageFile,
        "AVIF": AvifImagePlugin.AvifImageFile,
    }
    return readers[kind](stream)
