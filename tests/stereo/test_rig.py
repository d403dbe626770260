"""Rigs keep their promises about parallax, wherever the path goes."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import card_before_wall

from kbvr.depth.scene_depth import SceneDepth, scene_depth_of
from kbvr.errors import InputError
from kbvr.geometry.camera import camera_of_photo
from kbvr.motion.move import Move, orbiting
from kbvr.motion.view import view_of
from kbvr.stereo.comfort_limits import MAX_PARALLAX_DEG
from kbvr.stereo.rig import MAX_APPROACH, Rig, eye_row, plan_rig


@cache
def card() -> SceneDepth:
    """A card at 1 m before a wall at 4 m."""
    return scene_depth_of(card_before_wall()[1])


def projected(camera, point) -> np.ndarray:
    p = camera.intrinsics @ (camera.camera_from_world @ (*point, 1.0))[:3]
    return p[:2] / p[2]


@given(screen_m=st.floats(0.3, 30), ratio=st.floats(1.01, 10))
def test_the_sign_of_parallax_shows_the_side_of_the_screen(screen_m, ratio):
    """Points behind the screen have positive parallax, points in front negative, and none is vertical."""
    camera = camera_of_photo((120, 100), 100.0)
    rig = Rig(0.06, screen_m, 0.0, 0.0, 0.0, 0.0)
    left, right = eye_row(camera, rig, 2)
    for distance, sign in ((screen_m, 0), (screen_m * ratio, 1), (screen_m / ratio, -1)):
        point = (0.1, -0.2, distance)
        parallax = projected(right, point) - projected(left, point)
        assert parallax[1] == pytest.approx(0, abs=1e-9)
        assert np.sign(np.round(parallax[0], 9)) == sign
        assert parallax[0] == pytest.approx(100 * 0.06 * (1 / screen_m - 1 / distance), abs=1e-6)


@given(budget=st.floats(0.002, 0.1), near=st.floats(0.2, 5), ratio=st.floats(1.05, 50))
def test_the_budget_is_kept(budget, near, ratio):
    scene_depth = scene_depth_of(card_before_wall(near=near, far=near / ratio)[1])
    rig = plan_rig(scene_depth, view_of(scene_depth, (120, 100)), budget=budget)
    assert rig.nearest_parallax_px <= 0 <= rig.farthest_parallax_px
    assert rig.farthest_parallax_px - rig.nearest_parallax_px <= budget * 120 * 1.001
    assert max(-rig.nearest_parallax_deg, rig.farthest_parallax_deg) <= MAX_PARALLAX_DEG * 1.001


@pytest.mark.parametrize("forward_m", [0.1, 0.3, 0.6])
def test_the_budget_holds_and_the_screen_plane_stays_when_the_path_goes_forward(forward_m):
    """Card at 1 m, wall at 4 m: where the path is nearest, their parallaxes differ by the budget at most."""
    view = view_of(card(), (120, 100))
    rig = plan_rig(card(), view, budget=0.02, forward_m=forward_m)
    move = Move(z_m=forward_m)
    left, right = eye_row(move.camera(view), rig, 2)

    def parallax_px(distance_m):
        return (projected(right, (0.0, 0.0, distance_m)) - projected(left, (0.0, 0.0, distance_m)))[0]

    assert parallax_px(4.0) - parallax_px(1.0) == pytest.approx(0.02 * 120, rel=0.01)
    assert parallax_px(rig.convergence_m) == pytest.approx(0, abs=1e-9)


def test_a_screen_plane_that_the_path_would_reach_is_refused():
    with pytest.raises(InputError, match="screen plane"):
        plan_rig(card(), view_of(card(), (120, 100)), convergence_m=0.3, forward_m=0.28)


def test_too_large_a_baseline_is_refused_with_the_largest_that_is_not():
    """The card at 1 m and the wall at 4 m may be spread over a fifth of the 120 px: f b 0.75 = 24, f = 103."""
    view = view_of(card(), (120, 100))
    assert view.f_px == pytest.approx(103)
    with pytest.raises(InputError, match=r"at most 311 mm .* 20% of the width, got 5000 mm"):
        plan_rig(card(), view, baseline_m=5.0)
    assert plan_rig(card(), view, baseline_m=0.31).baseline_m == 0.31


def test_a_budget_beyond_comfort_is_held_by_the_angle():
    rig = plan_rig(card(), view_of(card(), (120, 100)), budget=0.15)
    assert rig.decided_by == "angle"
    assert max(-rig.nearest_parallax_deg, rig.farthest_parallax_deg) == pytest.approx(MAX_PARALLAX_DEG, rel=0.01)


def test_given_values_are_kept():
    rig = plan_rig(card(), view_of(card(), (120, 100)), baseline_m=0.05, convergence_m=2.0)
    assert (rig.baseline_m, rig.convergence_m) == (0.05, 2.0)


@pytest.mark.parametrize("bad", [{"baseline_m": -1.0}, {"convergence_m": 0.0}, {"budget": float("nan")}])
def test_lengths_out_of_range_are_refused(bad):
    with pytest.raises(InputError):
        plan_rig(card(), view_of(card(), (120, 100)), **bad)


@pytest.mark.parametrize("angle_deg", [-12.0, 5.0, 15.0])
def test_on_an_orbit_the_point_orbited_stays_on_the_screen_and_nothing_is_vertical(angle_deg):
    rig = Rig(0.06, 1.5, 0.0, 0.0, 0.0, 0.0)
    camera = orbiting(angle_deg, 1.5).camera(camera_of_photo((120, 100), 100.0))
    left, right = eye_row(camera, rig, 2)
    assert projected(left, (0.0, 0.0, 1.5)) == pytest.approx(projected(right, (0.0, 0.0, 1.5)))
    assert projected(left, (0.3, 0.2, 4.0))[1] == pytest.approx(projected(right, (0.3, 0.2, 4.0))[1])


def test_a_path_beyond_the_subject_moves_the_screen_plane_ahead():
    """By default the plane is so far ahead that the path's end does not come too close to it."""
    rig = plan_rig(card(), view_of(card(), (120, 100)), forward_m=3.0)
    assert rig.convergence_m * MAX_APPROACH == pytest.approx(3.0)
    left, right = eye_row(Move(z_m=3.0).camera(view_of(card(), (120, 100))), rig, 2)
    assert np.isfinite([left.cx_px, right.cx_px]).all()
