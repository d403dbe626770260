"""Failures in an isolated process are contained; results are the same as in this process."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from kbvr.errors import InputError
from kbvr.system.isolated_process import EndedError, IsolatedProcess, NotStartedError, Request, TimeUpError, with_retry

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="asks /proc, or limits memory, as only Linux can")

FUNCTIONS = """
import ctypes, logging, os, time
import numpy as np
from kbvr.errors import InputError

def add(a, b):
    return a + b

def own_id():
    return os.getpid()

def crash():
    ctypes.string_at(0)

def hang():
    while True:
        pass

def sleep():
    time.sleep(600)

def eat(megabytes):
    return len(bytearray(megabytes * 10**6))

KEPT = []

def keep(megabytes):
    KEPT.append(bytearray(megabytes * 10**6))

def pixels(height, width):
    return {"rgb": np.arange(height * width * 3, dtype=np.uint32).reshape(height, width, 3), "name": "ü"}

def refuse():
    raise InputError("expected this, got that")

class OddError(Exception):
    def __init__(self, one, two):
        super().__init__(f"{one} {two}")

def fail_oddly():
    raise OddError("both", "parts")

def fail():
    return 1 // 0

def log():
    logger = logging.getLogger("kbvr.somewhere")
    logger.info("for %s", "the curious")
    logger.warning("of %d things", 3)
    return "logged"

def leave_soon():
    from kbvr.system import isolated_worker
    isolated_worker.IDLE_S = 0.05

def folder():
    return os.getcwd()
"""


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., object]]:
    """Return a function that calls one of FUNCTIONS in a process shared by the calls of a test."""
    (tmp_path / "isolated_functions.py").write_text(FUNCTIONS, "utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    process = IsolatedProcess("isolated_functions")

    def call(name: str, *arguments: object, **limits: float) -> object:
        return process.call(Request(f"isolated_functions:{name}", arguments, **limits))  # type: ignore[arg-type]

    call.process = process  # type: ignore[attr-defined]
    yield call
    process.close()


def state_of(pid: int) -> str:
    """Return the letter of a process's state ("Z" is a zombie), empty if it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return ""


def gone_within(pid: int, seconds: float) -> bool:
    """Wait until a process has ended and been reaped."""
    end = time.monotonic() + seconds
    while state_of(pid) and time.monotonic() < end:
        time.sleep(0.01)
    return not state_of(pid)


def test_one_process_answers_all_calls(calls):
    """It stays after the first call, and is not this process."""
    assert calls("add", 1, 2) == 3
    assert calls("own_id") == calls("own_id") != os.getpid()


def test_arrays_come_back_as_they_were(calls):
    """With any type and size, among other values, and writable."""
    answer = calls("pixels", 700, 300)
    assert answer["name"] == "ü"
    assert (answer["rgb"] == np.arange(700 * 300 * 3, dtype=np.uint32).reshape(700, 300, 3)).all()
    answer["rgb"][0] = 1


def test_errors_of_kbvr_are_raised_unchanged_in_the_caller(calls):
    """The process continues."""
    with pytest.raises(InputError, match=r"^expected this, got that$") as caught:
        calls("refuse")
    assert not getattr(caught.value, "__notes__", ())
    assert calls("add", 1, 1) == 2


def test_a_bug_keeps_its_traceback(calls):
    """The exception has its type, and a note with the traceback."""
    with pytest.raises(ZeroDivisionError) as caught:
        calls("fail")
    assert "return 1 // 0" in "".join(caught.value.__notes__)


def test_an_exception_that_cannot_be_pickled_is_raised_as_another(calls):
    """As a RuntimeError with the same text."""
    with pytest.raises(RuntimeError, match="OddError: both parts"):
        calls("fail_oddly")


def test_log_records_are_logged_in_the_caller(calls, caplog):
    """At the caller's log level."""
    caplog.set_level(logging.WARNING, "kbvr")
    assert calls("log") == "logged"
    assert [(record.name, record.getMessage()) for record in caplog.records] == [("kbvr.somewhere", "of 3 things")]
    caplog.set_level(logging.INFO, "kbvr")
    calls("log")
    assert "for the curious" in caplog.text


def test_a_crash_is_reported_and_ends_only_that_process(calls):
    """The message names the signal."""
    with pytest.raises(EndedError, match=r"^crashed \(SIGSEGV\)$") as caught:
        calls("crash")
    assert not caught.value.is_external
    assert not calls.process.is_running


@pytest.mark.parametrize("function", ["hang", "sleep"])
def test_a_process_is_killed_at_the_time_limit(calls, function):
    """Whether it computes or waits."""
    start = time.monotonic()
    with pytest.raises(TimeUpError, match=r"^no answer within 0.3 s$"):
        calls(function, limit_s=0.3)
    assert time.monotonic() - start < 30
    assert not calls.process.is_running


@LINUX
def test_memory_beyond_the_limit_is_refused(calls):
    """As a MemoryError; the limit applies to this call only."""
    with pytest.raises(MemoryError):
        calls("eat", 600, max_bytes=500 * 10**6)
    assert calls("eat", 600) == 600 * 10**6


