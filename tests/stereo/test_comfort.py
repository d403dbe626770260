"""Comfort: what is measured of a pair is what its eyes are given, on the screen that was named."""

from __future__ import annotations

import json
from math import atan, degrees
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scenes import card_before_wall

import kbvr
from kbvr.cli.main import main
from kbvr.depth.depth_map import DepthMap
from kbvr.depth.scene_depth import SceneDepth, scene_depth_of
from kbvr.errors import InputError
from kbvr.motion.move import Move
from kbvr.motion.view import view_of
from kbvr.stereo.comfort import comfort_of, window_bars_px
from kbvr.stereo.rig import plan_rig
from kbvr.stereo.screen import SCREENS, Screen, screen_of

CAT = Path(__file__).parents[2] / "examples" / "cat.jpg"
VIEW_PX = (240, 200)
BOARD_SHARE, WALL_SHARE = 140 * 40 / 48_000, (200 * 200 - 140 * 40) / 48_000
"""Of the picture of `cut_left`: the near board, and the wall."""


def cut_left() -> SceneDepth:
    """A near board that the left border cuts, before a wall; the middle is at 2 m."""
    inverse_depth = np.full((200, 240), 0.25, np.float32)
    inverse_depth[:, 100:140] = 0.5
    inverse_depth[60:, :40] = 1.0
    return scene_depth_of(DepthMap(inverse_depth, 200.0, metric=True))


@given(st.sampled_from(sorted(SCREENS)), st.floats(0.01, 3), st.integers(64, 4000), st.integers(64, 4000))
def test_an_angle_is_what_a_length_on_the_screen_is_seen_under(name, angle_deg, width, height):
    screen = SCREENS[name]
    px = screen.px_of_angle(angle_deg, (width, height))
    assert screen.angle_deg(px, (width, height)) == pytest.approx(angle_deg)
    across_m = px / screen.px_per_m((width, height))
    assert degrees(atan(across_m / screen.distance_m)) == pytest.approx(angle_deg)
    assert width / screen.px_per_m((width, height)) <= screen.width_m * 1.0001
    assert height / screen.px_per_m((width, height)) <= screen.width_m * 9 / 16 * 1.0001


def test_screens_have_names_or_sizes():
    assert screen_of("phone", ipd_m=0.06) == Screen(0.14, 0.35, 0.06)
    assert screen_of("1.2@2.5") == Screen(1.2, 2.5)
    assert screen_of("0.02@100", ipd_m=0.03) == Screen(0.02, 100, 0.03)
    assert screen_of("100@0.02", ipd_m=0.09) == Screen(100, 0.02, 0.09)
    for bad in ("wall", "1.2", "1.2@", "0@1", "1@1000", "0.019@1", "101@1", "1@0.019"):
        with pytest.raises(InputError, match="screen"):
            screen_of(bad)
    for ipd_m in (0.029, 0.2):
        with pytest.raises(InputError, match="eyes"):
            screen_of("tv", ipd_m=ipd_m)


@pytest.mark.parametrize("name", sorted(SCREENS))
@pytest.mark.parametrize("budget", [0.01, 0.15])
def test_a_rig_keeps_the_angle_and_never_turns_eyes_outwards(name, budget):
    scene_depth = scene_depth_of(card_before_wall()[1])
    rig = plan_rig(
        scene_depth, view_of(scene_depth, VIEW_PX), budget=budget, screen=SCREENS[name], max_parallax_deg=0.7
    )
    assert max(-rig.nearest_parallax_deg, rig.farthest_parallax_deg) <= 0.7001
    apart_m = rig.farthest_parallax_px / SCREENS[name].px_per_m(VIEW_PX)
    assert apart_m <= SCREENS[name].ipd_m * 1.0001
    if budget == 0.15:
        assert rig.decided_by == ("eyes" if name == "cinema" else "angle")


