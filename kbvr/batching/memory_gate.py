"""Share a machine's memory among workers: a photo waits until what it takes is free."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class MemoryGate:
    """Grants memory in the order in which it is asked for, so that small photos do not pass a large one for ever."""

    def __init__(self, capacity_bytes: int) -> None:
        self.capacity_bytes = capacity_bytes
        self._free_bytes = capacity_bytes
        self._changed = Condition()
        self._waiting: deque[object] = deque()

    @contextmanager
    def granted(self, wanted_bytes: int) -> Iterator[int]:
        """Wait for memory and yield what is granted: what is wanted, or all there is."""
        granted_bytes, ticket = min(wanted_bytes, self.capacity_bytes), object()
        with self._changed:
            self._waiting.append(ticket)
            self._changed.wait_for(lambda: self._waiting[0] is ticket and self._free_bytes >= granted_bytes)
            self._waiting.popleft()
            self._free_bytes -= granted_bytes
            self._changed.notify_all()
        try:
            yield granted_bytes
        finally:
            with self._changed:
                self._free_bytes += granted_bytes
                self._changed.notify_all()
