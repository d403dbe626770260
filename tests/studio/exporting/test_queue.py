"""Exports of one project: the same files as from the command line, one at a time, cancelled, failed and kept."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from many_photos import tiny_photo
from PIL import Image
from watched_queue import WatchedQueue, content_of, project_of, wait_until

from kbvr.cli.main import main
from kbvr.errors import DamagedFileError, OutOfMemoryError, OutputError
from kbvr.options.export_options import ExportOptions
from kbvr.serving.worker import Worker
from kbvr.studio.exporting.as_command import command_words
from kbvr.studio.exporting.export import Export, PhotoToExport
from kbvr.studio.exporting.export_process import CancelledError
from kbvr.studio.exporting.history import NAME
from kbvr.studio.exporting.problems import BUG, OUT_OF_MEMORY, problem_of
from kbvr.studio.exporting.queue import ExportQueue
from kbvr.system.isolated_process import EndedError, TimeUpError

FAST = {"depth_quality": "fast", "fill": "spread"}
WIGGLE = {**FAST, "wiggle": "yes", "animate_as": "gif,webp,mp4", "views": "3"}
ENDLESS = {**FAST, "stereo": "yes", "seconds": "100", "fps": "100", "max_size": "64"}


def process_of(queue: ExportQueue) -> int:
    """Return the id of the process that makes exports."""
    process = queue._process._worker.lasting._process
    assert process is not None
    return process._process.pid


def options_of(texts: Mapping[str, Any]) -> ExportOptions:
    return ExportOptions(**texts)


def run_as_command(words: list[str]) -> None:
    assert main(words[1:]) == 0


def test_files_are_those_of_the_same_command(watched: WatchedQueue, cat: PhotoToExport, tmp_path: Path):
    """Loops, stills, a scene and a depth map, byte by byte, with names from the photo's."""
    options = WIGGLE | {"still": "sbs", "picture": "png", "gltf": "yes", "depth_map": "png"}
    export = watched.made(cat, **options)
    assert (export.state, export.problem) == ("done", "")
    run_as_command(command_words([cat.file], tmp_path / "out", options_of(options)))
    made = content_of(export.folder)
    assert made == content_of(tmp_path / "out")
    assert [file.name for file in export.files] == list(dict.fromkeys(file.name for file in export.files))
    assert {file.path for file in export.files} == {*made}
    assert "cat_kbvr_wiggle.gif" in made
    assert watched.stages_of(export)[-1] == "Rendering and saving"


def test_a_mended_depth_is_used(watched: WatchedQueue, cat: PhotoToExport, tmp_path: Path):
    """The result is that of the command with the depth file, and differs from that of the automatic depth."""
    automatic = watched.made(cat, depth_map="png", **FAST)
    depth = automatic.folder / automatic.files[0].path
    mended = tmp_path / "mended.png"
    Image.open(depth).transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(mended)
    exports = watched.made(cat, **WIGGLE), watched.made(project_of(cat.file, mended), depth_model="auto", **WIGGLE)
    options = {**WIGGLE, "depth_quality": "good", "depth": str(mended), "depth_kind": "disparity"}
    run_as_command(command_words([cat.file], tmp_path / "out", options_of(options)))
    first, second = (content_of(export.folder) for export in exports)
    assert second == content_of(tmp_path / "out")
    assert first["cat_kbvr_wiggle.gif"] != second["cat_kbvr_wiggle.gif"]


def test_each_export_has_its_own_folder(watched: WatchedQueue, cat: PhotoToExport):
    """A later result never replaces an earlier one."""
    first = watched.made(cat, depth_map="png", **FAST)
    before = content_of(first.folder)
    second = watched.made(cat, depth_map="png", near_m="3", **FAST)
    assert (first.folder.name, second.folder.name) == ("depth-map", "depth-map-2")
    assert content_of(first.folder) == before != content_of(second.folder)
    assert watched.queue.file(second.id, 0) == second.folder / "cat_kbvr_depth.png"
    assert watched.queue.file(second.id, 1) is None
    assert watched.queue.file(second.id, -1) is None


