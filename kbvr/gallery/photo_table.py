"""The list of a gallery's photos as a script; pages opened from disk may not fetch files, but may run scripts.

The photos are columns of a table, and texts that many photos share are stored once: viewers/gallery/photos.ts reads it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from kbvr.gallery.gallery_photo import GalleryPhoto

SURROGATES = re.compile("[\ud800-\udfff]")
"""Bytes of file names that are not text; UTF-8 has no place for them."""

TEXTS = ("key", "name", "folder", "date", "title", "caption", "author", "copyright", "credit")
"""Columns that are texts of a `GalleryPhoto`."""


def photo_table(photos: Iterable[GalleryPhoto]) -> bytes:
    """Return the script, for the photos in the order of their folders and names."""
    ordered = sorted(photos, key=lambda photo: (photo.folder, photo.name, photo.key))
    assert len({photo.key for photo in ordered}) == len(ordered), "two photos have the same key"
    rows = [{name: _text(getattr(photo, name)) for name in TEXTS} | _row(photo) for photo in ordered]
    names = rows[0] if rows else ()
    table = {"count": len(rows), "columns": {name: column([row[name] for row in rows]) for name in names}}
    # JSON inside a string is parsed twice as fast as JavaScript
    text = _json(table).replace("\\", "\\\\").replace("'", "\\'")
    return f"var kbvrPhotos='{text}';\n".encode()


def column(values: Sequence[Any]) -> Any:
    """Return a column: its values, each value once and what has it, or the value of all."""
    numbers: dict[str, int] = {}
    at = [numbers.setdefault(_json(value), len(numbers)) for value in values]
    if len(numbers) == 1:
        return {"all": values[0]}
    if 2 * len(numbers) > len(values):
        return list(values)
    return {"values": [json.loads(text) for text in numbers], "at": at}


def address_of(path: str) -> str:
    """Return the relative address of a file."""
    assert not path.startswith("/"), f"expected a relative path, got {path}"
    return quote(os.fsencode(path))


def _row(photo: GalleryPhoto) -> dict[str, Any]:
    """Return the columns that are not texts; addresses are what follows `base`."""
    addresses = [address_of(file.path) for file in photo.files]
    wiggle = address_of(photo.wiggle)
    base = _common_beginning([*addresses, *([wiggle] if wiggle else [])])
    endings = [address[len(base) :] for address in addresses]
    return {
        "size": photo.size_px,
        "scene": photo.has_scene,
        "base": base,
        "wiggle": wiggle[len(base) :] if wiggle else None,
        "files": [[ending, _text(file.label)] for ending, file in zip(endings, photo.files, strict=True)],
        "bytes": [file.size_bytes for file in photo.files],
    }


def _common_beginning(texts: Sequence[str]) -> str:
    first, last = min(texts, default=""), max(texts, default="")
    return first[: next((i for i, pair in enumerate(zip(first, last, strict=False)) if len({*pair}) > 1), len(first))]


def _text(text: str) -> str:
    return SURROGATES.sub("\ufffd", text)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
