"""Specks of depth go to the surface that has their colour; thin things that hang together stay."""

from __future__ import annotations

import numpy as np
import pytest
from scenes import BLUE, CARD, RED, card_before_wall

from kbvr.depth.despeckle import speck_px_for, specks_of, without_specks

JUMP_PX = 2.0


def card_parallax() -> tuple[np.ndarray, np.ndarray]:
    """Return the colours and the parallax, in pixels, of a card before a wall."""
    photo, depth = card_before_wall()
    return photo.rgb, (depth.inverse_depth * 20).astype(np.float32)


def test_without_specks_nothing_changes():
    rgb, parallax = card_parallax()
    assert (without_specks(parallax, rgb, jump_px=JUMP_PX) == parallax).all()


def test_a_speck_within_a_surface_gets_that_surface_s_depth():
    rgb, parallax = card_parallax()
    wrong = parallax.copy()
    wrong[10:12, 10:12] = 15.0
    wrong[50, 60] = 1.0
    assert (without_specks(wrong, rgb, jump_px=JUMP_PX) == parallax).all()


def test_a_speck_between_two_surfaces_goes_to_that_of_its_colour():
    """Blue specks that touch the card's edge are the wall's; red ones on the other side are the card's."""
    rgb, parallax = card_parallax()
    wrong = parallax.copy()
    row, left = CARD[0].start + 10, CARD[1].start
    wrong[row, left - 2 : left + 2] = 50.0
    assert (rgb[row, left - 1] == BLUE).all()
    assert (rgb[row, left] == RED).all()
    assert (without_specks(wrong, rgb, jump_px=JUMP_PX) == parallax).all()


def test_a_wire_is_no_speck():
    """One pixel wide, but longer than any speck."""
    parallax = np.zeros((200, 240), np.float32)
    parallax[:, 100] = 8.0
    assert not specks_of(parallax, jump_px=JUMP_PX, max_px=speck_px_for(240)).any()
    assert specks_of(parallax[:3], jump_px=JUMP_PX, max_px=speck_px_for(240)).sum() == 3


def test_specks_are_cleaned_in_every_block_of_a_large_map():
    rng = np.random.default_rng(5)
    parallax = np.full((600, 900), 3.0, np.float32)
    at = (rng.integers(0, 600, 60), rng.integers(0, 900, 60))
    wrong = parallax.copy()
    wrong[at] = 30.0
    rgb = np.full((600, 900, 3), 90, np.uint8)
    assert (without_specks(wrong, rgb, jump_px=JUMP_PX) == parallax).all()


@pytest.mark.parametrize("every", [1, 2, 3])
def test_a_hair_across_the_pixels_is_no_speck_even_with_gaps(every):
    """A diagonal does not hang together by sides of pixels, and a hair thinner than a pixel misses some."""
    parallax = np.zeros((200, 240), np.float32)
    at = np.arange(20, 120, every)
    parallax[at, at + 40] = 8.0
    rgb = np.full((200, 240, 3), 90, np.uint8)
    assert (without_specks(parallax, rgb, jump_px=JUMP_PX) == parallax).all()


def test_dots_of_unlike_depth_in_a_row_are_specks():
    """Neither are scratches a line that lie behind what is around them."""
    parallax = np.full((200, 240), 20.0, np.float32)
    wrong = parallax.copy()
    at = np.arange(20, 120)
    wrong[at, at + 40] = 25.0 + 5.0 * (at % 4)
    wrong[at, at + 90] = 8.0
    rgb = np.full((200, 240, 3), 90, np.uint8)
    assert (without_specks(wrong, rgb, jump_px=JUMP_PX) == parallax).all()
