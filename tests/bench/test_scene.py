"""The bench of scenes: its sizes, its table and its curve."""

from __future__ import annotations

import cv2
import pytest

from bench import scene


def figures() -> list[scene.SceneFigures]:
    return [
        scene.SceneFigures((1000, 1000), 0.1, 1.0, 2.0, 0.5, 4.0, 400.0),
        scene.SceneFigures((4000, 3000), 0.2, 2.0, 4.0, 0.5, 8.0, None),
    ]


@pytest.mark.parametrize("megapixels", [1, 12, 48])
def test_sizes_are_four_to_three_and_of_as_many_pixels_as_wanted(megapixels):
    width, height = scene.size_of(megapixels)
    assert width * height / 1e6 == pytest.approx(megapixels, rel=0.01)
    assert width / height == pytest.approx(4 / 3, rel=0.01)


def test_the_table_tells_seconds_in_all_and_a_pixels_share():
    one, twelve = scene.scene_table(figures()).splitlines()[2:]
    assert [cell.strip() for cell in one.split("|")][5:8] == ["3.10", "4.00", "4.00"]
    assert [cell.strip() for cell in twelve.split("|")][7:10] == ["0.67", "0.50", "unknown"]


def test_the_curve_is_a_picture_with_both_colours(tmp_path):
    scene.write_plot(figures(), tmp_path / "curve.png")
    picture = cv2.imread(str(tmp_path / "curve.png"))
    assert picture.shape[:2] == scene.PLOT_PX[::-1]
    for colour in ((200, 90, 20), (40, 40, 200)):
        assert (picture == colour).all(axis=2).sum() > 100
