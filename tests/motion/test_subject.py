"""The subject of a photo: what stands out from its surroundings near the middle, from its head to its feet."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import depth_of

from kbvr.depth.scene_depth import scene_depth_of
from kbvr.motion.subject import Subject, subject_of

ROWS, COLUMNS = 100, 120


def found(inverse_depth: np.ndarray) -> Subject | None:
    return subject_of(scene_depth_of(depth_of(inverse_depth)))


def before_wall(*cards: tuple[int, int, int, int], near: float = 1.0) -> np.ndarray:
    """Return cards (left, top, right, bottom) before a wall at 4 m."""
    inverse_depth = np.full((ROWS, COLUMNS), 0.25)
    for left, top, right, bottom in cards:
        inverse_depth[top:bottom, left:right] = near
    return inverse_depth


def box_px(subject: Subject | None) -> tuple[float, ...]:
    assert subject is not None
    return (subject.left * COLUMNS, subject.top * ROWS, subject.right * COLUMNS, subject.bottom * ROWS)


@given(left=st.integers(15, 70), top=st.integers(15, 50), width=st.integers(12, 30), height=st.integers(12, 30))
def test_a_card_before_a_wall_is_the_subject(left, top, width, height):
    card = (left, top, left + width, top + height)
    subject = found(before_wall(card))
    assert box_px(subject) == pytest.approx(card, abs=1)
    assert subject is not None and subject.inverse_depth == pytest.approx(1.0)


def test_nothing_stands_out_of_a_wall_or_a_floor():
    assert found(np.full((ROWS, COLUMNS), 0.5)) is None
    assert found(np.repeat(np.linspace(0.1, 1.0, ROWS)[:, None], COLUMNS, axis=1)) is None


def test_a_side_wall_is_not_the_subject_but_a_card_cut_by_the_bottom_is():
    assert found(before_wall((0, 0, 25, ROWS))) is None
    subject = found(before_wall((0, 0, 25, ROWS), (50, 30, 80, ROWS)))
    assert box_px(subject) == pytest.approx((50, 30, 80, ROWS), abs=1)


def test_of_two_cards_the_one_in_the_middle_is_the_subject_and_two_beside_each_other_both_are():
    """A card far from the middle counts less, however large it is; those alike belong together."""
    assert box_px(found(before_wall((54, 30, 66, 70), (98, 30, 116, 70)))) == pytest.approx((54, 30, 66, 70), abs=1)
    both = found(before_wall((35, 30, 55, 70), (65, 30, 85, 70)))
    assert box_px(both) == pytest.approx((35, 30, 85, 70), abs=1)


def test_someone_who_stands_on_the_ground_has_head_and_feet():
    """The ground rises to the horizon in the middle; a person stands on it where it is as near as the person is."""
    y = np.arange(ROWS)[:, None] + 0.5
    inverse_depth = np.repeat(np.clip((y - 50) / 50, 0, 1), COLUMNS, axis=1)
    inverse_depth[20:80, 55:65] = 0.6
    subject = found(inverse_depth)
    assert box_px(subject)[1] == pytest.approx(20, abs=1)
    assert box_px(subject)[3] == pytest.approx(80, abs=4)


def test_a_hat_that_is_farther_than_the_head_belongs_to_it():
    """Its standout is less than what decides the subject, but it is connected; what lies beside is not."""
    inverse_depth = before_wall((45, 40, 75, 90))
    inverse_depth[30:40, 55:65] = 0.25 + 0.75 * 0.3
    inverse_depth[50:60, 75:110] = 0.25 + 0.75 * 0.3
    assert box_px(found(inverse_depth))[1] == pytest.approx(30, abs=1)
    assert box_px(found(inverse_depth))[2] <= 75 + 0.1 * 30 + 1


def test_a_large_thing_behind_is_not_a_part():
    """It stands out as a hat does and ends nearby, but has two thirds of the subject's size."""
    inverse_depth = before_wall((45, 40, 75, 90))
    inverse_depth[14:40, 40:80] = 0.25 + 0.75 * 0.3
    assert box_px(found(inverse_depth)) == pytest.approx((45, 40, 75, 90), abs=1)


def test_a_faint_relief_is_not_a_subject():
    """A card 2% of the depth range before a floor."""
    inverse_depth = np.repeat(np.linspace(0.1, 1.0, ROWS)[:, None], COLUMNS, axis=1)
    inverse_depth[30:70, 45:75] += 0.02
    assert found(inverse_depth) is None


