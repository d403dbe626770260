"""Moves are as large as what they show allows: never larger than wished for, never beyond a limit."""

from __future__ import annotations

from dataclasses import astuple, replace
from functools import cache

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import card_before_wall, depth_of

from kbvr.depth.scene_depth import scene_depth_of
from kbvr.motion.consequences import LARGEST_SHARE, MARGIN, Consequences, Landmarks
from kbvr.motion.crop import Crop, Framing
from kbvr.motion.ken_burns import autozoom, crop_move, filled_by
from kbvr.motion.limits import HALVINGS, LIMITS, STRENGTHS, Limits, largest
from kbvr.motion.move import Move
from kbvr.motion.path_names import PATH_NAMES
from kbvr.motion.path_options import FLIGHT_BOLDNESS, PathOptions
from kbvr.motion.paths import moves_along, path_through
from kbvr.motion.view import OVERSCAN
from kbvr.motion.zoom_to_subject import end_framing, zoom_to_subject

LIMITED = [name for name in PATH_NAMES if name not in ("static", "keyframes")]


@cache
def fence() -> Landmarks:
    """Posts at 1 m before a wall at 10 m: even small moves uncover much."""
    inverse_depth = np.full((100, 120), 0.1)
    for column in range(10, 120, 20):
        inverse_depth[10:, column : column + 8] = 1.0
    return Landmarks(scene_depth_of(depth_of(inverse_depth)))


@cache
def card() -> Landmarks:
    return Landmarks(scene_depth_of(card_before_wall()[1]))


@cache
def bulging_wall() -> Landmarks:
    """A wall of bars that the estimated depth makes bulge."""
    y, x = np.mgrid[-1:1:480j, -1:1:640j]
    inverse_depth = 0.2 + 0.8 * (x + 1) / 2 + 0.05 * np.cos(3 * np.pi * y)
    rgb = np.full((480, 640, 3), 230, np.uint8)
    for column in range(40, 640, 60):
        cv2.line(rgb, (column, 30), (column, 450), (40, 40, 40), 9)
    return Landmarks(scene_depth_of(depth_of(inverse_depth)), rgb)


@pytest.mark.parametrize("name", LIMITED)
@pytest.mark.parametrize("landmarks", [fence, card, bulging_wall])
@pytest.mark.parametrize("strength", STRENGTHS)
def test_every_frame_of_every_path_is_within_the_limits(name, landmarks, strength):
    landmarks = landmarks()
    options = PathOptions(name=name, strength=strength, seconds=0.4)
    limits = replace(options.limits, lost=np.inf)
    for move in moves_along(options, landmarks):
        consequences = landmarks.consequences(move.camera(landmarks.view_at_rest))
        assert limits.broken(consequences) is None, (move, consequences)


@pytest.mark.parametrize(
    ("name", "landmarks", "limit"),
    [
        *((name, fence, ("parallax", "invented")) for name in ("swing", "circle", "orbit", "dolly-zoom", "kenburns")),
        *((name, bulging_wall, ("bend_px",)) for name in ("swing", "circle", "dolly-zoom", "kenburns")),
    ],
)
def test_the_limit_that_holds_is_named_and_nearly_reached(name, landmarks, limit):
    path = path_through(PathOptions(name=name, strength="gentle", limit_share=0.4), landmarks())
    assert path.verdict is not None
    assert path.verdict.limited_by in limit
    reached = getattr(path.verdict.consequences, path.verdict.limited_by)
    assert reached > 0.7 * getattr(path.verdict.limits, path.verdict.limited_by)


def test_a_move_within_its_limits_is_not_changed():
    """Before a flat wall nothing is uncovered."""
    wall = Landmarks(scene_depth_of(depth_of(np.full((100, 120), 0.25))))
    for name in ("dolly", "kenburns"):
        verdict = path_through(PathOptions(name=name), wall).verdict
        assert verdict is not None
        assert (verdict.size, verdict.limited_by) == (1.0, None)


@given(shift=st.floats(0.001, 1.0), limit=st.floats(0.001, 0.1))
def test_the_largest_size_is_found_to_a_64th(shift, limit):
    """Of a card before a wall, the parallax is proportional to the move."""
    limits = Limits(invented=1, parallax=limit, bend_px=99, lost=9)
    rest = card().view_at_rest

    def cameras(size: float) -> list:
        return [Move(x_m=size * shift, held_inverse_depth=0.25).camera(rest)]

    verdict = largest(cameras, card(), limits)
    wanted = min(1.0, limit / card().worst(cameras(1.0)).parallax)
    assert verdict.size <= wanted + 1e-9
    assert verdict.size > wanted - 0.5**HALVINGS - 1e-9
    assert (verdict.limited_by is None) == (wanted == 1)
    assert verdict.consequences == card().worst(cameras(verdict.size))


