"""What makes the photos of a batch: processes of this machine (`local_workers`) or a cluster (`cluster`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

from kbvr.batching.task import PhotoResult, Task


@runtime_checkable
class Executor(AbstractContextManager["Executor"], Protocol):
    """Makes photos, several at a time; leaving the context ends its processes, whatever they are doing."""

    def results(self, tasks: Iterator[Task | PhotoResult]) -> Iterator[PhotoResult]:
        """Yield a result for every task, in the order in which they end; results among the tasks are passed on.

        Tasks are taken only as fast as they are worked on: there may be millions, and `next(tasks)` may block for
        hours, while results go on to be yielded. A task that crashes or loses its worker is tried again or yields a
        failed result; it never ends the others.

        Raises:
            BatchStoppedError: if no photo's outputs can be written any more.
        """

    @property
    def current(self) -> tuple[str, ...]:
        """The addresses of the photos that are being made, for the progress display."""
