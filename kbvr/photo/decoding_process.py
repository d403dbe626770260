"""Decode photos and depth files in another process, so that a file that crashes a decoder costs one photo.

The decoders are C and C++, and untrusted files have made some of them write out of bounds. A pool of processes decodes
files of all kinds within limits on time and memory. If no process can be started (programs that embed or freeze Python;
systems that forbid it), files are decoded in this process.
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

from kbvr.errors import DamagedFileError, InputError, OutOfMemoryError
from kbvr.photo import decoders
from kbvr.photo.decode import DecodedPhoto
from kbvr.photo.depth_kind import DepthKind, Half
from kbvr.photo.pair_layout import SecondPicture
from kbvr.photo.picture_file import display_name, picture_kind
from kbvr.photo.stored_depth import StoredDepth
from kbvr.system.isolated_process import EndedError, NotStartedError, Request, TimeUpError
from kbvr.system.resources import format_bytes, half_of_machine_bytes, says_out_of_memory

LIMIT_S, LIMIT_S_A_MB = 60.0, 2.0
"""Time limit per file, plus time per megabyte: about 100 times what decoding takes."""

_log = logging.getLogger(__name__)


def decoded_photo(
    path: str | os.PathLike[str], max_bytes: int | None = None, second: SecondPicture = "none"
) -> DecodedPhoto:
    """Decode a photo as `kbvr.photo.decode.decode_photo`; a crash or a timeout raises InputError too."""
    photo: DecodedPhoto = _decoded(path, "decode_photo", (max_bytes, second), max_bytes)
    return photo


def decoded_depth(
    path: str | os.PathLike[str], kind: DepthKind | None, max_bytes: int | None = None, half: Half | None = None
) -> StoredDepth:
    """Decode a depth file as `kbvr.photo.depth_array.read_depth_array`; a crash or timeout raises InputError too."""
    stored: StoredDepth = _decoded(path, "decode_depth", (kind, max_bytes, half), max_bytes)
    return stored


def _decoded(path: str | os.PathLike[str], function: str, arguments: tuple[Any, ...], max_bytes: int | None) -> Any:
    size_bytes = _size_bytes(path)
    if size_bytes is None:
        return _decoded_in_this_process(path, function, arguments)  # raises the error that says what is wrong
    limit_bytes = max_bytes or half_of_machine_bytes()
    limit_s = LIMIT_S + LIMIT_S_A_MB * size_bytes / 1e6
    request = Request(f"{decoders.MODULE}:{function}", (os.fspath(path), *arguments), limit_s, limit_bytes)
    try:
        return decoders.call(request)
    except NotStartedError as error:
        _warn_of_no_process(str(error))
        return _decoded_in_this_process(path, function, arguments)
    except EndedError as error:
        raise _explained(error, path) from error
    except MemoryError as error:
        if isinstance(error, OutOfMemoryError):
            raise
        limit = f"more than {format_bytes(limit_bytes)} of memory" if limit_bytes else "more memory than is available"
        raise OutOfMemoryError(f"{display_name(path)}: decoding takes {limit}") from error


def _size_bytes(path: str | os.PathLike[str]) -> int | None:
    """Return the size of a file, None if it cannot be read."""
    try:
        if not Path(path).is_file():
            return None
        with Path(path).open("rb") as file:
            return os.fstat(file.fileno()).st_size
    except (OSError, ValueError):
        return None


def _decoded_in_this_process(path: str | os.PathLike[str], function: str, arguments: tuple[Any, ...]) -> Any:
    return getattr(import_module(decoders.MODULE), function)(path, *arguments)


@cache
def _warn_of_no_process(reason: str) -> None:
    _log.warning("a damaged file can crash this program: no process could be started to decode it (%s)", reason)


def _explained(error: EndedError, path: str | os.PathLike[str]) -> InputError | OutOfMemoryError:
    """Return the error to raise for a decoder process that ended."""
    if isinstance(error, TimeUpError):
        return InputError(f"{display_name(path)}: decoding failed: {error}")
    killed = -getattr(signal, "SIGKILL", 0)
    if says_out_of_memory(error.last_line) or error.exit_code == killed != 0:
        return OutOfMemoryError(f"{display_name(path)}: not enough memory to decode it")
    kind = None
    with suppress(OSError), Path(path).open("rb") as file:  # it may have been removed meanwhile
        kind = picture_kind(file.read(64))
    return DamagedFileError(f"{display_name(path)}: the {kind or 'file'} decoder {error}; the file is probably damaged")
