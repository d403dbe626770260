"""Straightened maps: planes become plane, steps and curved things stay, and nothing happens without lines."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.built_worlds import built_worlds
from bench.tracer import World, disparity_of_photo, nearest, rays_of, trace
from bench.wobble import wobbled
from bench.worlds import SIZE_PX, worlds
from kbvr.depth.bilateral_grid import BilateralGrid
from kbvr.depth.line_constraints import sides_of_segments, standing, straight_segments
from kbvr.depth.planar_pieces import planar_where_lined
from kbvr.depth.straighten import straightened
from kbvr.imaging.resize import averaged

MAP_PX = (384, 256)
WIDTH, HEIGHT = MAP_PX
WORLDS = {world.name: world for world in (*built_worlds(), *worlds())}


def small(world: World, seed: int | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the photo of a world, and its true and its wobbling disparity at a network's size."""
    camera = world.camera(SIZE_PX)
    true = disparity_of_photo(world, camera)
    off = true if seed is None else wobbled(true, nearest(world.surfaces, rays_of(camera, 1))[0], seed)
    return trace(world, camera), averaged(true, MAP_PX), averaged(off, MAP_PX)


def tiled(spacing_px: int = 32) -> np.ndarray:
    """Return a picture of a tiled wall."""
    rgb = np.full((HEIGHT, WIDTH, 3), 170, np.uint8)
    rgb[::spacing_px], rgb[:, ::spacing_px], rgb[1::spacing_px], rgb[:, 1::spacing_px] = 60, 60, 60, 60
    return rgb


def waves(amplitude: float, seed: int = 0) -> np.ndarray:
    """Return smooth noise as coarse as the network's."""
    noise = np.random.default_rng(seed).standard_normal((HEIGHT + 120, WIDTH + 120)).astype(np.float32)
    field = cv2.GaussianBlur(noise, (0, 0), 18)[60:-60, 60:-60]
    return amplitude * field / field.std()


def slope() -> np.ndarray:
    """Return the inverse depth of a slanted wall, from 0 to 1."""
    x, y = np.meshgrid(np.linspace(0, 1, WIDTH), np.linspace(0, 1, HEIGHT))
    return ((x + y) / 2).astype(np.float32)


def roughness(values: np.ndarray) -> float:
    """Return the deviation of a map from its best plane."""
    x, y = np.meshgrid(np.linspace(-1, 1, values.shape[1]), np.linspace(-1, 1, values.shape[0]))
    basis = np.stack([np.ones(x.size), x.ravel(), y.ravel()], axis=1)
    factors = np.linalg.lstsq(basis, values.ravel(), rcond=None)[0]
    return float((values.ravel() - basis @ factors).std())


@pytest.mark.parametrize("seed", range(3))
def test_a_wobbling_tiled_wall_becomes_a_plane(seed: int) -> None:
    """Squares of an eighth of the width are plane, up to half of their wobble; along the tiles' edges less is left."""
    wobbling = slope() + waves(0.02, seed)
    straight = straightened(wobbling, tiled())
    corners = [(y, x) for y in range(0, HEIGHT - 48, 48) for x in range(0, WIDTH - 48, 48)]

    def rough(values: np.ndarray) -> float:
        return float(np.mean([roughness(values[y : y + 48, x : x + 48]) for y, x in corners]))

    assert rough(straight) < 0.55 * rough(wobbling)


@pytest.mark.parametrize("name", ["columns", "door", "standing", "floor"])
def test_depth_of_built_things_comes_closer_to_the_truth(name: str) -> None:
    """Columns, a frame, a person and a floor, with the network's wobble."""
    rgb, true, off = small(WORLDS[name], seed=1)
    assert np.abs(straightened(off, rgb) - true).mean() < 0.97 * np.abs(off - true).mean()


@pytest.mark.parametrize("name", ["columns", "door", "facades", "standing", "floor"])
def test_true_depth_of_built_things_hardly_changes(name: str) -> None:
    """What is straight already stays, but for the cells that a step divides."""
    rgb, true, _ = small(WORLDS[name])
    spread = np.ptp(true)
    assert np.abs(straightened(true, rgb) - true).mean() < 0.004 * spread


