"""The limits of moves reach every output: films, loops, stills, scenes; and --explain names the one that holds."""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from scenes import F_PX, card_before_wall, checkerboard

import kbvr
from kbvr.cli.main import main
from kbvr.depth.depth_map import DepthMap
from kbvr.motion.limits import LIMITS, STRENGTHS
from kbvr.photo.photo import Photo, photo_from_array
from kbvr.plan.shots import Shot
from kbvr.stereo.comfort_limits import DEFAULT_BUDGET
from kbvr.stereo.rig import plan_rig

SIZE_PX = (240, 160)


def scene(inverse_depth: np.ndarray, rgb: np.ndarray | None = None) -> tuple[Photo, DepthMap]:
    rgb = checkerboard(*inverse_depth.shape[::-1]) if rgb is None else rgb
    return photo_from_array(rgb, f_px=2 * F_PX), DepthMap(inverse_depth.astype(np.float32), 2 * F_PX)


def fence() -> tuple[Photo, DepthMap]:
    """Posts at 1.5 m before a wall at 20 m."""
    inverse_depth = np.full(SIZE_PX[::-1], 0.05)
    for column in range(10, SIZE_PX[0], 40):
        inverse_depth[15:, column : column + 16] = 1 / 1.5
    return scene(inverse_depth)


def wall() -> tuple[Photo, DepthMap]:
    return scene(np.full(SIZE_PX[::-1], 0.5))


def shots(photo: Photo, depth: DepthMap, **options) -> dict[str, Shot]:
    return {shot.output: shot for shot in kbvr.plan_export(photo, depth, "out", **options).shots}


def explained(photo: Photo, depth: DepthMap, folder: Path, **options) -> tuple[str, ...]:
    plan = kbvr.plan_export(photo, depth, folder, max_size=(64, 64), seconds=0.2, **options)
    return kbvr.write_export(plan).explanation


@pytest.mark.parametrize("strength", STRENGTHS)
@pytest.mark.parametrize("path", ["swing", "circle", "orbit", "dolly", "dolly-zoom", "kenburns"])
def test_the_views_of_every_instant_are_within_the_limits(path, strength):
    """In stereo, path and eyes share them: the outer eye at the end of the path has the most of both."""
    photo, depth = fence()
    limits = LIMITS.scaled(STRENGTHS[strength])
    for shot in shots(photo, depth, stereo=True, kenburns=True, path=path, strength=strength, seconds=0.4).values():
        landmarks = kbvr.plan_export(photo, depth, "out").landmarks
        for camera in (camera for eyes in shot.instants for camera in eyes):
            found = landmarks.consequences(camera)
            assert found.parallax <= 1.06 * limits.parallax
            assert found.invented <= 1.3 * limits.invented
            assert found.bend_px <= limits.bend_px


def test_loops_and_stills_are_within_the_limits_too():
    photo, depth = fence()
    landmarks = kbvr.plan_export(photo, depth, "out").landmarks
    made = shots(photo, depth, wiggle=True, anaglyph=True, still="jps", strength="gentle")
    assert {*made} == {"wiggle", "anaglyph", "still"}
    for shot in made.values():
        found = landmarks.worst(camera for eyes in shot.instants for camera in eyes)
        assert found.parallax <= 1.06 * STRENGTHS["gentle"] * LIMITS.parallax
        assert shot.move_verdict is not None or shot.eyes_verdict is not None


def test_a_distance_of_the_eyes_that_is_given_is_kept():
    photo, depth = fence()
    free = plan_rig(kbvr.plan_export(photo, depth, "out").scene_depth, shots(photo, depth)["stereo"].view)
    limited = shots(photo, depth, strength="gentle")["stereo"].rig
    assert limited is not None and limited.baseline_m < 0.9 * free.baseline_m
    assert limited.nearest_parallax_px == pytest.approx(free.nearest_parallax_px * limited.baseline_m / free.baseline_m)
    for given in ({"baseline_mm": 1000 * free.baseline_m}, {"budget_percent": 100 * DEFAULT_BUDGET}):
        shot = shots(photo, depth, strength="gentle", **given)["stereo"]
        assert shot.rig is not None and shot.rig.baseline_m == pytest.approx(free.baseline_m)
        assert shot.eyes_verdict is None


def test_a_wiggle_of_a_given_size_is_kept_and_others_have_their_strength():
    photo, depth = card_before_wall(far=0.9)

    def reach_m(**options) -> float:
        return shots(photo, depth, wiggle=True, **options)["wiggle"].moves[-1].x_m

    assert reach_m(strength="gentle") == pytest.approx(STRENGTHS["gentle"] * reach_m())
    assert reach_m(strength="gentle", budget_percent=2.5) == pytest.approx(reach_m(budget_percent=2.5))
    assert reach_m(strength="gentle", baseline_mm=20) == pytest.approx(0.01)


