"""Exports of stereo pairs use both views, and say so."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from stereo_pairs import two_eyes

import kbvr
from kbvr.errors import InputError
from kbvr.options.export_options import ExportOptions
from kbvr.photo.photo import load_photo

EYES = two_eyes()


def write(folder: Path, name: str, rgb: np.ndarray) -> Path:
    Image.fromarray(rgb).save(folder / name)
    return folder / name


@pytest.mark.parametrize("name", ["card.png", "card_LR.png", "card_RL.png"])
def test_an_export_says_what_comes_from_the_second_view(tmp_path, name):
    views = {"card.png": [EYES.left], "card_LR.png": [EYES.left, EYES.right], "card_RL.png": [EYES.right, EYES.left]}
    photo, other = write(tmp_path, name, np.hstack(views[name])), write(tmp_path, "other.png", EYES.right)
    more = {"pair": other} if name == "card.png" else {}
    report = kbvr.export(photo, tmp_path / "out", still="sbs", stereo=False, **more)
    (depth,) = [line for line in report.explanation if line.startswith("depth:")]
    assert "% of it measured by its pair" in depth
    assert "rows 0." in depth
    assert "the rest from kbvr-depth" in depth
    (fill,) = [line for line in report.explanation if line.startswith("fill:")]
    assert " hidden pixels from the second view" in fill
    assert not fill.startswith("fill: patches; 0 of")
    with Image.open(report.file.path) as picture:
        assert picture.size == (640, 240)


@pytest.mark.parametrize(("pair", "width"), [("auto", 320), ("none", 640)])
def test_a_depth_file_is_that_of_the_left_view(tmp_path, pair, width):
    """As kbvr itself writes it; without a pair it is that of the whole picture."""
    photo = write(tmp_path, "card_LR.png", np.hstack([EYES.left, EYES.right]))
    depth = write(tmp_path, "depth.png", np.tile(np.linspace(0, 255, width).astype(np.uint8), (240, 1)))
    options = {"depth": depth, "depth_kind": "relative", "pair": pair}
    report = kbvr.export(photo, tmp_path / "out", depth_map="png", stereo=False, **options)
    with Image.open(report.file.path) as picture:
        assert picture.size == (width, 240)


def test_a_second_view_that_is_none_leaves_the_photo(tmp_path, caplog):
    photo = write(tmp_path, "card.png", EYES.left)
    with caplog.at_level(logging.WARNING):
        report = kbvr.export(photo, tmp_path / "out", depth_map="png", stereo=False, pair=photo)
    assert [record.getMessage() for record in caplog.records] == [
        "the second view (card.png) is not used: the two pictures show no parallax"
    ]
    assert "estimated by kbvr-depth" in " ".join(report.explanation)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pair": "b.jpg", "depth": "d.png"}, "depth and a file of pair cannot be combined"),
        ({"pair": "b.jpg", "rgbd": "left"}, "rgbd and pair cannot be combined"),
        ({"pair": "b.jpg", "panorama": "cylinder", "fov_deg": 90}, "panorama cylinder and pair cannot be combined"),
        ({"pair": "sbs", "panorama": "360"}, "panorama 360 and pair cannot be combined"),
    ],
)
def test_pairs_and_depth_files_exclude_each_other(options, message):
    with pytest.raises(InputError, match=message):
        ExportOptions(**options)


@pytest.mark.parametrize("name", ["card_360_TB.png", "card_180_LR.png"])
def test_the_views_of_a_sphere_are_not_taken_apart(tmp_path, name, caplog):
    """One warning says so, though its halves are alike."""
    photo = write(tmp_path, name, (np.vstack if "TB" in name else np.hstack)([EYES.left, EYES.right]))
    with caplog.at_level(logging.WARNING):
        kbvr.export(photo, tmp_path / "out.png", depth_map="png", stereo=False)
    (record,) = [record for record in caplog.records if name in record.getMessage() and "player" not in record.message]
    assert "its name means both views of a sphere, which are not taken apart" in record.getMessage()
    with Image.open(tmp_path / "out.png") as picture, Image.open(photo) as whole:
        assert picture.size == whole.size


def test_a_panorama_says_that_its_second_view_is_not_used(tmp_path):
    first, second = write(tmp_path, "a.png", EYES.left), write(tmp_path, "b.png", EYES.right)
    photo = load_photo(first, pair=second, panorama="cylinder", fov_deg=90)
    assert photo.second_view is None
    assert "its second view is not used, because it is a panorama" in photo.notes


def test_a_file_of_a_second_view_goes_with_a_file(tmp_path):
    photo = kbvr.photo_from_array(EYES.left)
    with pytest.raises(InputError, match="pair requires a file, got a photo in memory"):
        kbvr.export(photo, tmp_path, pair="sbs", depth_map="png", stereo=False)


def test_a_second_view_is_not_overwritten(tmp_path):
    photo, other = write(tmp_path, "a.png", EYES.left), write(tmp_path, "b.png", EYES.right)
    with pytest.raises(InputError, match="is an input of this export"):
        kbvr.export(photo, other, pair=other, still="sbs", stereo=False, overwrite=True)
