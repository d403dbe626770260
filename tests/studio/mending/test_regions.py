"""What is done with a selection: moved, upright, flat, cut out, far away, or on a plane."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mending_scenes import on_card
from scenes import CARD, card_before_wall

from kbvr.errors import InputError
from kbvr.studio.mending.planes import fit_plane, plane_through_line, straightened_line
from kbvr.studio.mending.regions import ACTIONS, Action, acted, cut_out, flattened, moved, upright
from kbvr.studio.mending.scale import Scale


@given(factor=st.floats(0.6, 3))
def test_moving_multiplies_the_distance_and_keeps_the_shape(factor):
    depth = (0.3 + 0.2 * np.random.default_rng(0).random((100, 120))).astype(np.float32)
    after = moved(depth, on_card(), factor=factor, scale=Scale.of(depth))
    np.testing.assert_allclose(1 / after[on_card()], factor / depth[on_card()], rtol=1e-5)
    assert (after[~on_card()] == depth[~on_card()]).all()


def test_nothing_is_pulled_nearer_than_the_limit():
    depth = card_before_wall()[1].inverse_depth
    scale = Scale.of(depth)
    assert moved(depth, on_card(), factor=0.02, scale=scale).max() == np.float32(scale.highest)


def test_a_cut_out_has_the_regions_depth_or_the_backgrounds_never_one_between():
    """Depth networks blur outlines into ramps, which would become rubber sheets."""
    depth = card_before_wall()[1].inverse_depth
    blurred = cv2.GaussianBlur(depth, (0, 0), 0.7)
    after = cut_out(blurred, on_card())
    rows, columns = CARD
    around = np.zeros(depth.shape, bool)
    around[rows.start - 6 : rows.stop + 6, columns.start - 6 : columns.stop + 6] = True
    assert np.abs(after - depth)[around].max() < 0.02


def test_a_cut_out_changes_only_the_rim():
    depth = np.random.default_rng(0).random((100, 120)).astype(np.float32)
    changed = cut_out(depth, on_card()) != depth
    core = np.zeros(depth.shape, bool)
    core[33:67, 43:77] = True
    far = np.ones(depth.shape, bool)
    far[27:73, 37:83] = False
    assert not changed[core].any() and not changed[far].any()


def test_cutting_out_everything_or_nothing_changes_nothing():
    depth = card_before_wall()[1].inverse_depth
    for region in (np.ones(depth.shape, bool), np.zeros(depth.shape, bool)):
        assert np.array_equal(cut_out(depth, region), depth)


def test_a_leaning_thing_stands_upright_where_its_foot_is():
    depth = np.full((100, 120), 0.2, np.float32)
    depth[CARD] = np.linspace(0.3, 0.9, 40, dtype=np.float32)[:, None]
    flat = upright(depth, on_card(), relief=0)
    assert np.ptp(flat[CARD]) == 0
    assert flat[50, 60] == pytest.approx(0.86, abs=0.04)
    half = upright(depth, on_card(), relief=0.5)
    assert np.ptp(half[CARD]) == pytest.approx(0.3, abs=0.02)
    assert (half[~on_card()] == 0.2).all()


def test_flattening_keeps_a_share_of_the_relief():
    depth = np.full((100, 120), 0.2, np.float32)
    depth[CARD] = np.linspace(0.4, 0.8, 40, dtype=np.float32)
    assert np.ptp(flattened(depth, on_card())[CARD]) == 0
    assert np.ptp(flattened(depth, on_card(), relief=0.5)[CARD]) == pytest.approx(0.2, abs=1e-5)
    assert flattened(depth, on_card())[50, 60] == pytest.approx(0.6, abs=0.01)


@given(across=st.floats(-0.4, 0.4), down=st.floats(-0.4, 0.4), outliers=st.floats(0, 0.35), seed=st.integers(0, 50))
def test_a_plane_is_found_exactly_whatever_stands_before_it(across, down, outliers, seed):
    """In inverse depth a plane is linear across the picture."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:100, :120] / 120
    plane = (across * x + down * y + 1).astype(np.float32)
    depth = plane.copy()
    wrong = rng.random(depth.shape) < outliers
    depth[wrong] += rng.uniform(0.2, 2, int(wrong.sum())).astype(np.float32)
    region = np.zeros(depth.shape, bool)
    region[10:90, 15:110] = True
    np.testing.assert_allclose(fit_plane(depth, region), plane, atol=2e-4)


def test_a_plane_of_too_few_pixels_is_refused():
    depth = np.ones((100, 120), np.float32)
    line = np.zeros(depth.shape, bool)
    line[50, 10:100] = True
    for region in (line, np.zeros(depth.shape, bool)):
        with pytest.raises(InputError, match="too small for a plane"):
            fit_plane(depth, region)


def test_a_line_on_a_floor_selects_the_floor():
    y = np.arange(100, dtype=np.float32)[:, None] / 100
    depth = np.maximum(np.broadcast_to(y, (100, 120)), 0.5).astype(np.float32)  # a wall, and a floor from row 50
    region = plane_through_line(depth, (20, 80), (100, 85), Scale.of(depth))
    assert region[60:].mean() > 0.98
    assert region[:45].mean() < 0.02


def test_a_line_becomes_straight_in_space():
    x = np.arange(120, dtype=np.float32) / 120
    depth = np.broadcast_to(0.5 + 0.3 * x + 0.05 * np.sin(x * 20), (100, 120)).astype(np.float32)
    after = straightened_line(depth, (5, 50), (115, 50), reach_px=10)
    line = after[50, 6:114]
    bend = np.abs(np.diff(line, 2)).max()
    assert bend < 0.2 * np.abs(np.diff(depth[50, 6:114], 2)).max()
    assert (after[:38] == depth[:38]).all() and (after[62:] == depth[62:]).all()


def test_a_line_that_is_too_short_is_refused():
    with pytest.raises(InputError, match="too short"):
        straightened_line(np.ones((100, 120), np.float32), (5, 5), (6, 6), reach_px=5)


@given(kind=st.sampled_from(ACTIONS), factor=st.floats(0.02, 50), relief=st.floats(0, 1))
def test_every_action_leaves_a_valid_depth(kind, factor, relief):
    depth = card_before_wall()[1].inverse_depth
    after = acted(depth, on_card(), Action(kind, factor, relief), Scale.of(depth))
    assert np.isfinite(after).all() and (after >= 0).all() and after.dtype == np.float32
    assert np.array_equal(after[:20], depth[:20])


@pytest.mark.parametrize("values", [{"factor": 0}, {"factor": float("nan")}, {"relief": 2}, {"relief": -1}])
def test_impossible_actions_are_refused(values):
    with pytest.raises(InputError, match="expected"):
        Action(**{"kind": "move", **values})
