"""Hair and the rings of sharpening beside a plain far side: they move with the near side, and leave nothing behind."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from scenes import F_PX, depth_of, photo_of

import kbvr
from kbvr.depth.depth_map import DepthMap
from kbvr.ldi.split import split

REACH_M, MOVE_M = 0.24, 0.2
NEAR, FAR = 1.0, 0.25
WIDTH, HEIGHT = 240, 160
WALL, HEAD = (150, 110, 80), (40, 30, 30)
BODY = np.s_[50:130, 80:160]
SHIFT_PX = round(F_PX * MOVE_M * NEAR)
WALL_SHIFT_PX = round(F_PX * MOVE_M * FAR)
GHOST = np.s_[36:50, 80 - WALL_SHIFT_PX : 160 - WALL_SHIFT_PX]
"""Where the view shows the wall that the hair covered in the photo."""


def hairs() -> np.ndarray:
    """Return the alpha of a head with strands that stand out from it by 10 px."""
    large = np.zeros((4 * HEIGHT, 4 * WIDTH), np.float32)
    large[200:520, 320:640] = 1
    for number, x in enumerate(range(336, 640, 20)):
        cv2.line(large, (x, 204), (x + 12 * (number % 3 - 1), 160), 1.0, 6)
    return np.asarray(cv2.resize(large, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA))


def wall(shift_px: float = 0) -> np.ndarray:
    """Return a plain wall with a little noise, moved to the left."""
    noise = np.random.default_rng(3).normal(0, 1.0, (HEIGHT, WIDTH + 40, 3))
    return (np.array(WALL) + noise)[:, round(shift_px) : round(shift_px) + WIDTH]


def composite(alpha: np.ndarray, behind: np.ndarray) -> np.ndarray:
    return (alpha[..., None] * np.array(HEAD) + (1 - alpha[..., None]) * behind + 0.5).astype(np.uint8)


def body_depth(confidence: int | None = 200) -> DepthMap:
    """Return the depth of the head without its hair, as networks estimate it."""
    inverse_depth = np.full((HEIGHT, WIDTH), FAR, np.float32)
    inverse_depth[BODY] = NEAR
    known = None if confidence is None else np.full(inverse_depth.shape, confidence, np.uint8)
    return DepthMap(inverse_depth, F_PX, confidence=known)


def moved_view(rgb: np.ndarray, depth: DepthMap) -> np.ndarray:
    scene = kbvr.build_scene(photo_of(rgb), depth, reach_m=REACH_M)
    return next(kbvr.render(scene, [scene.camera.moved(x_m=MOVE_M)])).astype(int)


def test_hair_beyond_the_outline_of_the_depth_moves_with_the_head():
    """The view is compared with the truth, whose alpha is known, along the upper outline."""
    alpha = hairs()
    view = moved_view(composite(alpha, wall()), body_depth())
    truth = composite(np.roll(alpha, -SHIFT_PX, axis=1), wall(WALL_SHIFT_PX)).astype(int)
    rows = np.s_[36:50, 50:150]
    unmoved = composite(np.roll(alpha, -WALL_SHIFT_PX, axis=1), wall(WALL_SHIFT_PX)).astype(int)
    error, left_behind = (np.abs(picture - truth)[rows].mean() for picture in (view, unmoved))
    assert error < 0.25 * left_behind


def test_hair_leaves_no_ghost_on_the_wall():
    """The layer behind holds the wall alone."""
    ldi = kbvr.build_scene(photo_of(composite(hairs(), wall())), body_depth(), reach_m=REACH_M).ldi
    m = ldi.margin_px
    hidden = ldi.hidden.rgba[m:-m, m:-m, :3].astype(int)
    assert np.percentile(np.abs(hidden[40:50, 82:158] - WALL), 99) <= 12


@pytest.mark.parametrize("head", [HEAD, (230, 220, 210)], ids=["bright ring", "dark ring"])
def test_the_ring_of_sharpening_moves_with_the_side_that_it_surrounds(head):
    rgb = np.full((HEIGHT, WIDTH, 3), WALL, np.float32)
    rgb[BODY] = head
    sharp = rgb + 0.9 * (rgb - cv2.GaussianBlur(rgb, (0, 0), 1.0))
    sharp = sharp.clip(0, 255).astype(np.uint8)
    ring = np.abs(sharp[48:50, 90:150].astype(int) - WALL).max()
    assert ring > 20
    view = moved_view(sharp, body_depth())
    right = 160 - WALL_SHIFT_PX
    assert np.abs(view[60:120, right - 1 : right + 5] - WALL).max() <= 0.6 * ring, "it does not stay on the wall"


def test_a_varied_far_side_has_no_fringe():
    """Its texture is not the near side's, however much it deviates from its mean."""
    rng = np.random.default_rng(5)
    texture = cv2.resize(rng.integers(60, 200, (HEIGHT // 4, WIDTH // 4, 3), np.uint8), (WIDTH, HEIGHT))
    texture[BODY] = HEAD
    assert not split(photo_of(texture), body_depth(), reach_m=REACH_M).fringe.any()


def test_an_exact_depth_has_no_fringe():
    rgb = composite(hairs(), wall())
    assert split(photo_of(rgb), body_depth(), reach_m=REACH_M).fringe.any()
    assert not split(photo_of(rgb), body_depth(None), reach_m=REACH_M).fringe.any()


def test_a_spot_that_does_not_touch_the_near_side_stays_on_the_wall():
    rgb = wall().astype(np.uint8)
    rgb[BODY] = HEAD
    rgb[39:42, 118:121] = HEAD
    ldi = split(photo_of(rgb), body_depth(), reach_m=REACH_M)
    m = ldi.margin_px
    assert not ldi.fringe[m:-m, m:-m][37:44, 116:123].any()


def test_a_flat_depth_has_no_fringe():
    depth = depth_of(np.full((HEIGHT, WIDTH), FAR))
    assert not split(photo_of(wall().astype(np.uint8)), depth, reach_m=REACH_M).fringe.any()
