"""A repaired print: what is damaged is filled, what is not stays, and the numbers of the photo still fit."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from old_prints import HEIGHT, WIDTH, bordered, scene, scratched
from PIL import Image

import kbvr
from kbvr.cli.main import main
from kbvr.errors import InputError
from kbvr.geometry.camera import fov_deg_from_f_px
from kbvr.photo.embedded_depth import EmbeddedDepth
from kbvr.photo.panorama import Panorama
from kbvr.photo.photo import photo_from_array
from kbvr.photo.second_view import SecondView
from kbvr.repair import repaired
from kbvr.repair.damage import damage_of

NOTHING = "no damage and no border found, so nothing is repaired"


def grainy(rgb: np.ndarray, levels: float = 2.0) -> np.ndarray:
    """Return a picture with the grain of film."""
    grain = cv2.GaussianBlur(np.random.default_rng(0).normal(0, 2 * levels, rgb.shape[:2]), (0, 0), 0.7)
    return np.clip(np.rint(rgb + grain[..., None]), 0, 255).astype(np.uint8)


def error_db(rgb: np.ndarray, true: np.ndarray, where: np.ndarray) -> float:
    """Return the PSNR of a part of a picture."""
    return float(10 * np.log10(255**2 / ((rgb[where].astype(float) - true[where]) ** 2).mean()))


def test_scratches_and_dust_are_filled():
    clean = grainy(scene())
    rgb, damage = scratched(clean)
    done = repaired(photo_from_array(rgb))
    changed = (done.rgb != rgb).any(axis=2)
    assert changed[damage].mean() > 0.85
    assert changed[cv2.dilate(damage.astype(np.uint8), np.ones((5, 5))) == 0].mean() <= 0.005
    assert error_db(done.rgb, clean, damage) > error_db(rgb, clean, damage) + 10
    assert "damage filled in on" in done.notes[-1]
    assert not done.rgb.flags.writeable


def test_a_large_scan_is_repaired_at_its_full_size():
    """Damage is found in a small copy; the rest of the large scan keeps its pixels."""
    rgb, damage = scratched(grainy(scene()))
    large = cv2.resize(rgb, (3 * WIDTH, 3 * HEIGHT), interpolation=cv2.INTER_NEAREST)
    found = damage_of(large)
    wide = cv2.resize(damage.astype(np.uint8), large.shape[1::-1], interpolation=cv2.INTER_NEAREST) > 0
    assert found.shape == large.shape[:2]
    assert found[wide].mean() > 0.6
    assert found[cv2.dilate(wide.astype(np.uint8), np.ones((13, 13))) == 0].mean() <= 0.005


def test_a_torn_corner_is_filled():
    torn = cv2.circle(grainy(scene()), (WIDTH, HEIGHT), 40, (248, 248, 248), -1)
    done = repaired(photo_from_array(torn)).rgb
    assert (done != torn).any(axis=2)[-30:, -30:].mean() > 0.95
    assert done[-30:, -30:].max() < 200


def test_both_views_of_a_stereo_print_are_repaired():
    rgb, damage = scratched(grainy(scene()))
    done = repaired(replace(photo_from_array(rgb), second_view=SecondView(np.roll(rgb, -5, axis=1), "a test")))
    assert done.second_view is not None
    changed = (done.second_view.rgb != np.roll(rgb, -5, axis=1)).any(axis=2)
    assert changed[np.roll(damage, -5, axis=1)].mean() > 0.8


def test_a_360_photo_is_never_cropped():
    photo = photo_from_array(bordered(scene(), 0.0))
    assert repaired(photo).size_px != photo.size_px
    around = replace(photo, around=Panorama("equirectangular", -np.pi, np.pi, 1.2, -1.2))
    assert repaired(around).size_px == around.size_px


def snow() -> np.ndarray:
    """Return a white corner that belongs to the picture: snow behind dark trees."""
    rgb = np.full((HEIGHT, WIDTH, 3), 246, np.uint8)
    for x in range(70, WIDTH, 30):
        cv2.line(rgb, (x, 0), (x - 30, HEIGHT), (50, 50, 50), 12)
    return rgb


def fence() -> np.ndarray:
    """Return light bars before a dark ground."""
    rgb = scene()
    for x in range(20, WIDTH, 26):
        rgb[60:300, x : x + 4] = 215
    return rgb


def window() -> np.ndarray:
    """Return a window with dark bars."""
    rgb = scene()
    rgb[40:300, 60:400] = 225
    for x in range(60, 401, 68):
        rgb[40:300, x - 2 : x + 3] = 50
    for y in (40, 127, 214, 300):
        rgb[y - 2 : y + 3, 60:400] = 50
    return rgb


def night() -> np.ndarray:
    """Return stars of many magnitudes above dark hills."""
    rng = np.random.default_rng(1)
    rgb = scene() // 6
    for x, y, light in zip(
        rng.uniform(0, WIDTH, 150), rng.uniform(0, 200, 150), 255 * rng.power(0.5, 150), strict=True
    ):
        star = np.zeros((HEIGHT, WIDTH), np.float32)
        cv2.circle(star, (int(x), int(y)), 0, float(light), -1)
        rgb = np.maximum(rgb, cv2.GaussianBlur(star * 3, (0, 0), 0.8)[..., None].clip(0, 255).astype(np.uint8))
    return rgb


def wires() -> np.ndarray:
    """Return dark wires that sag across a light sky."""
    rgb = scene()
    x = np.arange(0, WIDTH, 8)
    for y in (30, 42, 54, 90):
        points = np.stack([x, y + 18 * np.sin(np.pi * x / WIDTH)], axis=1)
        cv2.polylines(rgb, [points.astype(np.int32)], False, (40, 40, 40), 1, cv2.LINE_AA)
    return rgb


@pytest.mark.parametrize("make", [scene, fence, window, night, wires, snow])
def test_what_a_photo_shows_is_no_damage(make):
    """At most 0.5% of it is touched."""
    rgb = grainy(make())
    assert (repaired(photo_from_array(rgb)).rgb != rgb).any(axis=2).mean() <= 0.005


def test_an_intact_print_keeps_its_pixels_and_says_so():
    photo = photo_from_array(grainy(scene()))
    done = repaired(photo)
    assert done.rgb is photo.rgb
    assert done.notes == (NOTHING,)
    assert done.f_px == photo.f_px


def test_a_cropped_print_keeps_its_field_of_view_and_scale():
    """The file's size is that of the picture in the file, though the photo was decoded at half its size."""
    scan = bordered(scene(), 3.0)
    height, width = scan.shape[:2]
    depth = EmbeddedDepth(np.ones((4, 4), np.float32), "metric", "a test")
    photo = replace(photo_from_array(scan, fov_deg=40), decoded_from=(2 * width, 2 * height), embedded_depth=depth)
    done = repaired(photo)
    assert fov_deg_from_f_px(done.f_px, max(done.size_px)) == pytest.approx(40)
    assert done.file_size_px == tuple(2 * side for side in done.size_px)
    assert done.embedded_depth is None, "it shows the scanner's glass"
    assert "turned by 3.0 degrees clockwise" in done.notes[0]


