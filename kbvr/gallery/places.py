"""Where the files of a gallery are, below the folder of the outputs.

No name contains `_kbvr` as those of outputs do, so that no output can have the same name.
"""

from __future__ import annotations

import re
from pathlib import Path

INDEX = "index.html"
FOLDER = "kbvr-gallery"
"""Everything but the index is in it."""

PAGE, APP, STYLE, PHOTOS = "gallery.html", "gallery.js", "gallery.css", "photos.js"
"""The index as it is built, the program, its style, and the list of the photos; all but the first are in FOLDER."""

THUMBNAIL, PICTURE, SCENE = "thumbs", "pictures", "scenes"
"""Folders inside FOLDER. The app knows them too."""

SUFFIXES = {THUMBNAIL: ".webp", PICTURE: ".webp", SCENE: ".js"}
KEY = re.compile(r"[0-9A-Za-z]{3,64}")
SHARD_LETTERS = 2
"""A file is in a folder named after the first letters of its key, because folders of 50,000 files are slow."""


def place_of(out: Path, what: str, key: str) -> Path:
    """Return the path of a photo's file; `what` is THUMBNAIL, PICTURE or SCENE."""
    assert KEY.fullmatch(key), f"expected letters and digits, got {key!r}"
    return out / FOLDER / what / key[:SHARD_LETTERS] / f"{key}{SUFFIXES[what]}"
