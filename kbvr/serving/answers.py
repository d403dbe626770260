"""Answers with the content of files and pages: ranges, validators (ETag) and compression."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from kbvr.serving.site import name_of, opened

MIN_GZIP_BYTES, MAX_GZIP_BYTES = 1000, 64 * 2**20
"""Sizes between which content is compressed."""

WORTHWHILE = 0.95
"""Largest share of its size that compressed content may have, else it is sent as it is."""

LEVEL = 6
KEPT_BYTES = 64 * 2**20
"""Compressed content kept in memory."""


class Compressed:
    """Compressed content by its ETag, the last used of it."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, bytes | None] = OrderedDict()
        self._lock = Lock()

    def of(self, etag: str, read: Callable[[], bytes]) -> bytes | None:
        """Return the content compressed; None if that is not worthwhile."""
        with self._lock:
            if etag in self._kept:
                self._kept.move_to_end(etag)
                return self._kept[etag]
        content = read()
        made: bytes | None = gzip.compress(content, LEVEL, mtime=0)
        if made is not None and len(made) > WORTHWHILE * len(content):
            made = None
        with self._lock:
            self._kept[etag] = made
            while sum(len(kept or b"") for kept in self._kept.values()) > KEPT_BYTES:
                self._kept.popitem(last=False)
        return made


COMPRESSED = Compressed()


class OpenedFile(FileResponse):
    """The content of a file that has been opened, which a link or a pipe in its place cannot change any more."""

    chunk_size = 2**18
    """Bytes read and sent at once. Each read is a turn of a thread, so Starlette's 64 KiB halve the speed."""

    def __init__(self, file: io.BufferedReader, mime: str, headers: dict[str, str]) -> None:
        super().__init__(name_of(file), headers=headers, media_type=mime, stat_result=os.fstat(file.fileno()))
        self._file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, and close the file."""
        with self._file:
            await super().__call__(scope, receive, send)


def file_answer(
    request: Request, path: Path, mime: str, *, kept: str, is_compressible: bool = False, saved_as: str | None = None
) -> Response:
    """Return the answer with a file in its current state, so that a reload shows a new export.

    Args:
        request: its headers decide what is sent: a part, nothing new, or compressed content.
        path: the file.
        mime: its type.
        kept: the Cache-Control header.
        is_compressible: whether it may be sent compressed.
        saved_as: the name under which the browser saves it, instead of showing it; None to show it.

    Raises:
        OSError: if it is missing, is not a regular file, or cannot be read.
    """
    file = opened(path)
    try:
        answer = _answer_with(request, file, mime, kept, is_compressible=is_compressible)
    except BaseException:
        file.close()
        raise
    if not isinstance(answer, OpenedFile):
        file.close()
    if is_compressible:
        answer.headers["Vary"] = "Accept-Encoding"
    if saved_as is not None:
        name = quote(saved_as, safe="", errors="replace")
        answer.headers["Content-Disposition"] = f"attachment; filename*=utf-8''{name}"  # RFC 6266
    return answer


def _answer_with(request: Request, file: io.BufferedReader, mime: str, kept: str, *, is_compressible: bool) -> Response:
    status = os.fstat(file.fileno())
    etag = f"{status.st_mtime_ns:x}-{status.st_size:x}"
    is_small = MIN_GZIP_BYTES <= status.st_size <= MAX_GZIP_BYTES
    if is_compressible and is_small and "range" not in request.headers:
        answer = _compressed(request, etag, file.read, mime, kept)
        if answer is not None:
            return answer
        file.seek(0)
    if _is_known(request, f'"{etag}"'):
        return _unchanged(f'"{etag}"', kept)
    return OpenedFile(file, mime, {"ETag": f'"{etag}"', "Cache-Control": kept})


def page_answer(request: Request, content: bytes, mime: str, *, kept: str) -> Response:
    """Return the answer with content that is in memory."""
    etag = hashlib.sha256(content).hexdigest()[:24]
    if len(content) >= MIN_GZIP_BYTES and mime.startswith("text/"):
        answer = _compressed(request, etag, lambda: content, mime, kept)
        if answer is not None:
            return answer
    if _is_known(request, f'"{etag}"'):
        return _unchanged(f'"{etag}"', kept)
    headers = {"ETag": f'"{etag}"', "Cache-Control": kept, "Vary": "Accept-Encoding"}
    return Response(content, headers=headers, media_type=mime)


def _compressed(request: Request, etag: str, read: Callable[[], bytes], mime: str, kept: str) -> Response | None:
    """Return a compressed answer; None if the client takes none, or it is not worthwhile."""
    if "gzip" not in [part.strip().lower() for part in request.headers.get("accept-encoding", "").split(",")]:
        return None
    tag = f'"{etag}-gzip"'
    if _is_known(request, tag):
        return _unchanged(tag, kept)
    content = COMPRESSED.of(etag, read)
    if content is None:
        return None
    headers = {"ETag": tag, "Cache-Control": kept, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return Response(content, headers=headers, media_type=mime)


def _is_known(request: Request, etag: str) -> bool:
    """Return whether the client has the content with this ETag (RFC 9110, section 13.1.2)."""
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    return etag in known or known == ["*"]


def _unchanged(etag: str, kept: str) -> Response:
    return Response(status_code=304, headers={"ETag": etag, "Cache-Control": kept, "Vary": "Accept-Encoding"})
