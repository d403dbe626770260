"""Two eyes in a sphere see points where the geometry of omnidirectional stereo puts them."""

from __future__ import annotations

from math import asin, pi

import numpy as np
import pytest

from kbvr.photo.panorama import Panorama
from kbvr.sphere.completed import completed
from kbvr.sphere.eyes import horizontal_inverse, seen_by_eyes, shift_px, split_sphere, stereo_share
from tests.rooms_around import room

RADIUS_M = 0.032


def seen(rgb: np.ndarray, distance_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    layers = split_sphere(rgb, (1 / distance_m).astype(np.float32), radius_m=RADIUS_M, filler=None)
    return seen_by_eyes(layers, radius_m=RADIUS_M)


def stripes(width: int) -> np.ndarray:
    """Return a sphere whose colours tell every longitude: three smooth waves."""
    turn = (np.arange(width) + 0.5) / width * 2 * pi
    waves = np.stack([np.sin(turn * 8), np.cos(turn * 8), np.sin(turn * 8 + 2)], axis=-1) * 100 + 128
    return np.broadcast_to(waves, (width // 2, width, 3)).astype(np.uint8).copy()


def moved_px(eye: np.ndarray, rgb: np.ndarray, row: int) -> float:
    """Return how far a row is moved to the right, by the phase of its waves."""
    width = rgb.shape[1]
    phases = [np.angle(np.fft.fft(picture[row, :, 0].astype(float))[8]) for picture in (rgb, eye)]
    return ((phases[0] - phases[1] + pi) % (2 * pi) - pi) / (2 * pi) * width / 8


@pytest.mark.parametrize("distance_m", [0.5, 1.0, 2.0, 10.0])
def test_a_point_is_moved_by_the_arcsine_of_radius_over_horizontal_distance(distance_m):
    width = 1024
    rgb = stripes(width)
    left, right = seen(rgb, np.full(rgb.shape[:2], distance_m, np.float32))
    for row in (256, 200, 330):  # at the horizon, 20 degrees above it and 26 below it
        latitude = (0.5 - (row + 0.5) / 512) * pi
        expected = asin(RADIUS_M / (distance_m * np.cos(latitude))) * width / (2 * pi)
        assert moved_px(left, rgb, row) == pytest.approx(expected, abs=0.1)
        assert moved_px(right, rgb, row) == pytest.approx(-expected, abs=0.1)


def test_what_is_infinitely_far_is_not_moved():
    rgb = stripes(512)
    layers = split_sphere(rgb, np.zeros(rgb.shape[:2], np.float32), radius_m=RADIUS_M, filler=None)
    left, right = seen_by_eyes(layers, radius_m=RADIUS_M)
    assert abs(left.astype(int) - rgb).max() <= 1
    assert abs(right.astype(int) - rgb).max() <= 1


def test_stereo_fades_to_nothing_at_the_poles():
    latitude = np.radians(np.float32([0, 54, 67.5, 80, 90]))
    assert stereo_share(latitude) == pytest.approx([1, 1, 0.5, 0, 0], abs=1e-5)
    inverse = horizontal_inverse(np.ones((256, 512), np.float32))
    assert inverse[0].max() == inverse[-1].max() == 0
    assert shift_px(inverse, radius_m=RADIUS_M, width_px=512).max() < 8


def test_a_near_ball_moves_as_a_whole_across_the_seam_and_nothing_is_torn():
    width = 1024
    made = room(width)
    left, right = seen(made.rgb, made.distance_m)
    nearest_m = 1.4

    def is_yellow(picture: np.ndarray) -> np.ndarray:
        red, green, blue = (picture[..., channel].astype(int) for channel in range(3))
        return (blue < 0.45 * red) & (green > 0.75 * red) & (red > 120)

    def middle_px(mask: np.ndarray) -> float:
        turned = np.roll(mask, width // 2, axis=1)
        return float(np.nonzero(turned)[1].mean())

    moved = [middle_px(is_yellow(eye)) - middle_px(is_yellow(made.rgb)) for eye in (left, right)]
    most, least = (asin(RADIUS_M / d) * width / (2 * pi) for d in (nearest_m, nearest_m + 0.3))
    assert least - 0.7 < moved[0] < most + 0.7
    assert -most - 0.7 < moved[1] < -least + 0.7
    for eye in (left, right):
        assert is_yellow(eye).sum() == pytest.approx(is_yellow(made.rgb).sum(), rel=0.05)
        assert eye.min() > 20  # no holes


def test_a_row_of_photos_is_completed_to_a_sphere_without_edges():
    picture = np.zeros((60, 400, 3), np.uint8)
    picture[:] = np.linspace(40, 200, 60)[:, None, None].astype(np.uint8)
    whole = completed(picture, Panorama("equirectangular", -pi, pi, 0.3 * pi / 2, -0.3 * pi / 2), 400)
    assert whole.shape == (200, 400, 3)
    assert (whole[70:130] == picture).all()
    assert abs(np.diff(whole[:, 0, 0].astype(int))).max() <= 4
    assert completed(whole, Panorama("equirectangular", -pi, pi, pi / 2, -pi / 2), 400) is whole
