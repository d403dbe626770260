"""`kbvr batch` as people and programs call it, with real worker processes."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from many_photos import tiny_photo

import kbvr
from kbvr.cli import batch_display
from kbvr.cli.main import main
from tests.panoramas import gpano, save

CHEAP = ("--depth-map", "png", "--depth-quality", "fast", "--jobs", "1")


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two photos, one in a subfolder, and a file that is no photo."""
    monkeypatch.chdir(tmp_path)
    tiny_photo(tmp_path / "in/a.jpg", 1)
    tiny_photo(tmp_path / "in/sub/b.jpg", 2)
    (tmp_path / "in/c.jpg").write_bytes(b"no photo")
    return tmp_path / "in"


def made(out: Path = Path("out")) -> list[str]:
    """Return the outputs that exist."""
    return sorted(path.relative_to(out).as_posix() for path in out.rglob("*_kbvr_*"))


def test_a_folder_becomes_a_folder_and_each_failure_a_line(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["batch", "in", "-r", "-o", "out", *CHEAP]) == 2
    out, err = capsys.readouterr()
    assert made() == ["a_kbvr_depth.png", "sub/b_kbvr_depth.png"]
    assert out.startswith("2 done, 1 failed in 0:00:")
    (line,) = err.splitlines()
    assert line.startswith(f"kbvr: {photos / 'c.jpg'}: expected a photo (JPEG")
    assert main(["batch", "in", "-r", "-o", "out", *CHEAP]) == 0, "failures of earlier runs are not new ones"
    out, err = capsys.readouterr()
    assert out.startswith("0 done, 2 done before, 1 failed before (use --retry-failed) in 0:00:0") and not err
    assert main(["batch", "in", "-r", "-o", "out", *CHEAP, "--retry-failed", "-q"]) == 2
    out, err = capsys.readouterr()
    assert not out and len(err.splitlines()) == 1


