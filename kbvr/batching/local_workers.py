"""Workers of this machine: processes that each make photo after photo, with their networks loaded once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from queue import Full, Queue
from threading import Lock, Thread

from kbvr.batching.memory_gate import MemoryGate
from kbvr.batching.shares import Shares
from kbvr.batching.task import PhotoResult, Task
from kbvr.batching.worker_process import WorkerProcess
from kbvr.system import cuda_driver

GPU_DEVICES = ("auto", "cuda", "tensorrt")
VISIBLE = "CUDA_VISIBLE_DEVICES"

UNREAD_A_JOB = 2
"""Results that may wait for whoever reads them; then workers wait too."""

LOOK_S = 0.2
STOP_S = 1.0
"""Time in which all workers remove their unfinished files when a run is interrupted."""


class LocalWorkers:
    """An `Executor` of worker processes, each called by a thread of this process."""

    def __init__(self, shares: Shares, *, limit_s: float) -> None:
        """Start nothing yet; a photo is given up after `limit_s`."""
        self._shares, self._limit_s = shares, limit_s
        self._gate = None if shares.shared_bytes is None else MemoryGate(shares.shared_bytes)
        self._next_task, self._current, self._workers = Lock(), dict[int, str](), list[WorkerProcess]()
        self._threads = list[Thread]()
        self._ended: Queue[PhotoResult | BaseException | None] = Queue(UNREAD_A_JOB * shares.jobs)
        self._is_stopping = False

    def __enter__(self) -> LocalWorkers:  # noqa: PYI034  beartype does not know Self in methods
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        for thread in self._threads:
            thread.join(STOP_S / len(self._threads))
        for worker in list(self._workers):
            worker.kill()

    def stop(self) -> None:
        """End the run, from any thread: photos that are being made are given up, and `results` ends."""
        self._is_stopping = True
        for worker in list(self._workers):
            worker.stop()
        with suppress(Full):
            self._ended.put_nowait(None)  # for whoever waits for a result

    @property
    def current(self) -> tuple[str, ...]:
        """The addresses of the photos that are being made."""
        return tuple(self._current.copy().values())

    def results(self, tasks: Iterator[Task | PhotoResult]) -> Iterator[PhotoResult]:
        """Yield a result for every task, as they end; results among the tasks are passed on."""
        self._threads = [
            Thread(target=self._work, args=(number, tasks), name=f"kbvr-batch-{number}", daemon=True)
            for number in range(self._shares.jobs)
        ]
        for thread in self._threads:
            thread.start()
        running = len(self._threads)
        while running and not self._is_stopping:
            item = self._ended.get()
            if isinstance(item, BaseException):
                raise item
            if item is None:
                running -= 1
            else:
                yield item

    def _work(self, number: int, tasks: Iterator[Task | PhotoResult]) -> None:
        """Make photos until there are none."""
        worker = WorkerProcess(environment_of(number, self._shares.threads))
        self._workers.append(worker)
        try:
            while not self._is_stopping:
                with self._next_task:
                    task = next(tasks, None)
                if task is None:
                    break
                self._deliver(task if isinstance(task, PhotoResult) else self._made(number, worker, task))
        except BaseException as error:  # noqa: BLE001  the main thread raises it
            self._deliver(error)
        finally:
            with suppress(OSError):
                worker.close()
            self._deliver(None)

    def _deliver(self, item: PhotoResult | BaseException | None) -> None:
        """Wait until the results before it have been read, or nobody will read it."""
        while not self._is_stopping:
            with suppress(Full):
                self._ended.put(item, timeout=LOOK_S)
                return

    def _made(self, number: int, worker: WorkerProcess, task: Task) -> PhotoResult:
        task = replace(task, options=task.options.model_copy(update={"threads": self._shares.threads}))
        self._current[number] = task.source.address
        try:
            return worker.call_within(self._gate, task, self._limit_s)
        finally:
            self._current.pop(number, None)


def environment_of(number: int, threads: int) -> Mapping[str, str]:
    """Return the environment of a worker: its share of threads, and one of several GPUs."""
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")
    environment = dict.fromkeys(names, str(threads))
    driver = None if VISIBLE in os.environ else cuda_driver.driver()
    if driver is not None and len(driver.devices) > 1:
        environment[VISIBLE] = str(number % len(driver.devices))
    return environment
