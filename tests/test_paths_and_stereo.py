"""Camera paths loop without a jump; rigs keep their promises about parallax."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import card_before_wall, depth_of, photo_of

from kbvr.camera import camera_of_photo, f_px_from_fov, fov_deg_from_f_px
from kbvr.errors import InputError
from kbvr.paths import PATH_NAMES, PATH_SHARE, Move, amplitude_m, autozoom, moves_along, reach_m_of, view_of
from kbvr.scene import Scene, build_scene, reach_m_for
from kbvr.stereo import MAX_PARALLAX_DEG, Rig, eye_pair, plan_rig


@cache
def card_scene() -> Scene:
    return build_scene(*card_before_wall())


def projected(camera, point) -> np.ndarray:
    p = camera.intrinsics @ (camera.camera_from_world @ (*point, 1.0))[:3]
    return p[:2] / p[2]


@given(fov=st.floats(2, 160), width=st.floats(16, 20_000))
def test_field_of_view_and_focal_length_are_each_others_inverse(fov, width):
    assert fov_deg_from_f_px(f_px_from_fov(fov, width), width) == pytest.approx(fov)


@pytest.mark.parametrize("path", PATH_NAMES)
def test_every_path_is_a_loop_without_a_jump(path):
    """The step over the seam is no larger than the largest step elsewhere."""
    moves = moves_along(path, card_scene(), frames=50)
    where = np.array([(m.x_m, m.y_m, m.z_m) for m in moves])
    steps = np.linalg.norm(np.diff(np.vstack([where, where[:1]]), axis=0), axis=1)
    assert np.isfinite(where).all()
    assert steps[-1] <= steps[:-1].max() + 1e-12


@pytest.mark.parametrize("path", PATH_NAMES)
def test_every_path_stays_within_what_the_scene_was_made_for(path):
    photo, depth = card_before_wall()
    scene = build_scene(photo, depth, reach_m=reach_m_for(depth, PATH_SHARE[path] + 1e-6))
    moves = moves_along(path, scene, frames=40)
    assert max(reach_m_of(move, scene.camera) for move in moves) <= scene.reach_m + 1e-6


def test_static_stands_still_and_swing_goes_both_ways():
    assert {m.x_m for m in moves_along("static", card_scene(), frames=5)} == {0.0}
    swing = [m.x_m for m in moves_along("swing", card_scene(), frames=40)]
    assert max(swing) == pytest.approx(amplitude_m("swing", card_scene()))
    assert min(swing) == pytest.approx(-max(swing))


def test_sideways_moves_hold_the_subject_still():
    scene = card_scene()
    view = view_of(scene, (120, 100))
    subject = (0.1, 0.05, 1 / scene.subject_inverse_depth)
    places = [projected(move.camera(view), subject) for move in moves_along("circle", scene, frames=12)]
    assert np.ptp(places, axis=0).max() < 1e-6


def test_autozoom_takes_no_shift_where_no_shift_uncovers_nothing():
    """Before a flat wall every shift is as good, and standing still comes first."""
    wall = build_scene(photo_of(np.zeros((60, 80, 3), np.uint8)), depth_of(np.full((60, 80), 0.5)))
    end = autozoom(wall)
    assert (end.x_m, end.y_m) == (0, 0)
    assert end.z_m > 0


@pytest.mark.parametrize(("path", "frames"), [("loop", 10), ("swing", 0)])
def test_unknown_paths_and_empty_films_are_refused(path, frames):
    with pytest.raises(InputError):
        moves_along(path, card_scene(), frames=frames)


@given(screen_m=st.floats(0.3, 30), ratio=st.floats(1.01, 10))
def test_parallax_sign_tells_the_side_of_the_screen(screen_m, ratio):
    """Points behind the screen have positive parallax, points in front negative, and none is vertical."""
    camera = camera_of_photo((120, 100), 100.0)
    rig = Rig(0.06, screen_m, 0.0, 0.0, 0.0, 0.0)
    left, right = eye_pair(camera, rig, moves_along("static", card_scene(), frames=1)[0])
    for distance, sign in ((screen_m, 0), (screen_m * ratio, 1), (screen_m / ratio, -1)):
        point = (0.1, -0.2, distance)
        parallax = projected(right, point) - projected(left, point)
        assert parallax[1] == pytest.approx(0, abs=1e-9)
        assert np.sign(np.round(parallax[0], 9)) == sign
        assert parallax[0] == pytest.approx(100 * 0.06 * (1 / screen_m - 1 / distance), abs=1e-6)


@given(budget=st.floats(0.002, 0.1), near=st.floats(0.2, 5), ratio=st.floats(1.05, 50))
def test_the_budget_is_kept(budget, near, ratio):
    photo, depth = card_before_wall(near=near, far=near / ratio)
    scene = build_scene(photo, depth)
    view = view_of(scene, (120, 100))
    rig = plan_rig(scene, view, budget=budget)
    assert rig.nearest_parallax_px <= 0 <= rig.farthest_parallax_px
    assert rig.farthest_parallax_px - rig.nearest_parallax_px <= budget * 120 * 1.001
    assert max(-rig.nearest_parallax_deg, rig.farthest_parallax_deg) <= MAX_PARALLAX_DEG * 1.001


@pytest.mark.parametrize("forward_m", [0.1, 0.3, 0.6])
def test_the_budget_holds_and_the_screen_plane_stays_when_the_path_goes_forward(forward_m):
    """Card at 1 m, wall at 4 m: where the path is nearest, their parallaxes differ by the budget at most."""
    scene = card_scene()
    view = view_of(scene, (120, 100))
    rig = plan_rig(scene, view, budget=0.02, forward_m=forward_m)
    move = Move(z_m=forward_m)
    left, right = eye_pair(move.camera(view), rig, move)

    def parallax_px(distance_m):
        return (projected(right, (0.0, 0.0, distance_m)) - projected(left, (0.0, 0.0, distance_m)))[0]

    assert parallax_px(4.0) - parallax_px(1.0) == pytest.approx(0.02 * 120, rel=0.01)
    assert parallax_px(rig.convergence_m) == pytest.approx(0, abs=1e-9)


def test_a_screen_plane_that_the_path_would_reach_is_refused():
    with pytest.raises(InputError, match="screen plane"):
        plan_rig(card_scene(), view_of(card_scene(), (120, 100)), convergence_m=0.3, forward_m=0.28)


def test_a_baseline_that_tears_the_eyes_apart_is_refused_with_the_largest_that_does_not():
    view = view_of(card_scene(), (120, 100))
    with pytest.raises(InputError, match=r"at most \d+ mm"):
        plan_rig(card_scene(), view, baseline_m=5.0)


def test_a_dolly_never_goes_more_than_a_third_of_the_way():
    photo, depth = card_before_wall(near=4.0, far=3.9)
    scene = build_scene(photo, depth)
    assert 0 < max(move.z_m for move in moves_along("dolly", scene, frames=20)) <= 0.33 / 4.0


def test_a_budget_beyond_comfort_is_held_by_the_angle():
    rig = plan_rig(card_scene(), view_of(card_scene(), (120, 100)), budget=0.15)
    assert rig.held_by_angle
    assert max(-rig.nearest_parallax_deg, rig.farthest_parallax_deg) == pytest.approx(MAX_PARALLAX_DEG, rel=0.01)


def test_what_is_given_is_kept():
    rig = plan_rig(card_scene(), view_of(card_scene(), (120, 100)), baseline_m=0.05, convergence_m=2.0)
    assert (rig.baseline_m, rig.convergence_m) == (0.05, 2.0)


@pytest.mark.parametrize("bad", [{"baseline_m": -1.0}, {"convergence_m": 0.0}, {"budget": float("nan")}])
def test_lengths_that_cannot_be_are_refused(bad):
    with pytest.raises(InputError):
        plan_rig(card_scene(), view_of(card_scene(), (120, 100)), **bad)
