"""Photos are loaded upright, in sRGB and with a focal length, or fail with one clear line."""

from __future__ import annotations

import io
import logging
import os
import struct
import subprocess
import sys
import time
import zlib
from contextlib import suppress
from math import hypot
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from kbvr.errors import InputError
from kbvr.geometry.camera import f_px_from_fov
from kbvr.photo.photo import GUESSED_FOV_DEG, load_photo, photo_from_array

DATA = Path(__file__).parents[1] / "data"
RED, GREEN, BLUE, WHITE = (230, 30, 30), (30, 200, 30), (30, 60, 220), (240, 240, 240)
T = Image.Transpose
STORED_FROM_UPRIGHT = {
    2: T.FLIP_LEFT_RIGHT,
    3: T.ROTATE_180,
    4: T.FLIP_TOP_BOTTOM,
    5: T.TRANSPOSE,
    6: T.ROTATE_90,
    7: T.TRANSVERSE,
    8: T.ROTATE_270,
}
D50 = (0.9642, 1.0, 0.8249)
SRGB_COLUMNS = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))
P3_COLUMNS = ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))


# --- making files ---


def quadrants() -> np.ndarray:
    """An upright 64 x 48 picture, no two quadrants alike."""
    rgb = np.empty((48, 64, 3), np.uint8)
    rgb[:24, :32], rgb[:24, 32:], rgb[24:, :32], rgb[24:, 32:] = RED, GREEN, BLUE, WHITE
    return rgb


def stored_quadrants(orientation: int) -> np.ndarray:
    image = Image.fromarray(quadrants())
    return np.array(image if orientation == 1 else image.transpose(STORED_FROM_UPRIGHT[orientation]))


def exif_of(orientation: int = 1, **tags: Any) -> bytes:
    numbers = {
        "film_mm": 0xA405,
        "mm": 0x920A,
        "plane_x": 0xA20E,
        "plane_unit": 0xA210,
        "width": 0xA002,
        "height": 0xA003,
    }
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "maker", orientation
    for name, value in tags.items():
        exif.get_ifd(0x8769)[numbers[name]] = value
    return exif.tobytes()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(values: np.ndarray, colour_type: int, bits: int, *extra: bytes) -> bytes:
    """A PNG of any depth; extra chunks go before the pixels."""
    rows = values.astype(">u2" if bits == 16 else "u1")
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", values.shape[1], values.shape[0], bits, colour_type, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(extra) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")


def tiff(values: np.ndarray, *, orientation: int = 1, tags: dict[int, int] | None = None) -> bytes:
    """An uncompressed little-endian TIFF of one strip, with short tags overridden or added."""
    height, width = values.shape[:2]
    channels = 1 if values.ndim == 2 else values.shape[2]
    pixels = values.tobytes()
    bits_at = 8 + len(pixels)
    shorts = {256: width, 257: height, 259: 1, 262: 2 if channels > 2 else 1, 274: orientation, 277: channels}
    shorts |= {278: height, **(tags or {})}
    entries = {tag: struct.pack("<HHIHH", tag, 3, 1, value, 0) for tag, value in shorts.items()}
    bits = struct.pack("<4H", *[values.itemsize * 8] * 4)
    entries[258] = struct.pack("<HHI", 258, 3, channels) + (
        bits[: channels * 2].ljust(4, b"\0") if channels <= 2 else struct.pack("<I", bits_at)
    )
    entries[273] = struct.pack("<HHII", 273, 4, 1, 8)
    entries[279] = struct.pack("<HHII", 279, 4, 1, len(pixels))
    listed = b"".join(entries[tag] for tag in sorted(entries))
    ifd = struct.pack("<H", len(entries)) + listed + struct.pack("<I", 0)
    return b"II*\0" + struct.pack("<I", bits_at + 8) + pixels + bits + ifd


