"""The measures of the bench, on pictures whose figures are known exactly."""

from __future__ import annotations

import json
import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bench import depth as depth_bench
from bench import depth_pairs, depth_two_views, novel_view, render
from bench.baselines import best_constant_shift_px, naive_warp, paper_points, shifted
from bench.machine import this_machine
from bench.metrics import psnr_db, ssim, ssim_map, unseen_by_left
from bench.pairs import StereoPair, farther_neighbour_columns, load_pair, load_pairs
from kbvr.errors import InputError

WALL_PX, CARD_PX = 4.0, 11.0
CARD = np.s_[8:24, 30:50]


def noise(height: int = 32, width: int = 96, seed: int = 0) -> np.ndarray:
    """A picture in which every pixel is its own."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def card_before_wall() -> np.ndarray:
    """Disparity of a card of 20 x 16 pixels before a wall."""
    disparity_px = np.full((32, 96), WALL_PX, np.float32)
    disparity_px[CARD] = CARD_PX
    return disparity_px


def test_psnr_of_a_constant_error_is_what_the_formula_says() -> None:
    """An error of 5 levels everywhere: 20 log10(255 / 5)."""
    truth = np.full((16, 16, 3), 100, np.uint8)
    assert psnr_db(truth + 5, truth) == pytest.approx(20 * math.log10(255 / 5))


def test_psnr_looks_only_inside_the_mask() -> None:
    """Equal inside: infinite; an empty mask: nothing to say."""
    truth, predicted = noise(seed=1), noise(seed=2)
    mask = np.zeros(truth.shape[:2], bool)
    assert math.isnan(psnr_db(predicted, truth, mask))
    mask[3:6, 4:9] = True
    predicted[mask] = truth[mask]
    assert psnr_db(predicted, truth, mask) == math.inf
    assert psnr_db(predicted, truth, ~mask) < 15


def test_ssim_of_a_picture_with_itself_is_one() -> None:
    """At every pixel, and so in every mask."""
    picture = noise()
    np.testing.assert_allclose(ssim_map(picture, picture), 1, atol=1e-9)
    assert ssim(picture, picture) == pytest.approx(1)


def test_ssim_of_two_flat_pictures_is_the_luminance_term() -> None:
    """No variance: (2 a b + c1) / (a^2 + b^2 + c1)."""
    a, b, c1 = 60.0, 180.0, (0.01 * 255) ** 2
    flat = np.ones((20, 20, 3), np.uint8)
    expected = (2 * a * b + c1) / (a * a + b * b + c1)
    assert ssim(flat * 60, flat * 180) == pytest.approx(expected, abs=1e-9)


def test_ssim_agrees_with_the_formula_written_out_at_one_pixel() -> None:
    """Weighted means, variances and covariance of one 11 x 11 window, as in the paper."""
    x, y = noise(seed=3), cv2.GaussianBlur(noise(seed=3), (3, 3), 1)
    offsets = np.arange(11) - 5
    weights = np.exp(-(offsets[:, None] ** 2 + offsets[None] ** 2) / (2 * 1.5**2))
    weights /= weights.sum()
    row, column = 15, 40
    window = np.s_[row - 5 : row + 6, column - 5 : column + 6]
    luma_x, luma_y = (picture[window].astype(float) @ (0.299, 0.587, 0.114) for picture in (x, y))
    mean_x, mean_y = (weights * luma_x).sum(), (weights * luma_y).sum()
    variance_x, variance_y = (
        (weights * (luma_x - mean_x) ** 2).sum(),
        (weights * (luma_y - mean_y) ** 2).sum(),
    )
    covariance = (weights * (luma_x - mean_x) * (luma_y - mean_y)).sum()
    c1, c2 = 2.55**2, 7.65**2
    expected = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    expected /= (mean_x**2 + mean_y**2 + c1) * (variance_x + variance_y + c2)
    assert ssim_map(x, y)[row, column] == pytest.approx(expected, abs=1e-9)


@given(disparity_px=st.integers(0, 30))
def test_naive_warp_of_a_frontal_plane_is_an_exact_shift(disparity_px: int) -> None:
    """A plane of constant depth moves as a whole, its last column fills the border."""
    left = noise()
    warped = naive_warp(left, np.full(left.shape[:2], disparity_px, np.float32))
    np.testing.assert_array_equal(warped, shifted(left, disparity_px))


@given(disparity_px=st.integers(1, 30))
def test_paper_points_of_a_frontal_plane_are_an_exact_shift(disparity_px: int) -> None:
    """The same camera as the naive warp's; only the border, which is invented, differs."""
    left = noise()
    drawn = paper_points(left, np.full(left.shape[:2], disparity_px, np.float32))
    np.testing.assert_array_equal(drawn[:, : 96 - disparity_px], left[:, disparity_px:])


