"""Download one file over HTTP, resuming an interrupted download.

A partial download is kept in a `.part` file next to the target, with a note that identifies the complete file. It is
resumed only if the server confirms that the file is still the same (Range with If-Range, RFC 9110, sections 13.1.5
and 14).
"""

from __future__ import annotations

import errno
import json
import logging
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kbvr.errors import DownloadError, OutputError
from kbvr.nets.http import TemporaryError, host_of, network_errors, open_url, without_credentials

if TYPE_CHECKING:
    import requests

Progress = Callable[[int, int | None], None]
"""Called with the bytes that have been downloaded, and the total if it is known."""

WAITS_S = (0.5, 1.0, 2.0, 4.0)
"""Pauses before further attempts; an attempt that downloads PROGRESS_BYTES starts them again."""

BLOCK_BYTES, PROGRESS_BYTES, MIN_FREE_BYTES = 1 << 16, 1 << 20, 1 << 20
MAX_BYTES = 1 << 33
"""The limit if neither the card nor the server knows the size; no network is this large."""

_log = logging.getLogger(__name__)


class StaleError(TemporaryError):
    """The partial download belongs to another version of the file, and has been removed."""


@dataclass(eq=False)
class Downloader:
    """Downloads a file, as described in the module's docstring."""

    part: Path
    """The partial file."""

    sha256: str
    """Checksum of the complete file; a partial download of another file is not resumed."""

    size_bytes: int = 0
    """The maximum size, 0 if it is unknown."""

    proxy: str | None = None
    """URL of a proxy, instead of the environment's."""

    progress: Progress | None = None
    fail_fast: bool = False
    """Whether to fail at the first error, with shorter timeouts."""

    resumed: bool = False
    """Whether the file consists of more than one response."""

    def fetch(self, url: str) -> None:
        """Download the file to `part`, without checking its content; raise DownloadError or OutputError."""
        import requests

        waits_s = [] if self.fail_fast else list(WAITS_S)
        previous_bytes = -1
        with requests.Session() as session:
            while True:
                start_bytes = _size(self.part)
                try:
                    self._attempt(session, url)
                    break
                except TemporaryError as error:
                    if _size(self.part) - start_bytes >= PROGRESS_BYTES:
                        waits_s = list(WAITS_S)
                    if not waits_s or (isinstance(error, StaleError) and start_bytes == previous_bytes):
                        raise
                    previous_bytes = start_bytes
                    _log.info("%s; trying again", error)
                    if not isinstance(error, StaleError):
                        time.sleep(waits_s.pop(0))

    def _attempt(self, session: requests.Session, url: str) -> None:
        """Send one request and write the response to the partial file."""
        start, validator = self._resumable(url)
        headers = {"Accept-Encoding": "identity", "User-Agent": "kbvr"}
        if start:
            headers |= {"Range": f"bytes={start}-", "If-Range": validator}
        with (
            network_errors(url, self.proxy),
            open_url(session, url, headers, self.proxy, fail_fast=self.fail_fast) as response,
        ):
            status = response.status_code
            if status == 416 and start and _total(response) == start:
                self.resumed = True
                return  # the part is complete; the caller checks its SHA-256
            if status == 416 or (status == 206 and not _continues(response, start, validator)):
                discard(self.part)
                raise StaleError(f"the file on {host_of(url)} has changed since it was partly downloaded")
            start = start if status == 206 else 0
            _refuse_status(response, url)
            total = _total(response)
            self._refuse_larger(total or 0, url)
            self._check_space((total or self.size_bytes) - start)
            self.resumed |= start > 0
            with _disk_errors(self.part):
                if not start:
                    discard(self.part)
                    note = {"url": url, "sha256": self.sha256, "validator": _validator(response)}
                    note_of(self.part).write_text(json.dumps(note), "utf-8")
            done = self._write(response, start, total, url)
        if total is not None and done != total:
            raise TemporaryError(f"the connection to {host_of(url)} was cut after {done} of {total} bytes")

    def _refuse_larger(self, size_bytes: int, url: str) -> None:
        """Remove the partial file and raise DownloadError if it exceeds the maximum size."""
        max_bytes = self.size_bytes or MAX_BYTES
        if size_bytes > max_bytes:
            with _disk_errors(self.part):
                discard(self.part)
            raise DownloadError(f"{host_of(url)} sends more than {max_bytes} bytes, so it is not the card's file")

    def _write(self, response: requests.Response, start: int, total: int | None, url: str) -> int:
        """Append the response to the partial file; return its size."""
        done = start
        self._report(done, total)
        with _disk_errors(self.part):
            file = self.part.open("r+b" if start else "wb", buffering=0)  # so that a kill loses nothing written
        with file:
            file.seek(start)
            for block in response.iter_content(BLOCK_BYTES):
                self._refuse_larger(done + len(block), url)
                rest = memoryview(block)
                while rest:
                    with _disk_errors(self.part):
                        written = file.write(rest)
                    rest = rest[written:]
                done += len(block)
                self._report(done, total)
        return done

    def _report(self, done: int, total: int | None) -> None:
        if self.progress is not None:
            self.progress(done, total or self.size_bytes or None)

    def _resumable(self, url: str) -> tuple[int, str]:
        """Return the size of the partial file and its HTTP validator; 0 and "" if it cannot be resumed."""
        size = _size(self.part)
        with suppress(OSError, ValueError, AttributeError, RecursionError):
            note = json.loads(note_of(self.part).read_text("utf-8"))
            same = note.get("url") == url and note.get("sha256") == self.sha256
            if same and isinstance(note.get("validator"), str) and note["validator"]:
                return size, note["validator"]
        return 0, ""

    def _check_space(self, bytes_to_come: int) -> None:
        with _disk_errors(self.part):
            free = shutil.disk_usage(self.part.parent).free
        if bytes_to_come + MIN_FREE_BYTES > free:
            needed, available = (f"{count / 1e6:.1f} MB" for count in (bytes_to_come + MIN_FREE_BYTES, free))
            raise OutputError(f"the download requires {needed} of free space in {self.part.parent}, got {available}")


