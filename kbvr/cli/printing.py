"""What commands print: lines of results on stdout, complaints and warnings on stderr."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from kbvr.errors import KbvrError, OutOfMemoryError, escaped, shortened
from kbvr.system.resources import is_out_of_memory

OUT_OF_MEMORY = (
    "there is not enough memory, or no more threads or open files are allowed; "
    "a smaller photo, less memory (--max-memory) or fewer threads (--threads) would help"
)
"""What a person is told if a library runs out of memory, whatever it raises."""


def print_line(text: str) -> None:
    """Print a line of the result on stdout, whole."""
    typer.echo(escaped(text))


def print_note(text: str) -> None:
    """Print a line on stderr, where it is in nobody's way who reads the result."""
    typer.echo(escaped(text), err=True)


def complain(message: str) -> None:
    """Print a message on stderr, behind the name of the program."""
    typer.echo(shortened(f"kbvr: {escaped(message)}"), err=True)


def explained(error: BaseException) -> str | None:
    """Return what a person is told of an error; None if it is a bug."""
    if is_out_of_memory(error) and not isinstance(error, OutOfMemoryError):
        return OUT_OF_MEMORY
    return str(error) if isinstance(error, KbvrError) else None


@contextmanager
def warnings_printed() -> Iterator[None]:
    """Print what kbvr logs as a warning or worse, when it happens; an exception keeps its traceback."""

    class Printer(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.exc_info:
                traceback.print_exception(record.exc_info[1])
            complain(record.getMessage())

    printer = Printer(logging.WARNING)
    logger = logging.getLogger("kbvr")
    logger.addHandler(printer)
    try:
        yield
    finally:
        logger.removeHandler(printer)
