"""stdout and stderr of a command: closed, full, left by their reader or not there at all, they never stop the work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.skipif(os.name != "posix", reason="a shell that can close streams is needed")

KBVR = "import sys; from kbvr.cli.main import main; sys.exit(main())"

NOISY = """
import os, sys
from kbvr import pipeline
from kbvr.cli.main import main
from kbvr.errors import InputError
from kbvr.formats.spec.format import FileSummary, Item
from kbvr.making.report import ExportReport, Written

def noise():
    for stream in (1, 2):
        try:
            os.write(stream, b"a library prints")
        except OSError:
            pass

def noisy(photo, out_dir, options, *, progress=None):
    if photo.stem == "broken":
        raise InputError("not today")
    path = out_dir / f"{photo.stem}.bin"
    with path.open("wb") as file:
        noise()
        file.write(b"pixels")
    written = Written("still", Item("picture", path), FileSummary(path, (1, 1), 1, 0.0, 0.0, 6, 0.0))
    return ExportReport(str(photo), (written,), {}, ("a reason " * 9,) * 900, {})

pipeline.export_photo = noisy
sys.exit(main())
"""
"""kbvr, with a pipeline in which a library prints while a file is open."""

STILLS = ["--still", "sbs,rows", "--depth-map", "png"]

FULL = "cannot write to standard output: No space left on device"


def run(redirected: str, *arguments: str, program: str = KBVR, folder: Path | None = None) -> tuple[int, str, str]:
    """Run a program with its streams as a shell redirects them; return exit code, stdout and stderr."""
    shell = ["sh", "-c", f'exec "$@" {redirected}', "sh", sys.executable, "-c", program, *arguments]
    done = subprocess.run(shell, check=False, capture_output=True, text=True, timeout=120, cwd=folder)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return the arguments of an export that takes no time: a picture with its depth."""
    folder = tmp_path_factory.mktemp("photo")
    pixels = np.random.default_rng(0).integers(0, 256, (18, 24, 3), np.uint8)
    Image.fromarray(np.kron(pixels, np.ones((4, 4, 1), np.uint8))).save(folder / "cat.png")
    Image.fromarray(np.arange(72 * 96, dtype=np.uint16).reshape(72, 96)).save(folder / "depth.png")
    depth = ["--depth", str(folder / "depth.png"), "--depth-kind", "disparity"]
    return ["export", str(folder / "cat.png"), "--fov", "50", *depth]


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory, photo: list[str]) -> Path:
    """Return the folder of an export with all streams."""
    folder = tmp_path_factory.mktemp("usual")
    code, out, err = run("", *photo, *STILLS, "-o", str(folder))
    assert (code, len(out.splitlines()), err) == (0, 3, "")
    return folder


@pytest.mark.parametrize("redirected", [">&-", "2>&-", "<&- >&- 2>&-", "2>/dev/full"])
def test_files_are_the_same_whatever_streams_are_closed(
    tmp_path: Path, photo: list[str], usual: Path, redirected: str
) -> None:
    code, out, err = run(redirected, *photo, *STILLS, "-o", str(tmp_path))
    assert (code, err) == (0, "")
    assert len(out.splitlines()) == (0 if redirected != "2>&-" and ">&-" in redirected else 3)
    for file in usual.iterdir():
        assert (tmp_path / file.name).read_bytes() == file.read_bytes()


