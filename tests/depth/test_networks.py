"""Depth by other networks than the built-in one: how they are found and fed, and what is made of their answers."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from file_server import card_for
from lama_stand_in import lama_like
from onnx import TensorProto, helper
from scenes import photo_of
from watched_session import Watched

import kbvr
from kbvr.cli.main import main
from kbvr.depth.networks import BUILT_IN_NETWORK, DepthNetwork, depth_network
from kbvr.depth.predict import fitted, merged, predict_depth, sky_of
from kbvr.errors import InputError
from kbvr.nets import DepthRecipe, card_of, open_session
from kbvr.nets.model_card import card_text
from kbvr.nets.model_store import sha256_of
from kbvr.options.export_options import ExportOptions
from kbvr.photo.photo import load_photo
from kbvr.profiles.choose import profile_of

EXAMPLES = Path(__file__).parents[2] / "examples"
TEACHERS = ("tcmonodepth_small_256x384.onnx", "tcmonodepth_small_384x256.onnx")


def red_meter(
    path: Path,
    *,
    input_: str = "pixel_values",
    outputs: tuple[str, ...] = ("predicted_depth",),
    size: tuple[int | str, int | str] = ("H", "W"),
    scale: float = 1.0,
    plus: float = 0.0,
    dtype: int = TensorProto.FLOAT,
    extra_input: bool = False,
    channels: int = 1,
) -> Path:
    """Write a network whose depth is scale * first channel + plus, (1, H, W), as Depth Anything's has it."""
    taken = [helper.make_tensor_value_info(input_, dtype, [1, 3, *size])]
    if extra_input:
        taken.append(helper.make_tensor_value_info("focal", TensorProto.FLOAT, [1]))
    shape = [1, *size] if channels == 1 else [1, channels, *size]
    given = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in outputs]
    constants = [helper.make_tensor(n, TensorProto.FLOAT, [1], [v]) for n, v in (("scale", scale), ("plus", plus))]
    constants.append(helper.make_tensor("first", TensorProto.INT64, [], [0]))
    nodes = [
        helper.make_node("Cast", [input_], ["picture"], to=TensorProto.FLOAT),
        helper.make_node("Gather", ["picture", "first"], ["channel"], axis=1)
        if channels == 1
        else helper.make_node("Identity", ["picture"], ["channel"]),
        helper.make_node("Mul", ["channel", "scale"], ["scaled"]),
        *(helper.make_node("Add", ["scaled", "plus"], [name]) for name in outputs),
    ]
    graph = helper.make_graph(nodes, "red", taken, given, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), path)
    return path


def watched(network: DepthNetwork) -> tuple[DepthNetwork, Watched]:
    """Return a network whose session remembers what it was shown."""
    session = Watched(network.session)
    return replace(network, session=session), session


def with_card(path: Path, recipe: DepthRecipe | None, name: str = "mine") -> Path:
    """Write a card next to a network's file."""
    card = replace(card_for("", name=name), file=path.name, sha256=sha256_of(path), depth=recipe)
    path.with_suffix(".json").write_text(card_text(card), "utf-8")
    return path


def coloured(width: int = 120, height: int = 80) -> np.ndarray:
    """Return a picture whose red rises to the right, its green downwards, and whose blue is 40."""
    rgb = np.full((height, width, 3), 40, np.uint8)
    rgb[..., 0] = np.linspace(0, 250, width)
    rgb[..., 1] = np.linspace(0, 250, height)[:, None]
    return rgb


def test_the_built_in_network_is_fed_as_it_always_was():
    """To the byte the outputs of a plain session for the picture and its mirror image."""
    rgb = load_photo(EXAMPLES / "coffee.jpg").rgb
    said = predict_depth(depth_network(BUILT_IN_NETWORK), rgb)
    height, width = rgb.shape[:2]
    steps = 12 / max(width, height)
    small = cv2.resize(rgb, (round(width * steps) * 32, round(height * steps) * 32), interpolation=cv2.INTER_AREA)
    planes = small.transpose(2, 0, 1)[None].astype(np.float32) / np.float32(255)
    session = open_session("kbvr-depth")
    plain, mirrored = (
        session.run(["relative_inverse_depth"], {"rgb01": np.ascontiguousarray(p)})[0][0, 0]
        for p in (planes, planes[..., ::-1])
    )
    np.testing.assert_array_equal(said.values, (plain + mirrored[:, ::-1]) / 2)
    assert not said.metric and said.sky is not None


