"""Views of a sphere show the right directions, and their depths become one map without seams."""

from __future__ import annotations

from math import pi

import numpy as np
import pytest

from kbvr.geometry.sphere import equirectangular_rays, rays_of
from kbvr.sphere.alignment import MAP_PX, aligned, blended, mixed
from kbvr.sphere.sphere_depth import enlarged, placed
from kbvr.sphere.sphere_views import VIEW_PX, sphere_views
from tests.panoramas import centroid_px, equirectangular, spots
from tests.rooms_around import distances, room

SIDE_PX = 160


def rays_of_view(view, side_px: int) -> np.ndarray:
    at = np.arange(side_px, dtype=np.float32) + np.float32(0.5 - side_px / 2)
    f_px = view.f_px * side_px / VIEW_PX
    rays = rays_of(*np.meshgrid(at, at), f_px=f_px, sphere_from_view=view.sphere_from_view)
    return rays / np.linalg.norm(rays, axis=-1, keepdims=True)


def inverse_depths(rng: np.random.Generator) -> list[np.ndarray]:
    """Return each view's inverse depth in a scale and with a shift of its own, as networks predict them."""
    found = []
    for view in sphere_views():
        rays = rays_of_view(view, SIDE_PX)
        depth_m = distances(rays, ball=False)[0] * view.ahead(rays)
        found.append((rng.uniform(0.6, 1.6) / depth_m + rng.uniform(-0.15, 0.15)).astype(np.float32))
    return found


def true_inverse(size_px: tuple[int, int]) -> np.ndarray:
    return 1 / distances(equirectangular_rays(size_px), ball=False)[0]


def test_every_direction_is_well_inside_of_a_view():
    rays = equirectangular_rays((360, 180))
    assert np.max([view.weight(rays) for view in sphere_views()], axis=0).min() > 0.15


def test_what_is_in_a_direction_is_where_the_view_looks_for_it_within_half_a_pixel():
    rng = np.random.default_rng(3)
    for view in sphere_views()[::4]:
        for _ in range(2):
            x, y = rng.uniform(-0.75, 0.75, 2) * VIEW_PX / 2
            (ray,) = rays_of(np.float32([x]), np.float32([y]), f_px=view.f_px, sphere_from_view=view.sphere_from_view)
            picture = view.picture(equirectangular(2048, spots(ray[None], 0.012)))
            expected = VIEW_PX / 2 + x, VIEW_PX / 2 + y
            assert centroid_px(picture[..., 0], expected, 20) == pytest.approx(expected, abs=0.5)


def test_distances_are_recovered_up_to_one_scale_whatever_the_scales_and_shifts_of_the_views():
    values, views = inverse_depths(np.random.default_rng(0)), sphere_views()
    ratio = blended(values, views, *aligned(values, views, has_shift=True)) / true_inverse(MAP_PX)
    assert ratio.std() / ratio.mean() < 0.001
    assert ratio.max() / ratio.min() < 1.01


def test_noise_and_a_view_that_is_wrong_in_a_part_change_little():
    rng, views = np.random.default_rng(1), sphere_views()
    values = inverse_depths(rng)
    given = [(value + 0.005 * rng.standard_normal(value.shape)).astype(np.float32) for value in values]
    given[2][: SIDE_PX // 3] = 3.0
    scales, shifts = aligned(given, views, has_shift=True)
    ratio = blended(values, views, scales, shifts) / true_inverse(MAP_PX)
    assert ratio.std() / ratio.mean() < 0.03


def test_scales_alone_are_aligned_for_networks_that_measure():
    rng, views = np.random.default_rng(4), sphere_views()
    values = []
    for view in views:
        rays = rays_of_view(view, SIDE_PX)
        depth_m = distances(rays, ball=False)[0] * view.ahead(rays)
        values.append((rng.uniform(0.7, 1.4) / depth_m).astype(np.float32))
    scales, shifts = aligned(values, views, has_shift=False)
    assert abs(shifts).max() < 1e-3
    ratio = blended(values, views, scales, shifts) / true_inverse(MAP_PX)
    assert ratio.std() / ratio.mean() < 0.002


def test_there_is_no_seam_where_left_and_right_meet():
    rng, views = np.random.default_rng(2), sphere_views()
    values = [value + np.float32(rng.uniform(-0.1, 0.1)) * value**2 for value in inverse_depths(rng)]
    small = blended(values, views, *aligned(values, views, has_shift=True))
    whole = room(1024, ball=False)
    large = enlarged(small, np.zeros_like(small), whole.rgb)
    assert large.shape == whole.distance_m.shape
    across = np.abs(large[:, 0] - large[:, -1]).mean()
    assert across < 2 * np.abs(np.diff(large, axis=1)).mean()


def test_nearness_is_placed_by_solid_angle_and_the_sky_is_infinitely_far():
    rays = equirectangular_rays((256, 128))
    sky = (rays[..., 1] < -0.2).astype(np.float32)
    inverse = np.maximum(rays[..., 1], 0).astype(np.float32) + np.float32(0.1)
    found = placed(inverse, sky, near_m=1.5)
    assert (found[sky > 0.5] == 0).all()
    near = np.clip(rays[..., 1], 0, 1) > 0.93
    assert 1 / found[near] == pytest.approx(np.full(near.sum(), 1.5), rel=0.1)
    assert found[sky < 0.5].min() > 0


def test_maps_that_need_no_alignment_are_blended_as_they_are():
    found = mixed([np.full((32, 32), 0.75, np.float32)] * len(sphere_views()), sphere_views())
    assert found.shape == MAP_PX[::-1]
    assert abs(found - 0.75).max() < 1e-5
    assert MAP_PX[0] / (2 * pi) > VIEW_PX / 4
