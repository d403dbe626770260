"""Wiggles and moving anaglyphs of photos: the subject stands still, and a real browser shows them."""

from __future__ import annotations

from itertools import pairwise
from math import asin, pi
from pathlib import Path

import cv2
import numpy as np
import pytest
from browser import told_by_chromium
from decoded import loop_frames
from hypothesis import given
from hypothesis import strategies as st
from scenes import card_before_wall, checkerboard, depth_of

import kbvr
from kbvr.depth.scene_depth import scene_depth_of
from kbvr.errors import InputError, OutputError
from kbvr.making.report import ExportReport
from kbvr.motion.consequences import Landmarks
from kbvr.motion.sway import sideways
from kbvr.options.export_options import ExportOptions
from kbvr.options.outputs import LOOPS
from kbvr.plan.from_options import BUDGETS, budget_of
from kbvr.plan.output_kinds import KINDS

CAT = Path(__file__).parents[2] / "examples" / "cat.jpg"
SUFFIXES = ["gif", "webp", "avif", "mp4", "jpg", "html"]


@pytest.fixture(scope="module")
def wiggle(tmp_path_factory: pytest.TempPathFactory) -> ExportReport:
    """Both loops of a photo, as a person would make them, but small."""
    return kbvr.export(
        CAT, tmp_path_factory.mktemp("out"), wiggle=True, anaglyph=True, views=5, max_size=(240, 240), alt="a cat"
    )


def files_of(report: ExportReport, output: str) -> dict[str, Path]:
    return {one.file.path.suffix[1:]: one.file.path for one in report.written if one.output == output}


def moved_px(before: np.ndarray, after: np.ndarray, at: tuple[int, int], size: int = 40, reach: int = 16) -> float:
    """Return how far a block whose middle is at (x, y) has gone to the right: the best match, to parts of a pixel."""
    (x, y), half = at, size // 2
    rows = np.s_[y - half : y + half]
    block = cv2.cvtColor(before[rows, x - half : x + half], cv2.COLOR_RGB2GRAY)
    strip = cv2.cvtColor(after[rows, x - half - reach : x + half + reach], cv2.COLOR_RGB2GRAY)
    cost = cv2.matchTemplate(strip, block, cv2.TM_SQDIFF)[0].astype(float)
    best = int(np.clip(cost.argmin(), 1, len(cost) - 2))
    low, middle, high = cost[best - 1 : best + 2]
    return best - reach + 0.5 * (low - high) / (low - 2 * middle + high)


@given(st.integers(2, 37))
def test_views_lie_where_a_sine_is_at_even_times(views):
    places = sideways(views)
    assert (places[0], places[-1]) == (-1, pytest.approx(1))
    assert all(after > before for before, after in pairwise(places))
    phases = [asin(max(-1.0, min(1.0, place))) for place in places]
    assert np.diff(phases) == pytest.approx(pi / (views - 1), abs=1e-6)


def test_the_plane_of_a_card_before_a_wall_is_the_cards():
    _, depth = card_before_wall()
    assert Landmarks(scene_depth_of(depth)).subject_inverse_depth == pytest.approx(1.0, abs=0.01)


def test_a_floor_below_and_a_sky_above_are_not_the_subject():
    """A person at 0.6 on a floor that comes nearer; most of the picture is sky."""
    inverse_depth = np.zeros((120, 160))
    inverse_depth[80:] = np.linspace(0.3, 1.0, 40)[:, None]
    inverse_depth[30:98, 65:95] = 0.6
    assert Landmarks(scene_depth_of(depth_of(inverse_depth))).subject_inverse_depth == pytest.approx(0.6, abs=0.04)