def test_the_histogram_is_that_of_the_true_parallax():
    """Three distances, three bins, their areas, at f b (1/z0 - 1/z)."""
    scene_depth = cut_left()
    view = view_of(scene_depth, VIEW_PX)
    rig = plan_rig(scene_depth, view, convergence_m=2.0)
    comfort = comfort_of([Move()], rig, view, scene_depth)
    assert comfort.histogram.sum() == pytest.approx(1)
    middles = (comfort.edges_px[1:] + comfort.edges_px[:-1]) / 2
    bin_px = comfort.edges_px[1] - comfort.edges_px[0]
    for inverse_depth, area in ((1.0, 140 * 40), (0.5, 200 * 40), (0.25, 200 * 200 - 140 * 40)):
        wanted = view.f_px * rig.baseline_m * (0.5 - inverse_depth)
        found = comfort.histogram[np.abs(middles - wanted) <= bin_px].sum()
        assert found == pytest.approx(area / (200 * 240), abs=0.03)
    assert comfort.range_px == pytest.approx(
        [view.f_px * rig.baseline_m * (0.5 - d) for d in (1.0, 0.25)], abs=2 * bin_px
    )


def test_things_cut_in_front_of_the_screen_are_found_and_hidden_by_a_bar():
    scene_depth = cut_left()
    view = view_of(scene_depth, VIEW_PX)
    rig = plan_rig(scene_depth, view, convergence_m=2.0)
    comfort = comfort_of([Move()], rig, view, scene_depth)
    wanted = view.f_px * rig.baseline_m * 0.5
    assert comfort.cut_px == pytest.approx((wanted, 0.0), abs=0.1)
    assert window_bars_px(comfort) == (int(np.ceil(comfort.cut_px[0])), 0)
    behind = comfort_of([Move()], plan_rig(scene_depth, view, convergence_m=0.9), view, scene_depth)
    assert window_bars_px(behind) == (0, 0)


def test_a_bar_hides_no_more_than_a_few_percent_of_a_view():
    """The board is 21 px in front of the screen, which would require a bar of 9% of the width."""
    around = cut_left()
    view = view_of(around, VIEW_PX)
    comfort = comfort_of([Move()], plan_rig(around, view, baseline_m=0.2, convergence_m=2.0), view, around)
    assert comfort.cut_px[0] > 20
    assert window_bars_px(comfort) == (round(0.06 * 240), 0)


@pytest.mark.parametrize(
    ("convergence_m", "limit_deg", "beyond", "diverging"),
    [(2.0, 1.5, BOARD_SHARE, 0), (1.25, 3.0, 0, WALL_SHARE), (1.25, 1.5, WALL_SHARE, WALL_SHARE), (2.0, 3.0, 0, 0)],
)
def test_the_uncomfortable_shares_are_exact(convergence_m, limit_deg, beyond, diverging):
    """Eyes that are 200 mm apart: the board is 21 px before the screen, or the wall 23 px behind it.

    1.5 degrees are 16 px on this screen, 3 degrees 31 px, and eyes would turn outwards from 18 px on.
    """
    around = cut_left()
    view = view_of(around, VIEW_PX)
    rig = plan_rig(around, view, baseline_m=0.2, convergence_m=convergence_m, max_parallax_deg=limit_deg)
    comfort = comfort_of([Move()], rig, view, around)
    assert comfort.beyond_share == pytest.approx(beyond, abs=0.01)
    assert comfort.diverging_share == pytest.approx(diverging, abs=0.01)


def test_a_path_that_goes_forward_is_judged_where_it_is_nearest():
    scene_depth = cut_left()
    view = view_of(scene_depth, VIEW_PX)
    rig = plan_rig(scene_depth, view, convergence_m=2.0, forward_m=0.4)
    still, forward = (comfort_of(moves, rig, view, scene_depth) for moves in ([Move()], [Move(), Move(z_m=0.4)]))
    assert forward.range_px[0] < still.range_px[0] * 1.5
    assert forward.cut_px[0] > still.cut_px[0] * 1.5


def test_a_floating_window_darkens_the_outer_borders_of_both_eyes(tmp_path):
    """At the left eye's left and the right eye's right border, as wide as --explain says, in every frame."""
    picture = np.full((200, 240, 3), 180, np.uint8)
    cv2.imwrite(str(tmp_path / "board.png"), picture)
    inverse_depth = np.full((200, 240), 0.25, np.float32)
    inverse_depth[:, 100:140] = 0.5
    inverse_depth[:, :40] = 1.0
    np.save(tmp_path / "board.npy", inverse_depth)
    options = {"depth": tmp_path / "board.npy", "depth_kind": "inverse-depth-per-m", "seconds": 0.2}
    report = kbvr.export(tmp_path / "board.png", tmp_path, window="floating", **options)
    bar = window_bars_px(report.comfort)[0]
    assert bar >= 2
    frame = cv2.VideoCapture(str(report.file.path)).read()[1]
    left, right = np.split(frame, 2, axis=1)
    assert left[20:-20, : bar - 1].max() < 40
    assert left[20:-20, bar + 3 : bar + 20].min() > 140
    assert right.min(axis=(0, 2))[:20].min() > 140
    plain = kbvr.export(tmp_path / "board.png", tmp_path, overwrite=True, **options)
    assert cv2.VideoCapture(str(plain.file.path)).read()[1].min() > 140
    assert any("a floating window would hide this" in line for line in plain.explanation)


