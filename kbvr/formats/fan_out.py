"""Consumers run in threads of their own while what they consume is made in this one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from queue import Empty, Full, Queue
from threading import Event
from typing import TypeVar

WAITING = 3
"""Things that may wait between the maker and each consumer."""
POLL_SECONDS = 0.1

T = TypeVar("T")
R = TypeVar("R")


class _AbandonedError(Exception):
    """Raised inside a consumer's thread once nobody waits for its result."""


def run_alongside(made: Iterable[T], consumers: Sequence[Callable[[Iterator[T]], R]]) -> list[R]:
    """Feed everything that is made to every consumer, each in its own thread; return what they return, in order.

    At most WAITING things wait for a consumer. An exception on any side stops all others, and is raised here once the
    threads have ended.
    """
    queues: list[Queue[T | None]] = [Queue(maxsize=WAITING) for _ in consumers]
    abandoned = Event()

    def fed(waiting: Queue[T | None]) -> Iterator[T]:
        while not abandoned.is_set():
            try:
                thing = waiting.get(timeout=POLL_SECONDS)
            except Empty:
                continue
            if thing is None:
                return
            yield thing
        raise _AbandonedError

    with ThreadPoolExecutor(len(consumers), thread_name_prefix="kbvr-write") as pool:
        running: list[Future[R]] = []
        try:
            for consume, waiting in zip(consumers, queues, strict=True):
                running.append(pool.submit(consume, fed(waiting)))  # if the next cannot be started, this one ends too
            for thing in made:
                _offer(thing, queues, running)
            _offer(None, queues, running)
            return [future.result() for future in running]
        except BaseException:
            abandoned.set()
            wait(running)
            raise


def _offer(thing: T | None, queues: Sequence[Queue[T | None]], running: Sequence[Future[R]]) -> None:
    """Put a thing, or None as the end, into every queue; raise what a consumer raised if it will take no more.

    One that knows how much comes may have ended well before it is told that nothing more does.
    """
    for waiting, consumed in zip(queues, running, strict=True):
        while True:
            if consumed.done():
                consumed.result()
                if thing is None:
                    break
                raise AssertionError("a consumer ended before what it consumes did")
            try:
                waiting.put(thing, timeout=POLL_SECONDS)
                break
            except Full:
                pass