@given(st.floats(0, 10))
def test_a_flat_photo_has_a_plane_too(inverse_depth):
    scene_depth = scene_depth_of(depth_of(np.full((8, 9), inverse_depth)))
    assert Landmarks(scene_depth).subject_inverse_depth == pytest.approx(inverse_depth, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("convergence_m", [None, 1.0, 4.0])
def test_the_subject_of_an_exact_scene_stands_still(tmp_path, convergence_m):
    """Everything else moves as far as the budget allows, in the opposite direction behind the plane."""
    rgb, inverse_depth = checkerboard(480, 400, cell=5), np.full((400, 480), 0.25)
    rgb[120:280, 160:320] = 255 - checkerboard(160, 160, cell=7)
    inverse_depth[120:280, 160:320] = 1.0
    cv2.imwrite(str(tmp_path / "card.png"), rgb)
    np.save(tmp_path / "card.npy", 1 / inverse_depth)
    report = kbvr.export(
        tmp_path / "card.png",
        tmp_path,
        wiggle=True,
        depth=tmp_path / "card.npy",
        depth_kind="depth-m",
        views=2,
        budget_percent=2,
        convergence_m=convergence_m,
        animate_as="webp",
    )
    left, right = loop_frames(report.file.path)
    card, wall = moved_px(left, right, (240, 200), size=80), moved_px(left, right, (80, 60), size=80)
    whole = 0.02 * 480 * 1.03
    if convergence_m == 4.0:
        assert (card, wall) == (pytest.approx(-whole, abs=0.7), pytest.approx(0, abs=0.5))
    else:
        assert (card, wall) == (pytest.approx(0, abs=0.5), pytest.approx(whole, abs=0.7))


def test_the_subject_of_a_photo_stands_still_and_its_background_moves(tmp_path):
    report = kbvr.export(CAT, tmp_path, wiggle=True, views=2, animate_as="avif")
    left, right = loop_frames(report.file.path)
    for between_the_eyes in ((210, 110), (240, 140)):
        assert abs(moved_px(left, right, between_the_eyes)) < 0.5
    assert moved_px(left, right, (410, 200)) > 4


def test_the_loops_have_their_names_and_sizes(wiggle):
    for output, ending in (("wiggle", "_kbvr_wiggle"), ("anaglyph", "_kbvr_moving_anaglyph")):
        files = files_of(wiggle, output)
        assert [path.name for path in files.values()] == [f"cat{ending}.{suffix}" for suffix in SUFFIXES]
        assert all(path.is_file() for path in files.values())
    assert {one.file.size_px for one in wiggle.written} == {(240, 158)}
    assert {one.file.frames for one in wiggle.written if one.item.format in ("gif", "webp", "avif")} == {8}
    assert wiggle.stereo["baseline_m"] > 0


def test_a_moving_anaglyph_shows_red_left_and_cyan_right(wiggle):
    """Through glasses the still is a pair: red and green disagree by the parallax."""
    still = cv2.imread(str(files_of(wiggle, "anaglyph")["jpg"]))[..., ::-1]
    red, green = (np.dstack([still[..., channel]] * 3) for channel in (0, 1))
    background = moved_px(red, green, (218, 100), size=30, reach=6)
    assert 1 < background <= wiggle.stereo["farthest_parallax_px"] + 0.7


@pytest.mark.parametrize("output", LOOPS)
@pytest.mark.parametrize("suffix", SUFFIXES[:4])
def test_no_loop_of_a_photo_jumps(wiggle, output, suffix):
    pictures = np.stack(loop_frames(files_of(wiggle, output)[suffix])).astype(int)
    steps = np.abs(np.diff(np.concatenate([pictures, pictures[:1]]), axis=0)).mean(axis=(1, 2, 3))
    assert steps[-1] <= 1.2 * steps[:-1].max()  # WebP's first picture is coded anew


SEEN = """
  const told = {files: {}, colours: {}};
  const pen = new OffscreenCanvas(24, 16).getContext("2d");
  pen.imageSmoothingQuality = "high";
  for (const [name, type] of [NAMES]) {
    const decoder = new ImageDecoder({data: await (await fetch(name)).arrayBuffer(), type});
    await decoder.tracks.ready;
    await decoder.completed;
    const {frameCount, repetitionCount} = decoder.tracks.selectedTrack;
    const {image} = await decoder.decode({frameIndex: 1});
    pen.drawImage(image, 0, 0, 24, 16);
    told.colours[type] = Array.from(pen.getImageData(0, 0, 24, 16).data);
    told.files[type] = [frameCount, String(repetitionCount), image.duration, image.displayWidth, image.displayHeight];
  }
  const video = document.createElement("video");
  const loaded = new Promise((good, bad) => { video.onloadeddata = good; video.onerror = bad; });
  video.src = "cat_kbvr_wiggle.mp4";
  await loaded;
  pen.drawImage(video, 0, 0, 24, 16);
  told.colours["video/mp4"] = Array.from(pen.getImageData(0, 0, 24, 16).data);
  told.video = [video.videoWidth, video.videoHeight, video.duration];
  const shown = document.querySelector("img");
  await shown.decode();
  const {naturalWidth, clientWidth, clientHeight, alt} = shown;
  told.shown = [shown.currentSrc.split("/").pop(), naturalWidth, clientWidth, clientHeight, alt];
  return told;
""".replace("NAMES", ", ".join(f'["cat_kbvr_wiggle.{name}", "image/{name}"]' for name in SUFFIXES[:3]))


@pytest.mark.parametrize(("flag", "shown"), [(None, "avif"), ("--force-prefers-reduced-motion", "jpg")])
def test_chromium_shows_the_loops_and_their_html(wiggle, flag, shown):
    files = files_of(wiggle, "wiggle")
    told = told_by_chromium(files["html"].parent, files["html"].read_text("utf-8"), SEEN, *([flag] if flag else []))
    assert told["files"] == {f"image/{name}": [8, "Infinity", 250_000, 240, 158] for name in SUFFIXES[:3]}
    wanted = (
        cv2.resize(loop_frames(files["webp"])[1], (24, 16), interpolation=cv2.INTER_AREA).reshape(-1, 3).astype(int)
    )
    for kind, colours in told["colours"].items():
        found = np.reshape(colours, (-1, 4))[:, :3]
        assert np.abs(found - wanted).mean() < 4, kind
        assert np.polyfit(wanted.ravel(), found.ravel(), 1)[0] == pytest.approx(1, abs=0.05), f"contrast of {kind}"
    (video,) = (one.file for one in wiggle.written if one.output == "wiggle" and one.item.format == "clip")
    assert told["video"] == [240, 158, pytest.approx(video.seconds, abs=0.05)]
    assert told["shown"] == [f"cat_kbvr_wiggle.{shown}", 240, 240, 158, "a cat"]


def test_chromium_plays_the_html_of_a_video_alone_and_respects_reduced_motion(wiggle, tmp_path):
    report = kbvr.export(CAT, tmp_path, wiggle=True, max_size=(240, 240), animate_as="mp4")
    html = report.written[-1].file.path.read_text("utf-8")
    script = """
      const video = document.querySelector("video");
      for (let tries = 0; tries < 100 && !(video.currentTime > 0.2); tries++) await new Promise(r => setTimeout(r, 50));
      return {source: video.currentSrc.split("/").pop(), played: video.currentTime > 0.2, loop: video.loop};
    """
    assert told_by_chromium(tmp_path, html, script) == {"source": "cat_kbvr_wiggle.mp4", "played": True, "loop": True}
    resting = told_by_chromium(tmp_path, html, script, "--force-prefers-reduced-motion")
    assert resting == {"source": "", "played": False, "loop": True}


@pytest.mark.parametrize(
    ("photo", "wanted"),
    [((4000, 3000), (720, 540)), ((1, 5000), (2, 720)), ((16, 16), (16, 16)), ((17, 33), (16, 32))],
)
def test_loops_have_the_size_of_a_blogs_column(photo, wanted):
    assert KINDS["wiggle"].view_px(photo, ExportOptions(wiggle=True)) == wanted


@pytest.mark.parametrize("size_px", [(16, 16), (16, 900), (33, 17), (60, 301)])
def test_photos_of_any_shape_make_loops(tmp_path, size_px):
    width, height = size_px
    picture = np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "odd_name.png"), picture)
    report = kbvr.export(tmp_path / "odd_name.png", tmp_path, wiggle=True, views=3, max_size=(100, 100))
    assert len(report.written) == 6
    assert {one.file.size_px for one in report.written} == {
        KINDS["wiggle"].view_px(size_px, ExportOptions(max_size=(100, 100)))
    }
    assert 'alt="odd name"' in report.written[-1].file.path.read_text("utf-8")


