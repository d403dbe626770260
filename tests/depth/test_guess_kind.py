"""What a depth file without a kind means is told from the file, the photo's estimate and the floor, and said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import kbvr
from kbvr.cli.main import main
from kbvr.depth.guess_kind import guessed_kind, rank_correlation
from kbvr.errors import OptionsError
from kbvr.formats.depth.depth_map import disparity_16_bit
from kbvr.photo.stored_depth import StoredDepth

EXAMPLES = Path(__file__).parents[2] / "examples"
OWN = np.tile(np.linspace(0, 1, 64, dtype=np.float32)[:, None], (1, 64)) ** 2
OWN[20:40, 10:30] = 1.2
FLAT = np.zeros((64, 64), np.float32)
NOISE = np.random.default_rng(0).random((64, 64))


def guess(values: np.ndarray, own: np.ndarray = OWN, **more) -> str:
    return guessed_kind(StoredDepth(values, **more), "d.png", lambda: own).kind


def test_light_is_near_where_the_estimate_agrees_and_far_where_it_disagrees():
    grey = np.rint(OWN * 200).astype(np.uint8)
    assert guess(grey) == "relative"
    assert guess(255 - grey) == "relative-inverted"
    assert guess(OWN) == "relative"
    assert guess(1.2 - OWN) == "relative-inverted"


def test_numbers_that_grow_with_distance_are_metres_if_they_look_like_metres():
    metres = 1 / (0.1 + OWN)
    assert guess(metres) == "depth-m"
    assert guess((metres * 1000).astype(np.uint16)) == "depth-m"
    assert guess(metres / 20) == "relative-inverted"
    assert guess((metres / metres.max() * 65535).astype(np.uint16)) == "relative-inverted"
    assert guess((metres * 10).astype(np.uint16)) == "relative-inverted"
    assert guess(metres - 5) == "relative-inverted"


def test_unknown_pixels_do_not_count():
    """Zeros in a map of millimetres, as cameras leave them where they see nothing."""
    millimetres = (1000 / (0.1 + OWN)).astype(np.uint16)
    millimetres[:37] = 0
    assert guess(millimetres) == "depth-m"
    metres = 1 / (0.1 + OWN)
    metres[:30] = np.nan
    metres[30] = np.inf
    assert guess(metres) == "depth-m"


def test_the_floor_tells_where_the_estimate_says_nothing():
    found = guessed_kind(StoredDepth(OWN), "d.png", lambda: FLAT)
    assert found == ("relative", "its numbers grow towards the bottom, which is usually near")
    found = guessed_kind(StoredDepth(1.2 - OWN), "d.png", lambda: FLAT)
    assert found == ("relative-inverted", "its numbers shrink towards the bottom, which is usually near")


@pytest.mark.parametrize("values", [NOISE, np.full((64, 64), 3.0), OWN.T[:, ::-1] * 0 + NOISE])
def test_where_nothing_tells_the_kind_is_asked_for(values):
    with pytest.raises(
        OptionsError, match=r"d\.png: nothing shows whether light is near or far .* expected depth_kind"
    ):
        guess(values)
    assert guessed_kind(StoredDepth(values), "d.png", lambda: OWN, usual="relative") == ("relative", "")


def test_the_floor_does_not_outvote_the_estimate():
    """A ceiling: the photo's estimate says slightly the opposite of the rows."""
    own = 1 - OWN + 6 * NOISE.astype(np.float32)
    assert -0.3 < rank_correlation(OWN.ravel().astype(float), own.ravel().astype(float)) < -0.1
    with pytest.raises(OptionsError):
        guess(OWN, own)


def test_what_the_file_says_comes_first():
    assert guess(1 - OWN, kind="disparity") == "disparity"


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=3, max_size=30))
def test_rank_correlation_depends_on_order_only(pairs):
    a, b = (np.array(side, float) for side in zip(*pairs, strict=True))
    found = rank_correlation(a, b)
    assert found == pytest.approx(rank_correlation(np.exp(a), 5 * b - 3))
    assert found == pytest.approx(-rank_correlation(-a, b))
    assert -1 - 1e-9 <= found <= 1 + 1e-9


# --- with a photo ---


@pytest.fixture(scope="module")
def cat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small photo, and its depth as several programs would write it."""
    folder = tmp_path_factory.mktemp("cat")
    Image.open(EXAMPLES / "cat.jpg").resize((300, 200)).save(folder / "cat.png")
    photo = kbvr.load_photo(folder / "cat.png")
    depth = kbvr.estimate_depth(photo, model="kbvr-depth")
    near = disparity_16_bit(depth)
    Image.fromarray((near >> 8).astype(np.uint8)).save(folder / "light near.jpg")
    Image.fromarray(255 - (near >> 8).astype(np.uint8)).save(folder / "light far.png")
    np.save(folder / "metres.npy", 1 / np.maximum(depth.inverse_depth, 0.01))
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (200, 300), np.uint8)).save(folder / "noise.png")
    report = kbvr.export(folder / "cat.png", folder, depth_map="png,npz,exr,color", still="rgbd")
    assert len(report.written) == 5
    return folder


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("light near.jpg", "taken as relative (light is near), because its rank correlation with kbvr's own estimate"),
        ("light far.png", "taken as relative-inverted (light is far), because"),
        ("metres.npy", "taken as depth-m (metres; whole numbers: millimetres), because"),
        ("cat_kbvr_depth.exr", "taken as depth-m"),
        ("cat_kbvr_depth_color.png", "read from the colours of Turbo"),
        ("cat_kbvr_depth.png", ""),
        ("cat_kbvr_depth.npz", ""),
    ],
)
def test_a_file_without_a_kind_gives_the_same_scene_and_a_warning(cat, tmp_path, capsys, name, said):
    call = ["export", str(cat / "cat.png"), "-o", str(tmp_path), "--depth-map", "npy", "--fov", "55"]
    assert main([*call, "--depth", str(cat / name)]) == 0
    warned = capsys.readouterr().err
    assert said in warned if said else "taken as" not in warned
    assert not said.startswith("taken") or "--depth-kind says it for certain" in warned
    found = np.load(tmp_path / "cat_kbvr_depth_m.npy")
    with np.load(cat / "cat_kbvr_depth.npz") as given_file:
        true_m = given_file["depth"]
    assert rank_correlation(*(1 / side.ravel().astype(float) for side in (found, true_m))) > 0.97


def test_a_file_that_nothing_explains_is_refused_in_one_line(cat, tmp_path, capsys):
    call = ["export", str(cat / "cat.png"), "-o", str(tmp_path / "out"), "--depth-map", "npy"]
    assert main([*call, "--depth", str(cat / "noise.png")]) == 2
    message = capsys.readouterr().err.strip()
    assert "expected --depth-kind relative (light is near), relative-inverted (light is far)" in message
    assert not (tmp_path / "out" / "cat_kbvr_depth_m.npy").exists()
