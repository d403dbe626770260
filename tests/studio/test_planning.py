"""Plans as the page plays them are those of exports; a click on the photo gives options."""

from __future__ import annotations

from pathlib import Path
from time import thread_time
from typing import Any

import numpy as np
import pytest
from scenes import depth_of, photo_of

import kbvr
from kbvr.errors import OptionsError
from kbvr.formats.packing.anaglyph import matrices
from kbvr.geometry.camera import camera_of_photo
from kbvr.studio.answers import in_words
from kbvr.studio.open_project import OpenProject
from kbvr.studio.option_texts import PREVIEWS
from kbvr.studio.picking import place_at
from kbvr.studio.planning import MAX_INSTANTS_A_S, plan_state

WIDTH, HEIGHT = 240, 160


@pytest.fixture(scope="module")
def project() -> OpenProject:
    """A near card before a wall, with lines on both."""
    rng = np.random.default_rng(1)
    rgb = rng.integers(0, 255, (HEIGHT // 8, WIDTH // 8, 3), np.uint8).repeat(8, 0).repeat(8, 1)
    inverse_depth = np.full((HEIGHT, WIDTH), 0.2, np.float32)
    inverse_depth[60:, 130:190] = 0.5
    return OpenProject(Path(), photo_of(rgb), depth_of(inverse_depth), options=dict, depth_changed=lambda: None)


def exported(project: OpenProject, output: str, options: dict[str, str]) -> Any:
    """Return the shot that an export would have."""
    chosen: dict[str, Any] = {"still": "sbs"} if output == "still" else {output: True}
    return kbvr.plan_export(project.photo, project.depth, **chosen, **options).shots[0]


CHOICES = (
    {},
    {"strength": "bold", "screen": "phone"},
    {"budget_percent": "1.5", "max_size": "320x240"},
    {"aperture_percent": "2", "focus": "20,30%", "vignette": "0.5"},
)


@pytest.mark.parametrize("output", PREVIEWS)
@pytest.mark.parametrize("options", CHOICES, ids=range(len(CHOICES)))
def test_the_cameras_of_a_plan_are_those_of_the_export(project, output, options):
    """Exactly."""
    state, shot = plan_state(project, output, options), exported(project, output, options)
    assert tuple(state["size_px"]) == shot.view.size_px
    assert len(state["instants"]) == len(shot.instants)
    for told, eyes in zip(state["instants"], shot.instants, strict=True):
        for camera, exact in zip(told, eyes, strict=True):
            assert (camera["f_px"], camera["cx_px"], camera["cy_px"]) == (exact.f_px, exact.cx_px, exact.cy_px)
            world_from_camera = np.vstack([np.reshape(camera["world_from_camera"], (3, 4)), [0, 0, 0, 1]])
            np.testing.assert_allclose(world_from_camera @ exact.camera_from_world, np.eye(4), atol=1e-12)
    assert state["baseline_m"] == (shot.rig.baseline_m if shot.rig else None)
    assert (state["lens"] is None) == (shot.lens is None)


@pytest.mark.parametrize("options", [{}, {"path": "orbit"}])
def test_a_crop_to_an_aspect_ratio_shows_the_same_points(project, options):
    """The page draws the whole photo's scene; the export has the crop's, whose optical axis is in its own middle."""
    options = {"aspect": "1:1", **options}
    state, shot = plan_state(project, "kenburns", options), exported(project, "kenburns", options)
    left, top, width, height = state["crop"]
    assert (width * WIDTH, height * HEIGHT) == (HEIGHT, HEIGHT)
    whole = camera_of_photo((WIDTH, HEIGHT), project.photo.f_px)
    pixels = np.array([[left * WIDTH + 10.5, 20.5], [left * WIDTH + 140.5, 150.5]])
    for told, (exact,) in zip(state["instants"][::30], shot.instants[::30], strict=True):
        camera_from_world = np.linalg.inv(np.vstack([np.reshape(told[0]["world_from_camera"], (3, 4)), [0, 0, 0, 1]]))
        for (x, y), depth_m in zip(pixels, (2.0, 5.0), strict=True):
            ray = np.array([(x - whole.cx_px) / whole.f_px, (y - whole.cy_px) / whole.f_px, 1.0])
            in_whole = camera_from_world @ np.append(ray * depth_m, 1)
            seen = told[0]["f_px"] * in_whole[:2] / in_whole[2] + (told[0]["cx_px"], told[0]["cy_px"])
            x_in_crop, y_in_crop = x - left * WIDTH - HEIGHT / 2, y - top * HEIGHT - HEIGHT / 2
            in_crop = exact.camera_from_world @ [
                x_in_crop / whole.f_px * depth_m,
                y_in_crop / whole.f_px * depth_m,
                depth_m,
                1,
            ]
            expected = exact.f_px * in_crop[:2] / in_crop[2] + (exact.cx_px, exact.cy_px)
            np.testing.assert_allclose(seen, expected, atol=1e-6)


def test_comfort_is_told_with_its_limits(project):
    state = plan_state(project, "stereo", {"screen": "tv"})
    comfort, histogram = state["comfort"], state["histogram"]
    assert comfort["is_comfortable"]
    assert comfort["nearest_percent"] < comfort["farthest_percent"] < 1.001 * comfort["limit_percent"]
    assert sum(histogram["share"]) == pytest.approx(1)
    assert len(histogram["parallax_percent"]) == len(histogram["share"]) + 1
    low, high = histogram["limits"]
    assert low == pytest.approx(-comfort["limit_percent"])
    assert 0 < high < 1.001 * comfort["limit_percent"]
    baseline_mm = f"{4000 * state['baseline_m']:.0f}"
    strained = plan_state(project, "stereo", {"baseline_mm": baseline_mm, "screen": "tv"})["comfort"]
    assert not strained["is_comfortable"]
    assert strained["share_beyond_limit"] > 0


def test_a_plan_says_what_was_chosen_and_what_has_no_effect(project):
    state = plan_state(project, "wiggle", {"seconds": "3", "path": "orbit"})
    assert state["warnings"] == ["Camera move, Length have no effect here."]
    assert any(line.startswith("wiggle: ") for line in state["explanation"])
    assert state["explanation"][0].startswith(f"photo: {WIDTH}x{HEIGHT}, ")
    assert "degrees field of view, " in state["explanation"][0]
    assert plan_state(project, "kenburns", {"seconds": "3"})["warnings"] == []


def test_loops_say_how_fast_they_swing(project):
    """There and back in a period."""
    state = plan_state(project, "wiggle", {"views": "7", "period_s": "1.2"})
    assert state["is_loop"]
    assert state["period_s"] == 1.2
    assert len(state["instants"]) == 7
    assert state["fps"] == pytest.approx(12 / 1.2)


@pytest.mark.parametrize("output", ["anaglyph", "stereo"])
@pytest.mark.parametrize(("glasses", "colours"), [("red-cyan", "gray"), ("amber-blue", "dubois")])
def test_coloured_glasses_are_those_that_were_chosen(project, output, glasses, colours):
    """For every output: the page shows all of them so."""
    state = plan_state(project, output, {"glasses": glasses, "anaglyph_colours": colours})
    assert state["anaglyph"] == [matrix.ravel().tolist() for matrix in matrices(colours, glasses)]


def test_fast_videos_are_told_at_a_rate_that_screens_show(project):
    state = plan_state(project, "kenburns", {"fps": "120", "seconds": "2"})
    assert state["fps"] == MAX_INSTANTS_A_S
    assert len(state["instants"]) == 2 * MAX_INSTANTS_A_S


@pytest.mark.parametrize(
    ("output", "options", "message"),
    [
        ("kenburns", {"zoom": "9", "path": "orbit"}, "Zoom requires Camera move kenburns, got orbit"),
        (
            "stereo",
            {"budget_percent": "99"},
            "Amount of depth must be above 0 and at most 15 percent of the width, got '99'",
        ),
        ("stereo", {"max_mb": "1", "quality": "5"}, "Quality and Largest file size cannot be combined"),
        ("kenburns", {"from_crop": "0,0,900,900"}, None),
    ],
)
def test_what_cannot_be_planned_is_said_with_labels(project, output, options, message):
    """Never with flags or Python's names."""
    with pytest.raises(kbvr.InputError) as caught:
        plan_state(project, output, options)
    words = in_words(caught.value)
    assert "--" not in words
    assert not [name for name in options if "_" in name and name in words]
    if message and isinstance(caught.value, OptionsError):
        assert words == message


def test_a_plan_follows_the_depth(project):
    """What is kept for speed is of the current depth."""
    other = OpenProject(Path(), project.photo, project.depth, options=dict, depth_changed=lambda: None)
    before = plan_state(other, "stereo", {})["convergence_m"]
    other.set_depth(depth_of(project.depth.inverse_depth * 2))
    assert plan_state(other, "stereo", {})["convergence_m"] == pytest.approx(before / 2)
    assert other.depth_revision == 2
    assert other.is_mended


def test_a_plan_is_quick_once_the_photo_is_known(project):
    """In time of a processor, with a wide margin; `python -m bench.studio` has the figures."""
    for output in PREVIEWS:
        plan_state(project, output, {})
        start_s = thread_time()
        plan_state(project, output, {"strength": "bold"})
        assert thread_time() - start_s < 0.5


@pytest.mark.parametrize(("place", "depth_m"), [((0.66, 0.7), 2.0), ((0.1, 0.1), 5.0)])
def test_a_click_puts_the_screen_plane_there(project, place, depth_m):
    picked = place_at(project, place, {})
    assert picked["depth_m"] == pytest.approx(depth_m)
    state = plan_state(project, "stereo", picked["parallax_zero_option"])
    assert state["convergence_m"] == pytest.approx(depth_m, rel=1e-4)


@pytest.mark.parametrize("options", [{}, {"aspect": "1:1"}, {"aperture_percent": "0"}, {"aperture_percent": "3"}])
def test_a_click_puts_the_focus_there(project, options):
    """In a crop too, where places are those of the crop."""
    picked = place_at(project, (0.66, 0.7), options)
    state = plan_state(project, "kenburns", {**options, **picked["focus_option"]})
    assert state["lens"]["focus_m"] == pytest.approx(2, rel=1e-3)