def test_an_export_is_repaired_and_explained(tmp_path, capsys):
    scan = bordered(scratched(grainy(scene()))[0], -2.0)
    Image.fromarray(scan).save(tmp_path / "print.png")
    arguments = ["--repair", "--restore-contrast", "--depth-quality", "fast", "--depth-map", "png", "--explain"]
    assert main(["export", *arguments, str(tmp_path / "print.png"), "-o", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "turned by 2.0 degrees anticlockwise" in said
    assert "damage filled in on" in said
    assert "contrast restored" in said
    (made,) = (tmp_path / "out").glob("*.png")
    assert Image.open(made).size == pytest.approx((WIDTH, HEIGHT), abs=7)


@pytest.mark.parametrize("other", [{"depth": "d.png"}, {"rgbd": "right"}])
def test_a_depth_of_the_whole_scan_does_not_fit(tmp_path, other):
    Image.fromarray(scene()).save(tmp_path / "a.png")
    with pytest.raises(InputError, match="cannot be combined"):
        kbvr.export(tmp_path / "a.png", tmp_path / "out", repair=True, still="sbs", **other)


def with_view(first: np.ndarray, second: np.ndarray):
    return replace(photo_from_array(first), second_view=SecondView(second, "another file"))


def test_the_second_view_of_a_stereo_card_loses_its_own_border():
    """Its print lies elsewhere, and may be turned otherwise."""
    print_ = grainy(scene())
    other = cv2.resize(bordered(print_, -2), None, fx=1.2, fy=1.2)
    view = repaired(with_view(bordered(print_, 1), other)).second_view
    assert view is not None
    assert np.abs(np.array(view.rgb.shape[1::-1]) - 1.2 * np.array([WIDTH, HEIGHT])).max() < 14
    assert view.rgb.max() < 200  # none of the paper
    assert not view.rgb.flags.writeable


def test_a_second_view_without_a_border_of_its_own_is_cropped_as_the_photo_if_it_has_its_size():
    """A view of another size has not been scanned with it, so it stays."""
    print_ = grainy(scene())
    first = bordered(print_, 0)
    plain = cv2.resize(print_, first.shape[1::-1])
    done = repaired(with_view(first, plain))
    assert done.second_view is not None
    assert done.second_view.rgb.shape == done.rgb.shape
    assert np.array_equal(repaired(with_view(first, print_)).second_view.rgb, print_)
