"""Camera paths: they loop without a jump, hold the subject, and never run into what they move through."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import card_before_wall, depth_of

from kbvr.depth.scene_depth import LARGEST_ENLARGEMENT, SceneDepth, scene_depth_of
from kbvr.errors import InputError
from kbvr.geometry.camera import f_px_from_fov, fov_deg_from_f_px
from kbvr.motion.consequences import Landmarks
from kbvr.motion.crop import DEFAULT_ZOOM, Crop, Framing
from kbvr.motion.easing import Timing, shares, stopped_at
from kbvr.motion.ken_burns import (
    FROM_SHARE,
    HAND_SHARE,
    autozoom,
    crop_move,
    depth_within_m,
    framed_at,
    nearest_inside_m,
)
from kbvr.motion.keyframes import load_keyframes
from kbvr.motion.move import Move, border_reach_m, disocclusion_reach_m, orbiting
from kbvr.motion.path_names import PATH_NAMES, Steps
from kbvr.motion.path_options import PathOptions
from kbvr.motion.paths import PATH_SHARE, PATHS, ScenePath, moves_along
from kbvr.motion.view import OVERSCAN, view_of

FOUND = [name for name in PATH_NAMES if name != "keyframes"]


@cache
def card() -> SceneDepth:
    """A card at 1 m before a wall at 4 m."""
    return scene_depth_of(card_before_wall()[1])


@cache
def street() -> SceneDepth:
    """A floor 1.5 m below the camera that goes on to the horizon, and a wall 12 m away."""
    y = np.mgrid[:90, :160][0] + 0.5 - 45
    return scene_depth_of(depth_of(np.maximum(y / 100 / 1.5, 1 / 12)))


def path(name: str, scene_depth: SceneDepth, frames: int, **options) -> list[Move]:
    return moves_along(PathOptions(name=name, seconds=frames / 25, **options), Landmarks(scene_depth))


def wished(name: str, scene_depth: SceneDepth) -> ScenePath:
    """Return a path before its limits apply."""
    return PATHS[name](PathOptions(name=name), Landmarks(scene_depth))(1.0)


def positions(moves: list[Move]) -> np.ndarray:
    return np.array([move.position_m for move in moves])


def projected(camera, point) -> np.ndarray:
    p = camera.intrinsics @ (camera.camera_from_world @ (*point, 1.0))[:3]
    return p[:2] / p[2]


@given(fov=st.floats(2, 160), width=st.floats(16, 20_000))
def test_field_of_view_and_focal_length_are_each_others_inverse(fov, width):
    assert fov_deg_from_f_px(f_px_from_fov(fov, width), width) == pytest.approx(fov)


@pytest.mark.parametrize("name", FOUND)
@pytest.mark.parametrize("scene_depth", [card, street])
def test_every_path_is_a_loop_without_a_jump(name, scene_depth):
    """The step over the seam is no larger than the largest step elsewhere, and every number is finite."""
    moves = path(name, scene_depth(), 50, loop=True)
    where = np.array([list(vars(move).values()) for move in moves])
    steps = np.linalg.norm(np.diff(np.vstack([where, where[:1]]), axis=0), axis=1)
    assert np.isfinite(where).all()
    assert steps[-1] <= steps[:-1].max() + 1e-12


@pytest.mark.parametrize("name", ["swing", "orbit", "dolly", "dolly-zoom", "kenburns", "flight"])
def test_one_way_goes_from_one_end_to_the_other_and_rests_there(name):
    """As far as a loop goes, but without coming back."""
    once, loop = (positions(path(name, street(), 60, loop=way)) for way in (False, True))
    ends = np.linalg.norm(once[-1] - once[0])
    assert ends == pytest.approx(np.linalg.norm(loop[:, None] - loop[None], axis=2).max(), rel=0.02)
    assert np.linalg.norm(once[-1] - once[-2]) < 0.1 * ends
    assert np.linalg.norm(once - once[0], axis=1).argmax() == len(once) - 1


def test_linear_easing_of_the_papers_film_gives_its_frames():
    """75 positions forward and back without the two ends, 148 frames: a loop of 148 passes the same places."""
    there_and_back = shares(Timing(seconds=148 / 25, ease="linear"))
    forward = np.linspace(0, 1, 75)
    assert np.allclose(there_and_back, [*forward, *forward[-2:0:-1]])


def test_static_does_not_move_and_swing_goes_both_ways():
    assert {m.x_m for m in path("static", card(), 5)} == {0.0}
    swing = [m.x_m for m in path("swing", card(), 40)]
    assert max(swing) == pytest.approx(card().sideways_m(PATH_SHARE["swing"]))
    assert min(swing) == pytest.approx(-max(swing))


def test_sideways_moves_hold_the_subject_still():
    view = view_of(card(), (120, 100))
    subject = (0.1, 0.05, card().subject_m)
    places = [projected(move.camera(view), subject) for move in path("circle", card(), 12)]
    assert np.ptp(places, axis=0).max() < 1e-6


def test_an_orbit_keeps_its_distance_and_looks_at_the_subject():
    subject_m = card().subject_m
    subject = np.array([0.0, 0.0, subject_m])
    view = view_of(card(), (120, 100))
    moves = path("orbit", card(), 20)
    assert np.ptp([move.yaw_deg for move in moves]) > 1
    for move in moves:
        assert np.linalg.norm(subject - move.position_m) == pytest.approx(subject_m)
        assert projected(move.camera(view), subject) == pytest.approx((60, 50))


@given(yaw=st.floats(-40, 40), pitch=st.floats(-40, 40))
def test_turning_right_and_up_moves_the_picture_left_and_down(yaw, pitch):
    camera = Move(yaw_deg=yaw, pitch_deg=pitch).camera(card().camera)
    x, y = projected(camera, (0.0, 0.0, 1.0)) - (60, 50)
    assert np.sign(round(x, 6)) == -np.sign(round(yaw, 4))
    assert np.sign(round(y, 6)) == np.sign(round(pitch, 4))
    assert np.allclose(camera.camera_from_world[:3, :3] @ camera.camera_from_world[:3, :3].T, np.eye(3))


def test_a_dolly_zoom_keeps_the_subjects_size_and_brings_the_wall_closer():
    view = view_of(card(), (120, 100))
    near, far = (0.2, 0.0, Landmarks(card()).subject_m), (0.2, 0.0, 4.0)
    moves = path("dolly-zoom", card(), 10, loop=False)
    beyond = moves_along(PathOptions(name="dolly-zoom", steps=Steps(0, 2, 5)), Landmarks(card()))
    assert positions(beyond)[:, 2] == pytest.approx(np.linspace(0, 2, 5) * moves[-1].z_m), "steps may go twice as far"
    subject = [projected(move.camera(view), near)[0] for move in moves]
    wall = [projected(move.camera(view), far)[0] for move in moves]
    assert np.ptp(subject) < 1e-6
    assert (np.diff(wall) > 0).all()


def test_ways_straight_ahead_move_the_border_by_a_few_percent_of_the_width():
    """From 1 to 4 m lie 0.75 / m: 4% of the width each way, half of it from the middle, are 0.08 / 0.75 m forward."""
    assert wished("dolly", card()).at(1.0).z_m == pytest.approx(0.08 / 0.75, rel=0.01)
    assert wished("dolly-zoom", card()).at(1.0).z_m == pytest.approx(-0.16 / 0.75, rel=0.01)


def test_a_dolly_never_goes_more_than_a_third_of_the_way():
    scene_depth = scene_depth_of(card_before_wall(near=4.0, far=3.9)[1])
    assert 0 < max(move.z_m for move in path("dolly", scene_depth, 20)) <= 0.33 / 4.0


# The Ken Burns move


def test_the_automatic_zoom_has_the_papers_lengths():
    """From 97% of the picture to a 1.25th of that, at one of 16 shifts each way, up to 100 px of 1024."""
    inverse_depth = np.full((100, 120), 0.25)
    inverse_depth[25:75, 98:118] = 1.0
    start, end = autozoom(scene_depth_of(depth_of(inverse_depth)))
    assert start == Framing(0.0, 0.0, 0.97)
    assert end.share == pytest.approx(0.97 / 1.25)
    most_px = 100 / 1024 * 120
    assert 0 < end.u_px <= most_px
    for shift_px in (end.u_px, end.v_px):
        steps = (shift_px + most_px) / (2 * most_px / 15)
        assert steps == pytest.approx(round(steps), abs=1e-6)


@pytest.mark.parametrize(("column", "nearest_m"), [(12, 4.0), (15, 1.0), (102, 1.0), (105, 4.0)])
def test_the_nearest_thing_counts_only_an_eighth_of_the_long_side_from_the_border(column, nearest_m):
    """As in the paper: 128 px of 1024, which are 15 of 120; the post is three pixels wide."""
    inverse_depth = np.full((100, 120), 0.25)
    inverse_depth[:, column : column + 3] = 1.0
    assert nearest_inside_m(scene_depth_of(depth_of(inverse_depth))) == pytest.approx(nearest_m)


@given(
    u=st.floats(-60, 60), v=st.floats(-40, 40), first=st.floats(0.5, 1), last=st.floats(0.2, 1), t=st.floats(-1, 1.5)
)
def test_a_crop_move_is_the_papers(u, v, first, last, t):
    """ZTo = dmin crop / max(crops), dz = zTo - dmin, dx = -(cU - W/2) zTo / f, on points; ours moves the camera."""
    scene_depth = card()
    dmin, f = nearest_inside_m(scene_depth), scene_depth.camera.f_px
    shifts = []
    for framing in (Framing(0.0, 0.0, first), Framing(u, v, last)):
        z_to = dmin * framing.share / max(first, last)
        shifts.append((-framing.u_px * z_to / f, -framing.v_px * z_to / f, z_to - dmin))
    start, end = crop_move(Framing(0.0, 0.0, first), Framing(u, v, last), scene_depth)
    wanted = -((1 - t) * np.array(shifts[0]) + t * np.array(shifts[1]))
    assert start.towards(end, t).position_m == pytest.approx(wanted)


@given(x=st.floats(0, 60), y=st.floats(0, 50), width=st.floats(20, 60), height=st.floats(20, 50))
def test_a_crop_by_hand_fills_the_frame(x, y, width, height):
    """Of a wall, the framing's corners are the corners of the last frame, though the camera was held by a near post."""
    inverse_depth = np.full((100, 120), 0.2)
    inverse_depth[40:60, 60:62] = 1.0
    scene_depth = scene_depth_of(depth_of(inverse_depth))
    crop = Crop(x, y, width, height)
    end = path("kenburns", scene_depth, 10, loop=False, start=Crop(0, 0, 120, 100), end=crop)[-1]
    framing = crop.framed((120, 100))
    assert framing.share >= max(width / 120, height / 100) - 1e-9
    assert 0 <= end.z_m < 1
    camera = end.camera(view_of(scene_depth, (120, 100)))
    for side in (-1, 1):
        corner = np.array([framing.u_px + side * 60 * framing.share, framing.v_px + side * 50 * framing.share])
        point = (*(corner * 5 / scene_depth.camera.f_px), 5.0)
        assert projected(camera, point) == pytest.approx((60 + side * 60, 50 + side * 50), abs=1e-3)


