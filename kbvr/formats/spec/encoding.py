"""Encoding of sRGB pictures as PNG, JPEG or WebP, with the photo's credits as metadata."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import UInt8
from PIL import ExifTags, Image, ImageCms, PngImagePlugin

from kbvr.errors import InputError
from kbvr.formats.spec.verification import verification_error
from kbvr.photo.credits import Credits
from kbvr.photo.picture_file import open_picture, picture_kind

Kind = Literal["png", "jpeg", "webp"]

KINDS: Mapping[str, Kind] = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp"}
"""File suffix -> kind."""

MAX_SIDE_PX: Mapping[Kind, int] = {"png": 2**31 - 1, "jpeg": 65500, "webp": 16383}
"""The limit for JPEG is libjpeg's; the format allows 65535."""

DEFAULT_QUALITY = 95
MAIN_TAGS: Mapping[int, float] = {
    ExifTags.Base.Orientation: 1,
    ExifTags.Base.XResolution: 72,
    ExifTags.Base.YResolution: 72,
    ExifTags.Base.ResolutionUnit: 2,
    ExifTags.Base.YCbCrPositioning: 1,
}
EXIF_TAGS: Mapping[int, bytes | int] = {
    ExifTags.Base.ExifVersion: b"0232",
    ExifTags.Base.ComponentsConfiguration: b"\1\2\3\0",
    ExifTags.Base.FlashPixVersion: b"0100",
    ExifTags.Base.ColorSpace: 1,
}
"""The tags that EXIF requires (CIPA DC-008), of an upright sRGB picture."""

PNG_NAMES = {
    "title": "Title",
    "artist": "Author",
    "caption": "Description",
    "copyright": "Copyright",
    "date": "Creation Time",
}
"""Name of a text -> its keyword in the PNG specification, which has none for the others."""

DATE_LENGTH = len("2000-12-31T23:59:59")
NO_DATE = bytes(12)
"""Replaces the creation date of the colour profile, so that files are deterministic."""


def picture_bytes(
    rgb: UInt8[np.ndarray, "H W 3"],
    kind: Kind,
    photo_credits: Credits,
    *,
    quality: int | None = None,
    lossless: bool = False,
) -> bytes:
    """Encode an sRGB picture, with the photo's credits as metadata.

    `quality` is 1 to 100, for JPEG and WebP; JPEG has full colour resolution (4:4:4). `lossless` is for WebP without a
    quality.
    """
    image = Image.fromarray(np.ascontiguousarray(rgb))
    exif = exif_of(photo_credits, image.size)
    actual_quality = DEFAULT_QUALITY if quality is None else quality
    if kind == "png":
        chunks = PngImagePlugin.PngInfo()
        chunks.add(b"sRGB", bytes(1))  # 0: perceptual
        chunks.add_text("Software", software())
        add_texts(chunks, photo_credits)
        return saved(image, "PNG", pnginfo=chunks, exif=exif)
    common = {"quality": actual_quality, "exif": exif, "icc_profile": srgb_profile()}
    if kind == "jpeg":
        return saved(image, "JPEG", subsampling=0, **common)
    return saved(image, "WEBP", lossless=lossless and quality is None, **common)


def add_texts(chunks: PngImagePlugin.PngInfo, photo_credits: Credits) -> None:
    """Add credits to the chunks of a PNG, as far as it has keywords for them."""
    for name, text in credit_texts(photo_credits).items():
        if name in PNG_NAMES:
            chunks.add_itxt(PNG_NAMES[name], text)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    """Return the content of a picture file; kind and options are Pillow's, which may not notice a full disk itself."""
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def check_side(size_px: tuple[int, int], kind: Kind, what: str) -> None:
    """Check that a kind of file supports a picture of (width, height); `what` describes the picture in errors.

    Raises:
        InputError: if it is too large.
    """
    if max(size_px) > MAX_SIDE_PX[kind]:
        width, height = size_px
        raise InputError(
            f"expected at most {MAX_SIDE_PX[kind]} px wide and high in {kind.upper()}, got {width}x{height} for "
            f"{what}: choose a smaller maximum size or another picture format"
        )


def check_pixels(path: Path, name: str, expected: UInt8[np.ndarray, "H W 3"], *, exact: bool) -> None:
    """Verify the picture in a file: its size and, if `exact`, its pixels; `name` names the file in errors.

    Raises:
        OutputError: if it cannot be decoded or differs.
    """
    try:
        with path.open("rb") as stream:
            kind = picture_kind(stream.read(64))
            stream.seek(0)
            found = np.asarray(open_picture(stream, str(kind)).convert("RGB"))
    except (OSError, LookupError, SyntaxError, ValueError) as error:
        raise verification_error(name, error) from error
    if found.shape != expected.shape:
        raise verification_error(name, f"expected a size of {expected.shape[1::-1]}, got {found.shape[1::-1]}")
    if exact and not np.array_equal(found, expected):
        raise verification_error(name, "its pixels differ")


def exif_of(photo_credits: Credits, size_px: tuple[int, int], *, with_orientation: bool = True) -> bytes:
    """Return the EXIF data of an upright sRGB picture, with the photo's credits.

    Without the orientation it is fit for Pillow's AVIF writer, which would remove it and, in doing so, damage texts
    that are not ASCII.
    """
    exif = Image.Exif()
    inner = exif.get_ifd(ExifTags.IFD.Exif)
    exif[ExifTags.Base.Software] = software()
    for tag, value in MAIN_TAGS.items():
        if with_orientation or tag != ExifTags.Base.Orientation:
            exif[tag] = value
    for tag, content in EXIF_TAGS.items():
        inner[tag] = content
    inner[ExifTags.Base.ExifImageWidth], inner[ExifTags.Base.ExifImageHeight] = size_px
    for tag, text in (
        (ExifTags.Base.ImageDescription, photo_credits.caption),
        (ExifTags.Base.Artist, photo_credits.artist),
        (ExifTags.Base.Copyright, photo_credits.copyright),
    ):
        if text:
            exif[tag] = text.encode()  # UTF-8, as in Exif 3.0, which older readers accept
    if photo_credits.date:
        date, offset = photo_credits.date[:DATE_LENGTH], photo_credits.date[DATE_LENGTH:]
        inner[ExifTags.Base.DateTimeOriginal] = date.replace("-", ":").replace("T", " ")
        if offset:
            inner[ExifTags.Base.OffsetTimeOriginal] = offset
    return exif.tobytes().replace(b"\x91\x01\0\x01", b"\x91\x01\0\x07")  # Pillow writes one type wrong


def credit_texts(photo_credits: Credits) -> dict[str, str]:
    """Return the texts of credits that are known, by the names of their fields, for formats that store any texts."""
    return {name: text for name, text in asdict(photo_credits).items() if text}


def software() -> str:
    """Return the name and version of kbvr, as files state it."""
    return f"kbvr {version('kbvr')}"


@cache
def srgb_profile() -> bytes:
    """Return an ICC profile of sRGB."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile[:24] + NO_DATE + profile[36:]
