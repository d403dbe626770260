"""The scenes that a page draws."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from glb import Glb
from scenes import depth_of, photo_of, smooth_pattern

from kbvr.depth.depth_map import DepthMap
from kbvr.inpaint.push_pull import spread
from kbvr.photo.photo import Photo
from kbvr.studio.layer_pictures import layer_pictures
from kbvr.studio.live_scene import PREVIEW_PIXELS, REFINED_PIXELS, LiveScene, enlarged, glb_of, preview_of, refined_of
from kbvr.studio.photo_worker import WORKING_PIXELS, working_copy

WIDTH, HEIGHT = 360, 240


def card(width: int = WIDTH, height: int = HEIGHT) -> DepthMap:
    """A card before a wall."""
    inverse_depth = np.full((height, width), 0.2, np.float32)
    inverse_depth[height // 3 :, width // 2 : width * 3 // 4] = 0.6
    return depth_of(inverse_depth)


@pytest.fixture(scope="module")
def photo() -> Photo:
    return photo_of(smooth_pattern(WIDTH, HEIGHT))


@pytest.fixture(scope="module")
def preview(photo: Photo) -> LiveScene:
    return preview_of(photo, card(), surround="dome")


def read(content: bytes, folder: Path) -> Glb:
    path = folder / "scene.glb"
    path.write_bytes(content)
    return Glb.read(path)


def pink_share(glb: Glb) -> float:
    """Return the share of the atlas that has the colour of what is invented."""
    red, green, blue = np.moveaxis(np.asarray(glb.pictures[1].convert("RGB"), int), -1, 0)
    return float(((red - green > 60) & (blue - green > 40)).mean())


def test_a_preview_is_a_whole_scene(preview, tmp_path):
    """With the photo in front, what it hides behind it, and a dome around."""
    glb = read(glb_of(preview), tmp_path)
    assert {"front", "matte", "hidden", "border", "dome"} <= {mesh.name.split()[0] for mesh in glb.meshes()}
    assert glb.pictures[0].size == (WIDTH, HEIGHT)


def test_what_is_invented_has_a_colour_of_its_own(preview, tmp_path):
    """And what the photo shows keeps its own."""
    plain, tinted = (read(glb_of(preview, is_tinted=is_tinted), tmp_path) for is_tinted in (False, True))
    assert pink_share(tinted) > 0.05 + 3 * pink_share(plain)
    np.testing.assert_array_equal(np.asarray(plain.pictures[0]), np.asarray(tinted.pictures[0]))


def test_a_refined_scene_is_of_the_photo_in_more_detail(preview, photo, tmp_path):
    large = photo_of(np.asarray(smooth_pattern(2 * WIDTH, 2 * HEIGHT)))
    large = replace(large, f_px=2 * photo.f_px)
    refined = read(glb_of(refined_of(large, card(), filler=spread, surround="none")), tmp_path)
    assert refined.pictures[0].size == (2 * WIDTH, 2 * HEIGHT)
    assert "dome" not in {mesh.name for mesh in refined.meshes()}


def test_large_photos_are_made_small_enough_to_be_quick():
    assert PREVIEW_PIXELS <= WORKING_PIXELS <= REFINED_PIXELS
    rgb = np.zeros((1500, 2000, 3), np.uint8)
    working = working_copy(photo_of(rgb))
    assert working.size_px[0] * working.size_px[1] <= 1.01 * WORKING_PIXELS
    assert working.f_px / working.size_px[0] == pytest.approx(photo_of(rgb).f_px / 2000)


def test_a_depth_is_enlarged_along_the_edges_of_the_photo():
    """Its focal length and its confidence too."""
    rgb = np.zeros((2 * HEIGHT, 2 * WIDTH, 3), np.uint8)
    rgb[2 * HEIGHT // 3 :, WIDTH : 2 * WIDTH * 3 // 4] = 200
    small = replace(card(), confidence=np.full((HEIGHT, WIDTH), 200, np.uint8))
    large = enlarged(small, photo_of(rgb))
    exact = card(2 * WIDTH, 2 * HEIGHT).inverse_depth
    assert (np.abs(large.inverse_depth - exact) > 0.05).mean() < 0.01
    assert large.f_px == 2 * small.f_px
    assert large.confidence is not None
    assert large.confidence.shape == exact.shape


def test_layers_are_pictures_without_the_margin(preview):
    """The front has no hole, the hidden layer is only beside the card."""
    import cv2

    pictures = layer_pictures(preview.scene.ldi)
    assert pictures[0].name == "front"
    assert pictures[-1].name == "hidden"
    front, hidden = (cv2.imdecode(np.frombuffer(picture.png, np.uint8), -1) for picture in (pictures[0], pictures[-1]))
    assert front.shape == hidden.shape == (HEIGHT, WIDTH, 4)
    assert (front[..., 3] > 0).mean() > 0.95
    assert 0.02 < (hidden[..., 3] > 0).mean() < 0.6
