"""Depth as other programs write it is read: coloured, packed, in any picture file, and light either way."""

from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from kbvr.depth.read_file import inverse_depth_of, load_inverse_depth
from kbvr.errors import InputError
from kbvr.photo.depth_array import read_depth_array
from kbvr.photo.depth_colours import colour_maps, uncoloured
from kbvr.photo.depth_packing import unpacked

SIZE_PX = (96, 64)
RNG = np.random.default_rng(3)


def ramp() -> np.ndarray:
    """A slanted floor with a box before it: 0 far to 1 near."""
    values = np.tile(np.linspace(0, 0.8, SIZE_PX[1])[:, None], (1, SIZE_PX[0]))
    values[20:44, 30:60] = 1.0
    return values


GREY = np.rint(ramp() * 255).astype(np.uint8)


def coloured(name: str) -> np.ndarray:
    return np.rint(colour_maps()[name]).astype(np.uint8)[GREY]


# --- files ---


@pytest.mark.parametrize("ending", ["jpg", "webp", "bmp", "png", "tiff"])
@pytest.mark.parametrize("mode", ["L", "RGB", "P"])
def test_grey_is_read_from_every_picture_file(tmp_path, ending, mode):
    if mode == "P" and ending not in ("bmp", "png"):
        return  # these have no palettes
    path = tmp_path / f"depth.{ending}"
    image = Image.fromarray(GREY).convert(mode)
    image.save(path, **({"quality": 95} if ending in ("jpg", "webp") else {}))
    found, metric = load_inverse_depth(path, SIZE_PX, kind="relative")
    assert not metric
    lossy = ending in ("jpg", "webp")
    np.testing.assert_allclose(found, ramp(), atol=0.1 if lossy else 0.003)
    assert np.abs(found - ramp()).mean() < (0.01 if lossy else 0.002)


def test_a_bmp_of_one_bit_is_read(tmp_path):
    Image.fromarray(GREY > 128).save(tmp_path / "depth.bmp")
    found, _ = load_inverse_depth(tmp_path / "depth.bmp", SIZE_PX, kind="disparity")
    np.testing.assert_array_equal(found, GREY > 128)


def test_the_colours_of_a_palette_count_and_not_its_numbers(tmp_path):
    """A palette in reverse: index 0 is white."""
    image = Image.fromarray(255 - GREY, "P")
    image.putpalette([level for number in range(256) for level in (255 - number,) * 3])
    image.save(tmp_path / "depth.png")
    found, _ = load_inverse_depth(tmp_path / "depth.png", SIZE_PX, kind="relative")
    np.testing.assert_allclose(found, ramp(), atol=0.003)


@pytest.mark.parametrize("order", ["<", ">"])
def test_pfm_goes_from_the_bottom_up_and_infinity_is_unknown(tmp_path, order):
    values = (ramp() * 60 + 5).astype(np.float32)
    values[0, 0] = np.inf
    path = tmp_path / "disp0.pfm"
    scale = -1 if order == "<" else 1
    path.write_bytes(f"Pf\n{SIZE_PX[0]} {SIZE_PX[1]}\n{scale}\n".encode() + values[::-1].astype(f"{order}f4").tobytes())
    found, _ = load_inverse_depth(path, SIZE_PX, kind="disparity")
    expected = ramp()
    expected[0, 0] = 0
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_pfm_of_opencv_is_read(tmp_path):
    values = (ramp() * 3 + 1).astype(np.float32)
    cv2.imwrite(str(tmp_path / "depth.pfm"), values)
    found, metric = load_inverse_depth(tmp_path / "depth.pfm", SIZE_PX, kind="depth-m")
    assert metric
    np.testing.assert_allclose(found, 1 / values, rtol=1e-5)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"Pf\n4 4\n-1\n" + bytes(60), "expected 64 bytes of pixels, got 60"),
        (b"Pf\n4 x\n-1\n" + bytes(64), "a size and a scale"),
        (b"Pf\n0 4\n-1\n", "0 x 4 pixels"),
        (b"Pf\n99999 99999\n-1\n", "million"),
        (b"BM" + bytes(60), "damaged"),
        (b"BM" + struct.pack("<IHHIIiiHHIIiiII", 60, 0, 0, 54, 40, 90000, 90000, 1, 24, 0, 0, 0, 0, 0, 0), "million"),
    ],
)
def test_damage_and_huge_sizes_are_named(tmp_path, content, told):
    path = tmp_path / "depth.bin"
    path.write_bytes(content)
    with pytest.raises(InputError, match=told) as caught:
        load_inverse_depth(path, SIZE_PX, kind="disparity")
    assert "\n" not in str(caught.value)


# --- colours and packed numbers ---


@pytest.mark.parametrize("name", list(colour_maps()))
def test_the_colours_of_every_map_give_the_numbers_back(tmp_path, name):
    found = uncoloured(coloured(name))
    assert found is not None and found.name == name
    assert np.abs(found.values.astype(int) - GREY).max() <= 2  # neighbours may have the same colour
    path = tmp_path / "depth.jpg"
    Image.fromarray(coloured(name)).save(path, quality=90, subsampling=0)
    stored = read_depth_array(path, None)
    assert stored.form == f"the colours of {name}"
    assert np.abs(stored.values.astype(int) - GREY).mean() < 4


def test_red_is_the_high_end_of_spectral_and_yellow_that_of_inferno():
    spectral, inferno = (colour_maps()[name] for name in ("Spectral", "Inferno"))
    assert tuple(spectral[255]) == (158, 1, 66) and tuple(spectral[0]) == (94, 79, 162)
    assert inferno[255].sum() > 500 > inferno[0].sum()


