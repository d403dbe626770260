"""A click selects the thing under it."""

from __future__ import annotations

from time import process_time

import cv2
import numpy as np
import pytest
from mending_scenes import CENTRE, on_card, wrong_card
from scenes import card_before_wall

from kbvr.errors import InputError
from kbvr.studio.mending.guide import Guide
from kbvr.studio.mending.scale import Scale
from kbvr.studio.mending.selection import Selection


def selection_of(photo, depth):
    return Selection(Guide(photo.rgb), Scale.of(depth.inverse_depth)), depth.inverse_depth


def overlap(mask, wanted):
    return (mask & wanted).sum() / (mask | wanted).sum()


@pytest.mark.parametrize("scene", [card_before_wall, wrong_card], ids=["depth right", "depth wrong"])
@pytest.mark.parametrize("is_quick", [True, False])
def test_a_click_on_a_card_selects_the_card(scene, is_quick):
    """By its colour alone where its depth is wrong."""
    selection, depth = selection_of(*scene())
    selection.click(depth, CENTRE, "new", is_quick=is_quick)
    assert overlap(selection.mask, on_card()) > (0.7 if is_quick else 0.95)


def test_clicks_add_and_remove_things():
    photo, depth = wrong_card()
    rgb = photo.rgb.copy()
    rgb[30:70, 57:63] = rgb[0, 0]  # two cards, with a gap
    selection = Selection(Guide(rgb), Scale.of(depth.inverse_depth))
    left, right = on_card() & (np.arange(120) < 57), on_card() & (np.arange(120) >= 63)
    selection.click(depth.inverse_depth, (48, 50), "new")
    assert overlap(selection.mask, left) > 0.9
    selection.click(depth.inverse_depth, (72, 50), "add")
    assert overlap(selection.mask, left | right) > 0.9
    selection.click(depth.inverse_depth, (48, 50), "remove")
    assert overlap(selection.mask, right) > 0.9


def test_a_quick_selection_is_forgotten_by_the_exact_one():
    selection, depth = selection_of(*card_before_wall())
    selection.click(depth, CENTRE, "new")
    exact = selection.mask.copy()
    selection.click(depth, (5, 5), "add", is_quick=True)
    assert selection.mask.sum() > exact.sum()
    selection.click(depth, CENTRE, "add")
    assert overlap(selection.mask, exact) > 0.98


def test_an_outline_selects_the_thing_that_it_goes_around():
    selection, depth = selection_of(*card_before_wall())
    around = [(34, 24), (86, 24), (86, 76), (34, 76)]
    selection.outline(depth, around, "new", is_exact=False)
    assert overlap(selection.mask, on_card()) > 0.9
    selection.outline(depth, around, "new", is_exact=True)
    assert selection.mask.sum() == pytest.approx(52 * 52, rel=0.05)
    selection.outline(depth, [(0, 0), (60, 0), (60, 100), (0, 100)], "remove", is_exact=True)
    assert not selection.mask[:, :55].any() and selection.mask[:, 65:].any()
    with pytest.raises(InputError, match="too short"):
        selection.outline(depth, [(0, 0), (1, 1)], "new", is_exact=True)


def test_clearing_and_inverting():
    selection, depth = selection_of(*card_before_wall())
    selection.invert()
    assert selection.mask is None
    selection.click(depth, CENTRE, "new")
    inside = selection.mask
    selection.invert()
    assert np.array_equal(selection.mask, ~inside)
    selection.clear()
    assert selection.mask is None


def test_a_larger_reach_selects_no_less():
    selection, depth = selection_of(*card_before_wall())
    sizes = []
    for reach in (0.3, 1.0, 8.0):
        selection.click(depth, CENTRE, "new", reach=reach, is_quick=True)
        sizes.append(int(selection.mask.sum()))
    assert sizes == sorted(sizes)


@pytest.mark.parametrize("point", [(-5.0, -5.0), (500.0, 50.0), (0.0, 0.0), (119.99, 99.99)])
def test_every_point_can_be_clicked(point):
    selection, depth = selection_of(*card_before_wall())
    selection.click(depth, point, "new")
    assert selection.mask is None or selection.mask.shape == depth.shape


def test_a_flat_grey_photo_can_be_clicked():
    """Nothing tells things apart there, but nothing fails."""
    depth = np.full((100, 120), 0.5, np.float32)
    selection = Selection(Guide(np.full((100, 120, 3), 128, np.uint8)), Scale.of(depth))
    selection.click(depth, (60, 50), "new")


def test_selecting_in_a_million_pixels_is_quick():
    """Measured 20 ms and 300 ms of a processor."""
    photo, depth = card_before_wall()
    rgb, values = (cv2.resize(pixels, (1155, 866)) for pixels in (photo.rgb, depth.inverse_depth))
    guide = Guide(rgb)
    assert guide.colours.size
    selection = Selection(guide, Scale.of(values))
    for is_quick, limit_s in ((True, 0.15), (False, 0.8)):
        times = []
        for _ in range(4):
            start = process_time()
            selection.click(values, (577, 433), "new", is_quick=is_quick)
            times.append(process_time() - start)
        assert min(times) < limit_s
    assert selection.mask.sum() == pytest.approx(0.1333 * 1155 * 866, rel=0.05)
