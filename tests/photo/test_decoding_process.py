"""A file that crashes a decoder costs one photo; the program and the other photos continue."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import kbvr
from kbvr.cli.main import main
from kbvr.errors import InputError, OutOfMemoryError
from kbvr.photo import decoders
from kbvr.photo import decoding_process as decode_apart
from kbvr.system import resources
from kbvr.system.isolated_process import IsolatedProcess, NotStartedError, Request

CASES = Path(__file__).parents[1] / "cases"
CRASHING_HEIC = CASES / "photo7_11.heic"
"""It has one wrong bit, which makes libheif 1.21 read out of bounds."""

STAND_IN = """
import ctypes, os, signal, sys, time

def decode_photo(path, max_bytes, second="none"):
    what = open(path).read()
    if what == "crash":
        ctypes.string_at(0)
    if what == "hang":
        while True: pass
    if what == "eat":
        held = [bytearray(2**26) for _ in range(10**6)]
    if what == "abort":
        print("terminate called after throwing an instance of 'std::bad_alloc'", file=sys.stderr, flush=True)
        os.abort()
    if what == "vanish":
        os.remove(path)
        ctypes.string_at(0)
    if what == "interrupted":
        if os.path.exists(path + ".seen"):
            raise ValueError("asked twice")
        open(path + ".seen", "w").close()
        what = "SIGINT"
    os.kill(os.getpid(), getattr(signal, what))

def decode_depth(path, kind, max_bytes, half):
    return decode_photo(path, max_bytes)
