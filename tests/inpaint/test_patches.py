"""Filling with patches: structures go on, texture keeps its strength, and only sources are ever copied."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import cv2
import literal_patches
import numpy as np
import pytest
from scenes import smooth_pattern

from kbvr.inpaint import patch_levels
from kbvr.inpaint import patches as patch_filler
from kbvr.inpaint.choose import FILLERS, filler_named
from kbvr.inpaint.patch_levels import BORDER_PX, best_patches
from kbvr.inpaint.patches import patches
from kbvr.native import library as compiled

MAGENTA = (255, 0, 255)


def flat_depth(rgb: np.ndarray) -> np.ndarray:
    return np.full(rgb.shape[:2], 0.5, np.float32)


def strip(width: int, height: int, columns: slice) -> np.ndarray:
    hole = np.zeros((height, width), bool)
    hole[:, columns] = True
    return hole


def stripes(width: int, height: int, *, period: int = 12) -> np.ndarray:
    """Return horizontal stripes, dark and light."""
    rows = np.where(np.arange(height) // (period // 2) % 2, 40, 210).astype(np.uint8)
    return np.repeat(np.repeat(rows[:, None], width, axis=1)[..., None], 3, axis=2)


def noise(width: int, height: int, *, strength: float = 25.0, seed: int = 0) -> np.ndarray:
    grains = np.random.default_rng(seed).normal(128, strength, (height, width, 1))
    return np.repeat(np.clip(cv2.GaussianBlur(grains, (0, 0), 0.7), 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def test_patches_are_the_default():
    assert FILLERS[0] == "patches"
    assert filler_named("auto") is patches


@pytest.mark.parametrize("columns", [slice(60, 68), slice(56, 72)])
@pytest.mark.parametrize("slope", [0.0, 0.5])
def test_a_line_that_runs_into_a_hole_from_both_sides_comes_out(columns, slope):
    """The line is dark in a light wall; every column of the hole has it, in its place."""
    rgb = np.full((96, 128, 3), 200, np.uint8)
    cv2.line(rgb, (0, 30), (127, round(30 + slope * 127)), (30, 30, 30), 3)
    hole = strip(128, 96, columns)
    filled, _ = patches(rgb, flat_depth(rgb), hole=hole, source=~hole)
    for x in range(columns.start, columns.stop):
        dark = np.flatnonzero(filled[:, x, 0] < 120)
        assert dark.size >= 2, x
        assert abs(dark.mean() - (30 + slope * x)) <= 1.5, x


def test_stripes_go_on_behind_a_thing_that_hides_their_end():
    """The sources are on one side only, as at an occlusion boundary."""
    rgb = stripes(120, 90)
    hole, near = strip(120, 90, slice(60, 68)), strip(120, 90, slice(68, 120))
    filled, _ = patches(rgb, flat_depth(rgb), hole=hole, source=~(hole | near))
    assert np.abs(filled[8:-8][hole[8:-8]].astype(int) - rgb[8:-8][hole[8:-8]]).mean() < 12


def test_texture_keeps_its_strength():
    """The variance in the middle of holes in noise is two fifths of the sources' or more."""
    shares, hole = [], strip(160, 120, slice(70, 90))
    for seed in range(4):
        rgb = noise(160, 120, strength=60, seed=seed)
        filled, _ = patches(rgb, flat_depth(rgb), hole=hole, source=~hole)
        shares.append(filled[:, 77:83].var() / rgb[~hole].var())
    assert 0.4 < np.mean(shares) < 1.5


@pytest.mark.parametrize("shade", [-60, -20, 20, 40])
def test_a_patch_of_another_shade_never_lands_on_a_plain_wall(shade):
    """Even if the whole hole resembles a blotch at first, it becomes as plain as the wall around it."""
    wall, blotch = 180, np.s_[10:80, 420:480]
    rgb = np.full((90, 1000, 3), wall, np.uint8)
    hole = strip(1000, 90, slice(490, 530))
    guide = np.concatenate([rgb.transpose(2, 0, 1) / np.float32(255), np.full((1, 90, 1000), 0.5)]).astype(np.float32)
    guide[:3, *blotch] += np.float32(shade / 255)
    level = patch_levels._level_of(guide, ~hole, hole, coarser=None)
    width = level.hole.shape[1]
    y, x = np.nonzero(level.hole)
    level.match[y, x] = np.clip(y, 30, 74) * width + x - 60
    level.rgb[:, y, x] = wall + shade
    with ThreadPoolExecutor(1) as pool:
        for number in range(0, 3 * patch_levels.PASSES, patch_levels.PASSES):
            level.improve(number, pool)
    assert np.abs(level.rgb[:, level.hole].astype(int) - wall).max() <= 2