def test_a_speck_is_not_a_subject():
    assert found(before_wall((58, 50, 61, 53))) is None


# With the photo's colours


def painted(
    inverse_depth: np.ndarray, *cards: tuple[tuple[int, int, int, int], tuple[int, int, int]]
) -> Subject | None:
    """Return the subject of a depth map and of blue sky with coloured boxes (left, top, right, bottom)."""
    rgb = np.full((ROWS, COLUMNS, 3), (90, 130, 200), np.uint8)
    for (left, top, right, bottom), colour in cards:
        rgb[top:bottom, left:right] = colour
    return subject_of(scene_depth_of(depth_of(inverse_depth)), rgb)


STONE, SKY = (150, 120, 90), (90, 130, 200)


@given(width=st.integers(2, 5), height=st.integers(4, 18))
def test_a_thin_tip_before_the_sky_belongs_to_the_mass_below_it(width, height):
    """Its depth is that of the sky, as a depth network makes it; only its colour tells."""
    tower = (45, 40, 75, 90)
    spire = (60, 40 - height, 60 + width, 40)
    assert box_px(painted(before_wall(tower), (tower, STONE), (spire, (200, 180, 60))))[1] == pytest.approx(
        40 - height, abs=1
    )
    assert box_px(painted(before_wall(tower), (tower, STONE)))[1] == pytest.approx(40, abs=1)


@pytest.mark.parametrize("beyond", [(60, 0, 64, 40), (75, 60, 120, 64), (40, 10, 110, 40)])
def test_what_does_not_end_near_the_subject_or_is_large_is_not_its_tip(beyond):
    """A wire that leaves the frame, a rail, a cloud as large as the subject."""
    card = (50, 40, 75, 90)
    assert box_px(painted(before_wall(card), (card, STONE), (beyond, (220, 220, 220)))) == pytest.approx(card, abs=1)


def test_a_colour_that_is_nowhere_else_stands_out():
    """Of two cards alike, the middle one is the subject if it is grey as everything, the red one if that is aside."""
    cards = (20, 30, 40, 70), (70, 30, 86, 70)
    grey, red = (150, 150, 150), (210, 30, 30)
    rgb = np.full((ROWS, COLUMNS, 3), grey, np.uint8)
    scene_depth = scene_depth_of(depth_of(before_wall(*cards)))
    plain = subject_of(scene_depth, rgb)
    assert plain is not None and plain.weights[50, 76] > plain.weights[50, 30]
    rgb[30:70, 20:40] = red
    coloured = subject_of(scene_depth, rgb)
    assert coloured is not None
    before, after = (one.weights[50, 30] / one.weights[50, 76] for one in (plain, coloured))
    assert after > 1.2 * before


def test_two_walls_that_frame_a_street_are_not_its_subject():
    """Each touches the border along part of its height only."""
    assert found(before_wall((0, 10, 34, 60), (90, 20, COLUMNS, 60))) is None
    framed = found(before_wall((0, 10, 34, 60), (90, 20, COLUMNS, 60), (50, 30, 70, 70)))
    assert box_px(framed) == pytest.approx((50, 30, 70, 70), abs=1)


def test_a_narrow_arm_that_leaves_the_photo_does_not_widen_the_box():
    """A tower with a cable: the zoom goes to the tower."""
    assert box_px(found(before_wall((50, 20, 76, 80), (76, 40, COLUMNS, 46)))) == pytest.approx((50, 20, 76, 80), abs=1)


def test_a_subject_above_the_lower_border_is_not_cut_by_it():
    """Its feet would reach the border; a box that ends there would not count as one that must stay inside."""
    subject = found(before_wall((50, 30, 70, 95), (0, 95, COLUMNS, ROWS)))
    assert subject is not None and 0.94 <= subject.bottom < 1


def test_the_depth_of_a_group_is_that_of_what_counts_most():
    """A card in the middle and a larger one aside and farther."""
    inverse_depth = before_wall((52, 30, 68, 70))
    inverse_depth[26:74, 74:92] = 0.9
    subject = found(inverse_depth)
    assert box_px(subject) == pytest.approx((52, 26, 92, 74), abs=1)
    assert subject is not None and subject.inverse_depth == pytest.approx(1.0)
