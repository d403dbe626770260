"""The bench's measures of depth edges, on edges whose width and place are known."""

from __future__ import annotations

import numpy as np
import pytest

from bench.edges import CARD_SIZE_PX, Card, cards, edge_f_score, edge_widths_px
from bench.pairs import StereoPair


def pair_with_step(column: int) -> StereoPair:
    disparity_px = np.full((120, 200), 10.0, np.float32)
    disparity_px[:, column:] = 30.0
    grey = np.zeros((120, 200, 3), np.uint8)
    return StereoPair("step", grey, grey, disparity_px)


def ramp_at(column: float, width_px: float) -> np.ndarray:
    across = np.clip((np.arange(200) - column) / width_px + 0.5, 0, 1)
    return np.broadcast_to(across, (120, 200)).astype(np.float32)


def test_a_sharp_edge_in_the_right_place_scores_one_and_elsewhere_nothing():
    pair = pair_with_step(100)
    assert edge_f_score(ramp_at(99.5, 1), pair) == pytest.approx(1)
    assert edge_f_score(ramp_at(150, 1), pair) == 0
    assert edge_f_score(np.ones((120, 200), np.float32), pair) == 0


def test_a_soft_edge_scores_less():
    pair = pair_with_step(100)
    sharp, soft, softer = (edge_f_score(ramp_at(99.5, width), pair) for width in (2, 30, 60))
    assert sharp > soft > softer


@pytest.mark.parametrize("width_px", [4, 10, 20])
def test_a_linear_edge_has_eighty_percent_of_its_width(width_px):
    card = Card(np.zeros((300, 400, 3), np.uint8), left=150, right=280, top=60, bottom=260)
    columns = np.arange(400)
    rise = np.clip((columns - 149.5) / width_px + 0.5, 0, 1)
    fall = np.clip((279.5 - columns) / width_px + 0.5, 0, 1)
    depth = np.broadcast_to(np.minimum(rise, fall), (300, 400)).astype(np.float32)
    assert edge_widths_px(depth, card) == pytest.approx([0.8 * width_px] * 2, abs=0.3)


def test_a_card_that_is_not_seen_has_no_edges():
    card = Card(np.zeros((300, 400, 3), np.uint8), left=150, right=280, top=60, bottom=260)
    slope = np.broadcast_to(np.linspace(0, 1, 300)[:, None], (300, 400)).astype(np.float32)
    assert edge_widths_px(slope, card) == []


def test_cards_are_the_same_every_time_and_inside_the_picture():
    for card, again in zip(cards(), cards(), strict=True):
        np.testing.assert_array_equal(card.rgb, again.rgb)
        assert 0 < card.left < card.right < CARD_SIZE_PX[0]
        assert 0 <= card.top < card.bottom <= CARD_SIZE_PX[1]
