"""`kbvr watch`, from its start to Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

from many_photos import tiny_photo

OPTIONS = ("--depth-map", "png", "--depth-quality", "fast", "--jobs", "1", "--settle", "0.3")


def test_photos_are_made_as_they_appear_until_ctrl_c(tmp_path: Path) -> None:
    """Those that are there at first, one that appears later, and none twice after a restart."""
    tiny_photo(tmp_path / "in/a.jpg", 1)
    command = [sys.executable, "-m", "kbvr", "watch", "in", "-o", "out", *OPTIONS]
    for expected in (("a.jpg", "b.jpg"), ("c.jpg",)):
        with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            for name in expected:
                tiny_photo(tmp_path / "in" / name, ord(name[0]))
                assert process.stdout.readline().startswith(f"{tmp_path / 'in' / name}: 1 file in ")
            time.sleep(0.2)
            process.send_signal(signal.SIGINT)
            rest = process.stdout.read()
        assert process.returncode == 0
        assert rest.startswith(f"{len(expected)} done"), rest
    assert sorted(path.name for path in (tmp_path / "out").glob("*.png")) == [f"{n}_kbvr_depth.png" for n in "abc"]


def test_a_folder_that_does_not_exist_is_said_in_a_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "kbvr", "watch", "nowhere", "-o", "out", *OPTIONS]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1 and "nowhere" in done.stderr
