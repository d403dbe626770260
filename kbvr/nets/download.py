"""Fetch one file over HTTP, going on where an earlier try stopped.

What has come is kept in a `.part` file beside the target, with a note of what it is a part of. It is gone on with only
if the server says that the file is still the same (Range with If-Range, RFC 9110, sections 13.1.5 and 14).
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
from kbvr.nets.http import PassingError, host_of, network_errors, opened, without_credentials

if TYPE_CHECKING:
    import requests

Progress = Callable[[int, int | None], None]
"""Told how many bytes are there, and how many there will be if anybody knows."""

WAITS_S = (0.5, 1.0, 2.0, 4.0)
"""Pauses before another try, after what may pass by."""

BLOCK_BYTES = 1 << 16
PROGRESS_BYTES = 1 << 20
"""A try that brought so much is not counted."""

SPARE_BYTES = 1 << 20
"""What has to stay free on the disk."""

MOST_BYTES = 1 << 33
"""No more is fetched where neither the card nor the server says how much it is: no network is as large."""

_log = logging.getLogger(__name__)


class StaleError(PassingError):
    """What was left of an earlier try is of no use any more and has been thrown away."""


@dataclass(eq=False)
class Downloader:
    """Fetches a file; see the module for how."""

    part: Path
    """Where bytes are collected."""

    sha256: str
    """Of the whole file: what is left of another file is not gone on with."""

    size_bytes: int = 0
    """The most that may come; 0 if nobody knows."""

    proxy: str | None = None
    """URL of a proxy; without one those of the environment count."""

    progress: Progress | None = None
    hurried: bool = False
    """Whether to give up at the first failure if nothing has come yet, and to wait for a connection for less long."""

    resumed: bool = False
    """Whether the file was put together from more than one answer."""

    def fetch(self, url: str) -> None:
        """Fetch the file to `part`; whether it is the right one is not checked.

        Raises:
            DownloadError: if it cannot be fetched.
            OutputError: if the disk is full or the folder cannot be written.
        """
        import requests

        waits_s = [] if self.hurried else list(WAITS_S)
        before = -1
        with requests.Session() as session:
            while True:
                had = _size(self.part)
                try:
                    self._try(session, url)
                    break
                except PassingError as error:
                    if _size(self.part) - had >= PROGRESS_BYTES:
                        waits_s = list(WAITS_S)
                    if not waits_s or (isinstance(error, StaleError) and had == before):
                        raise
                    before = had
                    _log.info("%s; another try", error)
                    if not isinstance(error, StaleError):
                        time.sleep(waits_s.pop(0))

    def _try(self, session: requests.Session, url: str) -> None:
        """Send one request and write down what comes."""
        start, validator = self._left(url)
        headers = {"Accept-Encoding": "identity", "User-Agent": "kbvr"}
        if start:
            headers |= {"Range": f"bytes={start}-", "If-Range": validator}
        with (
            network_errors(url, self.proxy),
            opened(session, url, headers, self.proxy, hurried=self.hurried) as response,
        ):
            status = response.status_code
            if status == 416 and start and _total(response) == start:
                self.resumed = True
                return  # it had all come already; the sum will tell
            if status == 416 or (status == 206 and not _goes_on(response, start, validator)):
                discard(self.part)
                raise StaleError(f"{host_of(url)} has another file now than the one of which a part is here")
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
            done = self._written(response, start, total, url)
        if total is not None and done != total:
            raise PassingError(f"the connection to {host_of(url)} was cut after {done} of {total} bytes")

    def _refuse_larger(self, size_bytes: int, url: str) -> None:
        """Throw away what has come, and give up, if there is more of it than may come."""
        most = self.size_bytes or MOST_BYTES
        if size_bytes > most:
            with _disk_errors(self.part):
                discard(self.part)
            raise DownloadError(f"{host_of(url)} sends more than {most} bytes, which cannot be the file of the card")

    def _written(self, response: requests.Response, start: int, total: int | None, url: str) -> int:
        """Append what comes to the part; return how large it is then."""
        tell = self.progress or _untold
        done = start
        tell(done, total or self.size_bytes or None)
        with _disk_errors(self.part):
            file = self.part.open("r+b" if start else "wb", buffering=0)  # what was written is on its way to the disk
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
                tell(done, total or self.size_bytes or None)
        return done

    def _left(self, url: str) -> tuple[int, str]:
        """Return how much is there already and what the server calls it; 0 if it cannot be gone on with."""
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
        if bytes_to_come + SPARE_BYTES > free:
            needed, there = (f"{count / 1e6:.1f} MB" for count in (bytes_to_come + SPARE_BYTES, free))
            raise OutputError(f"{self.part.parent} needs {needed} of free space, but has {there}")


def note_of(part: Path) -> Path:
    """Return the file that says what a part is a part of."""
    return part.with_name(f"{part.name}-note")  # no .json: cards are looked for by that


def discard(part: Path) -> None:
    """Remove a part and its note, if they are there."""
    part.unlink(missing_ok=True)
    note_of(part).unlink(missing_ok=True)


@contextmanager
def _disk_errors(part: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            kept = "what has come is kept, and the next try goes on from there"
            raise OutputError(f"no space is left in {part.parent} ({error.strerror}); {kept}") from error
        raise OutputError(f"cannot write to {part}: {error.strerror or error}") from error


def _refuse_status(response: requests.Response, url: str) -> None:
    status = response.status_code
    if status in (200, 206):
        encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in ("", "identity"):  # a few bytes of it may become any number
            raise DownloadError(f"{host_of(url)} sends the file encoded ({encoding[:20]}), which was not asked for")
        return
    said = f"{host_of(url)} answers {status} {response.reason or ''}".rstrip()
    if status in (408, 425, 429) or status >= 500:
        raise PassingError(said)
    raise DownloadError(f"{said} for {without_credentials(url)}")


def _goes_on(response: requests.Response, start: int, validator: str) -> bool:
    """Tell whether a partial answer begins where it should and is of the same file."""
    begins = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    etag = response.headers.get("ETag")
    return bool(begins and int(begins[1]) == start) and (etag is None or validator[:1] != '"' or etag == validator)


def _validator(response: requests.Response) -> str:
    """Return what names this very version of the file, or nothing: a weak ETag does not, for this purpose."""
    etag: str = response.headers.get("ETag", "")
    return etag if etag.startswith('"') else response.headers.get("Last-Modified", "") if not etag else ""


def _total(response: requests.Response) -> int | None:
    """Return the size of the whole file, if the answer says it."""
    said = re.search(r"/(\d+)$", response.headers.get("Content-Range", ""))
    if said:
        return int(said[1])
    length = response.headers.get("Content-Length", "")
    return int(length) if response.status_code == 200 and length.isdigit() else None


def _size(part: Path) -> int:
    try:
        return part.stat().st_size
    except OSError:
        return 0


def _untold(done: int, total: int | None) -> None:
    """Report progress to nobody."""
