"""Focal length and shift of affine points: whatever camera saw them is found; points of no camera are refused."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from kbvr.depth.affine_points import focal_and_shift
from kbvr.errors import InputError
from kbvr.geometry.camera import f_px_from_fov

SIZES_PX = ((640, 480), (480, 640), (800, 300), (300, 900), (512, 512))
FOVS_DEG = (20.0, 35.0, 55.0, 80.0, 110.0)


def depths(size_px: tuple[int, int], *, relief: float, seed: int = 3) -> np.ndarray:
    """Return soft hills in front of ground that comes nearer downwards, at half a picture's size."""
    width, height = (side // 2 for side in size_px)
    coarse = np.random.default_rng(seed).random((6, 8))
    hills = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return 2.0 * np.exp(relief * (hills - np.linspace(0, 1, height)[:, None]))


def seen(depth: np.ndarray, size_px: tuple[int, int], f_px: float, *, shift: float, noise: float = 0.0) -> np.ndarray:
    """Return the points of a picture without `shift` in z, with noise as a share of the depth."""
    height, width = depth.shape
    x = ((np.arange(width) + 0.5) / width - 0.5) * size_px[0] / f_px * depth
    y = (((np.arange(height) + 0.5) / height - 0.5) * size_px[1] / f_px)[:, None] * depth
    grain = np.random.default_rng(5).standard_normal((height, width, 3)) * [0.3, 0.3, 1.0] * noise * depth[..., None]
    return (np.stack([x, y, depth - shift], axis=2) + grain).astype(np.float32)


@pytest.mark.parametrize("size_px", SIZES_PX)
@pytest.mark.parametrize("fov_deg", FOVS_DEG)
def test_focal_length_and_shift_are_found_to_half_a_percent(size_px, fov_deg):
    """Of exact points and of those with 3% of noise, with a sky masked off and holes in the mask, of either shift."""
    f_px = f_px_from_fov(fov_deg, max(size_px))
    for shift, noise, relief in ((0.7, 0.0, 1.0), (-3.0, 0.0, 0.2), (0.5, 0.03, 1.0), (1.0, 0.02, 2.0)):
        depth = depths(size_px, relief=relief)
        points = seen(depth, size_px, f_px, shift=shift, noise=noise)
        inside = np.random.default_rng(8).random(depth.shape) > 0.2
        inside[: len(inside) // 3] = False
        points[~inside] = np.nan
        found_px, found = focal_and_shift(points, inside, size_px)
        assert found_px == pytest.approx(f_px, rel=0.005), (shift, noise)
        assert found == pytest.approx(shift, abs=0.005 * np.median(depth)), (shift, noise)


@pytest.mark.parametrize("fov_deg", FOVS_DEG)
def test_the_shift_alone_is_found_where_the_focal_length_is_known(fov_deg):
    """Even for a nearly flat scene with much noise, which shows little of the focal length."""
    size_px = (640, 480)
    f_px = f_px_from_fov(fov_deg, 640)
    depth = depths(size_px, relief=0.1)
    points = seen(depth, size_px, f_px, shift=1.2, noise=0.02)
    found_px, found = focal_and_shift(points, np.ones(depth.shape, bool), size_px, f_px=f_px)
    assert found_px == f_px
    assert found == pytest.approx(1.2, abs=0.005 * np.median(depth))


def test_a_known_focal_length_overrides_that_of_the_points():
    """They are moved until they fit it as well as they can: twice as far away for twice the focal length."""
    size_px = (640, 480)
    depth = depths(size_px, relief=0.2)
    points = seen(depth, size_px, 500.0, shift=0.0)
    found_px, found = focal_and_shift(points, np.ones(depth.shape, bool), size_px, f_px=1000.0)
    assert found_px == 1000.0
    assert np.median(depth + found) == pytest.approx(2 * np.median(depth), rel=0.1)


@pytest.mark.parametrize("fov_deg", [3.0, 160.0])
def test_a_focal_length_that_is_far_from_the_points_own_is_obeyed_too(fov_deg):
    """EXIF may be of a crop; no photo is refused for that."""
    size_px = (640, 480)
    depth = depths(size_px, relief=2.0)
    depth[:80] = 500.0
    points = seen(depth, size_px, 500.0, shift=0.0)
    known_px = f_px_from_fov(fov_deg, 640)
    assert focal_and_shift(points, np.ones(depth.shape, bool), size_px, f_px=known_px)[0] == known_px


def test_a_wide_range_of_depth_is_no_hindrance():
    """From a hand before the camera to mountains."""
    size_px = (800, 600)
    depth = depths(size_px, relief=1.0)
    depth[:100], depth[250:, 100:200] = 4000.0, 0.4
    points = seen(depth, size_px, 700.0, shift=0.0)
    found_px, found = focal_and_shift(points, np.ones(depth.shape, bool), size_px)
    assert found_px == pytest.approx(700, rel=0.005)
    assert abs(found) < 0.005 * np.median(depth)


def test_before_a_flat_wall_the_points_own_depth_counts():
    """Every shift fits it: the network's word is all that there is."""
    size_px = (640, 480)
    points = seen(np.full((240, 320), 2.5), size_px, 600.0, shift=0.0)
    found_px, found = focal_and_shift(points, np.ones((240, 320), bool), size_px)
    assert found_px == pytest.approx(600, rel=0.01)
    assert abs(found) < 0.02


def test_stray_points_do_not_limit_the_shift():
    """A speck far in front of everything else."""
    size_px = (640, 480)
    depth = depths(size_px, relief=1.0)
    points = seen(depth, size_px, 450.0, shift=0.5)
    points[100:112, 200:212, 2] = -5.0
    found_px, _ = focal_and_shift(points, np.ones(depth.shape, bool), size_px)
    assert found_px == pytest.approx(450, rel=0.02)


def backward(points: np.ndarray) -> np.ndarray:
    """Return points behind the camera: all that is right is left."""
    return points * np.float32(-1)


def shuffled(points: np.ndarray) -> np.ndarray:
    """Return the points of other pixels."""
    return np.random.default_rng(1).permutation(points.reshape(-1, 3)).reshape(points.shape)


def merged_in_one(points: np.ndarray) -> np.ndarray:
    """Return points that are all in one place on the axis."""
    return points * np.float32([0, 0, 1])


@pytest.mark.parametrize("spoilt", [backward, shuffled, merged_in_one])
@pytest.mark.parametrize("f_px", [None, 500.0])
def test_points_that_no_camera_sees_are_refused(spoilt, f_px):
    size_px = (640, 480)
    depth = depths(size_px, relief=1.0)
    points = spoilt(seen(depth, size_px, 500.0, shift=0.0))
    with pytest.raises(InputError, match="expected points"):
        focal_and_shift(points, np.ones(depth.shape, bool), size_px, f_px=f_px)
