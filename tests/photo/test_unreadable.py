"""Inaccessible folders, users without a home folder and unreadable photos each give one line."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import platformdirs
import pytest
from PIL import Image

from kbvr.cli.main import main
from kbvr.nets import model_card as card

CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, PR_CAPBSET_DROP = 1, 2, 24
"""The capabilities that let root read everything, and the call that drops them (capabilities(7), prctl(2))."""

DIAGNOSE = """
from kbvr.doctor.files import *
assert network_findings(deep=True)
found = folder_finding(models_folder())
print(found.state, found.found)
"""
DOCTOR = ("-c", DIAGNOSE)
"""The checks of the models folder in `kbvr doctor`, without devices and encoders."""

CANNOT = "installed networks cannot be found"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Put two photos into a folder."""
    for name in ("a.png", "b.png"):
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)).save(tmp_path / name)
    return tmp_path


@pytest.fixture(autouse=True)
def forget_warnings() -> None:
    """Allow warnings that are logged once per process in every test."""
    card._warn_once.cache_clear()


def without_rights() -> None:
    """Drop the capabilities that let root read everything, in the child process before exec."""
    import ctypes

    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


def run(arguments: Sequence[str], folder: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """Run kbvr as a user without root capabilities."""
    if sys.platform != "linux" and os.geteuid() == 0:
        pytest.skip("only Linux lets root give up its rights")
    return subprocess.run(
        [sys.executable, *([] if arguments[0] == "-c" else ["-m", "kbvr"]), *arguments],
        cwd=folder,
        env={**os.environ, "KBVR_HOME": str(home), "PYTHONPATH": str(Path(__file__).parents[2])},
        preexec_fn=without_rights if sys.platform == "linux" else None,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
@pytest.mark.parametrize("locked", ["home", "home/models"])
def test_an_inaccessible_models_folder_costs_one_line(photos: Path, locked: str) -> None:
    """With real permissions: photos are exported with the built-in networks; doctor and list report the problem."""
    models = photos / "home" / "models"
    models.mkdir(parents=True)
    (photos / locked).chmod(0)
    try:
        exported = run(["export", "--depth-map", "png", "a.png", "-o", "out"], photos, photos / "home")
        listed = run(["models", "list", "--json"], photos, photos / "home")
        pulled = run(["models", "pull", "migan"], photos, photos / "home")
        diagnosed = run(DOCTOR, photos, photos / "home")
    finally:
        (photos / locked).chmod(0o755)
    assert exported.returncode == 0, exported.stderr
    assert exported.stderr.count(CANNOT) == 1 and f"in {models}: Permission denied" in exported.stderr
    assert (photos / "out" / "a_kbvr_depth.png").is_file()
    (line,) = listed.stderr.splitlines()
    assert line.startswith(f"kbvr: {CANNOT}")
    assert {entry["name"]: entry["here"] for entry in json.loads(listed.stdout)}["kbvr-depth"]
    assert pulled.returncode == 2 and pulled.stderr.splitlines()[-1].startswith(f"kbvr: cannot write to {models}")
    assert "Traceback" not in pulled.stderr + diagnosed.stderr
    assert diagnosed.stdout.startswith(f"bad {models} cannot be "), diagnosed.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_an_unreadable_photo_does_not_stop_the_others(photos: Path) -> None:
    """Neither does one in an inaccessible folder."""
    (photos / "locked").mkdir()
    (photos / "a.png").chmod(0)
    (photos / "locked").chmod(0)
    try:
        done = run(
            ["export", "--depth-map", "png", "a.png", "locked/c.png", "b.png", "-o", "out"], photos, photos / "home"
        )
    finally:
        (photos / "locked").chmod(0o755)
    assert done.returncode == 2
    first, second, *_ = (line for line in done.stderr.splitlines() if "warning" not in line)
    assert first.startswith("kbvr: a.png: ") and "permission denied" in first
    assert second.startswith("kbvr: locked/c.png: ") and "permission denied" in second
    assert sorted(path.name for path in (photos / "out").iterdir()) == ["b_kbvr_depth.png"]


def refusing(real: Callable[..., object], folder: Path) -> Callable[..., object]:
    """Return a system function that is denied access to a folder."""

    def refused(path: object = ".", *arguments: object, **named: object) -> object:
        if isinstance(path, str | os.PathLike) and Path(os.fspath(path)).is_relative_to(folder):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *arguments, **named)

    return refused


def test_every_command_works_with_an_inaccessible_models_folder(
    photos: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On every operating system, with faked system calls."""
    home = photos / "home"
    (home / "models").mkdir(parents=True)
    monkeypatch.setenv("KBVR_HOME", str(home))
    for name in ("stat", "lstat", "scandir", "listdir", "open", "mkdir"):
        monkeypatch.setattr(os, name, refusing(getattr(os, name), home))
    out = str(photos / "out")
    for arguments, code in (
        (["models", "list"], 0),
        (["models", "show", "lama"], 0),
        (["models", "rm", "lama"], 2),
        (["models", "add", str(photos / "a.png")], 2),
        (["export", "--depth-map", "png", str(photos / "a.png"), "-o", out], 0),
        (
            [
                "export",
                "--depth-map",
                "png",
                str(photos / "b.png"),
                "-o",
                out,
                "--depth-model",
                "depth-anything-v2-small",
            ],
            2,
        ),
        (["export", "--depth-map", "png", str(photos / "b.png"), "-o", out, "--profile", "paper"], 2),
    ):
        card._warn_once.cache_clear()
        assert main(arguments) == code, arguments
        said = capsys.readouterr().err
        if code == 0:
            assert said.count(CANNOT) == 1, (arguments, said)
        else:
            assert said.splitlines()[-1].startswith("kbvr: ") and "bug" not in said
        if "--depth-model" in arguments:
            assert "cannot be read" in said


@pytest.mark.parametrize("trouble", ["unknown user", "path that is not absolute"])
def test_a_user_without_a_home_has_the_built_in_networks(
    trouble: str, photos: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in containers: no HOME, and no entry for the user."""
    monkeypatch.delenv("KBVR_HOME")
    monkeypatch.chdir(photos)
    if trouble == "unknown user":
        for name in ("HOME", "XDG_DATA_HOME", "USERPROFILE"):
            monkeypatch.delenv(name, raising=False)

        def unknown(number: int) -> None:
            raise KeyError(number)

        monkeypatch.setattr(pwd, "getpwuid", unknown)
    else:
        monkeypatch.setattr(platformdirs, "user_data_path", lambda *_, **__: Path("~/.local/share/kbvr"))
    assert main(["export", "--depth-map", "png", "a.png", "-o", "out"]) == 0
    assert f"{CANNOT} without a home folder (set KBVR_HOME" in capsys.readouterr().err
    assert main(["models", "list"]) == 0
    assert main(["models", "pull", "migan"]) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("kbvr: cannot write to ")
    assert sorted(path.name for path in photos.iterdir()) == ["a.png", "b.png", "out"]


@pytest.mark.parametrize("home", ["file", "missing", "loop"])
def test_a_kbvr_home_that_is_not_a_folder_stops_nothing(
    home: str, photos: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing folder gives no warning, because the first pull creates it."""
    (photos / "file").write_text("")
    (photos / "loop").symlink_to(photos / "loop")
    monkeypatch.setenv("KBVR_HOME", str(photos / home))
    assert main(["export", "--depth-map", "png", str(photos / "a.png"), "-o", str(photos)]) == 0
    assert (CANNOT in capsys.readouterr().err) == (home != "missing")
    assert main(["models", "list"]) == 0