def test_a_palette_of_colours_is_read_as_colours(tmp_path):
    Image.fromarray(coloured("Turbo")).quantize(256).save(tmp_path / "depth.png")
    found, _ = load_inverse_depth(tmp_path / "depth.png", SIZE_PX, kind="relative")
    np.testing.assert_allclose(found, ramp(), atol=0.05)


def test_a_photo_is_not_taken_for_depth(tmp_path):
    examples = Path(__file__).parents[2] / "examples"
    for name in ("cat", "coffee", "temple"):
        rgb = np.asarray(Image.open(examples / f"{name}.jpg").convert("RGB").resize((300, 200)))
        assert uncoloured(rgb) is None and unpacked(rgb) is None
    Image.fromarray(rgb).save(tmp_path / "photo.png")
    with pytest.raises(InputError, match=r"one channel of depth, or the colours of .*Spectral, got a picture of other"):
        load_inverse_depth(tmp_path / "photo.png", (300, 200), kind="relative")


def depth_m() -> np.ndarray:
    slope = np.linspace(0, 0.7, SIZE_PX[0])[None] + np.linspace(0, 0.9, SIZE_PX[1])[:, None]
    depth = 20 - 10 * ramp() + slope
    return depth + RNG.random(depth.shape) * 0.01


def bytes_of(numbers: np.ndarray) -> tuple[np.ndarray, ...]:
    return tuple((numbers >> shift & 255).astype(np.uint8) for shift in (16, 8, 0))


def test_24_bits_of_carla_are_metres(tmp_path):
    numbers = np.rint(depth_m() / 1000 * (2**24 - 1)).astype(np.int64)
    Image.fromarray(np.dstack(bytes_of(numbers)[::-1])).save(tmp_path / "depth.png")
    found, metric = load_inverse_depth(tmp_path / "depth.png", SIZE_PX, kind="depth-m")
    assert metric
    np.testing.assert_allclose(1 / found, depth_m(), atol=0.011)
    assert "CARLA" in read_depth_array(tmp_path / "depth.png", None).form


@pytest.mark.parametrize("order", ["red first", "red and green", "green and red"])
@pytest.mark.parametrize("ending", ["png", "bmp"])
def test_packed_whole_numbers_are_millimetres(tmp_path, order, ending):
    millimetres = np.rint(depth_m() * 1000).astype(np.int64)
    numbers = millimetres * 256 + RNG.integers(0, 256, millimetres.shape) if order == "red first" else millimetres
    high, middle, low = bytes_of(numbers)
    none = np.zeros_like(low)
    channels = {"red first": (high, middle, low), "red and green": (middle, low, none)}
    channels["green and red"] = (low, middle, none)
    path = tmp_path / f"depth.{ending}"
    Image.fromarray(np.dstack(channels[order])).save(path)
    stored = read_depth_array(path, "depth-m")
    np.testing.assert_array_equal(stored.values, numbers)
    if order != "red first":
        found, _ = load_inverse_depth(path, SIZE_PX, kind="depth-m")
        np.testing.assert_allclose(1 / found, millimetres / 1000, rtol=1e-5)


def test_8_bits_are_no_metres_whatever_their_colours(tmp_path):
    Image.fromarray(coloured("Turbo")).save(tmp_path / "depth.png")
    with pytest.raises(InputError, match="expected depth-m as one channel of 16 bits or floats, got 8 bits"):
        load_inverse_depth(tmp_path / "depth.png", SIZE_PX, kind="depth-m")


# --- light and dark, and sizes ---


def test_relative_inverted_is_relative_turned_round(tmp_path):
    np.save(tmp_path / "near.npy", ramp())
    np.save(tmp_path / "far.npy", 7 - 3 * ramp())
    near, _ = load_inverse_depth(tmp_path / "near.npy", SIZE_PX, kind="relative")
    far, metric = load_inverse_depth(tmp_path / "far.npy", SIZE_PX, kind="relative-inverted")
    assert not metric
    np.testing.assert_allclose(far, near, atol=1e-6)


def test_infinite_and_unknown_pixels_are_farthest_when_light_is_far(tmp_path):
    values = 1 - ramp()
    values[0, :2] = np.inf, np.nan
    np.save(tmp_path / "far.npy", values)
    found, _ = load_inverse_depth(tmp_path / "far.npy", SIZE_PX, kind="relative-inverted")
    assert found[0, 0] == found[0, 1] == 0 and np.isfinite(found).all()


def test_a_slightly_other_shape_is_stretched_with_a_warning(caplog):
    found, _ = inverse_depth_of(ramp()[:, :90], "depth.png", SIZE_PX, kind="relative")
    assert found.shape == (64, 96)
    assert "depth.png: 90x64 is stretched to the shape of the photo's 96x64" in caplog.text


def test_a_small_map_is_enlarged_along_the_edges_of_the_photo():
    """The step is at 150 of 300 px in the photo; a map of 30 px can only show it blurred."""
    rgb = np.full((200, 300, 3), 40, np.uint8)
    rgb[:, 150:] = 220
    small = np.zeros((20, 30))
    small[:, 15:] = 1.0
    small[:, 14:16] = 0.3, 0.7
    found, _ = inverse_depth_of(small, "depth.png", (300, 200), kind="relative", rgb=rgb)
    plain, _ = inverse_depth_of(small, "depth.png", (300, 200), kind="relative")
    truth = np.repeat((np.arange(300) >= 150)[None].astype(float), 200, axis=0)
    assert np.abs(found - truth).mean() < 0.3 * np.abs(plain - truth).mean()
