"""Decode photos and depth files in a process of their own, so that a file that crashes a decoder costs one photo.

The decoders are C and C++, and strangers' files have made some of them write where they must not. All kinds of files
are decoded by one process after the other (`kbvr.system.isolated_process`), kept warm, within limits to time and
memory.
Where no process can be started (programs that embed or freeze Python; systems that forbid it) they are decoded here.
"""

from __future__ import annotations

import logging
import os
import signal
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from kbvr.errors import InputError, OutOfMemoryError
from kbvr.photo import decoders
from kbvr.photo.decode import DecodedPhoto
from kbvr.photo.depth_kind import DepthKind
from kbvr.photo.picture_file import picture_kind, shown
from kbvr.system.isolated_process import EndedError, NotStartedError, Request, TimeUpError
from kbvr.system.resources import half_of_machine_bytes, says_out_of_memory, shown_bytes

LIMIT_S, LIMIT_S_A_MB = 60.0, 2.0
"""Time to decode a file: so much, and so much for each megabyte of it; a hundred times what one takes here."""

_log = logging.getLogger(__name__)


def decoded_photo(path: str | os.PathLike[str], max_bytes: int | None = None) -> DecodedPhoto:
    """Decode a photo; see `kbvr.photo.decode.decode_photo`.

    Raises:
        InputError: as `decode_photo`, and if a decoder crashes or takes too long.
        OutOfMemoryError: if it takes more than max_bytes of memory, or more than there is.
    """
    photo: DecodedPhoto = _decoded(path, "decode_photo", (max_bytes,), max_bytes)
    return photo


def decoded_depth(path: str | os.PathLike[str], kind: DepthKind, max_bytes: int | None = None) -> NDArray[Any]:
    """Decode a depth file; see `kbvr.photo.decode.decode_depth`.

    Raises:
        InputError: as `decode_depth`, and if a decoder crashes or takes too long.
        OutOfMemoryError: if it takes more than max_bytes of memory, or more than there is.
    """
    stored: NDArray[Any] = _decoded(path, "decode_depth", (kind, max_bytes), max_bytes)
    return stored


def _decoded(path: str | os.PathLike[str], function: str, arguments: tuple[Any, ...], max_bytes: int | None) -> Any:
    size_bytes = _size_bytes(path)
    if size_bytes is None:
        return _decoded_here(path, function, arguments)  # it refuses the path, and says why
    most = max_bytes or half_of_machine_bytes()
    limit_s = LIMIT_S + LIMIT_S_A_MB * size_bytes / 1e6
    request = Request(f"{decoders.MODULE}:{function}", (os.fspath(path), *arguments), limit_s, most)
    try:
        return decoders.answered(request)
    except NotStartedError as error:
        _warn_of_no_process(str(error))
        return _decoded_here(path, function, arguments)
    except EndedError as error:
        raise _explained(error, path) from error
    except MemoryError as error:
        if isinstance(error, OutOfMemoryError):
            raise
        more = f"more than {shown_bytes(most)} of memory" if most else "more memory than there is"
        raise OutOfMemoryError(f"{shown(path)}: decoding it takes {more}") from error


def _size_bytes(path: str | os.PathLike[str]) -> int | None:
    """Return the size of a file, None if there is nothing to be read."""
    try:
        if not Path(path).is_file():
            return None
        with Path(path).open("rb") as file:
            return os.fstat(file.fileno()).st_size
    except (OSError, ValueError):
        return None


def _decoded_here(path: str | os.PathLike[str], function: str, arguments: tuple[Any, ...]) -> Any:
    return getattr(import_module(decoders.MODULE), function)(path, *arguments)


@cache
def _warn_of_no_process(reason: str) -> None:
    """Say once that there is no protection."""
    _log.warning("a damaged file can crash this program: no process could be started to decode it (%s)", reason)


def _explained(error: EndedError, path: str | os.PathLike[str]) -> InputError | OutOfMemoryError:
    """Return what a person is told of a file whose decoding ended like that."""
    if isinstance(error, TimeUpError):
        return InputError(f"{shown(path)}: it could not be decoded: {error}")
    killed = -getattr(signal, "SIGKILL", 0)
    if says_out_of_memory(error.last_words) or error.exit_code == killed != 0:
        return OutOfMemoryError(f"{shown(path)}: there is not enough memory to decode it")
    kind = None
    with suppress(OSError), Path(path).open("rb") as file:  # it may have gone meanwhile
        kind = picture_kind(file.read(64))
    return InputError(f"{shown(path)}: the {kind or 'file'} decoder {error} on it; the file is probably damaged")
