"""Any picture file becomes its stored numbers; its kind is told by its first bytes, never by its name."""

from __future__ import annotations

import os
from collections.abc import Callable

from kbvr.photo.heif import read_avif, read_heic
from kbvr.photo.jpeg import read_jpeg, read_webp
from kbvr.photo.picture_file import Kind, Source, damage_reported, named, open_file, picture_kind
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


def read_pixels(path: str | os.PathLike[str], wanted: str, max_bytes: int | None = None) -> tuple[Kind, Pixels]:
    """Decode a JPEG, PNG, WebP, TIFF, HEIC or AVIF file, and return which it is and what is stored in it.

    A JPEG is decoded at 1/2, 1/4 or 1/8 of its size if it would take more than max_bytes of memory otherwise.

    Raises:
        InputError: if there is no such file, it is none of these or damaged, has more than MAX_PIXELS, or would take
            more than max_bytes.
        OutOfMemoryError: if there is not enough memory to decode it.
    """
    source = Source(path, wanted, max_bytes)
    with open_file(path, wanted) as stream:
        with damage_reported(path, wanted):
            head = stream.read(64)
            stream.seek(0)
        kind = picture_kind(head)
        if kind is None:
            raise source.refused(named(head))
        if kind == "TIFF":
            return kind, read_tiff(stream, source)
        with damage_reported(path, wanted):
            data = stream.read()
    return kind, _READERS[kind](data, source)
