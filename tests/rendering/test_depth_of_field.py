"""Depth of field: what is in focus stays as it is, the rest is spread over the disc that optics say, and edges hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import BLUE, card_before_wall

from kbvr.errors import InputError
from kbvr.geometry.camera import camera_of_photo
from kbvr.imaging.srgb import to_linear
from kbvr.ldi.scene import build_scene
from kbvr.options.export_options import ExportOptions
from kbvr.rendering.cpu_renderer import Renderer
from kbvr.rendering.depth_of_field import (
    MAX_PLACES,
    MIN_PLACES,
    Lens,
    darker_at_corners,
    frames_through,
    lens_for,
    seen_from,
    softened,
)

NEAR, FAR = 1.0, 0.25
"""Inverse depths of the card and the wall."""


def seen(focus_inverse_depth: float, blur_px: float) -> np.ndarray:
    """The card in front of the wall, through a lens that blurs the one out of focus to a disc of this size."""
    photo, depth = card_before_wall()
    lens = lens_for(blur_px, focus_inverse_depth, (NEAR, FAR), depth.f_px)
    scene = build_scene(photo, depth, reach_m=lens.aperture_m)
    with Renderer(softened(scene, lens), pixels_per_photo_px=1.0) as renderer:
        (picture,) = frames_through(lens, renderer.frames, [scene.camera])
    return picture


def pinhole() -> np.ndarray:
    photo, depth = card_before_wall()
    scene = build_scene(photo, depth)
    with Renderer(scene, pixels_per_photo_px=1.0) as renderer:
        return renderer.frame(scene.camera)


@given(
    focus=st.floats(0.0, 2.0),
    depth=st.floats(0.1, 2.0),
    x=st.floats(-1, 1),
    y=st.floats(-1, 1),
    forward=st.floats(0, 0.3),
)
def test_a_point_lands_on_a_disc_about_its_place(focus, depth, x, y, forward):
    """From the rim of the lens a point is seen aside by half its disc; in focus, not at all."""
    lens = Lens(0.1, focus, 16)
    camera = camera_of_photo((120, 100), 100.0).moved(z_m=forward)

    def projected(one):
        p = one.intrinsics @ (one.camera_from_world @ (x, y, 1 / depth, 1.0))[:3]
        return p[:2] / p[2]

    def from_here(inverse_depth):
        return inverse_depth / (1 - forward * inverse_depth)

    if forward * max(depth, focus) > 0.7:
        return
    aside = projected(seen_from(np.array([0.05, 0.0]), lens, camera)) - projected(camera)
    wanted = 0.05 * 100 * (from_here(focus) - from_here(depth))
    assert aside == pytest.approx((wanted, 0.0), abs=1e-6)


@given(st.integers(MIN_PLACES, MAX_PLACES), st.floats(0.001, 1))
def test_places_fill_the_opening_evenly(count, aperture_m):
    """None is outside; they balance about the middle; half of them lie within the inner half of the area."""
    places = Lens(aperture_m, 0.5, count).places_m
    radii = np.linalg.norm(places, axis=1)
    assert radii.max() <= aperture_m / 2
    assert np.abs(places.mean(axis=0)).max() < 0.06 * aperture_m
    assert abs((radii < aperture_m / 2 * 0.5**0.5).mean() - 0.5) <= 0.5 / count + 1e-9


def test_what_is_in_focus_stays_as_it_is():
    sharp, pin = seen(NEAR, 8.0).astype(int), pinhole().astype(int)
    inside = np.s_[38:62, 48:72]
    assert np.abs(sharp[inside] - pin[inside]).mean() < 2


@pytest.mark.parametrize("blur_px", [6.0, 12.0])
def test_a_blurred_edge_is_as_wide_as_the_disc_and_the_sharp_side_does_not_bleed(blur_px):
    """The card in focus in front of a blurred wall: right next to the card, the wall has its own colour."""
    beside = seen(NEAR, blur_px)[45:55, 36:38].reshape(-1, 3).mean(axis=0)
    assert np.abs(beside - BLUE).max() < 12


def test_a_blurred_card_gets_an_edge_as_wide_as_its_disc():
    """10% to 90% of the way takes 0.69 of the diameter: the middle part of a disc that a straight edge crosses."""
    blur_px = 14.0
    light = to_linear(seen(FAR, blur_px))[48:52, :, 0].mean(axis=0)
    share = (light - light[20:26].mean()) / (light[56:64].mean() - light[20:26].mean())
    width = np.count_nonzero((share[26:56] > 0.1) & (share[26:56] < 0.9))
    assert 0.69 * blur_px * 0.75 <= width <= 0.69 * blur_px * 1.35


def test_light_is_neither_lost_nor_made():
    photo, depth = card_before_wall()
    flat = replace(photo, rgb=np.full_like(photo.rgb, 90))
    lens = lens_for(12.0, NEAR, (NEAR, FAR), depth.f_px)
    scene = build_scene(flat, depth, reach_m=lens.aperture_m)
    with Renderer(softened(scene, lens), pixels_per_photo_px=1.0) as renderer:
        (picture,) = frames_through(lens, renderer.frames, [scene.camera])
    assert np.abs(picture[16:-16, 16:-16].astype(int) - 90).max() <= 2


@given(st.floats(0.05, 1))
def test_a_vignette_darkens_the_corners_alone(strength):
    grey = np.full((40, 60, 3), 200, np.uint8)
    light = to_linear(darker_at_corners(grey, strength))[..., 0] / to_linear(grey)[..., 0]
    assert light[19:21, 29:31].min() > 0.97
    assert light[0, 0] == pytest.approx(1 - strength, abs=0.1)
    assert np.allclose(light, light[::-1, ::-1], atol=0.02)


@pytest.mark.parametrize(
    "bad",
    [{"focus": (50, 50), "aperture_percent": 0}, {"focus": (150, 50)}, {"aperture_percent": 50}, {"vignette": 2.0}],
)
def test_lenses_that_cannot_be_are_refused(bad):
    with pytest.raises(InputError):
        ExportOptions(**bad)
