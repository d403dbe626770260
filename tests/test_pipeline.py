"""The whole product: one photo in, a stereo video out that keeps every promise it makes."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from scenes import card_before_wall

import kbvr
from kbvr import pipeline
from kbvr.depth.scene_depth import scene_depth_of
from kbvr.errors import InputError, OutputError
from kbvr.formats.video import write_video as video
from kbvr.ldi.scene import build_scene
from kbvr.making import run
from kbvr.motion.consequences import Landmarks
from kbvr.motion.crop import Crop
from kbvr.motion.path_names import PATH_NAMES, Steps
from kbvr.motion.view import OVERSCAN, view_of
from kbvr.options.export_options import ExportOptions
from kbvr.photo.photo import photo_from_array
from kbvr.pipeline import export_photo
from kbvr.plan.from_options import check_options
from kbvr.plan.memory_budget import export_bytes
from kbvr.plan.output_kinds import KINDS, chosen_kinds
from kbvr.plan.shots import reaches_m
from kbvr.profiles.layers import Layers
from kbvr.rendering.cpu_renderer import Renderer
from kbvr.stereo.rig import eye_row, plan_rig

EXAMPLES = Path(__file__).parents[1] / "examples"
TEMPLE = EXAMPLES / "temple.jpg"


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A short film of the example photo, made as a person would."""
    out = tmp_path_factory.mktemp("out")
    return kbvr.export(TEMPLE, out, stereo=True, seconds=0.8)


