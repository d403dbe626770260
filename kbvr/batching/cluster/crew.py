"""The processes of one batch on one worker of a cluster."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from threading import Lock

from distributed import get_worker

from kbvr.batching.cluster.messages import Made, Terms
from kbvr.batching.local_workers import VISIBLE, environment_of
from kbvr.batching.memory_gate import MemoryGate
from kbvr.batching.source import is_remote
from kbvr.batching.task import Task
from kbvr.batching.worker_process import WorkerProcess
from kbvr.plan.memory_budget import FIXED_BYTES
from kbvr.system.resources import machine_bytes


class Crew:
    """One process for each photo that the worker makes at the same time; the threads of Dask call them."""

    def __init__(self, terms: Terms) -> None:
        """Start nothing yet; the threads and the memory of the worker are those that Dask gives it."""
        worker = get_worker()
        self._terms, self._threads = terms, max(1, worker.state.nthreads // terms.jobs)
        limits = (worker.memory_manager.memory_limit, machine_bytes(), terms.max_bytes)
        self._gate = gate_of([limit for limit in limits if limit], terms.jobs)
        self._lock, self._is_ended = Lock(), False
        self._free, self._processes = list(range(terms.jobs)), dict[int, WorkerProcess]()

    def make(self, task: Task) -> Made:
        """Make a photo when enough memory is free; the errors are those of `WorkerProcess.call`."""
        if task.options.threads is None:
            task = replace(task, options=task.options.model_copy(update={"threads": self._threads}))
        with self._process() as process:
            result = process.call_within(self._gate, task, self._terms.limit_s, self._terms.folder)
        address = task.source.address
        return Made(result, is_reachable=bool(result.sha256) or is_remote(address) or os.access(address, os.R_OK))

    def end(self) -> None:
        """End the processes, whatever they are doing."""
        with self._lock:
            self._is_ended = True
            for process in self._processes.values():
                process.kill()

    @contextmanager
    def _process(self) -> Iterator[WorkerProcess]:
        """Yield a process that no other thread uses, with the lowest free number: it decides on the GPU."""
        with self._lock:
            number = min(self._free, default=max(self._processes, default=-1) + 1)
            if number in self._free:
                self._free.remove(number)
            if number not in self._processes:
                self._processes[number] = WorkerProcess(self._environment(number))
            process = self._processes[number]
            if self._is_ended:
                process.kill()
        try:
            yield process
        finally:
            with self._lock:
                self._free.append(number)

    def _environment(self, number: int) -> Mapping[str, str]:
        threads = self._threads
        environment = dict(environment_of(number, threads))
        visible = os.environ.get(VISIBLE, "")
        if self._terms.gpus > 1 and visible:  # one for each process, of those that the worker may use
            devices = visible.split(",")
            environment[VISIBLE] = devices[number % len(devices)]
        return environment


def gate_of(limits: list[int], jobs: int) -> MemoryGate | None:
    """Return the gate for photos that share the smallest of these limits; None if there is none."""
    return MemoryGate(max(0, min(limits) - jobs * FIXED_BYTES)) if limits else None
