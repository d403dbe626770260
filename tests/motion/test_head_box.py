"""The head box is as large as what eyes see at its corners allows, between its least and its full size."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scenes import depth_of

from kbvr.depth.scene_depth import scene_depth_of
from kbvr.motion.consequences import Landmarks
from kbvr.motion.head_box import FULL_HEAD_BOX_M, HEAD_LIMITS, MIN_SIZE, head_box_for, head_box_of_size
from kbvr.motion.limits import STRENGTHS

IPD_M = 0.063


@cache
def post(wall: float) -> Landmarks:
    """A post at 1.5 m before a wall of this inverse depth."""
    inverse_depth = np.full((100, 120), wall)
    inverse_depth[10:, 50:70] = 1 / 1.5
    return Landmarks(scene_depth_of(depth_of(inverse_depth)))


def consequences_at_corners(landmarks, box):
    held = landmarks.scene_depth.subject_inverse_depth
    corners = (corner.camera(landmarks.view_at_rest) for corner in box.corners(held))
    return landmarks.worst(corners, is_framed=False)


@pytest.mark.parametrize("strength", STRENGTHS.values())
@pytest.mark.parametrize("wall", [0.6, 0.4, 0.25, 0.1])
def test_every_corner_is_within_the_limits_of_a_box_that_could_be_smaller(wall, strength):
    box = head_box_for(post(wall), ipd_m=IPD_M, strength=strength)
    least, full = (np.array(FULL_HEAD_BOX_M) * size for size in (MIN_SIZE, 1.0))
    assert (least <= np.array(box.sides_m) + 1e-9).all()
    assert (np.array(box.sides_m) <= full + 1e-9).all()
    broken = HEAD_LIMITS.scaled(strength).broken(consequences_at_corners(post(wall), box))
    assert broken is None or np.allclose(box.sides_m, least)


def test_the_limit_that_holds_is_named_and_nearly_reached():
    box = head_box_for(post(0.25), ipd_m=IPD_M)
    assert MIN_SIZE < box.verdict.size < 1
    assert np.allclose(box.sides_m, np.array(FULL_HEAD_BOX_M) * box.verdict.size)
    limit = box.verdict.limited_by
    reached = getattr(consequences_at_corners(post(0.25), box), limit)
    assert 0.9 * getattr(HEAD_LIMITS, limit) < reached <= getattr(HEAD_LIMITS, limit)


def test_a_shallow_scene_has_the_full_box_and_a_torn_one_the_least():
    """No reason is given for the full size."""
    shallow, torn = (head_box_for(post(wall), ipd_m=IPD_M) for wall in (0.6, 0.0))
    assert (shallow.verdict.size, shallow.verdict.limited_by) == (1.0, None)
    assert torn.verdict.size == MIN_SIZE
    assert torn.verdict.limited_by is not None


def test_what_lies_beyond_the_border_does_not_make_a_box_smaller():
    """A wall is the same wall from anywhere, however much of its surroundings comes into the frame."""
    wall = Landmarks(scene_depth_of(depth_of(np.full((100, 120), 1.0))))
    box = head_box_for(wall, ipd_m=IPD_M)
    assert box.verdict.size == 1
    held = wall.scene_depth.subject_inverse_depth
    framed = wall.worst(corner.camera(wall.view_at_rest) for corner in box.corners(held))
    assert framed.invented > 1.2 * HEAD_LIMITS.invented


def test_bolder_boxes_are_larger():
    sizes = [head_box_for(post(0.25), ipd_m=IPD_M, strength=strength).verdict.size for strength in STRENGTHS.values()]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]


def test_eyes_are_outside_of_the_box_by_half_their_distance():
    """The corners are those of the outer eye, on both sides and in every direction."""
    box = head_box_of_size(0.5, IPD_M)
    moves = list(box.corners(0.2))
    places = {(round(move.x_m, 4), round(move.y_m, 4), round(move.z_m, 4)) for move in moves}
    assert places == {(x * 0.0815, y * 0.03, z * 0.04) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)}
    assert {move.held_inverse_depth for move in moves} == {0.2}


def test_a_scene_built_for_smaller_moves_has_a_smaller_box():
    """A head may not move to where its layers end; one built for larger moves changes nothing."""
    scene_depth, box = post(0.25).scene_depth, head_box_of_size(1.0, IPD_M)
    reach_m = box.reaches_m(scene_depth)["reach_m"]
    assert box.within(2 * reach_m, scene_depth).sides_m == box.sides_m
    assert np.allclose(box.within(reach_m / 2, scene_depth).sides_m, np.array(box.sides_m) / 2)
