"""Small files that a person gives (keyframes, cards): read as a whole, but never more than they may have."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from kbvr.errors import InputError
from kbvr.system.resources import shown_bytes

_KINDS = {stat.S_IFIFO: "a pipe", stat.S_IFDIR: "a folder", stat.S_IFSOCK: "a socket"}


def read_small_file(path: Path, wanted: str, most_bytes: int) -> bytes:
    """Return what is in a file of at most most_bytes; `wanted` says in messages what it should have been.

    A pipe or a device, which may have no end or no beginning, is not opened.

    Raises:
        InputError: if it is missing, no regular file, too large, or may not be read.
    """
    try:
        check_regular(path, wanted)
        with path.open("rb") as file:
            content = file.read(most_bytes + 1)
    except OSError as error:
        raise InputError(f"wanted {wanted}, got {path}: {error.strerror}") from error
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"expected {wanted}, got {str(path)!r}, which is not a path") from error
    if len(content) > most_bytes:
        raise InputError(f"expected {wanted} of at most {shown_bytes(most_bytes)}, got {path}, which is larger")
    return content


def check_regular(path: Path, wanted: str) -> None:
    """Check that a path is that of a regular file, before it is opened.

    Raises:
        InputError: if it is something else.
        OSError: if it is missing, or cannot be looked at.
    """
    mode = os.stat(path).st_mode  # noqa: PTH116  follows links, as opening does
    if not stat.S_ISREG(mode):
        raise InputError(f"expected {wanted}, got {path}, which is {_KINDS.get(stat.S_IFMT(mode), 'a device')}")
