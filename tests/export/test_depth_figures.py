"""The figures of kbvr-depth: edges, thin things, agreement."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from good_depth import write_good_depth

from export.depth_figures import edges_of, figures_of, thin_recall
from export.samples import Sample
from export.strong_labels import load_strong


@pytest.fixture(scope="module")
def good_depth(tmp_path_factory):
    """Return a folder of pictures with good depth."""
    return write_good_depth(tmp_path_factory.mktemp("depth"))


def test_edges_are_right_where_the_label_has_them(good_depth):
    """A map with the label's step has its edges, and one without has none."""
    one = load_strong(good_depth, permissive=False)[0][0]
    step = np.where(np.arange(64) < 32, 0.2, 0.9).astype(np.float16)[None].repeat(48, 0)
    stepped = replace(one, sample=replace(one.sample, depth=step))
    assert edges_of(step.astype(np.float32) * 3 + 1, stepped) > 0.99
    assert edges_of(np.arange(64, dtype=np.float32)[None].repeat(48, 0), stepped) < 0.3


class Seeing(torch.nn.Module):
    """A network that says that what is bright is near, and says it of all three outputs."""

    def forward(self, rgb: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return brightness thrice."""
        return (rgb.mean(1, keepdim=True),) * 3


class Blind(torch.nn.Module):
    """A network that sees a floor in every picture."""

    def forward(self, rgb: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return a ramp thrice."""
        ramp = torch.linspace(0, 1, rgb.shape[2])[None, None, :, None].expand(1, 1, -1, rgb.shape[3])
        return (ramp,) * 3


def test_a_thin_thing_is_found_by_a_network_that_sees_it_and_by_no_other():
    """White things before black are near to a network that takes bright for near."""
    black, white = np.zeros((96, 128, 3), np.uint8), np.full((8, 8, 3), 255, np.uint8)
    seeds = range(8)
    seen = [thin_recall(Seeing(), black, white, seed) for seed in seeds]
    missed = [thin_recall(Blind(), black, white, seed) for seed in seeds]
    assert np.nanmean(seen) > 0.7
    assert np.nanmean(missed) < 0.1


def test_figures_are_of_what_was_held_out(good_depth):
    """A network that says what the labels say agrees with them, has their edges, and knows nothing of its errors."""
    _, held_out = load_strong(good_depth, permissive=False)
    photo = Sample(np.full((48, 64, 3), 99, np.uint8), np.linspace(0, 1, 48)[:, None].repeat(64, 1), None)
    figures = figures_of(Blind(), held_out, [photo])
    assert figures["films"] == figures["strong"] > 0.99
    assert figures["weak"] > 0.99
    assert np.isnan(figures["rooms"])
    assert np.isnan(figures["sky_accuracy"])
    assert 0 <= figures["edges"] <= 1
