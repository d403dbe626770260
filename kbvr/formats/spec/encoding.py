"""Pictures as bytes: PNG, JPEG or WebP in sRGB that say so, with the photo's date and author in their EXIF."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import UInt8
from PIL import ExifTags, Image, ImageCms, PngImagePlugin

from kbvr.errors import InputError, OutputError
from kbvr.photo.metadata import ARTIST, COPYRIGHT, DATE, OFFSET
from kbvr.photo.picture_file import open_picture, picture_kind

Kind = Literal["png", "jpeg", "webp"]

KINDS: Mapping[str, Kind] = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp"}
"""Suffix of a file -> what it is."""

MAX_SIDE_PX: Mapping[Kind, int] = {"png": 2**31 - 1, "jpeg": 65500, "webp": 16383}
"""JPEG's is libjpeg's, a little below the 65535 that the format could hold."""

DEFAULT_QUALITY = 95
REQUIRED: Mapping[int, float] = {
    ExifTags.Base.Orientation: 1,
    ExifTags.Base.XResolution: 72,
    ExifTags.Base.YResolution: 72,
    ExifTags.Base.ResolutionUnit: 2,
    ExifTags.Base.YCbCrPositioning: 1,
}
REQUIRED_INSIDE: Mapping[int, bytes | int] = {
    ExifTags.Base.ExifVersion: b"0232",
    ExifTags.Base.ComponentsConfiguration: b"\1\2\3\0",
    ExifTags.Base.FlashPixVersion: b"0100",
    ExifTags.Base.ColorSpace: 1,
}
"""What EXIF must say (CIPA DC-008): upright, sRGB, and what is the same for all pictures."""

PNG_NAMES = {"artist": "Author", "copyright": "Copyright", "date": "Creation Time"}
"""The keywords that the PNG specification has for them."""

NO_DATE = bytes(12)
"""In place of the moment at which a colour profile was made, so that files are the same on every run."""


def picture_bytes(
    rgb: UInt8[np.ndarray, "H W 3"],
    kind: Kind,
    said: Mapping[int, str],
    *,
    quality: int | None = None,
    lossless: bool = False,
) -> bytes:
    """Return an sRGB picture as a file's bytes, with what is said of who took the photo and when (EXIF tags).

    `quality` is 1 to 100, of JPEG and WebP; JPEG keeps every pixel's colour (4:4:4). `lossless` is for WebP, if no
    quality is given.
    """
    file = BytesIO()
    image = Image.fromarray(np.ascontiguousarray(rgb))
    exif = exif_of(said, image.size)
    wanted = DEFAULT_QUALITY if quality is None else quality
    if kind == "png":
        told = PngImagePlugin.PngInfo()
        told.add(b"sRGB", bytes(1))  # 0: perceptual
        told.add_text("Software", software())
        for name, text in credit_texts(said).items():
            told.add_itxt(PNG_NAMES[name], text)
        image.save(file, "PNG", pnginfo=told, exif=exif)
    elif kind == "jpeg":
        image.save(file, "JPEG", quality=wanted, subsampling=0, exif=exif, icc_profile=srgb_profile())
    else:
        exact = lossless and quality is None
        image.save(file, "WEBP", quality=wanted, lossless=exact, exif=exif, icc_profile=srgb_profile())
    return file.getvalue()


def check_side(size_px: tuple[int, int], kind: Kind, what: str) -> None:
    """Check that a picture of (width, height) can be of a kind; errors call it `what`.

    Raises:
        InputError: if it is too large.
    """
    if max(size_px) > MAX_SIDE_PX[kind]:
        width, height = size_px
        raise InputError(
            f"{kind.upper()} pictures are at most {MAX_SIDE_PX[kind]} px wide and high, but {what} makes "
            f"{width}x{height}: choose a smaller --max-size, or another --picture"
        )


def check_pixels(path: Path, name: str, wanted: UInt8[np.ndarray, "H W 3"], *, exact: bool) -> None:
    """Decode the picture in a file and compare it with what was written; errors call the file `name`.

    Raises:
        OutputError: if it cannot be read or has another size, or, where it must be exact, other pixels.
    """
    try:
        with path.open("rb") as stream:
            kind = picture_kind(stream.read(64))
            stream.seek(0)
            found = np.asarray(open_picture(stream, str(kind)).convert("RGB"))
    except (OSError, LookupError, SyntaxError, ValueError) as error:
        raise OutputError(f"{name} could not be read back: {error}") from error
    if found.shape != wanted.shape or (exact and not np.array_equal(found, wanted)):
        raise OutputError(f"{name} did not read back as written")


def exif_of(said: Mapping[int, str], size_px: tuple[int, int], *, says_upright: bool = True) -> bytes:
    """Return EXIF that says: upright, sRGB, written by kbvr, and who took the photo and when.

    Pillow's AVIF writer takes the orientation out, and then writes texts anew that are not ASCII: it gets none.
    """
    exif = Image.Exif()
    inner = exif.get_ifd(ExifTags.IFD.Exif)
    exif[ExifTags.Base.Software] = software()
    for tag, value in REQUIRED.items():
        if says_upright or tag != ExifTags.Base.Orientation:
            exif[tag] = value
    for tag, content in REQUIRED_INSIDE.items():
        inner[tag] = content
    inner[ExifTags.Base.ExifImageWidth], inner[ExifTags.Base.ExifImageHeight] = size_px
    for tag, text in said.items():
        if tag in (ExifTags.Base.Artist, ExifTags.Base.Copyright):
            exif[tag] = text.encode()  # UTF-8, as Exif 3.0 has it and others read it
        else:
            inner[tag] = text
    return exif.tobytes().replace(b"\x91\x01\0\x01", b"\x91\x01\0\x07")  # Pillow writes one type wrong


def credit_texts(said: Mapping[int, str]) -> dict[str, str]:
    """Return what EXIF tags say of who took the photo and when, by name; the date is as in ISO 8601."""
    texts = {name: said[tag] for name, tag in (("artist", ARTIST), ("copyright", COPYRIGHT)) if said.get(tag)}
    day, _, hour = said.get(DATE, "").partition(" ")
    if day:
        texts["date"] = day.replace(":", "-") + (f"T{hour}{said.get(OFFSET, '')}" if hour else "")
    return texts


def software() -> str:
    """Return what a file says that it was written by."""
    return f"kbvr {version('kbvr')}"


@cache
def srgb_profile() -> bytes:
    """Return an ICC profile of sRGB."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile[:24] + NO_DATE + profile[36:]
