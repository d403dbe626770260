"""Bars: thin straight things are found between the lines along their sides, and nothing else is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from kbvr.depth.bars import bars_of

WIDTH, HEIGHT = 640, 420


def picture(
    *bars: tuple[tuple[int, int], tuple[int, int], int], colour: int = 60, size_px: tuple[int, int] = (WIDTH, HEIGHT)
) -> np.ndarray:
    """Return a grey picture with bars: (end, end, width)."""
    grey = np.full((size_px[1], size_px[0]), 180, np.uint8)
    for start, end, width_px in bars:
        along = np.subtract(end, start) / np.linalg.norm(np.subtract(end, start))
        across = np.array([-along[1], along[0]]) * width_px / 2
        corners = np.array([start + across, end + across, end - across, start - across])
        cv2.fillConvexPoly(grey, np.round(corners * 16).astype(int), colour, cv2.LINE_AA, 4)
    return np.repeat(grey[..., None], 3, axis=2)


@pytest.mark.parametrize("colour", [20, 250])
@pytest.mark.parametrize(
    ("start", "end", "width_px"),
    [((100, 60), (100, 360), 6), ((60, 300), (560, 200), 4), ((200, 40), (330, 380), 12), ((500, 380), (400, 40), 3)],
)
def test_a_bar_is_found_with_its_middle_line_and_its_width(
    start: tuple[int, int], end: tuple[int, int], width_px: int, colour: int
) -> None:
    """Dark or light, and at any angle."""
    bars = bars_of(picture((start, end, width_px), colour=colour), WIDTH)
    assert len(bars) == 1
    ends = bars.ends[0] if np.linalg.norm(bars.ends[0, 0] - start) < WIDTH / 4 else bars.ends[0, ::-1]
    assert np.abs(ends - np.array([start, end])).max() < 5
    assert abs(float(bars.width_px[0]) - width_px) < 1.5


def test_parts_of_a_bar_on_both_sides_of_what_crosses_it_are_one() -> None:
    """A card covers the middle of a post; both parts reach from top to bottom."""
    rgb = picture(((300, 40), (300, 380), 6))
    rgb[180:240, 260:340] = 110
    posts = [ends for ends in bars_of(rgb, WIDTH).ends if np.abs(ends[:, 0] - 300).max() < 3]
    assert len(posts) == 2
    for ends in posts:
        assert ends[:, 1].min() < 50
        assert ends[:, 1].max() > 370


def test_bars_of_other_widths_or_off_the_line_are_not_one() -> None:
    """A thick and a thin post on one line, and one beside it, stay apart."""
    rgb = picture(((300, 30), (300, 180), 4), ((300, 240), (300, 390), 12), ((306, 240), (306, 250), 2))
    assert all(np.ptp(ends[:, 1]) < 170 for ends in bars_of(rgb, WIDTH).ends)


def test_wide_things_and_single_edges_are_no_bars() -> None:
    """A card and the border between two walls."""
    rgb = picture(((100, 200), (300, 200), 120))
    rgb[:, 400:] = 90
    assert len(bars_of(rgb, WIDTH)) == 0


@pytest.mark.parametrize("size_px", [(1, 1), (3, 200), (64, 64)])
def test_pictures_without_lines_have_no_bars(size_px: tuple[int, int]) -> None:
    """Of any size."""
    assert len(bars_of(picture(size_px=size_px), 64)) == 0


def test_bars_are_in_pixels_of_the_size_that_is_asked_for() -> None:
    """Half the size halves the width and moves the middle of each pixel."""
    rgb = picture(((100, 60), (100, 360), 6))
    whole, half = bars_of(rgb, WIDTH), bars_of(rgb, WIDTH // 2)
    np.testing.assert_allclose((half.ends + 0.5) * 2, whole.ends + 0.5)
    np.testing.assert_allclose(half.width_px * 2, whole.width_px)