def test_exports_run_one_at_a_time_in_their_order(watched: WatchedQueue, cat: PhotoToExport):
    exports = [watched.single(cat, depth_map="png", **FAST) for _ in range(3)]
    for export in exports:
        watched.wait_for(export)
    running = [one["id"] for one in watched.told if one["state"] == "running"]
    assert list(dict.fromkeys(running)) == [export.id for export in exports]
    assert sorted(running, key=running.index) == running


def test_cancelling_ends_the_work_within_a_second_and_leaves_nothing(watched: WatchedQueue, cat: PhotoToExport):
    export, next_one = watched.single(cat, **ENDLESS), watched.single(cat, depth_map="png", **FAST)
    wait_until(lambda: export.share)
    worker = process_of(watched.queue)
    start_s = time.monotonic()
    assert watched.queue.cancel(export.id)
    wait_until(lambda: export.has_ended, 5)
    assert time.monotonic() - start_s < 1.5  # of a busy machine
    assert export.state == "cancelled"
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)
    watched.wait_for(next_one)
    assert next_one.state == "done"
    assert {path.name for path in cat.exports.iterdir()} == {"depth-map", NAME}
    assert not watched.queue.cancel(export.id)


def test_an_export_that_waits_is_cancelled_at_once(watched: WatchedQueue, cat: PhotoToExport):
    first, second = watched.single(cat, **ENDLESS), watched.single(cat, **WIGGLE)
    assert watched.queue.cancel(second.id)
    assert second.state == "cancelled"
    assert watched.queue.cancel(first.id)
    assert not watched.queue.cancel("nothing")


def test_an_export_goes_on_after_its_process_crashed(watched: WatchedQueue, cat: PhotoToExport):
    """A killed process is explained as what it most likely is: a lack of memory."""
    export = watched.single(cat, **ENDLESS)
    wait_until(lambda: export.share)
    os.kill(process_of(watched.queue), signal.SIGKILL)
    watched.wait_for(export)
    assert export.state == "failed"
    assert "most likely because memory ran out" in export.problem
    assert watched.made(cat, depth_map="png", **FAST).state == "done"
    assert {path.name for path in cat.exports.iterdir()} == {"depth-map", NAME}


def test_closing_the_queue_ends_what_runs(cat: PhotoToExport):
    watched = WatchedQueue(Worker)
    export = watched.single(cat, **ENDLESS)
    wait_until(lambda: export.share)
    watched.queue.close()
    assert export.state == "cancelled"
    assert [path.name for path in cat.exports.iterdir()] == [NAME]


class SlowToEnd:
    """A job that waits to be cancelled, and takes its time to clean up."""

    def __init__(self, history: Path, error: Exception | None = None) -> None:
        self.history, self._error = history, error
        self.ends, self.may_end = threading.Event(), threading.Event()

    def hold(self) -> None:
        """Do nothing."""

    def let_go(self) -> None:
        """Do nothing."""

    def run(self, export: Export, *_: object) -> None:
        """Wait."""
        export.cancelled.wait(60)
        raise CancelledError

    def discard(self) -> None:
        """End when the test lets it."""
        self.ends.set()
        self.may_end.wait(60)
        if self._error is not None:
            raise self._error


class Discarded(SlowToEnd):
    """A job that is never run."""

    def __init__(self) -> None:
        super().__init__(Path())
        self.may_end.set()