def icc(device_class: bytes, space: bytes, pcs: bytes, tags: dict[bytes, bytes]) -> bytes:
    """An ICC profile of version 2.1."""
    start, table, body = 128 + 4 + 12 * len(tags), b"", b""
    for name, data in tags.items():
        table += name + struct.pack(">II", start + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    head = struct.pack(">II", 0x02100000, 0)[:4] + device_class + space + pcs + b"\0" * 12 + b"acsp" + b"\0" * 28
    head += xyz(D50)[8:] + b"\0" * 48
    return struct.pack(">II", start + len(body), 0) + head + struct.pack(">I", len(tags)) + table + body


def xyz(values: tuple[float, ...]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *[round(value * 65536) for value in values])


def gamma_curve(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))


def display_p3(gamma: float = 2.2) -> bytes:
    columns = dict(zip((b"rXYZ", b"gXYZ", b"bXYZ"), map(xyz, P3_COLUMNS), strict=True))
    curves = dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), gamma_curve(gamma))
    return icc(b"mntr", b"RGB ", b"XYZ ", {b"wtpt": xyz(D50), **columns, **curves})


def grey_profile(gamma: float) -> bytes:
    return icc(b"mntr", b"GRAY", b"XYZ ", {b"wtpt": xyz(D50), b"kTRC": gamma_curve(gamma)})


def ink_profile() -> bytes:
    """Return a CMYK profile in which no ink is white and any ink is Lab (50, 72, 0)."""
    nodes = bytes([255, 128, 128]) + bytes([128, 200, 128]) * 15
    ramp = bytes(range(256))
    matrix = struct.pack(">9i", *[65536 if i % 4 == 0 else 0 for i in range(9)])
    lut = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + matrix + ramp * 4 + nodes + ramp * 3
    return icc(b"prtr", b"CMYK", b"Lab ", {b"wtpt": xyz(D50), b"A2B0": lut, b"A2B1": lut, b"B2A0": lut})


def srgb_from_linear(linear: np.ndarray) -> np.ndarray:
    linear = np.clip(linear, 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def written(tmp_path: Path, data: bytes, name: str = "photo.bin") -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


def saved(tmp_path: Path, image: Image.Image | np.ndarray, kind: str, **options: Any) -> Path:
    path = tmp_path / f"photo.{kind.lower()}"
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    image.save(path, kind, **options)
    return path


def plain(colour: Any, mode: str = "RGB") -> Image.Image:
    return Image.new(mode, (20, 16), colour)


def the_colour(path: Path) -> tuple[int, ...]:
    """Return the colour of a uniform picture."""
    rgb = load_photo(path).rgb
    assert (rgb == rgb[0, 0]).all()
    return tuple(int(value) for value in rgb[0, 0])


def assert_is_quadrants(rgb: np.ndarray, tolerance: int) -> None:
    assert (rgb.shape, rgb.dtype) == ((48, 64, 3), np.uint8)
    inside = np.ones((48, 64), bool)
    if tolerance:  # lossy: the seams bleed
        inside[18:30], inside[:, 26:38] = False, False
    assert np.abs(rgb.astype(int) - quadrants())[inside].max() <= tolerance


# --- formats and orientation ---


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("kind", "tolerance"), [("JPEG", 6), ("PNG", 0), ("WEBP", 0), ("TIFF", 0), ("AVIF", 8)])
def test_every_orientation_comes_in_upright_from_every_format(tmp_path, kind, tolerance, orientation):
    options = {
        "JPEG": {"quality": 95},
        "WEBP": {"lossless": True, "exact": True},
        "AVIF": {"quality": 95},
    }.get(kind, {})
    path = saved(tmp_path, stored_quadrants(orientation), kind, exif=exif_of(orientation, film_mm=28), **options)
    photo = load_photo(path)
    assert_is_quadrants(photo.rgb, tolerance)
    assert photo.size_px == (64, 48)
    assert (photo.f_source, photo.name) == ("exif", "photo")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_heic_is_turned_once_although_exif_repeats_the_orientation(orientation):
    photo = load_photo(DATA / f"orientation_{orientation}.heic")
    assert_is_quadrants(photo.rgb, 4)
    assert photo.f_source == "exif"
    assert photo.f_px == pytest.approx(28 * hypot(64, 48) / hypot(36, 24))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_16_bit_colour_is_turned_once(tmp_path, kind, orientation):
    stored = stored_quadrants(orientation).astype(np.uint16) * 257
    exif = exif_of(orientation)[6:]  # without its "Exif\0\0"
    data = png(stored, 2, 16, chunk(b"eXIf", exif)) if kind == "png" else tiff(stored, orientation=orientation)
    assert_is_quadrants(load_photo(written(tmp_path, data)).rgb, 0)


