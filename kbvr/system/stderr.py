"""What libraries in C print on stderr past Python: held back, or looked at."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from tempfile import TemporaryFile


@contextmanager
def stderr_without(mark: str) -> Iterator[None]:
    """Hold back what is written to file descriptor 2 meanwhile; after that, pass on every line without the mark."""
    lines: list[bytes] = []
    try:
        with held_stderr() as lines:
            yield
    finally:
        for line in lines:
            if mark.encode() not in line:
                with suppress(OSError):  # there may be no stderr, or no room
                    os.write(2, line)


@contextmanager
def held_stderr() -> Iterator[list[bytes]]:
    """Keep what is written to file descriptor 2 from the terminal; yield a list that gets the lines at the end."""
    lines: list[bytes] = []
    try:
        kept = os.dup(2)
    except OSError:  # a program with windows may have none
        yield lines
        return
    _flush_stderr()
    with TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield lines
        finally:
            _flush_stderr()
            os.dup2(kept, 2)
            os.close(kept)
            held.seek(0)
            lines += held.read().splitlines(keepends=True)


def _flush_stderr() -> None:
    if sys.stderr is not None:
        with suppress(OSError):
            sys.stderr.flush()
