"""Blind comparison: names are hidden, votes are counted for the right filler, and crops show what is filled."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from scenes import card_before_wall

from bench import blind
from bench.blind import CROP_PX, Crop, counted, crops_of, main, marked, most_filled, ranks_of, write_sheets
from kbvr.errors import InputError
from kbvr.inpaint.push_pull import spread

PICTURES = {name: np.full((20, 30, 3), level, np.uint8) for name, level in (("patches", 50), ("x", 100), ("y", 150))}


def test_the_crop_is_where_most_is_filled():
    view = np.full((300, 400, 3), 90, np.uint8)
    view[200:240, 300:330] = blind.MARK
    inside, filled_px = most_filled(view)
    assert filled_px == 40 * 30
    assert (view[inside] == blind.MARK).all(axis=2).sum() == filled_px
    assert view[inside].shape[:2] == CROP_PX[::-1]


def test_sheets_show_every_filler_in_an_order_that_only_the_key_tells(tmp_path):
    crops = [Crop(str(number), "stereo", 200, PICTURES) for number in range(12)]
    write_sheets(crops, tmp_path, count=10, seed=1)
    key = json.loads((tmp_path / "key.json").read_text())
    assert len(key) == 10 and len({tuple(asked["names"]) for asked in key}) > 2
    for number, asked in enumerate(key):
        shown = cv2.imread(str(tmp_path / f"{number:03}.png"))
        levels = [int(shown[10, x, 0]) for x in (20, 20 + 68, 20 + 136)]
        assert levels == [int(PICTURES[name][0, 0, 0]) for name in asked["names"]]


def test_votes_are_counted_for_the_filler_behind_the_letter(tmp_path):
    key = [
        {"names": ["x", "patches"]},
        {"names": ["patches", "x"]},
        {"names": ["x", "patches"]},
        {"names": ["x", "patches"]},
    ]
    (tmp_path / "key.json").write_text(json.dumps(key))
    (tmp_path / "votes.csv").write_text("0,ba\n1,ab\n2,a=b\n3,ab\n")
    assert counted(tmp_path, "patches") == "patches against x: better 2, equal 1, worse 1"


@pytest.mark.parametrize(("vote", "ranks"), [("abc", [0, 1, 2]), ("b=ac", [0, 0, 1]), ("ca=b", [1, 1, 0])])
def test_a_vote_is_a_ranking(vote, ranks):
    assert ranks_of(vote, 3) == ranks


@pytest.mark.parametrize("vote", ["", "ab", "abb", "abcd", "a>bc", "=abc"])
def test_a_vote_that_is_no_ranking_is_refused(vote):
    with pytest.raises(InputError, match="expected a ranking of abc"):
        ranks_of(vote, 3)


def test_crops_of_a_photo_show_every_filler(monkeypatch):
    photo, depth = card_before_wall()
    monkeypatch.setattr(blind, "estimate_depth", lambda photo, model: depth)
    monkeypatch.setattr(blind, "MIN_FILLED_PX", 5)
    crops = list(crops_of(photo, "card", {"spread": spread, "marked": marked}))
    assert "stereo" in {crop.move for crop in crops}
    assert all(set(crop.pictures) == {"spread", "marked"} for crop in crops)
    assert any((crop.pictures["spread"] != crop.pictures["marked"]).any() for crop in crops)


def test_what_cannot_be_used_ends_with_exit_code_two(tmp_path, capsys):
    assert main(["--out", str(tmp_path), str(tmp_path / "missing.jpg")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