def test_patches_join_the_sources_without_a_seam():
    """At the rim, a hole in a smooth picture differs from its neighbours by no more than they among themselves."""
    rgb = smooth_pattern(160, 120)
    hole = strip(160, 120, slice(70, 100))
    filled, _ = patches(np.where(hole[..., None], np.uint8(0), rgb), flat_depth(rgb), hole=hole, source=~hole)
    step = np.abs(np.diff(filled.astype(int), axis=1)).mean(axis=(0, 2))
    assert max(step[69], step[99]) <= 1.5 * step[40:68].max() + 1


@pytest.mark.parametrize("name", ["patches", "spread"])
def test_flat_stays_flat(name):
    rgb = np.full((80, 100, 3), (90, 140, 200), np.uint8)
    hole = strip(100, 80, slice(40, 60))
    filled, _ = filler_named(name)(rgb, flat_depth(rgb), hole=hole, source=~hole)
    assert np.abs(filled.astype(int) - rgb).max() <= 2


def test_a_gradient_gets_no_texture():
    """Sky that turns from blue to white stays as smooth as it is."""
    rgb = np.repeat(np.linspace(60, 180, 90)[:, None, None].astype(np.uint8), 120, axis=1).repeat(3, axis=2)
    hole = strip(120, 90, slice(55, 70))
    filled, _ = patches(rgb, flat_depth(rgb), hole=hole, source=~hole)
    fine = filled.astype(np.float32) - cv2.GaussianBlur(filled, (0, 0), 2).astype(np.float32)
    assert fine[hole].std() < 1.5


@pytest.mark.parametrize("size_px", [(160, 120), (1500, 400)])
def test_nothing_but_sources_is_ever_copied(size_px):
    """What is neither hole nor source is magenta, and no pixel of the hole turns towards it, at any size."""
    width, height = size_px
    rgb = noise(width, height)
    left, right = width // 2 - width // 20, width // 2 + width // 20
    hole, near = strip(width, height, slice(left, right)), strip(width, height, slice(right, width))
    rgb[near] = rgb[hole] = MAGENTA
    depth = flat_depth(rgb)
    depth[near | hole] = 9.0
    filled, filled_depth = patches(rgb, depth, hole=hole, source=~(hole | near))
    red, green, blue = (filled[hole][:, index].astype(int) for index in range(3))
    assert np.abs(red - green).max() <= 2 and np.abs(blue - green).max() <= 2
    assert filled_depth[hole].max() <= 0.5001
    np.testing.assert_array_equal(filled[~hole], rgb[~hole])
    np.testing.assert_array_equal(filled_depth[~hole], depth[~hole])


def test_a_large_photo_gets_back_the_detail_that_the_working_size_loses():
    """Stripes of two pixels are grey at half the size; the hole has them at full strength next to the sources."""
    rgb = stripes(2048, 256, period=4)
    hole = strip(2048, 256, slice(1000, 1024))
    filled, _ = patches(rgb, flat_depth(rgb), hole=hole, source=~hole)
    assert filled[64:-64, 1001:1006].std() > 0.5 * rgb[:, :1000].std()


@pytest.mark.parametrize("slopes", [(0.0, 0.0), (-0.0005, 0.003), (0.0005, -0.003)])
def test_a_plane_of_depth_goes_on(slopes):
    """Inverse depth of a plane is linear in x and y; the nearest source's would be wrong by slope times distance."""
    y, x = np.mgrid[:90, :120].astype(np.float32)
    depth = 1.0 + slopes[0] * x + slopes[1] * y
    hole, near = strip(120, 90, slice(60, 70)), strip(120, 90, slice(70, 120))
    shown = np.where(near | hole, 5.0, depth).astype(np.float32)
    _, filled = patches(smooth_pattern(120, 90), shown, hole=hole, source=~(hole | near))
    inner = np.s_[12:-12, 60:70]
    assert np.abs(filled[inner] - depth[inner]).max() <= 0.25 * 10 * abs(slopes[0]) + 1e-3 * abs(slopes[1]) + 1e-5


def test_depth_stays_within_the_range_of_the_sources():
    """Planes are not continued beyond the farthest and the nearest source: a steep one would end behind the sky."""
    depth = np.tile(np.maximum(1.0 - 0.02 * np.arange(200), 0.2).astype(np.float32), (80, 1))
    hole = strip(200, 80, slice(35, 160))
    _, filled = patches(smooth_pattern(200, 80), depth, hole=hole, source=strip(200, 80, slice(0, 35)))
    assert filled[hole].min() >= depth[:, :35].min() - 1e-5


@pytest.mark.parametrize(
    "pixels", [(slice(40, 41), slice(50, 51)), (slice(0, 1), slice(0, 1)), (slice(0, 90), slice(0, 1))]
)
def test_tiny_holes_and_holes_at_the_border_are_filled(pixels):
    rgb = smooth_pattern(120, 90)
    hole = np.zeros((90, 120), bool)
    hole[pixels] = True
    shown = np.where(hole[..., None], np.uint8(0), rgb)
    filled, depth = patches(shown, flat_depth(rgb), hole=hole, source=~hole)
    assert np.abs(filled[hole].astype(int) - rgb[hole]).max() <= 30
    assert np.allclose(depth, 0.5)