def test_depth_anything_is_fed_as_its_card_says(tmp_path):
    """A stand-in of its tensors: RGB less ImageNet's mean over its deviation, sides multiples of 14, long side 686."""
    network, session = watched(depth_network(red_meter(tmp_path / "model.onnx")))
    card = card_of("depth-anything-v2-small")
    assert card.depth == replace(network.recipe, output="predicted_depth")
    said = predict_depth(network, coloured(), quality="fast")
    (shown,) = session.shown
    picture = shown["pixel_values"]
    assert picture.shape == (1, 3, 462, 686)
    assert picture.dtype == np.float32 and picture.flags.c_contiguous
    for channel, (mean, deviation) in enumerate(zip((0.485, 0.456, 0.406), (0.229, 0.224, 0.225), strict=True)):
        level = picture[0, channel] * deviation + mean
        assert level.min() == pytest.approx(coloured()[..., channel].min() / 255, abs=0.01)
        assert level.max() == pytest.approx(coloured()[..., channel].max() / 255, abs=0.01)
    np.testing.assert_array_equal(said.values, picture[0, 0])
    assert said.sky is None and not said.metric


@pytest.mark.parametrize(("input_", "level"), [("rgb01", 1.0), ("rgb255", 255.0)])
def test_inputs_called_after_their_range_get_it(input_, level, tmp_path):
    network, session = watched(depth_network(red_meter(tmp_path / "x.onnx", input_=input_)))
    predict_depth(network, np.full((64, 64, 3), 255, np.uint8), quality="fast")
    assert (session.shown[0][input_] == level).all()


def test_a_card_next_to_the_file_describes_its_input(tmp_path):
    """BGR, multiples of 20, a name that nobody knows, and an answer in metres."""
    path = red_meter(tmp_path / "x.onnx", input_="bild", outputs=("aux", "tiefe"), scale=0.01, plus=2.0)
    recipe = DepthRecipe("bild", "tiefe", "depth_m", "0-255", "bgr", multiple_of_px=20, long_side_px=100)
    network, session = watched(depth_network(with_card(path, recipe)))
    said = predict_depth(network, coloured(), quality="fast")
    assert session.shown[0]["bild"].shape == (1, 3, 60, 100)
    assert (session.shown[0]["bild"][0, 0] == 40).all()  # blue comes first
    assert said.metric
    assert np.allclose(said.values, 1 / (0.01 * 40 + 2.0))


@pytest.mark.parametrize(
    ("quality", "sides_px"),
    [("fast", [96]), ("good", [96, 96]), ("best", [96, 96, 64, 64, 144, 144])],
)
def test_a_quality_is_so_many_looks_at_these_sizes(quality, sides_px, tmp_path):
    """One; the mirror image too; two other sizes too."""
    path = with_card(
        red_meter(tmp_path / "x.onnx", input_="rgb01"),
        DepthRecipe("rgb01", "predicted_depth", long_side_px=96, multiple_of_px=8),
    )
    network, session = watched(depth_network(path))
    predict_depth(network, coloured(120, 160), quality=quality)
    assert [max(shown["rgb01"].shape[2:]) for shown in session.shown] == sides_px


def test_the_layout_comes_from_the_smaller_input_and_the_detail_from_the_larger():
    """A slope that only one of them has, and stripes that only the other has, in any scale and shift."""
    slope = np.tile(np.linspace(0, 1, 96, dtype=np.float32), (72, 1))
    stripes = np.tile(np.float32([0, 0.1]), (108, 72))
    both = merged(slope, 5 * (cv2.resize(slope, (144, 108)) + stripes) - 7)
    inside = both[20:-20, 20:-20]
    assert np.abs(np.diff(inside, axis=1)).mean() == pytest.approx(0.1, rel=0.1)
    assert inside[:, -2:].mean() - inside[:, :2].mean() == pytest.approx(102 / 143, rel=0.05)


def test_what_disagrees_altogether_is_not_turned_inside_out():
    """A map of the opposite sign adds no detail."""
    slope = np.tile(np.linspace(0, 1, 96, dtype=np.float32), (72, 1))
    assert np.allclose(fitted(-slope, slope), slope.mean())


def test_a_fixed_size_is_obeyed(tmp_path):
    """Whatever the photo's shape; `best` cannot show it more."""
    network, session = watched(depth_network(red_meter(tmp_path / "x.onnx", input_="rgb01", size=(96, 160))))
    said = predict_depth(network, coloured(200, 300), quality="best")
    assert said.values.shape == (96, 160)
    assert [shown["rgb01"].shape for shown in session.shown] == [(1, 3, 96, 160)] * 2


