"""What people see: every figure on scenes whose figures are known, and the whole bench on a small photo."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from bench import people, seen_flaws
from bench.coded_views import NO_LAYER, CodedRenderer, Seen, project
from bench.machine import this_machine
from bench.methods import without_hidden
from bench.people import main
from bench.people_moves import MOVES, at_size, moves_of
from bench.people_photos import Listed, listed
from bench.people_tables import Figures, Run, summary
from bench.seen_flaws import (
    eye_mismatch_levels,
    flicker_ppm,
    flickering,
    is_subject_inside,
    pieces,
    subject_growth,
    subject_in_view,
    torn_pieces,
)
from bench.tracer import Sheet, Waves, World, disparity_of_photo, trace
from bench.worlds import box
from kbvr.depth.depth_map import DepthMap
from kbvr.geometry.camera import camera_of_photo
from kbvr.ldi.scene import build_scene
from kbvr.photo.photo import photo_from_array

WIDE_PX, HIGH_PX = 240, 160
F_PX = 240.0
FLAT_PX = (480, 80)
BASELINE_M = 0.06
WALL_PX, CARD_PX = 4.0, 16.0
NAN = float("nan")
CARD = (-40, -30, 40, 30)


def depth_of_disparity(disparity_px):
    return DepthMap((disparity_px / (F_PX * BASELINE_M)).astype(np.float32), F_PX, metric=True)


def scene_of(*sheets):
    """Return the scene of surfaces, from their picture and their true depth."""
    world = World("test", sheets)
    camera = camera_of_photo((WIDE_PX, HIGH_PX), F_PX)
    photo = photo_from_array(trace(world, camera), f_px=F_PX)
    return build_scene(photo, depth_of_disparity(disparity_of_photo(world, camera)), reach_m=BASELINE_M)


def wall():
    return Sheet(WALL_PX, Waves((150, 160, 120), 30, seed=1))


def card():
    return Sheet(CARD_PX, Waves((200, 60, 40), 30, seed=2), box(*CARD))


@pytest.fixture(scope="module")
def card_scene():
    return scene_of(card(), wall())


@pytest.fixture(scope="module")
def card_views(card_scene):
    """Return the views of the card from the photo's camera and from BASELINE_M to its right."""
    with CodedRenderer(card_scene) as renderer:
        return [renderer.seen_from(card_scene.camera.moved(x_m=share * BASELINE_M)) for share in (0.0, 1.0)]


@pytest.fixture(scope="module")
def wall_views():
    """Return the views of the wall from the photo's camera and from 8 px of parallax to its right.

    Their frame is narrower than the photo.
    """
    scene = scene_of(wall())
    narrow = replace(scene.camera, size_px=(WIDE_PX - 20, HIGH_PX - 20), cx_px=WIDE_PX / 2 - 10, cy_px=HIGH_PX / 2 - 10)
    with CodedRenderer(scene) as renderer:
        return [renderer.seen_from(narrow.moved(x_m=share * BASELINE_M)) for share in (0.0, 8 / WALL_PX)]


def photo_camera():
    return camera_of_photo((WIDE_PX, HIGH_PX), F_PX)


def flat_camera():
    return camera_of_photo(FLAT_PX, F_PX)


def flat_view():
    """Return a view of a wall as a Seen without a renderer; its photo is FLAT_PX large."""
    width, height = FLAT_PX
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) + 0.5
    rgb, layer, inverse_depth = np.full((*x.shape, 3), 128, np.uint8), np.zeros(x.shape, np.int64), np.ones_like(x)
    return Seen(flat_camera(), rgb, layer, x, y, inverse_depth, np.zeros(x.shape, bool))


# --- codes ---