def test_the_name_of_a_file_does_not_matter_its_bytes_do(tmp_path):
    data = saved(tmp_path, quadrants(), "PNG").read_bytes()
    photo = load_photo(written(tmp_path, data, "holiday 1.2.jpg"))
    assert_is_quadrants(photo.rgb, 0)
    assert photo.name == "holiday 1.2"


def test_16_bits_are_rounded_to_the_nearest_of_256_levels(tmp_path):
    values = np.linspace(0, 65535, 20 * 24 * 4).round().astype(np.uint16).reshape(20, 24, 4)
    expected = np.round(values / 257).astype(np.uint8)
    rgb = values[..., :3]
    for data in (png(rgb, 2, 16), tiff(rgb), cv2.imencode(".tiff", rgb[..., ::-1])[1].tobytes()):
        np.testing.assert_array_equal(load_photo(written(tmp_path, data)).rgb, expected[..., :3])
    every = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    for data in (png(every, 0, 16), tiff(every)):
        shades = load_photo(written(tmp_path, data)).rgb
        np.testing.assert_array_equal(shades, np.round(every / 257)[..., None].repeat(3, axis=2))


@pytest.mark.parametrize(
    ("image", "kind", "expected"),
    [
        (plain(77, "L"), "PNG", (77, 77, 77)),
        (plain(77, "L"), "WEBP", (77, 77, 77)),
        (plain(77, "L"), "JPEG", (77, 77, 77)),
        (plain(1, "1"), "PNG", (255, 255, 255)),
        (plain(1, "1"), "TIFF", (255, 255, 255)),
        (plain((200, 100, 40)).quantize(4), "PNG", (200, 100, 40)),
        (plain((0, 0, 0, 0), "CMYK"), "JPEG", (255, 255, 255)),
        (plain((255, 0, 0, 0), "CMYK"), "TIFF", (0, 255, 255)),
        (plain((0, 0, 0, 255), "CMYK"), "TIFF", (0, 0, 0)),
    ],
)
def test_grey_palette_and_ink_become_the_same_rgb(tmp_path, image, kind, expected):
    assert the_colour(saved(tmp_path, image, kind)) == expected


def test_inverted_adobe_ink_jpeg_is_not_a_negative(tmp_path):
    path = saved(tmp_path, plain((255, 0, 0, 0), "CMYK"), "JPEG", quality=100)
    assert b"Adobe" in path.read_bytes()
    np.testing.assert_allclose(the_colour(path), (0, 255, 255), atol=2)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (np.full((20, 20), 1.5, np.float32), "fractions from 1.5 to 1.5, where 0 to 1 is black to white"),
        (np.full((20, 20), 70000, np.int32), "signed whole numbers"),
    ],
)
def test_numbers_that_have_no_agreed_white_are_refused(tmp_path, values, told):
    with pytest.raises(InputError, match=told):
        load_photo(saved(tmp_path, values, "TIFF"))


def test_the_first_picture_of_several_is_used(tmp_path):
    path = saved(tmp_path, plain("red"), "TIFF", save_all=True, append_images=[plain("blue")])
    assert the_colour(path) == (255, 0, 0)
    path = saved(tmp_path, plain("red"), "MPO", save_all=True, append_images=[plain("blue")], quality=100)
    np.testing.assert_allclose(the_colour(path), (255, 0, 0), atol=2)


