"""A process of its own for work that may take long, crash or hang, and that Ctrl-C ends at once."""

from __future__ import annotations

from threading import Lock, Timer
from typing import Any

from kbvr.system.isolated_process import EndedError, IsolatedProcess, Request, with_retry

UNWIND_S = 0.8
"""How long an interrupted process has to remove its unfinished files."""


class Worker:
    """A process that runs one function at a time; it is started when it is first needed."""

    def __init__(self, preloaded: str) -> None:
        """Give the name of the module that the process imports when it starts."""
        self._preloaded = preloaded
        self._turn, self._starting = Lock(), Lock()
        self._process: IsolatedProcess | None = None
        self._is_closed = False

    def call(self, request: Request) -> Any:
        """Return what a function returned, or raise what it raised; see `IsolatedProcess.call`."""
        with self._turn:
            return with_retry(lambda: self._running().call(request))

    def interrupt(self) -> None:
        """End the call that another thread waits for, which raises an error; unfinished files are removed.

        The next call starts a new process.
        """
        with self._starting:
            process = self._process
            if process is not None and process.is_running:
                process.stop()
                timer = Timer(UNWIND_S, process.kill)
                timer.daemon = True
                timer.start()

    def close(self) -> None:
        """End the process, in the middle of a call if there is one."""
        with self._starting:
            self._is_closed = True
            if self._process is not None:
                self._process.kill()
        with self._turn:
            if self._process is not None:
                self._process.close()

    def _running(self) -> IsolatedProcess:
        with self._starting:
            if self._is_closed:
                raise EndedError("closed", 0)
            if self._process is None or not self._process.is_running:
                if self._process is not None:
                    self._process.close()
                self._process = IsolatedProcess(self._preloaded)
            return self._process
