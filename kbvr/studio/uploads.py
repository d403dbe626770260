"""Uploaded photos, which are written to disk as they arrive."""

from __future__ import annotations

import os
import secrets
import unicodedata
from collections.abc import AsyncIterator
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path

from starlette.concurrency import run_in_threadpool

from kbvr.errors import OutputError, escaped
from kbvr.photo.picture_file import picture_kind
from kbvr.studio.photo_kinds import NO_PHOTO, RAW, is_raw
from kbvr.studio.request_error import RequestError
from kbvr.system.atomic_file import remove_abandoned

SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "TIFF": ".tif", "AVIF": ".avif", "HEIC": ".heic"}
"""Kind of a picture file -> its suffix."""

BUFFER_BYTES = 2**20
HEAD_BYTES = 64
MAX_NAME = 120


async def received(parts: AsyncIterator[bytes], folder: Path, name: str) -> tuple[Path, str]:
    """Write an upload to a temporary file in a folder; return it and its suffix. Its given name tells raw files only.

    Raises:
        RequestError: if it is no picture file that kbvr reads, or stops.
        OutputError: if it cannot be written.
    """
    if is_raw(name):
        raise RequestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, RAW)
    path = upload_path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        await run_in_threadpool(remove_abandoned, folder)
        with path.open("xb") as file:
            waiting = bytearray()
            suffix = ""
            async for part in parts:
                waiting += part
                if not suffix and len(waiting) >= HEAD_BYTES:
                    suffix = _suffix_of(waiting)
                if len(waiting) >= BUFFER_BYTES:
                    await run_in_threadpool(file.write, bytes(waiting))
                    waiting.clear()
            suffix = suffix or _suffix_of(waiting)
            await run_in_threadpool(file.write, bytes(waiting))
            file.flush()
            await run_in_threadpool(os.fsync, file.fileno())
    except OSError as error:
        with suppress(OSError):
            path.unlink()
        raise OutputError(f"cannot write to {folder}: {error.strerror or error}") from error
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise
    return path, suffix


def upload_path(folder: Path) -> Path:
    """Return the name of a temporary file; one that a killed server leaves is removed a day later."""
    return folder / f".kbvr-{secrets.token_hex(4)}.part"


def shown_name(given: str, suffix: str) -> str:
    """Return the name that people know an upload by: without folders and characters that show nothing."""
    name = unicodedata.normalize("NFC", given).replace("\\", "/").rpartition("/")[2]
    name = "".join(char for char in name if escaped(char) == char).strip()
    return name[-MAX_NAME:] or f"photo{suffix}"


def _suffix_of(head: bytes | bytearray) -> str:
    kind = picture_kind(bytes(head[:HEAD_BYTES]))
    if kind is None:
        raise RequestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, NO_PHOTO)
    return SUFFIXES[kind]