def test_the_size_of_a_framing_changes_by_the_same_factor_and_its_centre_with_its_size():
    """Half of the way from the whole to a quarter is a half, and two thirds of the way of size and centre."""
    start, end = Framing(0.0, 0.0, 1.0), Framing(30.0, -15.0, 0.25)
    framing, moved = framed_at(start, end, 0.5)
    assert (framing.u_px, framing.v_px, framing.share) == pytest.approx((20, -10, 0.5))
    assert moved == pytest.approx(2 / 3)
    assert [framed_at(start, end, share)[1] for share in (0, 1)] == pytest.approx([0, 1])
    aside, moved = framed_at(end, replace(end, u_px=10.0), 0.25)
    assert (aside.u_px, aside.share, moved) == pytest.approx((25, 0.25, 0.25))


@pytest.mark.parametrize(
    ("framing", "wanted_m"),
    [
        (Framing(-30.0, -25.0, 0.5), 1.0),
        (Framing(30.0, -25.0, 0.5), 2.0),
        (Framing(-30.0, 25.0, 0.5), 4.0),
        (Framing(30.0, 25.0, 0.5), 5.0),
        (Framing(10.0, 25.0, 0.5), 5.0),
        (Framing(-10.0, 25.0, 0.5), 4.0),
        (Framing(-30.0, 5.0, 0.5), 4.0),
        (Framing(-30.0, -5.0, 0.5), 1.0),
    ],
)
def test_a_framing_is_as_far_away_as_its_median(framing, wanted_m):
    """Four quarters, at 1, 2, 4 and 5 m."""
    inverse_depth = np.kron([[1, 1 / 2], [1 / 4, 1 / 5]], np.ones((50, 60)))
    found_m = depth_within_m(framing, scene_depth_of(depth_of(inverse_depth)))
    assert found_m == pytest.approx(wanted_m, rel=0.01)


