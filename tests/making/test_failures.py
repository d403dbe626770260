"""An output that cannot be made costs only itself: those beside it are written, and it is told of in one line."""

from __future__ import annotations

import json
import logging
import sys
from errno import ENOSPC
from pathlib import Path

import pytest
from PIL import Image

import kbvr
from kbvr.cli.main import main
from kbvr.errors import InputError, MissingExtraError, OutputError

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    path = tmp_path_factory.mktemp("photos") / "cat.jpg"
    with Image.open(EXAMPLES / "cat.jpg") as picture:
        picture.resize((120, 80)).save(path)
    return path


@pytest.mark.parametrize(
    ("module", "extra", "asked", "failed", "written"),
    [
        ("pxr.UsdValidation", "usd", ["--obj", "--usdz"], ["usdz"], {"obj", "mtl", "jpg", "png"}),
        ("DracoPy", "draco", ["--gltf", "--splats", "--compress", "draco"], ["gltf"], {"ply", "glb"}),
        ("DracoPy", "draco", ["--embed", "--depth-map", "png", "--compress", "draco"], ["embed"], {"png"}),
        ("pillow_heif", "heic", ["--still", "spatial,mpo"], ["still"], {"mpo"}),
    ],
)
def test_a_missing_extra_costs_only_its_own_output(
    module, extra, asked, failed, written, photo, tmp_path, monkeypatch, capsys
):
    """The others are written; one line says what to install; the exit code is that of a bad call."""
    monkeypatch.setitem(sys.modules, module, None)
    assert main(["export", "--json", "--fov", "60", *asked, str(photo), "-o", str(tmp_path)]) == 2
    told = capsys.readouterr()
    assert told.err.count("\n") == len(failed) == 1
    assert told.err.startswith(f"kbvr: {photo}: {failed[0]}: ")
    assert told.err.endswith(f"which is not installed: pip install 'kbvr[{extra}]'\n")
    summary = json.loads(told.out)
    assert [(one["output"], one["photo"], one["bug"]) for one in summary["failures"]] == [
        (failed[0], str(photo), False)
    ]
    assert {path.suffix[1:] for path in tmp_path.iterdir()} == written
    assert {Path(one["path"]) for one in summary["photos"][0]["written"]} <= {*tmp_path.iterdir()}


def test_a_missing_extra_is_found_before_the_work(photo, tmp_path, monkeypatch):
    """Nobody waits for a depth that nothing can be made of."""
    monkeypatch.setitem(sys.modules, "pxr.UsdValidation", None)
    monkeypatch.setattr("kbvr.profiles.layers.Layers.depth", lambda *_: pytest.fail("the depth was estimated"))
    with pytest.raises(MissingExtraError, match=r"USDZ requires usd-core, .*pip install 'kbvr\[usd\]'"):
        kbvr.export(photo, tmp_path, usdz=True)
    assert not list(tmp_path.iterdir())


def test_the_library_reports_what_failed_and_warns_of_it(photo, tmp_path, caplog):
    """Of every kind: what is made of the depth, scenes, films."""
    with caplog.at_level(logging.WARNING, "kbvr"):
        report = kbvr.export(
            photo, tmp_path, fov_deg=60, gltf=True, embed=True, ply=True, kenburns=True, anaglyph=True, seconds=0.2,
            max_mb=0.05, max_kb=1, depth_map="png",
        )  # fmt: skip
    assert {one.output for one in report.written} == {"depth-map", "kenburns"}
    assert [one.output for one in report.failed] == ["gltf", "embed", "ply", "anaglyph"]
    assert [record.getMessage() for record in caplog.records] == [
        f"{photo}: {one.output}: {one.message}" for one in report.failed
    ]
    assert report.stereo == {}, "the eyes of an anaglyph are told of that was not written"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cat_kbvr.mp4", "cat_kbvr_depth.png"]


def test_where_no_output_can_be_made_the_first_error_is_raised(photo, tmp_path):
    with pytest.raises(OutputError, match="expected a scene of at most"):
        kbvr.export(photo, tmp_path, gltf=True, html=True, max_mb=0.001)


def test_a_full_disk_is_everybodys_failure(photo, tmp_path, monkeypatch):
    """The outputs after it are not tried: they would meet the same, after more work."""

    def full(*_):
        raise OutputError("cannot write: No space left on device") from OSError(ENOSPC, "No space left on device")

    monkeypatch.setattr("kbvr.making.run.write_in_turn", full)
    monkeypatch.setattr("kbvr.making.run.write_items", lambda *_: pytest.fail("a film was drawn"))
    with pytest.raises(OutputError, match="No space left on device"):
        kbvr.export(photo, tmp_path, gltf=True, kenburns=True, seconds=0.2)


def test_what_a_format_cannot_hold_is_still_refused_before_the_work(photo, tmp_path, monkeypatch):
    """Wrong options are the call's mistake, not one output's."""
    monkeypatch.setattr("kbvr.profiles.layers.Layers.depth", lambda *_: pytest.fail("the depth was estimated"))
    with pytest.raises(InputError, match=r"64 to 8192 px .* in AV1 video"):
        kbvr.export(photo, tmp_path, stereo=True, depth_map="png", codec="av1", max_size=(40, 40))
