"""The consequences of a move, on scenes whose every view is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import F_PX, card_before_wall, depth_of

from kbvr.depth.scene_depth import scene_depth_of
from kbvr.motion.consequences import FRAME_LONG_SIDE_PX, MARGIN, Consequences, Landmarks
from kbvr.motion.line_bends import deviations, exceeded
from kbvr.motion.move import Move
from kbvr.motion.view import OVERSCAN

WIDTH, HEIGHT = 120, 100
CARD_ROWS, CARD_COLUMNS = 40, 40


def card() -> Landmarks:
    """A card at 1 m, 40 px wide and high, before a wall at 4 m, with the photo's size 120 x 100 px and f = 100 px."""
    return Landmarks(scene_depth_of(card_before_wall()[1]))


def plane(inverse_depth: np.ndarray) -> Landmarks:
    return Landmarks(scene_depth_of(depth_of(inverse_depth)))


def of(landmarks: Landmarks, **move: float) -> Consequences:
    return landmarks.consequences(Move(**move).camera(landmarks.view_at_rest))


def slanted() -> np.ndarray:
    """A floor that recedes from 1 m at the bottom to 4 m at the top."""
    return np.repeat(np.linspace(0.25, 1.0, HEIGHT)[:, None], WIDTH, axis=1)


@given(x_m=st.floats(0.01, 0.08), side=st.sampled_from((-1, 1)))
def test_a_card_that_moves_against_the_wall_uncovers_a_strip_of_it(x_m, side):
    """The shift is f x (1/near - 1/far); the strip is as wide as that and as high as the card."""
    found = of(card(), x_m=side * x_m, held_inverse_depth=0.25)
    shift_px = OVERSCAN * F_PX * x_m * 0.75
    assert found.parallax == pytest.approx(shift_px / WIDTH, rel=1e-6)
    assert found.invented == pytest.approx(shift_px * OVERSCAN * CARD_ROWS / (WIDTH * HEIGHT), rel=0.06)


@given(y_m=st.floats(0.01, 0.08))
def test_moves_up_and_down_count_as_those_to_the_side(y_m):
    found = of(card(), y_m=y_m, held_inverse_depth=0.25)
    shift_px = OVERSCAN * F_PX * y_m * 0.75
    assert found.parallax == pytest.approx(shift_px / WIDTH, rel=1e-6)
    assert found.invented == pytest.approx(shift_px * OVERSCAN * CARD_COLUMNS / (WIDTH * HEIGHT), rel=0.06)


def test_a_camera_at_rest_has_no_consequences():
    found = of(card())
    assert (found.invented, found.parallax, found.lost) == pytest.approx((0, 0, 0), abs=1e-9)


@given(z_m=st.floats(0.02, 0.3))
def test_moving_closer_hides_and_moving_back_uncovers(z_m):
    """The card grows faster than the wall; so a camera that comes closer sees less of the wall around it.

    The camera that goes back zooms so much that it does not see beyond the wall's border.
    """
    assert of(card(), z_m=z_m).invented == pytest.approx(0, abs=1e-9)
    assert of(card(), z_m=-z_m, zoom=1.2).invented > 0


@given(zoom=st.floats(1, 3))
def test_zooming_alone_uncovers_and_shifts_nothing(zoom):
    found = of(card(), zoom=zoom)
    assert (found.invented, found.parallax) == pytest.approx((0, 0), abs=1e-9)


def test_a_plane_has_no_boundary_however_slanted_it_is():
    landmarks = plane(slanted())
    assert not landmarks.boundaries.any()
    assert of(landmarks, x_m=0.05, zoom=1.2).parallax == 0


@given(x_m=st.floats(0.0, 0.4))
def test_what_lies_beyond_the_border_is_invented(x_m):
    """Before a wall at 2 m, f x / 2 px come into view, less the margin that the view leaves out."""
    seen_px = OVERSCAN * F_PX * x_m * 0.5 - WIDTH * (OVERSCAN - 1) / 2
    assert of(plane(np.full((HEIGHT, WIDTH), 0.5)), x_m=x_m).invented == pytest.approx(
        max(0, seen_px) / WIDTH, abs=1e-6
    )


def test_a_boundary_shorter_than_a_quarter_of_the_width_counts_by_half_its_length():
    """Of a card only 8 px high, all four sides are 8 + 8 + 40 + 40 px long."""
    inverse_depth = np.full((HEIGHT, WIDTH), 0.25)
    inverse_depth[40:48, 40:80] = 1.0
    assert of(plane(inverse_depth), x_m=0.05).parallax > 0


def test_a_boundary_with_a_mixed_pixel_counts_as_a_sharp_one():
    """Where a cell holds both sides, the boundary would be two smaller steps."""
    inverse_depth = np.full((HEIGHT, WIDTH), 0.25)
    inverse_depth[29:71, 39:81] = 0.55
    inverse_depth[30:70, 40:80] = 1.0
    assert of(plane(inverse_depth), x_m=0.05).parallax == pytest.approx(of(card(), x_m=0.05).parallax, rel=0.01)


def test_a_post_one_pixel_wide_counts():
    """It would be lost in cells that are smoothed."""
    inverse_depth = np.full((HEIGHT, WIDTH), 0.25)
    inverse_depth[10:90, 60] = 1.0
    assert of(plane(inverse_depth), x_m=0.05).parallax == pytest.approx(OVERSCAN * F_PX * 0.05 * 0.75 / WIDTH, rel=0.01)


