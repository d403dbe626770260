"""The confidence of an estimated depth: the network's own, and what its mirror image and other sizes disagree on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scenes import depth_of, photo_of, smooth_pattern

import kbvr
from kbvr.depth import estimate
from kbvr.depth.depth_map import sized
from kbvr.depth.networks import BUILT_IN_NETWORK, DepthNetwork, depth_network
from kbvr.depth.predict import predict_depth
from kbvr.nets import DepthRecipe
from kbvr.plan.aspect import cropped_around_subject


class StandIn:
    """A network whose depth is the picture's red, plus the column if it is lopsided; its confidence is its green."""

    def __init__(self, *, lopsided: bool) -> None:
        self.lopsided = lopsided

    def get_inputs(self):
        """Return none: the recipe names the inputs."""
        return []

    def get_outputs(self):
        """Return none: the recipe names the outputs."""
        return []

    def get_providers(self):
        """Return the only device."""
        return ["CPUExecutionProvider"]

    def run(self, outputs, feeds):
        """Return the named outputs, as onnxruntime does."""
        red, green = feeds["rgb01"][:, :1], feeds["rgb01"][:, 1:2]
        column = np.linspace(0, 1, red.shape[3], dtype=np.float32) * np.ones_like(red)
        maps = {"depth": red + column if self.lopsided else red, "confidence": green}
        return [maps[name] for name in outputs]


def network(*, lopsided: bool = False, confidence: str = "confidence") -> DepthNetwork:
    recipe = DepthRecipe("rgb01", "depth", long_side_px=64, confidence_output=confidence)
    return DepthNetwork("stand-in", StandIn(lopsided=lopsided), recipe)


def picture(green: int = 128) -> np.ndarray:
    rgb = np.full((64, 64, 3), green, np.uint8)
    rgb[..., 0] = np.linspace(40, 200, 64)[:, None]
    return rgb


def test_the_confidence_of_the_network_is_kept():
    prediction = predict_depth(network(), picture(green=102))
    assert prediction.confidence == pytest.approx(0.4, abs=0.02)


@pytest.mark.parametrize("confidence", ["confidence", ""])
def test_what_the_mirror_image_disagrees_on_is_doubtful(confidence):
    """Most at the left and right, not at all in the middle; the network itself is sure of everything."""
    prediction = predict_depth(network(lopsided=True, confidence=confidence), picture(green=255))
    middle, side = prediction.confidence[:, 31:33].mean(), prediction.confidence[:, [0, -1]].mean()
    assert middle > 0.9
    assert side < 0.5


def test_a_single_pass_without_a_confidence_knows_none():
    assert predict_depth(network(confidence=""), picture(), quality="fast").confidence is None


def test_an_estimate_without_a_confidence_is_certain_but_not_exact(monkeypatch):
    """Its outlines may be snapped and softened, unlike those of a given depth map."""
    monkeypatch.setattr(estimate, "depth_network", lambda *_, **__: network(confidence=""))
    depth = kbvr.estimate_depth(photo_of(picture()), quality="fast")
    assert (depth.confidence == 255).all()
    assert depth.confidence.shape == depth.inverse_depth.shape


def test_the_error_to_expect_follows_from_the_confidence():
    depth = depth_of(np.linspace(0, 1, 100)[None] * np.ones((10, 1)))
    doubted = replace(depth, confidence=np.full((10, 100), 51, np.uint8))
    assert doubted.expected_error(np.array([0, 999])) == pytest.approx(0.25 * (255 / 51 - 1), rel=0.02)
    assert (depth.expected_error(np.array([5])) == 0).all()


def test_the_built_in_network_tells_how_sure_it_is():
    depth = kbvr.estimate_depth(photo_of(smooth_pattern(96, 64)), model=BUILT_IN_NETWORK)
    assert depth.confidence is not None
    assert depth.confidence.shape == (64, 96)
    assert 20 < depth.confidence.mean() < 240
    assert depth_network(BUILT_IN_NETWORK).recipe.confidence_output == "confidence"


def test_the_confidence_stays_with_its_pixels():
    photo = photo_of(smooth_pattern(120, 60))
    depth = replace(depth_of(np.ones((60, 120))), confidence=np.full((60, 120), 80, np.uint8))
    depth.confidence[:, :60] = 200
    _, small = sized(photo, depth, (60, 30))
    assert (small.confidence[:, :29] == 200).all()
    assert (small.confidence[:, 31:] == 80).all()
    _, square, _ = cropped_around_subject(photo, depth, (1, 1))
    assert square.confidence.shape == square.inverse_depth.shape == (60, 60)
