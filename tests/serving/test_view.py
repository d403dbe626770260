"""The command `kbvr view`."""

from __future__ import annotations

import hashlib
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import numpy as np
import pytest
import zxingcpp
from web_client import certificate_shown_by, viewing

from kbvr.cli import web_server
from kbvr.cli.main import main
from kbvr.serving import LOOPBACK, site
from kbvr.serving.kinds import SUFFIXES

ROOT = Path(__file__).parents[2]

# The command

PROGRAM = """
import sys
from pathlib import Path
from kbvr.serving import site
site.PAGES = Path(sys.argv.pop(1))
from kbvr.cli.main import main
sys.exit(main())
"""
"""kbvr, with the pages of a folder of the test."""


@contextmanager
def started(pages: Path, *arguments: str | Path, **more: Any) -> Iterator[subprocess.Popen[str]]:
    """Run `kbvr view`; it is killed if the test fails."""
    command = [sys.executable, "-c", PROGRAM, str(pages), "view", *map(str, arguments)]
    more = {"stderr": subprocess.PIPE, "env": os.environ | {"PYTHONPATH": str(ROOT)}} | more
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **more) as process:
        try:
            yield process
        finally:
            process.kill()


def ended(process: subprocess.Popen[str], number: int = signal.SIGINT) -> tuple[int, str, str]:
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    return process.returncode, out, err or ""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_ends_it_well(files, pages, name, video):
    """Whatever is going on, with nothing said, and the port is free at once."""
    with started(pages, *files, "--no-open") as process:
        assert process.stdout is not None
        index, scene, stereo = (process.stdout.readline().rstrip("\n") for _ in range(3))
        match = re.fullmatch(r"http://127\.0\.0\.1:([0-9]+)(/[\w-]{22}/)", index)
        assert match is not None
        assert scene == f"{index}scene.html?src=files/0/cat.glb"
        assert stereo == f"{index}stereo.html?src=files/1/cat_LR.mp4"
        port = int(match[1])
        connection = HTTPConnection(LOOPBACK, port, timeout=10)
        connection.request("GET", f"{match[2]}files/1/cat_LR.mp4")
        with connection.getresponse() as answer, socket.create_connection((LOOPBACK, port)):
            assert answer.read(10) == video[:10]
            assert ended(process, getattr(signal, name)) == (0, "", "")
        connection.close()
    with viewing(*files, port=port):
        pass


@pytest.mark.parametrize(("flag", "count"), [("--no-open", 1), ("--recursive", 2), ("-r", 2)])
def test_a_folder_is_opened_at_its_index(files, pages, tmp_path, flag, count):
    """Whose videos it shows, but not a GLB that kbvr did not make."""
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "dog.mp4").touch()
    with started(pages, tmp_path, flag, "--no-open") as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url.endswith("/")
        with urlopen(url, timeout=10) as answer:  # noqa: S310
            assert answer.read().count(b"<li>") == count
        assert ended(process) == (0, "", "")


def test_the_headset_is_told_what_to_open_and_what_to_compare(files, pages):
    """The QR code is drawn in a terminal only: programs read the URL."""
    terminal, its_end = pty.openpty()
    with started(pages, files[0], "--lan", "--address", LOOPBACK, stderr=its_end) as process:
        os.close(its_end)
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        shown, rows = b"", []
        while not rows or len(rows) < len(rows[0]) / 2:
            shown += os.read(terminal, 65536)
            rows = code_rows(shown.decode(errors="ignore").split("\r\n")[:-1])
        port = int(url.split("/")[2].partition(":")[2])
        fingerprint = hashlib.sha256(certificate_shown_by(port)).digest().hex(":").upper()
        assert ended(process)[0] == 0
    os.close(terminal)
    warning = shown.decode(errors="ignore").splitlines()[0]
    assert "will warn" in warning
    assert warning.endswith(f"SHA-256 fingerprint is {fingerprint}")
    assert read_qr(rows) == url


def code_rows(lines: Sequence[str]) -> list[str]:
    """Return the half blocks of the lines that are black on white."""
    rows = [line.removeprefix(web_server.BLACK_ON_WHITE).removesuffix(web_server.PLAIN) for line in lines]
    marks = len(web_server.BLACK_ON_WHITE + web_server.PLAIN)
    return [row for row, line in zip(rows, lines, strict=True) if len(line) - len(row) == marks]


