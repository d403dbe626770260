"""The served files: those of the caller, the pages that show them, and an index. The list is fixed before serving."""

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
"""Suffix -> MIME type, and the page that shows such files (None for pages). JPS and MPO are JPEG files."""

NAME_LENGTH = 40
"""Maximum length of a file name in a URL, which must fit in a QR code. The end is kept: it holds the stereo layout."""

SAFE_FLAGS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
"""Flags for opening files; Windows has neither."""


@dataclass(frozen=True)
class Resource:
    """A served file."""

    path: Path
    """Absolute, and free of symbolic links when serving started."""

    mime: str


@dataclass(frozen=True)
class Site:
    """Everything that a server serves."""

    index: bytes
    """HTML with a link to each file."""

    resources: Mapping[str, Resource]
    """Path below the site's URL -> file."""

    links: tuple[str, ...]
    """Path below the site's URL that shows each file, in the caller's order."""


def make_site(files: Sequence[Path]) -> Site:
    """Return the site that shows these files.

    Raises:
        InputError: if a file cannot be read, is not a regular file or of an unknown kind, or if kbvr was built without
            its pages.
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
    """Open a regular file for reading, without blocking and without following a link that has replaced it.

    Raises:
        OSError: if it is missing, is not a regular file, or cannot be read.
    """
    file = open(path, "rb", opener=lambda name, flags: os.open(name, flags | SAFE_FLAGS))  # noqa: SIM115
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError("not a regular file")
    return file


def _kind_of(file: Path) -> tuple[str, str | None]:
    kind = KINDS.get(file.suffix.lower())
    if kind is None:
        raise InputError(f"expected a file that ends in {', '.join(KINDS)}, got {file}")
    return kind


def _resolved(file: Path) -> Path:
    if file.is_dir():
        raise InputError(f"expected a file, got the folder {file}")
    try:
        path = file.resolve(strict=True)
        opened(path).close()
    except FileNotFoundError:
        raise InputError(f"{file}: no such file") from None
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of symbolic links
        raise InputError(f"cannot read {file}: {getattr(error, 'strerror', None) or error}") from error
    return path


def _page(name: str) -> Resource:
    path = PAGES / name
    if not path.is_file():
        raise InputError(f"this copy of kbvr was built without the page {name}; reinstall kbvr")
    return Resource(path.resolve(), HTML)


def _name_in_url(file: Path) -> str:
    """Return the end of a file's name, in characters that no browser escapes."""
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
""".encode(errors="replace")  # file names may hold surrogates