def test_every_pixel_of_a_view_knows_its_point_of_the_photo(card_views):
    """Across the whole view, matte included, points project to the pixels that show them, within a quarter of one."""
    for seen in card_views:
        x, y, _ = project(seen.u, seen.v, seen.inverse_depth, seen.camera, photo_camera())
        at_y, at_x = np.mgrid[0:HIGH_PX, 0:WIDE_PX] + 0.5
        assert np.percentile(np.hypot(x - at_x, y - at_y)[seen.shown], 99.9) < 0.25


def test_the_card_of_a_view_is_where_its_disparity_puts_it(card_views):
    """From the right, the card is CARD_PX to the left of where it is in the photo."""
    near = card_views[1].inverse_depth > (WALL_PX + CARD_PX) / 2 / (F_PX * BASELINE_M)
    columns = np.flatnonzero(near[HIGH_PX // 2])
    assert (columns[0], columns[-1] + 1) == (WIDE_PX // 2 + CARD[0] - CARD_PX, WIDE_PX // 2 + CARD[2] - CARD_PX)


def test_pixels_that_no_layer_covers_are_invented(card_scene):
    """They are those that the renderer counts as holes, though it fills them from beside them."""
    scene = without_hidden(card_scene)
    camera = scene.camera.moved(x_m=BASELINE_M)
    with CodedRenderer(scene) as renderer:
        seen, holes = renderer.seen_from(camera), renderer._colours.frame_and_holes(camera)[1]
    empty = seen.layer == NO_LAYER
    assert holes > 0 and holes <= empty.sum() <= 1.25 * holes  # each run includes the pixel that was spread over it
    assert seen.invented[empty].all()


# --- invented ---


def test_a_wall_is_not_invented(wall_views):
    """A frame inside the photo shows nothing but the photo."""
    assert all(seen.invented.sum() == 0 for seen in wall_views)


def test_the_invented_share_is_what_a_card_uncovers(card_views):
    """A strip of the card's height, as wide as the difference of disparities, and the border that comes into view."""
    seen = card_views[1]
    border = seen.u > WIDE_PX
    assert seen.invented[border].all()
    uncovered = (CARD_PX - WALL_PX) * (CARD[3] - CARD[1])
    assert border.sum() == pytest.approx(WALL_PX * HIGH_PX, rel=0.1)
    assert (seen.invented & ~border).sum() == pytest.approx(uncovered, rel=0.1)
    assert card_views[0].invented.sum() <= 0.05 * uncovered


# --- torn pieces ---


@pytest.mark.parametrize(("side_px", "count"), [(1, 1), (3, 1), (4, 0)])
def test_a_small_island_is_one_torn_piece(side_px, count):
    """It moves against the wall around it. From PIECE_SHARE of the width, 4 px here, an island is a thing."""
    seen = flat_view()
    seen.u[50 : 50 + side_px, 60 : 60 + side_px] += np.float32(5)
    areas = torn_pieces(seen, flat_camera())
    assert areas.tolist() == [side_px**2] * count


def test_a_wall_has_no_torn_pieces(wall_views):
    assert all(len(torn_pieces(seen, photo_camera())) == 0 for seen in wall_views)


def test_steep_ground_is_one_piece():
    """Rows that slide over one another by more than a step are neighbours in the photo still."""
    seen = flat_view()
    seen.u[:] += np.float32(1.5) * seen.v
    assert len(np.unique(pieces(seen, flat_camera())[0])) == 1


def test_a_piece_at_the_border_does_not_count():
    """It may go on beyond the frame."""
    seen = flat_view()
    seen.u[:1, 60:61] += np.float32(5)
    assert len(torn_pieces(seen, flat_camera())) == 0


# --- flicker ---


def test_a_moving_wall_does_not_flicker(wall_views):
    assert flicker_ppm(*wall_views, photo_camera()) == 0


def test_what_a_card_uncovers_does_not_flicker(card_scene):
    """Motion explains pixels that were hidden before, and pixels that are hidden afterwards."""
    with CodedRenderer(card_scene) as renderer:
        before, after = (renderer.seen_from(card_scene.camera.moved(x_m=share * BASELINE_M)) for share in (0.5, 0.8))
    assert flicker_ppm(before, after, photo_camera()) < 100
    assert flickering(before, after, photo_camera()).sum() <= 4


def test_a_patch_that_changes_its_colour_flickers(wall_views):
    """All of its 5x5 pixels there; back, the 3x3 pixels around which all have changed. The figure is the mean."""
    before, after = wall_views
    rgb = after.rgb.copy()
    rgb[40:45, 60:65] += 60
    assert flicker_ppm(before, replace(after, rgb=rgb), photo_camera()) == pytest.approx(
        1e6 * (25 + 9) / 2 / after.layer.size
    )


# --- two eyes ---


def test_eyes_that_see_the_same_do_not_differ(card_views):
    left, right = card_views
    assert eye_mismatch_levels(left, right, photo_camera()) < 2


def test_a_recoloured_eye_differs_by_its_change(monkeypatch):
    """By a little less than that: right at a boundary, its colour may be in the range of the other side's."""
    monkeypatch.setattr(seen_flaws, "BAND_SHARE", 6 / WIDE_PX)
    surfaces = (
        Sheet(CARD_PX, Waves((40, 40, 40), amplitude=0), box(*CARD)),
        Sheet(WALL_PX, Waves((200, 200, 200), amplitude=0)),
    )
    scene = scene_of(*surfaces)
    with CodedRenderer(scene) as renderer:
        left, right = (renderer.seen_from(scene.camera.moved(x_m=share * BASELINE_M)) for share in (0.0, 1.0))
    changed = replace(right, rgb=right.rgb + np.uint8(30))
    assert eye_mismatch_levels(left, right, photo_camera()) < 1
    assert eye_mismatch_levels(left, changed, photo_camera()) == pytest.approx(30, rel=0.15)


def test_eyes_are_compared_only_along_boundaries(wall_views):
    """A wall has none."""
    assert np.isnan(eye_mismatch_levels(*wall_views, photo_camera()))


# --- subjects ---


def test_a_subject_leaves_the_frame_when_its_disparity_says_so():
    """A box 10% from the left border, 24 px of 240, is inside until a move to the right shifts it by that much."""
    box_of, inverse_depth = (0.1, 0.2, 0.3, 0.8), depth_of_disparity(np.full((HIGH_PX, WIDE_PX), 20.0)).inverse_depth
    camera = photo_camera()
    for share, inside in ((0.0, True), (1.0, True), (1.1, False), (1.3, False)):
        moved = camera.moved(x_m=share * BASELINE_M)
        assert is_subject_inside(box_of, inverse_depth, [camera, moved], camera) == inside
        left = subject_in_view(box_of, inverse_depth, moved, camera)[0]
        assert left == pytest.approx(0.1 - share * 20 / WIDE_PX)


def test_a_subject_that_the_photo_cuts_may_be_cut():
    """A person whose feet are beyond the photo's border stays one in a closer frame; the head must not leave."""
    inverse_depth = depth_of_disparity(np.full((HIGH_PX, WIDE_PX), 20.0)).inverse_depth
    camera, closer = photo_camera(), replace(photo_camera(), f_px=1.2 * F_PX)
    assert is_subject_inside((0.4, 0.2, 0.6, 1.0), inverse_depth, [closer], camera)
    assert not is_subject_inside((0.4, 0.05, 0.6, 1.0), inverse_depth, [closer], camera)


def test_a_subject_grows_as_the_camera_comes_closer():
    """Half the distance doubles its size."""
    inverse_depth = np.full((HIGH_PX, WIDE_PX), 0.5, np.float32)
    camera = photo_camera()
    assert subject_growth((0.4, 0.4, 0.6, 0.6), inverse_depth, camera, camera.moved(z_m=1.0), camera) == pytest.approx(
        2
    )


# --- the bench ---


def test_the_list_has_24_photos_of_ten_kinds_with_boxes_inside_them():
    photos = listed()
    assert len(photos) == len({entry.name for entry in photos}) == 24
    kinds = [entry.kind for entry in photos]
    assert len(set(kinds)) == 10 and kinds == sorted(kinds, key=kinds.index)
    for left, top, right, bottom in (subject for entry in photos for subject in entry.subjects):
        assert 0 <= left < right <= 1 and 0 <= top < bottom <= 1


def test_every_photo_of_the_list_is_in_the_repository():
    assert all(entry.photo().name == entry.name for entry in listed())


def test_the_ends_of_the_moves_are_those_of_the_export():
    """Two for swing, four for a circle, eight corners of the head box; two eyes only in stereo."""
    photo = at_size(Listed("coffee", "food", ()).photo(), 160)
    slope = np.linspace(2, 12, photo.rgb.shape[0], dtype=np.float32)[:, None] / 200
    depth = DepthMap(np.broadcast_to(slope, photo.rgb.shape[:2]).copy(), photo.f_px, metric=True)
    ends = {move.name: move.ends for move in moves_of(photo, depth)}
    assert {name: (len(eyes), len(eyes[0])) for name, eyes in ends.items()} == {
        "swing": (2, 2), "kenburns": (1, 1), "circle": (4, 2), "head box": (8, 1)
    }  # fmt: skip
    left, right = (sum(camera.camera_from_world[0, 3] for camera in eyes) for eyes in ends["swing"])
    assert left == pytest.approx(-right) and left > 0


def test_the_bench_measures_a_photo_and_draws_its_sheet(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(people, "LONG_SIDE_PX", 160)
    sheet = tmp_path / "sheet.png"
    assert main(["--only", "food", "--limit", "1", "--json", "--sheet", str(sheet)]) == 0
    photos = json.loads(capsys.readouterr().out)["photos"]
    assert list(photos) == ["cake"] and photos["cake"]["kind"] == "food"
    for move in MOVES:
        row = photos["cake"][move]
        assert 0 <= row["torn_lines_percent"] <= 100
        assert 0 < row["invented_percent"] < 60 and row["inside"] in (0, 1)
        assert (row["eyes_levels"] is None) == (move in ("kenburns", "head box"))
    assert photos["cake"]["kenburns"]["growth"] > 1
    assert Image.open(sheet).width > 4 * 160


def test_a_summary_has_the_mean_the_median_and_the_worst():
    """Of figures that apply; of subjects, how many are inside."""
    cells = summary([figures_with(1.0, 10.0, 1.0), figures_with(2.0, 20.0, 0.0), figures_with(6.0, NAN, NAN)])
    assert cells == ["3.0 / 2.0 / 6.0", "15 / 15 / 20", "", "", "1 of 2", "", "0 / 0 / 0", "0.00 / 0.00 / 0.00"]


def test_an_earlier_run_is_compared_with_a_later_one(tmp_path, capsys):
    """Rows of both, by commit; a figure that does not apply stays empty."""
    for name, invented in (("before", 4.0), ("after", 2.0)):
        machine = replace(this_machine(), commit=name)
        run = Run(machine, {"fig": "food"}, {"fig": dict.fromkeys(MOVES, figures_with(invented, NAN, 1.0))})
        (tmp_path / name).write_text(run.as_json(), encoding="utf-8")
    assert main(["--from", str(tmp_path / "before"), "--from", str(tmp_path / "after")]) == 0
    printed = capsys.readouterr().out
    assert "| swing, before | 4.0 / 4.0 / 4.0 |  |  |  | 1 of 1 |" in printed
    assert "| food, after | 2.0 / 2.0 / 2.0 |" in printed


def figures_with(invented, torn, inside):
    return Figures(invented, torn, NAN, NAN, inside, NAN, 0.0, 0.0)
