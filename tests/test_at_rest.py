"""From the photo's own camera, a scene is the photo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scenes import card_before_wall

from bench.analytic import SIZE_PX
from bench.methods import kbvr_scene
from bench.metrics import psnr_db
from bench.tracer import disparity_of_photo, trace
from bench.worlds import worlds
from kbvr.depth.estimate import estimate_depth
from kbvr.depth.networks import BUILT_IN_NETWORK
from kbvr.ldi.scene import Scene, build_scene
from kbvr.photo.photo import load_photo, photo_from_array
from kbvr.rendering.cpu_renderer import Renderer
from kbvr.rendering.texel_doubling import doubled

EXAMPLES = Path(__file__).parents[1] / "examples"
LEAST_PSNR_DB = 48.5
MOST_OFF_PPM = 30
MOST_OFF_PPM_WITH_ESTIMATED_DEPTH = 250
OFF_LEVELS = 24


def check_at_rest(scene: Scene, photo: np.ndarray, most_off_ppm: int = MOST_OFF_PPM) -> None:
    with Renderer(scene) as drawing:
        picture = drawing.frame(scene.camera)
    off = np.abs(picture.astype(int) - photo).max(axis=2) > OFF_LEVELS
    assert psnr_db(picture, photo) > LEAST_PSNR_DB
    assert off.mean() * 1e6 <= most_off_ppm


@pytest.mark.parametrize("name", ["cat", "coffee", "temple"])
def test_a_photo_with_estimated_depth_is_given_back(name):
    photo = load_photo(EXAMPLES / f"{name}.jpg")
    scene = build_scene(photo, estimate_depth(photo, model=BUILT_IN_NETWORK))
    check_at_rest(scene, photo.rgb, MOST_OFF_PPM_WITH_ESTIMATED_DEPTH)


@pytest.mark.parametrize("name", ["fence", "hair", "stack", "sky"])
def test_a_drawn_world_with_true_depth_is_given_back(name):
    """Bars and hairs of a pixel, and three surfaces one behind the other."""
    world = next(world for world in worlds() if world.name == name)
    camera = world.camera(SIZE_PX)
    photo = trace(world, camera)
    check_at_rest(kbvr_scene(photo, disparity_of_photo(world, camera)), photo)


layers = arrays(np.uint8, (7, 9, 4), elements=st.integers(0, 255))


def pixels_of(large: np.ndarray) -> np.ndarray:
    """Return what bilinear look-up in the middle of every old pixel gives: the mean of four texels."""
    return large.reshape(7, 2, 9, 2, 4).mean(axis=(1, 3))


@given(rgba=layers)
def test_the_mean_of_a_pixels_four_texels_is_the_pixel(rgba):
    assert np.abs(pixels_of(doubled(rgba, soft=False)) - rgba).max() <= 0.75


@given(rgba=layers)
def test_a_soft_layer_comes_out_times_alpha(rgba):
    alpha = rgba[..., 3:] / 255
    expected = np.concatenate([rgba[..., :3] * alpha, rgba[..., 3:]], axis=2)
    assert np.abs(pixels_of(doubled(rgba, soft=True)) - expected).max() <= 0.75


def test_a_ramp_doubled_is_the_ramp_sampled_twice_as_densely():
    ramp = np.broadcast_to(np.arange(40, 200, 4, dtype=np.uint8)[None, :, None], (12, 40, 4))
    large = doubled(ramp, soft=False).astype(int)
    expected = 40 + 4 * (np.arange(80) / 2 - 0.25)
    assert np.abs(large[:, 10:-10] - expected[10:-10, None]).max() <= 1


@pytest.mark.parametrize("density", [1.5, 2.0, 3.0])
def test_an_enlarged_edge_is_not_lined_in_another_tone(density):
    """A grey card before a wall as grey is grey all over, however near one looks."""
    _, depth = card_before_wall()
    grey = photo_from_array(np.full((100, 120, 3), 120, np.uint8), f_px=depth.f_px)
    scene = build_scene(grey, depth, reach_m=0.1)
    camera = scene.camera.resized((round(120 * density), round(100 * density)))
    with Renderer(scene, pixels_per_photo_px=density) as renderer:
        (picture,) = renderer.frames([camera.moved(0.03, 0, 0)])
    assert np.abs(picture.astype(int) - 120).max() <= 2
