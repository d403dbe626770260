"""Blind comparison: names are hidden, votes are counted for the right filler, and crops show what is filled."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from scenes import card_before_wall

from bench import blind
from bench.blind import (
    CROP_PX,
    ROWS,
    Crop,
    counted,
    crops_of,
    is_marked,
    main,
    marked,
    most_filled,
    outlined,
    ranks_of,
    write_sheets,
)
from kbvr.errors import InputError
from kbvr.inpaint.push_pull import spread

PICTURES = {name: np.full((20, 30, 3), level, np.uint8) for name, level in (("patches", 50), ("x", 100), ("y", 150))}


def test_crops_are_where_most_is_filled_and_do_not_overlap():
    view = np.full((300, 500, 3), 90, np.uint8)
    view[200:240, 300:330] = blind.MARK
    view[20:40, 10:30] = blind.MARK
    filled = is_marked(view)
    first, second = most_filled(filled, 2)
    assert (filled[first].sum(), filled[second].sum()) == (40 * 30, 20 * 20)
    assert filled[first].shape == CROP_PX[::-1]
    filled[:] = True
    covered = np.zeros(filled.shape, int)
    for window in most_filled(filled, 4):
        covered[window] += 1
    assert covered.max() == 1 and covered.sum() == 4 * CROP_PX[0] * CROP_PX[1]
    assert most_filled(np.zeros((300, 500), bool), 2) == []


def test_the_outline_surrounds_what_is_filled_and_hides_it():
    view = np.full((60, 80, 3), 90, np.uint8)
    filled = np.zeros((60, 80), bool)
    filled[20:40, 30:50] = True
    shown = outlined(view, filled)
    assert (shown[20, 30:50] == blind.MARK).all() and (shown[20:40, 49] == blind.MARK).all()
    assert (shown[21:39, 31:49] == blind.UNKNOWN_GREY).all()
    np.testing.assert_array_equal(shown[~filled], view[~filled])


def test_sheets_show_the_place_and_every_filler_in_an_order_that_only_the_key_tells(tmp_path):
    crops = [Crop(str(number), "kenburns", 200, PICTURES["x"] + 9, PICTURES) for number in range(14)]
    write_sheets(crops, tmp_path, count=12, seed=1)
    key = json.loads((tmp_path / "key.json").read_text())
    assert len(key) == 12 and len({tuple(asked["names"]) for asked in key}) > 2
    sheets = [cv2.imread(str(path)) for path in sorted(tmp_path.glob("sheet-*.png"))]
    row_px = 2 * 20 + blind.GAP_PX
    assert [sheet.shape[0] // row_px for sheet in sheets] == [ROWS, 2]
    for number, asked in enumerate(key):
        row = sheets[number // ROWS][number % ROWS * row_px + 20]
        levels = [int(row[64 + blind.GAP_PX + 20 + 68 * column, 0]) for column in range(4)]
        assert levels == [109, *(int(PICTURES[name][0, 0, 0]) for name in asked["names"])]


def test_the_same_seed_gives_the_same_sheets(tmp_path):
    crops = [Crop(str(number), "kenburns", 200, PICTURES["x"], PICTURES) for number in range(8)]
    for name in ("one", "two"):
        write_sheets(crops, tmp_path / name, count=5, seed=3)
    assert all(
        (tmp_path / "two" / file.name).read_bytes() == file.read_bytes() for file in (tmp_path / "one").iterdir()
    )


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


def test_crops_of_a_photo_show_every_filler_in_moves_and_strips(monkeypatch):
    photo, depth = card_before_wall()
    monkeypatch.setattr(blind, "estimate_depth", lambda photo, model: depth)
    monkeypatch.setattr(blind, "MIN_FILLED_SHARE", 0.001)
    crops = list(crops_of(photo, "card", {"spread": spread, "marked": marked}))
    assert {crop.move for crop in crops} >= {"head box", "strip of 20 px"}
    assert all(set(crop.pictures) == {"spread", "marked"} for crop in crops)
    for crop in crops:
        is_filled = (crop.where == blind.MARK).all(axis=2) | (crop.where == blind.UNKNOWN_GREY).all(axis=2)
        changed = (crop.pictures["spread"] != crop.pictures["marked"]).any(axis=2)
        assert (is_filled & changed).sum() > 0.8 * crop.filled_px, crop.move
    monkeypatch.setattr(blind, "MIN_FILLED_SHARE", 1.1)
    assert not list(crops_of(photo, "card", {"spread": spread}))


def test_what_cannot_be_used_ends_with_exit_code_two(tmp_path, capsys):
    assert main(["--out", str(tmp_path), str(tmp_path / "missing.jpg")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
