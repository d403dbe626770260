"""The depth bench's own logic, on pictures and maps of which the figures are known."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from good_depth import COLUMNS, write_good_depth

from bench.agreement import correlation, errors
from bench.depth import main
from bench.depth_bars import at_least, at_most, bars_json, bars_text
from bench.hard_pictures import CHANGES, robustness
from bench.hard_pictures import bars as robust_bars
from bench.strong import StrongRow, by_quarter, doubt_agrees, worst
from bench.truths import Truth, evenly_spread, held_out_truths
from export.strong_labels import load_strong
from kbvr.errors import InputError

SLOPE = np.broadcast_to(np.linspace(0, 1, 40, dtype=np.float32)[:, None], (40, 60))


def picture_of(values: np.ndarray) -> np.ndarray:
    """Return a grey picture of values in 0-1."""
    return np.repeat(np.round(values * 255).astype(np.uint8)[..., None], 3, axis=2)


@pytest.fixture(scope="module")
def good_depth(tmp_path_factory):
    """Return a folder of pictures with good depth."""
    return write_good_depth(tmp_path_factory.mktemp("depth"))


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (0.01, 5.0), (300.0, -7.0)])
def test_a_map_that_is_right_but_for_scale_and_shift_is_perfect(scale, shift):
    """Also where a corner of the truth is unknown, and whatever the map says there."""
    truth, guess = SLOPE.copy(), SLOPE * np.float32(scale) + np.float32(shift)
    truth[:10, :10] = np.nan
    guess[:10, :10] = 1e4
    assert correlation(guess, truth) == pytest.approx(1)
    assert np.nanmean(errors(guess, truth)) == pytest.approx(0, abs=1e-4)
    assert np.isnan(errors(guess, truth)[:10, :10]).all()
    assert correlation(-guess, truth) == pytest.approx(-1)


def test_a_flat_map_agrees_with_nothing_and_has_the_error_of_a_wall():
    """Its correlation is not known, which no bar takes for met."""
    flat = np.ones((20, 30), np.float32)
    assert np.isnan(correlation(flat, SLOPE))
    assert np.nanmean(errors(flat, SLOPE)) == pytest.approx(1, abs=1e-3)
    assert not at_least("agreement", correlation(flat, SLOPE), -1.0).is_met


def test_nothing_is_said_of_the_error_where_the_truth_is_flat():
    """There is no wall's error to divide by."""
    assert np.isnan(
        errors(np.random.default_rng(0).random((6, 8), np.float32), np.full((6, 8), 0.25, np.float32))
    ).all()


def test_a_folder_of_which_nothing_is_held_out_is_refused(tmp_path):
    """A mean over no pictures is no figure."""
    (tmp_path / "INDEX.csv").write_text(",".join(COLUMNS) + "\n")
    with pytest.raises(InputError, match="held out"):
        held_out_truths(tmp_path)


def test_a_map_of_another_size_is_brought_to_the_truths():
    """Networks answer at their own size."""
    small = np.asarray(cv2.resize(SLOPE, (30, 20), interpolation=cv2.INTER_AREA))
    assert correlation(small, SLOPE) > 0.999


def test_a_bar_is_met_at_its_figure_and_missed_beyond_it():
    """On the right side, for both sorts; what could not be measured is missed."""
    assert at_least("a", 0.86, 0.86).is_met
    assert not at_least("a", 0.859, 0.86).is_met
    assert at_most("a", 0.42, 0.42).is_met
    assert not at_most("a", 0.421, 0.42).is_met
    assert not at_most("a", float("nan"), 0.42).is_met


def test_a_missed_bar_is_printed_as_missed_with_its_figure():
    """And counted."""
    bars = [at_least("agreement", 0.7, 0.88), at_most("seconds", 0.1, 0.35)]
    lines = bars_text(bars).splitlines()
    assert lines[2].split() == ["|", "agreement", "|", "0.700", "|", ">=", "0.880", "|", "NO", "|"]
    assert lines[3].split() == ["|", "seconds", "|", "0.100", "|", "<=", "0.350", "|", "yes", "|"]
    assert lines[-1] == "1 of 2 bars are met."
    assert [bar["met"] for bar in bars_json(bars)] == [False, True]


def test_the_truth_turns_with_its_picture():
    """Who takes bright for near loses nothing when the picture is turned; who takes low for near loses nearly all."""
    spots = np.random.default_rng(1).random((4, 6)).astype(np.float32)
    truth = np.asarray(cv2.resize(spots, (90, 60), interpolation=cv2.INTER_LINEAR))
    bright = Truth("bright is near", "pairs", picture_of(truth), truth)
    seeing = robustness(lambda rgb: rgb.mean(axis=2, dtype=np.float32), [bright])
    assert set(seeing.changed) == set(CHANGES)
    for change in ("grey", "sepia", "turned by 90 degrees", "128 px", "6000 px"):
        assert seeing.lost(change) == pytest.approx(0, abs=1e-3)
    assert all(bar.is_met for bar in robust_bars({"pairs": seeing}) if "turned" in bar.what)

    floor = Truth("low is near", "pairs", picture_of(SLOPE), SLOPE.copy())
    blind = robustness(rows_of, [floor])
    assert blind.lost("turned by 90 degrees") > 0.9
    assert not any(bar.is_met for bar in robust_bars({"pairs": blind}) if "turned" in bar.what)


def rows_of(rgb: np.ndarray) -> np.ndarray:
    """Return a map that comes nearer from row to row, whatever the picture shows."""
    return np.arange(rgb.shape[0], dtype=np.float32)[:, None].repeat(rgb.shape[1], 1)


