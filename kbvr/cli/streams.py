"""Standard streams that always exist and never fail, so that printing cannot stop an export.

The caller may have closed them (`2>&-`), Windows gives none to programs without a console (pythonw), a disk may be
full, and `| head` closes its end early.
"""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from kbvr.cli.printing import print_message

READER_CLOSED = {errno.EPIPE, *([errno.EINVAL] if os.name == "nt" else [])}
"""Errors of writing to a pipe whose reader has closed it."""


class Unfailing(io.RawIOBase):
    """A stream that reports the first write error and discards everything after it."""

    def __init__(self, raw: Any, report: Callable[[OSError], None]) -> None:
        self._raw = raw
        self._report = report
        self._failed = False

    def writable(self) -> bool:
        """See io.RawIOBase."""
        return True

    def isatty(self) -> bool:
        """See io.RawIOBase."""
        return bool(self._raw.isatty())

    def fileno(self) -> int:
        """See io.RawIOBase."""
        return int(self._raw.fileno())

    def write(self, data: Any) -> int:
        """See io.RawIOBase."""
        if self._failed:
            return len(data)
        try:
            while (written := self._raw.write(data)) is None:  # another program has made it non-blocking
                select.select([], [self._raw], [])
            return int(written)
        except OSError as error:
            self._failed = True
            self._report(error)
            return len(data)


@contextmanager
def dependable_streams() -> Iterator[list[OSError]]:
    """Replace sys.stdout and sys.stderr by such streams; yield a list that gets the error if stdout loses results.

    That error is also printed on stderr; a reader that closes its end early is not an error. Characters that the
    terminal cannot encode become backslash escapes. Missing streams lead to the null device.
    """
    lost: list[OSError] = []

    def report_loss(error: OSError) -> None:
        if error.errno not in READER_CLOSED:
            lost.append(error)
            print_message(f"cannot write to standard output: {error.strerror or error}")

    _open_missing_descriptors()
    before = sys.stdin, sys.stdout, sys.stderr
    with Path(os.devnull).open("r+", encoding="utf-8") as null:
        sys.stdin = before[0] or null
        sys.stdout = _unfailing(before[1] or null, report_loss)
        sys.stderr = _unfailing(before[2] or null, lambda _: None)
        try:
            yield lost
        finally:
            for stream in (sys.stdout, sys.stderr):
                with suppress(ValueError):  # already closed
                    stream.flush()
            sys.stdin, sys.stdout, sys.stderr = before


def _open_missing_descriptors() -> None:
    """Open the null device in place of closed standard descriptors.

    Otherwise the next opened file would get their number, and a library's messages would go into that file.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # gets the lowest free number, which is this one


def _unfailing(stream: Any, report: Callable[[OSError], None]) -> Any:
    """Return an `Unfailing` stream to the same file, pipe or terminal; the given stream if it writes to none."""
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    raw = getattr(stream.buffer, "raw", stream.buffer)
    if not isinstance(raw, io.RawIOBase):
        stream.reconfigure(errors="backslashreplace")
        return stream
    with suppress(OSError):
        stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(Unfailing(raw, report)),
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
