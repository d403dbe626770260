"""Edges where the depth is doubtful: soft without an edge in the photo."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scenes import card_before_wall, checkerboard, photo_of

from kbvr.depth.depth_map import DepthMap
from kbvr.ldi.fill_hidden import fill
from kbvr.ldi.layered_depth_image import LayeredDepthImage
from kbvr.ldi.matting import solve_mattes
from kbvr.ldi.split import split

REACH_M = 0.12
GREY = (120, 120, 120)


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


def test_the_photo_is_reproduced_with_doubtful_edges_too():
    photo, depth = card_before_wall()
    ldi = solve_mattes(fill(split(photo, doubted(depth), reach_m=REACH_M)))
    matte, front, hidden = (layer.rgba.astype(float) for layer in (ldi.matte, ldi.front, ldi.hidden))
    below = np.where(front[..., 3:] > 0, front[..., :3], hidden[..., :3])
    alpha, m = matte[..., 3:] / 255, ldi.margin_px
    assert np.abs((alpha * matte[..., :3] + (1 - alpha) * below)[m:-m, m:-m] - photo.rgb).max() <= 2
