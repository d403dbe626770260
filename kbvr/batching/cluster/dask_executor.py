"""An `Executor` whose workers are those of a Dask scheduler, on any number of machines."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, suppress
from queue import SimpleQueue
from threading import Semaphore, Thread
from typing import Any, TypeVar

from kbvr.batching.cluster.managers import RunningCluster, started_cluster
from kbvr.batching.cluster.options import ClusterOptions
from kbvr.batching.cluster.roster import Target
from kbvr.batching.cluster.session import Session
from kbvr.batching.local_workers import GPU_DEVICES
from kbvr.batching.task import PhotoResult, Task
from kbvr.options.export_options import ExportOptions

_log = logging.getLogger(__name__)
T = TypeVar("T")
EXIT_LIMIT_S = 30.0


def _note(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Note what Dask leaves unheard, such as the errors of connections that are closed already."""
    _log.debug("%s: %r", context.get("message"), context.get("exception"))


@contextmanager
def quiet_dask() -> Iterator[None]:
    """Keep Dask's own messages off stderr: they report with tracebacks what kbvr reports in one line."""
    names = [name for name in logging.root.manager.loggerDict if name.startswith("distributed.")]
    loggers = [logging.getLogger(name) for name in ("distributed", *names)]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


class DaskExecutor:
    """An `Executor` on a cluster. An event loop in a thread of its own speaks to the scheduler."""

    def __init__(self, cluster: ClusterOptions, options: ExportOptions, out: str, *, limit_s: float) -> None:
        """Start nothing yet.

        Args:
            cluster: The scheduler, or the cluster to start.
            options: Those of the batch: they decide whether photos take GPUs, and how much memory.
            out: The output folder, an absolute path or a URL, which the workers reach too.
            limit_s: A photo is given up after this time.
        """
        self._cluster, self._options, self._out, self._limit_s = cluster, options, out, limit_s
        self._ended = SimpleQueue[PhotoResult | BaseException | None]()
        self._session: Session | None = None
        self._serving: Future[None] | None = None
        self._stack = ExitStack()
        self._unread, self._asked, self._is_exhausted, self._is_closed = 0, 0, False, False
        self._turns = Semaphore(0)

    def __enter__(self) -> DaskExecutor:  # noqa: PYI034  beartype does not know Self in methods
        """Connect to the cluster, and check that its workers can make photos.

        Raises:
            InputError: if that is not so.
            OutputError: if the output folder cannot be written.
            MissingExtraError: if a library is not installed.
        """
        with ExitStack() as stack:
            stack.enter_context(quiet_dask())
            running = stack.enter_context(started_cluster(self._cluster, self._out))
            self._loop = asyncio.new_event_loop()
            self._loop.set_exception_handler(_note)
            thread = Thread(target=self._loop.run_forever, name="kbvr-cluster", daemon=True)
            thread.start()
            stack.callback(self._stop_loop, thread)
            self._session = self._run(self._opened(running))
            stack.callback(self._close_session, self._session)
            self._run(self._session.start())
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def current(self) -> tuple[str, ...]:
        """The addresses of the photos that are being made."""
        if self._session is None:
            return ()
        workers = list(self._session.dispatch.workers.values())
        return tuple(flight.task.source.address for worker in workers for flight in worker.making)

    def results(self, tasks: Iterator[Task | PhotoResult]) -> Iterator[PhotoResult]:
        """Yield a result for every task, as they end; results among the tasks are passed on.

        Raises:
            InputError: if no worker can be used any more, or the scheduler was lost and does not come back.
            BatchStoppedError: if no photo's outputs can be written any more.
        """
        assert self._session is not None, "entered"
        Thread(target=self._pull, args=(tasks,), name="kbvr-cluster-tasks", daemon=True).start()
        self._serving = asyncio.run_coroutine_threadsafe(self._serve(self._session), self._loop)
        while (item := self._ended.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            self._loop.call_soon_threadsafe(self._read)
            yield item

    async def _opened(self, running: RunningCluster) -> Session:
        device = self._options.device
        target = Target(
            address=running.address,
            security=running.security,
            out=self._out,
            uses_gpu=device in GPU_DEVICES,
            requires_gpu=device in GPU_DEVICES and device != "auto",
            max_bytes=self._options.max_memory,
            folder=os.path.abspath(os.curdir),  # noqa: PTH100  keeps links
            photo_limit_s=self._limit_s,
            worker_limit_s=self._cluster.worker_timeout_s,
            scheduler_limit_s=self._cluster.scheduler_timeout_s,
        )
        return Session(target, self._deliver)

    async def _serve(self, session: Session) -> None:
        """Have all photos made."""
        try:
            while not (self._is_exhausted and session.dispatch.is_empty):
                for _ in range(self._room(session)):
                    self._asked += 1
                    self._turns.release()
                await session.step()
            self._ended.put(None)
        except BaseException as error:  # noqa: BLE001  the main thread raises it
            self._ended.put(error)

    def _room(self, session: Session) -> int:
        """Return how many tasks to ask for; one that needs no worker may be next even if there is none."""
        if self._is_exhausted:
            return 0
        least = 1 if session.dispatch.is_empty else 0
        return max(least, session.dispatch.room) - self._asked - self._unread

    def _pull(self, tasks: Iterator[Task | PhotoResult]) -> None:
        """Take tasks when there is room for them, in a thread of its own: the next one may be hours away."""
        task: Task | PhotoResult | None = None
        while self._turns.acquire() and not self._is_closed:
            try:
                task = next(tasks, None)
            except BaseException as error:  # noqa: BLE001  the main thread raises it
                self._ended.put(error)
                return
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._pulled, task)
            if task is None:
                return

    def _pulled(self, task: Task | PhotoResult | None) -> None:
        assert self._session is not None
        self._asked -= 1
        if task is None:
            self._is_exhausted = True
        elif isinstance(task, PhotoResult):
            self._deliver(task)
        else:
            self._session.dispatch.add(task)
        self._session.changed.set()

    def _deliver(self, result: PhotoResult) -> None:
        self._unread += 1
        self._ended.put(result)

    def _read(self) -> None:
        assert self._session is not None
        self._unread -= 1
        self._session.changed.set()

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the event loop, and return its result."""
        future: Future[T] = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def _close_session(self, session: Session) -> None:
        """End the photos in progress and the connection."""
        self._is_closed = True
        self._turns.release()
        if self._serving is not None:
            self._serving.cancel()
        with suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(session.close(), self._loop).result(EXIT_LIMIT_S)

    def _stop_loop(self, thread: Thread) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        thread.join()
        self._loop.close()
