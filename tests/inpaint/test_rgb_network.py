"""Filling with inpainting networks: their colours, our depth, and nothing of the near side."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from file_server import card_for
from lama_stand_in import lama_like
from onnx import TensorProto, helper
from scenes import CARD, RED, card_before_wall, smooth_pattern
from watched_session import Watched

from kbvr.errors import InputError
from kbvr.inpaint.choose import best_filler, filler_named, network_filler
from kbvr.inpaint.patches import patches
from kbvr.inpaint.rgb_network import TileFiller
from kbvr.nets import FillRecipe, open_network, open_session
from kbvr.nets.model_card import card_text
from kbvr.nets.model_store import sha256_of
from kbvr.photo.photo import load_photo

EXAMPLES = Path(__file__).parents[2] / "examples"


def grey_painter(path: Path, inputs: tuple[str, str] = ("image", "mask")) -> Path:
    """Write a pipeline with MI-GAN's inputs and outputs that paints what is not kept in the grey 99."""
    image, mask = (
        helper.make_tensor_value_info(name, TensorProto.UINT8, [1, channels, "H", "W"])
        for name, channels in zip(inputs, (3, 1), strict=True)
    )
    result = helper.make_tensor_value_info("result", TensorProto.UINT8, [1, 3, "H", "W"])
    grey = helper.make_tensor("grey", TensorProto.UINT8, [1], [99])
    nodes = [
        helper.make_node("Cast", [inputs[1]], ["keep"], to=TensorProto.BOOL),
        helper.make_node("Where", ["keep", inputs[0], "grey"], ["result"]),
    ]
    graph = helper.make_graph(nodes, "grey", [image, mask], [result], [grey])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), path)
    return path


def test_a_pipeline_from_a_file_gives_the_colours_and_patches_the_depth(tmp_path):
    photo, depth = card_before_wall()
    hole = np.zeros(depth.inverse_depth.shape, bool)
    hole[CARD] = True
    filler = filler_named(grey_painter(tmp_path / "grey.onnx"))
    rgb, inverse_depth = filler(photo.rgb, depth.inverse_depth, hole=hole, source=~hole)
    assert (rgb[hole] == 99).all()
    np.testing.assert_array_equal(rgb[~hole], photo.rgb[~hole])
    assert np.allclose(inverse_depth[hole], 0.25, atol=0.02)
    ours = patches(photo.rgb, depth.inverse_depth, hole=hole, source=~hole)
    np.testing.assert_array_equal(inverse_depth, ours[1])


def test_migan_fills_a_hole(shared):
    """The real file, on a real photo: nearer to the truth than grey is, and what is kept stays."""
    rgb = load_photo(EXAMPLES / "temple.jpg").rgb[:400, :500]
    hole = np.zeros(rgb.shape[:2], bool)
    hole[150:220, 200:300] = True
    source = ~hole
    filler = filler_named(shared / "models" / "migan_pipeline_v2.onnx")
    filled, _ = filler(rgb, np.ones(hole.shape, np.float32), hole=hole, source=source)
    error, grey_error = (np.abs(guess - rgb[hole].astype(int)).mean() for guess in (filled[hole], 127))
    assert error < 0.9 * grey_error
    np.testing.assert_array_equal(filled[~hole], rgb[~hole])


def test_migan_by_name_is_looked_for_where_models_are_kept(tmp_path, monkeypatch, request):
    """Without the file, one line says where it belongs and where to get it; with the file, it fills."""
    monkeypatch.setenv("KBVR_HOME", str(tmp_path))
    with pytest.raises(InputError, match=r"migan_pipeline_v2\.onnx.*https://"):
        filler_named("migan")
    shared = request.getfixturevalue("shared")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "migan_pipeline_v2.onnx").symlink_to(
        (shared / "models" / "migan_pipeline_v2.onnx").resolve()
    )
    grey = np.full((64, 64, 3), 90, np.uint8)
    hole = np.zeros((64, 64), bool)
    hole[:, 30:34] = True
    filled, _ = filler_named("migan")(grey, np.ones((64, 64), np.float32), hole=hole, source=~hole)
    assert np.abs(filled[hole].astype(int) - 90).mean() < 40