def read_qr(rows: list[str]) -> str:
    """Return what a camera reads off half blocks."""
    upper_lower = {shown: halves for halves, shown in web_server.HALF_BLOCKS.items()}
    dark = (
        np.array([[upper_lower[shown] for shown in row] for row in rows]).transpose(0, 2, 1).reshape(-1, len(rows[0]))
    )
    picture = np.kron(np.where(dark, 0, 255), np.ones((4, 4))).astype(np.uint8)
    code = zxingcpp.read_barcode(picture, zxingcpp.BarcodeFormat.QRCode, is_pure=True)
    assert code, "the picture holds no QR code that can be read"
    return code.text


@pytest.mark.parametrize("address", ["10.0.0.7", "192.168.178.200"])
def test_every_url_fits_into_a_code_that_a_terminal_holds(address):
    url = f"https://{address}:54321/{'aB3_-' * 4}xy/stereo.html?src=files/10/{'n' * site.NAME_LENGTH}"
    rows = code_rows(list(web_server.qr_lines(url)))
    assert read_qr(rows) == url
    assert len(rows[0]) <= 80


def test_a_browser_is_opened_at_the_file(files, pages, tmp_path):
    """A real one, as far as the system can tell."""
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/aside && mv {tmp_path}/aside {tmp_path}/opened\n', "utf-8")
    browser.chmod(0o700)
    with started(pages, files[0], env=os.environ | {"PYTHONPATH": str(ROOT), "BROWSER": f"{browser} %s"}) as process:
        assert process.stdout is not None
        url = process.stdout.readline()
        until = time.monotonic() + 15
        while not (tmp_path / "opened").exists() and time.monotonic() < until:
            time.sleep(0.02)
        assert (tmp_path / "opened").read_text("utf-8") == url
        assert ended(process) == (0, "", "")


def test_without_a_browser_the_address_is_enough(monkeypatch, capsys):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    web_server._open_browser("http://127.0.0.1:1/")
    assert capsys.readouterr().err == "kbvr: no browser found; open the URL above in one\n"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["none.glb"], "none.glb: no such file"),
        (["secret.txt"], f"expected a folder, or a file that ends in {', '.join(SUFFIXES)}, got secret.txt"),
        (["pipe.glb"], "cannot read pipe.glb: not a regular file"),
        (["circle.glb"], "cannot read circle.glb: Symlink loop from"),
        (["cat.glb", "none.mp4"], "none.mp4: no such file"),
        (["cat.glb", "--address", "127.0.0.1"], "--address requires --lan"),
        (["cat.glb", "--lan", "--address", "here"], "--address must be an IPv4 address like 192.168.1.20, got here"),
        (["cat.glb", "--lan", "--address", "192.0.2.77"], "cannot serve at 192.0.2.77: 192.0.2.77 is not an address"),
        (["cat.glb", "--port", "PORT"], "cannot serve at 127.0.0.1: port PORT is in use"),
        (["cat.glb", "--port", "65536"], "--port must be a whole number from 0 to 65535, got '65536'"),
        ([], "no file is given (see --help)"),
    ],
)  # fmt: skip
def test_a_bad_call_is_one_line(serving, tmp_path, monkeypatch, capsys, arguments, complaint):
    monkeypatch.chdir(tmp_path)
    os.mkfifo(tmp_path / "pipe.glb")
    (tmp_path / "circle.glb").symlink_to("circle.glb")
    port = str(serving.port)
    assert main(["view", *(argument.replace("PORT", port) for argument in arguments), "--no-open"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"kbvr: {complaint.replace('PORT', port)}")


def test_a_missing_page_or_library_is_one_line(files, pages, monkeypatch, capsys):
    monkeypatch.setattr(web_server, "find_spec", lambda name: None)
    assert main(["view", str(files[0]), "--lan"]) == 2
    assert capsys.readouterr().err == ("kbvr: --lan requires cryptography and segno: pip install 'kbvr[lan]'\n")
    (pages / "stereo.html").unlink()
    assert main(["view", str(files[1])]) == 2
    assert capsys.readouterr().err == (
        "kbvr: this copy of kbvr was built without the page stereo.html; reinstall kbvr\n"
    )


def test_libraries_are_loaded_when_they_are_needed():
    code = "import sys, kbvr.serving, kbvr.cli.view; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    heavy = {"cryptography", "segno", "webbrowser", "numpy", "PIL", "uvicorn", "starlette", "h11", "anyio"}
    assert not heavy & set(done.stdout.split())