def test_status_says_what_is_done_and_what_failed(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["batch", "in", "-r", "-o", "out", *CHEAP])
    capsys.readouterr()
    assert main(["batch", "status", "out"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "3 photos: 2 done, 1 failed"
    assert lines[1].startswith("2 files, ")
    assert lines[2].startswith(f"{photos / 'c.jpg'}: expected a photo") and len(lines) == 3
    assert main(["batch", "status", "out", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["counts"] == {"done": 2, "failed": 1} and facts["files"] == 2
    done = next(photo for photo in facts["photos"] if photo["stem"] == "b")
    assert done["outputs"][0]["path"] == "sub/b_kbvr_depth.png" and done["sha256"]
    assert main(["batch", "status", "elsewhere"]) == 2
    assert "expected the output folder of a batch, got elsewhere" in capsys.readouterr().err


def test_json_progress_is_for_programs(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["batch", "in", "-o", "out", *CHEAP, "--progress", "json"]) == 2
    out, err = capsys.readouterr()
    events = [json.loads(line) for line in out.splitlines()]
    assert {event["event"] for event in events} <= {"photo", "progress", "end"} and not err
    found = {Path(event["address"]).name: event for event in events if event["event"] == "photo"}
    assert found["a.jpg"]["status"] == "done" and found["a.jpg"]["outputs"][0]["path"] == "a_kbvr_depth.png"
    assert found["c.jpg"]["error"].startswith("expected a photo")
    assert events[-1]["event"] == "end"
    assert (events[-1]["done"], events[-1]["failed"], events[-1]["total"]) == (1, 1, 2)


def test_without_a_terminal_a_line_says_how_far_it_is(
    photos: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_display, "LINE_EVERY_S", 0.01)
    main(["batch", "in", "-r", "-o", "out", *CHEAP])
    lines = capsys.readouterr().err.splitlines()
    assert any(
        line.startswith("kbvr: 1 of 3 photos, ") and "a minute" in line and line.endswith("left") for line in lines
    )


def test_a_terminal_shows_the_photos_that_are_being_made(photos: Path) -> None:
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "kbvr", "batch", "in", "-o", "out", *CHEAP]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "30"}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=follower, env=environment) as process:
        os.close(follower)
        shown = b""
        try:
            while chunk := os.read(leader, 65536):
                shown += chunk
        except OSError:  # the terminal is closed on Linux
            pass
    os.close(leader)
    assert process.returncode == 2
    text = shown.decode()
    assert "/in/a.jpg" in text and "of 2 photos" in text and "expected a photo" in text


def test_a_dry_run_prints_reasons_and_makes_nothing(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["batch", "in", "-r", "-o", "out", *CHEAP, "--dry-run"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"make  {photos / name}  (new)" for name in ("a.jpg", "c.jpg", "sub/b.jpg")
    ] + ["3 photos: 3 to make (new)"]
    assert not Path("out").exists()


def test_a_list_of_photos_comes_from_a_file_or_standard_input(
    photos: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("list.txt").write_text("# holiday\nin/a.jpg\n\nin/sub/b.jpg\n", "utf-8")
    assert main(["batch", "--from-file", "list.txt", "-o", "out", *CHEAP]) == 0
    assert made() == ["in/a_kbvr_depth.png", "in/sub/b_kbvr_depth.png"]
    done = subprocess.run(
        [sys.executable, "-m", "kbvr", "batch", "--from-file", "-", "-o", "other", *CHEAP],
        input=b"in/a.jpg\n",
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0 and done.stdout.startswith(b"1 done"), done.stderr
    assert made(Path("other")) == ["in/a_kbvr_depth.png"]


def test_options_and_presets_reach_the_outputs(photos: Path) -> None:
    Path("kbvr.toml").write_text('jobs = 1\ndepth-quality = "fast"\n[preset.mine]\nstill = "cross"\n', "utf-8")
    assert main(["batch", "in/a.jpg", "-o", "out", "--preset", "mine", "--picture", "png", "--jobs", "auto"]) == 0
    assert made() == ["a_kbvr_RL.png"]


def test_a_batch_that_is_stopped_says_why(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (photos / "b.jpg").write_bytes(b"no photo")
    assert main(["batch", "in", "-o", "out", *CHEAP, "--fail-fast"]) == 2
    assert "kbvr: stopped after 1 failed photo" in capsys.readouterr().err
    assert main(["batch", "in", "-r", "-o", "out", *CHEAP, "--limit", "1", "--retry-failed"]) == 2
    assert "kbvr: stopped after 1 photo (--limit)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "out"], "no photo is given (see --help)"),
        (["in"], "-o must be a folder or a URL to write to"),
        (["in", "-o", ""], "expected a folder for the outputs, got ''"),
        (["in", "-o", "in/a.jpg"], "expected a folder for the outputs, got in/a.jpg, which is a file"),
        (["nowhere", "-o", "out"], "nowhere"),
        (["in", "-o", "out", "--jobs", "0"], "--jobs must be auto or a whole number from 1 to 256, got '0'"),
        (["in", "-o", "out", "--photo-limit", "0"], "--photo-limit must be"),
        (["in", "-o", "out", "--depth", "d.png", "--depth-kind", "depth-m"], "--depth belongs to a single photo"),
        (["in", "-o", "out", "--layout", "wide"], "--layout must be one or more of sbs"),
        (["in", "-o", "out", "--stero"], "there is no option --stero; did you mean --stereo?"),
        (["--from-file", "nowhere.txt", "-o", "out"], "nowhere.txt"),
        (["in", "-o", "out", "--max-memory", "1GB", "--jobs", "9"], "9 workers take"),
    ],
)
def test_what_cannot_be_used_is_said_in_a_line(
    photos: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["batch", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("kbvr: ") and message in line
    assert not Path("out").exists() or not made()


def test_an_export_of_a_folder_points_to_batch(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "in", "-o", "out"]) == 2
    assert "got a folder (for all photos in it: kbvr batch in -o OUT)" in capsys.readouterr().err


def test_help_is_one_screen_and_shows_the_common_options(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("batch", "watch"):
        assert main([command, "--help"]) == 0
        shown = capsys.readouterr().out
        assert shown.startswith(f"Usage: kbvr {command} [OPTIONS]") and "--recursive" in shown and "--wiggle" in shown
        assert main([command, "--help-all"]) == 0
        assert "--max-memory SIZE" in capsys.readouterr().out


def test_a_folder_without_photos_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in").mkdir()
    assert main(["batch", str(tmp_path / "in"), "-o", str(tmp_path / "out"), *CHEAP]) == 0
    assert capsys.readouterr() == ("", "kbvr: no photos found (-r includes the folders inside)\n")


def test_warnings_and_errors_are_printed_once_with_the_photo_and_with_flags(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = gpano({"ProjectionType": "equirectangular", "FullPanoWidthPixels": 64, "FullPanoHeightPixels": 32})
    grey = np.full((64, 64, 3), 128)
    (photos / "360").mkdir()
    cropped = save(photos / "360/cropped.jpg", grey, words)
    around = save(photos / "360/around.jpg", grey[:32], words)
    panorama = save(photos / "360/wide.jpg", np.full((1024, 2048, 3), 128))
    assert main(["batch", "in/360", "-o", "out", *CHEAP, "--max-size", "64"]) == 2
    _, err = capsys.readouterr()
    shape = "they describe a picture of 2:1, and this one is 64x64"
    other = "a 360 photo can become a 360 stereo picture (--still vr360) and nothing else, got depth-map"
    hint = "a picture of 2:1 is read as an ordinary photo: --panorama 360 says that it shows all directions"
    assert sorted(err.splitlines()) == [
        f"kbvr: {around}: {other}; --panorama cylinder uses an ordinary view of it",
        f"kbvr: {cropped}: warning: ignoring what its metadata say about a panorama ({shape})",
        f"kbvr: {panorama}: warning: {hint}",
    ]
    (result,) = kbvr.batch(around, "other", depth_map="png", jobs=1)
    assert "panorama cylinder" in result.error and "--" not in result.error


def test_an_export_names_the_photo_once_in_a_warning(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = gpano({"ProjectionType": "equirectangular", "FullPanoWidthPixels": 64, "FullPanoHeightPixels": 32})
    save(photos / "cropped.jpg", np.full((64, 64, 3), 128), words)
    assert main(["export", "in/cropped.jpg", "-o", "out", *CHEAP[:4]]) == 0
    _, err = capsys.readouterr()
    assert err.startswith("kbvr: in/cropped.jpg: warning: ignoring what its metadata say about a panorama")
