"""Fan-out: one producer, and several consumers that each run in a thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from queue import Empty, Full, Queue
from threading import Event
from typing import TypeVar

QUEUE_SIZE = 3
"""Items that may wait for each consumer."""
POLL_SECONDS = 0.1

T = TypeVar("T")
R = TypeVar("R")


class _AbandonedError(Exception):
    """Raised in a consumer's thread when its result is no longer needed."""


def fan_out(items: Iterable[T], consumers: Sequence[Callable[[Iterator[T]], R]]) -> list[R]:
    """Pass every item to every consumer, each in its own thread; return the consumers' results in their order.

    At most QUEUE_SIZE items wait for a consumer. An exception in the producer or in a consumer stops all of them, and
    is raised here once the threads have ended.
    """
    queues: list[Queue[T | None]] = [Queue(maxsize=QUEUE_SIZE) for _ in consumers]
    abandoned = Event()

    def items_from(queue: Queue[T | None]) -> Iterator[T]:
        while not abandoned.is_set():
            try:
                item = queue.get(timeout=POLL_SECONDS)
            except Empty:
                continue
            if item is None:
                return
            yield item
        raise _AbandonedError

    with ThreadPoolExecutor(len(consumers), thread_name_prefix="kbvr-write") as pool:
        futures: list[Future[R]] = []
        try:
            for consume, queue in zip(consumers, queues, strict=True):
                futures.append(pool.submit(consume, items_from(queue)))  # inside try: a thread may fail to start
            for item in items:
                _put(item, queues, futures)
            _put(None, queues, futures)
            return [future.result() for future in futures]
        except BaseException:
            abandoned.set()
            wait(futures)
            raise


def _put(item: T | None, queues: Sequence[Queue[T | None]], futures: Sequence[Future[R]]) -> None:
    """Put an item, or None for the end, into every queue; raise a consumer's exception if it has failed.

    A consumer that knows the number of items may finish before it receives the end.
    """
    for queue, future in zip(queues, futures, strict=True):
        while True:
            if future.done():
                future.result()
                if item is None:
                    break
                raise AssertionError("a consumer ended before its input did")
            try:
                queue.put(item, timeout=POLL_SECONDS)
                break
            except Full:
                pass
