"""Words in a photo's name that players take for a layout do not get into the names of its outputs."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import kbvr
from kbvr.batching.source import Source
from kbvr.cli.main import main
from kbvr.plan.name_endings import NAME_ENDINGS, OTHER_ENDINGS, PLAYER_ENDINGS
from kbvr.plan.player_words import PLAYER_WORDS, player_words, without_player_words
from kbvr.serving.kinds import ONE_VIEW, layout_named

OF_LAYOUTS = {
    ending.replace("_kbvr", ""): layout
    for endings in (NAME_ENDINGS, *(PLAYER_ENDINGS[name] for name in ("quest", "skybox", "deovr")))
    for layout, ending in endings.items()
} | OTHER_ENDINGS
"""Every ending that a player is known to read -> its layout."""

FOR_KBVR_ALONE = ("left", "right", "mono", "rows", "columns", "checkerboard", "anaglyph")


@pytest.mark.parametrize("ending", sorted(ending for ending in OF_LAYOUTS if OF_LAYOUTS[ending] not in FOR_KBVR_ALONE))
@pytest.mark.parametrize("change", [str, str.lower, str.upper])
def test_no_ending_that_any_player_reads_is_left(ending, change):
    stem = without_player_words(f"beach{change(ending)}")
    assert stem.startswith("beach") and not player_words(stem)
    assert layout_named(f"{stem}.mp4") is None
    assert layout_named(f"{stem}_kbvr_LR.mp4") == "sbs"


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("beach_180", "beach180"),
        ("IMG_180_LR", "IMG180LR"),
        ("photo.TB.final", "photoTB.final"),
        ("walk 360 sunset", "walk360 sunset"),
        ("a_H_SBS", "aHSBS"),
        ("180", "photo180"),
        ("_180", "photo180"),
        ("rouge ou noir", "rouge ou noir"),
        ("left_mono", "left_mono"),
        ("IMG_0180", "IMG_0180"),
        ("bulb", "bulb"),
    ],
)
def test_such_a_word_is_joined_to_the_word_before(stem, expected):
    assert without_player_words(stem) == expected


@given(
    st.lists(st.sampled_from([*sorted(PLAYER_WORDS), "_", "-", " ", "a", "IMG", "LR", "."]), max_size=12).map("".join)
)
def test_a_name_without_such_words_stays_as_it_is(stem):
    quiet = without_player_words(stem)
    assert not player_words(quiet)
    assert without_player_words(quiet) == quiet
    assert re.sub(r"[-_. ]", "", quiet).removeprefix("photo") == re.sub(r"[-_. ]", "", stem)
    assert quiet == stem or player_words(stem)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "beach_180.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (32, 48, 3), np.uint8)).save(path)
    np.save(tmp_path / "depth.npy", np.tile(np.linspace(2, 1, 32)[:, None], (1, 48)))
    return path


def test_an_export_renames_its_outputs_and_warns(photo, tmp_path, caplog):
    given = {"depth": tmp_path / "depth.npy", "depth_kind": "depth-m", "fill": "spread"}
    with caplog.at_level(logging.WARNING):
        report = kbvr.export(photo, tmp_path / "out", still="sbs", **given)
    assert [one.file.path.name for one in report.written] == ["beach180_kbvr_LR.jpg"]
    assert "180 in its name means a layout to players: the names of its outputs begin with beach180" in caplog.text
    caplog.clear()
    kbvr.export(photo, tmp_path / "mine_TB.jpg", still="tb", **given)
    assert (tmp_path / "mine_TB.jpg").exists() and "players" not in caplog.text


def test_two_photos_whose_outputs_would_share_a_name_are_refused(photo, tmp_path, capsys):
    other = tmp_path / "beach180.png"
    other.write_bytes(photo.read_bytes())
    call = ["export", str(photo), str(other), "-o", str(tmp_path / "out"), "--depth-map", "npy", "-q"]
    assert main(call) == 2
    assert "same name as" in capsys.readouterr().err


def test_a_batch_names_its_outputs_likewise():
    assert Source("/photos/beach_180.jpg").stem == "beach180"
    assert layout_named("beach_180.mp4") == "180-mono" and "180-mono" in ONE_VIEW
