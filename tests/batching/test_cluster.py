"""A batch on a cluster, with a real scheduler and real workers that are lost, frozen and slow."""

from __future__ import annotations

import hashlib
import re
import signal
import sys
import threading
import time
from asyncio import CancelledError
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from batching.audited import on_open
from batching.dask_site import DaskSite, wait_until
from batching.small_photos import OPTIONS, photo, task

import kbvr
from kbvr.batching.cluster import roster as cluster_roster
from kbvr.batching.cluster.dask_executor import DaskExecutor
from kbvr.batching.cluster.options import ClusterOptions
from kbvr.batching.executor import Executor
from kbvr.batching.executors import executor_of
from kbvr.batching.places import LocalPlace
from kbvr.batching.receipts import all_receipts
from kbvr.batching.task import PhotoResult, Task
from kbvr.cli.main import main
from kbvr.errors import InputError
from kbvr.system.atomic_file import UNFINISHED

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
PHOTOS = 40


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("log") / "log.txt"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, log: Path) -> Iterator[DaskSite]:
    """Two workers for the tests that lose none: one with a thread, and one with two GPUs and two threads for each."""
    folder = tmp_path_factory.mktemp("site")
    with_hooks = on_open(folder / "hooks") | {"KBVR_TEST_LOG": str(log), "CUDA_VISIBLE_DEVICES": "5,6"}
    site = DaskSite(folder, with_hooks)
    try:
        site.start_scheduler()
        for options in (("--nthreads", "1"), ("--nthreads", "4", "--resources", "GPU=2")):
            site.start_worker("--no-nanny", *options)
        site.wait_for_workers()
        yield site
    finally:
        site.close()


def executor(site: DaskSite, out: Path, *, limit_s: float = 60.0, **options: object) -> DaskExecutor:
    found = executor_of(
        OPTIONS, str(out), jobs=None, photo_limit_s=limit_s, cluster=ClusterOptions(scheduler=site.address, **options)
    )
    assert isinstance(found, DaskExecutor)
    return found


def tasks_in(folder: Path, out: Path, count: int) -> list[Task]:
    return [task(photo(folder / f"photo{number}.png", number), out) for number in range(count)]


def check_complete(out: Path, results: list[PhotoResult], tasks: list[Task]) -> None:
    """Check that every photo has one result, one receipt and its outputs, and that nothing else was left."""
    assert Counter(result.address for result in results) == Counter(one.source.address for one in tasks)
    assert all(result.is_done for result in results), [result.error for result in results if result.error]
    receipts = list(all_receipts(LocalPlace(out)))
    assert Counter(receipt.address for receipt in receipts) == Counter(one.source.address for one in tasks)
    outputs = {output.path: output.sha256 for receipt in receipts for output in receipt.outputs}
    assert len(outputs) == len(tasks)
    assert outputs == {path: hashlib.sha256((out / path).read_bytes()).hexdigest() for path in outputs}
    written = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    left = written - {*outputs} - {path for path in written if path.startswith(".kbvr/receipts/")}
    assert not [path for path in left if not UNFINISHED.fullmatch(Path(path).name)]


def test_photos_are_made_by_all_workers(site, tmp_path):
    """And the executor is one, for those who do not care which."""
    tasks = tasks_in(tmp_path, tmp_path / "out", 8)
    with executor(site, tmp_path / "out") as workers:
        assert isinstance(workers, Executor)
        results = list(workers.results(iter(tasks)))
    check_complete(tmp_path / "out", results, tasks)
    assert len({result.worker for result in results}) >= 3


def test_a_second_batch_makes_nothing_again(site, tmp_path):
    """The receipts say what is done, whichever cluster made it."""
    tasks = tasks_in(tmp_path, tmp_path / "out", 3)
    for is_reused in (False, True):
        with executor(site, tmp_path / "out") as workers:
            assert {result.is_reused for result in workers.results(iter(tasks))} == {is_reused}


def test_a_million_tasks_do_not_sit_in_the_scheduler(site, tmp_path):
    """They are taken while fewer than two per thread or GPU are in progress, or wait to be read."""
    taken, slots = [], 1 + 2
    path = photo(tmp_path / "photo.png")

    def tasks() -> Iterator[Task]:
        for number in range(1_000_000):
            taken.append(number)
            yield task(path, tmp_path / "out", stem=f"photo{number}")

    with executor(site, tmp_path / "out") as workers:
        results = workers.results(tasks())
        next(results)
        time.sleep(1)  # more results come, but nobody reads them
        assert slots <= len(taken) <= 2 * slots + 1
        next(results)


