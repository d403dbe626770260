"""Colours for grey photos: what a network says is taken, and nothing else changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from colour_stand_ins import ddcolor_like, deoldify_like, kbvr_color_like

from kbvr.colorize import colorized, colour_network
from kbvr.colorize.has_colour import has_colour
from kbvr.imaging.lab import chroma_of, lightness_of
from kbvr.photo.photo import photo_from_array
from kbvr.photo.second_view import SecondView

WIDTH, HEIGHT = 480, 320
TOLERANCE = 1.5
"""Of chroma: two of sRGB's levels."""


def grey_rgb(noise: float = 25.0, edge: float = 0.5) -> np.ndarray:
    """Return a grey photo: dark left of an edge at a share of the width, light right of it, with grain."""
    grain = np.random.default_rng(0).normal(0, noise, (HEIGHT, WIDTH))
    grey = np.where(np.arange(WIDTH) < edge * WIDTH, 90, 170) + grain
    return np.repeat(np.clip(np.rint(grey), 0, 255).astype(np.uint8)[..., None], 3, axis=2)


@pytest.fixture
def photo():
    return photo_from_array(grey_rgb())


@pytest.fixture
def half_and_half(tmp_path):
    return colour_network(ddcolor_like(tmp_path / "dd.onnx"))


@pytest.mark.parametrize("make", [ddcolor_like, deoldify_like, kbvr_color_like])
def test_the_lightness_of_every_pixel_stays(photo, tmp_path, make):
    done = colorized(photo, colour_network(make(tmp_path / "net.onnx")))
    assert np.abs(chroma_of(done.rgb)).mean() > 10
    assert np.abs(lightness_of(done.rgb) - lightness_of(photo.rgb)).max() < 0.5
    assert not done.rgb.flags.writeable


def test_chroma_is_what_the_network_says(photo, half_and_half):
    found = chroma_of(colorized(photo_from_array(grey_rgb(noise=0)), half_and_half).rgb)
    for columns, wanted in (((10, 180), (40, 20)), ((300, 470), (-30, 40))):
        assert found[:, slice(*columns)].reshape(-1, 2).mean(axis=0) == pytest.approx(wanted, abs=TOLERANCE)


def test_chroma_of_a_network_that_gives_rgb_is_that_of_its_picture(tmp_path):
    done = colorized(
        photo_from_array(np.full((64, 96, 3), 128, np.uint8)), colour_network(deoldify_like(tmp_path / "n.onnx"))
    )
    wanted = chroma_of(np.array([[[154, 128, 77]]], np.uint8))[0, 0]
    assert chroma_of(done.rgb).reshape(-1, 2).mean(axis=0) == pytest.approx(wanted, abs=TOLERANCE)


def test_chroma_of_kbvr_color_is_in_hundreds(tmp_path):
    done = colorized(
        photo_from_array(np.full((64, 96, 3), 119, np.uint8)), colour_network(kbvr_color_like(tmp_path / "n.onnx"))
    )
    lightness = lightness_of(done.rgb).mean()
    assert chroma_of(done.rgb).reshape(-1, 2).mean(axis=0) == pytest.approx(
        (0.3 * lightness, 0.6 * lightness), abs=TOLERANCE
    )


def test_chroma_follows_the_edges_of_the_photo(half_and_half):
    """The network's edge is in the middle, the photo's 3 pixels beside it: colours end at the photo's."""
    edge = (WIDTH // 2 + 3) / WIDTH
    found = chroma_of(colorized(photo_from_array(grey_rgb(noise=0, edge=edge)), half_and_half).rgb)[HEIGHT // 2, :, 0]
    steps = -np.diff(found)
    assert np.argmax(steps) == WIDTH // 2 + 2
    assert steps.max() > 0.35 * (40 + 30) > 4 * np.sort(steps)[-2]


def test_strength_is_a_factor(photo, half_and_half):
    half = chroma_of(colorized(photo, half_and_half, strength=0.5).rgb)[:, 20:180].mean(axis=(0, 1))
    assert half == pytest.approx((20, 10), abs=TOLERANCE)
    assert np.array_equal(colorized(photo, half_and_half, strength=0).rgb, photo.rgb)


def test_a_large_photo_is_coloured_as_a_small_one(half_and_half):
    """It is done in bands of rows, which leave no traces."""
    large = np.repeat(np.repeat(grey_rgb(noise=0), 3, axis=0), 3, axis=1)
    small = colorized(photo_from_array(grey_rgb(noise=0)), half_and_half).rgb
    found = colorized(photo_from_array(large), half_and_half).rgb
    assert np.abs(found[1::3, 1::3].astype(int) - small)[:, 250:].max() <= 3
    assert np.abs(np.diff(found[:, 100].astype(int), axis=0)).max() <= 1


def test_a_photo_that_has_colours_stays_and_says_so(photo, half_and_half):
    rgb = photo.rgb.copy()
    rgb[:160, :, 2] //= 2
    own = replace(photo, rgb=rgb)
    done = colorized(own, half_and_half)
    assert done.rgb is own.rgb
    assert done.notes == ("it has colours of its own, so none were added",)
    assert colorized(photo, half_and_half).notes == ("colours guessed by dd.onnx",)


@pytest.mark.parametrize("tone", [(1, 1, 1), (1.0, 0.85, 0.6), (0.8, 0.9, 1.0)])
def test_toned_prints_have_no_colours(tone):
    toned = np.clip(grey_rgb(noise=30) * np.array(tone), 0, 255).astype(np.uint8)
    assert not has_colour(toned)


def test_stained_paper_has_no_colours_but_a_red_coat_is_one():
    rgb = grey_rgb().astype(float)
    stained = rgb.copy()
    stained[:80, :120] *= (1, 0.93, 0.8)
    assert not has_colour(stained.astype(np.uint8))
    rgb[100:240, 200:260] *= (1.4, 0.4, 0.4)
    assert has_colour(np.clip(rgb, 0, 255).astype(np.uint8))


def test_a_second_view_gets_colours_too(photo, half_and_half):
    """With its own lightness, at its own size; one that has colours keeps them."""
    other = grey_rgb(edge=0.4)[:200]
    done = colorized(replace(photo, second_view=SecondView(other, "another file")), half_and_half)
    assert done.second_view is not None
    assert np.abs(chroma_of(done.second_view.rgb)).mean() > 10
    assert np.abs(lightness_of(done.second_view.rgb) - lightness_of(other)).max() < 0.5
    again = colorized(replace(photo, second_view=done.second_view), half_and_half).second_view
    assert again is done.second_view


def test_a_scan_in_black_and_white_says_that_colours_do_not_show(half_and_half):
    rgb = np.where(grey_rgb() > 128, 255, 0).astype(np.uint8)
    done = colorized(photo_from_array(rgb), half_and_half)
    assert np.array_equal(done.rgb, rgb)
    assert "do not show" in done.notes[-1]
