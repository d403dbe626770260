"""A person's own depth comes in as inverse depth, by the convention that is named, or with one clear line."""

from __future__ import annotations

import struct
import zipfile
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import OpenEXR
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from kbvr.depth.read_file import load_inverse_depth
from kbvr.errors import InputError

SIZE_PX = (12, 8)
DEPTH_M = (np.arange(96, dtype=np.float32).reshape(8, 12) + 4) / 8
"""0.5 m to 12.375 m, in steps of an eighth."""

KINDS = ("disparity", "depth-m", "inverse-depth-per-m")


def cv2_file(tmp_path: Path, values: np.ndarray, ending: str) -> Path:
    path = tmp_path / f"depth{ending}"
    path.write_bytes(cv2.imencode(ending, values)[1].tobytes())
    return path


def npy_file(tmp_path: Path, values: Any) -> Path:
    path = tmp_path / "depth.npy"
    np.save(path, values, allow_pickle=True)
    return path


def exr_file(tmp_path: Path, values: np.ndarray, compression: str, rename: tuple[bytes, bytes] | None = None) -> Path:
    """An EXR as FFmpeg writes it: channel Y, or A, B, G, R, one of which can be renamed."""
    four = values.ndim == 3
    codec: Any = av.CodecContext.create("exr", "w")
    codec.width, codec.height, codec.time_base = values.shape[1], values.shape[0], Fraction(1)
    codec.pix_fmt = "gbrapf32le" if four else "grayf32le"
    codec.options = {"compression": compression}
    frame = av.VideoFrame(values.shape[1], values.shape[0], codec.pix_fmt)
    order = (1, 2, 0, 3) if four else (0,)
    for plane, channel in zip(frame.planes, order, strict=True):
        rows = np.zeros((values.shape[0], plane.line_size // 4), np.float32)
        rows[:, : values.shape[1]] = values[..., channel] if four else values
        plane.update(rows.tobytes())
    data = b"".join(bytes(packet) for packet in [*codec.encode(frame), *codec.encode(None)])
    path = tmp_path / "depth.exr"
    path.write_bytes(data if rename is None else data.replace(rename[0] + b"\0\2", rename[1] + b"\0\2", 1))
    return path


def openexr_file(tmp_path: Path, channels: dict[str, np.ndarray], header: dict[str, Any] | None = None) -> Path:
    path = tmp_path / "depth.exr"
    OpenEXR.File(header or {}, channels).write(str(path))
    return path


def refused(path: Path, kind: Any, size_px: tuple[int, int] = SIZE_PX) -> str:
    """Return the message for an unusable file: one line with its name, and what was expected if the file exists."""
    with pytest.raises(InputError) as caught:
        load_inverse_depth(path, size_px, kind=kind)
    message = str(caught.value)
    assert "\n" not in message
    assert "expected" in message or not path.exists()
    assert path.name in message
    return message


def assert_is_depth(path: Path) -> None:
    inverse_depth, metric = load_inverse_depth(path, SIZE_PX, kind="depth-m")
    assert metric
    assert (inverse_depth.dtype, inverse_depth.shape) == (np.float32, (8, 12))
    np.testing.assert_allclose(inverse_depth, 1 / DEPTH_M, rtol=1e-6)


# --- formats ---


def test_whole_numbers_are_millimetres_and_fractions_are_metres(tmp_path):
    millimetres = (DEPTH_M * 1000).astype(np.uint16)
    assert_is_depth(cv2_file(tmp_path, millimetres, ".png"))
    assert_is_depth(cv2_file(tmp_path, millimetres, ".tiff"))
    assert_is_depth(cv2_file(tmp_path, DEPTH_M, ".tiff"))
    assert_is_depth(npy_file(tmp_path, millimetres))
    assert_is_depth(npy_file(tmp_path, DEPTH_M))


@pytest.mark.parametrize("dtype", ["<f4", "<f8", ">f4", "<f2"])
def test_npy_of_every_float_is_read(tmp_path, dtype):
    assert_is_depth(npy_file(tmp_path, DEPTH_M.astype(dtype)))


def test_axes_of_length_one_are_dropped(tmp_path):
    assert_is_depth(npy_file(tmp_path, DEPTH_M[None, None]))
    assert_is_depth(npy_file(tmp_path, DEPTH_M[..., None]))
    row = np.linspace(1, 2, 20)[None]
    for values in (row, row[..., None], row[None]):
        inverse_depth, _ = load_inverse_depth(npy_file(tmp_path, values), (20, 1), kind="depth-m")
        np.testing.assert_allclose(inverse_depth, 1 / row, rtol=1e-6)


def test_channels_that_all_say_the_same_are_one(tmp_path):
    assert_is_depth(npy_file(tmp_path, np.repeat(DEPTH_M[..., None], 3, axis=2)))
    different = np.stack([DEPTH_M, DEPTH_M, DEPTH_M + 1], axis=2)
    assert "one channel" in refused(npy_file(tmp_path, different), "depth-m")


@pytest.mark.parametrize("compression", ["none", "zip1", "zip16"])
def test_exr_is_read_whatever_its_depth_is_called(tmp_path, compression):
    assert_is_depth(exr_file(tmp_path, DEPTH_M, compression))
    assert_is_depth(exr_file(tmp_path, DEPTH_M, compression, (b"Y", b"Z")))
    assert_is_depth(exr_file(tmp_path, DEPTH_M, compression, (b"Y", b"V")))
    assert_is_depth(exr_file(tmp_path, np.stack([DEPTH_M] * 4, axis=2), compression))
    beauty = np.random.default_rng(0).random((8, 12, 3), np.float32)
    assert_is_depth(
        openexr_file(tmp_path, {"B": beauty[..., 0], "G": beauty[..., 1], "R": beauty[..., 2], "Z": DEPTH_M})
    )


@given(height=st.integers(1, 40), width=st.integers(1, 40), seed=st.integers(0, 99), smooth=st.booleans())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_exr_of_any_size_is_read_exactly(tmp_path, height, width, seed, smooth):
    noise = np.random.default_rng(seed).random((height, width), np.float32) + 1
    values = np.full((height, width), noise[0, 0]) if smooth else noise
    inverse_depth, _ = load_inverse_depth(
        exr_file(tmp_path, values, "zip16"), (width, height), kind="inverse-depth-per-m"
    )
    np.testing.assert_array_equal(inverse_depth, values)


EXR_COMPRESSIONS = ("NO", "RLE", "ZIPS", "ZIP", "PIZ", "PXR24", "B44", "B44A", "DWAA", "DWAB")


@pytest.mark.parametrize("compression", EXR_COMPRESSIONS)
@pytest.mark.parametrize("tiled", [False, True])
def test_exr_of_every_compression_and_of_tiles_is_read(tmp_path, compression, tiled):
    tile = OpenEXR.TileDescription()
    tile.xSize = tile.ySize = 4
    layout = {"type": OpenEXR.tiledimage, "tiles": tile} if tiled else {"type": OpenEXR.scanlineimage}
    header = {"compression": getattr(OpenEXR, f"{compression}_COMPRESSION"), **layout}
    assert_is_depth(openexr_file(tmp_path, {"Z": DEPTH_M}, header))


def test_depth_is_found_in_any_part_of_an_exr_and_in_halves(tmp_path):
    beauty = OpenEXR.Part({"name": "beauty"}, dict.fromkeys("RGB", DEPTH_M * 3))
    depth = OpenEXR.Part({"name": "depth"}, {"Z": DEPTH_M.astype(np.float16)})
    path = tmp_path / "depth.exr"
    OpenEXR.File([beauty, depth]).write(str(path))
    assert_is_depth(path)


def test_exr_that_cannot_be_read_says_why(tmp_path):
    colours = np.random.default_rng(0).random((8, 12, 4), np.float32)
    assert "one channel" in refused(exr_file(tmp_path, colours, "none"), "depth-m")
    two = openexr_file(tmp_path, {"first": DEPTH_M, "second": DEPTH_M})
    assert "channels (first, second) do not say which is depth" in refused(two, "depth-m")


def test_what_openexr_prints_of_a_damaged_file_stays_off_the_screen(tmp_path, capfd):
    whole = openexr_file(tmp_path, {"Z": np.random.default_rng(1).random((8, 12), np.float32)})
    for cut in range(100, whole.stat().st_size - 20, 20):
        (tmp_path / "cut.exr").write_bytes(whole.read_bytes()[:cut])
        refused(tmp_path / "cut.exr", "depth-m")
    assert capfd.readouterr() == ("", "")


def test_npz_is_read_by_the_name_of_its_kind_or_the_only_one(tmp_path):
    path = tmp_path / "depth.npz"
    for arrays in (
        {"depth": DEPTH_M},
        {"arr_0": DEPTH_M},
        {"depth": DEPTH_M, "disparity": DEPTH_M * 2},
        {"depth": DEPTH_M, "mask": DEPTH_M > 1},
    ):
        np.savez_compressed(path, **arrays)
        assert_is_depth(path)
    np.savez(path, left=DEPTH_M, right=DEPTH_M)
    assert "expected an array called depth or a single array, got left, right" in refused(path, "depth-m")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("notes.txt", "hello")
    assert "damaged" in refused(path, "depth-m")


# --- conventions ---


def test_disparity_is_relative_and_goes_from_0_to_1(tmp_path):
    disparity = (1000 + 3 * np.arange(96).reshape(8, 12)).astype(np.uint16)
    inverse_depth, metric = load_inverse_depth(cv2_file(tmp_path, disparity, ".png"), SIZE_PX, kind="disparity")
    assert not metric
    np.testing.assert_allclose(inverse_depth, np.arange(96).reshape(8, 12) / 95, atol=1e-6)


@given(scale=st.floats(0.01, 100), shift=st.floats(-100, 100))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_scale_and_shift_of_disparity_do_not_matter(tmp_path, scale, shift):
    plain, _ = load_inverse_depth(npy_file(tmp_path, DEPTH_M.astype(float)), SIZE_PX, kind="disparity")
    other, _ = load_inverse_depth(npy_file(tmp_path, DEPTH_M * scale + shift), SIZE_PX, kind="disparity")
    np.testing.assert_allclose(other, plain, atol=1e-3)


def test_larger_is_nearer_or_farther_as_the_kind_says(tmp_path):
    path = npy_file(tmp_path, DEPTH_M)
    rises = {kind: load_inverse_depth(path, SIZE_PX, kind=kind)[0] for kind in KINDS}
    assert {kind: bool(values[-1, -1] > values[0, 0]) for kind, values in rises.items()} == {
        "disparity": True,
        "depth-m": False,
        "inverse-depth-per-m": True,
    }
    np.testing.assert_array_equal(rises["inverse-depth-per-m"], DEPTH_M)


def test_unknown_depth_is_infinitely_far(tmp_path):
    values = DEPTH_M.copy()
    values[0, :3] = 0, np.nan, np.inf
    inverse_depth, _ = load_inverse_depth(npy_file(tmp_path, values), SIZE_PX, kind="depth-m")
    np.testing.assert_array_equal(inverse_depth[0, :3], 0)
    np.testing.assert_allclose(inverse_depth[1:], 1 / DEPTH_M[1:], rtol=1e-6)
    values[0, 2] = 0
    for kind in ("inverse-depth-per-m", "disparity"):
        inverse_depth, _ = load_inverse_depth(npy_file(tmp_path, values), SIZE_PX, kind=kind)
        np.testing.assert_array_equal(inverse_depth[0, :3], 0)
        assert np.isfinite(inverse_depth).all()


@pytest.mark.parametrize(
    ("kind", "value", "told"),
    [
        ("depth-m", -1.5, "1 negative pixels (down to -1.5)"),
        ("depth-m", 1e-6, "got 1e-06 m"),
        ("inverse-depth-per-m", -0.25, "1 negative pixels (down to -0.25)"),
        ("inverse-depth-per-m", np.inf, "got infinity in 1 pixels"),
        ("inverse-depth-per-m", 5000.0, "got 0.0002 m"),
        ("disparity", np.inf, "got infinity in 1 pixels"),
    ],
)
def test_numbers_out_of_range_are_refused(tmp_path, kind, value, told):
    values = DEPTH_M.copy()
    values[2, 3] = value
    assert told in refused(npy_file(tmp_path, values), kind)


@pytest.mark.parametrize(
    ("kind", "value", "told"),
    [
        ("disparity", 3.0, "the same value in all pixels (3)"),
        ("disparity", np.nan, "the same value in all pixels"),
        ("depth-m", 0.0, "no finite value above 0"),
        ("depth-m", np.nan, "no finite value above 0"),
        ("inverse-depth-per-m", 0.0, "no finite value above 0"),
    ],
)
def test_depth_without_information_is_refused(tmp_path, kind, value, told):
    assert told in refused(npy_file(tmp_path, np.full((8, 12), value)), kind)


def test_a_flat_wall_in_metres_is_fine(tmp_path):
    inverse_depth, _ = load_inverse_depth(npy_file(tmp_path, np.full((8, 12), 4.0)), SIZE_PX, kind="depth-m")
    np.testing.assert_array_equal(inverse_depth, 0.25)


def test_whole_numbers_cannot_be_inverse_metres(tmp_path):
    path = cv2_file(tmp_path, (DEPTH_M * 100).astype(np.uint16), ".png")
    assert "whole numbers" in refused(path, "inverse-depth-per-m")


def test_8_bits_are_enough_for_disparity_only_and_warn(tmp_path, caplog):
    path = cv2_file(tmp_path, (DEPTH_M * 20).astype(np.uint8), ".png")
    inverse_depth, metric = load_inverse_depth(path, SIZE_PX, kind="disparity")
    assert (inverse_depth.min(), inverse_depth.max(), metric) == (0, 1, False)
    assert "256 steps" in caplog.text
    assert "16 bits or floats" in refused(path, "depth-m")


# --- size ---


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scale", [0.5, 1, 3])
def test_a_wall_keeps_its_depth_when_resized(tmp_path, kind, scale):
    values = np.full((8, 12), 2.0)
    values[:, 6:] = 4.0
    size_px = (int(12 * scale), int(8 * scale))
    inverse_depth, _ = load_inverse_depth(npy_file(tmp_path, values), size_px, kind=kind)
    left, right = {"disparity": (0, 1), "depth-m": (0.5, 0.25), "inverse-depth-per-m": (2, 4)}[kind]
    assert inverse_depth.shape == (size_px[1], size_px[0])
    assert inverse_depth[0, 0] == left
    assert inverse_depth[-1, -1] == right


def test_a_slanted_plane_stays_a_plane_when_enlarged(tmp_path):
    """Inverse depth of a plane is linear in the picture; pixel centres at +0.5."""
    x = np.arange(12) + 0.5
    values = np.repeat((1 + x / 12)[None], 8, axis=0)
    inverse_depth, _ = load_inverse_depth(npy_file(tmp_path, values), (48, 32), kind="inverse-depth-per-m")
    expected = 1 + (np.arange(48) + 0.5) / 48
    np.testing.assert_allclose(inverse_depth[:, 2:-2], np.repeat(expected[None, 2:-2], 32, axis=0), atol=1e-5)


def test_another_shape_than_the_photos_is_refused(tmp_path):
    path = npy_file(tmp_path, np.ones((100, 150)))
    load_inverse_depth(path, (1500, 1000), kind="depth-m")
    load_inverse_depth(path, (1525, 1000), kind="depth-m")
    assert "(1700 x 1000, to within 10%), got 150 x 100" in refused(path, "depth-m", (1700, 1000))
    assert "does it show the photo as well, beside its depth?" in refused(path, "depth-m", (750, 1000))
    assert "got 150 x 100; is it rotated?" in refused(path, "depth-m", (1000, 1500))


def test_the_orientation_tag_of_a_depth_picture_is_obeyed(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "depth.png"
    stored = np.rot90((DEPTH_M * 1000).astype(np.uint16)).copy()
    Image.fromarray(stored).save(path, exif=exif)
    assert_is_depth(path)


# --- bad input ---


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "an empty file"),
        (b"hello", "got text ('hello'...)"),
        (b"\1\2\3hello", "its first bytes are 01 02 03"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "damaged or incomplete"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 90, "damaged or incomplete"),
        (b"\x93NUMPY\1\0", "damaged or incomplete"),
        (b"PK\x03\x04", "damaged or incomplete"),
        (b"\x76\x2f\x31\x01\2\0\0\0", "damaged or incomplete"),
        (b"\x89PNG\r\n\x1a\n", "damaged or incomplete"),
    ],
)
def test_a_file_without_depth_gets_one_clear_line(tmp_path, data, told):
    path = tmp_path / "depth.png"
    path.write_bytes(data)
    assert told in refused(path, "depth-m")


