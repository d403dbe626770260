"""Dark and noisy pictures are cleared before a network sees them; ordinary ones are not touched."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import kbvr
from bench.agreement import correlation
from kbvr.depth.clear_picture import BRIGHT_LEVEL, DARK_LEVEL, MAX_GAIN, brightened, clear_picture, noise_deviation
from kbvr.photo.photo import load_photo, photo_from_array

EXAMPLES = Path(__file__).parents[2] / "examples"


def noisy(rgb: np.ndarray, deviation: float) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, deviation, rgb.shape)
    return np.clip(np.round(rgb + noise), 0, 255).astype(np.uint8)


def grey_ramp() -> np.ndarray:
    return np.repeat(np.tile(np.linspace(60, 180, 160), (120, 1))[..., None], 3, axis=2)


@pytest.mark.parametrize("name", ["temple", "coffee", "cat"])
def test_an_ordinary_photo_stays_as_it_is(name):
    rgb = cv2.resize(load_photo(EXAMPLES / f"{name}.jpg").rgb, (384, 256), interpolation=cv2.INTER_AREA)
    assert (clear_picture(rgb) == rgb).all()


@given(white=st.integers(1, 255))
def test_a_dark_picture_is_brightened_to_one_level(white):
    rgb = np.full((12, 16, 3), (white // 2, white, 0), np.uint8)
    found = int(brightened(rgb).max())
    assert found == (min(BRIGHT_LEVEL, MAX_GAIN * white) if white < DARK_LEVEL else white)


def test_a_small_object_in_a_very_dark_picture_does_not_burn_out():
    """Such as the moon: 1.5% of the picture, brighter than the rest."""
    rgb = np.full((100, 100, 3), 3, np.uint8)
    rgb[40:52, 40:52] = np.arange(12, 24)[:, None, None]
    assert np.ptp(clear_picture(rgb)[40:52, 40:52]) > 80


def test_detail_of_a_tiny_picture_is_not_smoothed():
    rgb = noisy(np.full((60, 80, 3), 130), 20)
    assert (clear_picture(rgb) == rgb).all()


def test_a_black_picture_stays_black():
    black = np.zeros((12, 16, 3), np.uint8)
    assert not clear_picture(black).any()


def test_a_few_lamps_do_not_make_a_night_bright():
    """One pixel in a hundred is white, and still the picture is dark."""
    rgb = np.full((100, 100, 3), 40, np.uint8)
    rgb[0] = 255
    assert brightened(rgb)[50, 50, 0] == BRIGHT_LEVEL


@pytest.mark.parametrize("deviation", [2.0, 8.0, 20.0])
def test_the_deviation_of_noise_is_found(deviation):
    """Of grey noise, on a slope."""
    rgb = grey_ramp()
    grey_noise = np.random.default_rng(1).normal(0, deviation, rgb.shape[:2])[..., None]
    found = noise_deviation(np.clip(np.round(rgb + grey_noise), 0, 255).astype(np.uint8))
    assert found == pytest.approx(deviation, rel=0.1)


def test_noise_is_smoothed_and_edges_stay_sharp():
    clean = np.full((120, 160, 3), 60.0)
    clean[:, 80:] = 190
    before = noisy(clean, 15)
    after = clear_picture(before)
    assert np.std(after[:, :70] - 60.0) < np.std(before[:, :70] - 60.0) / 3
    assert after[:, 79].mean() < 80
    assert after[:, 80].mean() > 170


@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (1, 5)])
def test_the_smallest_pictures_are_cleared_without_an_error(shape):
    assert clear_picture(np.full((*shape, 3), 9, np.uint8)).shape == (*shape, 3)


@pytest.mark.parametrize("long_side_px", [192, 600])
def test_depth_does_not_depend_on_how_dark_a_dark_photo_is(long_side_px):
    """Whether the network's input is larger or smaller than the photo."""
    rgb = load_photo(EXAMPLES / "temple.jpg").rgb
    size = (long_side_px, round(long_side_px * rgb.shape[0] / rgb.shape[1]))
    rgb = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    half, third = (
        kbvr.estimate_depth(photo_from_array(np.uint8(np.round(rgb * share))), quality="fast").inverse_depth
        for share in (0.45, 0.3)
    )
    assert correlation(half, third) > 0.998
