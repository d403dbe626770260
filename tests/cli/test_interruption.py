"""A signal ends the program within two seconds, whatever it is doing, and leaves no file behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from endless_networks import PICTURE, PLANE, endless
from PIL import Image

from kbvr.cli.interruption import GRACE_S, SIGNALS
from kbvr.cli.main import main

BUSY_S = 4.0
"""Two seconds is what is promised; the machine that tests may have more to do."""

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no signals that another process can send")

STUCK = """
import hashlib, sys
from concurrent.futures import ThreadPoolExecutor
from kbvr import pipeline
from kbvr.cli.main import main
from kbvr.system.atomic_file import temporary_folder, atomic_write

def in_compiled_code():
    hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)  # a signal does not get in, another thread does

def in_a_thread():
    with ThreadPoolExecutor() as pool:
        pool.submit(in_compiled_code).result()

def export(photo, out_dir, options, *, progress=None):
    with atomic_write(out_dir / "a.mp4", overwrite=True) as aside, temporary_folder(out_dir) as folder:
        (folder / "b").write_bytes(b"half")
        aside.write_bytes(b"half")
        print("at work", flush=True)
        {stuck}()

pipeline.export_photo = export
sys.exit(main())
"""


@contextmanager
def at_work(program: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run a program until it says that it is at work; kill it in the end if it must."""
    with subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        try:
            assert running.stdout is not None
            assert running.stdout.readline() == "at work\n"
            time.sleep(0.3)  # from saying it to being it
            yield running
        finally:
            running.kill()


def ended(running: subprocess.Popen[str], *numbers: int) -> tuple[int, str, float]:
    """Send signals; return the exit code, what was said and how long it took."""
    start = time.monotonic()
    for number in numbers:
        running.send_signal(number)
        time.sleep(0.05)
    _, said = running.communicate(timeout=30)
    return running.returncode, said, time.monotonic() - start


@pytest.mark.parametrize(
    ("number", "stuck"),
    [("SIGINT", "in_compiled_code"), ("SIGTERM", "in_a_thread"), ("SIGHUP", "in_compiled_code")],
)
def test_code_that_never_comes_back_is_ended(tmp_path: Path, number: str, stuck: str) -> None:
    """In the main thread, and in one that the main thread waits for; files and folders aside are gone."""
    with at_work(STUCK.replace("{stuck}", stuck), "export", "a.jpg", "-o", str(tmp_path / "out")) as running:
        code, said, took_s = ended(running, getattr(signal, number))
    assert (code, said) == (128 + getattr(signal, number), "kbvr: interrupted\n")
    assert took_s < BUSY_S
    assert not (tmp_path / "out").exists()


def test_a_second_ctrl_c_is_not_waited_for(tmp_path: Path) -> None:
    """A person who insists gets what they want at once, and no half-written file either."""
    program = STUCK.replace("{stuck}", "in_compiled_code")
    with at_work(program, "export", "a.jpg", "-o", str(tmp_path / "out")) as running:
        code, said, took_s = ended(running, signal.SIGINT, signal.SIGINT)
    assert (code, said) == (130, "kbvr: interrupted\n")
    assert took_s < GRACE_S
    assert not (tmp_path / "out").exists()


def test_a_terminal_that_takes_no_more_does_not_hold_the_program(tmp_path: Path) -> None:
    """Nobody reads what it says: the pipe is full."""
    program = STUCK.replace("{stuck}", "in_compiled_code")
    program = program.replace(
        'print("at work"',
        "import os, fcntl; fcntl.fcntl(2, fcntl.F_SETFL, os.O_NONBLOCK)\n"
        "        try:\n            while True: os.write(2, b'x')\n        except BlockingIOError: pass\n"
        '        fcntl.fcntl(2, fcntl.F_SETFL, 0)\n        print("at work"',
    )
    with at_work(program, "export", "a.jpg", "-o", str(tmp_path / "out")) as running:
        start = time.monotonic()
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=30) == 143
        assert time.monotonic() - start < BUSY_S


NETWORK = """
import sys
from kbvr.cli.main import main
from kbvr.nets import isolated_network as foreign, isolated_network_worker as foreign_worker
{trust}
asked = foreign.{where}
def told(*arguments, **named):
    print("at work", flush=True)
    return asked(*arguments, **named)
foreign.{where} = told
sys.exit(main())
"""
TRUSTED = "foreign.shipped_checksums = lambda: {foreign.sha256_of_input(__import__('pathlib').Path(sys.argv[-1]), '')}"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "a.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)).save(path)
    return path


@pytest.mark.parametrize(
    ("option", "inputs"),
    [
        ("--depth-model", {"rgb01": PICTURE}),
        ("--fill", {"rgb01": PICTURE, "inverse_depth": PLANE, "known": PLANE}),
    ],
)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_network_of_a_stranger_that_never_ends_is_ended(photo: Path, option: str, inputs: dict, number: int) -> None:
    """It runs in another process, which goes too."""
    network = endless(photo.with_name("endless.onnx"), inputs)
    program = NETWORK.format(trust="", where="IsolatedProcess")
    arguments = ("export", str(photo), "-o", str(photo.parent / "out"), option, str(network))
    with at_work(program, *arguments) as running:
        time.sleep(1.5)  # it starts, and runs
        children = children_of(running.pid)
        code, said, took_s = ended(running, number)
    assert (code, said) == (128 + number, "kbvr: interrupted\n")
    assert took_s < BUSY_S
    assert not (photo.parent / "out").exists()
    until = time.monotonic() + BUSY_S
    while any(Path(f"/proc/{child}").exists() for child in children):
        assert time.monotonic() < until, "the other process is still there"
        time.sleep(0.02)


def test_a_trusted_network_that_takes_long_is_ended(photo: Path) -> None:
    """It runs in this process, in onnxruntime's C++ code, with the main thread inside."""
    network = endless(photo.with_name("endless.onnx"))
    program = NETWORK.format(trust=TRUSTED, where="open_checked")
    arguments = ("export", str(photo), "-o", str(photo.parent / "out"), "--depth-model", str(network))
    with at_work(program, *arguments) as running:
        time.sleep(2.5)  # from the opening to the run
        code, said, took_s = ended(running, signal.SIGTERM)
    assert (code, said) == (143, "kbvr: interrupted\n")
    assert took_s < BUSY_S
    assert not (photo.parent / "out").exists()


def children_of(pid: int) -> list[int]:
    """Return the processes that a process began, where the system tells."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def test_where_no_thread_is_left_commands_run_without_the_watcher(monkeypatch, capsys) -> None:
    """Ctrl-C is Python's then."""

    def refuse(_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("kbvr.cli.interruption.Thread.start", refuse)
    assert main(["formats"]) == 0
    assert "html" in capsys.readouterr().out


def test_a_program_that_calls_the_command_line_gets_its_handlers_back() -> None:
    """And what Python does with signals is as it was: nothing of ours stays."""
    before = [signal.getsignal(number) for number in SIGNALS]
    assert main(["--version"]) == 0
    assert [signal.getsignal(number) for number in SIGNALS] == before
    assert signal.set_wakeup_fd(-1) == -1


def test_ctrl_c_before_the_command_line_is_loaded_prints_no_traceback() -> None:
    """Loading it takes a moment, and here is interrupted."""
    program = """
import os, signal, sys, time
from kbvr.__main__ import main

class Loading:
    def __getattr__(self, name):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)

sys.modules["kbvr.cli.main"] = Loading()
sys.exit(main())
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=30)
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGINT, b"", b"")