def frames_of(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def probe(path: Path, *what: str) -> dict:
    command = ["ffprobe", "-v", "error", "-of", "json", *what, str(path)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_ffprobe_sees_a_stereo_video(exported):
    stream = probe(exported.file.path, "-show_streams")["streams"][0]
    assert stream["codec_name"] == "h264"
    assert stream["pix_fmt"] == "yuv420p"
    assert stream["color_space"] == stream["color_primaries"] == stream["color_transfer"] == "bt709"
    assert (stream["width"], stream["height"]) == (1280, 426)
    assert int(stream["nb_frames"]) == 20
    first = probe(exported.file.path, "-show_frames", "-read_intervals", "%+#1")["frames"][0]
    assert "Stereo 3D" in {side["side_data_type"] for side in first["side_data_list"]}
    assert exported.file.path.name.endswith("_LR.mp4")


def test_left_and_right_differ_by_the_stated_parallax(exported):
    """Block matching between the eyes finds disparities within the range that the report states."""
    frame = frames_of(exported.file.path)[10]
    left, right = (cv2.cvtColor(eye, cv2.COLOR_RGB2GRAY) for eye in np.split(frame, 2, axis=1))
    nearest, farthest = exported.stereo["nearest_parallax_px"], exported.stereo["farthest_parallax_px"]
    matcher = cv2.StereoSGBM.create(-32, 64, blockSize=9, P1=200, P2=2000, disp12MaxDiff=1, uniquenessRatio=20)
    disparity = matcher.compute(left, right).astype(float) / 16
    detail = cv2.GaussianBlur(np.abs(cv2.Sobel(left, cv2.CV_32F, 1, 0)), (0, 0), 4)
    parallax = -disparity[(disparity > -32) & (detail > 25)]
    low, high = np.percentile(parallax, (2, 98))
    assert parallax.size > 10_000
    assert nearest - 1.5 <= low <= nearest + 6
    assert farthest - 6 <= high <= farthest + 1.5


@pytest.mark.parametrize("inverse_depth", [1.0, 0.25])
def test_parallax_of_an_exact_scene_is_exact(inverse_depth):
    """The card's edges and the wall stand where f b (1/z0 - 1/z) says, to half a pixel."""
    photo, depth = card_before_wall()
    scene = build_scene(photo, depth)
    scene_depth = scene_depth_of(depth)
    view = replace(view_of(scene_depth, (240, 200)), f_px=200.0)
    rig = plan_rig(scene_depth, view, convergence_m=1 / inverse_depth)
    left, right = eye_row(view, rig, 2)
    with Renderer(scene, pixels_per_photo_px=2.0) as renderer:
        pictures = [renderer.frame(camera)[100].astype(float) for camera in (left, right)]
    edges = [
        np.interp(0, (row[70:100, 0] - 110)[np.argsort(row[70:100, 0])], np.argsort(row[70:100, 0]) + 70)
        for row in pictures
    ]
    wanted = 200 * rig.baseline_m * (inverse_depth - 1.0)
    assert edges[1] - edges[0] == pytest.approx(wanted, abs=0.6)


def test_no_frame_has_a_black_border_or_a_jump_at_the_seam(exported):
    """Borders are as bright as the photo's own; last to first frame changes no more than frame to frame."""
    frames = np.stack(frames_of(exported.file.path)).astype(int)
    photo = cv2.imread(str(TEMPLE)).astype(int)[None]
    for eye in np.split(frames, 2, axis=2):
        for side in (np.s_[:, :, :3], np.s_[:, :, -3:], np.s_[:, :3], np.s_[:, -3:]):
            assert eye[side].mean() > 0.7 * photo[side].mean()
    steps = np.abs(np.diff(np.concatenate([frames, frames[:1]]), axis=0)).mean(axis=(1, 2, 3))
    assert steps[-1] <= steps[:-1].max() * 1.5 + 0.5


@pytest.fixture(scope="module")
def cat():
    photo = kbvr.load_photo(EXAMPLES / "cat.jpg")
    return photo, kbvr.estimate_depth(photo)


@pytest.mark.parametrize("path", [name for name in PATH_NAMES if name not in ("keyframes", "flight")])
def test_the_default_paths_leave_nothing_uncovered(path, cat):
    """One or both eyes of every path see a layer at all but a few pixels in ten thousand."""
    photo, depth = cat
    scene_depth = scene_depth_of(depth)
    view = view_of(scene_depth, (450, 298))
    options = ExportOptions(stereo=True, kenburns=True, path=path, seconds=0.16)
    landmarks = Landmarks(scene_depth, photo.rgb)
    films = [kind.plan(kind.items("a", Path(), options), landmarks, view, options) for kind in chosen_kinds(options)]
    scene = build_scene(photo, depth, **reaches_m(films, scene_depth))
    with Renderer(scene) as renderer:
        for film in films:
            for camera in (camera for eyes in film.instants for camera in eyes):
                _, holes = renderer.frame_and_holes(camera)
                assert holes <= 450 * 298 * 4e-4


def test_the_long_flight_leaves_no_frame_black_and_stops(tmp_path):
    """Shift 10, zoom 1e55, steps 0:8: every frame is a picture, and the last ones hardly move."""
    options = {"shift_px": 10.0, "zoom": 1e55, "steps": Steps(0, 8, 24)}
    report = kbvr.export(EXAMPLES / "cat.jpg", tmp_path, kenburns=True, **options)
    frames = np.stack(frames_of(report.file.path)).astype(int)
    photo = cv2.imread(str(EXAMPLES / "cat.jpg"))
    assert len(frames) == 24
    assert (frames.mean(axis=(1, 2, 3)) > 0.5 * photo.mean()).all()
    assert (frames.max(axis=3) < 8).mean(axis=(1, 2)).max() < 0.02
    steps = np.abs(np.diff(frames, axis=0)).mean(axis=(1, 2, 3))
    assert steps[-1] < 0.4 * steps.max()


def test_plain_and_stereo_videos_are_written_together(tmp_path):
    """One call, one estimate, two files; the plain one has one picture a frame and no packing."""
    report = kbvr.export(EXAMPLES / "cat.jpg", tmp_path, stereo=True, kenburns=True, seconds=0.2)
    assert [one.file.path.name for one in report.written] == ["cat_kbvr_LR.mp4", "cat_kbvr.mp4"]
    assert [one.file.size_px for one in report.written] == [(900, 300), (450, 300)]
    first = probe(report.written[1].file.path, "-show_frames", "-read_intervals", "%+#1")["frames"][0]
    assert "Stereo 3D" not in {side["side_data_type"] for side in first.get("side_data_list", [])}


def test_a_film_that_comes_back_is_the_same_whether_or_not_its_frames_are_kept(tmp_path, monkeypatch):
    """Frames on the way back are not drawn, and the encoder gets what it gets when all are drawn."""
    drawn, given = [], []
    frames, repeat = Renderer.frames, video.repeated

    def counted(self, cameras):
        cameras = list(cameras)
        drawn.append(len(cameras))
        return frames(self, cameras)

    def noted(pictures, sources):
        for picture in repeat(pictures, sources):
            given.append(picture.to_ndarray())
            yield picture

    monkeypatch.setattr(Renderer, "frames", counted)
    monkeypatch.setattr(video, "repeated", noted)
    for kept_bytes in (2**28, 0):
        monkeypatch.setattr(run, "repeats_bytes", lambda *_, kept=kept_bytes: kept)
        kbvr.export(EXAMPLES / "cat.jpg", tmp_path, stereo=True, kenburns=True, seconds=0.48, overwrite=True)
    assert drawn == [2 * 7, 7, 2 * 12, 12]
    assert len(given) == 4 * 12
    assert all((one == other).all() for one, other in zip(given[:24], given[24:], strict=True))


def test_a_crop_by_hand_is_what_the_film_ends_with(tmp_path):
    """Between the photo's quarter, enlarged, and the last frame there is next to no difference where depth is flat."""
    picture = cv2.resize(np.random.default_rng(1).integers(0, 255, (12, 16, 3), np.uint8), (320, 240))
    cv2.imwrite(str(tmp_path / "flat.png"), picture)
    np.save(tmp_path / "flat.npy", np.full((240, 320), 2.0, np.float32))
    report = kbvr.export(
        tmp_path / "flat.png",
        tmp_path,
        kenburns=True,
        depth=tmp_path / "flat.npy",
        depth_kind="depth-m",
        from_crop=Crop(0, 0, 320, 240),
        to_crop=Crop(80, 120, 160, 120),
        loop=False,
        seconds=0.4,
    )
    frames = frames_of(report.file.path)
    for frame, part in ((frames[0], picture), (frames[-1], picture[120:240, 80:240])):
        wanted = cv2.resize(part[..., ::-1], (320, 240), interpolation=cv2.INTER_CUBIC).astype(int)
        assert np.abs(frame[8:-8, 8:-8].astype(int) - wanted[8:-8, 8:-8]).mean() < 4


def test_the_subject_is_put_where_it_is_wanted(tmp_path, cat, caplog):
    photo, depth = cat
    moved = Layers(ExportOptions(subject_distance_m=4.0)).depth(photo)
    before, after = (Landmarks(scene_depth_of(one), photo.rgb) for one in (depth, moved))
    assert after.subject_m == pytest.approx(4.0, rel=1e-4)
    assert np.allclose(moved.inverse_depth * before.subject_inverse_depth, depth.inverse_depth / 4)
    assert not caplog.records


def test_metres_from_a_file_are_kept_and_that_is_said(tmp_path, caplog):
    photo, depth = card_before_wall()
    np.save(tmp_path / "card.npy", 1 / depth.inverse_depth)
    options = ExportOptions(depth=tmp_path / "card.npy", depth_kind="depth-m", subject_distance_m=9.0)
    assert np.allclose(Layers(options).depth(photo).inverse_depth, depth.inverse_depth)
    assert "subject_distance_m has no effect: the depth is already in metres" in caplog.text


def test_a_depth_file_takes_the_place_of_the_network(tmp_path):
    photo, depth = card_before_wall()
    cv2.imwrite(str(tmp_path / "card.png"), photo.rgb[..., ::-1])
    np.save(tmp_path / "card.npy", 1 / depth.inverse_depth)
    report = kbvr.export(
        tmp_path / "card.png", tmp_path, depth=tmp_path / "card.npy", depth_kind="depth-m", seconds=0.2
    )
    assert "metric, from the file" in " ".join(report.explanation)
    assert "fill: patches" in report.explanation
    assert report.stereo["nearest_parallax_px"] < 0 < report.stereo["farthest_parallax_px"]


def test_nothing_is_overwritten_unless_asked(tmp_path):
    target = tmp_path / "cat_kbvr_LR.mp4"
    target.write_bytes(b"precious")
    with pytest.raises(OutputError, match="exists"):
        kbvr.export(EXAMPLES / "cat.jpg", tmp_path, seconds=0.2)
    assert target.read_bytes() == b"precious"
    report = kbvr.export(EXAMPLES / "cat.jpg", tmp_path, seconds=0.2, overwrite=True)
    assert report.file.path.stat().st_size == report.file.bytes > 1000


@pytest.mark.parametrize("eye", [(16, 16), (17, 33), (300, 40), (40, 301)])
def test_small_and_odd_photos_work(tmp_path, eye):
    width, height = eye
    picture = np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "small.png"), picture)
    report = kbvr.export(tmp_path / "small.png", tmp_path, seconds=0.1)
    assert report.file.size_px == (width // 2 * 2 * 2, height // 2 * 2)


def test_a_half_width_video_is_half_as_wide(tmp_path):
    report = kbvr.export(EXAMPLES / "cat.jpg", tmp_path, layout="sbs-half", seconds=0.2)
    assert report.file.size_px == (448, 300)


@pytest.mark.parametrize(
    ("photo", "most", "wanted"),
    [
        ((4000, 3000), (1920, 1080), (1440, 1080)),
        ((640, 427), (1920, 1080), (640, 426)),
        ((3000, 4000), (1920, 1080), (810, 1080)),
        ((1921, 1081), (1920, 1080), (1918, 1078)),
    ],
)
def test_an_eye_is_never_larger_than_asked_or_than_the_photo(photo, most, wanted):
    width, height = KINDS["stereo"].view_px(photo, ExportOptions(max_size=most))
    assert (width, height) == pytest.approx(wanted, abs=2)
    assert width % 2 == height % 2 == 0


@pytest.mark.parametrize(
    "bad",
    [
        {"path": "loop"},
        {"layout": "tb,tb"},
        {"layout": "over"},
        {"seconds": 0.0},
        {"fps": 1000.0},
        {"budget_percent": 0.0},
        {"threads": 0},
        {"near_m": -1.0},
        {"near_m": 1e-38},
        {"baseline_mm": 1e9},
        {"convergence_m": 0.001},
        {"fov_deg": float("nan")},
        {"depth_kind": "depth-m"},
        {"max_size": (8, 8)},
        {"stereo": False},
        {"still": ()},
        {"still": ("sbs", "sbs")},
        {"still": "hologram"},
        {"near_m": 1.0, "subject_distance_m": 2.0},
        {"subject_distance_m": 0.0},
        {"from_crop": Crop(0, 0, 1, 1)},
    ],
)
def test_options_that_cannot_be_are_refused_at_once(bad):
    with pytest.raises(InputError):
        check_options(ExportOptions(**bad))


def test_an_export_without_any_output_or_with_an_unknown_option_is_refused(tmp_path):
    with pytest.raises(InputError, match="stereo"):
        kbvr.export(TEMPLE, tmp_path, stereo=False)
    with pytest.raises(InputError, match="colour"):
        kbvr.export(TEMPLE, tmp_path, colour="blue")


def test_progress_is_told_of_every_stage(tmp_path):
    told = []
    export_photo(EXAMPLES / "cat.jpg", tmp_path, ExportOptions(seconds=0.2), progress=lambda *what: told.append(what))
    assert [stage for stage, done, total in told if done == total] == ["depth", "layers", "frames"]


def test_the_stages_can_be_called_by_themselves():
    photo = kbvr.load_photo(EXAMPLES / "cat.jpg")
    scene = kbvr.build_scene(photo, kbvr.estimate_depth(photo))
    pictures = list(kbvr.render(scene, [scene.camera, scene.camera.moved(x_m=0.02)]))
    assert [picture.shape for picture in pictures] == [photo.rgb.shape] * 2
    error = pictures[0].astype(float) - photo.rgb
    assert 10 * np.log10(255**2 / (error**2).mean()) > 34


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"keyframes": Path("none.json")}, r"none\.json"),
        ({"from_crop": Crop(0, 0, 9, 9), "to_crop": Crop(400, 0, 99, 9)}, "inside the photo"),
    ],
)
def test_a_camera_path_that_cannot_be_is_told_before_the_depth_is_estimated(tmp_path, monkeypatch, options, said):
    monkeypatch.setattr(Layers, "depth", lambda *_: pytest.fail("the depth was estimated"))
    with pytest.raises(InputError, match=said):
        kbvr.export(EXAMPLES / "cat.jpg", tmp_path, kenburns=True, **options)


