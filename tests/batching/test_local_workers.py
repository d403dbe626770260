"""Worker processes of this machine: what a crash costs, how memory is shared, and what is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
from many_photos import CHEAP, source_of, tiny_photo

from kbvr.batching.batch import Batch, run_batch
from kbvr.batching.local_workers import LocalWorkers, environment_of
from kbvr.batching.memory_gate import MemoryGate
from kbvr.batching.memory_need import export_bytes_for, export_bytes_of
from kbvr.batching.opening import open_ledger
from kbvr.batching.shares import Shares, shares_of
from kbvr.batching.task import PhotoResult, Task
from kbvr.batching.worker_process import WorkerProcess
from kbvr.errors import InputError
from kbvr.options.export_options import ExportOptions
from kbvr.plan.memory_budget import FIXED_BYTES
from kbvr.system import cuda_driver
from kbvr.system.cuda_driver import CudaDevice, Driver

UNLIMITED = Shares(2, 1, None)


class DeadlyStem(str):
    """A name whose arrival ends the process with a signal."""

    __slots__ = ("signal",)

    def __reduce__(self) -> tuple[Callable[[int], None], tuple[int]]:
        return die, (self.signal,)


def die(number: int) -> None:
    """End this process."""
    os.kill(os.getpid(), number)
    time.sleep(60)


def deadly(number: int) -> DeadlyStem:
    """Return a name that ends a worker process with a signal."""
    stem = DeadlyStem("deadly")
    stem.signal = number
    return stem


def tasks_for(folder: Path, count: int) -> list[Task]:
    """Return tasks for tiny photos."""
    photos = [tiny_photo(folder / f"{number}.jpg", number) for number in range(count)]
    return [Task(source_of(photo), str(folder / "out"), photo.stem, CHEAP, "hash") for photo in photos]


def run(tasks: list[Task], shares: Shares = UNLIMITED, limit_s: float = 60) -> list[PhotoResult]:
    """Return the results of tasks."""
    with LocalWorkers(shares, limit_s=limit_s) as workers:
        return list(workers.results(iter(tasks)))


def test_every_task_has_a_result_and_workers_are_used_again(tmp_path: Path) -> None:
    tasks = tasks_for(tmp_path, 6)
    results = run(tasks)
    assert sorted(result.stem for result in results) == [task.stem for task in tasks]
    assert all(result.is_done for result in results), [result.error for result in results]
    assert len({result.worker for result in results}) <= 2
    assert all((tmp_path / "out" / output.path).is_file() for result in results for output in result.outputs)


def test_a_photo_that_crashes_its_worker_costs_that_photo_only(tmp_path: Path) -> None:
    tasks = tasks_for(tmp_path, 4)
    tasks[1] = replace(tasks[1], stem=deadly(signal.SIGSEGV))
    results = {result.address: result for result in run(tasks, Shares(1, 1, None))}
    crashed = results.pop(tasks[1].source.address)
    assert crashed.status == "failed" and "SIGSEGV" in crashed.error and "\n" not in crashed.error
    assert len(results) == 3 and all(result.is_done for result in results.values())


def test_a_photo_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    (task,) = tasks_for(tmp_path, 1)
    fifo = tmp_path / "slow.jpg"
    os.mkfifo(fifo)
    slow = replace(task, stem=deadly(0))  # signal 0 ends nothing: it sleeps
    (result,) = run([slow], limit_s=2)
    assert result.status == "failed" and "2 s" in result.error


def test_results_among_the_tasks_are_passed_on(tmp_path: Path) -> None:
    left = PhotoResult("/x.jpg", "done", is_left=True)
    (task,) = tasks_for(tmp_path, 1)
    assert {result.address for result in run([left, task])} == {"/x.jpg", task.source.address}


def test_an_error_while_tasks_are_found_is_raised(tmp_path: Path) -> None:
    def tasks() -> Iterator[Task]:
        yield from tasks_for(tmp_path, 1)
        raise InputError("no such folder")

    with LocalWorkers(UNLIMITED, limit_s=60) as workers, pytest.raises(InputError, match="no such folder"):
        list(workers.results(tasks()))


RUN = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from kbvr.batching.batch import Batch, run_batch
from kbvr.batching.local_workers import LocalWorkers
from kbvr.batching.opening import open_ledger
from kbvr.batching.shares import Shares
from kbvr.options.export_options import ExportOptions
from many_photos import source_of
photos = sorted(Path({photos!r}).glob("*.jpg"))
batch = Batch({out!r}, ExportOptions(stereo=True, seconds=20, depth_quality="fast"))
ledger = open_ledger(batch.out)
for result in run_batch(batch, map(source_of, photos), ledger, LocalWorkers(Shares(2, 1, None), limit_s=99)):
    print(result.status, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_run_leaves_no_processes_and_no_unfinished_files(tmp_path: Path, number: int) -> None:
    """Workers notice that their pipe is closed, remove what they were writing, and end."""
    for seed in range(2):
        tiny_photo(tmp_path / f"photos/{seed}.jpg", seed)
    code = RUN.format(tests=str(Path(__file__).parents[1]), photos=str(tmp_path / "photos"), out=str(tmp_path / "out"))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert wait_until(lambda: list((tmp_path / "out").glob(".kbvr-*.part*")), 60)
        workers = children_of(process.pid)
        process.send_signal(number)
        process.wait(20)
    assert workers and wait_until(lambda: not any(map(is_running, workers)), 20)
    assert not list((tmp_path / "out").glob(".kbvr-*.part*"))
    batch = Batch(str(tmp_path / "out"), CHEAP)
    with closing(open_ledger(batch.out)) as ledger:
        assert ledger.counts() == {"started": 2}
        sources = map(source_of, sorted((tmp_path / "photos").iterdir()))
        results = run_batch(batch, sources, ledger, LocalWorkers(UNLIMITED, limit_s=60))
        assert [result.status for result in results] == ["done", "done"]


def test_leaving_early_ends_the_workers(tmp_path: Path) -> None:
    tasks, before = tasks_for(tmp_path, 3), children_of(os.getpid())
    with LocalWorkers(UNLIMITED, limit_s=60) as workers:
        next(workers.results(iter(tasks)))
        begun = {*children_of(os.getpid())} - {*before}
    assert begun and wait_until(lambda: not any(map(is_running, begun)), 10)


# --- memory ---


def test_memory_is_granted_in_order_and_never_beyond_what_there_is() -> None:
    """A large photo waits for the small ones before it, and those after it wait for the large one."""
    gate, events = MemoryGate(100), []

    def use(name: str, wanted: int, hold_s: float) -> None:
        with gate.granted(wanted) as granted:
            events.append((name, granted))
            time.sleep(hold_s)
            events.append((name, -granted))

    threads = []
    for name, wanted, hold_s in (("small", 30, 0.3), ("large", 500, 0.1), ("later", 30, 0.0)):
        threads.append(Thread(target=use, args=(name, wanted, hold_s)))
        threads[-1].start()
        time.sleep(0.05)
    for thread in threads:
        thread.join()
    assert events == [("small", 30), ("small", -30), ("large", 100), ("large", -100), ("later", 30), ("later", -30)]


def test_a_photo_that_exceeds_what_is_granted_is_told_its_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The export then shrinks it. A photo that fits has no limit, so that its outputs do not depend on the machine."""
    limits: list[int | None] = []

    class Recorded(WorkerProcess):
        def needed_bytes(self, task: Task, *_: object) -> int:
            return FIXED_BYTES + (100 if task.stem == "0" else 1000)

        def call(self, task: Task, *_: object) -> PhotoResult:
            limits.append(task.max_bytes)
            return PhotoResult(task.source.address, "done")

    monkeypatch.setattr("kbvr.batching.local_workers.WorkerProcess", Recorded)
    run(tasks_for(tmp_path, 2), Shares(1, 1, FIXED_BYTES + 500))
    assert limits == [None, FIXED_BYTES + 500]