class Told(Landmarks):
    """Landmarks whose consequences grow at different rates with a camera's focal length."""

    def worst(self, cameras, *, is_framed=True) -> Consequences:
        """Return those of the only camera."""
        del is_framed
        (camera,) = cameras
        return Consequences(invented=10 * camera.f_px**2, parallax=camera.f_px)


def test_the_limit_that_is_named_holds_at_the_size_that_is_chosen():
    """The whole move invents ten times too much and shifts five times too far; a third of it only shifts too far."""
    told, rest = Told(card().scene_depth), card().view_at_rest
    limits = Limits(invented=1, parallax=0.2, bend_px=1)
    verdict = largest(lambda size: [replace(rest, f_px=size)], told, limits)
    assert verdict.limited_by == "parallax"
    assert verdict.size == pytest.approx(0.2, abs=0.5**HALVINGS)


def test_a_subject_that_is_lost_at_rest_does_not_hold_a_move_back():
    """The limit counts from what the crop alone loses."""
    limits = replace(LIMITS, invented=1, parallax=1)
    rest = card().view_at_rest
    verdict = largest(lambda size: [Move(zoom=2.6, x_m=1e-3 * size).camera(rest)], card(), limits)
    assert verdict.consequences.lost > 0
    assert verdict.size == 1


@pytest.mark.parametrize("name", LIMITED)
@pytest.mark.parametrize("landmarks", [fence, card])
def test_a_bolder_move_is_never_smaller(name, landmarks):
    sizes = []
    for strength in ("gentle", "normal", "bold"):
        path = path_through(PathOptions(name=name, strength=strength), landmarks())
        sizes.append(max(np.linalg.norm(path.at(end).position_m) for end in path.ends))
    step = 2 * 0.5**HALVINGS * sizes[-1]
    assert sizes[0] <= sizes[1] + step
    assert sizes[1] <= sizes[2] + step
    assert sizes[0] < sizes[2]


def test_a_strength_scales_every_limit_but_the_subjects():
    twice = LIMITS.scaled(2)
    assert astuple(twice) == (2 * LIMITS.invented, 2 * LIMITS.parallax, 2 * LIMITS.bend_px, LIMITS.lost)
    flight = PathOptions(name="flight").limits
    assert (flight.parallax, flight.lost) == (FLIGHT_BOLDNESS * LIMITS.parallax, np.inf)


@pytest.mark.parametrize("strength", [*STRENGTHS, None])
@pytest.mark.parametrize(
    "given_by_hand",
    [
        {"name": "kenburns", "shift_px": 10.0, "zoom": 1e55},
        {"name": "kenburns", "zoom": 1.3},
        {"name": "kenburns", "shift_px": 30.0},
        {"name": "kenburns", "start": Crop(0, 0, 120, 100), "end": Crop(10, 10, 30, 25)},
        {"name": "static"},
    ],
)
def test_a_move_by_hand_is_kept_at_any_strength(given_by_hand, strength):
    options = PathOptions(seconds=0.4, strength=strength, **given_by_hand)
    assert not options.is_planned
    assert moves_along(options, fence()) == moves_along(replace(options, strength="normal"), fence())
    assert path_through(options, fence()).verdict is None


def test_without_a_strength_the_move_is_the_papers():
    first, last = crop_move(*autozoom(fence().scene_depth), fence().scene_depth)
    path = path_through(PathOptions(name="kenburns", strength=None), fence())
    assert path.at(0.0) == replace(first, zoom=first.zoom / OVERSCAN)
    assert path.at(1.0).position_m == pytest.approx(last.position_m)


# The zoom towards the subject


def with_card(left: int, top: int, right: int, bottom: int) -> Landmarks:
    """A card at 1 m before a wall at 2 m, 120 x 100 px."""
    inverse_depth = np.full((100, 120), 0.5)
    inverse_depth[top:bottom, left:right] = 1.0
    return Landmarks(scene_depth_of(depth_of(inverse_depth)))