@pytest.mark.parametrize("redirected", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_what_a_library_prints_goes_into_no_file(tmp_path: Path, redirected: str) -> None:
    """A file that is opened where a stream was closed would get that stream's number."""
    assert run(redirected, "export", "a.jpg", program=NOISY, folder=tmp_path)[0] == 0
    assert (tmp_path / "a.bin").read_bytes() == b"pixels"


def test_programs_without_a_console_have_no_streams_and_work(tmp_path: Path) -> None:
    """Python starts so on Windows (pythonw), and from there as a library of a program with windows."""
    program = "import sys\nsys.stdin = sys.stdout = sys.stderr = None\n" + NOISY
    assert run("", "export", "a.jpg", "broken.jpg", program=program, folder=tmp_path)[0] == 2
    assert (tmp_path / "a.bin").read_bytes() == b"pixels"
    assert run("", "doctor", "--no-such-option", program=program) == (2, "", "")


@pytest.mark.parametrize("redirected", ["2>&-", "2>/dev/full", ""])
def test_what_libraries_print_is_held_back_where_there_is_no_stderr_too(redirected: str) -> None:
    """Programs that use kbvr as a library may have none."""
    program = """
import os, sys
from contextlib import suppress
from kbvr.system.stderr import held_stderr, stderr_without
with held_stderr() as lines, suppress(OSError):
    os.write(2, b"a library prints\\n")
with stderr_without("ours"), suppress(OSError):
    os.write(2, b"not ours\\na warning\\n")
print(lines)
"""
    code, out, err = run(redirected, program=program)
    assert code == 0
    assert err == ("" if redirected else "a warning\n")
    assert out == ("[]\n" if redirected == "2>&-" else "[b'a library prints\\n']\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux and some others have a full device")
@pytest.mark.parametrize("arguments", ["--version", "export --help", "formats", "models list --json"])
def test_a_result_that_cannot_be_printed_is_one_line_and_exit_code_2(arguments: str) -> None:
    assert run(">/dev/full", *arguments.split()) == (2, "", f"kbvr: {FULL}\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux and some others have a full device")
@pytest.mark.parametrize("flags", [[], ["--json"], ["--explain"]])
def test_all_photos_are_made_though_nothing_can_be_printed(tmp_path: Path, flags: list[str]) -> None:
    code, _, err = run(">/dev/full", "export", "a.jpg", "b.jpg", *flags, program=NOISY, folder=tmp_path)
    assert (code, err.replace("a library prints", "")) == (2, f"kbvr: {FULL}\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.bin", "b.bin"]


@pytest.mark.parametrize("redirected", ["2>/dev/full", "2>&-", ">&- 2>&-"])
def test_the_exit_code_tells_of_bad_input_where_no_message_can(tmp_path: Path, redirected: str) -> None:
    assert run(redirected, "export", "broken.jpg", "a.jpg", program=NOISY, folder=tmp_path)[0] == 2
    assert (tmp_path / "a.bin").is_file()


@pytest.mark.parametrize("flags", [["--explain"], ["--json"]])
def test_a_reader_that_has_seen_enough_is_no_trouble(tmp_path: Path, flags: list[str]) -> None:
    """The result is larger than what a pipe holds, and `head` reads one line of it; exit codes go past the pipe."""
    redirected = '2>err; echo $? >code; } | head -1 >out; : "'
    shell = f'{{ "$@" {redirected}"'
    command = ["sh", "-c", shell, "sh", sys.executable, "-c", NOISY, "export", "a.jpg", "b.jpg", *flags]
    subprocess.run(command, check=True, cwd=tmp_path, timeout=120)
    assert (tmp_path / "code").read_text() == "0\n"
    assert (tmp_path / "err").read_text().replace("a library prints", "") == ""
    assert len((tmp_path / "out").read_text().splitlines()) == 1
    assert (tmp_path / "b.bin").is_file()


def test_json_larger_than_a_pipe_is_whole(tmp_path: Path) -> None:
    """A pipe that another program has made non-blocking takes a part of it at a time."""
    program = "import os\nos.set_blocking(1, False)\n" + NOISY
    code, out, _ = run("", "export", "a.jpg", "--json", program=program, folder=tmp_path)
    assert code == 0
    assert len(json.loads(out.replace("a library prints", ""))["photos"][0]["explanation"]) == 900


def test_a_working_folder_that_has_gone_is_one_line(tmp_path: Path, photo: list[str]) -> None:
    program = f"import os\nos.mkdir('gone')\nos.chdir('gone')\nos.rmdir('../gone')\n{KBVR}"
    code, out, err = run("", *photo, "--still", "sbs", program=program, folder=tmp_path)
    (line,) = err.splitlines()
    assert (code, out) == (2, "")
    assert line == f"kbvr: {photo[1]}: cannot write to cat_kbvr_LR.jpg: the working folder has been removed"


@pytest.mark.parametrize(
    "flags",
    [
        "--stereo --codec hevc --wiggle --anaglyph --still sbs,mpo,jps,vr180,anaglyph,quilt,autostereogram",
        "--stereo --codec av1 --gltf --html --embed --ply --obj --usdz --splats --depth-map png,npy,npz,exr,color",
        "--stereo --codec vp9 --container webm --kenburns --gltf --compress draco",
    ],
)
def test_nobody_but_kbvr_prints(tmp_path: Path, photo: list[str], flags: str) -> None:
    """All kinds of output, with encoders that print what they do by themselves."""
    assert run("", *photo, "-q", *flags.split(), "--seconds", "0.1", "-o", str(tmp_path)) == (0, "", "")
    assert len(list(tmp_path.iterdir())) > 2