def test_the_report_says_what_was_given_and_draws_it(tmp_path, capsys):
    report = tmp_path / "report.json"
    call = ["export", str(CAT), "-o", str(tmp_path), "--seconds", "0.2", "--comfort", str(report), "--screen", "phone"]
    assert main(call) == 0
    (entry,) = json.loads(report.read_text()).values()
    assert entry["screen"] == {"width_m": 0.14, "distance_m": 0.35, "ipd_mm": 63.0}
    assert entry["nearest"]["px"] < entry["farthest"]["px"] <= 0.03 * 450 * 1.1
    assert sum(entry["histogram"]["shares"]) == pytest.approx(1, abs=1e-3)
    with Image.open(tmp_path / "report.png") as chart:
        assert chart.size == (900, 420)
        assert len(chart.getcolors(1 << 20) or ()) > 20
    assert main([*call, "--overwrite"]) == 0
    assert main(["export", str(CAT), "-o", str(tmp_path / "new"), "--comfort", str(report)]) == 2
    assert "report.json already exists (use --overwrite to replace it)\n" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_the_report_says_how_much_is_uncomfortable(tmp_path):
    """Both shares, in the file as in Python."""
    cv2.imwrite(str(tmp_path / "board.png"), np.full((200, 240, 3), 180, np.uint8))
    np.save(tmp_path / "board.npy", cut_left().inverse_depth)
    call = ["export", str(tmp_path / "board.png"), "-o", str(tmp_path), "--still", "mpo", "--fov", "62"]
    call += ["--depth", str(tmp_path / "board.npy"), "--depth-kind", "inverse-depth-per-m"]
    call += ["--baseline-mm", "200", "--convergence-m", "1.5", "--max-parallax-deg", "0.9"]
    assert main([*call, "--comfort", str(tmp_path / "report.json")]) == 0
    (entry,) = json.loads((tmp_path / "report.json").read_text()).values()
    assert entry["share_beyond_limit"] == pytest.approx(BOARD_SHARE + WALL_SHARE, abs=0.01)
    assert entry["share_turning_eyes_outwards"] == 0
    assert main([*call, "--overwrite", "--convergence-m", "1.25", "--comfort", str(tmp_path / "other.json")]) == 0
    (entry,) = json.loads((tmp_path / "other.json").read_text()).values()
    assert entry["share_turning_eyes_outwards"] == pytest.approx(WALL_SHARE, abs=0.01)


@pytest.mark.parametrize("output", [["--still", "mpo"], ["--anaglyph", "--animate-as", "avif"]])
def test_the_report_covers_stereo_pictures_and_loops_too(tmp_path, output):
    report = tmp_path / "report.json"
    call = ["export", str(CAT), "-o", str(tmp_path), "--max-size", "160x160", *output, "--comfort", str(report)]
    assert main(call) == 0
    (entry,) = json.loads(report.read_text()).values()
    assert entry["nearest"]["px"] < entry["farthest"]["px"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--comfort a.txt", "ends in .json"),
        ("--kenburns --comfort a.json", "--comfort requires --stereo, --still or --anaglyph"),
        ("--layout mono --comfort a.json", "--comfort requires --stereo, --still or --anaglyph"),
        ("--still quilt --wiggle --comfort a.json", "--comfort requires --stereo, --still or --anaglyph"),
        ("--screen moon", "width@distance"),
        ("--ipd-mm 200", "--ipd-mm must be 30 to 90 millimetres"),
        ("--max-parallax-deg 9", "--max-parallax-deg must be 0.05 to 5 degrees"),
        ("--focus 40", "--focus must be"),
        ("--aperture 50", "--aperture must be 0 to 5 percent of the width"),
    ],
)
def test_bad_options_of_comfort_get_one_line(arguments, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["export", str(CAT), *arguments.split()]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert len(told.splitlines()) == 1
    assert not list(tmp_path.iterdir())
