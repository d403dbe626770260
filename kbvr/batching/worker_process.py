"""A process that makes photos one after the other: networks are loaded once, and a crash costs one photo."""

from __future__ import annotations

import logging
import os
import signal
import socket
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from threading import Lock
from time import monotonic
from typing import Any

from kbvr.batching import make as making
from kbvr.batching.memory_gate import MemoryGate
from kbvr.batching.memory_need import USUAL_PX, export_bytes_for
from kbvr.batching.options_hash import given_options
from kbvr.batching.run_options import PHOTO_LIMIT_S
from kbvr.batching.task import PhotoResult, Task
from kbvr.errors import escaped, shortened
from kbvr.plan.memory_budget import FIXED_BYTES
from kbvr.system.isolated_process import EndedError, IsolatedProcess, Request, TimeUpError

HEADER_LIMIT_S = 60.0
"""Time for reading the size of a photo from a slow disk."""

KILLED = -getattr(signal, "SIGKILL", 9)
ABORTED = -getattr(signal, "SIGABRT", 6)
"""A process that ends itself says why on stderr; what it wrote before another signal explains nothing."""


class WorkerProcess:
    """A process for photos; only one thread may call it at a time. It is started when it is first needed."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        """Give the environment variables that the process has in addition to those of this one."""
        self._environment = environment
        self._starting = Lock()
        self._process: IsolatedProcess | None = None
        self._is_ended = False

    def call(self, task: Task, limit_s: float = PHOTO_LIMIT_S, folder: str | None = None) -> PhotoResult:
        """Make a photo; what crashes the process or exceeds the time limit is a failed result.

        If the process is killed from outside (a signal to end, or SIGKILL, which is also how Linux ends processes
        when memory runs out), the photo is tried once more, in a new process.

        Args:
            task: The photo.
            limit_s: The photo fails after this time.
            folder: The folder that relative paths in its options start from, by default the working folder.

        Raises:
            BatchStoppedError: if nothing can be written to the output folder any more.
            NotStartedError: if no process can be started.
            EndedError: if `kill` or `close` ended the process meanwhile.
        """
        start_s = monotonic()
        for is_last in (False, True):
            try:
                return self._called("make", task, limit_s, folder)
            except EndedError as error:
                if self._is_ended:
                    raise
                if is_last or not _is_from_outside(error):
                    return failed_result(task, _explanation(error, limit_s), monotonic() - start_s)
        raise AssertionError

    def call_within(
        self, gate: MemoryGate | None, task: Task, limit_s: float = PHOTO_LIMIT_S, folder: str | None = None
    ) -> PhotoResult:
        """Make a photo as `call` does, when the gate grants the memory; a photo that needs more than all is reduced."""
        if gate is None:
            return self.call(task, limit_s, folder)
        wanted = max(0, self.needed_bytes(task, min(limit_s, HEADER_LIMIT_S)) - FIXED_BYTES)
        with gate.granted(wanted) as granted:
            max_bytes = FIXED_BYTES + granted if granted < wanted else None
            return self.call(replace(task, max_bytes=max_bytes), limit_s, folder)

    def needed_bytes(self, task: Task, limit_s: float = HEADER_LIMIT_S) -> int:
        """Return about how much memory a photo takes; a photo whose size cannot be read counts as a usual one.

        Raises:
            NotStartedError: if no process can be started.
        """
        try:
            return self._called("needed_bytes", task, limit_s)
        except EndedError:
            return export_bytes_for(USUAL_PX, task.options)

    def close(self) -> None:
        """End the process and wait for it; no thread may be calling it."""
        self.kill()
        if self._process is not None:
            self._process.close()

    def stop(self) -> None:
        """End the process for good when it has removed its unfinished files; otherwise the same as `kill`."""
        with self._starting:
            self._is_ended = True
            if self._process is not None:
                self._process.stop()

    def kill(self) -> None:
        """End the process for good, from any thread: a call that another thread waits for raises EndedError."""
        with self._starting:
            self._is_ended = True
            if self._process is not None:
                self._process.kill()

    def _called(self, function: str, task: Task, limit_s: float, folder: str | None = None) -> Any:
        request = Request(f"{making.__name__}:{function}", (task,), limit_s, log_level=logging.WARNING)
        return self._running().call(request if folder is None else replace(request, folder=folder))

    def _running(self) -> IsolatedProcess:
        with self._starting:
            if self._is_ended:
                raise EndedError("closed", 0)
            if self._process is None or not self._process.is_running:
                if self._process is not None:
                    self._process.close()  # Python warns of open pipes
                self._process = IsolatedProcess(making.__name__, self._environment)
            return self._process


def failed_result(task: Task, error: str, seconds: float = 0.0) -> PhotoResult:
    """Return the result of a photo whose process or machine was lost, with the reason in one line."""
    return PhotoResult(
        address=task.source.address,
        status="failed",
        folder=task.source.folder,
        stem=task.stem,
        error=shortened(escaped(error)),
        size_bytes=task.source.size_bytes,
        stamp=task.source.stamp,
        options=given_options(task.options),
        options_hash=task.options_hash,
        kbvr_version=version("kbvr"),
        seconds=round(seconds, 3),
        worker=f"{socket.gethostname()}:{os.getpid()}",
        ended_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _is_from_outside(error: EndedError) -> bool:
    """Return whether a process may have ended for a reason that is not the photo."""
    return not isinstance(error, TimeUpError) and (error.is_external or error.exit_code == KILLED)


def _explanation(error: EndedError, limit_s: float) -> str:
    """Return how a photo's process ended."""
    if isinstance(error, TimeUpError):
        return f"it took longer than the limit of {limit_s:,.6g} s"
    if error.exit_code == KILLED:
        return "its process was killed twice (SIGKILL), probably because memory ran out"
    if error.exit_code >= 0 or error.exit_code == ABORTED:
        return ": ".join(filter(None, (f"its process {error}", error.last_line)))
    return f"its process {error}"
