"""What `kbvr export` prints, and where its files go: a folder, a file by its name, or standard output."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import kbvr
from kbvr.cli.main import main

QUICK = ["--depth", "d.npy", "--depth-kind", "depth-m", "--fill", "spread", "--seconds", "0.2", "--fps", "10"]
STILL = [*QUICK[:6]]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a small photo and its depth."""
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        Image.fromarray(np.full((48, 64, 3), 90, np.uint8)).save(f"{name}.png")
    np.save("d.npy", np.full((48, 64), 2.0, np.float32))
    return tmp_path


@pytest.mark.parametrize("name", ["film.mp4", "deep/er/film.mkv", "film.webm"])
def test_a_name_of_a_file_is_where_the_only_output_goes(name: str) -> None:
    """And its ending chooses the container."""
    assert main(["export", "a.png", "-o", name, *QUICK, "-q"]) == 0
    assert Path(name).stat().st_size > 300
    assert not list(Path().rglob("*_kbvr*"))


def test_a_stills_name_chooses_the_kind_of_picture() -> None:
    assert main(["export", "a.png", "--still", "sbs", "-o", "pair.webp", *STILL, "-q"]) == 0
    with Image.open("pair.webp") as picture:
        assert (picture.format, picture.size) == ("WEBP", (128, 48))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["a.png", "--still", "sbs", "--stereo", "-o", "a.jpg"],
            "expected a folder for 2 files (a_kbvr_LR.mp4, a_kbvr_LR.jpg), got the file name a.jpg",
        ),
        (["a.png", "--gltf", "-o", "scene.mp4"], "expected an output name that ends in .glb, got scene.mp4"),
        (["a.png", "b.png", "-o", "a.mp4"], "-o a.mp4 names one file, got 2 photos"),
        (["a.png", "b.png", "-o", "-"], "-o - names one file, got 2 photos"),
        (["a.png", "-o", "film.mov"], "expected an output name that ends in .mp4, got film.mov"),
        (
            ["a.png", "--still", "sbs", "--aspect", "20:1"],
            "a picture must be 16x16 or more, got 64x3 with --aspect 20:1",
        ),
        (["a.png", "--alt", "\udcff", "--wiggle"], "--alt must be any text"),
        (["a.png", "-o", "-", "--json"], "-o - cannot be combined with --json and --explain"),
        (["a.png", "--still", "left-right", "-o", "-"], "-o - requires a single output file, got 2: _kbvr_left.jpg"),
    ],
)
def test_what_does_not_go_into_one_file_is_refused(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", *arguments]) == 2
    told = capsys.readouterr()
    assert said in told.err
    assert told.out == ""
    assert not [path for path in Path().rglob("*") if path.suffix not in (".png", ".npy")]


def test_a_folder_may_be_called_like_a_file_and_other_endings_are_folders() -> None:
    Path("films.mp4").mkdir()
    for out in ("films.mp4", "v1.2"):
        assert main(["export", "a.png", "--depth-map", "npy", "-o", out, *QUICK[:4], "-q"]) == 0
        assert [path.name for path in Path(out).iterdir()] == ["a_kbvr_depth_m.npy"]


def test_standard_output_gets_the_file_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    into = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdout", into)
    assert main(["export", "a.png", "--still", "anaglyph", "-o", "-", *STILL]) == 0
    into.seek(0)
    with Image.open(io.BytesIO(into.buffer.read())) as picture:
        assert (picture.format, picture.size) == ("JPEG", (64, 48))
    assert not list(Path().rglob("*_kbvr*"))


def test_an_output_with_companion_files_does_not_go_to_standard_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    into = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdout", into)
    assert main(["export", "a.png", "--obj", "--triangles", "2000", "-o", "-", *QUICK]) == 2
    assert "-o - requires a single output file, got 5: a_kbvr.mtl" in capsys.readouterr().err
    assert not into.buffer.tell()


def test_every_file_is_listed_with_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """Those that belong to another, too; and only what has a layout is said to have one."""
    wanted = ["--embed", "--kenburns", "--still", "sbs", "--depth-map", "npy", "--triangles", "2000", "-o", "out"]
    assert main(["export", "a.png", *wanted, *QUICK]) == 0
    told = capsys.readouterr()
    lines = told.out.splitlines()
    assert {Path(line.split("  ")[0]).name for line in lines} == {path.name for path in Path("out").iterdir()}
    assert "mono" not in told.out
    assert sum("sbs" in line for line in lines) == 1
    assert any(line.endswith("(belongs to a_kbvr_embed.html)") for line in lines)


def test_an_assumed_field_of_view_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "a.png", "b.png", "--depth-map", "npy", "-o", "out", "--depth-quality", "fast"]) == 0
    told = capsys.readouterr().err
    assert told == (
        "kbvr: no focal length in the EXIF data of 2 of 2 photos; assuming a 55 degree field of view (--fov)\n"
    )
    assert main(["export", "a.png", "--depth-map", "npy", "-o", "again", "--fov", "50", *QUICK[:4]]) == 0
    assert capsys.readouterr().err == ""


def test_progress_begins_with_all_frames_and_counts_those_of_the_film() -> None:
    """Also the ones that are shown again: a swing comes back the way it went."""
    told: list[tuple[str, int, int]] = []
    kbvr.export(
        *("a.png", "out"),
        depth="d.npy",
        depth_kind="depth-m",
        fill="spread",
        seconds=2,
        fps=10,
        kenburns=True,
        progress=lambda *progress: told.append(progress),
    )
    frames = [(done, total) for stage, done, total in told if stage == "frames"]
    assert frames[0] == (0, 20)
    assert frames[-1] == (20, 20)
    assert [done for done, _ in frames] == sorted(done for done, _ in frames)


@pytest.mark.parametrize(
    "arguments",
    [["--still", "sbs", "--picture", "png", "-o", "a.png"], ["--depth-map", "npy", "-o", "d.npy"]],
)
def test_what_is_read_is_never_written(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Not even with --overwrite."""
    before = {name: Path(name).read_bytes() for name in ("a.png", "d.npy")}
    assert main(["export", "a.png", *QUICK[:4], *arguments, "--overwrite"]) == 2
    assert "is an input of this export and cannot be its output" in capsys.readouterr().err
    assert {name: Path(name).read_bytes() for name in before} == before


def test_library_messages_name_flags_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A warning, an error about two options, and a file that exists; Python names them in its own way."""
    arguments = ["export", "a.png", "--still", "sbs", "-o", "out", *STILL]
    assert main([*arguments, "--max-kb", "9", "--quality", "90", "--fov", "50"]) == 0
    assert capsys.readouterr().err == "kbvr: a.png: warning: --max-kb has no effect on the chosen outputs\n"
    assert main([*arguments, "--quality", "90", "--max-mb", "1"]) == 2
    assert capsys.readouterr().err == "kbvr: --quality and --max-mb cannot be combined\n"
    assert main(arguments) == 2
    assert capsys.readouterr().err.endswith("a_kbvr_LR.jpg already exists (use --overwrite to replace it)\n")
    with pytest.raises(kbvr.InputError, match=r"^quality and max_mb cannot be combined$"):
        kbvr.export("a.png", quality=90, max_mb=1)


def test_braces_in_a_value_are_quoted_as_they_are() -> None:
    with pytest.raises(kbvr.InputError, match=r"got '\{fps\}'$"):
        kbvr.export("a.png", codec="{fps}")
