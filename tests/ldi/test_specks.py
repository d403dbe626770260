"""No single specks: no layer has a piece of fewer pixels than a threshold that moves against what surrounds it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from scenes import F_PX, photo_of

import kbvr
from kbvr.depth.depth_map import DepthMap
from kbvr.depth.despeckle import LINE_SIDES, lines_of, speck_px_for, specks_of
from kbvr.ldi.fill_hidden import HALF_COVERED
from kbvr.ldi.scene import Scene

WIDTH, HEIGHT = 320, 200
REACH_M = 0.15
SPECK_PX = speck_px_for(WIDTH)
FAR = 0.2


def wall_picture(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return cv2.resize(rng.integers(40, 220, (10, 16, 3), np.uint8), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)


def with_specks(inverse_depth: np.ndarray, seed: int) -> np.ndarray:
    """Return the depth with specks of random shapes and depths, one in every square of 20 pixels."""
    rng, result = np.random.default_rng(seed), inverse_depth.copy()
    side = int(SPECK_PX**0.5)
    for y in range(8, HEIGHT - 24, 20):
        for x in range(8, WIDTH - 24, 20):
            corner = y + int(rng.integers(14)), x + int(rng.integers(14))
            shape = rng.random((side, side)) < rng.uniform(0.3, 1)
            result[corner[0] : corner[0] + side, corner[1] : corner[1] + side][shape] = rng.uniform(0.45, 1.5)
    return result


def shapes(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a picture and a depth of overlapping things with frayed outlines, of which the picture shows half."""
    rng, rgb = np.random.default_rng(seed), wall_picture(seed)
    inverse_depth = np.full((HEIGHT, WIDTH), FAR)
    for _ in range(8):
        centre = rng.integers(20, WIDTH - 20), rng.integers(20, HEIGHT - 20)
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        cv2.circle(mask, [int(c) for c in centre], int(rng.integers(8, 40)), 1, -1)
        inverse_depth[(mask > 0) & (rng.random(mask.shape) > 0.02)] = rng.uniform(0.2, 1.2)
        if rng.random() < 0.5:
            rgb[mask > 0] = (rgb[mask > 0] * 0.3 + rng.integers(0, 180, 3)).astype(np.uint8)
    return rgb, with_specks(inverse_depth, seed)


def scene_of(rgb: np.ndarray, inverse_depth: np.ndarray, confidence: int) -> Scene:
    known = np.full(inverse_depth.shape, confidence, np.uint8)
    return kbvr.build_scene(
        photo_of(rgb), DepthMap(inverse_depth.astype(np.float32), F_PX, confidence=known), reach_m=REACH_M
    )


@pytest.mark.parametrize("seed", range(4))
def test_random_specks_on_a_wall_never_move(seed):
    """The view is the same as that of the wall without specks."""
    rgb, wall = wall_picture(seed), np.full((HEIGHT, WIDTH), FAR)
    clean, specked = (scene_of(rgb, depth, 250) for depth in (wall, with_specks(wall, seed)))
    for move in ({"x_m": REACH_M}, {"x_m": -REACH_M, "y_m": 0.05}, {"z_m": 0.4}):
        views = [next(kbvr.render(scene, [scene.camera.moved(**move)])).astype(int) for scene in (clean, specked)]
        assert np.abs(views[0] - views[1]).max() <= 20


@pytest.mark.parametrize("confidence", [20, 128, 250])
@pytest.mark.parametrize("seed", range(4))
def test_no_layer_has_small_pieces_of_its_own(seed, confidence):
    """Among overlapping things with frayed outlines and specks at random."""
    ldi = scene_of(*shapes(seed), confidence).ldi
    to_px = np.float32(ldi.f_px * ldi.reach_m)
    inside = ldi.front.rgba[..., 3] == 0
    assert inside.any()
    m = ldi.margin_px
    parallax_px = np.ascontiguousarray(ldi.front.inverse_depth[m:-m, m:-m]) * to_px
    specks = specks_of(parallax_px, jump_px=ldi.jump_px, max_px=SPECK_PX)
    thin = lines_of(specks, parallax_px, jump_px=ldi.jump_px, longer_px=LINE_SIDES * SPECK_PX**0.5)
    corners = touching_a_surface(specks, parallax_px, ldi.jump_px)
    assert not (specks & ~thin & ~corners).any(), "of the front layer, but parts of wires"
    for side in (ldi.matte.rgba[..., 3] > HALF_COVERED, ldi.matte.rgba[..., 3] <= HALF_COVERED):
        assert small_pieces(side, inside) == 0, "of the matte"
    if ldi.between is not None:
        sizes = pieces(ldi.between.rgba[..., 3] > 0)[1][1:]
        assert (sizes[:, cv2.CC_STAT_AREA] > SPECK_PX).all(), "of the layer between"


def touching_a_surface(specks: np.ndarray, parallax_px: np.ndarray, jump_px: float) -> np.ndarray:
    """Return the pixels that touch a surface of their own depth at a corner."""
    touching, height, width = np.zeros_like(specks), *specks.shape
    for y, x in zip(*np.nonzero(specks), strict=True):
        around = np.s_[max(y - 1, 0) : min(y + 2, height), max(x - 1, 0) : min(x + 2, width)]
        same = np.abs(parallax_px[around] - parallax_px[y, x]) <= jump_px
        touching[y, x] = (same & ~specks[around]).any()
    return touching


def pieces(mask: np.ndarray, connectivity: int = 8) -> tuple[np.ndarray, np.ndarray]:
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=connectivity)
    return labels, boxes


def small_pieces(mask: np.ndarray, inside: np.ndarray) -> int:
    """Return the number of small pieces of a mask that are in the strip entirely."""
    labels, boxes = pieces(mask, connectivity=4)
    small = boxes[:, cv2.CC_STAT_AREA] <= SPECK_PX
    small[0] = False
    small[np.unique(labels[~inside])] = False
    return int(small.sum())