def test_percent_and_pixels_are_equivalent():
    pixels = Crop(50, 10, 100, 50)
    assert Crop(25, 10, 50, 50, percent=True).framed((200, 100)) == pixels.framed((200, 100))
    assert pixels.in_percent_of((200, 100)).framed((100, 50)) == Crop(25, 5, 50, 25).framed((100, 50))


@pytest.mark.parametrize("bad", [Crop(0, 0, 0, 10), Crop(100, 0, 30, 10), Crop(0, 95, 10, 10), Crop(-1, 0, 9, 9)])
def test_a_crop_outside_of_the_photo_is_refused_with_both_sizes(bad):
    with pytest.raises(InputError, match=r"inside the photo, which is 120x100, got"):
        bad.framed((120, 100))


def test_autozoom_does_not_shift_without_a_gain():
    """In front of a flat wall no shift uncovers anything; the middle keeps most of the subject."""
    _, end = autozoom(scene_depth_of(depth_of(np.full((60, 80), 0.5))))
    assert (end.u_px, end.v_px) == (0, 0)
    assert end.share == FROM_SHARE / DEFAULT_ZOOM


@pytest.mark.parametrize("column", [12, 108])
def test_autozoom_keeps_the_subject_in_the_frame(column):
    """A card near one side would be cut by an end crop in the middle; the crop follows it."""
    inverse_depth = np.full((100, 120), 0.25)
    inverse_depth[25:75, column - 10 : column + 10] = 1.0
    _, end = autozoom(scene_depth_of(depth_of(inverse_depth)))
    assert np.sign(end.u_px) == np.sign(column - 60)


