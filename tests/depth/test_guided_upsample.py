"""Small maps at the photo's size: boundaries on the picture's edges, no stairs, no texture of the picture."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.boundaries import figures_of, profiles_of
from bench.boundaries import main as boundaries_main
from bench.drawn import MAP_LONG_SIDE_PX, DrawnPhoto, draw, drawn_worlds, fattened, small_map
from kbvr.depth.edge_ramps import steps_of
from kbvr.depth.guided_upsample import upsample_all_along_edges, upsample_along_edges

SIZE_PX = (1600, 1200)
"""Larger than the working size, so that the photo is asked at both sizes."""

CELL_PX = SIZE_PX[0] / MAP_LONG_SIDE_PX
WORLDS = {world.name: world for world in drawn_worlds()}


def drawn(name: str) -> DrawnPhoto:
    return draw(WORLDS[name], SIZE_PX)


def slanted_edge(width: int, height: int, slope: float) -> tuple[np.ndarray, np.ndarray]:
    """A picture of two greys that meet along a slanted line, and which is the near one."""
    x, y = np.arange(width)[None] + 0.5, np.arange(height)[:, None] + 0.5
    away = (x - width / 2 - slope * (y - height / 2)) / np.hypot(1, slope)
    share = np.clip(away + 0.5, 0, 1).astype(np.float32)
    rgb = np.repeat((80 + 90 * share)[..., None], 3, axis=2).astype(np.uint8)
    return rgb, (share > 0.5).astype(np.float32)


@pytest.mark.parametrize("name", ["cards", "person", "roofs"])
def test_nine_of_ten_boundary_pixels_lie_within_one_and_a_half_pixels(name: str) -> None:
    """The true map, made as small and as soft as a network's."""
    photo = drawn(name)
    large = upsample_along_edges(small_map(photo.disparity_px), photo.rgb)
    figures = figures_of(large, photo, profiles_of(photo, CELL_PX), CELL_PX)
    assert figures.within > 0.95
    assert figures.off < 2  # where three surfaces meet, the one in between stays as well


def test_boundaries_that_wander_come_back_to_the_edges_of_the_picture() -> None:
    """Outlines of the small map are off by three pixels of the photo, on average."""
    photo = drawn("person")
    small = small_map(photo.disparity_px, wander_cells=0.8)
    figures = figures_of(upsample_along_edges(small, photo.rgb), photo, profiles_of(photo, CELL_PX), CELL_PX)
    assert figures.within > 0.9


def test_a_poster_stays_flat() -> None:
    """A plane with hard patterns: the result is the plane, whatever the picture shows."""
    photo = drawn("poster")
    small = small_map(photo.disparity_px, blur_cells=0)
    plain = cv2.resize(small, SIZE_PX, interpolation=cv2.INTER_LINEAR)
    np.testing.assert_array_equal(upsample_along_edges(small, photo.rgb), plain)


