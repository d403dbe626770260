"""HTML to paste into a page: the best loop beside it that a browser can show, or the still where all should rest."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from time import perf_counter
from types import MappingProxyType
from urllib.parse import quote, unquote_to_bytes

from kbvr.errors import OutputError
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item
from kbvr.options.export_options import FileOptions
from kbvr.system.atomic_file import written_aside

BEST_FIRST: Mapping[str, str] = MappingProxyType({".avif": "image/avif", ".webp": "image/webp", ".gif": "image/gif"})
"""Suffix -> type of the loops that stand in a picture element; of those that a browser knows it takes the first."""

REST = "(prefers-reduced-motion: reduce)"
MOVE = "(prefers-reduced-motion: no-preference)"


def write_snippet(files: Sequence[FileSummary], item: Item, facts: Facts, options: FileOptions) -> FileSummary:
    """Write HTML that shows loops and their still, all in its own folder, and read it back; see `Format.write`."""
    del facts
    start = perf_counter()
    files = [file for file in files if file.path.parent == item.path.parent]
    size_px = max(file.size_px for file in files)
    html = snippet(files, alt=options.alt or item.path.stem.partition("_kbvr")[0])
    with written_aside(item.path, overwrite=options.overwrite) as aside:
        aside.write_text(html, "utf-8")
        _check_read_back(aside, item.path.name, files)
        size_bytes = aside.stat().st_size
    return FileSummary(item.path, size_px, 0, 0.0, 0.0, size_bytes, perf_counter() - start)


def snippet(files: Sequence[FileSummary], *, alt: str) -> str:
    """Return a picture element of loops and their still, or a video element if there is a video only."""
    by_suffix = {file.path.suffix: file for file in files}
    still = _address(by_suffix[".jpg"])
    loops = [(_address(by_suffix[suffix]), kind) for suffix, kind in BEST_FIRST.items() if suffix in by_suffix]
    width, height = max(file.size_px for file in files)
    shown = f'width="{width}" height="{height}"'
    style = 'style="max-width: 100%; height: auto"'
    if not loops:
        return (
            f'<video {shown} {style} poster="{still}" aria-label="{escape(alt)}" autoplay loop muted playsinline>\n'
            f'  <source media="{MOVE}" src="{_address(by_suffix[".mp4"])}" type="video/mp4">\n'
            "</video>\n"
        )
    *sources, (last, _) = loops
    lines = [f'  <source media="{REST}" srcset="{still}">']
    lines += [f'  <source type="{kind}" srcset="{address}">' for address, kind in sources]
    return "\n".join(
        [
            "<picture>",
            *lines,
            f'  <img src="{last}" {shown} {style} alt="{escape(alt)}" loading="lazy">',
            "</picture>",
            "",
        ]
    )


class _Addresses(HTMLParser):
    """Collects the files that HTML names."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See HTMLParser."""
        del tag
        values = [value for name, value in attrs if name in ("src", "srcset", "poster") and value]
        self.found |= {os.fsdecode(unquote_to_bytes(value)) for value in values}


def _address(file: FileSummary) -> str:
    return quote(os.fsencode(file.path.name))


def _check_read_back(path: Path, name: str, files: Sequence[FileSummary]) -> None:
    reader = _Addresses()
    reader.feed(path.read_text("utf-8"))
    unknown = reader.found - {file.path.name for file in files}
    if unknown or not reader.found:
        raise OutputError(f"{name} did not read back as written: it names {', '.join(sorted(unknown)) or 'nothing'}")


def check_snippet(view_px: tuple[int, int], item: Item, options: FileOptions) -> None:
    """Accept all; see `Format.check`."""


FORMAT = Format(
    says="HTML to paste into a page, with loops and their still",
    needs="files",
    suffixes=(".html",),
    proof="read by an HTML parser; all files that it names are there",
    check=check_snippet,
    write=write_snippet,
)