def test_the_choices_are_explained(wiggle):
    told = "\n".join(wiggle.explanation)
    assert "wiggle: 5 views, 2 s there and back, swinging around" in told
    assert "anaglyph: 5 views, 2.4 s there and back" in told
    assert f"budget {BUDGETS['anaglyph']:.1%} of the width" in told


@pytest.mark.parametrize(
    ("options", "views", "period_s"),
    [({}, 13, 2.0), ({"views": 2}, 2, 0.22), ({"views": 5}, 5, 2.0), ({"views": 2, "period_s": 1}, 2, 1.0)],
)
def test_a_wiggle_swings_smoothly_unless_two_views_are_asked_for(options, views, period_s):
    """By default, nothing moves by more than 3 px from picture to picture in a blog's column."""
    rgb, depth = card_before_wall()
    photo = kbvr.photo_from_array(cv2.resize(rgb.rgb, (720, 480)))
    deep = kbvr.DepthMap(cv2.resize(depth.inverse_depth, (720, 480)), f_px=photo.f_px, metric=True)
    (shot,) = kbvr.plan_export(photo, deep, wiggle=True, **options).shots
    assert (len(shot.moves), shot.period_s) == (views, period_s)
    steps_px = np.abs(np.diff([move.x_m for move in shot.moves])) * photo.f_px
    spread_px = steps_px * (deep.inverse_depth.max() - deep.inverse_depth.min())
    assert spread_px.sum() == pytest.approx(0.025 * 720, rel=0.05), "the budget of wiggles"
    assert (spread_px.max() < 3) == (views >= 13)