def shown(landmarks: Landmarks, move: Move) -> tuple[np.ndarray, np.ndarray]:
    """Return the top left and the bottom right of the subject's points in the frame, 0 to 1."""
    assert landmarks.subject is not None
    camera = move.camera(landmarks.view_at_rest)
    points = landmarks.points[:, landmarks.subject.cells]
    there = camera.intrinsics @ (camera.camera_from_world[:3, :3] @ points + camera.camera_from_world[:3, 3:])
    at = there[:2] / there[2] / np.array(camera.size_px)[:, None]
    return at.min(axis=1), at.max(axis=1)


@settings(max_examples=15)
@given(left=st.integers(8, 80), top=st.integers(8, 60), width=st.integers(14, 32), height=st.integers(14, 32))
def test_a_zoom_keeps_the_subject_inside_with_a_margin_and_makes_it_grow(left, top, width, height):
    landmarks = with_card(left, top, left + width, top + height)
    path = path_through(PathOptions(name="kenburns", loop=False), landmarks)
    before, after = shown(landmarks, path.at(0.0)), shown(landmarks, path.at(1.0))
    margin = MARGIN - LIMITS.lost - 1 / 120
    assert min(*after[0], *(1 - after[1])) >= margin
    assert (after[1] - after[0] > 1.1 * (before[1] - before[0])).all()


@settings(max_examples=15)
@given(left=st.integers(8, 80), top=st.integers(8, 60))
def test_a_zoom_goes_towards_the_subject(left, top):
    """Its middle is no farther from the frame's middle at the end, unless it is near it at both ends."""
    landmarks = with_card(left, top, left + 20, top + 20)
    path = path_through(PathOptions(name="kenburns", loop=False), landmarks)
    off = [np.abs((low + high) / 2 - 0.5).max() for low, high in (shown(landmarks, path.at(at)) for at in (0.0, 1.0))]
    assert off[1] <= max(off[0], 0.05) + 0.01


def test_the_subject_ends_in_the_same_place_however_far_the_camera_moves():
    landmarks = with_card(70, 20, 100, 60)
    ends = [shown(landmarks, zoom_to_subject(landmarks, strength=1.0, size=size, aside=1.0)[1]) for size in (0, 0.5, 1)]
    assert np.ptp(ends, axis=0).max() < 0.004


def test_a_large_subject_is_zoomed_in_less_and_one_that_fills_the_frame_loses_its_feet_first():
    """A card 80 px high of 100 leaves room for a zoom of 0.97 / 0.84; of one 96 px high, the head stays."""
    landmarks = with_card(40, 10, 80, 90)
    end = end_framing(landmarks.subject, (120, 100), zoom=1.25)
    assert end.share == pytest.approx(0.8 + 2 * MARGIN, abs=0.02)
    landmarks = with_card(40, 2, 80, 98)
    end = end_framing(landmarks.subject, (120, 100), zoom=1.25)
    assert end.share == pytest.approx(LARGEST_SHARE)
    assert end.v_px - 50 * end.share + 50 <= 2


def test_the_feet_of_a_subject_that_fills_the_frame_may_leave_and_its_head_may_not():
    """A frame 94 px high, at the top or the bottom of the photo, is too low for a card of 96 px."""
    landmarks = with_card(40, 2, 80, 98)
    for v_px, is_lost in ((-3, False), (3, True)):
        crop = Framing(0.0, float(v_px), 0.94)
        move = filled_by(Move(), crop, landmarks.scene_depth, depth_m=landmarks.subject_m)
        assert (landmarks.consequences(move.camera(landmarks.view_at_rest)).lost > 0.005) == is_lost


def test_where_the_photo_cuts_the_subject_the_zoom_may_cut_it_too():
    """A portrait down to the lower border: full zoom, and the head inside."""
    landmarks = with_card(35, 20, 85, 100)
    end = end_framing(landmarks.subject, (120, 100), zoom=1.25)
    assert end.share == pytest.approx(0.97 / 1.25)
    assert 50 + end.v_px - 50 * end.share <= 20 - 100 * MARGIN + 1e-9


def test_a_subject_at_the_upper_border_keeps_its_head():
    """A card from the upper border down to 86 px of 100: the frame begins at the border and ends below the card."""
    end = end_framing(with_card(40, 0, 80, 86).subject, (120, 100), zoom=1.25)
    assert 50 + end.v_px - 50 * end.share == pytest.approx(0, abs=1e-9)
    assert end.share >= 0.86


def test_without_a_subject_the_zoom_goes_to_the_middle():
    end = end_framing(None, (120, 100), zoom=1.25)
    assert (end.u_px, end.v_px, end.share) == (0, 0, 0.97 / 1.25)
