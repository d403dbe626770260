"""Capture or filter what C libraries print on stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from tempfile import TemporaryFile


@contextmanager
def stderr_without(mark: str) -> Iterator[None]:
    """Capture file descriptor 2; at exit, print the captured lines that do not contain the mark."""
    lines: list[bytes] = []
    try:
        with held_stderr() as lines:
            yield
    finally:
        for line in lines:
            if mark.encode() not in line:
                with suppress(OSError):  # stderr may be closed or full
                    os.write(2, line)


@contextmanager
def held_stderr() -> Iterator[list[bytes]]:
    """Capture file descriptor 2; yield a list that receives the lines at exit."""
    lines: list[bytes] = []
    try:
        original = os.dup(2)
    except OSError:  # a program without a terminal may have no stderr
        yield lines
        return
    _flush_stderr()
    with TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            yield lines
        finally:
            _flush_stderr()
            os.dup2(original, 2)
            os.close(original)
            file.seek(0)
            lines += file.read().splitlines(keepends=True)


def _flush_stderr() -> None:
    if sys.stderr is not None:
        with suppress(OSError):
            sys.stderr.flush()
