"""Standing objects: upright as a whole, planar if they recede; flat things are left alone."""

from __future__ import annotations

import numpy as np
import pytest

from kbvr.depth.standing_objects import standing_objects
from kbvr.depth.straighten import straightened

WIDTH, HEIGHT = 384, 256


def scene() -> tuple[np.ndarray, np.ndarray]:
    """Return a photo of a tiled wall, and its map."""
    rgb = np.full((HEIGHT, WIDTH, 3), 180, np.uint8)
    rgb[::40], rgb[:, ::40] = 90, 90
    values = np.full((HEIGHT, WIDTH), 0.1, np.float32)
    values[200:] = np.linspace(0.1, 1, HEIGHT - 200)[:, None]
    return rgb, values


def ellipse(x: float, y: float, radius_x: float, radius_y: float) -> np.ndarray:
    """Return the pixels inside an ellipse, which has no straight outline."""
    down, right = np.mgrid[:HEIGHT, :WIDTH]
    return ((right - x) / radius_x) ** 2 + ((down - y) / radius_y) ** 2 < 1


@pytest.mark.parametrize("lean", [0.08, -0.08])
def test_a_figure_that_leans_stands(lean: float) -> None:
    """A figure without straight outlines, whose top is too far or too near by 8% of the range."""
    rgb, values = scene()
    figure = ellipse(200, 130, 24, 75)
    y = np.nonzero(figure)[0]
    rgb[figure], values[figure] = 60, 0.6 + lean * (y - 130) / 150
    straight = straightened(values, rgb)

    def slope(of: np.ndarray) -> float:
        return float(np.polyfit(y - 130, of[figure], 1)[0])

    assert abs(slope(straight)) < 0.6 * abs(slope(values))


def test_a_flank_that_recedes_is_planar() -> None:
    """What changes from left to right is kept."""
    rgb, values = scene()
    flank = ellipse(200, 130, 55, 75)
    x = np.nonzero(flank)[1]
    rgb[flank], values[flank] = 60, 0.6 + 0.0008 * (x - 200)
    assert np.abs(straightened(values, rgb) - values)[flank].mean() < 0.004


def test_only_tall_things_in_front_of_their_surroundings_stand() -> None:
    """A figure does; a low hedge, a pebble and a picture on the wall do not."""
    _, values = scene()
    things = values.copy()
    for shape, nearness in (
        (ellipse(60, 100, 20, 60), 0.7),
        (ellipse(250, 150, 90, 40), 0.7),
        (ellipse(350, 60, 4, 6), 1),
    ):
        things[shape] = nearness
    standing = standing_objects(things, 0.9)
    assert len(standing.x) == 1
    assert np.abs(standing.x - 60).max() < 20
    assert len(standing_objects(values, 0.9).x) == 0


def test_a_slope_too_steep_for_a_wobble_stays() -> None:
    """A slide leans by 40% of the range."""
    rgb, values = scene()
    slide = ellipse(200, 130, 24, 75)
    y = np.nonzero(slide)[0]
    rgb[slide], values[slide] = 60, 0.6 + 0.4 * (y - 130) / 150
    straight = straightened(values, rgb)
    assert np.polyfit(y, straight[slide], 1)[0] > 0.8 * np.polyfit(y, values[slide], 1)[0]