# --- transparency ---


@given(alpha=st.integers(0, 255), colour=st.tuples(*[st.integers(0, 255)] * 3))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_transparent_parts_are_composited_over_white(tmp_path, alpha, colour):
    expected = [value * alpha / 255 + 255 - alpha for value in colour]
    np.testing.assert_allclose(the_colour(saved(tmp_path, plain((*colour, alpha), "RGBA"), "PNG")), expected, atol=1)


def test_what_is_fully_transparent_is_white_and_what_is_opaque_is_exact(tmp_path):
    for kind in ("PNG", "WEBP", "TIFF", "AVIF"):
        assert the_colour(saved(tmp_path, plain((0, 0, 0, 0), "RGBA"), kind)) == (255, 255, 255)
    assert the_colour(saved(tmp_path, plain((13, 0), "LA"), "PNG")) == (255, 255, 255)
    assert the_colour(saved(tmp_path, plain((13, 14, 15, 255), "RGBA"), "PNG")) == (13, 14, 15)
    assert the_colour(written(tmp_path, png(np.zeros((20, 20, 4)), 6, 16))) == (255, 255, 255)
    assert the_colour(written(tmp_path, png(np.zeros((20, 20, 2)), 4, 16))) == (255, 255, 255)


def test_transparent_colours_of_palettes_and_keys_are_white(tmp_path):
    palette = plain((200, 100, 40)).quantize(4)
    assert the_colour(saved(tmp_path, palette, "PNG", transparency=palette.getpixel((0, 0)))) == (
        255,
        255,
        255,
    )
    assert the_colour(saved(tmp_path, plain((1, 2, 3)), "PNG", transparency=(1, 2, 3))) == (255, 255, 255)
    assert the_colour(saved(tmp_path, plain(9, "L"), "PNG", transparency=9)) == (255, 255, 255)
    grey, rgb = np.full((20, 20), 700), np.full((20, 20, 3), 700)
    for data in (
        png(grey, 0, 16, chunk(b"tRNS", struct.pack(">H", 700))),
        png(rgb, 2, 16, chunk(b"tRNS", struct.pack(">HHH", 700, 700, 700))),
    ):
        assert the_colour(written(tmp_path, data)) == (255, 255, 255)


def test_edges_of_premultiplied_pictures_are_not_darkened(tmp_path):
    """Half-transparent white, stored as half grey with associated alpha, is white over white."""
    stored = np.full((20, 20, 4), 128, np.uint8)
    assert the_colour(written(tmp_path, tiff(stored, tags={338: 1}))) == (255, 255, 255)
    assert the_colour(written(tmp_path, tiff(stored, tags={338: 2}))) == (191, 191, 191)
    assert the_colour(written(tmp_path, tiff(stored.astype(np.uint16) * 257, tags={338: 1}))) == (
        255,
        255,
        255,
    )


# --- colour profiles ---


@pytest.mark.parametrize("colour", [(200, 100, 50), (90, 160, 90), (128, 128, 128), (0, 255, 0), (255, 255, 255)])
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_wide_gamut_colours_are_converted_to_srgb(tmp_path, kind, colour):
    options = {"lossless": True} if kind == "WEBP" else {}
    path = saved(tmp_path, plain(colour), kind, icc_profile=display_p3(), **options)
    gamma = round(2.2 * 256) / 256
    d50_xyz = np.array(P3_COLUMNS).T @ (np.array(colour) / 255) ** gamma
    expected = srgb_from_linear(np.linalg.solve(np.array(SRGB_COLUMNS).T, d50_xyz))
    np.testing.assert_allclose(the_colour(path), expected, atol=2)


def test_a_wide_gamut_16_bit_picture_and_its_alpha_are_converted(tmp_path):
    profile = chunk(b"iCCP", b"p3\0\0" + zlib.compress(display_p3()))
    opaque = np.array((200, 100, 50, 255)) * 257
    seen = the_colour(written(tmp_path, png(np.broadcast_to(opaque, (20, 20, 4)), 6, 16, profile)))
    assert seen == the_colour(saved(tmp_path, plain((200, 100, 50)), "PNG", icc_profile=display_p3()))
    assert seen[0] > 205