@pytest.mark.parametrize("column", [8, 112])
def test_autozoom_goes_to_the_subject_as_far_as_it_may_where_little_is_uncovered_anywhere(column):
    """The card is hardly nearer than the wall: it alone decides the shift."""
    inverse_depth = np.full((100, 120), 0.25)
    inverse_depth[25:75, column - 8 : column + 8] = 0.26
    _, end = autozoom(scene_depth_of(depth_of(inverse_depth)))
    assert end.u_px == pytest.approx(np.sign(column - 60) * 100 / 1024 * 120)


@pytest.mark.parametrize("bad", [{"zoom": 0.9}, {"zoom": float("inf")}, {"shift_px": -1.0}, {"shift_px": 1e9}])
def test_a_zoom_out_of_range_is_refused(bad):
    with pytest.raises(InputError, match=r"the (zoom|shift) must be"):
        autozoom(card(), **bad)


# The long flight


@pytest.mark.parametrize("scene_depth", [card, street])
@pytest.mark.parametrize("zoom", [10.0, 1e55])
def test_the_long_flight_is_finite_slows_down_and_stops_before_the_scene(scene_depth, zoom):
    """Shift 10, zoom 1e55, steps 0:8:400, as people used it."""
    scene_depth = scene_depth()
    options = PathOptions(name="kenburns", shift_px=10, zoom=zoom, steps=Steps(0, 8, 400))
    moves = moves_along(options, Landmarks(scene_depth))
    where = positions(moves)
    assert len(moves) == 400
    assert np.isfinite([list(vars(move).values()) for move in moves]).all()
    forward = np.diff(where[:, 2])
    assert (forward >= 0).all()
    assert (np.diff(forward) <= 1e-9).all()
    assert forward[-1] < 0.3 * forward[0]
    room_m = scene_depth.room_m(where[0], where[-1] - where[0])
    assert np.linalg.norm(where[-1] - where[0]) == pytest.approx(room_m)


