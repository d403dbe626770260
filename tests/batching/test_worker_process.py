"""One process makes many photos, and outlives those that crash it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from batching.audited import on_open
from batching.small_photos import OPTIONS, photo, task
from PIL import Image

from kbvr.batching.memory_need import USUAL_PX, export_bytes_for
from kbvr.batching.worker_process import WorkerProcess
from kbvr.system.isolated_process import EndedError


@pytest.fixture
def process(tmp_path: Path) -> Iterator[WorkerProcess]:
    worker = WorkerProcess(on_open(tmp_path / "site") | {"KBVR_TEST_LOG": str(tmp_path / "log.txt")})
    yield worker
    worker.close()


def test_photos_are_made_in_one_process(process, tmp_path):
    """So that the networks are loaded once."""
    paths = [photo(tmp_path / f"{number}.png", number) for number in range(2)]
    results = [process.call(task(path, tmp_path / "out")) for path in paths]
    assert [result.status for result in results] == ["done", "done"]
    assert len({result.worker for result in results}) == 1
    assert all((tmp_path / "out" / output.path).is_file() for result in results for output in result.outputs)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("SIGSEGV", "its process crashed (SIGSEGV)"),
        ("SIGABRT", "its process crashed (SIGABRT)"),
        ("SIGKILL", "its process was killed twice (SIGKILL), probably because memory ran out"),
        ("exit3", "its process ended with code 3: reason of the exit"),
        ("hang", "it took longer than the limit of 3 s"),
    ],
)
def test_a_photo_that_ends_its_process_costs_itself_only(process, tmp_path, name, error):
    """Its result names the signal in one line; the next photo is made in a new process."""
    bad = process.call(task(photo(tmp_path / f"{name}.png"), tmp_path / "out"), limit_s=3 if name == "hang" else 60)
    assert (bad.status, bad.error, bad.outputs) == ("failed", error, ())
    good = process.call(task(photo(tmp_path / "good.png"), tmp_path / "out"))
    assert good.is_done
    assert name != "hang" or (tmp_path / "log.txt").read_text("utf-8").split() == ["hang"]  # it was not tried again


@pytest.mark.parametrize("name", ["SIGKILL-once", "SIGTERM-once"])
def test_a_photo_is_tried_again_if_its_process_was_ended_from_outside(process, tmp_path, name):
    """That says nothing about the photo."""
    assert process.call(task(photo(tmp_path / f"{name}.png"), tmp_path / "out")).is_done


def test_a_kill_ends_a_call_in_another_thread(process, tmp_path):
    """And no other process is started for it."""
    bad = task(photo(tmp_path / "hang.png"), tmp_path / "out")
    ended = []

    def call() -> None:
        with pytest.raises(EndedError):
            process.call(bad)
        ended.append(True)

    thread = threading.Thread(target=call)
    thread.start()
    time.sleep(1.5)
    process.kill()
    thread.join(10)
    assert ended
    with pytest.raises(EndedError):
        process.call(bad)


def test_relative_paths_of_options_start_from_the_given_folder(process, tmp_path):
    """A worker on another machine has a working folder of its own."""
    depth = tmp_path / "here" / "depth.png"
    depth.parent.mkdir()
    Image.fromarray(np.tile(np.arange(96, dtype=np.uint8), (64, 1))).save(depth)
    options = OPTIONS.model_copy(update={"depth": Path(depth.name), "depth_kind": "disparity"})
    good = task(photo(tmp_path / "good.png"), tmp_path / "out", options=options)
    result = process.call(good, folder=str(depth.parent))
    assert result.is_done, result.error


def test_the_memory_of_a_photo_is_known_before_it_is_made(process, tmp_path):
    """A photo whose size cannot be read, or that crashes its reader, counts as a usual one."""
    small, usual = export_bytes_for((96, 64), OPTIONS), export_bytes_for(USUAL_PX, OPTIONS)
    assert process.needed_bytes(task(photo(tmp_path / "good.png"), tmp_path)) == small < usual
    assert process.needed_bytes(task(photo(tmp_path / "SIGSEGV.png"), tmp_path)) == usual