@pytest.mark.parametrize("name", ["ball", "sphere"])
def test_a_sphere_stays_a_sphere(name: str) -> None:
    """Nowhere inside it does it change by more than 3% of the depth range, even before a tiled wall."""
    rgb, true, _ = small(WORLDS[name])
    camera = WORLDS[name].camera(SIZE_PX)
    on_ball = averaged((nearest(WORLDS[name].surfaces, rays_of(camera, 1))[0] == 0).astype(np.float32), MAP_PX)
    inside = cv2.erode((on_ball == 1).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    assert np.abs(straightened(true, rgb) - true)[inside].max() < 0.03 * np.ptp(true)


def test_a_step_stays_in_place() -> None:
    """A card before a wobbling wall: the same cells are near, and the card keeps its depth."""
    rgb, values = tiled(), slope() * 0.4 + waves(0.01)
    card = np.s_[80:180, 150:230]
    rgb[card], values[card] = 230, 1.0
    straight = straightened(values, rgb)
    assert ((straight > 0.7) == (values > 0.7)).all()
    assert np.abs(straight[card] - 1.0).max() < 0.01


def test_a_pole_that_leans_back_stands() -> None:
    """Its foot is true and its top is too far by 8% of the range; afterwards at most half of that is left."""
    rgb = np.full((HEIGHT, WIDTH, 3), 200, np.uint8)
    values = np.broadcast_to(np.linspace(0, 0.5, HEIGHT, dtype=np.float32)[:, None], (HEIGHT, WIDTH)).copy()
    pole = np.s_[40:200, 180:192]
    rgb[pole], values[pole] = 50, np.linspace(0.72, 0.8, 160)[:, None]
    straight = straightened(values, rgb)
    assert np.ptp(straight[50:190, 184:188].mean(axis=1)) < 0.6 * np.ptp(values[50:190, 184:188].mean(axis=1))


def test_a_thin_thing_keeps_its_height() -> None:
    """A wire before a wobbling tiled wall is nearer by 3% of the range, before and after."""
    rgb, wall = tiled(), slope() + waves(0.02)
    wired = wall.copy()
    wire = np.s_[100:102]
    rgb[wire], wired[wire] = 20, wall[wire] + 0.03
    straight = straightened(wired, rgb)
    height = straight[wire].mean(axis=0) - (straight[97] + straight[104]) / 2
    assert np.median(height) > 0.8 * 0.03


def test_a_long_roof_that_bends_becomes_straight() -> None:
    """A level line over most of the width shows a bend of 20% of the range that comes without a step."""
    rgb, values = np.full((HEIGHT, WIDTH, 3), 200, np.uint8), np.zeros((HEIGHT, WIDTH), np.float32)
    house = np.s_[90:200, 40:340]
    rgb[house] = 90
    values[200:] = 1
    bend = 0.2 * np.sin(np.linspace(0, np.pi, 300)).astype(np.float32)
    values[house] = 0.4 + bend
    straight = straightened(values, rgb)
    assert straight[92:96, 60:320].mean(axis=0).std() < 0.25 * bend[20:280].std()


def test_a_photo_without_lines_keeps_its_depth() -> None:
    """Soft clouds have no straight segments."""
    values = slope() + waves(0.05)
    rgb = np.repeat((128 + waves(20, seed=3))[..., None], 3, axis=2).astype(np.uint8)
    assert straightened(values, rgb) is values


@pytest.mark.parametrize("shape", [(1, 1), (1, 400), (7, 5), (16, 16), (17, 300)])
def test_tiny_maps_are_no_error(shape: tuple[int, int]) -> None:
    """Maps of any size keep their size."""
    values = np.random.default_rng(0).random(shape, np.float32)
    assert straightened(values, tiled()).shape == shape


def test_a_constant_map_stays_as_it_is() -> None:
    """A flat map has nothing to straighten."""
    values = np.full((HEIGHT, WIDTH), 0.3, np.float32)
    assert (straightened(values, tiled()) == values).all()


@settings(max_examples=10, deadline=None)
@given(scale=st.sampled_from([1e-20, 1e-3, 7.0, 1e12]), shift=st.sampled_from([-3.0, 0.0, 100.0]))
def test_scale_and_shift_of_the_map_do_not_matter(scale: float, shift: float) -> None:
    """Relative depth has neither."""
    values = (slope() + waves(0.02)).astype(np.float64)
    usual = straightened(values.astype(np.float32), tiled())
    other = straightened(((values + shift) * scale).astype(np.float32), tiled())
    np.testing.assert_allclose(other / scale - shift, usual, atol=2e-3)


def test_a_larger_map_gets_the_same_correction() -> None:
    """Maps of other networks may be several times as large."""
    values, factor = slope() + waves(0.02), 4
    large = cv2.resize(values, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR)
    correction = averaged(straightened(large, tiled()) - large, MAP_PX)
    expected = straightened(values, tiled()) - values
    assert np.abs(correction - expected).std() < 0.35 * expected.std()


def test_the_result_is_the_same_in_every_call_and_the_input_is_left_alone() -> None:
    """Nothing is random, and nothing is written into the caller's map."""
    values = slope() + waves(0.02)
    before = values.copy()
    first, second = straightened(values, tiled()), straightened(values, tiled())
    assert (first == second).all()
    assert (values == before).all()


def test_an_outline_is_constrained_on_its_near_side_only() -> None:
    """A line in a wall has points on both sides; a card's outlines have points on the card."""
    rgb, values = np.full((HEIGHT, WIDTH, 3), 180, np.uint8), np.full((HEIGHT, WIDTH), 0.2, np.float32)
    rgb[60:200, 100:180], values[60:200, 100:180] = 60, 0.9
    sides = sides_of_segments(straight_segments(rgb), values, 0.7)
    assert len(sides.x) == 4
    assert ((sides.x > 100) & (sides.x < 180) & (sides.y > 60) & (sides.y < 200)).all()
    assert len(standing(sides, 0.7).x) == 2
    assert len(sides_of_segments(straight_segments(rgb), np.full_like(values, 0.2), 0.7).x) == 8


def test_only_squares_with_lines_are_held_to_planes() -> None:
    """The left half is tiled, the right half is plain."""
    rgb = tiled()
    rgb[:, WIDTH // 2 :] = 170
    pieces = planar_where_lined(straight_segments(rgb), slope(), 1.0)
    assert len(pieces.x)
    middles = pieces.x.mean(axis=1)
    strength = [pieces.strength[side].sum() for side in (middles < WIDTH // 2, middles > WIDTH // 2 + 30)]
    assert strength[1] < 0.2 * strength[0]


@given(st.integers(0, 1000))
@settings(max_examples=10, deadline=None)
def test_reading_a_grid_is_the_transpose_of_adding_to_it(seed: int) -> None:
    """Sum of a * read(b) = sum of added(a) * b, which conjugate gradients rely on; the blur is its own transpose."""
    random = np.random.default_rng(seed)
    grid = BilateralGrid.of(slope())
    assert grid is not None
    corners = grid.corners(random.uniform(0, WIDTH - 1, (5, 7)), random.uniform(0, HEIGHT - 1, (5, 7)))
    at_points, first, second = random.random((5, 7)), *random.random((2, grid.nodes)).astype(np.float32)
    np.testing.assert_allclose(
        (at_points * corners.read(first)).sum(), corners.added(at_points, grid.nodes) @ first, rtol=1e-4
    )
    np.testing.assert_allclose(grid.blurred(first) @ second, first @ grid.blurred(second), rtol=1e-4)


def test_a_grid_does_not_mix_the_sides_of_a_step() -> None:
    """A correction of the near side is zero a pixel away on the far side."""
    values = np.zeros((HEIGHT, WIDTH), np.float32)
    values[:, WIDTH // 2 :] = 1
    grid = BilateralGrid.of(values)
    assert grid is not None
    near = grid.corners(np.array([[WIDTH / 2 + 8.0]]), np.array([[HEIGHT / 2]]))
    spread = grid.at_pixels(grid.blurred(near.added(np.ones((1, 1)), grid.nodes)), values)
    assert spread[HEIGHT // 2, WIDTH // 2] > 0.1 * spread.max()
    assert (spread[:, : WIDTH // 2] == 0).all()