def test_a_quilt_is_as_wide_as_its_display_needs():
    photo, depth = fence()
    widths = {shots(photo, depth, still="quilt", strength=strength)["quilt"].rig.baseline_m for strength in STRENGTHS}
    assert len(widths) == 1


def test_the_papers_profile_keeps_the_papers_move():
    photo, depth = fence()
    made = shots(photo, depth, kenburns=True, stereo=True, profile="paper", depth_model="kbvr-depth")
    assert made["kenburns"].move_verdict is None
    assert made["stereo"].eyes_verdict is None
    assert max(move.z_m for move in made["kenburns"].moves) == pytest.approx(1.5 * (1 - 1 / 1.25), rel=0.01)
    assert max(move.z_m for move in shots(photo, depth, kenburns=True)["kenburns"].moves) < 0.2


def test_the_photos_lines_limit_a_move():
    """Bars on a wall that the estimated depth makes bulge; without bars nothing shows it."""
    y, x = np.mgrid[-1:1:480j, -1:1:640j]
    inverse_depth = 0.2 + 0.4 * (x + 1) + 0.05 * np.cos(3 * np.pi * y)
    bars = np.full((480, 640, 3), 230, np.uint8)
    for column in range(40, 640, 60):
        cv2.line(bars, (column, 30), (column, 450), (40, 40, 40), 9)
    with_bars = shots(*scene(inverse_depth, bars), kenburns=True, strength="gentle")["kenburns"].move_verdict
    without = shots(*scene(inverse_depth, np.full_like(bars, 230)), kenburns=True, strength="gentle")["kenburns"]
    assert with_bars is not None and with_bars.limited_by == "bend_px"
    assert without.move_verdict is not None and without.move_verdict.size > with_bars.size


