"""Lists of photos: a path or URL in each line."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

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
        return _lines(getattr(sys.stdin, "buffer", io.BytesIO()), ExitStack())
    with ExitStack() as stack:
        file = stack.enter_context(open_regular(Path(name), EXPECTED))
        return _lines(file, stack.pop_all())


def _lines(file: BinaryIO, opened: ExitStack) -> Iterator[str]:
    with opened:
        number = 0
        while content := file.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(content) > MAX_LINE_BYTES or b"\0" in content:
                raise InputError(f"expected {EXPECTED}, a path or URL in each line; line {number} is no text")
            line = content.decode("utf-8-sig" if number == 1 else "utf-8", "surrogateescape").strip()
            if line and not line.startswith("#"):
                yield line