def test_an_srgb_profile_changes_nothing(tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = saved(tmp_path, quadrants(), "PNG", icc_profile=profile)
    assert np.abs(load_photo(path).rgb.astype(int) - quadrants()).max() <= 1


def test_grey_and_ink_profiles_are_used(tmp_path):
    linear = the_colour(saved(tmp_path, plain(128, "L"), "PNG", icc_profile=grey_profile(1.0)))
    np.testing.assert_allclose(linear, srgb_from_linear(np.full(3, 128 / 255)), atol=2)
    red, green, _ = the_colour(saved(tmp_path, plain((255, 0, 0, 0), "CMYK"), "JPEG", icc_profile=ink_profile()))
    assert red > 190  # without the profile it is cyan
    assert green < 60


def test_a_colour_profile_on_a_grey_picture_keeps_it_grey(tmp_path):
    path = saved(tmp_path, plain(100, "L"), "PNG", icc_profile=display_p3(1.0))
    np.testing.assert_allclose(the_colour(path), srgb_from_linear(np.full(3, 100 / 255)), atol=2)


@pytest.mark.parametrize("profile", [b"no profile at all", display_p3()[:200], grey_profile(1.0)])
def test_an_unusable_profile_is_ignored_with_a_warning(tmp_path, caplog, profile):
    with caplog.at_level(logging.WARNING):
        assert the_colour(saved(tmp_path, plain((200, 100, 50)), "PNG", icc_profile=profile)) == (
            200,
            100,
            50,
        )
    assert "ignoring the colour profile" in caplog.text


# --- focal length ---


@given(film_mm=st.integers(12, 600), width=st.integers(16, 400), height=st.integers(16, 400))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_film_focal_length_is_by_the_diagonal(tmp_path, film_mm, width, height):
    path = saved(tmp_path, Image.new("RGB", (width, height)), "JPEG", exif=exif_of(film_mm=film_mm))
    photo = load_photo(path)
    assert photo.f_source == "exif"
    assert photo.f_px / hypot(width, height) == pytest.approx(film_mm / hypot(36, 24))


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize(("unit", "per_unit"), [(2, 254.0), (3, 100.0), (4, 10.0), (None, 254.0)])
def test_focal_length_from_the_sensors_resolution(tmp_path, unit, per_unit, orientation):
    """10 px per mm and 8 mm are 80 px; a picture of half the size has 40."""
    tags = {"mm": 8.0, "plane_x": per_unit} | ({} if unit is None else {"plane_unit": unit})
    size_px = (64, 48) if orientation == 1 else (48, 64)
    image = Image.new("RGB", size_px)
    assert load_photo(saved(tmp_path, image, "JPEG", exif=exif_of(orientation, **tags))).f_px == pytest.approx(80)
    tags |= {"width": size_px[0] * 2, "height": size_px[1] * 2}
    photo = load_photo(saved(tmp_path, image, "JPEG", exif=exif_of(orientation, **tags)))
    assert (photo.f_px, photo.f_source) == (pytest.approx(40), "exif")


@pytest.mark.parametrize(
    "tags",
    [{}, {"film_mm": 0}, {"mm": 4.2}, {"mm": 8.0, "plane_x": 100.0, "plane_unit": 1}, {"film_mm": 60000}],
)
def test_without_a_usable_focal_length_it_is_guessed(tmp_path, tags):
    photo = load_photo(saved(tmp_path, quadrants(), "JPEG", exif=exif_of(**tags)))
    assert (photo.f_px, photo.f_source) == (f_px_from_fov(GUESSED_FOV_DEG, 64.0), "guess")


def test_a_given_field_of_view_overrides_exif(tmp_path):
    path = saved(tmp_path, quadrants(), "JPEG", exif=exif_of(film_mm=28))
    photo = load_photo(path, fov_deg=90.0)
    assert (photo.f_px, photo.f_source) == (pytest.approx(32), "flag")


@pytest.mark.parametrize("fov_deg", [0.0, -5.0, 180.0, float("nan")])
def test_an_impossible_field_of_view_is_refused(tmp_path, fov_deg):
    with pytest.raises(InputError, match="field of view"):
        load_photo(saved(tmp_path, quadrants(), "PNG"), fov_deg=fov_deg)


@given(junk=st.binary(max_size=60))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_exif_block_does_not_fail_the_photo(tmp_path, junk):
    data = png(np.zeros((20, 24, 3)), 2, 8, chunk(b"eXIf", b"II*\0\x08\0\0\0" + junk))
    photo = load_photo(written(tmp_path, data))
    assert photo.rgb.max() == 0


# --- bad input ---


def refused(path: str | Path) -> str:
    """Return the message for an unusable file: one line with its name, and what was expected if the file exists."""
    with pytest.raises(InputError) as caught:
        load_photo(path)
    message = str(caught.value)
    assert "\n" not in message
    assert "expected" in message or not os.path.exists(path)  # noqa: PTH110  False for invalid paths
    assert Path(path).name in message
    return message


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "an empty file"),
        (b"hello, I am no picture\n", "text"),
        ("schöne Grüße\n".encode() * 9, "text"),
        (b"\x00\x01\x02\xff" * 9, "first bytes are 00 01 02 ff"),
        (b"GIF89a" + b"\0" * 60, "a GIF"),
        (b"%PDF-1.7\n", "a PDF"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp42" + b"\0" * 60, "'isom'"),
        (b"\xff\xd8\xff\xe0", "damaged or incomplete"),
        (b"\x89PNG\r\n\x1a\n", "damaged or incomplete"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "damaged or incomplete"),
        (b"II*\0", "damaged or incomplete"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "damaged or incomplete"),
        (b"\0\0\0\x18ftypavif\0\0\0\0mif1avif", "damaged or incomplete"),
    ],
)
def test_other_files_get_one_clear_line(tmp_path, data, told):
    assert told in refused(written(tmp_path, data, "holiday.jpg"))


