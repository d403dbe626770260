"""MoGe-2, by a stand-in of its tensors: how it is fed, and that depth, sky and field of view arrive in the files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pygltflib
import pytest
from moge_stand_in import F_HALF_DIAGONALS, METRES, SHIFT, moge_card, moge_like, put_moge
from onnx import TensorProto
from PIL import ExifTags, Image
from scenes import LANDSCAPE_SKY_ROWS, landscape
from watched_session import Watched

import kbvr
from kbvr import pipeline
from kbvr.cli.main import main
from kbvr.depth.depth_map import seen_through
from kbvr.depth.networks import POINTS, DepthNetwork, depth_network
from kbvr.depth.point_depth import RawPrediction, depth_of_points
from kbvr.depth.predict import DepthPrediction, predict_depth, trusted_sky
from kbvr.errors import InputError
from kbvr.nets import card_of
from kbvr.nets.model_card import card_text
from kbvr.plan.output_kinds import KINDS, DrawnKind

F_PX = F_HALF_DIAGONALS * 400
"""The stand-in's focal length in pixels of `landscape()`."""


SMALL_PX = (160, 120)
SMALL_F_PX = F_HALF_DIAGONALS * 100


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the test a folder of networks of its own."""
    monkeypatch.setenv("KBVR_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Write a small photo without a field of view."""
    Image.fromarray(landscape(*SMALL_PX)).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def watched(network: DepthNetwork) -> tuple[DepthNetwork, Watched]:
    """Return a network whose session remembers what it was shown."""
    session = Watched(network.session)
    return replace(network, session=session), session


def test_the_shipped_card_feeds_it_as_files_without_a_card_are_fed():
    card = card_of("moge-2-small")
    assert card.depth == POINTS
    assert {POINTS.input, POINTS.tokens_input} == {tensor.name for tensor in card.inputs}
    assert {POINTS.output, POINTS.mask_output, POINTS.scale_output} < {tensor.name for tensor in card.outputs}
    assert card.size_bytes == 140_852_051 and card.url.startswith("https://huggingface.co/Ruicheng/moge-2-vits-normal")
    assert "MIT" in card.licence and "Apache-2.0" in card.licence
    assert "Microsoft" in card.source and "Meta" in card.source


@pytest.mark.parametrize(
    ("size_px", "quality", "shown_px", "tokens"),
    [
        ((640, 480), "fast", [(784, 588)], [2352]),
        ((480, 640), "good", [(588, 784)] * 2, [2352] * 2),
        ((1200, 300), "fast", [(784, 196)], [1200]),
        ((640, 480), "best", [(784, 588)] * 2 + [(1176, 882)] * 2, [2352] * 2 + [3600] * 2),
    ],
)
def test_it_is_shown_the_picture_and_the_number_of_its_patches(size_px, quality, shown_px, tokens, tmp_path):
    """RGB from 0 to 1; 14 px a patch, but not fewer nor more than it was made for; the number is a single int64."""
    network, session = watched(depth_network(moge_like(tmp_path / "m.onnx")))
    predict_depth(network, landscape(*size_px), quality=quality)
    for shown, (width, height), count in zip(session.shown, shown_px, tokens, strict=True):
        picture, number = shown["image"], shown["num_tokens"]
        assert picture.shape == (1, 3, height, width) and picture.dtype == np.float32
        assert (number.shape, number.dtype, int(number)) == ((), np.int64, count)
        assert picture.min() >= 0 and picture.max() == 1.0
        assert picture[0, :, 0, 0] == pytest.approx([60 / 255, 120 / 255, 1])


