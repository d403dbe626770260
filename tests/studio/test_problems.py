"""What goes wrong is told in words that say what to do."""

from __future__ import annotations

import logging
import signal
import sys
from pathlib import Path
from threading import Event

import pytest
from many_photos import tiny_photo
from studio_client import opened_studio
from studio_states import until

from kbvr.errors import AlreadyExistsError, DamagedFileError, OutputError
from kbvr.serving.worker import Worker
from kbvr.studio import problems
from kbvr.studio.problems import BUG, CRASHED, OUT_OF_MEMORY, problem_of
from kbvr.system.isolated_process import EndedError, NotStartedError, Request, TimeUpError

PHOTO = Path("/photos/cat.jpg")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (DamagedFileError("/photos/cat.jpg: expected a JPEG, got dust"), "The photo is damaged or incomplete."),
        (
            OutputError("cannot write to /proc/kbvr: No such file"),
            "another one: kbvr studio --projects FOLDER",
        ),
        (AlreadyExistsError("/photos/a.glb"), "a.glb already exists"),
        (TimeUpError("no answer", -9), "took too long"),
        (EndedError("crashed (SIGKILL)", -9), OUT_OF_MEMORY),
        (EndedError("crashed (SIGSEGV)", -11), "Choose the photo again to try once more."),
        (NotStartedError("no python"), "could not be started: no python"),
        (MemoryError(), "There is not enough memory for this photo."),
        (ZeroDivisionError("a bug"), BUG),
    ],
)
def test_what_ends_the_work_on_a_photo_is_explained(error, words):
    assert words in problem_of(error, PHOTO)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGSEGV")
@pytest.mark.parametrize("function", ["read", "thumbnail"])
def test_a_file_whose_decoder_crashes_is_called_unreadable(tmp_path, monkeypatch, function):
    """And not by the name of a signal."""
    with opened_studio(tmp_path / "projects") as client:
        worker = client.studio.making._worker
        call = worker.call

        def crashes(request: Request) -> object:
            if request.function.endswith(f":{function}"):
                raise EndedError("crashed (SIGSEGV)", -signal.SIGSEGV)
            return call(request)

        monkeypatch.setattr(worker, "call", crashes)
        if function == "read":
            project = client.upload(tiny_photo(tmp_path / "cat.jpg"))
        else:
            project = client.studio.projects.add_reference(tiny_photo(tmp_path / "cat.jpg")).id
            client.studio.making.thumbnail(client.studio.projects.get(project))
        assert until(client, project, lambda state: bool(state["problem"]))["problem"] == CRASHED


def test_a_folder_that_cannot_be_written_says_what_to_do(tmp_path):
    (tmp_path / "file").write_text("no folder", "utf-8")
    photo = tiny_photo(tmp_path / "cat.jpg").read_bytes()
    with opened_studio(tmp_path / "file" / "projects") as client:
        status, _, answer = client.raw("POST", "api/projects?name=cat.jpg", photo)
    assert status == 422
    assert b"kbvr cannot write to" in answer
    assert problems.UNWRITABLE.encode() in answer


def test_a_studio_that_is_closed_while_it_works_logs_nothing(tmp_path, caplog):
    """Its process is killed then."""
    begun = Event()
    with caplog.at_level(logging.WARNING), opened_studio(tmp_path, new_worker=Worker) as client:
        making = client.studio.making

        def work() -> None:
            begun.set()
            making._worker.call(Request("time:sleep", (60,), 120))

        making._quick.put("warm up", work)  # instead of what is done at the start, if that has not begun
        assert begun.wait(60)
    assert not [record for record in caplog.records if record.name.startswith("kbvr.studio")]
