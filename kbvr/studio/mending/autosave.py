"""Save something shortly after it has changed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Condition, Thread
from time import monotonic

from kbvr.errors import KbvrError

PAUSE_S, MAX_WAIT_S = 0.5, 1.2
"""It is saved when nothing has changed for the first time, and at the latest so long after it has changed."""

_log = logging.getLogger(__name__)


class Autosave:
    """A thread that saves after changes."""

    def __init__(self, save: Callable[[], None]) -> None:
        self._save = save
        self._condition = Condition()
        self._first_s: float | None = None
        self._last_s = 0.0
        self._is_closed = False
        self._thread = Thread(target=self._run, name="kbvr-studio-autosave", daemon=True)
        self._thread.start()

    def changed(self) -> None:
        """Note a change."""
        with self._condition:
            self._last_s = monotonic()
            if self._first_s is None:
                self._first_s = self._last_s
            self._condition.notify()

    def close(self) -> None:
        """End the thread; what has changed since is not saved."""
        with self._condition:
            self._is_closed = True
            self._condition.notify()
        self._thread.join()

    def _run(self) -> None:
        while self._waited():
            try:
                self._save()
            except (KbvrError, OSError) as error:  # a full disk: the next change tries again
                _log.warning("the mended depth could not be saved: %s", error)

    def _waited(self) -> bool:
        """Wait until it is time to save; False at the end."""
        with self._condition:
            while not self._is_closed:
                if self._first_s is None:
                    self._condition.wait()
                    continue
                due_s = min(self._last_s + PAUSE_S, self._first_s + MAX_WAIT_S)
                if due_s <= monotonic():
                    self._first_s = None
                    return True
                self._condition.wait(due_s - monotonic())
            return False
