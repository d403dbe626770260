"""Input files are read only up to their limits: pipes and devices are not opened, oversized archives not inflated."""

from __future__ import annotations

import io
import os
import struct
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from kbvr.cli.main import main
from kbvr.depth.read_file import load_inverse_depth
from kbvr.errors import InputError
from kbvr.motion.keyframes import load_keyframes
from kbvr.nets.model_card import read_card
from kbvr.nets.session import open_file as open_network_file
from kbvr.photo.photo import load_photo
from kbvr.system.input_file import read_small_file
from kbvr.system.isolated_process import IsolatedProcess, Request

PIPES = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="makes a pipe with a name")


def depth_of(path: Path) -> object:
    """Read a depth file."""
    return load_inverse_depth(path, (4, 3), kind="depth-m")


@pytest.fixture(params=["pipe", "device", "folder"])
def unusual(request, tmp_path) -> Path:
    """Return a file that never ends or never begins."""
    if request.param == "device":
        return Path("/dev/zero")
    path = tmp_path / "unusual"
    if request.param == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    return path


@PIPES
@pytest.mark.parametrize("reads", [load_keyframes, read_card, open_network_file, load_photo, depth_of])
def test_pipes_and_devices_are_refused_without_being_opened(unusual, reads):
    """For every kind of input."""
    with pytest.raises(InputError, match=r"a folder|a pipe|a device|not a regular file"):
        reads(unusual)


@PIPES
@pytest.mark.parametrize("option", ["--keyframes", "--depth-model", "--fill", "--depth", "PHOTO"])
def test_the_command_line_refuses_a_pipe_in_one_line(tmp_path, capsys, option):
    """Reading it would block for ever."""
    pipe = tmp_path / "pipe.onnx"
    os.mkfifo(pipe)
    photo = "examples/cat.jpg" if option != "PHOTO" else str(pipe)
    given = [] if option == "PHOTO" else [option, str(pipe)]
    kind = ["--depth-kind", "depth-m"] if option == "--depth" else []
    root = Path(__file__).parents[2]
    arguments = ["export", *given, *kind, "--seconds", "0.1", "--fps", "10", "-q", "-o", str(tmp_path / "out")]
    assert main([*arguments, str(root / photo) if option != "PHOTO" else photo]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_small_file_is_read_only_up_to_its_limit(tmp_path):
    """A file that is one byte too large is refused."""
    path = tmp_path / "a.json"
    path.write_bytes(bytes(10))
    assert read_small_file(path, "a card", 10) == bytes(10)
    with pytest.raises(InputError, match=r"^expected a card of at most 0 kB, got .*a\.json, which is larger$"):
        read_small_file(path, "a card", 9)
    with pytest.raises(InputError, match="no such file"):
        read_small_file(tmp_path / "b.json", "a card", 9)
    with pytest.raises(InputError, match="not a valid path"):
        read_small_file(Path("a\0b"), "a card", 9)


def lying_npz(path: Path, megabytes: int) -> Path:
    """Write an archive of a small array followed by millions of zeros that its directory omits."""
    array = io.BytesIO()
    np.save(array, np.ones((3, 4), np.float32))
    content = array.getvalue() + bytes(megabytes * 10**6)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("depth.npy", content)
    said, true = struct.pack("<I", len(array.getvalue())), struct.pack("<I", len(content))
    path.write_bytes(packed.getvalue().replace(true, said))
    return path


@pytest.mark.skipif(sys.platform != "linux", reason="measures memory as Linux says it")
def test_an_archive_with_a_wrong_size_is_not_inflated(tmp_path):
    """It contains 400 MB more than its directory says."""
    path = lying_npz(tmp_path / "a.npz", 400)
    assert path.stat().st_size < 10**6
    process = IsolatedProcess("kbvr.photo.decode")
    before = process.call(Request("resource:getrusage", (0,)))[2]
    with pytest.raises(InputError, match="damaged"):
        process.call(Request("kbvr.photo.decode:decode_depth", (str(path), "depth-m")))
    after = process.call(Request("resource:getrusage", (0,)))[2]
    process.close()
    assert (after - before) * 1024 < 60 * 10**6


def test_an_array_that_is_too_large_is_refused_by_its_own_header(tmp_path):
    """Whatever size the archive specifies."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (30_000, 30_000)})
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("depth.npy", header.getvalue() + bytes(1000))
    with pytest.raises(InputError, match="at most 200 million"):
        depth_of(tmp_path / "a.npz")


def test_a_file_too_large_to_be_a_picture_is_not_read(tmp_path):
    """It is refused by its size alone."""
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n")
    os.truncate(path, 5 * 10**9)
    with pytest.raises(InputError, match=r"expected a photo .* of at most 4 GB, got 5 GB$"):
        load_photo(path)