def test_a_file_that_is_no_such_network_is_refused_in_one_line(tmp_path):
    (tmp_path / "text.onnx").write_text("hello")
    other = grey_painter(tmp_path / "other.onnx", inputs=("picture", "holes"))
    for path, message in ((tmp_path / "text.onnx", "ONNX network"), (other, "image, mask")):
        with pytest.raises(InputError, match=message) as caught:
            filler_named(path)
        assert "\n" not in str(caught.value)


def watched(path: Path, **options) -> tuple[TileFiller, Watched]:
    """Return the filler of a network's file, and its session that remembers."""
    filler = network_filler(path)
    assert isinstance(filler, TileFiller)
    session = Watched(filler.session)
    return replace(filler, session=session, **options), session


@pytest.mark.parametrize("range_", [1.0, 255.0])
@pytest.mark.parametrize("size_px", [512, "N"])
def test_a_network_of_lamas_kind_gives_the_colours_and_kbvr_fill_the_depth(range_, size_px, tmp_path):
    """In whichever range it answers, and whether its size is fixed or not; what is no hole stays as it is."""
    photo, depth = card_before_wall()
    hole = np.zeros(depth.inverse_depth.shape, bool)
    hole[CARD] = True
    filler = filler_named(lama_like(tmp_path / "lama.onnx", range_=range_, size_px=size_px))
    rgb, inverse_depth = filler(photo.rgb, depth.inverse_depth, hole=hole, source=~hole)
    assert (rgb[hole] == 64).all()
    np.testing.assert_array_equal(rgb[~hole], photo.rgb[~hole])
    assert np.allclose(inverse_depth[hole], 0.25, atol=0.02)


def test_it_is_shown_tiles_of_its_size_only_where_something_is_hidden(tmp_path):
    """A hole in one corner of a large photo costs one tile, whatever the photo's size."""
    filler, network = watched(lama_like(tmp_path / "lama.onnx"))
    rgb = smooth_pattern(1500, 1000)
    hole = np.zeros((1000, 1500), bool)
    hole[30:60, 30:80] = True
    filled, _ = filler(rgb, np.ones(hole.shape, np.float32), hole=hole, source=~hole)
    (shown,) = network.shown
    assert shown["image"].shape == (1, 3, 512, 512) and shown["mask"].shape == (1, 1, 512, 512)
    assert shown["image"].dtype == shown["mask"].dtype == np.float32
    assert shown["image"].min() >= 0 and shown["image"].max() <= 1
    assert set(np.unique(shown["mask"])) == {0.0, 1.0}
    assert np.abs(filled[35:55, 35:75].astype(int) - 64).mean() < 12  # the grey with the photo's texture over it
    np.testing.assert_array_equal(filled[~hole], rgb[~hole])


def test_nothing_is_lost_to_the_working_size(tmp_path):
    """A hole over many tiles of a noisy photo is the network's grey everywhere."""
    filler, network = watched(lama_like(tmp_path / "lama.onnx"))
    rgb = np.random.default_rng(1).integers(0, 255, (700, 800, 3), np.uint8)
    hole = np.zeros((700, 800), bool)
    hole[20:680, 100:700] = True
    filled, _ = filler(rgb, np.ones(hole.shape, np.float32), hole=hole, source=~hole)
    assert len(network.shown) >= 4
    assert (filled[hole] == 64).all()


def test_its_tiles_meet_without_a_seam(tmp_path):
    """A network that paints every tile from dark to bright: neighbours disagree by half of that where they meet."""
    ramp = np.linspace(0, 0.5, 512, dtype=np.float32)
    filler, network = watched(lama_like(tmp_path / "lama.onnx", grey=ramp[:, None] + ramp))
    rgb = np.full((700, 800, 3), 120, np.uint8)
    hole = np.zeros((700, 800), bool)
    hole[20:680, 100:700] = True
    filled, _ = filler(rgb, np.ones(hole.shape, np.float32), hole=hole, source=~hole)
    inside = filled[20:680, 100:700].astype(int)
    assert len(network.shown) >= 4
    assert np.ptp(inside) > 100
    assert max(np.abs(np.diff(inside, axis=axis)).max() for axis in (0, 1)) <= 4