def test_missing_files_folders_and_non_paths_get_one_clear_line(tmp_path):
    assert "no such file" in refused(tmp_path / "missing.jpg")
    assert "got a folder" in refused(tmp_path)
    assert "not a directory" in refused(written(tmp_path, b"x", "file") / "photo.jpg").lower()
    assert "too long" in refused("x" * 5000)
    assert "no such file" in refused(tmp_path / "näh.jpg")
    with pytest.raises(InputError, match=r"^two\\nlines.jpg: .*no such file"):
        load_photo("two\nlines.jpg")
    with pytest.raises(InputError, match="not a valid path"):
        load_photo("nul\0byte.jpg")
    with pytest.raises(InputError, match=r"^'': .* got a folder$"):
        load_photo("")


def test_an_unreadable_file_gets_one_clear_line(tmp_path, monkeypatch):
    path = saved(tmp_path, quadrants(), "PNG")

    def denied(*_args: object, **_options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)  # chmod does not stop root
    with pytest.raises(InputError, match=r"photo\.png: permission denied$"):
        load_photo(path)


@pytest.mark.parametrize("size_px", [(1, 1), (15, 400), (400, 15)])
def test_tiny_pictures_are_refused(tmp_path, size_px):
    message = refused(saved(tmp_path, Image.new("RGB", size_px), "PNG"))
    assert message.endswith(f"expected at least 16 pixels per side, got {size_px[0]} x {size_px[1]}")
    assert load_photo(saved(tmp_path, Image.new("RGB", (16, 16)), "PNG")).size_px == (16, 16)


