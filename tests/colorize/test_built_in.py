"""kbvr-color, the built-in network: its colours are nearer to the true ones than grey is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.colours import figures_of, grey_of
from kbvr.colorize import colorized, colour_network
from kbvr.imaging.lab import chroma_of
from kbvr.imaging.resize import averaged, within_px
from kbvr.photo.photo import load_photo, photo_from_array

PHOTOS = Path(__file__).parents[2] / "docs" / "photos"


@pytest.fixture(scope="module")
def network():
    return colour_network("kbvr-color")


def small(name: str) -> np.ndarray:
    """Return a photo of docs/photos, with a long side of 400 px."""
    photo = load_photo(PHOTOS / f"{name}.jpg")
    return averaged(photo.rgb, within_px(photo.size_px, 400))


@pytest.mark.parametrize("name", ["windmill", "dandelions", "gate", "moose"])
def test_its_colours_are_nearer_to_the_true_ones_than_grey_is(network, name):
    figures = figures_of(small(name), network)
    assert figures.error < 0.8 * figures.error_of_grey


def test_a_sky_becomes_blue_and_a_meadow_green(network):
    """The top and the bottom of a photo."""
    done = chroma_of(colorized(photo_from_array(grey_of(small("meadow"))), network).rgb)
    sky, grass = (done[rows].reshape(-1, 2).mean(axis=0) for rows in (slice(0, 40), slice(-40, None)))
    assert sky[1] < -5, "b: blue"
    assert grass[0] < -3 and grass[1] > 5, "a: green, b: yellow"
