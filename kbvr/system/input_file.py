"""Checked reading of the user's input files."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from kbvr.errors import InputError
from kbvr.system.resources import format_bytes

_KINDS = {stat.S_IFIFO: "a pipe", stat.S_IFDIR: "a folder", stat.S_IFSOCK: "a socket"}


def is_file(path: Path) -> bool:
    """Return whether a path is an existing file, False if its folder may not be accessed."""
    try:
        return path.is_file()
    except OSError:
        return False


@contextmanager
def open_regular(path: Path, expected: str) -> Iterator[BufferedReader]:
    """Open a file that messages expect to be, for example, "a model card".

    Pipes and devices are refused before they are opened, because they may block or never end.

    Raises:
        InputError: if it is missing, not a regular file, or cannot be read.
    """
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116  follows links, as opening does
        if not stat.S_ISREG(mode):
            raise InputError(f"expected {expected}, got {path}, which is {_KINDS.get(stat.S_IFMT(mode), 'a device')}")
        with path.open("rb") as file:
            yield file
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except OSError as error:
        raise InputError(f"expected {expected}, got {path}: {error.strerror}") from error
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"expected {expected}, got {str(path)!r}, which is not a valid path") from error


def read_small_file(path: Path, expected: str, max_bytes: int) -> bytes:
    """Return the content of a file of at most max_bytes, with the errors of `open_regular`."""
    with open_regular(path, expected) as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise InputError(f"expected {expected} of at most {format_bytes(max_bytes)}, got {path}, which is larger")
    return content


def sha256_of_input(path: Path, expected: str) -> str:
    """Return the SHA-256 of a file in hexadecimal digits, with the errors of `open_regular`."""
    with open_regular(path, expected) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