def test_a_crop_in_pixels_is_the_photos_own_when_memory_makes_the_photo_smaller(tmp_path, monkeypatch):
    """The profile is handed half a photo; the crop still ends inside it."""

    def halved(photo, *_, **__):
        return photo_from_array(cv2.resize(photo.rgb, None, fx=0.5, fy=0.5), f_px=photo.f_px / 2), None

    monkeypatch.setattr(pipeline, "within_memory", halved)
    crops = {"from_crop": Crop(0, 0, 451, 300), "to_crop": Crop(300, 200, 151, 100)}
    report = kbvr.export(EXAMPLES / "cat.jpg", tmp_path, kenburns=True, loop=False, seconds=0.12, **crops)
    last = frames_of(report.file.path)[-1].astype(int)
    part = cv2.imread(str(EXAMPLES / "cat.jpg"))[200:300, 300:451, ::-1]
    wanted = cv2.resize(part, last.shape[1::-1], interpolation=cv2.INTER_AREA).astype(int)
    assert np.abs(last.mean(axis=(0, 1)) - wanted.mean(axis=(0, 1))).max() < 12


@pytest.mark.parametrize(
    ("options", "unused"),
    [
        ({"stereo": True, "animate_as": "gif"}, ["animate_as"]),
        ({"still": "mpo", "picture": "png"}, ["picture"]),
        ({"still": "sbs", "quilt_for": "go", "alt": "a cat"}, ["alt"]),
        ({"wiggle": True, "animate_as": "gif", "period_s": 1.0, "alt": "a cat"}, []),
        ({"depth_map": "png", "quality": 50}, ["quality"]),
        ({"kenburns": True, "path": "static", "strength": "bold"}, ["strength"]),
        ({"kenburns": True, "zoom": 1.2, "strength": "gentle"}, ["strength"]),
        ({"kenburns": True, "strength": "gentle"}, []),
        ({"stereo": True, "path": "static", "strength": "bold"}, []),
        ({"stereo": True, "path": "static", "baseline_mm": 40.0, "strength": "bold"}, ["strength"]),
        ({"wiggle": True, "animate_as": "gif", "budget_percent": 1.0, "strength": "bold"}, ["strength"]),
        ({"still": "sbs", "strength": "gentle"}, []),
        ({"depth_map": "png", "strength": "gentle"}, ["strength"]),
        ({"obj": True, "strength": "gentle"}, []),
    ],
)
def test_a_choice_that_no_file_takes_is_warned_of(tmp_path, caplog, options, unused):
    """Who chose it meant another output."""
    moves = {} if {"still", "depth_map", "wiggle", "obj"} & {*options} else {"seconds": 0.1}
    kbvr.export(EXAMPLES / "cat.jpg", tmp_path, max_size=(64, 64), **options, **moves)
    told = [record.getMessage() for record in caplog.records if "has no effect" in record.getMessage()]
    assert told == [f"{name} has no effect on the chosen outputs" for name in unused]


