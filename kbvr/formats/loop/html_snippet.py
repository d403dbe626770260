"""HTML to paste: the best loop that the browser supports, or the poster if the visitor prefers reduced motion."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from time import perf_counter
from types import MappingProxyType
from urllib.parse import quote, unquote_to_bytes

from kbvr.formats.spec.format import Facts, FileSummary, Format, Item, accept_all
from kbvr.formats.spec.verification import verification_error
from kbvr.options.export_options import FileOptions
from kbvr.system.atomic_file import atomic_write

BEST_FIRST: Mapping[str, str] = MappingProxyType({".avif": "image/avif", ".webp": "image/webp", ".gif": "image/gif"})
"""Suffix -> media type of the sources of a picture element; browsers take the first that they support."""

REDUCED_MOTION = "(prefers-reduced-motion: reduce)"
MOTION = "(prefers-reduced-motion: no-preference)"


def write_snippet(files: Sequence[FileSummary], item: Item, _facts: Facts, options: FileOptions) -> FileSummary:
    """Write and verify HTML for the loops and the poster in the same folder; see `Format.write`."""
    start = perf_counter()
    files = [file for file in files if file.path.parent == item.path.parent]
    size_px = max(file.size_px for file in files)
    html = snippet(files, alt=options.alt or item.path.stem.partition("_kbvr")[0])
    with atomic_write(item.path, overwrite=options.overwrite) as aside:
        aside.write_text(html, "utf-8")
        _verify(aside, item.path.name, files)
        size_bytes = aside.stat().st_size
    return FileSummary(item.path, size_px, 0, 0.0, 0.0, size_bytes, perf_counter() - start)


def snippet(files: Sequence[FileSummary], *, alt: str) -> str:
    """Return a picture element with the loops and the poster, or a video element if the only loop is a video."""
    by_suffix = {file.path.suffix: file for file in files}
    poster = _address(by_suffix[".jpg"])
    loops = [(_address(by_suffix[suffix]), kind) for suffix, kind in BEST_FIRST.items() if suffix in by_suffix]
    width, height = max(file.size_px for file in files)
    size = f'width="{width}" height="{height}"'
    style = 'style="max-width: 100%; height: auto"'
    if not loops:
        return (
            f'<video {size} {style} poster="{poster}" aria-label="{escape(alt)}" autoplay loop muted playsinline>\n'
            f'  <source media="{MOTION}" src="{_address(by_suffix[".mp4"])}" type="video/mp4">\n'
            "</video>\n"
        )
    *sources, (last, _) = loops
    lines = [f'  <source media="{REDUCED_MOTION}" srcset="{poster}">']
    lines += [f'  <source type="{kind}" srcset="{address}">' for address, kind in sources]
    lines.append(f'  <img src="{last}" {size} {style} alt="{escape(alt)}" loading="lazy">')
    return "\n".join(["<picture>", *lines, "</picture>", ""])


class _Addresses(HTMLParser):
    """Collects the files that HTML refers to."""

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


def _verify(path: Path, name: str, files: Sequence[FileSummary]) -> None:
    reader = _Addresses()
    reader.feed(path.read_text("utf-8"))
    unknown = reader.found - {file.path.name for file in files}
    if unknown or not reader.found:
        raise verification_error(name, f"it refers to {', '.join(sorted(unknown)) or 'no file'}")


FORMAT = Format(
    purpose="HTML to paste into a page, with the loops and their poster",
    needs="files",
    suffixes=(".html",),
    verification="read by an HTML parser; all files that it refers to exist",
    check=accept_all,
    write=write_snippet,
)
