"""Layers: boundaries where depth jumps, exact photo from the photo's camera, hidden parts from the far side only."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scenes import BLUE, CARD, RED, card_before_wall, checkerboard, depth_of, photo_of

import kbvr
from kbvr.depth.scene_depth import scene_depth_of
from kbvr.errors import InputError
from kbvr.inpaint.push_pull import push_pull, spread
from kbvr.ldi.fill_hidden import fill
from kbvr.ldi.matting import solve_mattes
from kbvr.ldi.occlusion import find_boundaries
from kbvr.ldi.split import split
from kbvr.photo.photo import load_photo

REACH_M = 0.12
EXAMPLES = Path(__file__).parents[1].parent / "examples"


def filled_card():
    photo, depth = card_before_wall()
    return photo, solve_mattes(fill(split(photo, depth, reach_m=REACH_M)))


def inner(ldi, array):
    m = ldi.margin_px
    return array[m:-m, m:-m]


def test_a_flat_wall_has_no_boundary_and_nothing_hidden():
    rgb = checkerboard(80, 60)
    ldi = split(photo_of(rgb), depth_of(np.full((60, 80), 0.5)), reach_m=REACH_M)
    assert not ldi.fill_mask.any()
    assert (inner(ldi, ldi.front.rgba)[..., :3] == rgb).all()


def test_a_slanted_floor_is_one_surface():
    slant = np.linspace(0.1, 1.0, 60)[:, None] * np.ones((1, 80))
    assert not split(photo_of(checkerboard(80, 60)), depth_of(slant), reach_m=REACH_M).fill_mask.any()


def test_depth_in_few_levels_is_one_surface_too():
    """Steps of under a pixel of parallax, as in an 8-bit depth map of a floor, are no boundaries."""
    slant = np.linspace(0.1, 1.0, 60)[:, None] * np.ones((1, 80))
    stepped = np.round(slant * 40) / 40
    assert not split(photo_of(checkerboard(80, 60)), depth_of(stepped), reach_m=REACH_M).fill_mask.any()


def test_the_sides_of_a_jump_are_distinguished():
    parallax = np.zeros((20, 30), np.float32)
    parallax[:, 15:] = 10
    boundaries = find_boundaries(parallax, jump_px=2.0)
    near = boundaries.near_side(parallax)
    assert not near[:, :15].any()
    assert near[:, 15:].all()
    assert (boundaries.near_distance_px[:, 15] == 0).all()
    assert (boundaries.far_distance_px[:, 14] == 0).all()


@pytest.mark.parametrize("jump_px", [3, 6, 9])
def test_all_that_the_largest_move_uncovers_is_marked(jump_px):
    """Behind a jump of n pixels at least the first n pixels of the near side can be looked behind."""
    parallax = np.zeros((20, 60), np.float32)
    parallax[:, 30:] = jump_px
    uncovered = find_boundaries(parallax, jump_px=2.0).uncovered
    assert uncovered[:, 30 : 30 + jump_px].all()
    assert not uncovered[:, :30].any()
    assert not uncovered[:, 30 + 2 * jump_px + 6 :].any()


def test_the_layers_composite_to_the_photo():
    """Alpha F + (1 - alpha) B over the strip, and the front layer elsewhere, is the photo itself."""
    photo, ldi = filled_card()
    matte, front, hidden = (layer.rgba.astype(float) for layer in ldi.layers)
    below = np.where(front[..., 3:] > 0, front[..., :3], hidden[..., :3])
    alpha = matte[..., 3:] / 255
    picture = alpha * matte[..., :3] + (1 - alpha) * below
    assert np.abs(inner(ldi, picture) - photo.rgb).max() <= 2


def test_nothing_red_is_behind_the_red_card():
    """The wall behind the card is filled from the wall: no colour of the card leaks."""
    _, ldi = filled_card()
    hidden = ldi.hidden.rgba[ldi.fill_mask][:, :3].astype(int)
    assert np.abs(hidden - BLUE).max() <= 6


def test_the_filling_behind_the_card_is_at_the_walls_depth():
    _, ldi = filled_card()
    behind = inner(ldi, ldi.hidden.inverse_depth)[CARD]
    assert np.allclose(behind[inner(ldi, ldi.fill_mask)[CARD]], 0.25, atol=0.02)


def test_a_filler_that_puts_the_far_side_in_front_is_held_back():
    photo, depth = card_before_wall()

    def bold(rgb, inverse_depth, *, hole, source):
        return rgb, np.full_like(inverse_depth, 9.0)

    ldi = fill(split(photo, depth, reach_m=REACH_M), bold)
    front, hidden = (ldi.front.inverse_depth, ldi.hidden.inverse_depth)
    apart_px = (front - hidden) * ldi.f_px * ldi.reach_m
    hides = ldi.fill_mask & (ldi.front.rgba[..., 3] > 0)
    assert (apart_px[hides] >= 0.4 * ldi.jump_px).all(), "so near that it could show through"
    assert (apart_px >= -1e-5).all()
    assert (apart_px[~ldi.fill_mask] == 0).all()


GREEN = (20, 160, 40)


def ledge_scene():
    """A red card before a narrow green ledge before a blue wall: two boundaries 4 pixels apart."""
    photo, depth = card_before_wall()
    rgb, inverse_depth = photo.rgb.copy(), depth.inverse_depth.copy()
    ledge = (CARD[0], slice(CARD[1].stop, CARD[1].stop + 4))
    rgb[ledge], inverse_depth[ledge] = GREEN, 0.75
    return photo_of(rgb), depth_of(inverse_depth)


def test_the_surface_directly_behind_is_visible_between_two_boundaries():
    """A move of 3 px between card and ledge, and of 6 px between ledge and wall: the ledge goes on behind the card."""
    photo, depth = ledge_scene()
    scene = kbvr.build_scene(photo, depth, reach_m=REACH_M)
    picture = next(kbvr.render(scene, [scene.camera.moved(x_m=REACH_M)])).astype(int)
    card_end, ledge_end = CARD[1].stop - 12, CARD[1].stop + 4 - 9
    assert np.abs(picture[35:65, card_end + 1 : ledge_end - 1] - GREEN).max() <= 24
    assert np.abs(picture[35:65, ledge_end + 1 : ledge_end + 8] - BLUE).max() <= 24


def test_a_layer_between_exists_only_where_geometry_asks_for_it():
    photo, depth = card_before_wall()
    assert [layer.name for layer in split(photo, depth, reach_m=REACH_M).layers] == ["matte", "front", "hidden"]
    ldi = split(*ledge_scene(), reach_m=REACH_M)
    assert [layer.name for layer in ldi.layers] == ["matte", "front", "between", "hidden"]
    asked = inner(ldi, ldi.between_fill)
    assert asked[CARD][:, -2:].any()
    asked[CARD] = False
    assert not asked.any(), "only the card hides some of the ledge"


def test_a_ramp_of_depth_is_no_surface_between():
    """A silhouette whose depth falls in two steps, one pixel apart, asks for no layer between."""
    photo, depth = card_before_wall()
    inverse_depth = depth.inverse_depth.copy()
    inverse_depth[CARD[0], CARD[1].stop] = 0.85
    ldi = split(photo, depth_of(inverse_depth), reach_m=REACH_M)
    assert ldi.between is None


@pytest.mark.parametrize("name", ["cat", "coffee", "temple"])
def test_a_real_photo_is_reproduced_at_its_boundaries_too(name):
    """A round jump of depth laid at random over a photo: alpha F + (1 - alpha) B is the photo for any colours."""
    rgb = load_photo(EXAMPLES / f"{name}.jpg").rgb[:200, :300]
    y, x = np.mgrid[:200, :300]
    away = np.hypot(y - 100, x - 150)
    depth = depth_of(np.where(away < 60, 0.9, np.where(away < 64, 0.7, 0.1)))
    scene = kbvr.build_scene(photo_of(np.ascontiguousarray(rgb)), depth, reach_m=REACH_M)
    ldi = scene.ldi
    assert ldi.between is not None
    matte, *opaque = (layer.rgba.astype(float) for layer in ldi.layers)
    below = opaque[-1][..., :3]
    for layer in opaque[-2::-1]:
        below = np.where(layer[..., 3:] > 0, layer[..., :3], below)
    alpha = matte[..., 3:] / 255
    error = np.abs(inner(ldi, alpha * matte[..., :3] + (1 - alpha) * below) - rgb)
    assert error.max() <= 2
    drawn = np.abs(next(kbvr.render(scene, [scene.camera])).astype(int) - rgb).max(axis=2)
    assert (drawn > 24).mean() < 0.001, "resampling of the textures is all that is left"


def test_a_pole_of_one_pixel_keeps_its_depth_and_moves():
    photo, depth = card_before_wall()
    rgb, inverse_depth = np.full_like(photo.rgb, BLUE), np.full_like(depth.inverse_depth, 0.25)
    rgb[:, 60], inverse_depth[:, 60] = RED, 1.0
    scene = kbvr.build_scene(photo_of(rgb), depth_of(inverse_depth), reach_m=REACH_M)
    assert np.allclose(inner(scene.ldi, scene.ldi.front.inverse_depth)[:, 60], 1.0, atol=0.01)
    picture = next(kbvr.render(scene, [scene.camera.moved(x_m=0.1)]))[20:80]
    redness = picture[..., 0].astype(float).mean(axis=0)
    assert redness.argmax() == 50
    assert redness[50] > 150
    assert redness[56:66].max() < 40, "nothing of it stays on the wall"


def test_beyond_the_border_details_fade_with_distance():
    """Stripes that end at the border do not become streaks; their mean stays."""
    rgb = np.full((120, 160, 3), 40, np.uint8)
    rgb[(np.arange(120) // 8) % 2 == 1] = 200
    ldi = split(photo_of(rgb), depth_of(np.full((120, 160), 1.5)), reach_m=REACH_M)
    beyond = ldi.front.rgba[ldi.margin_px + 20 : -ldi.margin_px - 20, : ldi.margin_px, 0].astype(float)
    assert ldi.margin_px >= 20
    assert beyond[:, -1].std() > 50, "next to the border they are sharp"
    assert beyond[:, 2].std() < 3
    assert abs(beyond[:, 2].mean() - 120) < 12


def test_one_wild_pixel_does_not_blow_up_the_margin():
    wall = np.full((60, 80), 0.5)
    wall[30, 40] = 900.0
    calm = split(photo_of(checkerboard(80, 60)), depth_of(np.full((60, 80), 0.5)), reach_m=REACH_M)
    wild = split(photo_of(checkerboard(80, 60)), depth_of(wall), reach_m=REACH_M)
    assert wild.margin_px == calm.margin_px


def test_split_wants_matching_sizes_and_a_positive_reach():
    photo, depth = card_before_wall()
    with pytest.raises(InputError, match="size"):
        split(photo, depth_of(np.ones((10, 10))), reach_m=REACH_M)
    with pytest.raises(InputError, match="reach_m"):
        split(photo, depth, reach_m=0.0)


def test_push_pull_keeps_what_is_known_and_averages_the_rest():
    values = np.zeros((32, 48, 1), np.float32)
    values[:, :10] = 1.0
    weight = np.zeros((32, 48), np.float32)
    weight[:, :10] = 1
    result = push_pull(values, weight)
    assert np.allclose(result[:, :10], 1)
    assert np.allclose(result, 1, atol=1e-4)


def test_spread_never_looks_at_what_is_no_source():
    rgb = np.full((40, 60, 3), 255, np.uint8)
    rgb[:, :20] = (10, 90, 30)
    hole, source = np.zeros((2, 40, 60), bool)
    hole[:, 20:40] = True
    source[:, :20] = True
    filled, depth = spread(rgb, np.full((40, 60), 0.5, np.float32), hole=hole, source=source)
    assert (np.abs(filled[hole].astype(int) - (10, 90, 30)) <= 1).all()
    assert (filled[~hole] == rgb[~hole]).all()
    assert np.allclose(depth, 0.5)


def test_a_scene_depth_that_is_known_is_not_computed_again(monkeypatch):
    """Planning has it already; without it `build_scene` computes it, once."""
    photo, depth = card_before_wall()
    known, calls = scene_depth_of(depth), []
    for module in ("scene", "split"):
        monkeypatch.setattr(f"kbvr.ldi.{module}.scene_depth_of", lambda of: calls.append(of) or known)
    kbvr.build_scene(photo, depth, filler=spread, scene_depth=known)
    assert not calls
    kbvr.build_scene(photo, depth, filler=spread)
    assert len(calls) == 1
