"""Clean up quickly after Ctrl-C, a closed terminal or a system request to terminate.

Python runs signal handlers only when its main thread returns from compiled code, which may take a network or an encoder
minutes. So a second thread watches: Python's handler in C writes the signal's number to a socket at once, and if kbvr
has not ended `GRACE_S` later, the thread removes unfinished files and ends the process.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Lock, Thread, current_thread, main_thread
from time import monotonic
from types import FrameType

from kbvr.system.atomic_file import remove_unfinished

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name))
"""SIGHUP does not exist on Windows, and SIGBREAK exists only there."""

SIGNALLED = 128
"""Added to a signal's number to make the exit code, as shells do."""

INTERRUPTED = SIGNALLED + signal.SIGINT

GRACE_S = 1.5
"""Time kbvr has to exit on its own after a signal."""

LAST_WORDS_S = 0.3
"""Time to remove files and print a line after that: a disk or a terminal may hang too."""

RESTORE_CURSOR = b"\r\x1b[K\x1b[?25h"
"""Clears the line of a progress bar and shows the cursor, which the bar hides (ECMA-48; DECTCEM)."""


@dataclass
class Interruption:
    """The signals received, and whether the interruption has been reported."""

    signals: list[int] = field(default_factory=list)
    reported: Lock = field(default_factory=Lock)
    """Acquired by the first report and never released, so that there is only one."""

    @property
    def code(self) -> int:
        """The exit code after an interruption: 128 + the first signal's number."""
        return SIGNALLED + self.signals[0] if self.signals else INTERRUPTED

    def report(self, write: Callable[[], object]) -> None:
        """Call `write`, unless the interruption has been reported."""
        if self.reported.acquire(blocking=False):
            with suppress(OSError, ValueError):  # the terminal may be gone
                write()


@contextmanager
def signals_interrupt() -> Iterator[Interruption]:
    """Raise KeyboardInterrupt on the first of SIGNALS, and end the process if it is still in here `GRACE_S` later.

    Later signals raise nothing: a closing terminal sends SIGHUP more than once, which must not abort the clean-up. A
    second SIGINT ends the process at once, because a person insists. Signals ignored at the start (nohup) stay so.
    """
    interruption = Interruption()
    if current_thread() is not main_thread():
        yield interruption  # in Python only the main thread can set handlers
        return

    def interrupt(number: int, _: FrameType | None) -> None:
        interruption.signals.append(number)
        if len(interruption.signals) == 1:
            raise KeyboardInterrupt

    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    handlers = {number: old for number, old in handlers.items() if old not in (signal.SIG_IGN, None)}
    with ExitStack() as undone:
        undone.enter_context(_watched(tuple(handlers), interruption))
        for number, old in handlers.items():
            signal.signal(number, interrupt)
            undone.callback(signal.signal, number, old)
        yield interruption


@contextmanager
def _watched(numbers: tuple[int, ...], interruption: Interruption) -> Iterator[None]:
    """Run a thread that ends the process if one of these signals arrives and this context is not left soon after."""
    left = Event()
    ours = _started_watcher(numbers, left, interruption)
    if ours is None:
        yield
        return
    before = signal.set_wakeup_fd(ours.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        left.set()
        signal.set_wakeup_fd(before)
        ours.close()  # ends the thread


def _started_watcher(numbers: tuple[int, ...], left: Event, interruption: Interruption) -> socket.socket | None:
    """Start the thread and return the socket it reads signals from; None if no more files or threads are allowed.

    Without the thread, a signal ends kbvr when the main thread returns from compiled code.
    """
    try:
        theirs, ours = socket.socketpair()
    except OSError:
        return None
    ours.setblocking(False)
    watching = Thread(target=_watch, args=(theirs, numbers, left, interruption), name="kbvr-signals", daemon=True)
    try:
        watching.start()
    except RuntimeError:
        theirs.close()
        ours.close()
        return None
    return ours


def _watch(signals: socket.socket, numbers: tuple[int, ...], left: Event, interruption: Interruption) -> None:
    """Wait for a signal, then for the end of the context, a second SIGINT or the end of the grace time."""
    first, until = 0, 0.0
    with signals:
        while True:
            signals.settimeout(max(until - monotonic(), 0.001) if first else None)
            try:
                number = int.from_bytes(signals.recv(1), "big")
            except TimeoutError:
                break
            if not number:
                return
            if first and number == signal.SIGINT:
                break
            if not first and number in numbers:
                first, until = number, monotonic() + GRACE_S
    if not left.is_set():
        _end(first, interruption)


def _end(number: int, interruption: Interruption) -> None:
    """Remove unfinished files, print one line on stderr and end the process.

    Its child processes (`kbvr.system.isolated_process`) end when their pipes close.
    """

    def last_words() -> None:
        remove_unfinished()
        interruption.report(_write_interrupted)

    thread = Thread(target=last_words, daemon=True)
    thread.start()
    thread.join(LAST_WORDS_S)
    os._exit(SIGNALLED + number)


def _write_interrupted() -> None:
    """Write to the descriptor, because the main thread may hold the lock of sys.stderr."""
    cursor = RESTORE_CURSOR if sys.stderr is not None and sys.stderr.isatty() else b""
    os.write(2, cursor + b"kbvr: interrupted\n")


def is_interruption(error: BaseException | None) -> bool:
    """Return whether an exception is or comes from a KeyboardInterrupt, which an import may turn into another error."""
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
