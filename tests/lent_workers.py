"""Processes of the studio that outlive a studio, so that the next one need not start them again."""

from __future__ import annotations

import atexit
import time
from threading import Lock
from typing import Any

from kbvr.serving.worker import Worker
from kbvr.system.isolated_process import EndedError, Request

LOOK_S, PATIENCE_S = 0.005, 20.0
"""How often `close` looks whether a call has ended, and how long it waits until it interrupts the call."""

_idle: dict[str, list[Worker]] = {}
_warm: set[Worker] = set()
_lock = Lock()


class LentWorker(Worker):
    """A worker whose process stays when it is closed; nobody else has it until then."""

    def __init__(self, preloaded: str) -> None:
        self._preloaded = preloaded
        with _lock:
            free = _idle.setdefault(preloaded, [])
            self.lasting = free.pop() if free else Worker(preloaded)
        self._calls, self._is_over, self._count = 0, False, Lock()

    def call(self, request: Request) -> Any:
        """Return what a function returned; raise an error once this is closed. What is warm is not warmed again."""
        is_warm_up = request.function.endswith(":warm_up")
        if is_warm_up and self.lasting in _warm:
            return None
        with self._count:
            if self._is_over:
                raise EndedError("closed", 0)
            self._calls += 1
        try:
            value = self.lasting.call(request)
            if is_warm_up:
                _warm.add(self.lasting)
            return value
        finally:
            with self._count:
                self._calls -= 1

    def interrupt(self) -> None:
        """End the call that another thread waits for."""
        self.lasting.interrupt()

    def close(self) -> None:
        """End what is being done, and let others have the process."""
        with self._count:
            was_over, self._is_over = self._is_over, True
        end_s = time.monotonic() + PATIENCE_S
        while self._calls:
            if time.monotonic() > end_s:
                self.lasting.interrupt()
            time.sleep(LOOK_S)
        if not was_over:
            with _lock:
                _idle[self._preloaded].append(self.lasting)


def _end_all() -> None:
    for workers in _idle.values():
        for worker in workers:
            worker.close()


atexit.register(_end_all)