@pytest.mark.parametrize(
    ("outputs", "plus", "inverse_m"), [(("depth_m",), 4.0, 0.25), (("inverse_depth_per_m",), 0.5, 0.5)]
)
def test_metric_networks_keep_their_scale(outputs, plus, inverse_m, tmp_path, caplog):
    """The map is metric; near_m is not used, and a warning says so."""
    path = red_meter(tmp_path / "x.onnx", input_="rgb01", outputs=outputs, scale=0.0, plus=plus)
    photo = photo_of(coloured())
    depth = kbvr.estimate_depth(photo, model=path, near_m=7.0)
    assert depth.metric and depth.network == "x.onnx"
    assert np.allclose(depth.inverse_depth, inverse_m, rtol=1e-5)
    assert profile_of(ExportOptions(depth_model=path)).depth(photo).metric and not caplog.records
    profile_of(ExportOptions(depth_model=path, near_m=7.0)).depth(photo)
    assert "near_m has no effect" in caplog.text


def test_depths_of_zero_or_less_are_very_near_and_not_infinite(tmp_path):
    path = red_meter(tmp_path / "x.onnx", input_="rgb01", outputs=("depth_m",), scale=-1.0)
    assert kbvr.estimate_depth(photo_of(coloured()), model=path).inverse_depth.max() <= 100 * (1 + 1e-6)


def test_auto_selects_depth_anything_if_it_is_installed(tmp_path, monkeypatch):
    """With a card made by the test; otherwise kbvr-depth. The map names the network."""
    monkeypatch.setenv("KBVR_HOME", str(tmp_path))
    photo = photo_of(coloured())
    assert kbvr.estimate_depth(photo).network == "kbvr-depth"
    (tmp_path / "models").mkdir()
    path = red_meter(tmp_path / "models" / "depth-anything-v2-small.onnx")
    with_card(path, DepthRecipe("pixel_values", "predicted_depth"), name="depth-anything-v2-small")
    assert kbvr.estimate_depth(photo).network == "depth-anything-v2-small"
    assert kbvr.estimate_depth(photo, model="kbvr-depth").network == "kbvr-depth"


def test_for_a_network_without_a_sky_kbvr_depth_detects_it(tmp_path, monkeypatch):
    """A relative network that predicts a near sky: the sky is at infinity all the same."""
    sky = np.zeros((32, 48), np.float32)
    sky[:12] = 1
    monkeypatch.setattr("kbvr.depth.estimate.sky_of", lambda *_, **__: sky)
    rgb = coloured(480, 320)
    rgb[:120] = 255
    depth = kbvr.estimate_depth(photo_of(rgb), model=red_meter(tmp_path / "x.onnx"))
    assert (depth.inverse_depth[:100] == 0).all()
    assert (depth.inverse_depth[140:, 100:] > 0).all()


def test_kbvr_depth_detects_its_own_sky():
    rgb = load_photo(EXAMPLES / "temple.jpg").rgb
    own = predict_depth(depth_network(BUILT_IN_NETWORK), rgb).sky
    np.testing.assert_array_equal(sky_of(rgb, quality="good", device="auto", threads=None), own)


def test_a_file_may_have_another_name_than_on_its_card(tmp_path):
    """The card has the file's name; the checksum proves that the two belong together."""
    with_card(red_meter(tmp_path / "x.onnx", input_="bild"), DepthRecipe("bild", "predicted_depth"))
    for path in tmp_path.glob("x.*"):
        path.rename(path.with_stem("renamed"))
    assert depth_network(tmp_path / "renamed.onnx").recipe.input == "bild"


def test_more_than_one_map_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"one map from x\.onnx, got predicted_depth of shape \(1, 3, 462, 686\)"):
        kbvr.estimate_depth(photo_of(coloured()), model=red_meter(tmp_path / "x.onnx", channels=3))