def bombs() -> dict[str, bytes]:
    side = 30_000
    jpeg = io.BytesIO()
    plain("red").save(jpeg, "JPEG")
    frame = jpeg.getvalue().index(b"\xff\xc0") + 5
    jpeg_bomb = jpeg.getvalue()[:frame] + struct.pack(">HH", side, side) + jpeg.getvalue()[frame + 4 :]
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 1_000_000)
    png_bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    heic = (DATA / "orientation_1.heic").read_bytes()
    sized = heic.index(b"ispe") + 8
    heic_bomb = heic[:sized] + struct.pack(">II", side, side) + heic[sized + 8 :]
    tiff_bomb = tiff(np.zeros((20, 20), np.uint8), tags={256: side, 257: side})
    return {"jpeg": jpeg_bomb, "png": png_bomb, "heic": heic_bomb, "tiff": tiff_bomb}


@pytest.mark.parametrize("kind", ["jpeg", "png", "heic", "tiff"])
def test_a_decompression_bomb_is_refused_by_its_header(tmp_path, kind):
    path = written(tmp_path, bombs()[kind])
    started = time.perf_counter()
    message = refused(path)
    assert time.perf_counter() - started < 0.5
    assert "expected at most 200 million pixels, got 30000 x 30000 = 900 million" in message


def test_pillows_own_limit_is_neither_used_nor_changed(tmp_path, monkeypatch):
    path = saved(tmp_path, quadrants(), "PNG")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert load_photo(path).size_px == (64, 48)
    assert Image.MAX_IMAGE_PIXELS == 10


def test_the_thumbnail_of_a_raw_file_is_not_used_as_the_photo(tmp_path):
    assert "raw file" in refused(written(tmp_path, tiff(quadrants(), tags={254: 1}), "photo.nef"))


def noisy_files() -> dict[str, bytes]:
    noise = np.random.default_rng(2).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    files = {
        "tiff16": tiff(noise.astype(np.uint16) * 257),
        "heic": (DATA / "orientation_6.heic").read_bytes(),
    }
    for kind, options in (("JPEG", {}), ("PNG", {}), ("WEBP", {}), ("TIFF", {}), ("AVIF", {})):
        stream = io.BytesIO()
        Image.fromarray(noise).save(stream, kind, **options)
        files[kind] = stream.getvalue()
    return files


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "heic", "tiff16"])
def test_a_truncated_photo_is_refused(tmp_path, kind):
    """The last bytes can be an end marker or padding, and are not cut."""
    whole = noisy_files()[kind]
    for cut in np.unique(np.linspace(1, len(whole) - 24, 30).astype(int)):
        refused(written(tmp_path, whole[:cut], "cut.jpg"))


