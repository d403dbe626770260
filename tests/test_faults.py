"""Every kind of output, while its folder goes away or its disk is full: one line each, and nothing is left of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kbvr.cli.main import main
from kbvr.errors import OutputError
from kbvr.formats import comfort_report
from kbvr.formats.depth import depth_map
from kbvr.formats.loop import poster
from kbvr.formats.loop.animation import loop_of
from kbvr.making import run
from kbvr.system import atomic_file as output

resource = pytest.importorskip("resource", reason="a limit to the size of files is needed, which Windows lacks")

KINDS = (
    "--stereo --seconds 0.2 --layout sbs,anaglyph",
    "--stereo --seconds 0.2 --codec vp9 --container webm",
    "--stereo --seconds 0.2 --codec hevc --container mkv",
    "--stereo --seconds 0.2 --projection vr180 --vr180-px 256",
    "--kenburns --seconds 0.2",
    "--wiggle",
    "--anaglyph --animate-as mp4",
    "--still sbs,jps,mpo,vr180",
    "--still sbs --picture png",
    "--still quilt --quality 20",
    "--still autostereogram",
    "--still rgbd",
    "--depth-map png,npy,npz,exr,color",
    "--gltf",
    "--html",
    "--embed",
    "--ply",
    "--obj",
    "--usdz",
    "--splats",
)

MOST_BYTES = 2000
"""Of a file, where the disk is full: fewer than any output has."""


@pytest.fixture
def export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], int]:
    """Return what exports a small photo with its depth to the folder out."""
    pixels = np.random.default_rng(0).integers(0, 256, (18, 24, 3), np.uint8)
    Image.fromarray(np.kron(pixels, np.ones((4, 4, 1), np.uint8))).save(tmp_path / "cat.png")
    depth = np.zeros((72, 96), np.uint16)
    depth[20:50, 30:60] = 60000
    Image.fromarray(depth).save(tmp_path / "depth.png")
    monkeypatch.chdir(tmp_path)
    Path("out").mkdir()
    common = "export cat.png -o out --fov 50 --depth depth.png --depth-kind disparity -q"
    return lambda flags: main(f"{common} {flags}".split())


@contextmanager
def full_disk() -> Iterator[None]:
    """Let no file grow beyond MOST_BYTES meanwhile, whichever library writes it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_BYTES, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def complaint_in(capfd: pytest.CaptureFixture[str]) -> str:
    """Return the one line that was printed, by us or by a library."""
    told = capfd.readouterr()
    assert told.out == ""
    (line,) = told.err.splitlines()
    return line


@pytest.mark.parametrize("flags", KINDS)
def test_a_full_disk_is_one_line_and_nothing_is_left(
    export: Callable[[str], int], capfd: pytest.CaptureFixture[str], flags: str
) -> None:
    with full_disk():
        assert export(flags) == 2
    assert complaint_in(capfd).endswith("File too large")
    assert list(Path("out").iterdir()) == []


@pytest.mark.parametrize("flags", KINDS)
def test_a_folder_that_is_removed_meanwhile_is_one_line(
    export: Callable[[str], int], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, flags: str
) -> None:
    """When the first file of the output is whole and about to get its name."""
    rename = Path.replace

    def rename_too_late(path: Path, target: Path) -> Path:
        if path.parent.name == "out":
            shutil.rmtree("out", ignore_errors=True)
        return rename(path, target)

    monkeypatch.setattr(Path, "replace", rename_too_late)
    assert export(flags) == 2
    assert "cannot write to" in complaint_in(capfd)
    assert not [path for path in Path().rglob("*") if path.parent.name == "out"]


@pytest.fixture
def refuse(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return what lets no depth map of a name be written."""

    def refuse_one(name: str) -> None:
        def atomic_write(target: Path, *, overwrite: bool) -> AbstractContextManager[Path]:
            if target.name == name:
                raise OutputError("no room")
            return output.atomic_write(target, overwrite=overwrite)

        monkeypatch.setattr(depth_map, "atomic_write", atomic_write)

    return refuse_one


@pytest.mark.parametrize("refused", ["cat_kbvr_depth_m.npy", "cat_kbvr_depth_color.png"])
def test_depth_maps_are_taken_back_together(
    export: Callable[[str], int],
    capfd: pytest.CaptureFixture[str],
    refuse: Callable[[str], None],
    refused: str,
) -> None:
    """Whichever of them the disk is too full for."""
    refuse(refused)
    assert export("--depth-map png,npy,npz,exr,color") == 2
    assert complaint_in(capfd) == "kbvr: cat.png: no room"
    assert list(Path("out").iterdir()) == []


@pytest.mark.parametrize("last", ["write_items", "write_in_turn"])
def test_a_photo_of_which_one_output_fails_leaves_nothing_of_the_others(
    export: Callable[[str], int], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, last: str
) -> None:
    """The same call works when there is room again."""
    flags = "--depth-map npy --obj --embed" + (" --still sbs" if last == "write_items" else " --splats")
    real = getattr(run, last)

    def fail(source: object, items: list[run.Item], *rest: object) -> object:
        if items[0].format in ("picture", "splats"):
            with full_disk():
                return real(source, items, *rest)
        return real(source, items, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(run, last, fail)
        assert export(flags) == 2
    assert complaint_in(capfd).endswith("File too large")
    assert list(Path("out").iterdir()) == []
    assert export(flags) == 0
    names = {path.name for path in Path("out").iterdir()}
    assert names >= {"cat_kbvr.obj", "cat_kbvr.mtl", "cat_kbvr_embed.html", "kbvr-photo.js", "cat_kbvr_depth_m.npy"}


def test_files_that_were_replaced_are_not_taken_back(
    export: Callable[[str], int], refuse: Callable[[str], None]
) -> None:
    """They stand for what was there before."""
    assert export("--depth-map npy") == 0
    refuse("cat_kbvr_depth_color.png")
    assert export("--depth-map npy,color --overwrite") == 2
    assert [path.name for path in Path("out").iterdir()] == ["cat_kbvr_depth_m.npy"]


def test_a_still_is_written_to_its_end_or_not_at_all(tmp_path: Path) -> None:
    """Pillow, given a file's name, takes no notice of how much of its last piece was written."""
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    with full_disk(), pytest.raises(OSError, match="File too large"):
        poster.encode(loop_of([noise], 1.0), tmp_path / "a.jpg")


def test_an_output_that_disappears_while_the_next_is_made_is_missed(
    export: Callable[[str], int], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one makes the folder anew, so that nothing else would fail."""
    real = run.write_in_turn

    def write_later(source: object, items: list[run.Item], *rest: object) -> object:
        if items[0].format == "ply":
            shutil.rmtree("out")
        return real(source, items, *rest)

    monkeypatch.setattr(run, "write_in_turn", write_later)
    assert export("--depth-map npy --ply") == 2
    line = complaint_in(capfd)
    assert "cat_kbvr_depth_m.npy was written, but has disappeared since" in line
    assert list(Path("out").iterdir()) == []


def test_a_comfort_report_is_all_there_or_not_at_all_and_costs_no_photo(
    export: Callable[[str], int], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise OutputError("no room")

    monkeypatch.setattr(comfort_report.json, "dumps", refuse)
    assert export("--still sbs --comfort report.json") == 2
    assert complaint_in(capfd) == "kbvr: no room"
    assert [path.name for path in Path("out").iterdir()] == ["cat_kbvr_LR.jpg"]
    assert sorted(path.name for path in Path().iterdir()) == ["cat.png", "depth.png", "out"]
