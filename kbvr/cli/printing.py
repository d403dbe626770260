"""What commands print: results on stdout, errors, warnings and notes on stderr."""

from __future__ import annotations

import logging
import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

from kbvr.cli.known_options import flag_of
from kbvr.errors import AlreadyExistsError, KbvrError, OptionsError, OptionText, OutOfMemoryError, escaped, shortened
from kbvr.system.resources import is_out_of_memory

OUT_OF_MEMORY = (
    "not enough memory, threads or open files; try a smaller photo, a memory limit (--max-memory) or fewer threads "
    "(--threads)"
)
"""The message if a library runs out of memory, whatever it raises."""


def print_line(text: str) -> None:
    """Print a line of the result on stdout, never shortened."""
    typer.echo(escaped(text))


def print_note(text: str) -> None:
    """Print a line on stderr, apart from the result."""
    typer.echo(escaped(text), err=True)


def print_message(message: str) -> None:
    """Print a message on stderr, after the name of the program."""
    typer.echo(shortened(f"kbvr: {escaped(message)}"), err=True)


def explained(error: BaseException) -> str | None:
    """Return the message for an error, with flags instead of Python's option names; None if it is a bug."""
    if is_out_of_memory(error) and not isinstance(error, OutOfMemoryError):
        return OUT_OF_MEMORY
    if isinstance(error, OptionsError):
        return error.text.naming(flag_of)
    if isinstance(error, AlreadyExistsError):
        return f"{error.statement} (use --overwrite to replace it)"
    return str(error) if isinstance(error, KbvrError) else None


@contextmanager
def warnings_to(write: Callable[[str], object], *, of_workers: bool = True) -> Iterator[None]:
    """Call `write` with each warning or error that kbvr logs; an exception's traceback is printed.

    Without those `of_workers`, only what this process has found counts: a batch prints its workers' with their photos.
    """

    class Writer(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if not of_workers and record.process != os.getpid():
                return
            if record.exc_info:
                traceback.print_exception(record.exc_info[1])
            message: object = record.msg
            write(message.naming(flag_of) if isinstance(message, OptionText) else record.getMessage())

    writer = Writer(logging.WARNING)
    logger = logging.getLogger("kbvr")
    logger.addHandler(writer)
    try:
        yield
    finally:
        logger.removeHandler(writer)