def test_a_film_that_only_zooms_shows_every_enlargement(tmp_path):
    """The camera stays where it is, so frames differ by the zoom alone: none of them may pass for another."""
    picture = cv2.resize(np.random.default_rng(1).integers(0, 255, (12, 16, 3), np.uint8), (320, 240))
    cv2.imwrite(str(tmp_path / "flat.png"), picture)
    np.save(tmp_path / "flat.npy", np.full((240, 320), 2.0, np.float32))
    keyframes = [{"time_s": 0, "zoom": 1}, {"time_s": 0.2, "zoom": 2}]
    (tmp_path / "path.json").write_text(json.dumps({"keyframes": keyframes}))
    report = kbvr.export(
        tmp_path / "flat.png",
        tmp_path,
        kenburns=True,
        depth=tmp_path / "flat.npy",
        depth_kind="depth-m",
        keyframes=tmp_path / "path.json",
    )
    frames = frames_of(report.file.path)
    for frame, zoom in ((frames[0], OVERSCAN), (frames[-1], 2 * OVERSCAN)):
        shift = [(1 - zoom) * (side - 1) / 2 for side in (320, 240)]
        enlarged = np.array([[zoom, 0, shift[0]], [0, zoom, shift[1]]])
        wanted = cv2.warpAffine(picture[..., ::-1], enlarged, (320, 240), flags=cv2.INTER_CUBIC).astype(int)
        assert np.abs(frame[8:-8, 8:-8].astype(int) - wanted[8:-8, 8:-8]).mean() < 4


def test_the_largest_film_decides_how_much_memory_is_enough(tmp_path, monkeypatch):
    """A loop beside it is smaller, and would fit: the call is refused before any work all the same."""
    monkeypatch.setattr(Layers, "depth", lambda *_: pytest.fail("the depth was estimated"))
    cv2.imwrite(str(tmp_path / "large.png"), np.zeros((1000, 1600, 3), np.uint8))
    for_the_loop = export_bytes((720, 450), (720, 450))
    with pytest.raises(InputError, match="an output of 1600x1000 takes"):
        kbvr.export(
            tmp_path / "large.png", tmp_path, stereo=True, wiggle=True, max_memory=for_the_loop + 10**7,
            seconds=0.1,
        )  # fmt: skip
