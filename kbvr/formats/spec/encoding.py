"""Encoding of sRGB pictures as PNG, JPEG or WebP, with the photo's credits as metadata."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageCms, PngImagePlugin

from kbvr.errors import InputError
from kbvr.formats.spec.exif import exif_of
from kbvr.formats.spec.software import software
from kbvr.formats.spec.verification import verification_error
from kbvr.formats.spec.xmp import xmp_of
from kbvr.photo.credits import Credits
from kbvr.photo.picture_file import open_picture, picture_kind

Kind = Literal["png", "jpeg", "webp"]

KINDS: Mapping[str, Kind] = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp"}
"""File suffix -> kind."""

MAX_SIDE_PX: Mapping[Kind, int] = {"png": 2**31 - 1, "jpeg": 65500, "webp": 16383}
"""The limit for JPEG is libjpeg's; the format allows 65535."""

DEFAULT_QUALITY = 95
PNG_NAMES = {
    "title": "Title",
    "artist": "Author",
    "caption": "Description",
    "copyright": "Copyright",
    "date": "Creation Time",
}
"""Name of a text -> its keyword in the PNG specification, which has none for the others."""

NO_DATE = bytes(12)
"""Replaces the creation date of the colour profile, so that files are deterministic."""


def picture_bytes(
    rgb: UInt8[np.ndarray, "H W 3"],
    kind: Kind,
    photo_credits: Credits,
    *,
    quality: int | None = None,
    lossless: bool = False,
    with_xmp: bool = True,
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
        add_credits(chunks, photo_credits)
        return saved(image, "PNG", pnginfo=chunks, exif=exif)
    xmp = {"xmp": xmp_of(photo_credits)} if photo_credits and with_xmp else {}
    common = {"quality": actual_quality, "exif": exif, "icc_profile": srgb_profile(), **xmp}
    if kind == "jpeg":
        return saved(image, "JPEG", subsampling=0, **common)
    return saved(image, "WEBP", lossless=lossless and quality is None, **common)


def add_credits(chunks: PngImagePlugin.PngInfo, photo_credits: Credits) -> None:
    """Add credits to the chunks of a PNG: as XMP, and as texts as far as there are keywords."""
    for name, text in credit_texts(photo_credits).items():
        if name in PNG_NAMES:
            chunks.add_itxt(PNG_NAMES[name], text)
    if photo_credits:
        chunks.add_itxt("XML:com.adobe.xmp", xmp_of(photo_credits).decode())


def credit_blocks(
    photo_credits: Credits, size_px: tuple[int, int], *, with_orientation: bool = True
) -> dict[str, bytes]:
    """Return EXIF and XMP data as the options that Pillow has for them; none if nothing is known about the photo."""
    if not photo_credits:
        return {}
    exif = exif_of(photo_credits, size_px, with_orientation=with_orientation)
    return {"exif": exif, "xmp": xmp_of(photo_credits)}


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


def credit_texts(photo_credits: Credits) -> dict[str, str]:
    """Return what is known about a photo as texts, by the names of fields; the place as `location` (ISO 6709)."""
    texts = {field.name: getattr(photo_credits, field.name) for field in fields(Credits) if field.name != "place"}
    if photo_credits.place:
        texts["location"] = photo_credits.place.iso_6709()
    return {name: text for name, text in texts.items() if text}


@cache
def srgb_profile() -> bytes:
    """Return an ICC profile of sRGB."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile[:24] + NO_DATE + profile[36:]