def test_results_come_while_the_next_task_does_not(site, tmp_path):
    """A watched folder may stay empty for hours; results of earlier runs pass through."""
    first, second = tasks_in(tmp_path, tmp_path / "out", 2)
    left = PhotoResult("/old.png", "done", is_left=True)
    seen: list[PhotoResult] = []

    def tasks() -> Iterator[Task | PhotoResult]:
        yield first
        yield left
        wait_until(lambda: len(seen) == 2)
        yield second

    with executor(site, tmp_path / "out") as workers:
        seen.extend(workers.results(tasks()))
    assert {result.address for result in seen[:2]} == {first.source.address, left.address}
    assert seen[2].address == second.source.address


def test_an_error_of_the_iterator_ends_the_batch(site, tmp_path):
    """Such as a source that cannot be listed."""

    def tasks() -> Iterator[Task]:
        yield task(photo(tmp_path / "photo.png"), tmp_path / "out")
        raise InputError("no such folder")

    with executor(site, tmp_path / "out") as workers, pytest.raises(InputError, match="no such folder"):
        list(workers.results(tasks()))


def test_a_crash_costs_its_photo_only(site, tmp_path):
    """And names the signal."""
    tasks = [task(photo(tmp_path / f"{name}.png"), tmp_path / "out") for name in ("SIGSEGV", "good")]
    with executor(site, tmp_path / "out") as workers:
        errors = {Path(result.address).stem: result.error for result in workers.results(iter(tasks))}
    assert errors == {"SIGSEGV": "its process crashed (SIGSEGV)", "good": ""}


def test_a_photo_that_takes_too_long_is_given_up(site, tmp_path):
    """At the limit of the batch."""
    tasks = [task(photo(tmp_path / "hang.png"), tmp_path / "out")]
    with executor(site, tmp_path / "out", limit_s=2) as workers:
        (result,) = workers.results(iter(tasks))
    assert result.error == "it took longer than the limit of 2 s"


def test_leaving_the_context_ends_what_is_being_made(site, tmp_path):
    """Whatever it is doing; the workers stay, for the next batch."""
    bad, good = (task(photo(tmp_path / name), tmp_path / "out") for name in ("hang.png", "good.png"))
    with executor(site, tmp_path / "out") as workers:
        results = workers.results(iter([bad] * 10))

        def read() -> None:
            with pytest.raises(CancelledError):
                next(results)

        reader = threading.Thread(target=read)
        reader.start()
        wait_until(lambda: len(workers.current) == 3)
        time.sleep(1)
    reader.join()
    with executor(site, tmp_path / "out", limit_s=50) as workers:
        assert next(workers.results(iter([good]))).seconds < 50


def test_a_photo_with_a_gpu_has_it_for_itself(site, tmp_path, log):
    """A worker that declares GPUs makes one photo on each, with its share of the threads; others use their threads."""
    tasks = [task(photo(tmp_path / f"seen{number}.png", number), tmp_path / "out") for number in range(8)]
    with executor(site, tmp_path / "out") as workers:
        list(workers.results(iter(tasks)))
    lines = {line for line in log.read_text("utf-8").splitlines() if line.startswith("seen")}
    by_process = Counter({words[1]: tuple(words[2:]) for words in map(str.split, lines)}.values())
    assert {visible for visible, threads in by_process if threads == "2"} == {"5", "6"}
    assert by_process["5", "2"] == by_process["6", "2"] == 1  # others are decoders, with one thread
    assert by_process["5,6", "1"] >= 1


def test_the_command_line_and_the_library_share_photos_among_workers(site, tmp_path, capsys):
    """With the ledger of any batch."""
    for number in range(3):
        photo(tmp_path / "photos" / f"{number}.png", number)
    call = [
        "batch",
        str(tmp_path / "photos"),
        "-o",
        str(tmp_path / "out"),
        "--depth-map",
        "png",
        "--depth-quality",
        "fast",
    ]
    assert main([*call, "--scheduler", site.address]) == 0, capsys.readouterr().err
    again = kbvr.batch(
        tmp_path / "photos", tmp_path / "out", scheduler=site.address, depth_map="png", depth_quality="fast"
    )
    results = list(again)
    assert len(results) == 3 and all(result.is_done and result.is_left for result in results)
    assert main([*call, "--scheduler", "tcp://127.0.0.1:1", "--workers", "2"]) == 2
    assert "--workers requires --cluster slurm or kubernetes or ssh" in capsys.readouterr().err


def test_a_worker_with_another_version_is_not_used(site, tmp_path, monkeypatch):
    """Its outputs could differ; if there is no other worker, the batch does not start."""
    monkeypatch.setattr(cluster_roster, "version", lambda _: "9.9")
    message = r"expected kbvr 9\.9 on worker tcp://127\.0\.0\.1:\d+, got \d"
    with pytest.raises(InputError, match=message), executor(site, tmp_path / "out"):
        pass