def test_there_is_room_until_things_ahead_are_three_times_as_large():
    """Straight ahead is a wall at 4 m; or a card at 1 m, which bars the way."""
    wall = scene_depth_of(depth_of(np.full((100, 120), 0.25)))
    ahead, share = np.array([0.0, 0.0, 2.0]), 1 - 1 / LARGEST_ENLARGEMENT
    assert wall.room_m(np.zeros(3), ahead) == pytest.approx(share * 4, rel=0.1)
    assert card().room_m(np.zeros(3), ahead) == pytest.approx(share, rel=0.1)
    assert card().room_m(np.array([0, 0, 0.4]), ahead) == pytest.approx(share * 0.6, rel=0.1)


def test_a_flight_over_things_into_the_open_ends_while_they_are_still_seen():
    """A floor and a sky: the way is free, but beyond the floor there would be nothing to see."""
    rows = np.mgrid[:90, :160][0] + 0.5 - 45
    scene_depth = scene_depth_of(depth_of(np.where(rows > 10, rows / 100 / 1.5, 0.0)))
    end = path("flight", scene_depth, 30)[-1]
    seen = scene_depth.points[2] - end.z_m > 0
    y = scene_depth.points[1, seen] / (scene_depth.points[2, seen] - end.z_m) * 100
    x = scene_depth.points[0, seen] / (scene_depth.points[2, seen] - end.z_m) * 100
    floor = scene_depth.points[2, seen] < 1000
    assert 0.3 < end.z_m < 15
    assert (floor & (np.abs(y) < 45) & (np.abs(x) < 80)).mean() > 0.04


def test_steps_within_the_limit_are_unchanged():
    wanted = np.linspace(0, 1.2, 7)
    assert (stopped_at(wanted, 1.5) == wanted).all()


@pytest.mark.parametrize(("last", "limit"), [(8.0, 5.0), (0.9, 0.5)])
def test_steps_that_go_too_far_begin_at_the_original_speed(last, limit):
    """They are slowed down on the way, by the power that leaves the first step alone, if twice as far is the most."""
    wanted = np.linspace(0, last, 10_001)
    assert stopped_at(wanted, limit)[1] == pytest.approx(wanted[1], rel=1e-3)


@given(last=st.floats(0.1, 1e6), limit=st.floats(0.01, 100), frames=st.integers(1, 50))
def test_steps_never_pass_the_limit_and_keep_their_order(last, limit, frames):
    stopped = stopped_at(np.linspace(0, last, frames), limit)
    assert (np.diff(stopped) >= 0).all()
    assert stopped.max() <= limit * (1 + 1e-9)


def test_a_flight_goes_where_the_way_is_free():
    """A card in the middle bars the way ahead; there is room above it."""
    inverse_depth = np.full((100, 120), 0.05)
    inverse_depth[55:, :] = 1.0
    moves = path("flight", scene_depth_of(depth_of(inverse_depth)), 30)
    assert moves[0] == Move()
    assert moves[-1].z_m > 1.0
    assert moves[-1].y_m < 0


# Keyframes


def keyframes_file(tmp_path, content) -> Path:
    file = tmp_path / "path.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return file


def test_keyframes_are_met_at_their_times_and_nothing_overshoots(tmp_path):
    rows = [{"time_s": 0}, {"time_s": 1, "x_m": 0.1}, {"time_s": 3, "x_m": 0.1, "yaw_deg": 5}, {"time_s": 4, "zoom": 2}]
    frames = load_keyframes(keyframes_file(tmp_path, {"keyframes": rows}))
    assert frames.seconds == 4
    assert [frames.at(t / 4).x_m for t in (0, 1, 3, 4)] == pytest.approx([0, 0.1, 0.1, 0], abs=1e-12)
    assert frames.at(3 / 4).yaw_deg == pytest.approx(5)
    dense = [frames.at(t) for t in np.linspace(0, 1, 200)]
    assert max(m.x_m for m in dense) <= 0.1 + 1e-12
    assert all(m.x_m == pytest.approx(0.1) for t, m in zip(np.linspace(0, 4, 200), dense, strict=True) if 1 <= t <= 3)
    assert min(m.zoom for m in dense) >= 1 - 1e-12


