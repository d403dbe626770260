"""Measure what Dask adds to each photo of a batch: photos that are done already go through a cluster on this machine.

Their receipts say so, so that workers only read them. The same photos go through a worker process without Dask for
comparison. The processor time of the client and the scheduler together limits how many workers a batch can have.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, process_time, sleep

from bench.machine import this_machine
from bench.photo_cost import camera_photo
from kbvr.batching.cluster.options import ClusterOptions
from kbvr.batching.executors import executor_of
from kbvr.batching.source import Source
from kbvr.batching.task import Task
from kbvr.batching.worker_process import WorkerProcess
from kbvr.options.export_options import ExportOptions

OPTIONS = ExportOptions(depth_map=("png",), depth_quality="fast")
SIZE_PX = (96, 64)


@dataclass(frozen=True)
class Overhead:
    """Milliseconds a photo."""

    alone_ms: float
    """In one worker process, without Dask."""

    dask_ms: float
    """On a cluster with one worker of one thread."""

    client_cpu_ms: float
    scheduler_cpu_ms: float
    """Processor time, which is what many workers share."""


def measure(photos: int) -> Overhead:
    """Let photos that are done pass through one worker, with Dask and without."""
    with tempfile.TemporaryDirectory() as folder, scheduler_and_worker() as (address, scheduler_cpu_s):
        path = camera_photo(Path(folder) / "photo.jpg", SIZE_PX)
        task = Task(Source(str(path)), str(Path(folder) / "out"), path.stem, OPTIONS, "")
        process = WorkerProcess()
        try:
            assert process.call(task).is_done
            start_s = monotonic()
            for _ in range(photos):
                process.call(task)
            alone_s = monotonic() - start_s
        finally:
            process.close()
        cluster = ClusterOptions(scheduler=address)
        with executor_of(OPTIONS, task.out, jobs=None, photo_limit_s=60, cluster=cluster) as executor:
            results = executor.results(iter([task] * (photos + 1)))
            assert next(results).is_reused  # its process has started
            start_s, start_cpu_s, start_scheduler_s = monotonic(), process_time(), scheduler_cpu_s()
            assert all(result.is_reused for result in results)
            spent_s, cpu_s = monotonic() - start_s, process_time() - start_cpu_s
            spent_scheduler_s = scheduler_cpu_s() - start_scheduler_s
    return Overhead(*(1000 * s / photos for s in (alone_s, spent_s, cpu_s, spent_scheduler_s)))


@contextmanager
def scheduler_and_worker() -> Iterator[tuple[str, Callable[[], float]]]:
    """Start a scheduler and a worker; yield the address, and what returns the scheduler's processor time."""
    import psutil

    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        file = Path(folder) / "scheduler.json"
        place = ("--scheduler-file", str(file), "--host", "127.0.0.1", "--no-dashboard")
        roles = (("scheduler", ("--port", "0")), ("worker", ("--nthreads", "1", "--no-nanny")))
        processes = []
        for role, more in roles:
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.dask_{role}", *place, *more],
                stderr=subprocess.DEVNULL,
                cwd=folder,
            )
            processes.append(process)
            stack.callback(process.wait)
            stack.callback(process.kill)
        while not file.exists():
            sleep(0.1)
        scheduler = psutil.Process(processes[0].pid)
        yield json.loads(file.read_text("utf-8"))["address"], lambda: sum(scheduler.cpu_times()[:2])


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the machine and the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.cluster_overhead", description=__doc__)
    parser.add_argument("--photos", type=int, default=500)
    found = measure(parser.parse_args(arguments).photos)
    print(*this_machine().lines(), "", sep="\n")
    print(f"a photo that is done: {found.alone_ms:.1f} ms in a worker process, {found.dask_ms:.1f} ms through Dask")
    print(f"processor time: client {found.client_cpu_ms:.1f} ms, scheduler {found.scheduler_cpu_ms:.1f} ms a photo")


if __name__ == "__main__":
    main()
