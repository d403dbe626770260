"""`pip install .` alone is enough: the wheel holds the compiled renderer and the network, and wants no compiler."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from kbvr.native import library as compiled

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build a wheel as pip does, with the build tools of the test environment."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(folder),
        ".",
    ]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=300)
    return next(folder.glob("kbvr-*.whl"))


def test_the_wheel_suits_every_python_of_its_platform(wheel):
    assert "-py3-none-" in wheel.name
    assert not wheel.name.endswith("-any.whl")


def test_the_wheel_holds_all_that_kbvr_needs_to_run(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for variant in compiled.variants():
        assert f"kbvr/native/built/libkbvr_{variant}{compiled.SUFFIX}" in names
    assert {"kbvr/nets/builtin/kbvr-depth.onnx", "kbvr/nets/builtin/kbvr-depth.json", "kbvr/py.typed"} <= names
    assert "kbvr/rendering/gpu.wgsl" in names
    viewers = ("kbvr-draco.js", "kbvr-photo.js", "scene.html", "stereo.html", "studio.html")
    assert {
        f"kbvr/studio/examples/{name}" for name in ("moose.jpg", "street.jpg", "coffee.jpg", "credits.txt")
    } <= names
    assert {f"kbvr/pages/{name}" for name in (*viewers, "gallery.css", "gallery.html", "gallery.js")} <= names
    assert {"kbvr/serving/templates/index.html", "kbvr/serving/templates/photo.html"} <= names
    sources = ("export/", "tests/", "bench/", "viewers/")
    assert not [name for name in names if name.startswith(sources) or name.endswith(".cpp")]


def test_the_wheel_is_small(wheel):
    """Under 20 MB, nearly all of it the network."""
    assert wheel.stat().st_size < 20e6