def test_keyframes_on_a_straight_line_are_gone_through_at_one_speed(tmp_path):
    """Whatever the times between them: only at the ends the camera is at rest."""
    rows = [{"time_s": time_s, "x_m": time_s / 100} for time_s in (0, 1, 3, 4, 9, 10)]
    frames = load_keyframes(keyframes_file(tmp_path, {"keyframes": rows}))
    for time_s in np.linspace(1, 9, 33).tolist():
        assert frames.at(time_s / 10).x_m == pytest.approx(time_s / 100)


def test_keyframes_set_the_length_and_stop_before_the_scene(tmp_path):
    file = keyframes_file(tmp_path, {"keyframes": [{"time_s": 0}, {"time_s": 2, "z_m": 50}]})
    moves = moves_along(PathOptions(name="keyframes", keyframes=file), Landmarks(card()))
    assert len(moves) == 50
    assert 0.6 < moves[-1].z_m < 1.0
    assert (np.diff([move.z_m for move in moves]) >= -1e-9).all()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "JSON"),
        ("[" * 100_000, "JSON"),
        ([], "2 to 1000"),
        ({"keyframes": [{"time_s": 0}]}, "2 to 1000"),
        ({"keyframes": [{"time_s": 0}, {"time_s": 0}]}, "rise"),
        ({"keyframes": [{"time_s": 1}, {"time_s": 2}]}, "start at 0"),
        ({"keyframes": [{"time_s": 0}, {"time_s": 1, "roll": 3}]}, "some of x_m"),
        ({"keyframes": [{"time_s": 0}, {"time_s": 1, "zoom": 0}]}, "zoom must be a number from 0.7 to 20"),
        ({"keyframes": [{"time_s": 0}, {"time_s": 1, "x_m": "far"}]}, "x_m must be a number"),
        ('{"keyframes": [{"time_s": 0}, {"time_s": 1, "x_m": NaN}]}', "x_m must be a number"),
        ({"keyframes": [{"time_s": 0}, {"time_s": 1, "x_m": True}]}, "x_m must be a number"),
        ('{"keyframes": [{"time_s": 0}, {"time_s": 1, "x_m": 1%s}]}' % ("0" * 400), "x_m must be a number"),
        ({"keyframes": [{"time_s": 0}, 3]}, "time_s"),
    ],
)
def test_an_invalid_keyframes_file_is_refused_in_one_line(tmp_path, content, said):
    with pytest.raises(InputError, match=said) as caught:
        load_keyframes(keyframes_file(tmp_path, content))
    assert "\n" not in str(caught.value)


def test_a_missing_keyframes_file_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"none\.json"):
        load_keyframes(tmp_path / "none.json")


# Options


@pytest.mark.parametrize(
    "bad",
    [
        {"name": "loop"},
        {"seconds": 0.0},
        {"seconds": float("nan")},
        {"fps": 1000.0},
        {"name": "kenburns", "start": Crop(0, 0, 9, 9)},
        {"name": "swing", "zoom": 2.0},
        {"name": "swing", "keyframes": Path("a.json")},
        {"name": "keyframes"},
        {"name": "kenburns", "start": Crop(0, 0, 9, 9), "end": Crop(0, 0, 9, 9), "zoom": 2.0},
    ],
)
def test_options_out_of_range_or_of_another_path_are_refused(bad):
    with pytest.raises(InputError):
        PathOptions(**bad)


@pytest.mark.parametrize("bad", [(-1, 8, 10), (0, float("inf"), 10), (0, 8, 0), (0, float("nan"), 5), (0, 8, 10**7)])
def test_steps_out_of_range_are_refused(bad):
    with pytest.raises(InputError, match="steps"):
        Steps(*bad)


