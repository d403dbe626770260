"""Decode a picture file of any kind, which is detected by its first bytes, never by its name."""

from __future__ import annotations

import os
from collections.abc import Callable

from kbvr.photo.heif import read_avif, read_heic
from kbvr.photo.jpeg import read_jpeg, read_webp
from kbvr.photo.pair_layout import SecondPicture
from kbvr.photo.picture_file import Kind, Source, file_description, picture_kind
from kbvr.photo.pixels import Pixels
from kbvr.photo.png import read_png
from kbvr.photo.tiff import read_tiff

_READERS: dict[Kind, Callable[[bytes, Source], Pixels]] = {
    "JPEG": read_jpeg,
    "PNG": read_png,
    "WEBP": read_webp,
    "HEIC": read_heic,
    "AVIF": read_avif,
}


def read_pixels(
    path: str | os.PathLike[str], expected: str, max_bytes: int | None = None, second: SecondPicture = "none"
) -> tuple[Kind, Pixels]:
    """Return the kind and the stored pixels of a JPEG, PNG, WebP, TIFF, HEIC or AVIF file.

    Messages say that the file should be `expected`. `second` says which second picture of an MPO is decoded too.

    Raises:
        InputError: if the file is missing, of another kind or damaged, has more than MAX_PIXELS, or requires more than
            max_bytes of memory; a JPEG is decoded at 1/2, 1/4 or 1/8 of its size instead.
        OutOfMemoryError: if there is not enough memory to decode it.
    """
    source = Source(path, expected, max_bytes, second)
    with source.open() as stream:
        with source.damage_reported():
            head = stream.read(64)
            stream.seek(0)
        kind = picture_kind(head)
        if kind is None:
            raise source.refused(file_description(head))
        if kind == "TIFF":
            return kind, read_tiff(stream, source)
        with source.damage_reported():
            data = stream.read()
    return kind, _READERS[kind](data, source)