def glb_reach_m(folder: Path, photo: Photo, depth: DepthMap, **options) -> float:
    """Return how far the camera of a GLB moves from its first place."""
    plan = kbvr.plan_export(photo, depth, folder, gltf=True, seconds=2, triangles=2000, overwrite=True, **options)
    content = kbvr.write_export(plan).file.path.read_bytes()
    size = struct.unpack_from("<I", content, 12)[0]
    told, binary = json.loads(content[20 : 20 + size]), content[28 + size :]
    (animation,) = told["animations"]
    (channel,) = (channel for channel in animation["channels"] if channel["target"]["path"] == "translation")
    view = told["bufferViews"][told["accessors"][animation["samplers"][channel["sampler"]]["output"]]["bufferView"]]
    places = np.frombuffer(binary, np.float32, view["byteLength"] // 4, view["byteOffset"]).reshape(-1, 3)
    return float(np.linalg.norm(places - places[0], axis=1).max())


def test_the_camera_of_a_scene_file_has_the_same_limits(tmp_path):
    photo, depth = fence()
    film = shots(photo, depth, kenburns=True, path="dolly", strength="gentle")["kenburns"]
    assert film.move_verdict is not None and film.move_verdict.limited_by is not None
    found_m = glb_reach_m(tmp_path, photo, depth, path="dolly", strength="gentle")
    assert found_m == pytest.approx(max(move.z_m for move in film.moves), rel=0.03)
    assert glb_reach_m(tmp_path, photo, depth, path="dolly", strength="bold") > 1.5 * found_m


@pytest.mark.parametrize(
    ("made", "box_m", "said"),
    [
        (
            fence,
            (0.04, 0.024, 0.032),
            r"head: may move 4 cm to the sides, .*: 40% of the full box, the least that a head needs",
        ),
        (wall, (0.1, 0.06, 0.08), "head: may move 10 cm to the sides, 6 cm up and down, 8 cm back and forth"),
    ],
)
def test_a_head_may_move_as_far_as_the_limits_allow_and_explain_says(made, box_m, said, tmp_path):
    """Before a fence that is the least, before a wall everything; the file says the same."""
    photo, depth = made()
    report = kbvr.write_export(kbvr.plan_export(photo, depth, tmp_path, gltf=True, seconds=2, triangles=2000))
    content = report.file.path.read_bytes()
    told = json.loads(content[20 : 20 + struct.unpack_from("<I", content, 12)[0]])
    assert told["scenes"][0]["extras"]["kbvr"]["head_box_m"] == pytest.approx(box_m)
    (line,) = (line for line in report.explanation if line.startswith("head: "))
    assert re.fullmatch(said, line)


def test_explain_names_the_limit_that_holds(tmp_path):
    lines = explained(*fence(), tmp_path, stereo=True, kenburns=True, strength="gentle")
    moves = [line for line in lines if re.match(r"move: gentle strength, \d+% of its full size, because ", line)]
    assert len(moves) == 2
    limit = r"(objects may shift by at most {} of the width against .*|at most {} of the frame may show .*)"
    assert re.search(r", because " + limit.format("1.3%", "1.8%"), moves[1])
    (parallax,) = (line for line in lines if line.startswith("parallax: "))
    assert re.search(r"; budget 3.0% of the width; \d+% of that, because " + limit.format("0.7%", "0.9%"), parallax)


def test_explain_says_that_a_move_was_not_limited_and_why_a_zoom_is_smaller(tmp_path):
    """A card 75% of the height leaves room for a smaller zoom, and one of 88% is not kept whole."""
    for top, reason in ((20, "so that the subject fits into the frame"), (10, "because the subject fills the frame")):
        inverse_depth = np.full(SIZE_PX[::-1], 0.5)
        inverse_depth[top:-top, 80:160] = 0.55
        lines = explained(*scene(inverse_depth), tmp_path / str(top), kenburns=True)
        assert "move: normal strength, full size, within all limits" in lines
        assert any(line.startswith("zoom: 1.1") and f"instead of 1.25, {reason}" in line for line in lines)


def test_explain_names_the_subject_and_how_to_get_a_larger_move(tmp_path):
    inverse_depth = np.full(SIZE_PX[::-1], 0.5)
    inverse_depth[16:144, 80:160] = 1.0
    lines = explained(*scene(inverse_depth), tmp_path, kenburns=True)
    (told,) = (line for line in lines if line.startswith("subject: "))
    assert re.fullmatch(r"subject: \d+% to \d+% of the width, \d+% to \d+% of the height, 1 m away", told)
    assert [int(n) for n in re.findall(r"(\d+)%", told)] == pytest.approx([33, 67, 10, 90], abs=2)
    lines = explained(*scene(np.full(SIZE_PX[::-1], 0.5)), tmp_path, kenburns=True, overwrite=True)
    assert "subject: none stands out" in lines
    for strength, remedy in (("gentle", "a bolder strength allows more"), ("bold", "a path of your own has no limits")):
        lines = explained(*fence(), tmp_path, kenburns=True, strength=strength, overwrite=True)
        assert any(line.startswith("move: ") and line.endswith(f"; {remedy}") for line in lines)


def test_explain_tells_where_the_camera_goes(tmp_path):
    """A static camera has no farthest place."""
    lines = explained(*fence(), tmp_path, kenburns=True, path="dolly")
    assert any(
        re.fullmatch(r"kenburns: path dolly; farthest from the photo's camera: \d+ mm forward", x) for x in lines
    )
    lines = explained(*fence(), tmp_path, kenburns=True, path="static", overwrite=True)
    assert "kenburns: the camera does not move" in lines


def test_explain_tells_how_long_a_loop_lasts(tmp_path):
    """24 frames of at least 0.02 s; a player shows nothing shorter."""
    photo, depth = fence()
    plan = kbvr.plan_export(photo, depth, tmp_path, max_size=(64, 64), wiggle=True, animate_as="gif", period_s=0.2)
    report = kbvr.write_export(plan)
    (line,) = (line for line in report.explanation if line.startswith("wiggle: "))
    assert line.startswith("wiggle: 13 views, 0.48 s there and back, ")
    assert report.file.seconds == pytest.approx(0.48)


def test_a_move_by_hand_has_no_limit_to_explain(tmp_path):
    lines = explained(*fence(), tmp_path, kenburns=True, zoom=1.3)
    assert not any(line.startswith(("move:", "zoom:")) for line in lines)


def test_strength_is_an_option_of_the_command_line(tmp_path, capsys):
    photo, depth = fence()
    Image.fromarray(photo.rgb).save(tmp_path / "photo.png")
    np.save(tmp_path / "depth.npy", 1 / depth.inverse_depth)
    call = ["export", str(tmp_path / "photo.png"), "--depth", str(tmp_path / "depth.npy"), "--depth-kind", "depth-m"]
    call += ["-o", str(tmp_path), "--kenburns", "--seconds", "0.2", "--max-size", "64x64", "--explain"]
    assert main([*call, "--strength", "gentle"]) == 0
    assert "% of its full size, because " in capsys.readouterr().out
    assert main([*call, "--strength", "wild"]) == 2
    assert "--strength must be one of gentle, normal, bold, got 'wild'" in capsys.readouterr().err
