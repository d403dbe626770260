"""The thumbnails of a site's files, made when a browser asks for them."""

from __future__ import annotations

import logging
from collections import OrderedDict
from threading import Lock, Thread

from kbvr.errors import KbvrError
from kbvr.serving.site import Entry
from kbvr.serving.worker import Worker
from kbvr.system.isolated_process import EndedError, NotStartedError, Request

logger = logging.getLogger(__name__)

MODULE = "kbvr.serving.thumbnail"
LIMIT_S, MAX_MEMORY_BYTES = 30.0, 4 * 2**30
MAX_KEPT = 1000
"""Number of thumbnails kept in memory, of about 20 kB each."""


class Thumbnails:
    """Thumbnails by file and time of its last change."""

    def __init__(self) -> None:
        self._worker = Worker(MODULE)
        self._kept: OrderedDict[tuple[int, int, float], bytes | None] = OrderedDict()
        self._lock = Lock()
        self._turn = Lock()

    def is_made(self, entry: Entry) -> bool:
        """Return whether `of` returns at once."""
        return _key(entry) in self._kept

    def of(self, entry: Entry) -> bytes | None:
        """Return a JPEG; None if the file has no picture, cannot be decoded, or takes too long."""
        key = _key(entry)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        with self._turn:
            if key in self._kept:  # made while this call waited
                return self._kept[key]
            made = self._made(entry)
            with self._lock:
                self._kept[key] = made
                if len(self._kept) > MAX_KEPT:
                    self._kept.popitem(last=False)
        return made

    def make_ahead(self, entry: Entry) -> None:
        """Make a thumbnail in the background, so that `of` need not wait for the process to start."""
        Thread(target=self.of, args=(entry,), name="kbvr-thumbnail", daemon=True).start()

    def close(self) -> None:
        """End the process."""
        self._worker.close()

    def _made(self, entry: Entry) -> bytes | None:
        call = (entry.path, entry.path.suffix.lower(), entry.kind.layout)
        try:
            made: bytes = self._worker.call(Request(f"{MODULE}:thumbnail", call, LIMIT_S, MAX_MEMORY_BYTES))
        except (KbvrError, EndedError, NotStartedError, MemoryError) as error:
            logger.debug("%s has no thumbnail: %s", entry.path, error)
            return None
        return made


def _key(entry: Entry) -> tuple[int, int, float]:
    return entry.number, entry.size_bytes, entry.changed_s