@pytest.mark.parametrize("error", [None, OSError("busy"), ZeroDivisionError("a bug")])
def test_the_queue_outlives_an_export_that_is_removed_as_it_ends(
    error: Exception | None, watched: WatchedQueue, cat: PhotoToExport
):
    """It is not removed before it has ended, and an error of its end stops no later one."""
    export, job = Export("slow", ("cat",), {}, cat.exports), SlowToEnd(cat.exports, error)
    watched.queue.add(export, job)
    wait_until(lambda: export.state == "running")
    assert watched.queue.cancel(export.id)
    job.ends.wait(60)
    assert not watched.queue.forget(export.id)
    assert not watched.queue.add(export, Discarded())
    job.may_end.set()
    wait_until(lambda: export.has_ended)
    assert watched.queue.forget(export.id)
    assert watched.queue.states() == []
    assert watched.made(cat, depth_map="png", **FAST).state == "done"
    assert [one["id"] for one in watched.told].count(export.id) >= 2


def test_one_that_is_removed_when_it_has_ended_does_not_come_back(cat: PhotoToExport):
    """Its removal waits until everybody has been told of its end."""
    told: list[tuple[str, str]] = []
    telling, may_tell = threading.Event(), threading.Event()

    def tell(state: dict[str, Any]) -> None:
        if state["ended_at"]:
            telling.set()
            may_tell.wait(60)
        told.append((state["id"], state["state"]))

    queue = ExportQueue(tell)
    export, job = Export("slow", ("cat",), {}, cat.exports), SlowToEnd(cat.exports)
    job.may_end.set()
    queue.add(export, job)
    wait_until(lambda: export.state == "running")
    queue.cancel(export.id)
    telling.wait(60)
    threading.Timer(0.1, may_tell.set).start()
    removed = queue.forget(export.id)
    told.append((export.id, "removed"))
    queue.close()
    assert removed
    assert told[-1] == (export.id, "removed")


def test_a_closed_queue_keeps_nothing(cat: PhotoToExport):
    queue, job = ExportQueue(lambda _: None), SlowToEnd(cat.exports)
    job.may_end.set()
    queue.close()
    assert not queue.add(Export("late", ("cat",), {}, cat.exports), job)
    assert job.ends.is_set()


def test_errors_are_in_words(watched: WatchedQueue, tmp_path: Path):
    (tmp_path / "torn.jpg").write_bytes(tiny_photo(tmp_path / "whole.jpg").read_bytes()[:700])
    export = watched.made(project_of(tmp_path / "torn.jpg"), **WIGGLE)
    assert (export.state, export.files, export.stage) == ("failed", (), "")
    assert export.problem == "The photo is damaged or incomplete."
    export = watched.made(project_of(tmp_path / "gone.jpg"), **WIGGLE)
    assert "gone.jpg" in export.problem
    (tmp_path / "full.kbvr").write_text("a file in the folder's place")
    export = watched.made(project_of(tiny_photo(tmp_path / "full.jpg")), **WIGGLE)
    assert export.problem == "The folder of the exports cannot be written: Not a directory."


def test_one_output_that_fails_does_not_lose_the_others(watched: WatchedQueue, cat: PhotoToExport):
    export = watched.made(cat, depth_map="png", ply="yes", max_mb="0.001", **FAST)
    assert export.state == "done"
    assert [file.name for file in export.files] == ["cat_kbvr_depth.png"]
    assert export.problem.startswith("ply: ")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), OUT_OF_MEMORY),
        (OutOfMemoryError("rendering requires 3 GB"), "rendering requires 3 GB Close other programs"),
        (EndedError("crashed (SIGKILL)", -9), "most likely because memory ran out"),
        (TimeUpError("no answer", -9), "took too long"),
        (EndedError("crashed (SIGSEGV)", -11), "it crashed (SIGSEGV)"),
        (DamagedFileError("x.jpg: broken"), "damaged or incomplete"),
        (OutputError("cannot write to /e/.kbvr-01234567.part/gltf/a.glb: full"), "cannot write to /e/gltf/a.glb: full"),
        (ZeroDivisionError("a bug"), BUG),
    ],
)
def test_what_ends_an_export_is_explained(error: Exception, words: str):
    assert words in problem_of(error)
