"""Whatever befalls an export: files with final names are whole, one line says what happened, the next export works."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import time
import zlib
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from faults.judging import problem_of_fault
from faults.kinds import KINDS
from faults.whole import READERS, finished, problem_in, unfinished
from faults.zygote import KILL, Fault

ERRORS = (errno.EIO, errno.ENOSPC, errno.EDQUOT)


def number_for(kind: str, salt: str, most: int) -> int:
    """Return a number from 1 to `most`: another for every kind, the same on every day."""
    return 1 + zlib.crc32(f"{kind} {salt}".encode()) % most


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_written_whole(wholes, kind):
    """With nothing left beside it: what the other tests compare with."""
    ended, out = wholes(kind)
    assert (ended.code, ended.stderr) == (0, "")
    assert problem_in(out) == ""
    assert finished(out)
    assert not unfinished(out)
    assert ended.events >= 3


@pytest.mark.parametrize("kind", KINDS)
def test_half_a_file_is_known_for_half_a_file(wholes, tmp_path, kind):
    """By the reader of its kind, and so is one that lacks its last tenth."""
    _, out = wholes(kind)
    for file in finished(out):
        if file.suffix == ".js":
            continue
        for part in (0.5, 0.9):
            shutil.copytree(out, tmp_path / "cut", dirs_exist_ok=True)
            cut = tmp_path / "cut" / file.relative_to(out)
            content = cut.read_bytes()
            kept = content[: int(part * len(content))].removesuffix(
                b"\n"
            )  # a text cut between lines may be a whole one
            cut.write_bytes(kept)
            assert problem_in(tmp_path / "cut"), (file.name, part)
            shutil.rmtree(tmp_path / "cut")
        assert file.suffix in READERS


@pytest.mark.parametrize("kind", KINDS)
def test_who_is_killed_while_writing_leaves_no_half_file(zygote, wholes, given, tmp_path, kind):
    """At an event of its own for each kind; a write that is broken off has written half."""
    at = number_for(kind, "kill", wholes(kind)[0].events)
    wrong, ended = problem_of_fault(
        zygote, kind, given, tmp_path / "out", Fault(folder=str(tmp_path / "out"), event=at, error=KILL)
    )
    assert wrong == ""
    assert ended.code == -9


@pytest.mark.parametrize("kind", KINDS)
def test_a_disk_that_gives_out_is_told_of_in_one_line(zygote, wholes, given, tmp_path, kind):
    """It is broken, full, or the person's share of it is: from an event on, or at one event only."""
    number = list(KINDS).index(kind)
    at = number_for(kind, "disk", max(1, wholes(kind)[0].events * 3 // 4))  # the last ones are not met in every run
    fault = Fault(folder=str(tmp_path / "out"), event=at, events=(1, 10_000)[number % 2], error=ERRORS[number % 3])
    wrong, ended = problem_of_fault(zygote, kind, given, tmp_path / "out", fault, then=False)
    assert wrong == "", fault.says
    assert ended.code == 2, "the fault was not met"


@pytest.mark.parametrize(("kind", "size"), [("stereo", 1000), ("depth maps", 200), ("page", 5000), ("wiggle", 1000)])
def test_files_that_may_not_be_so_large_are_told_of(zygote, given, tmp_path, kind, size):
    """By a limit of the system's."""
    wrong, ended = problem_of_fault(zygote, kind, given, tmp_path / "out", Fault(file_bytes=size), then=False)
    assert wrong == ""
    assert ended.code == 2


@contextmanager
def small_disk(folder: Path, kib: int):
    """Mount a disk in memory of so many KiB."""
    folder.mkdir()
    options = f"size={kib}k"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True)
    if done.returncode:
        pytest.skip("mounting is not allowed here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root mounts disks")
@pytest.mark.parametrize(
    ("kind", "kib"), [("two videos", 4), ("stills", 8), ("depth maps", 8), ("obj", 16), ("splats", 300)]
)
def test_a_full_disk_is_told_of_in_one_line(zygote, given, tmp_path, kind, kib):
    """A real one."""
    with small_disk(tmp_path / "disk", kib):
        wrong, ended = problem_of_fault(zygote, kind, given, tmp_path / "disk" / "out", Fault(), then=False)
        assert wrong == ""
        assert ended.code == 2
        assert "No space left" in ended.stderr


@pytest.mark.parametrize("kind", ["stereo", "wiggle", "stills", "glb"])
@pytest.mark.parametrize("more", [1, 3])
def test_too_few_open_files_are_told_of_in_one_line(zygote, given, tmp_path, kind, more):
    """Or do not matter."""
    wrong, _ = problem_of_fault(zygote, kind, given, tmp_path / "out", Fault(files_more=more), then=False)
    assert wrong == ""


@pytest.mark.parametrize("kind", ["stereo", "wiggle", "stills", "glb"])
@pytest.mark.parametrize("mib", [16, 64])
def test_too_little_memory_is_told_of_in_one_line(zygote, given, tmp_path, kind, mib):
    """Whoever asks for it in vain: an array, a thread, a library in C."""
    wrong, _ = problem_of_fault(zygote, kind, given, tmp_path / "out", Fault(more_bytes=mib << 20), then=False)
    assert wrong == ""


def of_session(session: int) -> list[str]:
    """Return the processes of a session that have not ended."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, _, its = stat.read_text().rpartition(")")[2].split()[:4]
            found += [stat.parent.name] if int(its) == session and state not in "ZX" else []
    return found


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at processes as Linux shows them")
def test_what_a_killed_process_started_ends_as_well(given, tmp_path):
    """The process that decodes notices that nobody will ask it any more."""
    photo = Path(__file__).parents[1] / "data" / "orientation_1.heic"
    command = [sys.executable, "-m", "kbvr", "export", str(photo), "-o", str(tmp_path), "--still", "sbs", "-q"]
    program = subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE)
    assert wait_for(lambda: len(of_session(program.pid)) > 1, 60), "it never started another"
    program.kill()
    program.wait()
    assert wait_for(lambda: not of_session(program.pid), 30), "something goes on"
    assert problem_in(tmp_path) == ""
    program.stderr.close()


def wait_for(happens, limit_s: float) -> bool:
    """Return whether it happens in time."""
    until = time.monotonic() + limit_s
    while not happens():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True
