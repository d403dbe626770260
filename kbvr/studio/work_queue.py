"""Work in a thread of its own: the most urgent first, and what is asked for twice only once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from itertools import count
from time import monotonic

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Task:
    action: Callable[[], object]
    urgency: int
    order: int
    not_before_s: float
    is_owed: bool


class WorkQueue:
    """Tasks that one thread does one after the other."""

    def __init__(self, name: str, *, idle: Callable[[], object] | None = None, idle_s: float = 30.0) -> None:
        """`idle` is called whenever there was nothing to do for `idle_s`."""
        self._tasks: dict[Hashable, _Task] = {}
        self._changed = threading.Condition()
        self._numbers = count()
        self._is_closed = False
        self._idle, self._idle_s = idle, idle_s
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(
        self,
        key: Hashable,
        action: Callable[[], object],
        *,
        urgency: int = 0,
        delay_s: float = 0.0,
        is_owed: bool = False,
    ) -> None:
        """Do something as soon as its turn comes, the lowest urgency first; it replaces waiting work of the same key.

        With a delay, its turn comes that much later. What is owed is done at the end if its turn has not come.
        """
        with self._changed:
            self._tasks[key] = _Task(action, urgency, next(self._numbers), monotonic() + delay_s, is_owed)
            self._changed.notify()

    def forget(self, key: Hashable) -> None:
        """Do not do what has not begun."""
        with self._changed:
            self._tasks.pop(key, None)

    def stop(self) -> None:
        """Begin nothing any more but what is owed; what is being done may fail now, which nobody is told."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()

    def close(self) -> None:
        """Wait for the end of what is being done or is owed; the rest is not begun."""
        self.stop()
        self._thread.join()

    def _run(self) -> None:
        while (action := self._next()) is not None:
            try:
                action()
            except Exception as error:
                level = logging.DEBUG if self._is_closed else logging.ERROR
                logger.log(level, "kbvr studio could not do its work", exc_info=error)

    def _next(self) -> Callable[[], object] | None:
        with self._changed:
            idle_at_s = monotonic() + self._idle_s
            while not self._is_closed:
                now_s = monotonic()
                due = [key for key, task in self._tasks.items() if task.not_before_s <= now_s]
                if due:
                    key = min(due, key=lambda key: (self._tasks[key].urgency, self._tasks[key].order))
                    return self._tasks.pop(key).action
                if self._idle is not None and now_s >= idle_at_s:
                    return self._idle
                waits = [task.not_before_s - now_s for task in self._tasks.values()]
                waits += [idle_at_s - now_s] if self._idle is not None else []
                self._changed.wait(min(waits, default=None))
            owed = next((key for key, task in self._tasks.items() if task.is_owed), None)
            return None if owed is None else self._tasks.pop(owed).action
