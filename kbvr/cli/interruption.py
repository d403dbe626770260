"""Ctrl-C, a closed terminal, or the system that wants kbvr to end: each cleans up in the same way, and in time.

Python runs the handler of a signal when its main thread comes back from compiled code, and a network or an encoder may
keep it for minutes. So a second thread watches: the signal's number is written to a socket by the handler in C, at
once, and where kbvr has not ended by itself `GRACE_S` later, the thread removes what is unfinished and ends it.
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
"""Windows has no SIGHUP, and nothing else has a SIGBREAK."""

SIGNALLED = 128
"""Added to the number of the signal that ended kbvr, as shells do."""

INTERRUPTED = SIGNALLED + signal.SIGINT

GRACE_S = 1.5
"""How long kbvr may take to end by itself after a signal."""

LAST_WORDS_S = 0.3
"""How long removing files and saying so may take after that: a disk or a terminal may hang too."""

SHOWN_CURSOR = b"\r\x1b[K\x1b[?25h"
"""Clears the line of a progress bar and shows the cursor, which the bar hides (ECMA-48; DECTCEM)."""


@dataclass
class Interruption:
    """What came, and whether it has been told."""

    came: list[int] = field(default_factory=list)
    """The numbers of the signals, in order."""

    told: Lock = field(default_factory=Lock)
    """Held from when it is told, so that it is told once."""

    @property
    def code(self) -> int:
        """The exit code after an interruption: 128 + the first signal's number."""
        return SIGNALLED + self.came[0] if self.came else INTERRUPTED

    def tell(self, write: Callable[[], object]) -> None:
        """Call `write`, unless the interruption has been told."""
        if self.told.acquire(blocking=False):
            with suppress(OSError, ValueError):  # the terminal may be gone
                write()


@contextmanager
def signals_interrupt() -> Iterator[Interruption]:
    """Let the first of SIGNALS raise KeyboardInterrupt, and end the process if it is still inside `GRACE_S` later.

    Those that come after the first raise nothing: a closing terminal sends SIGHUP more than once, which must not break
    off the cleaning up. A second SIGINT ends the process at once: a person insists. What kbvr was started to ignore
    (nohup) stays ignored.
    """
    interruption = Interruption()
    if current_thread() is not main_thread():
        yield interruption  # Python lets no other thread set handlers
        return

    def interrupt(number: int, _: FrameType | None) -> None:
        interruption.came.append(number)
        if len(interruption.came) == 1:
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
    """Let a thread end the process if one of these signals comes and this context is not left soon after."""
    left = Event()
    ours = _watcher(numbers, left, interruption)
    if ours is None:
        yield
        return
    before = signal.set_wakeup_fd(ours.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        left.set()
        signal.set_wakeup_fd(before)
        ours.close()  # which the thread reads as the end


def _watcher(numbers: tuple[int, ...], left: Event, interruption: Interruption) -> socket.socket | None:
    """Start the thread and return where it is told of signals; None where no more files or threads are allowed.

    Then a signal ends kbvr as soon as Python gets to it; whether there is enough for the command, that will say.
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
    """Wait for a signal, then for the end of the context, a second SIGINT or the end of the time."""
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
    """End the process, with what is unfinished removed and one line on stderr.

    Other processes that it began (`kbvr.system.isolated_process`) end when their pipes are closed.
    """

    def last_words() -> None:
        remove_unfinished()
        interruption.tell(_write_interrupted)

    saying = Thread(target=last_words, daemon=True)
    saying.start()
    saying.join(LAST_WORDS_S)
    os._exit(SIGNALLED + number)


def _write_interrupted() -> None:
    """Write past Python's own stream, whose lock the main thread may hold."""
    shown = SHOWN_CURSOR if sys.stderr is not None and sys.stderr.isatty() else b""
    os.write(2, shown + b"kbvr: interrupted\n")


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