def test_missing_files_and_folders_get_one_clear_line(tmp_path):
    assert "no such file" in refused(tmp_path / "missing.npy", "depth-m")
    assert "got a folder" in refused(tmp_path, "depth-m")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (np.array([{"a": 1}], dtype=object), "real numbers"),
        (np.ones((8, 12), bool), "real numbers"),
        (np.ones((8, 12), complex), "real numbers"),
        (np.zeros((0, 12)), "real numbers"),
        (np.ones(96), "one channel"),
        (np.ones((4, 8, 12)), "one channel"),
    ],
)
def test_arrays_of_something_else_are_refused(tmp_path, values, told):
    assert told in refused(npy_file(tmp_path, values), "depth-m")


def test_huge_arrays_are_refused_by_their_headers(tmp_path):
    path = tmp_path / "depth.npy"
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (30000, 30000), }".ljust(117) + b"\n"
    path.write_bytes(b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header)
    assert "200 million pixels" in refused(path, "depth-m")
    exr = exr_file(tmp_path, DEPTH_M, "zip16")
    window = struct.pack("<4i", 0, 0, 11, 7)
    exr.write_bytes(exr.read_bytes().replace(window, struct.pack("<4i", 0, 0, 29999, 29999)))
    assert "200 million pixels" in refused(exr, "depth-m")