def test_paper_points_let_the_nearest_win_and_fill_holes_with_the_wall() -> None:
    """A red card before a blue wall: where it must be, and blue beside it."""
    disparity_px = card_before_wall()
    left = np.where((disparity_px == CARD_PX)[..., None], (200, 0, 0), (0, 0, 200)).astype(np.uint8)
    drawn = paper_points(left, disparity_px)
    assert (drawn[9:23, 31 - int(CARD_PX) : 49 - int(CARD_PX), 0] == 200).all()
    assert (drawn[8:24, 51 - int(CARD_PX) : 90, 2] == 200).all()


@given(true_px=st.integers(0, 24))
def test_best_constant_shift_finds_the_true_one(true_px: int) -> None:
    """On a plane there is a shift that is perfect but for the border."""
    left = noise()
    assert best_constant_shift_px(left, shifted(left, true_px)) == true_px


@given(wall_px=st.integers(0, 10), step_px=st.integers(2, 15))
def test_a_card_hides_as_many_columns_as_the_disparities_differ(wall_px: int, step_px: int) -> None:
    """The wall that comes into view lies just right of the card, as wide as the step."""
    disparity_px = np.full((32, 96), wall_px, np.float32)
    disparity_px[CARD] = wall_px + step_px
    expected = np.zeros((32, 96), bool)
    expected[8:24, 50 - wall_px - step_px : 50 - wall_px] = True
    unseen = unseen_by_left(disparity_px)
    np.testing.assert_array_equal(unseen.hidden, expected)
    np.testing.assert_array_equal(unseen.border, np.broadcast_to(np.arange(96) >= 96 - wall_px, (32, 96)))


@given(slope=st.floats(-0.6, 0.6), whole=st.booleans())
def test_a_slanted_wall_hides_nothing(slope: float, whole: bool) -> None:
    """However much the right eye stretches it, and though its disparity be rounded to whole pixels."""
    ramp = 60 + slope * np.arange(96)
    disparity_px = np.broadcast_to(np.round(ramp) if whole else ramp, (8, 96)).astype(np.float32)
    assert not unseen_by_left(disparity_px).hidden.any()


def test_naive_warp_lets_the_nearest_win_and_fills_holes_with_the_wall() -> None:
    """A red card before a blue wall: the hole beside the card is blue, the card is whole."""
    disparity_px = card_before_wall()
    left = np.where((disparity_px == CARD_PX)[..., None], (200, 0, 0), (0, 0, 200)).astype(np.uint8)
    warped = naive_warp(left, disparity_px)
    expected = np.zeros((32, 96), bool)
    expected[8:24, 30 - int(CARD_PX) : 50 - int(CARD_PX)] = True
    np.testing.assert_array_equal(warped[..., 0] == 200, expected)
    np.testing.assert_array_equal(warped[..., 2] == 200, ~expected)


def test_gaps_take_the_farther_of_their_two_neighbours() -> None:
    """The smaller disparity wins on either side; at a border, the only neighbour there is."""
    disparity_px = np.array([[0, 9, 0, 0, 3, 0, 0, 7, 0]], np.float32)
    columns = farther_neighbour_columns(disparity_px, disparity_px > 0)
    np.testing.assert_array_equal(columns, [[1, 1, 4, 4, 4, 4, 4, 7, 7]])


