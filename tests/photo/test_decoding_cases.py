"""Regression tests: files that were once decoded wrongly or made a library print warnings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kbvr.cli.main import main
from kbvr.depth.read_file import load_inverse_depth
from kbvr.errors import InputError
from kbvr.photo.photo import load_photo

CASES = Path(__file__).parents[1] / "cases"
SIZE_PX = (128, 96)
NOT_PHOTOS = ("photo7_11.heic", "photo7_14.png", "README.md")
COMPLAINED_OF = {
    "bad_crc_in_text.png": "ignoring the damaged chunk tEXt",
    "jpeg_without_eoi.jpg": "the end marker is missing, but all pixels are present",
}
DEPTH_16 = ("depth16_ok.tif", "depth16_white_is_zero.tif", "depth_rgb16.png", "depth_rgb16.tif", "depth_uint32.tif")


def truth() -> np.ndarray:
    return np.asarray(Image.open(CASES / "truth.png").convert("RGB")).astype(int)


def photo(name: str) -> np.ndarray:
    return load_photo(CASES / name).rgb.astype(int)


def disparity(name: str) -> np.ndarray:
    return load_inverse_depth(CASES / name, SIZE_PX, kind="disparity")[0]


# --- photos ---


@pytest.mark.parametrize(
    "name",
    [
        *("planar8_ok.tif", "planar16.tif", "float_rgb.tif", "rgb_zstd16.tif", "thumbnail_first.tif"),
        *("icc_1_1_MB.png", "bad_crc_in_text.png", "xmp_orientation_6.png"),
    ],
)
def test_the_picture_is_exactly_what_it_is_meant_to_be(name):
    np.testing.assert_array_equal(photo(name), truth())


def test_a_big_endian_bigtiff_is_the_first_part_of_the_picture_or_all_of_it():
    rgb = photo("bigtiff_big_endian.tif")
    assert rgb.shape == (40, 48, 3)
    assert (rgb.min(), rgb.max()) == (0, 255)


def test_white_is_zero_is_not_read_as_a_negative():
    np.testing.assert_array_equal(photo("grey16_white_is_zero.tif"), photo("grey16_black_is_zero_ok.tif"))


def test_a_missing_end_marker_and_an_orientation_in_xmp_change_no_pixels():
    """Chromium, libvips and FFmpeg also ignore an orientation that only XMP contains."""
    plain = photo("plain_ok.jpg")
    for name in ("jpeg_without_eoi.jpg", "xmp_orientation_6.jpg", "exif_copyright_utf8.jpg", "credits_in_xmp_only.jpg"):
        np.testing.assert_array_equal(photo(name), plain)


def linear(code: np.ndarray) -> np.ndarray:
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)


def srgb(light: np.ndarray) -> np.ndarray:
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055) * 255


def test_colour_chunks_of_png_are_converted():
    srgb_from_p3 = np.array([[1.22494, -0.22494, 0], [-0.042057, 1.042057, 0], [-0.019638, -0.078636, 1.098274]])
    wanted = srgb(linear(truth() / 255) @ srgb_from_p3.T)
    assert np.abs(photo("cicp_display_p3.png") - wanted).max() <= 1
    assert np.abs(photo("gama_linear.png") - srgb(truth() / 255)).max() <= 1


def test_a_grey_profile_applies_with_alpha_too():
    """Where alpha is opaque, both files are the same."""
    seen, plain = photo("grey16_alpha_linear_icc.png"), photo("grey16_noalpha_ok_linear_icc.png")
    alpha = np.asarray(Image.open(CASES / "grey16_alpha_linear_icc.png").convert("LA"))[..., 1:]
    over_white = 255 - alpha / 255 * (255 - plain)
    assert np.abs(seen - over_white).max() <= 2


def test_hdr_no_brighter_than_white_is_unchanged_and_noted():
    found = load_photo(CASES / "pq_bt709.avif")
    assert np.abs(found.rgb.astype(int) - truth()).mean() < 2
    assert np.abs(found.rgb.astype(int) - truth()).max() <= 16  # 8 bits of PQ are coarse
    assert found.notes[0].startswith("HDR (PQ, colours): up to 2")


def test_a_png_that_does_not_start_with_its_header_is_refused():
    with pytest.raises(InputError, match="it starts with chunk tRNS instead of its header"):
        load_photo(CASES / "photo7_14.png")


# --- depth ---


@pytest.mark.parametrize("name", DEPTH_16)
def test_16_bits_of_depth_keep_their_12288_steps(name):
    np.testing.assert_allclose(disparity(name), disparity("depth16_ok.tif"), atol=2e-5)
    assert len(np.unique(disparity(name))) == 12_288


def test_depth_in_a_jpeg_is_read_with_warnings(caplog):
    found = disparity("depth8.jpg")
    assert np.abs(found - disparity("depth16_ok.tif")).mean() < 0.02
    assert "256 steps of depth" in caplog.text
    assert "JPEG compression distorts depth in blocks of 8 pixels" in caplog.text


# --- through the command line ---


@pytest.mark.parametrize("name", sorted(path.name for path in CASES.iterdir()))
def test_no_library_prints_on_stderr(tmp_path, capfd, name):
    """Stderr contains only kbvr's own warnings."""
    size_px = (48, 40) if name.startswith("bigtiff") else SIZE_PX
    np.save(tmp_path / "depth.npy", np.full(size_px[::-1], 2.0, np.float32))
    options = ["--depth", str(tmp_path / "depth.npy"), "--depth-kind", "depth-m", "--depth-map", "npy"]
    exit_code = main(["export", str(CASES / name), "-o", str(tmp_path), "--fov", "60", *options])
    said = capfd.readouterr().err.splitlines()
    assert exit_code == (2 if name in NOT_PHOTOS else 0)
    expected = COMPLAINED_OF.get(name)
    if name in NOT_PHOTOS or expected:
        (line,) = said
        assert line.startswith("kbvr: ")
        assert expected is None or line.endswith(expected)
    else:
        assert said == []


def test_explain_shows_the_colour_conversion(tmp_path, capfd):
    np.save(tmp_path / "depth.npy", np.full((96, 128), 2.0, np.float32))
    options = ["--depth", str(tmp_path / "depth.npy"), "--depth-kind", "depth-m", "--depth-map", "npy", "--explain"]
    assert main(["export", str(CASES / "pq_bt709.avif"), "-o", str(tmp_path), *options]) == 0
    assert "photo: HDR (PQ, colours): up to" in capfd.readouterr().out