"""


@pytest.fixture
def fresh() -> Iterator[None]:
    """Begin and end a test without idle processes."""
    decoders.end_all()
    yield
    decoders.end_all()


@pytest.fixture
def started(fresh: None, monkeypatch: pytest.MonkeyPatch) -> list[IsolatedProcess]:
    """Return a list that receives every process that a test starts."""
    processes: list[IsolatedProcess] = []
    start = decoders.start_process

    def noted() -> IsolatedProcess:
        processes.append(start())
        return processes[-1]

    monkeypatch.setattr(decoders, "start_process", noted)
    return processes


@pytest.fixture
def stand_in(fresh: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Decode files with STAND_IN; return a function that writes a file with an instruction for it."""
    (tmp_path / "stand_in_decoder.py").write_text(STAND_IN, "utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(decoders, "MODULE", "stand_in_decoder")
    monkeypatch.setattr(resources, "machine_bytes", lambda: 10**9)

    def write(what: str) -> Path:
        monkeypatch.setattr(decode_apart, "LIMIT_S", 1.0 if what == "hang" else 60.0)
        path = tmp_path / f"{what}.heic"
        path.write_text(what, "ascii")
        return path

    return write


def photo_file(path: Path, *, shade: int = 0, size_px: tuple[int, int] = (48, 32)) -> Path:
    """Write a uniformly grey photo."""
    Image.new("RGB", size_px, (shade, shade, shade)).save(path)
    return path


def test_a_file_that_crashes_its_decoder_costs_one_photo(tmp_path, capsys, started):
    """It gets one line and exit code 2; the photos before and after it are exported."""
    photos = [photo_file(tmp_path / "a.png"), CRASHING_HEIC, photo_file(tmp_path / "b.png")]
    out = tmp_path / "out"
    assert main(["export", "--still", "anaglyph", "-q", "-o", str(out), *map(str, photos)]) == 2
    assert capsys.readouterr().err == (
        f"kbvr: {CRASHING_HEIC}: the HEIC decoder crashed (SIGSEGV); the file is probably damaged\n"
    )
    assert sorted(path.name for path in out.iterdir()) == ["a_kbvr_anaglyph.jpg", "b_kbvr_anaglyph.jpg"]
    assert len(started) == 2


@pytest.mark.parametrize(
    ("what", "error", "said"),
    [
        ("crash", InputError, r"the file decoder crashed \(SIGSEGV\); the file is probably damaged"),
        ("vanish", InputError, r"the file decoder crashed \(SIGSEGV\); the file is probably damaged"),
        ("hang", InputError, "decoding failed: no answer within 1 s"),
        ("eat", OutOfMemoryError, r"decoding takes more than 1.1 GB of memory"),
        ("abort", OutOfMemoryError, "not enough memory to decode it"),
        ("SIGKILL", OutOfMemoryError, "not enough memory to decode it"),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="signals, and a limit to memory")
def test_every_failure_of_a_decoder_gives_one_line(stand_in, what, error, said):
    """For photos and for depth files."""
    path = stand_in(what)
    with pytest.raises(error, match=f"^{path}: {said}$"):
        kbvr.load_photo(path)
    with pytest.raises(error, match=f"^{path}: {said}$"):
        decode_apart.decoded_depth(stand_in(what), "depth-m")


@pytest.mark.skipif(os.name == "nt", reason="Windows ends processes without signals")
def test_ctrl_c_that_the_program_survives_costs_no_photo(stand_in):
    """A program may handle Ctrl-C: a new process decodes the file."""
    with pytest.raises(ValueError, match="asked twice"):
        kbvr.load_photo(stand_in("interrupted"))


def test_a_hundred_files_are_decoded_by_one_process(tmp_path, started):
    """Including files that are refused."""
    for index in range(50):
        photo = kbvr.load_photo(photo_file(tmp_path / f"{index}.png", shade=index))
        assert photo.rgb[0, 0].tolist() == [index] * 3
        (tmp_path / f"{index}.jpg").write_bytes(b"\xff\xd8\xff\xe0")
        with pytest.raises(InputError, match="damaged"):
            kbvr.load_photo(tmp_path / f"{index}.jpg")
    assert len(started) == 1


def test_threads_decode_at_the_same_time(tmp_path, started):
    """Each thread loads its own photo."""
    wrong: list[int] = []

    def load(shade: int) -> None:
        path = photo_file(tmp_path / f"{shade}.png", shade=shade, size_px=(400, 300))
        wrong.extend(shade for _ in range(5) if (kbvr.load_photo(path).rgb != shade).any())

    threads = [threading.Thread(target=load, args=(shade,)) for shade in (10, 20, 30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not wrong
    assert 1 <= len(started) <= 3


@pytest.mark.skipif(os.name == "nt", reason="Windows ends processes without signals")
def test_a_process_that_has_ended_leaves_no_open_pipes(tmp_path, started):
    """For example after a minute without work: `python -X dev` would warn of open pipes."""
    photo = photo_file(tmp_path / "a.png")
    kbvr.load_photo(photo)
    process = started[0]
    os.kill(process._process.pid, signal.SIGTERM)
    process._process.wait()
    kbvr.load_photo(photo)
    assert len(started) == 2
    assert process._requests.closed
    assert process._answers.closed


def test_more_memory_than_any_machine_has_is_no_limit(tmp_path, started):
    assert kbvr.load_photo(photo_file(tmp_path / "a.png"), max_memory_bytes=10**19).size_px == (48, 32)


def test_a_missing_file_starts_no_process(tmp_path, started):
    """The message is the same."""
    for path in (tmp_path / "no.jpg", tmp_path):
        with pytest.raises(InputError):
            kbvr.load_photo(path)
    assert not started


def test_without_a_second_process_files_are_decoded_in_this_one(tmp_path, monkeypatch, caplog, fresh):
    """The warning is logged once."""
    decode_apart._warn_of_no_process.cache_clear()

    def refuse() -> IsolatedProcess:
        raise NotStartedError("Operation not permitted")

    monkeypatch.setattr(decoders, "start_process", refuse)
    path = photo_file(tmp_path / "a.png", shade=7)
    for _ in range(2):
        assert kbvr.load_photo(path).rgb[0, 0].tolist() == [7, 7, 7]
    said = [record.getMessage() for record in caplog.records if "process" in record.getMessage()]
    assert said == [
        "a damaged file can crash this program: no process could be started to decode it (Operation not permitted)"
    ]


def test_a_script_without_a_main_guard_can_load_photos(tmp_path):
    """The script runs once, not again in the other process, and nothing is printed."""
    script = tmp_path / "script.py"
    path = photo_file(tmp_path / "a.png")
    script.write_text(f"print('once')\nimport kbvr\nprint(kbvr.load_photo({str(path)!r}).size_px)\n", "utf-8")
    root = str(Path(kbvr.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert (done.stdout, done.stderr, done.returncode) == ("once\n(48, 32)\n", "", 0)


def _decoder_of_child(path: str, answers: multiprocessing.Queue) -> None:
    answers.put((int(kbvr.load_photo(path).rgb[0, 0, 0]), decoders.call(Request("os:getpid"))))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_forked_daemon_starts_its_own_decoder(tmp_path, started):
    """It must not use the parent's process."""
    path = photo_file(tmp_path / "a.png", shade=9)
    kbvr.load_photo(path)
    forked = multiprocessing.get_context("fork")
    answers = forked.Queue()
    child = forked.Process(target=_decoder_of_child, args=(str(path), answers), daemon=True)
    child.start()
    shade, decoder = answers.get(timeout=60)
    child.join(60)
    assert (shade, kbvr.load_photo(path).rgb[0, 0, 0]) == (9, 9)
    assert decoder != decoders.call(Request("os:getpid"))
    assert len(started) == 1


def test_depth_files_are_decoded_in_the_other_process_too(tmp_path, started):
    """The array keeps its type."""
    np.save(tmp_path / "depth.npy", np.arange(12, dtype=">i2").reshape(3, 4))
    stored = decode_apart.decoded_depth(tmp_path / "depth.npy", "depth-m").values
    assert (stored.dtype.kind, stored.tolist()) == ("i", np.arange(12).reshape(3, 4).tolist())
    assert len(started) == 1