def test_the_command_line_takes_files_for_depth_and_filling(tmp_path, capsys):
    """A video is made with both, and --explain names them; a name that is none ends in one line and exit code 2."""
    cv2.imwrite(str(tmp_path / "photo.png"), coloured())
    depth, fill = red_meter(tmp_path / "deep.onnx", input_="rgb01"), lama_like(tmp_path / "lama.onnx")
    call = ["export", str(tmp_path / "photo.png"), "-o", str(tmp_path), "--seconds", "0.1"]
    assert main([*call, "--depth-model", str(depth), "--fill", str(fill), "--explain"]) == 0
    told = capsys.readouterr().out
    assert "relative, estimated by deep.onnx" in told and f"fill: {fill}" in told
    for flag, message in (("--depth-model", "the depth network must be auto"), ("--fill", "the filler must be auto")):
        assert main([*call, "--overwrite", flag, "nonsense"]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert message in line and "got 'nonsense'" in line


def test_a_depth_file_and_a_network_are_not_asked_for_together():
    with pytest.raises(InputError, match="depth and depth_model cannot be combined"):
        ExportOptions(depth=Path("d.npy"), depth_kind="depth-m", depth_model="kbvr-depth")


def test_the_card_in_the_docs_is_one(tmp_path):
    """Word for word, but for the sum: the network that it describes is fed by it."""
    docs = (Path(__file__).parents[2] / "docs" / "networks.md").read_text("utf-8")
    text = re.search(r"^```json\n(\{\n.+?\n\})\n```$", docs, re.MULTILINE | re.DOTALL)
    assert text is not None
    path = red_meter(tmp_path / "my.onnx", input_="image", outputs=("z",), scale=0.0, plus=2.0)
    path.with_suffix(".json").write_text(text[1].replace('"sha256": "..."', f'"sha256": "{sha256_of(path)}"'))
    said = predict_depth(depth_network(path), coloured(), quality="fast")
    assert said.metric and said.values.shape == (416, 640) and (said.values == 0.5).all()


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_numbers_that_are_none_are_refused_in_one_line(bad, tmp_path):
    with pytest.raises(InputError, match=r"finite numbers from x\.onnx") as caught:
        kbvr.estimate_depth(photo_of(coloured()), model=red_meter(tmp_path / "x.onnx", plus=bad))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("nonsense", r"auto, kbvr-depth, moge-2-small, depth-anything-v2-small or a \.onnx file, got 'nonsense'"),
        ("depth-anything-v2-small", "kbvr models pull depth-anything-v2-small"),
        ("kbvr-fill", "expected a network that gives depth, got kbvr-fill"),
        ("migan", "expected a network that gives depth, got migan"),
        ("gone.onnx", r"gone\.onnx"),
    ],
)
def test_a_network_that_does_not_exist_or_gives_no_depth_is_refused_in_one_line(model, message):
    with pytest.raises(InputError, match=message) as caught:
        depth_network(model)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "recipe", "message"),
    [
        ({"input_": "input.1"}, None, r"pixel_values or rgb01 or rgb255, got .* with input\.1; .*docs/networks\.md"),
        ({"extra_input": True}, None, r"with pixel_values, focal"),
        ({"extra_input": True}, DepthRecipe("pixel_values", "predicted_depth"), "also requires focal"),
        ({}, DepthRecipe("rgb01", "predicted_depth"), "tensor rgb01 named in .*, got only pixel_values"),
        ({}, DepthRecipe("pixel_values", "depth"), "tensor depth named in .*, got only predicted_depth"),
        ({}, DepthRecipe("pixel_values", "predicted_depth", sky_output="sky"), "the tensor sky named in the recipe"),
        ({"dtype": TensorProto.UINT8}, None, r"expected a network that takes float32 .* with tensor\(uint8\)"),
    ],
)
def test_a_network_that_cannot_be_fed_is_refused_in_one_line(change, recipe, message, tmp_path):
    path = red_meter(tmp_path / "x.onnx", **change)
    if recipe is not None:
        with_card(path, recipe)
    with pytest.raises(InputError, match=message) as caught:
        depth_network(path)
    assert "\n" not in str(caught.value)


def test_a_file_that_does_not_match_the_card_next_to_it_is_refused(tmp_path):
    path = with_card(red_meter(tmp_path / "x.onnx"), None)
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(InputError, match="sha256"):
        depth_network(path)


@pytest.mark.parametrize("teacher", TEACHERS)
def test_networks_of_others_can_be_used_as_files(teacher, shared):
    """Real ones, of fixed sizes: they agree with kbvr-depth, which has learnt from them, on a photo."""
    photo = load_photo(EXAMPLES / "temple.jpg")
    said = predict_depth(depth_network(shared / "models" / teacher), photo.rgb)
    ours = predict_depth(depth_network(BUILT_IN_NETWORK), photo.rgb).values
    theirs = cv2.resize(said.values, ours.shape[::-1], interpolation=cv2.INTER_LINEAR)
    assert not said.metric and said.sky is None
    assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.6
