"""Ctrl-C, a closed terminal, or the system that wants kbvr to end: each cleans up in the same way."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Windows has no SIGHUP."""


@contextmanager
def signals_interrupt() -> Iterator[list[int]]:
    """Let SIGINT, SIGTERM and SIGHUP raise KeyboardInterrupt; yield a list that gets the numbers of those that came.

    After the first one only SIGINT raises again: a closing terminal sends SIGHUP more than once, which must not
    break off the cleaning up, but a person may insist. What kbvr was started to ignore (nohup) stays ignored.
    """
    came: list[int] = []

    def interrupt(number: int, _: FrameType | None) -> None:
        came.append(number)
        if number == signal.SIGINT or len(came) == 1:
            raise KeyboardInterrupt

    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    if threading.current_thread() is not threading.main_thread():
        handlers = {}  # Python lets no other thread set them
    handlers = {number: old for number, old in handlers.items() if old not in (signal.SIG_IGN, None)}
    try:
        for number in handlers:
            signal.signal(number, interrupt)
        yield came
    finally:
        for number, old in handlers.items():
            signal.signal(number, old)


def is_interruption(error: BaseException | None) -> bool:
    """Tell whether an exception is, or was raised because of, a KeyboardInterrupt (an import turns one into others)."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        error = waiting.pop()
        if isinstance(error, KeyboardInterrupt):
            return True
        if error is not None and id(error) not in seen:
            seen.add(id(error))
            waiting += (error.__cause__, error.__context__)
    return False