def test_unknown_disparity_becomes_background_even_in_an_unknown_row() -> None:
    """A row with nothing known takes the farthest known value of the picture; known values stay."""
    disparity_px = np.array([[0, 8, 0, 2, 0], [0, 0, 0, 0, 0]], np.float32)
    pair = StereoPair("gaps", noise(2, 5), noise(2, 5), disparity_px)
    np.testing.assert_array_equal(pair.filled_disparity_px(), [[8, 8, 2, 2, 2], [2, 2, 2, 2, 2]])


@given(scale=st.floats(0.1, 50), shift=st.floats(-5, 1))
def test_a_depth_that_is_right_up_to_scale_and_shift_has_no_error(scale: float, shift: float) -> None:
    """Unknown pixels have no say."""
    disparity_px = card_before_wall()
    disparity_px[:, :20] = 0
    relative = (np.where(disparity_px == 0, 50, disparity_px) - shift) / scale
    pair = StereoPair("card", noise(), noise(), disparity_px)
    figures = depth_pairs.figures_of(relative.astype(np.float32), pair)
    assert figures.correlation == pytest.approx(1, abs=1e-5)
    assert figures.error_share == pytest.approx(0, abs=1e-3)


def test_a_perfect_prediction_has_perfect_figures_in_every_region() -> None:
    """And JSON that any reader takes: what is not a number is null."""
    picture = noise()
    figures = novel_view.figures_of(picture, picture, unseen_by_left(card_before_wall()))
    assert figures.psnr_db == figures.hidden_psnr_db == figures.border_psnr_db == math.inf
    assert figures.ssim == pytest.approx(1) and figures.hidden_ssim == pytest.approx(1)
    pair = novel_view.PairFigures("card", 0.0, 0.1, 0.1, 4, {"perfect": figures})
    plain = json.loads(json.dumps(novel_view.as_json([pair]), allow_nan=False))
    assert plain["medians"]["perfect"]["psnr_db"] is None


def test_the_naive_warp_beats_the_shifts_where_there_is_depth() -> None:
    """A stereo pair of a card before a wall, drawn exactly."""
    disparity_px, wall, card = card_before_wall(), noise(32, 128, 5), noise(16, 20, 6)
    left, right = wall[:, 20:116].copy(), wall[:, 24:120].copy()
    left[CARD] = card
    right[8:24, 30 - int(CARD_PX) : 50 - int(CARD_PX)] = card
    measured = novel_view.measure_pair(StereoPair("card", left, right, disparity_px), baselines_only=True)
    assert measured.constant_shift_px == WALL_PX
    naive, constant, still = (
        measured.methods[name] for name in ("naive warp, true disparity", "best constant shift", "no shift")
    )
    assert naive.psnr_db > constant.psnr_db > still.psnr_db
    assert naive.ssim > constant.ssim > still.ssim
    assert measured.methods["paper points, true disparity"].psnr_db > constant.psnr_db
    assert "best constant shift 4 px" in novel_view.report([measured])


def write_pair(folder: Path, disparity_px: np.ndarray, left: np.ndarray, right: np.ndarray) -> None:
    """One pair as it lies on disk."""
    folder.mkdir()
    Image.fromarray(left).save(folder / "left.png")
    Image.fromarray(right).save(folder / "right.png")
    np.savez_compressed(folder / "disparity.npz", disparity=disparity_px)


def test_pairs_are_loaded_by_name_as_they_were_written(tmp_path: Path) -> None:
    """Other folders beside them are passed over."""
    for name, seed in (("b", 1), ("a", 2)):
        write_pair(tmp_path / name, card_before_wall(), noise(seed=seed), noise(seed=seed + 2))
    (tmp_path / "notes").mkdir()
    first, second = load_pairs(tmp_path)
    assert (first.name, second.name) == ("a", "b")
    np.testing.assert_array_equal(first.left, noise(seed=2))
    np.testing.assert_array_equal(first.right, noise(seed=4))
    np.testing.assert_array_equal(first.disparity_px, card_before_wall())