@pytest.mark.parametrize("size_px", [(640, 480), (480, 640), (900, 300)])
@pytest.mark.parametrize("quality", ["fast", "good", "best"])
def test_depth_and_field_of_view_are_those_of_the_network(size_px, quality, tmp_path):
    """z, the shift that was recovered and the scale make metres, to 1%; the sky is infinitely far."""
    network, session = watched(depth_network(moge_like(tmp_path / "m.onnx")))
    said = predict_depth(network, landscape(*size_px), quality=quality)
    assert said.metric and said.sky is not None
    assert said.f_px == pytest.approx(F_HALF_DIAGONALS * np.hypot(*size_px) / 2, rel=0.005)
    points = session.run(["points"], session.shown[0])[0][0]
    truth = 1 / ((points[..., 2] + SHIFT) * METRES)
    ground = np.s_[points.shape[0] // 4 :]
    if quality == "fast":
        np.testing.assert_allclose(said.values[ground], truth[ground], rtol=0.01)
    assert (said.sky[: points.shape[0] // 10] > 0.99).all() and not said.sky[ground].any()


@pytest.mark.parametrize("name", ["metric_scale", "scale", "factor"])
def test_the_scale_is_found_by_its_name_or_its_shape(name, tmp_path):
    """The documentation and the published file have two names for it."""
    assert depth_network(moge_like(tmp_path / "m.onnx", scale_name=name)).recipe == replace(POINTS, scale_output=name)


def test_the_map_of_a_photo_has_metres_sky_and_focal_length(tmp_path):
    """At the photo's size; predictions inside the sky have no effect."""
    depth = kbvr.estimate_depth(kbvr.photo_from_array(landscape()), model=moge_like(tmp_path / "m.onnx"))
    assert depth.metric and depth.network == "m.onnx" and depth.inverse_depth.shape == (480, 640)
    assert depth.f_px == pytest.approx(F_PX, rel=0.005)
    assert (depth.inverse_depth[: LANDSCAPE_SKY_ROWS - 6] == 0).all()
    assert (depth.inverse_depth[LANDSCAPE_SKY_ROWS + 6 :] > 0.2).all()


@pytest.mark.parametrize("f_px", [200.0, 900.0])
def test_a_field_of_view_that_is_known_wins(f_px, tmp_path):
    """The depth is that of the known camera: nearer with a wide field of view, farther with a narrow one."""
    path = moge_like(tmp_path / "m.onnx")
    found = kbvr.estimate_depth(kbvr.photo_from_array(landscape()), model=path)
    known = kbvr.estimate_depth(kbvr.photo_from_array(landscape(), f_px=f_px), model=path)
    assert known.f_px == f_px
    nearer = np.median(known.inverse_depth[200:]) > np.median(found.inverse_depth[200:])
    assert nearer == (f_px < F_PX)


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_a_scale_of_almost_nothing_is_very_near_and_a_huge_one_very_far(scale, tmp_path):
    """A scale that cannot be leaves numbers that can be squared."""
    path = moge_like(tmp_path / "m.onnx", scale=(scale,))
    depth = kbvr.estimate_depth(kbvr.photo_from_array(landscape(*SMALL_PX)), model=path, quality="fast")
    assert np.median(depth.inverse_depth) == pytest.approx(100.0 if scale < 1 else 0.0, abs=1e-3)


def test_a_photo_adopts_the_focal_length_of_its_depth():
    photo = kbvr.photo_from_array(landscape())
    flat = kbvr.DepthMap(np.ones((480, 640), np.float32), photo.f_px)
    assert seen_through(photo, flat) is photo
    other = seen_through(photo, replace(flat, f_px=321.0))
    assert (other.f_px, other.f_source) == (321.0, "network")


def test_auto_prefers_moge_then_depth_anything_then_the_built_in_network(home, monkeypatch):
    """Each is taken only where none before it is there."""
    photo = kbvr.photo_from_array(landscape(*SMALL_PX))
    assert kbvr.estimate_depth(photo).network == "kbvr-depth"
    other = moge_like(home.parent / "other.onnx")
    (home / "models").mkdir(parents=True)
    (home / "models" / "other.onnx").write_bytes(other.read_bytes())
    card = moge_card(home / "models" / "other.onnx", name="depth-anything-v2-small")
    (home / "models" / "depth-anything-v2-small.json").write_text(card_text(card), "utf-8")
    assert kbvr.estimate_depth(photo).network == "depth-anything-v2-small"
    put_moge(home)
    assert kbvr.estimate_depth(photo).network == "moge-2-small"


def written_f_px(folder: Path) -> float:
    """Return the focal length in the depth map of photo.*."""
    with Image.open(folder / "photo_kbvr_depth.png") as depth_map:
        return float(depth_map.info["focal_length_px"])


def test_an_export_uses_the_field_of_view_of_the_network(home, photo, tmp_path, caplog):
    """In the scene, the depth map and the explanation; nothing is assumed."""
    put_moge(home)
    report = kbvr.export(photo, tmp_path / "out", gltf=True, depth_map="png", depth_quality="fast", triangles=2000)
    scene = pygltflib.GLTF2().load(str(tmp_path / "out" / "photo_kbvr.glb"))
    assert scene.cameras[0].perspective.yfov == pytest.approx(2 * np.arctan(60 / SMALL_F_PX), rel=0.005)
    assert written_f_px(tmp_path / "out") == pytest.approx(SMALL_F_PX, rel=0.005)
    assert "90.0 degrees field of view, estimated by moge-2-small" in report.explanation[0]
    assert any("metric, estimated by moge-2-small" in line for line in report.explanation)
    assert not report.is_fov_assumed


def test_a_network_that_finds_none_leaves_the_guess_and_says_so(home, photo, tmp_path, caplog):
    report = kbvr.export(photo, tmp_path / "out", depth_map="png")
    assert "55.0 degrees field of view, assumed" in report.explanation[0]
    assert report.is_fov_assumed
    assert not caplog.text


def test_exif_and_the_flag_win_over_the_network(home, tmp_path, capsys):
    """Each is named as the source of the field of view."""
    put_moge(home)
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.FocalLengthIn35mmFilm] = 50
    Image.fromarray(landscape(*SMALL_PX)).save(tmp_path / "photo.jpg", exif=exif)
    call = ["export", str(tmp_path / "photo.jpg"), "-o", str(tmp_path), "--depth-map", "png", "--explain"]
    assert main(call) == 0
    assert "from the EXIF data" in capsys.readouterr().out
    assert written_f_px(tmp_path) == pytest.approx(50 * 200 / np.hypot(36, 24))
    assert main([*call, "--overwrite", "--fov", "70"]) == 0
    assert "70.0 degrees field of view, as given" in capsys.readouterr().out
    assert written_f_px(tmp_path) == pytest.approx(80 / np.tan(np.radians(35)))


def test_the_views_of_vr180_are_sized_by_the_found_focal_length(home, photo, tmp_path, monkeypatch):
    """A view is drawn as large as it appears on the half sphere, which the guess would get wrong."""
    put_moge(home)
    sized_by: list[float] = []

    class Noted(DrawnKind):
        def view_px(self, *arguments, f_px=0.0):
            sized_by.append(f_px)
            return super().view_px(*arguments, f_px=f_px)

    stereo = Noted(**vars(KINDS["stereo"]))
    monkeypatch.setattr(pipeline, "chosen_kinds", lambda options: [stereo])
    kbvr.export(photo, tmp_path, projection="vr180", vr180_px=256, seconds=0.1)
    assert sized_by[-1] == pytest.approx(SMALL_F_PX, rel=0.005)


@pytest.mark.parametrize(
    ("spoilt", "message"),
    [
        ({"points_plus": np.nan}, "NaN or infinity inside its mask"),
        ({"points_plus": np.inf}, "NaN or infinity inside its mask"),
        ({"mask_plus": np.nan}, "NaN or infinity in it"),
        ({"mask_plus": -1.0}, "a mask that excludes all of it"),
        ({"focal": -0.8}, "the points of m.onnx cannot be used"),
        ({"scale": (0.0,)}, r"one metric scale > 0 from m.onnx, got \[0.0\]"),
        ({"scale": (-1.0,)}, "one metric scale > 0"),
        ({"scale": (np.nan,)}, "one metric scale > 0"),
        ({"scale": (1.0, 2.0)}, "one metric scale > 0"),
    ],
)
def test_what_can_be_no_depth_is_refused_in_one_line(spoilt, message, tmp_path):
    path = moge_like(tmp_path / "m.onnx", **spoilt)
    for f_px in (None, 500.0):
        with pytest.raises(InputError, match=message) as caught:
            kbvr.estimate_depth(kbvr.photo_from_array(landscape(*SMALL_PX), f_px=f_px), model=path)
        assert "\n" not in str(caught.value) and "m.onnx" in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"leaves_out": "mask"}, "the tensor mask named in the recipe"),
        ({"leaves_out": "scale"}, r"an output metric_scale, or one other that is a single number, got m\.onnx with"),
        ({"tokens_type": TensorProto.INT32}, "one int64 number as num_tokens"),
        ({"leaves_out": "points"}, "docs/networks.md"),
    ],
)
def test_a_file_with_other_tensors_is_refused_in_one_line(change, message, tmp_path):
    with pytest.raises(InputError, match=message) as caught:
        depth_network(moge_like(tmp_path / "m.onnx", **change))
    assert "\n" not in str(caught.value)