def test_workers_without_the_output_folder_are_not_used(site, tmp_path):
    """One line says so at the start, rather than each photo."""
    out = tmp_path / "unshared" / "out"
    message = rf"worker tcp://\S+ has no access to the output folder {re.escape(str(out))}: the folder is empty"
    with pytest.raises(InputError, match=message), executor(site, out):
        pass


def test_workers_without_the_photos_are_not_used(site, tmp_path):
    """A photo that this machine can read and no worker can is not the photo's fault."""
    tasks = tasks_in(tmp_path / "unshared", tmp_path / "out", 20)
    with executor(site, tmp_path / "out") as workers:
        results = workers.results(iter(tasks))
        message = r"worker tcp://\S+ cannot read \S+/unshared/photo\d+\.png, which this machine can read"
        with pytest.raises(InputError, match=message):
            list(results)


def test_a_scheduler_without_kbvr_is_an_error(tmp_path):
    """It passes functions on, and imports them for that."""
    blocked = on_open(tmp_path / "hooks", "import sys; sys.modules['kbvr.batching'] = None")
    site = DaskSite(tmp_path / "site", blocked)
    message = r"expected kbvr \S+ on the scheduler, got an error: .*kbvr\.batching"
    try:
        site.start_scheduler()
        site.start_worker()
        site.wait_for_workers()
        with pytest.raises(InputError, match=message), executor(site, tmp_path / "out"):
            pass
    finally:
        site.close()


def test_a_scheduler_that_does_not_answer_is_an_error(tmp_path):
    """After a while, since it may be about to start."""
    site = DaskSite(tmp_path / "site")
    message = f"expected a Dask scheduler at {site.address}, got no answer"
    with pytest.raises(InputError, match=message), executor(site, tmp_path / "out", scheduler_timeout_s=1):
        pass


def test_nothing_is_missing_or_made_twice_after_losses(tmp_path, log, caplog):
    """A worker is killed, one freezes, the scheduler is lost and comes back, and the disk is slow all the time."""
    out, made = tmp_path / "out", tmp_path / "made.txt"
    hooks = on_open(tmp_path / "hooks") | {"KBVR_TEST_LOG": str(made), "KBVR_TEST_SLOW_FOLDER": str(out)}
    site = DaskSite(tmp_path / "site", hooks)
    tasks = tasks_in(tmp_path, out, PHOTOS)
    results: list[PhotoResult] = []
    try:
        site.start_scheduler()
        killed, frozen, _ = (site.start_worker() for _ in range(3))
        site.wait_for_workers()
        with executor(site, out, worker_timeout_s=3, scheduler_timeout_s=30) as workers:
            for result in workers.results(iter(tasks)):
                results.append(result)
                if len(results) == 8:
                    killed.kill()
                    site.start_worker()  # as a service manager does
                elif len(results) == 14:
                    frozen.send_signal(signal.SIGSTOP)
                elif len(results) == 24:
                    assert site.scheduler is not None
                    wait_until(lambda: any("has been silent" in text for text in caplog.messages))
                    site.scheduler.kill()
                    site.scheduler.wait()
                    time.sleep(1)
                    site.start_scheduler()
                    for _ in range(2):  # workers end when they lose their scheduler
                        site.start_worker()
                elif len(results) == 32:
                    frozen.send_signal(signal.SIGCONT)
    finally:
        site.close()
    check_complete(out, results, tasks)
    assert len([text for text in caplog.messages if re.match("the scheduler at .* was lost", text)]) == 1
    written = Counter(line for line in made.read_text("utf-8").splitlines() if line.startswith("receipt"))
    assert set(written) == {f"receipt {one.key}.json" for one in tasks}
    assert max(written.values()) <= 4, "two tries, each of which writes one at its start and one at its end"


def test_a_photo_that_takes_its_worker_down_is_set_aside(tmp_path):
    """After three tries; the others are made."""
    out, made = tmp_path / "out", tmp_path / "made.txt"
    site = DaskSite(tmp_path / "site", on_open(tmp_path / "hooks") | {"KBVR_TEST_LOG": str(made)})
    poison, *others = [task(photo(tmp_path / "poison.png"), out), *tasks_in(tmp_path, out, 8)]
    try:
        site.start_scheduler()
        for _ in range(4):
            site.start_worker()
        site.wait_for_workers()
        with executor(site, out) as workers:
            results = {result.address: result for result in workers.results(iter([poison, *others]))}
    finally:
        site.close()
    error = results.pop(poison.source.address).error
    assert re.fullmatch(r"set aside after 3 tries: worker tcp://\S+ was lost while making it", error)
    check_complete(out, list(results.values()), others)
    assert made.read_text("utf-8").splitlines().count("poison") == 3
