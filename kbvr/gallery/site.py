"""The site: an index, the app with its style and viewer, and the list of the photos.

It loads nothing from other hosts, and works from disk and from any folder of any web server.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path

from kbvr.errors import OutputError
from kbvr.formats.scene.built_pages import DECODER, SCRIPT, built_page
from kbvr.gallery.gallery_photo import GalleryPhoto
from kbvr.gallery.photo_table import photo_table
from kbvr.gallery.places import APP, FOLDER, INDEX, PAGE, PHOTOS, STYLE
from kbvr.gallery.replaced import replace_content

MARK = '<meta name="generator" content="kbvr gallery">'
"""In every index that kbvr writes; others are not replaced."""

TITLE_MARK = "<title>Photos</title>"

PROGRAMS = (SCRIPT, DECODER, APP, STYLE)
"""Files of kbvr/pages in the gallery's folder; the decoder is loaded for scenes with Draco compression only."""

HEAD_BYTES = 4096
"""The length of the part of an index that is searched for the mark."""


def check_gallery(out: Path) -> None:
    """Check in advance that a gallery may be written into a folder.

    Raises:
        OutputError: if its index is not one of kbvr's.
    """
    index = out / INDEX
    try:
        with index.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except FileNotFoundError:
        return
    except OSError as error:
        raise OutputError(f"cannot read {index}: {error.strerror}") from error
    if MARK.encode() not in head:
        raise OutputError(f"{index} is not a gallery made by kbvr: rename it, or choose another folder")


def write_gallery(photos: Iterable[GalleryPhoto], out: Path, *, title: str) -> tuple[Path, ...]:
    """Write a gallery of photos, whose own files `write_photo_files` writes, or replace one; return its paths.

    The same photos, in any order, give the same files. The index is written last.

    Raises:
        OutputError: if the folder has an index that is not one of kbvr's, or a file cannot be written.
    """
    check_gallery(out)
    contents = {name: built_page(name).encode() for name in PROGRAMS} | {PHOTOS: photo_table(photos)}
    for name, content in contents.items():
        replace_content(out / FOLDER / name, content)
    replace_content(out / INDEX, _index(title, contents).encode())
    return (*(out / FOLDER / name for name in contents), out / INDEX)


def _index(title: str, contents: Mapping[str, bytes]) -> str:
    """Return the index. The addresses of files depend on their content, so that browsers use no outdated copies."""
    page = built_page(PAGE)
    assert MARK in page, "the page has no mark"
    for name in (STYLE, PHOTOS, APP, SCRIPT):
        page = _filled(page, f'"{name}"', f'"{FOLDER}/{name}?{hashlib.sha256(contents[name]).hexdigest()[:8]}"')
    return _filled(page, TITLE_MARK, f"<title>{escape(title)}</title>")


def _filled(page: str, mark: str, text: str) -> str:
    before, found, after = page.partition(mark)
    assert found, f"the page has no mark {mark}"
    return f"{before}{text}{after}"