def test_keyframes_that_are_held_back_are_held_back_smoothly(tmp_path):
    """Past a post that bars the way: no step is much larger than the others."""
    inverse_depth = np.full((100, 120), 0.1)
    inverse_depth[:, 55:65] = 0.5
    rows = [{"time_s": 0, "x_m": -1, "z_m": 3}, {"time_s": 4, "x_m": 1, "z_m": 3}]
    file = keyframes_file(tmp_path, {"keyframes": rows})
    scene_depth = scene_depth_of(depth_of(inverse_depth))
    moves = moves_along(PathOptions(name="keyframes", keyframes=file), Landmarks(scene_depth))
    steps = np.linalg.norm(np.diff(positions(moves), axis=0), axis=1)
    assert min(move.z_m for move in moves) < 1.4 < 2.9 < max(move.z_m for move in moves)
    assert steps.max() < 0.15
    for move in moves:
        assert np.linalg.norm(move.position_m) <= scene_depth.free_m(np.zeros(3), move.position_m) * 1.001


@pytest.mark.parametrize("size", [0.05, 0.3])
def test_a_zoom_between_crops_never_rushes(size):
    """With linear easing every frame is enlarged by the same factor, within the little that depth changes."""
    scene_depth = scene_depth_of(depth_of(np.full((100, 120), 0.2)))
    crop = Crop(50, 40, 120 * size, 100 * size)
    moves = path("kenburns", scene_depth, 60, loop=False, ease="linear", start=Crop(0, 0, 120, 100), end=crop)
    seen = np.array([move.zoom / (5 - move.z_m) for move in moves])
    factors = seen[1:] / seen[:-1]
    assert np.ptp(factors) < 1e-6
    assert seen[-1] / seen[0] == pytest.approx(1 / size, rel=1e-6)


def test_an_easing_also_applies_to_closed_paths():
    plain, eased = (np.array([m.x_m for m in path("swing", card(), 40, ease=ease)]) for ease in (None, "smooth"))
    assert abs(plain[1]) > 5 * abs(eased[1])
    assert np.ptp(eased) == pytest.approx(np.ptp(plain), rel=0.02)


@pytest.mark.parametrize(
    ("ease", "starts_at_rest", "ends_at_rest"),
    [("smooth", True, True), ("linear", False, False), ("in", True, False), ("out", False, True)],
)
def test_easings_are_what_they_say(ease, starts_at_rest, ends_at_rest):
    steps = np.diff(shares(Timing(seconds=4, ease=ease, loop=False)))
    assert (steps > 0).all()
    assert (steps[0] < 0.2 * steps.mean()) == starts_at_rest
    assert (steps[-1] < 0.2 * steps.mean()) == ends_at_rest


def test_moves_do_not_depend_on_the_scale_of_the_scene():
    """The same scene, 1000 times as large: the same moves, 1000 times as long."""
    depth = card_before_wall()[1].inverse_depth.copy()
    depth[:20] = 0
    small, large = (scene_depth_of(depth_of(depth * scale)) for scale in (1.0, 1e-3))
    for name in FOUND:
        near, far = (positions(path(name, scene_depth, 12)) for scene_depth in (small, large))
        assert np.allclose(near * 1000, far, rtol=1e-3, atol=1e-6), name


def test_turning_the_view_needs_a_wider_border():
    """A turn of 10 degrees looks tan(10 degrees) of the focal length beyond the border, at the nearest depth."""
    turned = border_reach_m(Move(yaw_deg=10), card())
    assert turned * card().nearest_inverse_depth == pytest.approx(np.tan(np.radians(10)))
    assert border_reach_m(Move(z_m=0.3), card()) == 0


def test_crops_by_hand_move_the_camera_by_a_limited_distance():
    scene_depth = card()
    moves = path("kenburns", scene_depth, 20, start=Crop(0, 0, 120, 100), end=Crop(90, 70, 6, 5))
    most = max(disocclusion_reach_m(move, scene_depth.camera) for move in moves)
    assert most == pytest.approx(scene_depth.sideways_m(HAND_SHARE), rel=0.01)


def test_steps_exclude_other_timing():
    for other in ({"seconds": 3.0}, {"ease": "in"}, {"loop": True}):
        with pytest.raises(InputError, match="steps cannot be combined with seconds, ease and loop"):
            PathOptions(steps=Steps(0, 1, 9), **other)


def test_orbiting_by_zero_degrees_does_not_move():
    assert orbiting(0.0, 3.0) == Move()


def test_the_view_is_enlarged_a_little():
    assert view_of(card(), (60, 50)).f_px == pytest.approx(card().camera.f_px / 2 * OVERSCAN)