def test_the_subject_lacks_its_margin_where_it_leaves_the_frame():
    """The card ends 40 px right of the left border; a camera 0.5 m to the right shifts it by 51.5 px to the left."""
    landmarks = card()
    left_px = 60 - OVERSCAN * 20
    assert of(landmarks, x_m=0.2).lost == 0
    gone_px = OVERSCAN * F_PX * 0.5 - left_px
    assert of(landmarks, x_m=0.5).lost == pytest.approx(MARGIN + gone_px / WIDTH, abs=0.01)


def test_a_side_at_which_the_photo_cuts_the_subject_may_be_cut_further():
    inverse_depth = np.full((HEIGHT, WIDTH), 0.25)
    inverse_depth[30:, 40:80] = 1.0
    assert of(plane(inverse_depth), y_m=-0.1).lost == 0
    assert of(plane(inverse_depth), y_m=0.4).lost > MARGIN


# Straight lines

LINE_PX = (640, 480)


def with_line(ends: tuple[tuple[int, int], tuple[int, int]], inverse_depth: np.ndarray) -> Landmarks:
    """Return the landmarks of a white picture with a dark bar, 640 x 480 px with f = 100 px."""
    rgb = np.full((*inverse_depth.shape, 3), 230, np.uint8)
    cv2.line(rgb, *ends, (40, 40, 40), 9)
    return Landmarks(scene_depth_of(depth_of(inverse_depth)), rgb)


def wobbling(amount: float) -> np.ndarray:
    """Return a wall at 2 m whose inverse depth bulges by an amount in the middle of its height, beside near and far."""
    y = np.linspace(-1, 1, LINE_PX[1])[:, None]
    inverse_depth = np.repeat(0.5 + amount * (1 - y**2), LINE_PX[0], axis=1)
    inverse_depth[:, :60], inverse_depth[:, -60:] = 0.1, 1.0
    return inverse_depth


@given(amount=st.floats(0.005, 0.03), x_m=st.floats(0.02, 0.2))
def test_a_bulge_bends_an_upright_line_by_its_parallax(amount, x_m):
    """A parabola of height h leaves its best straight line by 2/3 h; the line spans 320 of 480 rows: h = (2/3)^2."""
    landmarks = with_line(((320, 80), (320, 400)), wobbling(amount))
    assert landmarks.lines is not None and len(landmarks.lines.lengths) >= 2
    height_px = OVERSCAN * F_PX * x_m * amount * (320 / 480) ** 2
    found_px = of(landmarks, x_m=x_m).bend_px / FRAME_LONG_SIDE_PX * LINE_PX[0]
    assert found_px == pytest.approx(2 / 3 * height_px, rel=0.1)


@pytest.mark.parametrize("ends", [((320, 80), (320, 400)), ((80, 100), (560, 380))])
def test_lines_on_a_plane_stay_straight(ends):
    inverse_depth = np.repeat(np.linspace(0.25, 1.0, LINE_PX[1])[:, None], LINE_PX[0], axis=1)
    landmarks = with_line(ends, inverse_depth)
    assert landmarks.lines is not None and len(landmarks.lines.lengths) >= 2
    assert of(landmarks, x_m=0.2, y_m=0.1, z_m=0.2).bend_px < 0.05


def test_lines_along_a_boundary_or_across_one_are_left_out():
    """The outline of a card is torn from the wall, not bent; a bar that goes on behind it may break."""
    inverse_depth = np.full(LINE_PX[::-1], 0.25)
    inverse_depth[100:380, 200:440] = 1.0
    rgb = np.full((*inverse_depth.shape, 3), 230, np.uint8)
    rgb[100:380, 200:440] = 120
    cv2.line(rgb, (60, 240), (580, 250), (40, 40, 40), 9)
    lines = Landmarks(scene_depth_of(depth_of(inverse_depth)), rgb).lines
    assert lines is not None
    assert len(lines.lengths) == 0


def test_without_a_photo_or_lines_nothing_bends():
    assert card().lines is None
    blank = Landmarks(card().scene_depth, np.full((HEIGHT, WIDTH, 3), 128, np.uint8))
    assert of(blank, x_m=0.1).bend_px == 0


@given(angle=st.floats(0, np.pi), bend=st.floats(0, 5))
def test_a_deviation_does_not_depend_on_the_direction_of_a_line(angle, bend):
    """Points along x, the middle one off by a bend: the best line takes a third of that from it."""
    points = np.array([[-50.0, 0], [0, bend], [50, 0]]) @ [
        [np.cos(angle), np.sin(angle)],
        [-np.sin(angle), np.cos(angle)],
    ]
    assert deviations(points[None])[0] == pytest.approx(2 / 3 * bend, abs=1e-9)


@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0.01, 1)), min_size=1, max_size=20), st.floats(0.01, 5))
def test_what_a_length_exceeds_has_that_length_at_or_above_it(pairs, length):
    values, lengths = np.array(pairs).T
    wanted = min(length, lengths.sum() / 2)
    found = exceeded(values, lengths, length)
    assert lengths[values >= found].sum() >= wanted - 1e-9
    assert lengths[values > found].sum() <= wanted + 1e-9


def test_scenes_of_any_depth_are_judged():
    """Sky everywhere, or a single distance."""
    for inverse_depth in (np.zeros((40, 60)), np.full((40, 60), 1.0)):
        found = of(plane(inverse_depth), x_m=0.01)
        assert np.isfinite([found.invented, found.parallax, found.bend_px, found.lost]).all()
