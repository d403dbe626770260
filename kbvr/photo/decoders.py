"""A pool of decoder processes, as large as the number of threads that have decoded at the same time.

It is quick to import, so that the first process can start while everything else is loaded.
"""

from __future__ import annotations

import atexit
import os
from contextlib import suppress
from typing import Any

from kbvr.system.isolated_process import ONE_THREAD, IsolatedProcess, NotStartedError, Request, with_retry

MODULE = "kbvr.photo.decode"
_idle: list[IsolatedProcess] = []


def warm_up() -> None:
    """Start a process in advance; if that fails, the first file to decode reports why."""
    with suppress(NotStartedError, RuntimeError):
        if not _idle:
            _idle.append(start_process())


def call(request: Request) -> Any:
    """Run a request in an idle process, or in a new one; see `IsolatedProcess.call`."""
    return with_retry(lambda: _call_once(request))


def start_process() -> IsolatedProcess:
    """Start a decoder process."""
    return IsolatedProcess(MODULE, ONE_THREAD)


def end_all() -> None:
    """End the idle processes; the next file starts a new one."""
    while _idle:
        _idle.pop().close()


def _call_once(request: Request) -> Any:
    process = _idle_or_new_process()
    try:
        return process.call(request)
    finally:
        if process.is_running:
            _idle.append(process)


def _idle_or_new_process() -> IsolatedProcess:
    while _idle:
        with suppress(IndexError):  # another thread was quicker
            process = _idle.pop()
            if process.is_running:
                return process
            process.close()  # it ended when idle; Python warns of open pipes
    return start_process()


atexit.register(end_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_idle.clear)  # the processes belong to the parent