def note_of(part: Path) -> Path:
    """Return the file that identifies the complete file of a part."""
    return part.with_name(f"{part.name}-note")  # not .json, which marks cards


def discard(part: Path) -> None:
    """Remove a part and its note, if they exist."""
    part.unlink(missing_ok=True)
    note_of(part).unlink(missing_ok=True)


@contextmanager
def _disk_errors(part: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise OutputError(
                f"no space left in {part.parent} ({error.strerror}); the next attempt resumes the download"
            ) from error
        raise OutputError(f"cannot write to {part}: {error.strerror or error}") from error


def _refuse_status(response: requests.Response, url: str) -> None:
    status = response.status_code
    if status in (200, 206):
        encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in ("", "identity"):  # a few bytes can expand to any size
            raise DownloadError(f"expected a plain file from {host_of(url)}, got one encoded as {encoding[:20]}")
        return
    message = f"{host_of(url)} answers {status} {response.reason or ''}".rstrip()
    if status in (408, 425, 429) or status >= 500:
        raise TemporaryError(message)
    raise DownloadError(f"{message} for {without_credentials(url)}")


def _continues(response: requests.Response, start: int, validator: str) -> bool:
    """Return whether a partial response continues the same file at `start`."""
    begins = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    etag = response.headers.get("ETag")
    return bool(begins and int(begins[1]) == start) and (etag is None or validator[:1] != '"' or etag == validator)


def _validator(response: requests.Response) -> str:
    """Return what identifies this version of the file, or nothing: a weak ETag does not."""
    etag: str = response.headers.get("ETag", "")
    return etag if etag.startswith('"') else response.headers.get("Last-Modified", "") if not etag else ""


def _total(response: requests.Response) -> int | None:
    """Return the size of the complete file, None if it is unknown."""
    size = re.search(r"/(\d+)$", response.headers.get("Content-Range", ""))
    if size:
        return int(size[1])
    length = response.headers.get("Content-Length", "")
    return int(length) if response.status_code == 200 and length.isdigit() else None


def _size(part: Path) -> int:
    try:
        return part.stat().st_size
    except OSError:
        return 0
