"""Scaled sizes: sides are rounded, and shrinking never enlarges."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kbvr.imaging.resize import averaged, long_side_px, resized, shrunk, within_px

SIDES = st.integers(1, 9000)


@given(width=SIDES, height=SIDES, side_px=st.integers(1, 4000))
def test_a_long_side_is_met_and_the_shape_is_kept(width, height, side_px):
    """Both sides are within half a pixel, and at least the minimum."""
    size_px = long_side_px((width, height), side_px)
    assert max(size_px) == side_px
    for side, new in zip((width, height), size_px, strict=True):
        assert abs(new - max(1, side * side_px / max(width, height))) <= 0.5
    assert min(long_side_px((width, height), side_px, min_px=2)) >= min(2, side_px)


def test_what_is_small_enough_stays_itself():
    """Larger pictures and maps are scaled down, by the same factor in both directions."""
    assert shrunk(np.zeros((100, 200, 4), np.uint8), 50).shape == (25, 50, 4)
    small = np.zeros((10, 20), np.float32)
    assert shrunk(small, 20) is small
    assert averaged(small, (20, 10)) is small
    assert resized(small, (20, 10)) is small
    assert within_px((20, 10), 50) == (20, 10)


def test_a_smaller_pixel_is_the_mean_of_those_that_it_covers():
    """A larger picture is interpolated without steps."""
    map_ = np.arange(16, dtype=np.float32).reshape(4, 4)
    assert (resized(map_, (2, 2)) == map_.reshape(2, 2, 2, 2).mean(axis=(1, 3))).all()
    assert np.ptp(np.diff(resized(map_, (8, 4))[0, 1:-1])) == 0
