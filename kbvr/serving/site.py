"""What is served: the named files, the pages that show them, and an index of links. All is decided before serving."""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from types import MappingProxyType

from kbvr.errors import InputError

PAGES = Path(__file__).parents[1] / "pages"
"""Built from viewers/ when kbvr is installed."""

HTML = "text/html; charset=utf-8"

SCENE, STEREO = "scene.html", "stereo.html"

KINDS: Mapping[str, tuple[str, str | None]] = MappingProxyType(
    {
        ".glb": ("model/gltf-binary", SCENE),
        ".html": (HTML, None),
        ".jpg": ("image/jpeg", STEREO),
        ".jpeg": ("image/jpeg", STEREO),
        ".jps": ("image/jpeg", STEREO),
        ".mpo": ("image/jpeg", STEREO),
        ".png": ("image/png", STEREO),
        ".webp": ("image/webp", STEREO),
        ".avif": ("image/avif", STEREO),
        ".gif": ("image/gif", STEREO),
        ".mp4": ("video/mp4", STEREO),
        ".webm": ("video/webm", STEREO),
        ".mkv": ("video/x-matroska", STEREO),
    }
)
"""Suffix -> MIME type, and the page that shows such a file; none if it is a page itself. JPS and MPO are JPEGs."""

NAME_LENGTH = 40
"""Of a name in a URL, its end: that tells the layout of a stereo picture. URLs have to fit into a QR code."""


CAREFULLY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
"""Windows has neither."""


@dataclass(frozen=True)
class Resource:
    """One file that may be asked for."""

    path: Path
    """Absolute, without symbolic links on the day that serving began."""

    mime: str


@dataclass(frozen=True)
class Site:
    """All that a server gives, and nothing else is."""

    index: bytes
    """HTML with a link to each file."""

    resources: Mapping[str, Resource]
    """Address below the site's own -> file."""

    links: tuple[str, ...]
    """Address below the site's own that shows each file, in the order in which they were named."""


def make_site(files: Sequence[Path]) -> Site:
    """Return what serves these files.

    Raises:
        InputError: if one is not there, cannot be read, is no file or of a kind that no page shows, or if kbvr was
            built without its pages.
    """
    resources: dict[str, Resource] = {}
    links = []
    for number, file in enumerate(files):
        path = _resolved(file)
        mime, page = _kind_of(file)
        address = f"files/{number}/{_name_in_url(file)}"
        resources[address] = Resource(path, mime)
        if page is not None:
            resources[page] = _page(page)
        links.append(f"{page}?src={address}" if page else address)
    return Site(_index([file.name for file in files], links), MappingProxyType(resources), tuple(links))


def opened(path: Path) -> io.BufferedIOBase:
    """Open a regular file for reading; never waits, and follows no link that has taken its place.

    Raises:
        OSError: if it has gone, is something else by now, or may not be read.
    """
    file = open(path, "rb", opener=lambda name, flags: os.open(name, flags | CAREFULLY))  # noqa: SIM115
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError("it is no file")
    return file


def _kind_of(file: Path) -> tuple[str, str | None]:
    kind = KINDS.get(file.suffix.lower())
    if kind is None:
        raise InputError(f"kbvr view shows {' '.join(KINDS)}, got {file}")
    return kind


def _resolved(file: Path) -> Path:
    if file.is_dir():
        raise InputError(f"kbvr view wants files, got the folder {file}")
    try:
        path = file.resolve(strict=True)
        opened(path).close()
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle
        raise InputError(f"cannot read {file}: {getattr(error, 'strerror', None) or error}") from error
    return path


def _page(name: str) -> Resource:
    path = PAGES / name
    if not path.is_file():
        raise InputError(f"this copy of kbvr was built without its page {name}: install kbvr again")
    return Resource(path.resolve(), HTML)


def _name_in_url(file: Path) -> str:
    """Return a name of letters, digits, dots, dashes and underscores, which no browser writes in another way."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", file.name)[-NAME_LENGTH:]


def _index(names: Sequence[str], links: Sequence[str]) -> bytes:
    items = "".join(
        f'<li><a href="{escape(link)}">{escape(name)}</a></li>\n' for name, link in zip(names, links, strict=True)
    )
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>kbvr</title>
<style>body {{ font: 1.5rem/2 sans-serif; margin: 2rem }}</style>
<ul>
{items}</ul>
</html>
""".encode(errors="replace")  # a file's name may be no text