@LINUX
def test_memory_of_earlier_calls_leaves_room_to_answer(calls):
    """But not for more: the process holds 200 MB, above the limit of the later calls."""
    calls("keep", 200)
    assert calls("eat", 10, max_bytes=10**8) == 10**7
    with pytest.raises(MemoryError):
        calls("eat", 100, max_bytes=10**8)


def test_relative_paths_start_at_the_working_folder_of_the_call(calls, tmp_path, monkeypatch):
    """The process itself stays in no folder, so that folders can be removed."""
    monkeypatch.chdir(tmp_path)
    assert Path(str(calls("folder"))).samefile(tmp_path)
    monkeypatch.chdir("/")
    assert calls("folder") == str(Path.cwd())


@LINUX
def test_the_folder_it_was_started_in_may_be_removed(tmp_path, monkeypatch):
    """Some systems do not remove a folder in which a process runs."""
    monkeypatch.chdir(tmp_path)
    process = IsolatedProcess()
    pid = process.call(Request("os:getpid"))
    assert Path(f"/proc/{pid}/cwd").resolve() == Path("/")
    process.close()


def test_a_process_without_work_ends(calls):
    """A later call reports an external reason."""
    calls("leave_soon")
    end = time.monotonic() + 30
    while calls.process.is_running and time.monotonic() < end:
        time.sleep(0.01)
    with pytest.raises(EndedError) as caught:
        calls("add", 1, 2)
    assert caught.value.is_external


@LINUX
@pytest.mark.parametrize("last", ["close", "crash", "idle", "killed"])
def test_no_process_is_left_behind(calls, last):
    """Not even as a zombie."""
    pid = calls("own_id")
    if last == "close":
        calls.process.close()
    elif last == "crash":
        with pytest.raises(EndedError):
            calls("crash")
    elif last == "idle":
        calls("leave_soon")
    else:
        os.kill(pid, signal.SIGKILL)
    assert gone_within(pid, 30)


PARENT = """
import sys, threading, time
sys.path[:0] = [{folder!r}]
from kbvr.system.isolated_process import IsolatedProcess, Request
process = IsolatedProcess("isolated_functions")
print(process.call(Request("isolated_functions:own_id")), flush=True)
{then}
"""


@LINUX
@pytest.mark.parametrize(
    "then", ["time.sleep(600)", "process.call(Request('isolated_functions:sleep'))", "import os; os._exit(0)"]
)
def test_the_process_ends_with_the_one_that_started_it(calls, tmp_path, then):
    """However the parent ends, and whatever the child is doing."""
    code = PARENT.format(folder=str(tmp_path), then=then)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        time.sleep(0.1)
        parent.kill()
    assert gone_within(pid, 10)


@LINUX
def test_ctrl_c_ends_both_processes_and_only_one_prints_it(calls, tmp_path):
    """A terminal sends it to all processes of the group."""
    code = PARENT.format(folder=str(tmp_path), then="process.call(Request('isolated_functions:hang'))")
    parent = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    time.sleep(0.2)
    os.killpg(parent.pid, signal.SIGINT)
    _, said = parent.communicate(timeout=30)
    assert said.count("Traceback") == said.count("KeyboardInterrupt\n") == 1
    assert gone_within(pid, 10)


def test_ctrl_c_in_the_other_process_allows_a_retry(calls):
    """A program that handles Ctrl-C calls again."""
    pid = calls("own_id")
    os.kill(pid, signal.SIGINT)
    with pytest.raises(EndedError) as caught:
        calls("sleep", limit_s=20.0)
    assert caught.value.is_external


def test_a_frozen_program_does_not_start_itself_again(monkeypatch):
    """It would open a second window."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    with pytest.raises(NotStartedError, match="not a plain Python"):
        IsolatedProcess()


def test_a_process_that_fails_to_import_counts_as_not_started():
    """The message gives the reason."""
    process = IsolatedProcess("no_such_module_at_all")
    with pytest.raises(NotStartedError, match="no_such_module_at_all"):
        process.call(Request("no_such_module_at_all:f"))


@pytest.mark.skipif(os.name == "nt", reason="Windows ends processes without signals")
def test_ctrl_c_while_a_process_starts_allows_a_retry(tmp_path, monkeypatch):
    """The next one may start."""
    (tmp_path / "interrupted_once.py").write_text(
        "import os, signal\n"
        "from pathlib import Path\n"
        "seen = Path(__file__).with_suffix('.seen')\n"
        "if not seen.exists():\n"
        "    seen.touch()\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "def answer():\n"
        "    return 'here'\n",
        "utf-8",
    )
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    processes: list[IsolatedProcess] = []

    def asked() -> object:
        processes.append(IsolatedProcess("interrupted_once"))
        return processes[-1].call(Request("interrupted_once:answer"))

    assert with_retry(asked) == "here"
    assert len(processes) == 2
    processes[-1].close()
