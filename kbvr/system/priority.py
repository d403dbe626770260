"""Keep libraries from raising the priority of threads above everything else on the machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

TASKS = Path("/proc/self/task")
"""On Linux, a folder for each thread of this process, named by its number."""


@contextmanager
def kept_priority() -> Iterator[None]:
    """Give this thread, and those that start meanwhile, the scheduling policy back that this thread had.

    SVT-AV1 gives the thread that opens it, and its own threads, real-time priority where it may, as root does. They,
    and the processes that they start, would keep all others from running.
    """
    if sys.platform != "linux":
        yield
        return
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    before = _threads()
    try:
        yield
    finally:
        for thread in {0} | (_threads() - before):
            with suppress(OSError):  # it has ended
                if os.sched_getscheduler(thread) != policy:
                    os.sched_setscheduler(thread, policy, parameters)


def _threads() -> set[int]:
    with suppress(OSError):  # some sandboxes have no /proc
        return {int(task.name) for task in TASKS.iterdir()}
    return set()
