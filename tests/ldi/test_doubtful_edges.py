"""Edges where the depth is doubtful: soft without an edge in the photo, snapped to one close by, and never torn off."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scenes import BLUE, CARD, RED, card_before_wall, checkerboard, depth_of, photo_of

import kbvr
from kbvr.depth.depth_map import DepthMap
from kbvr.ldi.fill_hidden import fill
from kbvr.ldi.layered_depth_image import LayeredDepthImage
from kbvr.ldi.matting import solve_mattes
from kbvr.ldi.split import split

REACH_M = 0.12
GREY = (120, 120, 120)
LARGE_PX = (960, 240)
LARGE_CARD = (slice(60, 180), slice(400, 560))


def doubted(depth: DepthMap, confidence: int = 10) -> DepthMap:
    return replace(depth, confidence=np.full(depth.inverse_depth.shape, confidence, np.uint8))


def front_of(ldi: LayeredDepthImage) -> np.ndarray:
    m = ldi.margin_px
    return ldi.front.inverse_depth[m:-m, m:-m]


def largest_step_px(ldi: LayeredDepthImage) -> float:
    parallax_px = front_of(ldi) * ldi.f_px * ldi.reach_m
    return float(max(np.abs(np.diff(parallax_px, axis=axis)).max() for axis in (0, 1)))


@pytest.mark.parametrize("rgb", [np.full((100, 120, 3), GREY, np.uint8), checkerboard(120, 100, cell=3)])
def test_a_doubtful_jump_without_an_edge_in_the_photo_becomes_a_slope(rgb):
    """On one plain colour, and on a texture that does not change at the jump."""
    _, depth = card_before_wall()
    ldi = split(photo_of(rgb), doubted(depth), reach_m=REACH_M)
    assert largest_step_px(ldi) <= ldi.jump_px
    assert not ldi.fill_mask.any()
    assert front_of(ldi)[45:55, 55:65] == pytest.approx(1.0, abs=0.02), "the middle of the card keeps its depth"


def test_a_jump_that_the_photo_shows_stays_however_doubtful():
    photo, depth = card_before_wall()
    assert np.allclose(front_of(split(photo, doubted(depth), reach_m=REACH_M)), depth.inverse_depth, atol=0.01)


def test_a_certain_jump_stays_on_a_texture_without_an_edge():
    _, depth = card_before_wall()
    ldi = split(photo_of(checkerboard(120, 100, cell=3)), doubted(depth, 254), reach_m=REACH_M)
    assert largest_step_px(ldi) > 5 * ldi.jump_px


def test_a_depth_that_expects_no_error_is_taken_as_it_is():
    _, depth = card_before_wall()
    ldi = split(photo_of(np.full((100, 120, 3), GREY, np.uint8)), depth, reach_m=REACH_M)
    assert np.allclose(front_of(ldi), depth.inverse_depth, atol=1e-5)


@pytest.mark.parametrize("off_px", [-3, 3])
def test_a_jump_is_snapped_to_the_edge_that_the_photo_shows_next_to_it(off_px):
    width, height = LARGE_PX
    rgb = np.full((height, width, 3), BLUE, np.uint8)
    rgb[LARGE_CARD] = RED
    inverse_depth = np.full((height, width), 0.25)
    inverse_depth[LARGE_CARD[0], LARGE_CARD[1].start + off_px : LARGE_CARD[1].stop + off_px] = 1.0
    front = front_of(split(photo_of(rgb), doubted(depth_of(inverse_depth)), reach_m=REACH_M))
    left, right = LARGE_CARD[1].start, LARGE_CARD[1].stop
    assert np.allclose(front[80:160, left + 1 : right - 1], 1.0, atol=0.01), "to a pixel"
    assert np.allclose(front[80:160, : left - 1], 0.25, atol=0.01)
    assert np.allclose(front[80:160, right + 1 :], 0.25, atol=0.01)


@pytest.mark.parametrize(("colour", "joins"), [(RED, True), (GREY, False)])
def test_a_sliver_of_one_pixel_joins_the_surface_of_its_colour(colour, joins):
    """A far column through a red card: a red one is an error, a grey one is a gap."""
    photo, depth = card_before_wall()
    rgb, inverse_depth = photo.rgb.copy(), depth.inverse_depth.copy()
    rgb[CARD[0], 60], inverse_depth[CARD[0], 60] = colour, 0.25
    front = front_of(split(photo_of(rgb), doubted(depth_of(inverse_depth)), reach_m=REACH_M))
    assert (np.allclose(front[35:65, 60], 1.0, atol=0.02)) == joins


def test_an_island_of_five_pixels_never_moves():
    """Neither in the depth, on a wall, nor in the matte, beside a card of its colour."""
    photo, depth = card_before_wall(width=240, height=100)
    rgb, inverse_depth = photo.rgb.copy(), depth.inverse_depth.copy()
    inverse_depth[50, 150:155] = 0.9
    beside = (slice(50, 52), slice(CARD[1].stop + 1, CARD[1].stop + 3))
    rgb[beside] = RED
    scene = kbvr.build_scene(photo_of(rgb), doubted(depth_of(inverse_depth), 250), reach_m=REACH_M)
    m = scene.ldi.margin_px
    assert np.allclose(front_of(scene.ldi)[45:55, 140:165], 0.25, atol=0.02)
    assert scene.ldi.matte.rgba[m:-m, m:-m, 3][beside].max() <= 127
    view = next(kbvr.render(scene, [scene.camera.moved(x_m=0.08)])).astype(int)
    wall_px, card_px = 2, 8
    at = np.s_[50:52, beside[1].start - wall_px : beside[1].stop - wall_px]
    assert np.abs(view[at] - RED).max() <= 60, "it stays on the wall, where it was"
    at = np.s_[50:52, beside[1].start - card_px : beside[1].stop - card_px]
    assert np.abs(view[at] - BLUE).max() <= 60, "it does not move with the card"


def test_the_photo_is_reproduced_with_doubtful_edges_too():
    photo, depth = card_before_wall()
    ldi = solve_mattes(fill(split(photo, doubted(depth), reach_m=REACH_M)))
    matte, front, hidden = (layer.rgba.astype(float) for layer in (ldi.matte, ldi.front, ldi.hidden))
    below = np.where(front[..., 3:] > 0, front[..., :3], hidden[..., :3])
    alpha, m = matte[..., 3:] / 255, ldi.margin_px
    assert np.abs((alpha * matte[..., :3] + (1 - alpha) * below)[m:-m, m:-m] - photo.rgb).max() <= 2