def test_only_what_is_asked_for_is_written(tmp_path):
    report = kbvr.export(CAT, tmp_path, wiggle=True, views=2, animate_as="webp", max_size=(64, 64))
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"cat_kbvr_wiggle.{x}" for x in ("html", "jpg", "webp")]
    with pytest.raises(OutputError, match=r"cat_kbvr_wiggle\.webp already exists"):
        kbvr.export(CAT, tmp_path, wiggle=True, animate_as="gif,webp")
    assert report.file.frames == 2
    assert report.file.seconds == pytest.approx(0.22)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"wiggle": True, "path": "orbit"}, "path requires a video or a scene"),
        ({"wiggle": True, "anaglyph": True, "seconds": 3.0}, "seconds requires a video or a scene"),
        ({"anaglyph": True, "fps": 12.0}, "fps requires a video or a scene"),
        ({"kenburns": True, "baseline_mm": 100}, "baseline_mm requires a stereo output"),
    ],
)
def test_options_without_effect_are_refused(bad, said):
    with pytest.raises(InputError, match=said):
        ExportOptions(**bad)


def test_each_output_has_its_own_budget_unless_one_is_given():
    own = {output: budget_of(output, ExportOptions()) for output in ("stereo", "still", *LOOPS)}
    assert own == {"stereo": 0.03, "still": 0.03, "wiggle": 0.025, "anaglyph": 0.02}
    assert {budget_of(output, ExportOptions(budget_percent=1)) for output in BUDGETS} == {0.01}