def depth_files(tmp_path: Path) -> dict[str, bytes]:
    noise = np.random.default_rng(1).random((8, 12), np.float32) + 1
    np.savez_compressed(tmp_path / "depth.npz", depth=noise)
    return {
        "png": cv2_file(tmp_path, (noise * 1000).astype(np.uint16), ".png").read_bytes(),
        "npy": npy_file(tmp_path, noise).read_bytes(),
        "npz": (tmp_path / "depth.npz").read_bytes(),
        "exr": exr_file(tmp_path, noise, "zip16").read_bytes(),
    }


@pytest.mark.parametrize("kind", ["png", "npy", "npz", "exr"])
def test_a_depth_file_cut_short_anywhere_is_refused(tmp_path, kind):
    whole = depth_files(tmp_path)[kind]
    path = tmp_path / "cut"
    for cut in np.unique(np.linspace(1, len(whole) - 24, 30).astype(int)):
        path.write_bytes(whole[:cut])
        refused(path, "depth-m")


@given(place=st.floats(0, 1), value=st.integers(0, 255), kind=st.sampled_from(["png", "npy", "npz", "exr"]))
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_byte_gives_sound_depth_or_an_input_error_and_nothing_else(tmp_path, place, value, kind):
    whole = bytearray(depth_files(tmp_path)[kind])
    whole[int(place * (len(whole) - 1))] = value
    (tmp_path / "damaged").write_bytes(whole)
    with suppress(InputError):
        inverse_depth, _ = load_inverse_depth(tmp_path / "damaged", SIZE_PX, kind="depth-m")
        assert np.isfinite(inverse_depth).all()
        assert inverse_depth.min() >= 0