@given(
    place=st.floats(0, 1),
    value=st.integers(0, 255),
    kind=st.sampled_from(["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "heic"]),
)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_byte_gives_a_photo_or_an_input_error_and_nothing_else(tmp_path, place, value, kind):
    whole = bytearray(noisy_files()[kind])
    whole[int(place * (len(whole) - 1))] = value
    with suppress(InputError):
        assert load_photo(written(tmp_path, bytes(whole))).rgb.dtype == np.uint8


# --- arrays ---


def test_a_photo_from_an_array_is_a_copy_that_cannot_be_changed():
    given_rgb = quadrants()
    photo = photo_from_array(given_rgb[:, ::-1], name="mirrored")
    given_rgb[:] = 0
    np.testing.assert_array_equal(photo.rgb, quadrants()[:, ::-1])
    assert (photo.rgb.flags.writeable, photo.rgb.flags.c_contiguous) == (False, True)
    assert (photo.size_px, photo.name, photo.f_source) == ((64, 48), "mirrored", "guess")


def test_pixels_of_a_loaded_photo_cannot_be_changed(tmp_path):
    assert not load_photo(saved(tmp_path, quadrants(), "PNG")).rgb.flags.writeable


def test_the_focal_length_of_an_array_is_given_or_guessed():
    assert photo_from_array(quadrants()).f_px == f_px_from_fov(GUESSED_FOV_DEG, 64.0)
    by_fov, by_f = photo_from_array(quadrants(), fov_deg=90.0), photo_from_array(quadrants(), f_px=32.0)
    assert (by_fov.f_px, by_f.f_px) == (pytest.approx(32), 32)
    assert by_fov.f_source == by_f.f_source == "flag"


@pytest.mark.parametrize(
    ("rgb", "options", "told"),
    [
        (np.zeros((20, 20, 3), np.float32), {}, "got float32"),
        (np.zeros((20, 20), np.uint8), {}, r"got uint8 \(20, 20\)"),
        (np.zeros((20, 20, 4), np.uint8), {}, r"got uint8 \(20, 20, 4\)"),
        (np.zeros((20, 3, 3), np.uint8), {}, "got 3 x 20"),
        (quadrants(), {"fov_deg": 50.0, "f_px": 50.0}, "got both"),
        (quadrants(), {"f_px": 0.0}, "f_px must be > 0"),
        (quadrants(), {"fov_deg": 180.0}, "field of view"),
    ],
)
def test_arrays_and_lenses_that_cannot_be_are_refused(rgb, options, told):
    with pytest.raises(InputError, match=told):
        photo_from_array(rgb, **options)


def test_libraries_of_decoding_are_loaded_only_when_needed():
    heavy = "{'cv2', 'defusedxml', 'imagecodecs', 'OpenEXR', 'pi_heif', 'tifffile'}"
    code = f"import sys, kbvr.photo.photo; print({heavy} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("damage", ["none", "half is missing", "overwritten"])
def test_damaged_pixels_in_a_jpeg_give_a_warning(tmp_path, caplog, damage, progressive):
    """Recovery tools write such files, and libjpeg fills in arbitrary pixels."""
    noise = np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "JPEG", quality=90, progressive=progressive)
    data = file.getvalue()
    half = len(data) // 2
    if damage == "half is missing":
        data = data[:half] + b"\xff\xd9"
    if damage == "overwritten":
        data = data[:half] + bytes(range(250)) + data[half + 250 :]
    path = tmp_path / "a.jpg"
    path.write_bytes(data)
    load_photo(path, fov_deg=50)
    assert [record.getMessage().partition(";")[0] for record in caplog.records] == (
        [] if damage == "none" else [f"{path}: some pixels may be wrong"]
    )


def warnings_of_tiff(
    path: Path, caplog: pytest.LogCaptureFixture, pages: int = 1, channels: int = 3, **tags: Any
) -> list[str]:
    """Return the warnings for a TIFF of this many pages."""
    with tifffile.TiffWriter(path) as file:
        for _ in range(pages):
            file.write(np.full((16, 16, channels), 90, np.uint8), **tags)
    load_photo(path, fov_deg=50)
    return [record.getMessage() for record in caplog.records]


def test_unused_channels_of_a_tiff_give_a_warning(tmp_path, caplog):
    """The extra channels of a grey TIFF are not colours."""
    told = warnings_of_tiff(tmp_path / "a.tif", caplog, photometric="minisblack", planarconfig="contig")
    assert told == [f"{tmp_path / 'a.tif'}: using 1 of 3 channels"]


def test_a_tiff_without_unused_channels_gives_no_warning(tmp_path, caplog):
    assert not warnings_of_tiff(tmp_path / "a.tif", caplog, photometric="rgb", channels=4, extrasamples=["unassalpha"])


def test_ignored_pages_of_a_tiff_give_a_warning(tmp_path, caplog):
    told = warnings_of_tiff(tmp_path / "a.tif", caplog, pages=1001, photometric="rgb")
    assert told == [f"{tmp_path / 'a.tif'}: using only the first 1000 pages"]


def test_an_exif_focal_length_of_nearly_zero_is_ignored(caplog):
    """Damaged EXIF data can give a focal length of 0 pixels."""
    photo = load_photo(DATA / "focal_length_of_nothing.jpg")
    assert photo.f_source == "guess"
    assert "ignoring the EXIF focal length: it means a field of view of 180 degrees" in caplog.text