def test_who_sees_by_colour_alone_fails_on_grey_and_on_sepia_pictures():
    """Reds before blues of the same brightness."""
    red, blue = np.round(SLOPE * 80), np.round((1 - SLOPE) * 80 * 0.299 / 0.114)
    coloured = Truth("red is near", "pairs", np.stack([red, red * 0, blue], axis=2).astype(np.uint8), SLOPE.copy())
    result = robustness(lambda rgb: rgb[..., 0].astype(np.float32), [coloured])
    met = {bar.what: bar.is_met for bar in robust_bars({"pairs": result})}
    assert not met["pairs, grey: correlation lost"]
    assert not met["pairs, sepia: correlation lost"]
    assert met["pairs, turned by 90 degrees: correlation lost"]


@pytest.mark.parametrize(("change", "long_side"), [("128 px", 128), ("6000 px", 6000)])
def test_small_and_large_pictures_have_the_size_that_they_say(change, long_side):
    """And their shape."""
    assert CHANGES[change](np.zeros((40, 60, 3), np.uint8)).shape == (round(long_side * 2 / 3), long_side, 3)


def test_pictures_are_made_harder_in_the_same_way_every_time():
    """Noise too, so that figures can be compared; a dark picture is dark, a noisy one keeps its brightness."""
    rgb = np.full((40, 60, 3), 120, np.uint8)
    for name, change in CHANGES.items():
        if name != "6000 px":
            np.testing.assert_array_equal(change(rgb), change(rgb))
    assert CHANGES["dark"](rgb).mean() == pytest.approx(36, abs=1)
    assert CHANGES["noisy"](rgb).mean() == pytest.approx(120, abs=1)
    assert 15 < CHANGES["noisy"](rgb).std() < 25


def test_confidence_is_worth_something_if_the_error_grows_as_it_falls():
    """Quarters of the pixels by confidence, from the surest on; unknown pixels count in none."""
    wrong = SLOPE.copy()
    wrong[:, :20] = np.nan
    assert by_quarter(wrong, 1 - SLOPE) == pytest.approx((0.115, 0.372, 0.628, 0.885), abs=0.01)
    assert by_quarter(wrong, SLOPE.copy())[0] == pytest.approx(0.885, abs=0.01)


def row(name: str, figure: float, expected: float = float("nan")) -> StrongRow:
    """Return the row of a picture."""
    return StrongRow(name, "films", {"fast": figure}, 1 - figure, (0.1,) * 4, expected)


def test_the_worst_are_named_first_and_a_flat_map_is_the_worst():
    """Ten of them."""
    rows = [row(f"p{number}", number / 20) for number in range(20)]
    assert [one.name for one in worst(rows)] == [f"p{number}" for number in range(10)]
    assert worst([*rows, row("flat", float("nan"))])[0].name == "flat"


def test_doubt_agrees_if_pictures_are_as_bad_as_expected():
    """Fully, if the two grow together; not known of networks that say nothing."""
    assert doubt_agrees([row(f"p{number}", 1 - number / 9, number / 3) for number in range(9)]) == pytest.approx(1)
    assert np.isnan(doubt_agrees([row("a", 0.5), row("b", 0.4)]))


def test_a_few_are_spread_evenly():
    """From the first on; no more than there are."""
    assert evenly_spread(list(range(10)), 3) == [0, 3, 6]
    assert evenly_spread([1, 2], 5) == [1, 2]
    assert evenly_spread([1, 2], None) == [1, 2]


def test_only_what_training_holds_out_is_measured(good_depth):
    """The very pictures that the trainers leave out, with the unknown left unknown."""
    truths = held_out_truths(good_depth)
    training, held_out = load_strong(good_depth, permissive=False)
    assert not {truth.name for truth in truths} & {one.name for one in training}
    assert [truth.name for truth in truths] == [one.name for one in held_out]
    assert len(held_out_truths(good_depth, 2)) == 2
    assert np.isnan(truths[0].inverse_depth[:4, :4]).all()


def test_json_holds_every_picture_and_every_bar(good_depth, capsys):
    """Of the parts that were wanted, and no others."""
    assert main(["--strong", str(good_depth), "--only", "strong", "--limit", "2", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["network"] == "kbvr-depth"
    assert len(said["strong"]) == 2
    assert set(said["strong"][0]["correlations"]) == {"fast", "good", "best"}
    (bar,) = said["bars"]
    assert bar["figure"] == pytest.approx(np.mean([one["correlations"]["fast"] for one in said["strong"]]))
    assert bar["met"] == (bar["figure"] >= bar["bar"])


def test_another_network_is_measured_by_its_file(good_depth, capsys):
    """As by its name."""
    from kbvr.nets import built_in_card

    arguments = ["--strong", str(good_depth), "--only", "strong,time", "--limit", "1"]
    assert main([*arguments, "--model", str(built_in_card("kbvr-depth").path)]) == 0
    text = capsys.readouterr().out
    assert "| held-out good depth, one pass: correlation |" in text
    assert "| file, MB " in text
    assert "A quick look: at most 1 pictures of each kind" in text
    assert "pairs" not in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "strong"], "--only strong requires --strong"),
        (["--only", "robust"], "--only robust requires --pairs or --strong"),
        (["--only", "tea"], "--only: expected pairs, strong, thin, robust, time, got tea"),
        (["--limit", "0", "--only", "time"], "--limit: expected a number above 0, got 0"),
        (["--model", "missing.onnx", "--only", "time"], "missing.onnx"),
        (["--strong", "missing"], "expected a folder with an INDEX.csv, got missing"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_line(arguments, said, capsys):
    """With exit code 2."""
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.err.count("\n") == 1
    assert not printed.out
