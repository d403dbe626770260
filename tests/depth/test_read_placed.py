"""A depth PNG that kbvr wrote comes back where it was."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin
from scenes import BLUE, RED, card_before_wall, depth_of, photo_of, smooth_pattern

import kbvr
from kbvr.depth.depth_map import DepthMap
from kbvr.depth.read_placed import load_placed_depth
from kbvr.errors import InputError
from kbvr.formats.depth.depth_map import png_of_depth
from kbvr.imaging.resize import averaged
from kbvr.options.export_options import ExportOptions
from kbvr.photo.photo import photo_from_array
from kbvr.profiles.depth_source import depth_from_file_or_network

PHOTO = photo_of(smooth_pattern(30, 20))


def read_back(depth: DepthMap, photo=PHOTO) -> DepthMap:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "depth.png"
        path.write_bytes(png_of_depth(depth))
        return load_placed_depth(path, photo)


def png_with(path: Path, texts: dict[str, str], mode: str = "I;16") -> Path:
    chunks = PngImagePlugin.PngInfo()
    for name, text in texts.items():
        chunks.add_text(name, text)
    values = np.arange(600, dtype=np.uint16 if mode == "I;16" else np.uint8).reshape(20, 30) if mode == "I;16" else None
    image = Image.fromarray(values) if values is not None else Image.new("L", (30, 20))
    image.save(path, "PNG", pnginfo=chunks)
    return path


@given(low=st.floats(0, 2), extent=st.floats(1e-3, 5), seed=st.integers(0, 99), metric=st.booleans())
def test_depth_comes_back_to_a_65535th_of_its_range(low, extent, seed, metric):
    """Place and scale too, which a disparity would lose."""
    values = np.random.default_rng(seed).uniform(low, low + extent, (20, 30)).astype(np.float32)
    depth = replace(depth_of(values), metric=metric)
    found = read_back(depth)
    assert np.abs(found.inverse_depth - values).max() <= 0.51 * np.ptp(values) / 65535 + 1e-7 * values.max()
    assert found.metric == metric
    assert found.confidence is None


def test_a_second_round_trip_changes_nothing():
    values = np.random.default_rng(1).uniform(0.1, 1, (20, 30))
    once = read_back(depth_of(values))
    assert np.abs(read_back(once).inverse_depth - once.inverse_depth).max() < 1e-6


def test_the_sky_stays_at_infinity():
    values = np.full((20, 30), 0.3, np.float32)
    values[:8] = 0
    assert (read_back(depth_of(values)).inverse_depth[:8] == 0).all()


def test_a_flat_wall_stays_where_it_is():
    found = read_back(depth_of(np.full((20, 30), 0.25)))
    np.testing.assert_allclose(found.inverse_depth, 0.25, rtol=1e-6)


def test_a_smaller_map_is_upsampled_along_the_photos_edges():
    """The edge of a card in a photo 4 times as large is straight and sharp, though it divides cells of the map."""
    card = np.s_[122:282, 162:322]
    rgb = np.full((400, 480, 3), BLUE, np.uint8)
    rgb[card] = RED
    wanted = np.full((400, 480), 0.25, np.float32)
    wanted[card] = 1
    found = read_back(depth_of(averaged(wanted, (120, 100))), photo_of(rgb)).inverse_depth
    assert np.mean(np.abs(found - wanted) > 0.05) < 0.004
    middle = found[140:260]
    assert np.abs((middle > 0.6).argmax(axis=1) - 162).max() <= 1
    assert ((middle > 0.3) & (middle < 0.95)).mean() < 0.002


def test_a_larger_map_is_averaged():
    values = np.full((40, 60), 0.5, np.float32)
    values[:, ::2] = 0.25
    np.testing.assert_allclose(read_back(depth_of(values)).inverse_depth, 0.375, rtol=1e-5)


def test_the_confidence_of_a_network_is_kept():
    """Without it the outlines would be taken as exact."""
    confidence = np.full((20, 30), 255, np.uint8)
    confidence[5:9, 4:20] = 40
    depth = replace(depth_of(np.linspace(0.1, 1, 600).reshape(20, 30)), confidence=confidence)
    found = read_back(depth)
    assert found.confidence is not None and np.array_equal(found.confidence, confidence)


@pytest.mark.parametrize(("photo_says", "f_px"), [(True, 40.0), (False, 100.0)])
def test_the_focal_length_is_the_photos_unless_that_is_a_guess(photo_says, f_px):
    rgb = smooth_pattern(60, 40)
    photo = photo_from_array(rgb, f_px=40.0) if photo_says else photo_from_array(rgb)
    depth = DepthMap(np.full((20, 30), 0.5, np.float32), 50.0)
    assert read_back(depth, photo).f_px == pytest.approx(f_px)


def test_an_export_with_it_has_the_depth_of_the_export_that_wrote_it(tmp_path):
    photo, depth = card_before_wall()
    (tmp_path / "depth.png").write_bytes(png_of_depth(depth))
    options = ExportOptions(depth=tmp_path / "depth.png", depth_kind="kbvr")
    found = depth_from_file_or_network(photo, options, None, softness=0.5)
    assert np.abs(found.inverse_depth - depth.inverse_depth).max() < 1e-4
    again = kbvr.export(photo, tmp_path / "out", depth_map="npy", depth=tmp_path / "depth.png", depth_kind="kbvr")
    np.testing.assert_allclose(np.load(again.file.path), 1 / depth.inverse_depth, rtol=1e-4)


def test_an_option_that_places_the_depth_is_reported_as_unused(tmp_path, caplog):
    photo, depth = card_before_wall()
    (tmp_path / "depth.png").write_bytes(png_of_depth(depth))
    options = ExportOptions(depth=tmp_path / "depth.png", depth_kind="kbvr", near_m=3)
    depth_from_file_or_network(photo, options, None, softness=0.5)
    assert "near_m has no effect" in caplog.text


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ({}, "without the text far_m"),
        ({"far_m": "4"}, "without the text near_m"),
        ({"near_m": "1", "far_m": "close"}, "expected metres > 0 or infinity as far_m, got 'close'"),
        ({"near_m": "-1", "far_m": "4"}, "got '-1'"),
        ({"near_m": "nan", "far_m": "4"}, "got 'nan'"),
        ({"near_m": "1", "far_m": "inf"}, "got 'inf'"),
        ({"near_m": "4", "far_m": "1"}, "expected distances from near to far"),
        ({"near_m": "infinity", "far_m": "infinity"}, "expected distances from near to far"),
    ],
)
def test_a_png_without_its_place_is_refused(tmp_path, texts, words):
    path = png_with(tmp_path / "depth.png", texts)
    with pytest.raises(InputError) as caught:
        load_placed_depth(path, PHOTO)
    assert words in str(caught.value) and "depth.png" in str(caught.value)


def test_other_files_are_refused(tmp_path):
    texts = {"near_m": "1", "far_m": "4"}
    with pytest.raises(InputError, match="16 bits"):
        load_placed_depth(png_with(tmp_path / "8.png", texts, "L"), PHOTO)
    np.save(tmp_path / "depth.npy", np.ones((20, 30)))
    with pytest.raises(InputError, match="expected a 16-bit depth PNG that kbvr wrote"):
        load_placed_depth(tmp_path / "depth.npy", PHOTO)
    with pytest.raises(InputError, match="of the photo's shape"):
        load_placed_depth(png_with(tmp_path / "d.png", texts), photo_of(smooth_pattern(20, 30)))
    with pytest.raises(InputError, match="no such file"):
        load_placed_depth(tmp_path / "none.png", PHOTO)


@pytest.mark.parametrize("confidence", ["", "30 20", "30 20 !", "30 20 AAAA", "0 0 AAAA", "99999 2 AAAA"])
def test_a_damaged_confidence_is_none(tmp_path, confidence):
    path = png_with(tmp_path / "depth.png", {"near_m": "1", "far_m": "4", "confidence": confidence})
    assert load_placed_depth(path, PHOTO).confidence is None
