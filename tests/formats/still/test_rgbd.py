"""RGB-D pictures: colours and depth side by side, written and read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scenes import depth_of, photo_of, smooth_pattern

import kbvr
from kbvr.depth.read_file import load_inverse_depth
from kbvr.errors import InputError, OptionsError
from kbvr.formats.spec.format import Facts, Item
from kbvr.formats.still.rgbd import check_rgbd, rgbd
from kbvr.formats.write import write_in_turn
from kbvr.options.export_options import FileOptions
from kbvr.photo.photo import load_photo
from kbvr.photo.rgbd import half_of_depth

SIZE_PX = (120, 80)


@pytest.fixture
def scene():
    """A photo, and a slanted floor with a card before it."""
    inverse_depth = np.tile(np.linspace(0.1, 0.5, SIZE_PX[1])[:, None], (1, SIZE_PX[0]))
    inverse_depth[20:60, 40:80] = 0.9
    return photo_of(smooth_pattern(*SIZE_PX)), depth_of(inverse_depth)


def test_colours_are_on_the_left_and_light_is_near_on_the_right(scene):
    photo, depth = scene
    picture = rgbd(photo, depth)
    np.testing.assert_array_equal(picture[:, : SIZE_PX[0]], photo.rgb)
    right = picture[:, SIZE_PX[0] :]
    assert (right[..., 0] == right[..., 1]).all() and (right[..., 0] == right[..., 2]).all()
    assert right[40, 60, 0] == 255 and right[0, 0, 0] == 0
    np.testing.assert_allclose(right[..., 0] / 255, (depth.inverse_depth - 0.1) / 0.8, atol=0.003)


@pytest.mark.parametrize("ending", ["png", "jpg", "webp"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_what_is_written_is_read_back(scene, tmp_path, ending, side):
    photo, depth = scene
    path = tmp_path / f"a.{ending}"
    write_in_turn((photo, depth), [Item("rgbd", path, "mono")], Facts(depth.f_px), FileOptions())
    if side == "left":
        pixels = np.asarray(Image.open(path))
        Image.fromarray(np.hstack([pixels[:, SIZE_PX[0] :], pixels[:, : SIZE_PX[0]]])).save(path, quality=95)
    loaded = load_photo(path, rgbd=side)
    assert loaded.size_px == SIZE_PX
    inner = np.s_[:, 8:-8]  # JPEG mixes both halves where they meet
    assert np.abs(loaded.rgb[inner].astype(int) - photo.rgb[inner]).mean() < (0.1 if ending == "png" else 4)
    kbvr.export(path, tmp_path / "out", depth_map="npy", rgbd=side, depth_kind="relative", fov_deg=50)
    found = 1 / np.load(tmp_path / "out" / "a_kbvr_depth_m.npy")
    assert np.corrcoef(found[inner].ravel(), depth.inverse_depth[inner].ravel())[0, 1] > 0.99


def test_the_field_of_view_is_that_of_the_half(tmp_path):
    """EXIF of a picture twice as wide as the photo was: 35 mm on film, and 120 x 80 pixels of it."""
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA405] = 35
    pixels = np.random.default_rng(0).integers(0, 255, (80, 240, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "rgbd.jpg", exif=exif)
    Image.fromarray(pixels[:, :120]).save(tmp_path / "photo.jpg", exif=exif)
    assert load_photo(tmp_path / "rgbd.jpg", rgbd="right").f_px == load_photo(tmp_path / "photo.jpg").f_px
    assert load_photo(tmp_path / "rgbd.jpg", rgbd="right").f_source == "exif"


def test_16_bits_of_depth_are_kept(tmp_path):
    """A 16-bit PNG of grey in both halves."""
    photo = np.tile(np.linspace(0, 65535, 120)[None], (80, 1))
    depth = np.tile(np.linspace(20000, 22000, 80)[:, None], (1, 120))
    Image.fromarray(np.hstack([photo, depth]).astype(np.uint16)).save(tmp_path / "a.png")
    kbvr.export(tmp_path / "a.png", tmp_path, depth_map="npy", rgbd="right", depth_kind="relative", fov_deg=50)
    assert len(np.unique(np.load(tmp_path / "a_kbvr_depth_m.npy")[:, 0])) > 70


def test_without_a_kind_our_own_picture_is_read_as_it_was_written(tmp_path, caplog):
    """White is near; nothing is guessed aloud."""
    examples = Path(__file__).parents[3] / "examples"
    Image.open(examples / "coffee.jpg").resize((240, 160)).save(tmp_path / "coffee.png")
    kbvr.export(tmp_path / "coffee.png", tmp_path, still="rgbd", depth_map="npy")
    kbvr.export(tmp_path / "coffee_kbvr_rgbd.png", tmp_path, depth_map="npy", rgbd="right")
    first, again = (1 / np.load(tmp_path / f"coffee_{end}_depth_m.npy") for end in ("kbvr", "kbvr_rgbd_kbvr"))
    assert np.corrcoef(first.ravel(), again.ravel())[0, 1] > 0.98
    assert "taken as" not in caplog.text
    flipped = np.asarray(Image.open(tmp_path / "coffee_kbvr_rgbd.png")).copy()
    flipped[:, 240:] = 255 - flipped[:, 240:]
    Image.fromarray(flipped).save(tmp_path / "black near.png")
    kbvr.export(tmp_path / "black near.png", tmp_path, depth_map="npy", rgbd="right")
    assert "black near.png: taken as relative-inverted" in caplog.text
    turned = 1 / np.load(tmp_path / "black near_kbvr_depth_m.npy")
    assert np.corrcoef(first.ravel(), turned.ravel())[0, 1] > 0.98


@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_a_picture_that_looks_like_rgbd_is_pointed_out(scene, tmp_path, caplog, ending):
    Image.fromarray(rgbd(*scene)).save(tmp_path / f"a.{ending}")
    kbvr.export(tmp_path / f"a.{ending}", tmp_path, depth_map="npy")
    assert "the right half is grey: if it is depth, use rgbd right" in caplog.text


def test_an_rgbd_picture_is_no_depth_of_another_photo(scene, tmp_path):
    Image.fromarray(rgbd(*scene)).save(tmp_path / "a.png")
    with pytest.raises(InputError, match="got an RGB-D picture, which is a photo as well"):
        load_inverse_depth(tmp_path / "a.png", SIZE_PX, kind="relative")


def test_photos_do_not_look_like_rgbd():
    examples = Path(__file__).parents[3] / "examples"
    for path in examples.glob("*.jpg"):
        rgb = np.asarray(Image.open(path).convert("RGB"))
        assert half_of_depth(rgb) is None
        assert half_of_depth(np.repeat(rgb[..., :1], 3, axis=2)) is None


def test_what_is_no_rgbd_picture_is_refused(tmp_path):
    with pytest.raises(OptionsError, match="rgbd requires a file"):
        kbvr.export(np.zeros((32, 64, 3), np.uint8), tmp_path, depth_map="npy", rgbd="right")
    Image.fromarray(np.zeros((32, 24, 3), np.uint8)).save(tmp_path / "narrow.png")
    with pytest.raises(InputError, match="expected at least 16 pixels per side, got 12 x 32"):
        load_photo(tmp_path / "narrow.png", rgbd="right")
    with pytest.raises(InputError):
        check_rgbd((40000, 100), Item("rgbd", Path("a.jpg")), FileOptions())
