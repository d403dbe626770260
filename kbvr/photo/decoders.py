"""The processes that decode, kept warm: as many as there have been threads that decoded at the same time.

Quick to import, so that the first of them starts while everything else is loaded.
"""

from __future__ import annotations

import atexit
import os
from contextlib import suppress
from typing import Any

from kbvr.system.isolated_process import ONE_THREAD, IsolatedProcess, NotStartedError, Request, retried

MODULE = "kbvr.photo.decode"
"""What they run."""

_idle: list[IsolatedProcess] = []
"""Those that wait for work."""


def warm_up() -> None:
    """Start a process, so that it is there when the first file comes; who needs it learns why there is none."""
    with suppress(NotStartedError, RuntimeError):
        if not _idle:
            _idle.append(started())


def answered(request: Request) -> Any:
    """Ask a process that waits for work, or a new one; see `IsolatedProcess.call`."""
    return retried(lambda: _asked_once(request))


def started() -> IsolatedProcess:
    """Start a process that decodes."""
    return IsolatedProcess(MODULE, ONE_THREAD)


def end_all() -> None:
    """End the processes that wait for work; the next file gets a new one."""
    while _idle:
        _idle.pop().close()


def _asked_once(request: Request) -> Any:
    process = _taken()
    try:
        return process.call(request)
    finally:
        if process.is_running:
            _idle.append(process)


def _taken() -> IsolatedProcess:
    while _idle:
        with suppress(IndexError):  # another thread was quicker
            process = _idle.pop()
            if process.is_running:
                return process
            process.close()  # it ended for lack of work; its pipes would stay open, of which Python warns
    return started()


atexit.register(end_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_idle.clear)  # the processes are the parent's
