"""The depth in a photo's file at the photo's size: its metres, its edges, and what fills its holes."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import photo_of

from kbvr.depth.depth_map import DepthMap
from kbvr.depth.embedded import SPREAD_CONFIDENCE, depth_from_embedded
from kbvr.photo.embedded_depth import EmbeddedDepth
from kbvr.photo.photo import Photo

WIDTH, HEIGHT, CELL = 320, 240, 8
NEAR, FAR = 0.8, 0.2
"""1/m."""

X, Y = np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5)
IS_NEAR = np.hypot(X - 150, Y - 118) < 70
"""A disc before a wall; its outline does not keep to the cells of the depth."""

TRUTH = np.where(IS_NEAR, NEAR, FAR).astype(np.float32)
RGB = np.where(IS_NEAR[..., None], (220, 80, 40), (40, 90, 160)).astype(np.uint8)
CELLS = cv2.resize(TRUTH, (WIDTH // CELL, HEIGHT // CELL), interpolation=cv2.INTER_AREA)


def photo_with(values: np.ndarray = CELLS, scale: str = "metric", **more: object) -> Photo:
    own = EmbeddedDepth(values.astype(np.float32), scale, "test", **more)  # type: ignore[arg-type]
    return replace(photo_of(RGB), embedded_depth=own)


def never() -> DepthMap:
    raise AssertionError("no estimate is needed")


def depth_of(photo: Photo, estimate: object = never, near_m: float = 1.5) -> DepthMap:
    depth = depth_from_embedded(photo, estimate, near_m=near_m)  # type: ignore[arg-type]
    assert depth is not None
    return depth


def with_hole(values: np.ndarray = CELLS) -> tuple[np.ndarray, np.ndarray]:
    """A depth whose right third is unknown, and the mask of that."""
    holed = values.astype(np.float32).copy()
    holed[:, 24:] = np.nan
    return holed, np.repeat(np.repeat(np.isnan(holed), CELL, 0), CELL, 1)


def estimate_of(truth: np.ndarray, slope: float, shift: float) -> DepthMap:
    confidence = np.full(truth.shape, 200, np.uint8)
    return DepthMap((truth * slope + shift).astype(np.float32), 300.0, network="a-network", confidence=confidence)


def test_metres_are_kept_and_edges_are_the_photos() -> None:
    depth = depth_of(photo_with())
    assert depth.metric
    wrong = np.abs(depth.inverse_depth - TRUTH) > 0.01
    assert wrong.mean() < 0.002  # enlarged without the photo, 8% are wrong
    assert depth.confidence is not None
    assert (depth.confidence == 255).all()
    assert depth.source == "from the photo's file (test, 40x30)"


@given(scale=st.floats(0.01, 100))
@settings(max_examples=5, deadline=None)
def test_a_depth_up_to_scale_keeps_its_ratios(scale: float) -> None:
    depth = depth_of(photo_with(CELLS * scale, "up-to-scale"), near_m=2.0)
    assert not depth.metric
    assert depth.inverse_depth[118, 150] == pytest.approx(1 / 2.0, rel=1e-3)
    assert depth.inverse_depth[5, 5] == pytest.approx(1 / 2.0 * FAR / NEAR, rel=1e-3)


@given(scale=st.floats(0.01, 100), shift=st.floats(-10, 10))
@settings(max_examples=5, deadline=None)
def test_a_relative_depth_is_placed_whatever_its_scale_and_shift(scale: float, shift: float) -> None:
    depth = depth_of(photo_with(CELLS * scale + shift, "relative"), near_m=2.0)
    assert not depth.metric
    assert depth.inverse_depth[118, 150] == pytest.approx(1 / 2.0, rel=0.02)
    assert depth.inverse_depth[5, 5] == pytest.approx(1 / 24.0, rel=0.1)


def test_distances_along_rays_become_depths_along_the_axis() -> None:
    """A wall that faces the camera is farther away at its corners."""
    photo = photo_with()
    rays = np.sqrt(1 + ((X - WIDTH / 2) ** 2 + (Y - HEIGHT / 2) ** 2) / photo.f_px**2)
    along = cv2.resize((0.5 / rays).astype(np.float32), (WIDTH // CELL, HEIGHT // CELL), interpolation=cv2.INTER_AREA)
    depth = depth_of(photo_with(along, along_rays=True))
    np.testing.assert_allclose(depth.inverse_depth, 0.5, rtol=0.005)
    assert np.ptp(depth_of(photo_with(along)).inverse_depth) > 0.05


def slanted() -> np.ndarray:
    """A disc before a slanted floor, so that the hole shows something that is not just beside it."""
    floor = np.linspace(0.1, 0.5, HEIGHT, dtype=np.float32)[:, None] + np.linspace(0, 0.2, WIDTH, dtype=np.float32)
    return np.where(IS_NEAR, np.float32(NEAR), floor)


@pytest.mark.parametrize(("slope", "shift"), [(1.0, 0.0), (0.4, 0.3), (2.5, 0.1)])
def test_holes_are_filled_by_the_estimate_fitted_to_the_rest(slope: float, shift: float) -> None:
    truth = slanted()
    holed, is_hole = with_hole(cv2.resize(truth, (WIDTH // CELL, HEIGHT // CELL), interpolation=cv2.INTER_AREA))
    depth = depth_of(photo_with(holed), lambda: estimate_of(truth, slope, shift))
    assert (np.abs(depth.inverse_depth - truth)[is_hole] > 0.02).mean() < 0.005  # next to the disc's outline
    assert "40.0% of it unknown, filled by a-network" in depth.source
    assert depth.confidence is not None
    assert (depth.confidence[20, 300], depth.confidence[20, 20]) == (200, 255)


def test_a_third_of_wrong_estimates_does_not_move_the_fit() -> None:
    truth = slanted()
    holed, is_hole = with_hole(cv2.resize(truth, (WIDTH // CELL, HEIGHT // CELL), interpolation=cv2.INTER_AREA))
    estimate = estimate_of(truth, 0.5, 0.1)
    values = estimate.inverse_depth.copy()
    values[:80, :160] = 3.0
    depth = depth_of(photo_with(holed), lambda: replace(estimate, inverse_depth=values))
    assert (np.abs(depth.inverse_depth - truth)[is_hole] > 0.03).mean() < 0.01


def test_an_estimate_that_contradicts_the_depth_is_not_used() -> None:
    holed, is_hole = with_hole()
    depth = depth_of(photo_with(holed), lambda: estimate_of(1 - TRUTH, 1.0, 0.0))
    np.testing.assert_allclose(depth.inverse_depth[:40][is_hole[:40]], FAR, atol=0.01)
    assert "filled from beside it" in depth.source
    assert depth.confidence is not None
    assert depth.confidence[20, 300] == pytest.approx(255 * SPREAD_CONFIDENCE, abs=1)


def test_small_holes_need_no_network() -> None:
    holed = CELLS.copy()
    holed[2, 3:6] = np.nan
    depth = depth_of(photo_with(holed))
    np.testing.assert_allclose(depth.inverse_depth[16:24, 24:48], FAR, atol=0.01)


def test_a_depth_of_which_hardly_anything_is_known_is_not_used() -> None:
    holed = np.full_like(CELLS, np.nan)
    holed[0, :3] = FAR
    assert depth_from_embedded(photo_with(holed), never, near_m=1.5) is None
    assert depth_from_embedded(photo_of(RGB), never, near_m=1.5) is None


def test_the_files_confidence_is_kept() -> None:
    sure = np.ones(CELLS.shape, np.float32)
    sure[:10] = 0.2
    depth = depth_of(photo_with(confidence=sure))
    assert depth.confidence is not None
    assert (depth.confidence[10, 10], depth.confidence[200, 10]) == (51, 255)


GREY = np.full_like(RGB, 128)
"""A photo that does not show where the edges are."""

MATTE = np.where(IS_NEAR, 255, 0).astype(np.uint8)


def test_a_matte_makes_the_edges_where_the_photo_does_not_show_them() -> None:
    plain, matted = (
        depth_of(replace(photo_with(**more), rgb=GREY)).inverse_depth for more in ({}, {"matte": MATTE[::2, ::2]})
    )
    wrong = [np.mean(np.abs(values - TRUTH) > 0.05) for values in (plain, matted)]
    assert wrong[1] < 0.003 < wrong[0]
    assert "edges from its portrait matte" in depth_of(photo_with(matte=MATTE)).source


def test_a_matte_without_a_step_behind_it_changes_nothing() -> None:
    """Feet stand on the floor."""
    level = np.full_like(CELLS, FAR)
    assert np.ptp(depth_of(photo_with(level, matte=MATTE)).inverse_depth) < 1e-6


def test_a_matte_of_something_farther_than_its_surroundings_changes_nothing() -> None:
    """A mirror, or a mistake."""
    reversed_depth = photo_with(NEAR + FAR - CELLS)
    own = reversed_depth.embedded_depth
    assert own is not None
    matted = replace(reversed_depth, embedded_depth=replace(own, matte=MATTE))
    np.testing.assert_array_equal(depth_of(matted).inverse_depth, depth_of(reversed_depth).inverse_depth)


def test_smaller_copies_of_a_photo_keep_its_depth_in_step() -> None:
    photo = photo_with()
    small = replace(photo, rgb=cv2.resize(RGB, (160, 120), interpolation=cv2.INTER_AREA), f_px=photo.f_px / 2)
    depth = depth_of(small)
    wrong = np.abs(depth.inverse_depth - TRUTH[::2, ::2]) > 0.05
    assert wrong.mean() < 0.02
