"""Lists of photos: a path or URL in each line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from kbvr.errors import InputError
from kbvr.system.input_file import open_regular

STDIN = "-"
EXPECTED = "a list of photos"
MAX_LINE_BYTES = 32 * 1024
"""Longer than any path of any system; a longer line shows that the file is no list."""


def listed_lines(name: str) -> Iterator[str]:
    """Yield the lines of a list, as they are read, without empty ones and those that begin with #.

    The list is UTF-8, with or without a byte order mark; other bytes stay as they are, as in file names. Blanks around
    a line do not belong to it.

    Raises:
        InputError: at once, if the file cannot be read; later, if it turns out to be no text.
    """
    if name == STDIN:
        return _lines(sys.stdin.buffer.readline)
    with open_regular(Path(name), EXPECTED):
        return _lines_of_file(Path(name))


def _lines_of_file(path: Path) -> Iterator[str]:
    with open_regular(path, EXPECTED) as file:
        yield from _lines(file.readline)


def _lines(read_line: Callable[[int], bytes]) -> Iterator[str]:
    number = 0
    while content := read_line(MAX_LINE_BYTES + 1):
        number += 1
        if len(content) > MAX_LINE_BYTES or b"\0" in content:
            raise InputError(f"expected {EXPECTED}, a path or URL in each line; line {number} is no text")
        line = content.decode("utf-8-sig" if number == 1 else "utf-8", "surrogateescape").strip()
        if line and not line.startswith("#"):
            yield line
