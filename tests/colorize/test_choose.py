"""Choosing the network for colours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from colour_stand_ins import ddcolor_like, deoldify_like, install, kbvr_color_like
from lama_stand_in import lama_like
from onnx import TensorProto, helper

import kbvr
from kbvr.cli.main import main
from kbvr.colorize import best_colour_network, colour_network
from kbvr.errors import InputError
from kbvr.imaging.lab import chroma_of
from kbvr.nets import models_folder
from kbvr.photo.photo import load_photo

COFFEE = Path(__file__).parents[2] / "examples" / "coffee.jpg"


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("KBVR_HOME", str(tmp_path / "home"))
    folder = models_folder()
    folder.mkdir(parents=True)
    return folder


def test_the_shipped_cards_fit_networks_with_their_tensors(home, tmp_path):
    for name, make in (("ddcolor-tiny", ddcolor_like), ("deoldify-artistic", deoldify_like)):
        install(home, name, make(tmp_path / f"{name}.onnx"))
        assert colour_network(name).name == name
        assert best_colour_network() == name, "deoldify-artistic comes first"
    assert colour_network().name == "deoldify-artistic"


def test_without_an_installed_network_the_built_in_one_is_used(home):
    assert best_colour_network() == colour_network().name == "kbvr-color"


def test_the_error_says_how_to_get_a_network_that_is_not_installed(home):
    with pytest.raises(InputError, match="kbvr models pull ddcolor-tiny"):
        colour_network("ddcolor-tiny")


@pytest.mark.parametrize("name", ["kbvr-depth", "nothing"])
def test_other_networks_are_refused_by_name(home, name):
    with pytest.raises(InputError, match=r"must be auto, .*ddcolor-tiny.* or a \.onnx file"):
        colour_network(name)


def test_files_for_something_else_are_refused(tmp_path):
    with pytest.raises(InputError, match="takes one picture"):
        colour_network(lama_like(tmp_path / "lama.onnx"))
    flat = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 7])
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])],
        "n",
        [flat],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 7])],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), tmp_path / "n.onnx")
    with pytest.raises(InputError, match=r"got n\.onnx from"):
        colour_network(tmp_path / "n.onnx")


def test_what_is_no_number_is_refused(tmp_path):
    network = colour_network(ddcolor_like(tmp_path / "n.onnx", left=(np.nan, 0)))
    with pytest.raises(InputError, match="finite"):
        network.chroma(np.full((512, 512), 0.5, np.float32))


@pytest.mark.parametrize(
    ("photo_px", "wanted"), [((600, 400), (256, 160)), ((300, 900), (96, 256)), ((64, 64), (256, 256))]
)
def test_kbvr_color_sees_photos_in_their_shape(tmp_path, photo_px, wanted):
    assert colour_network(kbvr_color_like(tmp_path / "n.onnx")).size_px(photo_px) == wanted


@pytest.fixture
def grey(tmp_path):
    from PIL import Image

    photo = load_photo(COFFEE)
    Image.fromarray(photo.rgb).convert("L").resize((240, 160)).save(tmp_path / "grey.jpg")
    return tmp_path / "grey.jpg"


@pytest.mark.parametrize(("strength", "least", "most"), [(1.0, 25, 60), (0.2, 5, 15)])
def test_an_export_has_the_colours(grey, tmp_path, strength, least, most):
    network = ddcolor_like(tmp_path / "dd.onnx", left=(50, 10), right=(50, 10))
    options = {"still": "sbs", "picture": "png", "depth_quality": "fast"}
    out = tmp_path / "out.png"
    report = kbvr.export(grey, out, colorize=network, colorize_strength=strength, **options)
    assert "photo: colours guessed by dd.onnx" in report.explanation
    assert least < chroma_of(load_photo(out).rgb)[..., 0].mean() < most


@pytest.mark.parametrize("flag", [["--colorize"], ["--colorize", "auto"], ["--colorize=ddcolor-tiny"]])
def test_the_flag_needs_no_value(home, grey, tmp_path, flag):
    install(home, "ddcolor-tiny", ddcolor_like(tmp_path / "dd.onnx", left=(50, 10), right=(50, 10)))
    out = tmp_path / "out.png"
    given = [
        "export",
        "--still",
        "sbs",
        "--picture",
        "png",
        "--depth-quality",
        "fast",
        *flag,
        str(grey),
        "-o",
        str(out),
    ]
    assert main(given) == 0
    assert chroma_of(load_photo(out).rgb)[..., 0].mean() > 25


def test_a_misspelt_network_is_no_photo(home, grey, tmp_path, capsys):
    assert main(["export", "--colorize", "nosuch", str(grey), "-o", str(tmp_path / "out")]) == 2
    assert "the network for colours must be auto" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_strength_alone_means_nothing(grey, tmp_path, capsys):
    assert main(["export", "--colorize-strength", "0.5", str(grey), "-o", str(tmp_path)]) == 2
    assert "--colorize-strength requires --colorize" in capsys.readouterr().err