def test_pairs_that_cannot_be_used_are_refused_in_one_line(tmp_path: Path) -> None:
    """No folder, no pair, sizes that differ, no disparity known, files that are not what they say."""
    with pytest.raises(InputError, match="folder of stereo pairs"):
        load_pairs(tmp_path / "missing")
    with pytest.raises(InputError, match="expected a pair"):
        load_pairs(tmp_path)
    write_pair(tmp_path / "sizes", card_before_wall(), noise(), noise(30, 90))
    with pytest.raises(InputError, match="one size"):
        load_pair(tmp_path / "sizes")
    write_pair(tmp_path / "unknown", card_before_wall() * 0, noise(), noise())
    with pytest.raises(InputError, match="above 0"):
        load_pair(tmp_path / "unknown")
    (tmp_path / "unknown" / "disparity.npz").write_text("text")
    with pytest.raises(InputError, match="disparity"):
        load_pair(tmp_path / "unknown")
    (tmp_path / "unknown" / "left.png").write_text("text")
    with pytest.raises(InputError, match="expected a picture"):
        load_pair(tmp_path / "unknown")


def test_bad_pairs_end_with_exit_code_two(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line on stderr, nothing on stdout."""
    for main in (novel_view.main, depth_bench.main):
        assert main(["--pairs", str(tmp_path / "missing")]) == 2
        printed = capsys.readouterr()
        assert printed.out == "" and len(printed.err.splitlines()) == 1


def test_the_rendered_scene_is_the_same_every_time_and_has_many_depths() -> None:
    """Figures of two runs are of the same work."""
    (rgb, inverse_depth), (again, depth_again) = (
        render.layered_scene((192, 108)),
        render.layered_scene((192, 108)),
    )
    np.testing.assert_array_equal(rgb, again)
    np.testing.assert_array_equal(inverse_depth, depth_again)
    assert inverse_depth.min() == pytest.approx(1 / 6) and inverse_depth.max() == pytest.approx(1)


def test_figures_name_the_machine_but_not_its_host_or_paths() -> None:
    """What is printed may be published."""
    machine = this_machine()
    text = " ".join(machine.lines())
    assert machine.commit in text and machine.cores >= 1 and "numpy" in text
    assert str(Path.cwd()) not in text and "/home" not in text


def test_with_the_true_disparity_kbvr_beats_every_baseline_on_every_real_pair(shared):
    """The promise of bench/README.md: in PSNR and SSIM, in what the left eye cannot see and over all pixels."""
    for pair in load_pairs(shared / "pairs"):
        methods = novel_view.measure_pair(pair).methods
        ours = methods[novel_view.OURS]
        baselines = {name: row for name, row in methods.items() if not name.startswith("kbvr")}
        assert len(baselines) == 7
        for name, theirs in baselines.items():
            for figure in ("psnr_db", "ssim", "hidden_psnr_db", "hidden_ssim"):
                assert getattr(ours, figure) > getattr(theirs, figure), (pair.name, name, figure)


def test_a_second_view_measures_depth_and_shows_what_is_hidden(shared: Path) -> None:
    """On every real pair it is better than the single photo, and by a wide margin on average."""
    measured = [depth_two_views.measure(pair) for pair in load_pairs(shared / "pairs")]
    for row in measured:
        assert row.pair.correlation > row.single.correlation + 0.05
        assert row.pair.error_share < 0.5 * row.single.error_share
        assert row.shown_db > row.invented_db + 0.3
        assert row.measured_share > 0.7
    assert np.mean([row.pair.correlation for row in measured]) > 0.95
    assert np.mean([row.pair.error_share for row in measured]) < 0.15
    assert np.mean([row.pair.edge_f_score - row.single.edge_f_score for row in measured]) > 0.1
    assert np.mean([row.shown_db - row.invented_db for row in measured]) > 2.5
