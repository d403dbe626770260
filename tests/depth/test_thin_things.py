"""Thin straight things: one smooth depth along them, whole, and never swallowed by what is behind them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from kbvr.depth.straighten import straightened

WIDTH, HEIGHT = 384, 256
POST = np.s_[30:200, 180:184]
FAR, NEAR = 0.2, 0.7


def scene(*, post: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Return a photo of a post before a wall and a floor, and its true map."""
    rgb = np.full((HEIGHT, WIDTH, 3), 190, np.uint8)
    values = np.full((HEIGHT, WIDTH), FAR, np.float32)
    values[160:] = np.linspace(FAR, 1, HEIGHT - 160)[:, None]
    rgb[160:] = 150
    if post:
        rgb[POST], values[POST] = 60, NEAR
    return rgb, values


def test_a_post_that_wobbles_gets_one_depth() -> None:
    """Waves of 5% of the range along a post 4 pixels wide: less than a fifth is left."""
    rgb, values = scene()
    values[POST] += (0.04 * np.sin(np.arange(170) / 15))[:, None].astype(np.float32)
    straight = straightened(values, rgb)
    assert straight[40:150, 181:183].std() < 0.2 * values[40:150, 181:183].std()
    assert abs(straight[40:150, 181:183].mean() - NEAR) < 0.02


@pytest.mark.parametrize("lost", [np.s_[30:80], np.s_[80:120], np.s_[120:150]], ids=["top", "middle", "lower part"])
def test_what_a_network_lost_of_a_post_comes_back(lost: slice) -> None:
    """The photo shows the whole post, so all of it is near."""
    rgb, values = scene()
    values[lost, 180:184] = FAR
    straight = straightened(values, rgb)
    assert np.abs(straight[34:150, 181:183] - NEAR).max() < 0.05
    beside = np.s_[34:150, 200:300]
    assert np.abs(straight[beside] - values[beside]).max() < 0.02


def test_a_leaning_rail_stays_linear() -> None:
    """A rail that comes nearer along its length is not made even."""
    rgb, values = scene(post=False)
    x = np.arange(60, 320)
    y = np.round(60 + (x - 60) / 6).astype(int)
    depth = np.linspace(0.45, 0.85, len(x)).astype(np.float32)
    wobble = (0.04 * np.sin(x / 14)).astype(np.float32)
    cv2.line(rgb, (60, 61), (319, 105), (50, 50, 50), 4, cv2.LINE_AA)
    for down in range(-1, 3):
        values[y + down, x] = depth + wobble
    straight = straightened(values, rgb)[y + 1, x][10:-10]
    assert np.abs(straight - depth[10:-10]).mean() < 0.5 * np.abs(wobble[10:-10]).mean()


def test_a_stripe_on_a_wall_stays_on_the_wall() -> None:
    """It does not stand out in the map, so it is no thing."""
    rgb, values = scene(post=False)
    rgb[POST] = 60
    assert np.abs(straightened(values, rgb) - values)[:150].max() < 0.02


def test_a_painted_stripe_that_meets_a_near_thing_stays_behind_it() -> None:
    """A line of the wall between two posts of another colour is held by neither, though the map is near at its ends."""
    rgb, values = scene(post=False)
    for left in (100, 280):
        rgb[20:220, left : left + 5], values[20:220, left : left + 5] = 40, NEAR
    rgb[90:94, 105:280] = 235
    values[90:94, 105:118] = values[90:94, 270:280] = NEAR
    assert straightened(values, rgb)[91:93, 120:260].max() < FAR + 0.05


def test_a_lost_rail_between_posts_of_its_colour_comes_back() -> None:
    """Both ends are near and of its colour, and the map shows a little of it."""
    rgb, values = scene(post=False)
    for left in (100, 280):
        rgb[20:220, left : left + 5], values[20:220, left : left + 5] = 40, NEAR
    rgb[90:94, 105:280] = 40
    values[90:94, 105:118] = values[90:94, 270:280] = NEAR
    assert straightened(values, rgb)[91:93, 110:275].min() > NEAR - 0.05


def test_what_is_in_front_of_a_post_stays_in_front() -> None:
    """A card hides the middle of a post; the card keeps its depth."""
    rgb, values = scene()
    card = np.s_[90:120, 150:220]
    rgb[card], values[card] = 120, 1.0
    assert straightened(values, rgb)[card].min() > 0.95


def test_a_gap_between_a_post_and_a_line_of_the_wall_stays_far() -> None:
    """The strip between them looks like a bar, too."""
    rgb, values = scene()
    rgb[:160, 191:193] = 90
    strip = np.s_[34:150, 186:190]
    assert np.abs(straightened(values, rgb)[strip] - FAR).max() < 0.1


@pytest.mark.parametrize(("scale", "shift"), [(1e-12, 0.0), (50.0, -3.0)])
def test_the_scale_and_the_shift_of_the_map_do_not_matter(scale: float, shift: float) -> None:
    """A lost part comes back in any relative map."""
    rgb, values = scene()
    values[30:80, 180:184] = FAR
    usual = straightened(values, rgb)
    other = straightened(((values + shift) * scale).astype(np.float32), rgb)
    np.testing.assert_allclose(other / scale - shift, usual, atol=5e-3)


def test_a_bar_that_leaves_the_picture_is_no_error() -> None:
    """Posts along every border."""
    rgb, values = scene(post=False)
    for part in (np.s_[:, :3], np.s_[:, -3:], np.s_[:3], np.s_[-3:]):
        rgb[part], values[part] = 40, NEAR
    assert np.isfinite(straightened(values, rgb)).all()