def test_the_near_side_is_not_shown_to_it(tmp_path):
    """In place of the card its input shows the continued wall, masked to be filled; nothing red is near."""
    filler, network = watched(lama_like(tmp_path / "lama.onnx"))
    photo, depth = card_before_wall()
    near = (photo.rgb == RED).all(axis=-1)
    assert near.any()
    hole = np.zeros(near.shape, bool)
    hole[20:80, 10:40] = True
    hole &= ~near
    filler(photo.rgb, depth.inverse_depth, hole=hole, source=~(hole | near))
    image = network.shown[0]["image"][0, :, : near.shape[0], : near.shape[1]]
    mask = network.shown[0]["mask"][0, 0, : near.shape[0], : near.shape[1]]
    assert image[0].max() < 0.5 < image[2].min()
    assert (mask[near | hole] == 1).all() and (mask[~(near | hole)] == 0).all()


def test_a_card_that_names_the_wrong_range_is_found_out(tmp_path):
    """White would come out black, or black white: that is refused; in the dark the card is believed."""
    hole = np.zeros((64, 64), bool)
    hole[20:40, 20:40] = True
    depth = np.ones(hole.shape, np.float32)
    bright, dark = (np.full((64, 64, 3), level, np.uint8) for level in (120, 0))
    for answers, range_ in ((1.0, "0-1"), (255.0, "0-255"), (255.0, "0-1"), (1.0, "0-255")):
        path = lama_like(tmp_path / f"{answers}.onnx", range_=answers)
        card = replace(card_for("", name="lama"), sha256=sha256_of(path), fill=FillRecipe(range_))
        path.with_suffix(".json").write_text(card_text(card))
        filler = network_filler(path)
        if (answers == 1) != (range_ == "0-1"):
            with pytest.raises(InputError, match=f"expected colours of {range_}"):
                filler(bright, depth, hole=hole, source=~hole)
        else:
            assert (filler(bright, depth, hole=hole, source=~hole)[0][hole] == 64).all()
            assert (filler(dark, depth, hole=hole, source=~hole)[0][hole] == 64).all()


def test_colours_that_are_no_numbers_are_refused(tmp_path):
    hole = np.zeros((64, 64), bool)
    hole[20:40, 20:40] = True
    filler = network_filler(lama_like(tmp_path / "lama.onnx", grey=float("nan")))
    with pytest.raises(InputError, match="finite"):
        filler(np.full((64, 64, 3), 90, np.uint8), np.ones((64, 64), np.float32), hole=hole, source=~hole)


def test_auto_is_lama_if_it_is_installed_else_patches(tmp_path, monkeypatch):
    """A network of the name and file of LaMa, with a card of the test's own."""
    monkeypatch.setenv("KBVR_HOME", str(tmp_path))
    assert best_filler() == "patches"
    assert filler_named("auto") is patches
    folder = tmp_path / "models"
    folder.mkdir()
    path = lama_like(folder / "lama_fp32.onnx")
    card = replace(card_for("", name="lama"), file=path.name, sha256=sha256_of(path), fill=FillRecipe("0-255"))
    (folder / "lama.json").write_text(card_text(card))
    assert best_filler() == "lama"
    filler = filler_named("auto")
    assert isinstance(filler, TileFiller) and filler.output_range == "0-255" and filler.tile_px == 512
    assert filler.session is open_network(replace(card, folder=folder))


def test_lamas_own_card_says_what_its_filler_asks_for(tmp_path, monkeypatch):
    """Tensors, size and range, as the stand-in of these tests has them."""
    card = json.loads((Path(__file__).parents[2] / "kbvr" / "nets" / "builtin" / "lama.json").read_text())
    told = open_session(
        replace(card_for(""), file="l.onnx", sha256=sha256_of(lama_like(tmp_path / "l.onnx")), folder=tmp_path)
    )
    for said, found in ((card["inputs"], told.get_inputs()), (card["outputs"], told.get_outputs())):
        assert [(t["name"], t["shape"]) for t in said] == [(t.name, list(t.shape)) for t in found]
    assert card["fill"] == {"output_range": "0-255"}