def test_workers_are_as_many_as_processors_and_memory_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    options = ExportOptions(wiggle=True)
    usual = export_bytes_for((4000, 3000), options)
    monkeypatch.setattr("kbvr.batching.shares.processors", lambda: 8)
    for machine, expected in ((usual * 100, (8, 1)), (usual * 4, (3, 2)), (usual, (1, 8)), (None, (8, 1))):
        monkeypatch.setattr("kbvr.batching.shares.machine_bytes", lambda found=machine: found)
        shares = shares_of(options, None)
        assert (shares.jobs, shares.threads) == expected
    limited = shares_of(ExportOptions(wiggle=True, max_memory=2 * usual), None)
    assert limited.jobs == 2 and limited.max_bytes == 2 * usual
    assert shares_of(options, 3).jobs == 3
    with pytest.raises(InputError, match="3 workers take"):
        shares_of(ExportOptions(wiggle=True, max_memory=10**9), 3)


def test_the_memory_of_a_photo_is_known_from_its_header(tmp_path: Path) -> None:
    options = ExportOptions(wiggle=True)
    photo = tiny_photo(tmp_path / "a.jpg")
    assert export_bytes_of(photo, options) == export_bytes_for((96, 64), options)
    (tmp_path / "b.jpg").write_bytes(photo.read_bytes()[:30])
    assert export_bytes_of(tmp_path / "b.jpg", options) == export_bytes_for((4000, 3000), options)
    assert export_bytes_for((4000, 3000), options) > 2 * export_bytes_for((96, 64), options) - FIXED_BYTES


def test_several_gpus_are_shared_by_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    devices = (CudaDevice("A", 10**9), CudaDevice("B", 10**9))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(cuda_driver, "driver", lambda: Driver((12, 0), devices))
    assert [environment_of(number, 1)["CUDA_VISIBLE_DEVICES"] for number in range(3)] == ["0", "1", "0"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert "CUDA_VISIBLE_DEVICES" not in environment_of(0, 1), "the person has chosen"
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    monkeypatch.setattr(cuda_driver, "driver", lambda: None)
    assert set(environment_of(0, 3).values()) == {"3"}


def wait_until(condition: Callable[[], object], seconds: float) -> bool:
    """Return whether a condition becomes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return bool(condition())


def children_of(pid: int) -> list[int]:
    """Return the child processes of a process."""
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]


def is_running(pid: int) -> bool:
    """Return whether a process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_run_is_stopped_from_another_thread(tmp_path):
    """Whoever waits for results gets no more, and nothing unfinished is left."""
    endless = ExportOptions(stereo=True, seconds=100, fps=100, max_size=64, depth_quality="fast", fill="spread")
    tasks = [replace(task, options=endless) for task in tasks_for(tmp_path, 2)]
    with LocalWorkers(UNLIMITED, limit_s=100) as workers:
        reader = Thread(target=lambda: list(workers.results(iter(tasks))), daemon=True)
        reader.start()
        while not workers.current:
            time.sleep(0.05)
        time.sleep(1)
        workers.stop()
        reader.join(5)
        assert not reader.is_alive()
    assert not [path for path in tmp_path.rglob("*") if path.suffix == ".mp4" or ".part" in path.name]