def test_a_poster_on_a_card_stays_flat_up_to_its_own_edge() -> None:
    photo = drawn("poster and wall")
    large = upsample_along_edges(small_map(photo.disparity_px), photo.rgb)
    figures = figures_of(large, photo, profiles_of(photo, CELL_PX), CELL_PX)
    on_it = cv2.erode((photo.disparity_px > 10).astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    assert np.abs(large - photo.disparity_px)[on_it].max() < 0.03 * np.ptp(photo.disparity_px)
    assert figures.within > 0.95


@pytest.mark.parametrize("direction", [(0, 1), (1, 0), (0.6, 0.8)])
def test_slopes_have_no_stairs(direction: tuple[float, float]) -> None:
    """A floor to the horizon: no pixel is off by more than the rounding of numbers, and none repeats its neighbour."""
    rgb = np.random.default_rng(1).integers(0, 255, (900, 1200, 3), np.uint8)
    y, x = np.indices((288, 384), np.float32)
    small = (direction[0] * x + direction[1] * y).astype(np.float32)
    large = upsample_along_edges(small, rgb)[8:-8, 8:-8]
    y, x = np.indices((900, 1200), np.float32)
    true = direction[0] * ((x + 0.5) * 0.32 - 0.5) + direction[1] * ((y + 0.5) * 0.32 - 0.5)
    assert np.abs(large - true[8:-8, 8:-8]).max() < 0.01


@pytest.mark.parametrize("slope", [0.1, 0.45, 1.0])
def test_a_slanted_boundary_has_no_stairs(slope: float) -> None:
    """It follows the line to the pixel, where the small map's cells are eight pixels wide."""
    rgb, near = slanted_edge(2048, 1024, slope)
    large = upsample_along_edges(small_map(near, long_side_px=256), rgb)
    wrong = ((large > 0.5) != (near > 0.5)).sum(axis=1)[16:-16]
    assert wrong.max() <= 2
    assert ((large > 0.05) & (large < 0.95))[16:-16].sum() == 0


def test_where_colours_do_not_decide_the_outline_is_the_maps_and_smooth() -> None:
    """A slanted step before a plain picture."""
    _, near = slanted_edge(1600, 800, 0.3)
    large = upsample_along_edges(small_map(near, long_side_px=200), np.full((800, 1600, 3), 90, np.uint8))
    wrong = ((large > 0.5) != (near > 0.5)).sum(axis=1)[24:-24]
    assert wrong.max() <= 3


def test_thin_things_neither_vanish_nor_become_fat() -> None:
    """Poles of six to ten pixels, which the small map draws as wide as a cell and a half."""
    rgb = np.full((900, 1600, 3), 200, np.uint8)
    near = np.zeros((900, 1600), np.float32)
    for x, width in ((300, 6), (700, 8), (1100, 10)):
        rgb[:, x : x + width] = 40
        near[:, x : x + width] = 1
    cells = cv2.dilate(near, np.ones((1, 9), np.uint8))
    large = upsample_along_edges(small_map(cells, long_side_px=200, blur_cells=0.5), cv2.GaussianBlur(rgb, (0, 0), 0.7))
    for x, width in ((300, 6), (700, 8), (1100, 10)):
        across = (large[50:-50, x - 30 : x + 40] > 0.4).sum(axis=1)
        assert np.abs(across - width).max() <= 2


def test_a_soft_step_becomes_a_step_where_it_is_steepest_and_a_slope_stays() -> None:
    slope = np.broadcast_to(np.linspace(0, 1, 300, dtype=np.float32), (40, 300)).copy()
    np.testing.assert_array_equal(steps_of(slope).sharp, slope)
    step = cv2.GaussianBlur((np.arange(300) >= 150).astype(np.float32)[None].repeat(40, 0), (0, 0), 2.0)
    sharp = steps_of(step).sharp
    assert ((sharp > 0.5).argmax(axis=1) == 150).all()
    assert ((sharp > 0.02) & (sharp < 0.98)).sum(axis=1).max() <= 1


def test_maps_that_come_together_are_those_that_come_alone() -> None:
    rgb, near = slanted_edge(400, 300, 0.2)
    maps = [small_map(near, long_side_px=100), small_map(1 - near, long_side_px=100)]
    for both, alone in zip(upsample_all_along_edges(maps, rgb), maps, strict=True):
        np.testing.assert_array_equal(both, upsample_along_edges(alone, rgb))


@settings(max_examples=40, deadline=None)
@given(
    width=st.integers(1, 300),
    height=st.integers(1, 300),
    map_width=st.integers(1, 200),
    map_height=st.integers(1, 200),
    factor=st.sampled_from([1e-12, 1.0, 1e15]),
)
def test_any_map_fits_any_photo(width: int, height: int, map_width: int, map_height: int, factor: float) -> None:
    """It has the picture's size, is finite, and has no values outside the map's range."""
    random = np.random.default_rng(width + 1000 * height)
    small = cv2.GaussianBlur(random.random((map_height, map_width), np.float32), (0, 0), 2.0) * np.float32(factor)
    large = upsample_along_edges(small, random.integers(0, 255, (height, width, 3), np.uint8))
    assert large.shape == (height, width)
    slack = 1e-5 * factor
    assert small.min() - slack <= large.min()
    assert large.max() <= small.max() + slack


def test_the_bench_detects_a_boundary_that_is_off_by_three_pixels() -> None:
    """And none of the true map."""
    photo = draw(WORLDS["cards"], (480, 360))
    lines = profiles_of(photo, 4.0)
    true = figures_of(photo.disparity_px, photo, lines, 4.0)
    moved = figures_of(np.roll(photo.disparity_px, (3, 3), axis=(0, 1)), photo, lines, 4.0)
    assert (true.within, true.p90_px) == (1, 0)
    assert moved.within < 0.1
    assert 2.5 <= moved.p90_px <= 4.5


def test_the_bench_sees_thin_things_vanish_and_grow_fat() -> None:
    photo = draw(WORLDS["thin"], SIZE_PX)
    lines = profiles_of(photo, CELL_PX)
    gone = figures_of(np.full_like(photo.disparity_px, photo.disparity_px.min()), photo, lines, CELL_PX)
    fat = figures_of(fattened(photo), photo, lines, CELL_PX)
    assert gone.kept == 0
    assert (fat.kept, fat.fat > 3) == (1, True)


def test_boundaries_prints_a_table_for_every_map(capsys: pytest.CaptureFixture[str]) -> None:
    assert boundaries_main(["--megapixels", "1", "--world", "poster"]) == 0
    printed = capsys.readouterr().out
    assert "1 MP, soft" in printed
    assert "1 MP, wander" in printed


def test_boundaries_reports_a_missing_network_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert boundaries_main(["--map", "network", "--depth-model", "nowhere.onnx"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_figures_are_columns() -> None:
    """One head for each."""
    from bench.boundaries import HEADS, Figures

    assert len(HEADS) == len(dataclasses.fields(Figures))


def test_ground_that_runs_to_the_viewer_is_not_cut_into_terraces() -> None:
    """Of a slope over half of the picture, with the little waves that networks draw, no row is far from the next."""
    y, x = np.indices((288, 384), np.float32)
    ground = np.clip((y - 144) / 144, 0, 1) + 0.008 * np.sin(y / 2.5 + x / 40)
    rgb = np.random.default_rng(5).integers(60, 190, (900, 1200, 3), np.uint8)
    large = upsample_along_edges(ground.astype(np.float32), rgb)
    steepest = np.abs(np.diff(cv2.resize(ground, (1200, 900), interpolation=cv2.INTER_LINEAR), axis=0)).max()
    assert np.abs(np.diff(large, axis=0)).max() < 2 * steepest


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("level", "waves"), [(5.0, 5e-7), (1000.0, 1e-4), (0.5, 3e-7)])
def test_a_map_that_is_flat_but_for_rounding_stays_flat(level: float, waves: float) -> None:
    """Both sides of its steps round to one number, whose difference is no divisor."""
    noise = np.random.default_rng(1)
    small = (level + waves * noise.standard_normal((96, 128))).astype(np.float32)
    large = upsample_along_edges(small, noise.integers(0, 255, (200, 260, 3), np.uint8))
    assert np.abs(large - level).max() <= 10 * waves