def test_a_card_says_the_same_as_the_tensors_names(tmp_path):
    """Next to a file of another name; a recipe without what points require is refused."""
    path = moge_like(tmp_path / "mine.onnx")
    text = card_text(moge_card(path, name="mine"))
    path.with_suffix(".json").write_text(text, "utf-8")
    assert depth_network(path).recipe == replace(POINTS, scale_output="scale")
    for field, value in (("mask_output", ""), ("scale_output", ""), ("most_tokens", 100), ("least_tokens", 0)):
        card = json.loads(text)
        card["depth"][field] = value
        path.with_suffix(".json").write_text(json.dumps(card), "utf-8")
        with pytest.raises(InputError, match=field):
            depth_network(path)


class Saying:
    """A session with constant outputs."""

    def __init__(self, points: np.ndarray, mask: np.ndarray) -> None:
        self.outputs = [points[None], mask[None], np.array([METRES], np.float32)]

    def run(self, output_names: Sequence[str] | None, feeds: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Say it."""
        del output_names, feeds
        return self.outputs

    def get_inputs(self) -> Sequence[Any]:
        """Tell of no input."""
        return ()

    def get_outputs(self) -> Sequence[Any]:
        """Tell of no output."""
        return ()

    def get_providers(self) -> list[str]:
        """Run nowhere."""
        return []


def answer() -> tuple[np.ndarray, np.ndarray]:
    """Return points that a camera of 80 px sees in a picture of 120x90, and a mask that leaves out the left third."""
    depth = 2 + np.linspace(0, 3, 90, dtype=np.float32)[:, None] * np.linspace(1, 0, 120, dtype=np.float32)
    rays = np.stack([np.tile(np.arange(120) - 59.5, (90, 1)), np.tile(np.arange(90)[:, None] - 44.5, 120)], axis=2) / 80
    mask = np.ones((90, 120), np.float32)
    mask[:, :40] = 0
    return np.concatenate([rays * depth[..., None], depth[..., None]], axis=2).astype(np.float32), mask


def predicted(points: np.ndarray, mask: np.ndarray, f_px: float | None = None) -> RawPrediction:
    """Return the prediction from given outputs for a picture of 120x90."""
    network = DepthNetwork("m", Saying(points, mask), POINTS)
    return depth_of_points(network, np.zeros((1, 3, 90, 120), np.float32), (120, 90), f_px)


def test_outside_the_mask_nothing_is_nearer_than_inside():
    """Points that are NaN or behind the camera are infinitely far."""
    points, mask = answer()
    points[:30, :40], points[30:60, :40, 2], points[60:, :40, 2] = np.nan, -3.0, 1e-4
    said = predicted(points, mask)
    np.testing.assert_allclose(said.inverse_depth[:, 40:], 1 / (METRES * points[:, 40:, 2]), rtol=0.02)
    assert (said.inverse_depth[:60, :40] == 0).all()
    assert (said.inverse_depth[60:, :40] == said.inverse_depth[:, 40:].max()).all()
    assert (said.sky[:, :40] == 1).all() and not said.sky[:, 40:].any()


def test_a_few_points_behind_the_camera_are_very_near_and_many_are_refused():
    points, mask = answer()
    points[::20, 41::20, 2] = -5.0
    said = predicted(points, mask)
    assert (said.inverse_depth[::20, 41::20] == said.inverse_depth.max()).all()
    points[::5, 41::5, 2] = -5.0
    with pytest.raises(InputError, match=r"points in front of the camera from m, got 4% behind it"):
        predicted(points, mask, 80.0)


@pytest.mark.parametrize(
    ("points", "mask"),
    [
        (np.ones((90, 120, 2)), np.ones((90, 120))),
        (np.ones((90, 120, 3)), np.ones((90, 60))),
        (np.ones((90, 120)), np.ones((90, 120))),
        (np.ones((2, 90, 120, 3)), np.ones((2, 90, 120))),
        (np.ones((400, 500, 3)), np.ones((400, 500))),
        (np.ones((0, 120, 3)), np.ones((0, 120))),
    ],
)
def test_answers_of_other_shapes_are_refused_in_one_line(points, mask):
    with pytest.raises(InputError, match=r"points \(height, width, 3\) and a mask .* from m, got \(") as caught:
        predicted(points, mask)
    assert "\n" not in str(caught.value)


def test_predictions_inside_the_sky_do_not_affect_the_ground(monkeypatch):
    """A metric network predicts a very near sky: along the horizon nothing is nearer than the ground."""
    values = np.full((48, 64), 90, np.float32)
    values[20:] = 0.5
    sky = np.zeros((48, 64), np.float32)
    sky[:20], sky[20] = 1, 0.4
    monkeypatch.setattr("kbvr.depth.estimate.predict_depth", lambda *_, **__: DepthPrediction(values, True, sky))
    depth = kbvr.estimate_depth(kbvr.photo_from_array(np.full((480, 640, 3), 99, np.uint8)))
    assert depth.inverse_depth.max() <= 0.51
    assert (depth.inverse_depth[:180] == 0).all() and (depth.inverse_depth[230:] > 0.49).all()


def test_glimpses_of_a_sure_sky_count_no_lower_than_the_sky_itself():
    """Between branches it is sky; a bright window below the horizon and an unsure patch are not."""
    sky = np.zeros((60, 80), np.float32)
    sky[:20] = 0.98
    sky[5:20, 10:40] = 0
    sky[10:15, 20:25] = 0.97
    sky[7:9, 30:36] = 0.6
    sky[40:50, 20:30] = 0.99
    trusted = trusted_sky(sky, glimpses=True)
    assert (trusted[10:15, 20:25] > 0.9).all()
    assert not trusted[7:9, 30:36].any() and not trusted[40:50].any()
    assert not trusted_sky(sky)[10:15, 20:25].any()
    assert not trusted_sky(np.roll(sky, 5, axis=0), glimpses=True)[12:].any()


def test_what_is_outside_the_mask_but_no_sky_keeps_what_the_points_say(tmp_path):
    """A blue poster on a wall is no hole into infinity; the sky between branches is."""
    rgb = landscape()
    rgb[300:360, 200:300] = rgb[:200, :80] = rgb[100:160, 400:480] = (60, 120, 255)
    depth = kbvr.estimate_depth(kbvr.photo_from_array(rgb), model=moge_like(tmp_path / "m.onnx"))
    assert (depth.inverse_depth[300:360, 200:300] > 0.2).all()
    assert (depth.inverse_depth[106:154, 406:474] == 0).all()
    assert (depth.inverse_depth[: LANDSCAPE_SKY_ROWS - 6] == 0).all()
