"""The border of a scanned print goes, the print is straight, and pictures without a border stay."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from old_prints import HEIGHT, WIDTH, bordered, scene

from kbvr.repair.border import picture_in_scan


@pytest.mark.parametrize("turn_deg", [-9.0, -3.3, -0.6, 0.4, 2.0, 7.5])
def test_a_turned_print_is_straightened_and_cropped(turn_deg):
    crop = picture_in_scan(bordered(scene(), turn_deg))
    assert crop is not None
    assert crop.turned_deg == pytest.approx(turn_deg, abs=0.15)
    assert crop.size_px == pytest.approx((WIDTH, HEIGHT), abs=7)
    found = crop.of(bordered(scene(), turn_deg))
    wanted = cv2.resize(scene(), crop.size_px)
    assert np.abs(found.astype(int) - wanted)[20:-20, 20:-20].mean() < 3


def test_a_straight_print_keeps_its_pixels():
    """Nothing is resampled, and at most a rim of 3 px is lost."""
    rgb = scene() + np.random.default_rng(0).integers(0, 20, (HEIGHT, WIDTH, 1), np.uint8)
    scan = cv2.copyMakeBorder(rgb, 30, 50, 20, 20, cv2.BORDER_CONSTANT, value=(245, 240, 225))
    crop = picture_in_scan(scan)
    assert crop is not None
    assert crop.turned_deg == 0
    width, height = crop.size_px
    assert WIDTH - 6 <= width <= WIDTH
    assert HEIGHT - 6 <= height <= HEIGHT
    left, top = (int(-v) for v in crop.scan_to_picture[:, 2])
    assert np.array_equal(crop.of(scan), scan[top : top + height, left : left + width])


def test_a_large_scan_is_cropped_at_its_full_size():
    """The border is found in a small copy."""
    large = cv2.resize(scene(), (4 * WIDTH, 4 * HEIGHT), interpolation=cv2.INTER_NEAREST)
    scan = cv2.copyMakeBorder(large, 100, 100, 100, 100, cv2.BORDER_CONSTANT, value=(240, 240, 240))
    crop = picture_in_scan(scan)
    assert crop is not None
    assert crop.size_px == pytest.approx((4 * WIDTH, 4 * HEIGHT), abs=20)


def white_sky() -> np.ndarray:
    """Return a picture whose sky is white, down to a straight horizon."""
    rgb = scene()
    rgb[: HEIGHT // 3] = 250
    return rgb


def thing_on_white() -> np.ndarray:
    """Return a round thing on a white ground, as shops show it."""
    rgb = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    return cv2.circle(rgb, (WIDTH // 2, HEIGHT // 2), 150, (90, 60, 40), -1)


@pytest.mark.parametrize("make", [scene, white_sky, thing_on_white])
def test_what_is_no_border_stays(make):
    assert picture_in_scan(make()) is None


@pytest.mark.parametrize("value", [0, 128, 255])
def test_an_empty_picture_has_no_border(value):
    rgb = np.full((HEIGHT, WIDTH, 3), value, np.uint8)
    assert picture_in_scan(rgb) is None
