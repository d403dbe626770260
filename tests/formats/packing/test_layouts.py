"""Packings: left is left, and no pixels are lost needlessly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbvr.formats.packing.layouts import PACKINGS
from kbvr.options.export_options import FileOptions
from kbvr.options.video import LAYOUTS

LEFT, RIGHT = (200, 10, 20), (30, 120, 250)
sides = st.integers(1, 40)


def views(size_px: tuple[int, int], count: int = 2) -> list[np.ndarray]:
    width, height = size_px
    return [np.full((height, width, 3), colour, np.uint8) for colour in [LEFT, *[RIGHT] * (count - 1)]]


@given(st.sampled_from(sorted(PACKINGS)), sides, sides)
def test_a_packed_picture_has_the_predicted_size(name, width, height):
    packed = PACKINGS[name].pack(
        views((width, height), max(2, PACKINGS[name].views)), FileOptions(anaglyph_colours="dubois")
    )
    assert (packed.shape[1], packed.shape[0]) == PACKINGS[name].size_px((width, height))


@given(st.sampled_from(sorted({*LAYOUTS} & {*PACKINGS})), st.integers(2, 40), st.integers(4, 40))
def test_even_views_make_even_pictures(name, width, height):
    packing = PACKINGS[name]
    assert not {side % 2 for side in packing.size_px(packing.even_view_px((width, height)))} - {0}


def test_every_layout_is_a_packing_or_two_files():
    assert set(LAYOUTS) - {"left-right"} <= set(PACKINGS)


@pytest.mark.parametrize(
    ("name", "left", "right"),
    [
        ("sbs", np.s_[:, :12], np.s_[:, 12:]),
        ("sbs-half", np.s_[:, :6], np.s_[:, 6:]),
        ("tb", np.s_[:8], np.s_[8:]),
        ("tb-half", np.s_[:4], np.s_[4:]),
        ("cross", np.s_[:, 12:], np.s_[:, :12]),
        ("rows", np.s_[::2], np.s_[1::2]),
        ("columns", np.s_[:, ::2], np.s_[:, 1::2]),
        ("left", np.s_[:], np.s_[:0]),
        ("right", np.s_[:0], np.s_[:]),
        ("mono", np.s_[:], np.s_[:0]),
    ],
)
def test_the_left_eyes_view_is_where_it_belongs(name, left, right):
    packed = PACKINGS[name].pack(views((12, 8)), FileOptions())
    assert (packed[left] == LEFT).all()
    assert (packed[right] == RIGHT).all()


def test_the_checkerboard_begins_with_the_left_eye():
    packed = PACKINGS["checkerboard"].pack(views((5, 4)), FileOptions())
    is_left = (packed == LEFT).all(axis=2)
    assert (is_left == (np.add.outer(np.arange(4), np.arange(5)) % 2 == 0)).all()
    assert (packed[~is_left] == RIGHT).all()


@pytest.mark.parametrize("name", ["rows", "columns", "checkerboard"])
def test_interlaced_pixels_stay_where_they_were(name):
    """Nothing moves: every pixel is one of the two views' at the same place."""
    left, right = np.random.default_rng(0).integers(0, 256, (2, 9, 11, 3), np.uint8)
    packed = PACKINGS[name].pack([left, right], FileOptions())
    assert ((packed == left).all(axis=2) | (packed == right).all(axis=2)).all()


def test_squeezing_does_not_alias():
    grid = np.zeros((8, 16, 3), np.uint8)
    grid[:, ::2] = 255
    assert np.abs(PACKINGS["sbs-half"].pack([grid, grid], FileOptions()).astype(int) - 128).max() <= 1
    upright = grid[:, :8].transpose(1, 0, 2).copy()
    assert np.abs(PACKINGS["tb-half"].pack([upright, upright], FileOptions()).astype(int) - 128).max() <= 1