def test_without_sources_or_without_a_hole_nothing_changes():
    rgb, nothing = smooth_pattern(64, 48), np.zeros((48, 64), bool)
    for hole, source in ((~nothing, nothing), (nothing, ~nothing), (nothing, nothing)):
        filled, depth = patches(rgb, flat_depth(rgb), hole=hole, source=source)
        np.testing.assert_array_equal(filled, rgb)
        np.testing.assert_array_equal(depth, flat_depth(rgb))


@pytest.mark.parametrize("size_px", [(64, 48), (2100, 40)])
def test_a_hole_with_a_single_source_takes_its_colour(size_px):
    """Even where the source is lost at the working size."""
    width, height = size_px
    rgb = np.zeros((height, width, 3), np.uint8)
    source = np.zeros((height, width), bool)
    source[height // 2, width // 2] = True
    rgb[source] = (10, 200, 90)
    filled, _ = patches(rgb, flat_depth(rgb), hole=~source, source=source)
    assert np.abs(filled.astype(int) - (10, 200, 90)).max() <= 4


def test_the_number_of_threads_makes_no_difference(monkeypatch):
    rgb = noise(300, 260, seed=3)
    hole = strip(300, 260, slice(140, 170))
    results = []
    for threads in (1, 4):
        monkeypatch.setattr(patch_levels, "ThreadPoolExecutor", lambda n=threads: ThreadPoolExecutor(n))
        results.append(patches(rgb, flat_depth(rgb), hole=hole, source=~hole)[0])
    np.testing.assert_array_equal(*results)


@pytest.mark.parametrize("variant", compiled.variants())
def test_every_variant_of_the_kernel_agrees_with_a_slow_literal_version(variant, monkeypatch):
    """The same matches, costs and colours after two rounds, to the bit."""
    monkeypatch.setattr(patch_levels, "kernel", lambda: compiled._load(variant))
    rgb = noise(40, 36, seed=5)
    rgb[..., 1] = smooth_pattern(40, 36)[..., 1]
    hole = strip(40, 36, slice(18, 24))
    guide = np.concatenate([rgb.transpose(2, 0, 1) / np.float32(255), np.full((1, 36, 40), 0.5)]).astype(np.float32)
    guide[:, hole] = 0.4
    level = patch_levels._level_of(guide, ~hole, hole, coarser=None)
    fields = [getattr(level, name).copy() for name in ("rgb", "weight", "source", "guide", "match", "cost")]
    slow = literal_patches.Planes(*fields, level.kernel_level.reach, level.kernel_level.distance_cost)
    with ThreadPoolExecutor(1) as pool:
        for number in (0, patch_levels.PASSES):
            level.improve(number, pool)
    end = level.hole.shape[0] - BORDER_PX
    for number in range(2 * patch_levels.PASSES):
        shift = number // 2 % 2 * patch_levels.STRIPE_ROWS // 2
        cuts = sorted({BORDER_PX, *range(BORDER_PX + shift, end, patch_levels.STRIPE_ROWS), end})
        for first, last in pairwise(cuts):
            literal_patches.match_rows(slow, first, last, number)
        if number % patch_levels.PASSES == patch_levels.PASSES - 1:
            literal_patches.vote_rows(slow, BORDER_PX, end)
    np.testing.assert_array_equal(level.match, slow.match)
    np.testing.assert_array_equal(level.cost, slow.cost)
    np.testing.assert_array_equal(level.rgb, slow.rgb)


def test_matches_are_sources():
    rgb = noise(120, 90)
    hole, near = strip(120, 90, slice(50, 60)), strip(120, 90, slice(60, 120))
    guide = np.concatenate([rgb.transpose(2, 0, 1) / np.float32(255), np.full((1, 90, 120), 0.5)]).astype(np.float32)
    level = best_patches(guide, ~(hole | near), hole)
    match = level.match[level.hole]
    assert (match >= 0).all() and (level.source.ravel()[match] > 0).all()
    assert (level.match[~level.hole] == -1).all()


def test_poor_patches_leave_the_guide_in_peace(monkeypatch):
    """Far from the sources, patches that do not fit count little: the result is nearly the smooth guide."""
    rgb = np.where(np.arange(400)[None, :, None] < 100, noise(400, 120, strength=60), np.uint8(0)).astype(np.uint8)
    hole = strip(400, 120, slice(100, 180))
    source = strip(400, 120, slice(0, 100))
    bold = patches(rgb, flat_depth(rgb), hole=hole, source=source)[0]
    monkeypatch.setattr(patch_filler, "POOR_COST", 1e6)
    all_patches = patches(rgb, flat_depth(rgb), hole=hole, source=source)[0]
    assert bold[:, 150:180].std() < 0.7 * all_patches[:, 150:180].std()
