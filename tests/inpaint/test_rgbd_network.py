"""Filling with a network: nothing leaks, nothing else changes, and work goes with the hidden area."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scenes import BLUE, CARD, RED, card_before_wall, smooth_pattern

from export.kbvr_fill import KbvrFill
from export.onnx_export import export_fill
from kbvr.errors import InputError
from kbvr.inpaint.choose import FILLERS, filler_named, network_filler
from kbvr.inpaint.rgbd_network import CONTEXT_PX, MULTIPLE_PX, STEP_PX, NetworkFiller


class Recorder:
    """A network that paints everything unknown from dark to bright, and remembers what it was shown."""

    def __init__(self) -> None:
        self.shown: list[dict[str, np.ndarray]] = []

    def run(self, _names, feeds):
        """Paint, and remember."""
        self.shown.append(feeds)
        known = feeds["known"]
        down, right = (np.linspace(0, 0.5, side, dtype=np.float32) for side in known.shape[2:])
        painted = (down[:, None] + right) * (1 - known)
        return [feeds[name] * known + painted for name in ("rgb01", "inverse_depth")]

    def get_inputs(self):
        """Describe nothing."""
        return []

    def get_outputs(self):
        """Describe nothing."""
        return []

    def get_providers(self):
        """Run anywhere."""
        return ["CPUExecutionProvider"]


@pytest.fixture(scope="module")
def untrained(tmp_path_factory) -> Path:
    """Return the file of a kbvr-fill that adds nothing to the smooth continuation of the sources."""
    return export_fill(KbvrFill((8, 8, 8, 8)), tmp_path_factory.mktemp("untrained"), {}).path


@pytest.fixture(scope="module")
def random(tmp_path_factory) -> Path:
    """Return the file of a kbvr-fill with random weights."""
    torch.manual_seed(0)
    net = KbvrFill((8, 8, 8, 8))
    torch.nn.init.normal_(net.sub_pixels.weight, 0, 0.05)
    return export_fill(net, tmp_path_factory.mktemp("random"), {}).path


def band(width: int, height: int, columns: slice) -> tuple[np.ndarray, np.ndarray]:
    """Return a hole over some columns, and all the rest as its source."""
    hole = np.zeros((height, width), bool)
    hole[:, columns] = True
    return hole, ~hole


@pytest.mark.parametrize("name", [*FILLERS, "network"])
def test_no_red_of_a_card_gets_into_the_wall_behind_it(name, untrained):
    """The whole card is masked out; the filling behind it is as blue as the wall, and at its depth."""
    photo, depth = card_before_wall()
    hole = np.zeros(depth.inverse_depth.shape, bool)
    hole[CARD] = True
    rgb, inverse_depth = filler_named(untrained if name == "network" else name)(
        photo.rgb, depth.inverse_depth, hole=hole, source=~hole
    )
    assert np.abs(rgb[hole].astype(int) - BLUE).max() <= 8
    assert np.allclose(inverse_depth[hole], 0.25, atol=0.02)


def test_what_is_masked_out_makes_no_difference_at_all(random):
    """Pixels that are neither hole nor source do not change a byte of the filling."""
    photo, depth = card_before_wall()
    near = np.zeros(depth.inverse_depth.shape, bool)
    near[CARD] = True
    hole = np.zeros_like(near)
    hole[25:75, 35:45] = True
    results = []
    for colour, nearness in ((RED, 1.0), ((255, 255, 255), 9.0)):
        rgb, inverse_depth = photo.rgb.copy(), depth.inverse_depth.copy()
        rgb[near], inverse_depth[near] = colour, nearness
        filled = network_filler(random)(rgb, inverse_depth, hole=hole, source=~(hole | near))
        results.append((filled[0][hole], filled[1][hole]))
    np.testing.assert_array_equal(results[0][0], results[1][0])
    np.testing.assert_array_equal(results[0][1], results[1][1])


@pytest.mark.parametrize("size_px", [(16, 16), (33, 250), (700, 41), (321, 640), (1500, 300)])
def test_only_the_hole_changes_and_nothing_is_left_open(size_px, untrained):
    width, height = size_px
    rgb = smooth_pattern(width, height)
    inverse_depth = np.full((height, width), 0.5, np.float32)
    hole, source = band(width, height, slice(width // 3, width // 3 + 5))
    filled, filled_depth = network_filler(untrained)(rgb, inverse_depth, hole=hole, source=source)
    np.testing.assert_array_equal(filled[~hole], rgb[~hole])
    np.testing.assert_array_equal(filled_depth[~hole], inverse_depth[~hole])
    assert np.isfinite(filled_depth).all()
    assert np.allclose(filled_depth[hole], 0.5, atol=0.01)


def test_tiles_are_looked_at_only_where_something_is_hidden():
    """A small hole in one corner of a large picture costs one look at its surroundings."""
    network = Recorder()
    rgb = smooth_pattern(1000, 800)
    hole = np.zeros((800, 1000), bool)
    hole[20:40, 30:60] = True
    NetworkFiller(network)(rgb, np.ones((800, 1000), np.float32), hole=hole, source=~hole)
    assert len(network.shown) == 1
    height, width = network.shown[0]["rgb01"].shape[2:]
    assert 40 + CONTEXT_PX <= height <= 40 + CONTEXT_PX + MULTIPLE_PX
    assert 60 + CONTEXT_PX <= width <= 60 + CONTEXT_PX + MULTIPLE_PX


def test_tiles_meet_without_a_seam():
    """It paints every tile from dark to bright: where two meet they blend, in colour and depth."""
    network = Recorder()
    rgb = np.full((500, 900, 3), 128, np.uint8)
    hole, source = band(900, 500, slice(300, 500))
    filled, depth = NetworkFiller(network)(rgb, np.full((500, 900), 0.5, np.float32), hole=hole, source=source)
    assert len(network.shown) > 500 // STEP_PX
    for inside in (filled[:, 300:500].astype(int), 255 * depth[:, 300:500]):
        assert np.ptp(inside) > 30
        assert max(np.abs(np.diff(inside, axis=axis)).max() for axis in (0, 1)) < 2.5


def test_a_hole_wider_than_a_tile_is_filled_too(untrained):
    rgb = np.full((400, 1000, 3), 200, np.uint8)
    hole, source = band(1000, 400, slice(20, 980))
    filled, depth = network_filler(untrained)(rgb, np.ones((400, 1000), np.float32), hole=hole, source=source)
    assert np.abs(filled[hole].astype(int) - 200).max() <= 8
    assert np.allclose(depth[hole], 1, atol=0.02)


def test_the_network_never_sees_what_is_no_source():
    network = Recorder()
    photo, depth = card_before_wall()
    hole, source = band(120, 100, slice(20, 90))
    NetworkFiller(network)(photo.rgb, depth.inverse_depth, hole=hole, source=source)
    shown = network.shown[0]
    assert (shown["rgb01"] * (1 - shown["known"]) == 0).all()
    assert (shown["inverse_depth"] * (1 - shown["known"]) == 0).all()


def test_no_dark_rim_is_left_next_to_the_masked_out_part_of_a_large_photo(untrained):
    """A photo that is downscaled for the network: the near side does not affect the hole."""
    rgb = np.full((600, 2100, 3), 200, np.uint8)
    hole, source = band(2100, 600, slice(900, 960))
    near = np.zeros_like(hole)
    near[:, 960:1300] = True
    rgb[near] = RED
    filled, depth = network_filler(untrained)(
        rgb, np.full(hole.shape, 0.5, np.float32), hole=hole, source=source & ~near
    )
    assert np.abs(filled[hole].astype(int) - 200).max() <= 4
    assert np.allclose(depth[hole], 0.5, atol=0.01)


def test_without_a_source_or_a_hole_nothing_changes(untrained):
    photo, depth = card_before_wall()
    none, everything = (np.full(depth.inverse_depth.shape, value) for value in (False, True))
    for hole, source in ((everything, none), (none, everything)):
        rgb, inverse_depth = network_filler(untrained)(photo.rgb, depth.inverse_depth, hole=hole, source=source)
        np.testing.assert_array_equal(rgb, photo.rgb)
        np.testing.assert_array_equal(inverse_depth, depth.inverse_depth)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nonsense", r"auto, patches, spread, kbvr-fill, migan, lama or a \.onnx file"),
        ("missing.onnx", r"missing\.onnx"),
        ("kbvr-depth", "rgb01, inverse_depth, known or image, mask, got kbvr-depth"),
        ("lama", "kbvr models pull lama"),
    ],
)
def test_a_filler_that_does_not_exist_is_refused_in_one_line(name, message):
    with pytest.raises(InputError, match=message) as caught:
        filler_named(name)
    assert "\n" not in str(caught.value)
