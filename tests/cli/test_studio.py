"""The command `kbvr studio`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest
from many_photos import tiny_photo

from kbvr.cli.main import main
from kbvr.serving import site

ROOT = Path(__file__).parents[2]

PROGRAM = """
import sys
from pathlib import Path
from kbvr.serving import site
site.PAGES = Path(sys.argv.pop(1))
from kbvr.cli.main import main
sys.exit(main())
"""
"""kbvr, with the pages of a folder of the test."""


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for the page that is built when kbvr is installed."""
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "studio.html").write_text("<!doctype html><title>kbvr studio</title>", "utf-8")
    monkeypatch.setattr(site, "PAGES", folder)
    return folder


@contextmanager
def started(pages: Path, *arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """Run `kbvr studio`; it is killed if the test fails."""
    command = [sys.executable, "-c", PROGRAM, str(pages), "studio", "--no-open", *map(str, arguments)]
    pipe, environment = subprocess.PIPE, os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


def test_it_serves_a_page_until_ctrl_c(pages, tmp_path):
    """It prints the URL of the page alone, ends with 0, and makes no folder before there is a photo."""
    with started(pages, "--projects", tmp_path / "projects") as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with urlopen(url) as answer:  # noqa: S310  our own
            assert b"kbvr studio" in answer.read()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "", "")
    assert not (tmp_path / "projects").exists()


def test_no_process_outlives_it(pages, tmp_path):
    """Even if it is killed."""
    with started(pages, "--projects", tmp_path / "projects", tiny_photo(tmp_path / "cat.jpg")) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.kill()
        process.communicate(timeout=20)  # its pipes are closed when nobody holds them any more


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.jpg"], "none.jpg: no such file or folder"),
        ([""], "expected a file or a folder, got an empty argument"),
        (["--projects", ""], "--projects must be a folder, got ''"),
        (["--port", "x"], "--port must be a whole number from 0 to 65535, got 'x'"),
        (["--address", "192.0.2.1"], "--address requires --lan"),
        (["--lan", "--address", "x"], "--address must be an IPv4 address like 192.168.1.20, got x"),
        (["--foo"], "there is no option --foo (see --help)"),
    ],
)
def test_a_bad_call_is_one_line(arguments, message, pages, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["studio", "--no-open", *arguments]) == 2
    assert capsys.readouterr().err == f"kbvr: {message}\n"


def test_a_folder_without_photos_is_said(pages, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert main(["studio", str(tmp_path / "empty"), "--no-open"]) == 2
    assert "expected photos or a project, got a folder without any" in capsys.readouterr().err


def test_a_copy_without_the_page_is_said(pages, capsys):
    (pages / "studio.html").unlink()
    assert main(["studio", "--no-open"]) == 2
    assert "built without the page studio.html; reinstall kbvr" in capsys.readouterr().err
