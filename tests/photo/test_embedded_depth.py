"""The depth that phones store in their photos is read as metres, in the right direction, upright."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from phone_photos import (
    DEPTH_TYPE,
    MATTE_TYPE,
    MAX_PART,
    HeicItem,
    apple_xmp,
    dynamic_depth_jpeg,
    encoded,
    gdepth_jpeg,
    heic,
    jpeg_of,
    with_segments,
    with_xmp,
)
from PIL import Image, ImageOps

from kbvr.errors import InputError
from kbvr.photo.embedded_depth import EmbeddedDepth
from kbvr.photo.photo import load_photo

NEAR_M, MIDDLE_M, FAR_M = 1.25, 2.5, 5.0
METRES = np.full((48, 64), FAR_M)
METRES[:, :24] = NEAR_M
METRES[:16, :24] = MIDDLE_M
"""A wall, a screen before it on the left, and a hole in the screen's top left through which something else shows."""

RGB = np.repeat(np.repeat(np.select([METRES == NEAR_M, METRES == MIDDLE_M], [200, 120], 60), 2, 0), 2, 1)
RGB = np.dstack([RGB, RGB, 255 - RGB]).astype(np.uint8)
GDEPTH = {"GDepth:Near": 1.0, "GDepth:Far": 8.0, "GDepth:Units": "m", "GDepth:Format": "RangeInverse"}
DYNAMIC = {"Format": "RangeInverse", "Near": 1.0, "Far": 8.0, "Units": "Meters"}
APPLE = {
    "apdi:IntMinValue": 0,
    "apdi:IntMaxValue": 255,
    "apdi:FloatMinValue": 0.1,
    "apdi:FloatMaxValue": 1.0,
    "apdi:StoredFormat": 1278226488,
    "apdi:NativeFormat": 1751411059,
    "apdi:AuxiliaryImageType": "disparity",
    "depthData:Accuracy": "absolute",
}

STORED_FROM_UPRIGHT = {
    1: lambda upright: upright,
    2: np.fliplr,
    3: lambda upright: np.rot90(upright, 2),
    4: np.flipud,
    5: lambda upright: upright.swapaxes(0, 1),
    6: np.rot90,
    7: lambda upright: np.rot90(upright, 2).swapaxes(0, 1),
    8: lambda upright: np.rot90(upright, -1),
}
"""EXIF orientation -> how an upright picture is stored."""


def range_inverse(metres: np.ndarray, near: float = 1.0, far: float = 8.0, white: int = 255) -> np.ndarray:
    """GDepth's definition, word for word: dn = far (d - near) / (d (far - near))."""
    shares = far * (metres - near) / (metres * (far - near))
    return np.rint(shares * white).astype(np.uint16 if white > 255 else np.uint8)


def range_linear(metres: np.ndarray, near: float = 1.0, far: float = 8.0) -> np.ndarray:
    return np.rint((metres - near) / (far - near) * 255).astype(np.uint8)


def apple_disparity(metres: np.ndarray, low: float = 0.1, high: float = 1.0) -> np.ndarray:
    return np.rint((1 / metres - low) / (high - low) * 255).astype(np.uint8)


def read(tmp_path: Path, content: bytes, suffix: str = ".jpg") -> EmbeddedDepth:
    depth = load_photo(write(tmp_path, content, suffix)).embedded_depth
    assert depth is not None
    return depth


def write(tmp_path: Path, content: bytes, suffix: str = ".jpg") -> Path:
    path = tmp_path / f"photo{suffix}"
    path.write_bytes(content)
    return path


def assert_metres(depth: EmbeddedDepth, metres: np.ndarray = METRES, tolerance: float = 0.004) -> None:
    """Rounding to 8 bits moves inverse depths by at most half a step."""
    assert depth.inverse_depth.shape == metres.shape
    np.testing.assert_allclose(depth.inverse_depth, 1 / metres, atol=tolerance)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["GDepth", "Dynamic Depth"])
def test_the_distances_of_three_planes_come_back_in_all_orientations(
    tmp_path: Path, kind: str, orientation: int
) -> None:
    rgb, metres = (np.ascontiguousarray(STORED_FROM_UPRIGHT[orientation](plane)) for plane in (RGB, METRES))
    if kind == "GDepth":
        content = gdepth_jpeg(rgb, range_inverse(metres), GDEPTH, orientation=orientation)
    else:
        content = dynamic_depth_jpeg(rgb, range_inverse(metres), DYNAMIC, orientation=orientation)
    depth = read(tmp_path, content)
    assert (depth.scale, depth.source) == ("metric", kind)
    turned = np.asarray(ImageOps.exif_transpose(Image.open(tmp_path / "photo.jpg")))
    np.testing.assert_allclose(turned, RGB, atol=16)  # Pillow turns the photo as this test does
    assert_metres(depth, tolerance=0.004 if kind == "GDepth" else 0.03)  # JPEG rings at the planes' edges


@pytest.mark.parametrize(("turns", "mirror"), [(n, m) for n in range(4) for m in (None, 0)])
@pytest.mark.parametrize("is_turned", [True, False], ids=["turned", "as-stored"])
def test_depth_in_heic_is_turned_as_its_photo_is(
    tmp_path: Path, turns: int, mirror: int | None, *, is_turned: bool
) -> None:
    """An auxiliary picture has its own rotation, or is stored as the photo is."""
    rgb, metres = (np.rot90(plane if mirror is None else plane[::-1], -turns) for plane in (RGB, METRES))
    own = {"turns": turns, "mirror": mirror} if is_turned else {}
    depth_item = HeicItem(apple_disparity(metres), DEPTH_TYPE, apple_xmp(APPLE), **own)  # type: ignore[arg-type]
    path = write(tmp_path, heic([HeicItem(rgb, turns=turns, mirror=mirror), depth_item]), ".heic")
    photo = load_photo(path)
    assert photo.rgb.shape == RGB.shape
    np.testing.assert_allclose(photo.rgb, RGB, atol=4)
    assert photo.embedded_depth is not None
    assert (photo.embedded_depth.scale, photo.embedded_depth.source) == ("metric", "Apple disparity")
    assert_metres(photo.embedded_depth)


def test_linear_depth_and_millimetres_are_metres(tmp_path: Path) -> None:
    millimetres = GDEPTH | {"GDepth:Near": 1000, "GDepth:Far": 8000, "GDepth:Units": "mm"}
    assert_metres(read(tmp_path, gdepth_jpeg(RGB, range_inverse(METRES), millimetres)))
    linear = GDEPTH | {"GDepth:Format": "RangeLinear"}
    depth = read(tmp_path, gdepth_jpeg(RGB, range_linear(METRES), linear))
    np.testing.assert_allclose(1 / depth.inverse_depth, METRES, atol=7 / 255)


def test_sixteen_bits_are_sixty_four_thousand_steps(tmp_path: Path) -> None:
    content = gdepth_jpeg(RGB, range_inverse(METRES, white=65535), GDEPTH)
    assert_metres(read(tmp_path, content), tolerance=2e-5)


def test_dioptres_are_inverse_metres(tmp_path: Path) -> None:
    """Near is then the larger number."""
    shares = (1 / METRES - 1.0) / (0.1 - 1.0)
    properties = {"Format": "RangeLinear", "Near": 1.0, "Far": 0.1, "Units": "Diopters"}
    depth = read(tmp_path, dynamic_depth_jpeg(RGB, np.rint(shares * 255).astype(np.uint8), properties))
    assert depth.scale == "metric"
    assert_metres(depth, tolerance=0.03)


@pytest.mark.parametrize("unit", [None, "furlongs"])
def test_without_a_unit_only_the_ratios_are_known(tmp_path: Path, unit: str | None) -> None:
    """As in photos of Lens Blur."""
    properties = {name: value for name, value in GDEPTH.items() if name != "GDepth:Units"}
    depth = read(
        tmp_path, gdepth_jpeg(RGB, range_inverse(METRES), properties | ({"GDepth:Units": unit} if unit else {}))
    )
    assert depth.scale == "up-to-scale"
    assert_metres(depth)


def test_extended_xmp_of_many_segments_is_put_together_in_any_order(tmp_path: Path) -> None:
    content = gdepth_jpeg(RGB, range_inverse(METRES), GDEPTH, padding=150_000)
    assert content.count(b"http://ns.adobe.com/xmp/extension/\0") == 4
    assert_metres(read(tmp_path, content))


def test_confidence_of_zero_means_unknown(tmp_path: Path) -> None:
    sure = np.full(METRES.shape, 255, np.uint8)
    sure[:8], sure[8:16] = 0, 51
    depth = read(tmp_path, gdepth_jpeg(RGB, range_inverse(METRES), {**GDEPTH, "GDepth:Confidence": sure}))
    assert np.isnan(depth.inverse_depth[:8]).all()
    assert np.isfinite(depth.inverse_depth[8:]).all()
    assert depth.confidence is not None
    np.testing.assert_allclose(depth.confidence[[0, 10, 40], 0], [0, 0.2, 1], atol=1e-3)


def test_confidence_of_dynamic_depth_is_found_by_its_name(tmp_path: Path) -> None:
    sure = np.full(METRES.shape, 128, np.uint8)
    depth = read(tmp_path, dynamic_depth_jpeg(RGB, range_inverse(METRES), DYNAMIC, confidence=sure))
    assert depth.confidence is not None
    np.testing.assert_allclose(depth.confidence, 128 / 255, atol=0.005)


@pytest.mark.parametrize(("padding", "after"), [(0, b""), (100, b""), (0, b"more"), (0, b"\0" * 5000)])
def test_files_after_the_photo_are_found_whatever_surrounds_them(tmp_path: Path, padding: int, after: bytes) -> None:
    content = dynamic_depth_jpeg(RGB, range_inverse(METRES), DYNAMIC, padding=padding, after=after)
    assert_metres(read(tmp_path, content), tolerance=0.03)


def test_segmentations_are_no_depth(tmp_path: Path) -> None:
    content = dynamic_depth_jpeg(RGB, range_inverse(METRES), DYNAMIC | {"ItemSemantic": "Segmentation"})
    assert load_photo(write(tmp_path, content)).embedded_depth is None


def test_depth_along_rays_is_told_from_depth_along_the_axis(tmp_path: Path) -> None:
    properties = GDEPTH | {"GDepth:MeasureType": "OpticRay"}
    assert read(tmp_path, gdepth_jpeg(RGB, range_inverse(METRES), properties)).along_rays
    assert not read(tmp_path, gdepth_jpeg(RGB, range_inverse(METRES), GDEPTH)).along_rays


@pytest.mark.parametrize(("low", "scale"), [(0.1, "up-to-scale"), (-0.2, "relative")])
def test_relative_accuracy_is_not_metric(tmp_path: Path, low: float, scale: str) -> None:
    """Larger disparities are nearer all the same; negative ones have no ratios."""
    described = apple_xmp(APPLE | {"depthData:Accuracy": "relative", "apdi:FloatMinValue": low})
    stored = apple_disparity(METRES)
    stored[-1, -1] = 0
    item = HeicItem(stored, DEPTH_TYPE, described)
    depth = read(tmp_path, heic([HeicItem(RGB), item]), ".heic")
    assert depth.scale == scale
    assert depth.inverse_depth[-1, 0] > depth.inverse_depth[0, 0] > depth.inverse_depth[0, -1]


@pytest.mark.parametrize(("accuracy", "low"), [("absolute", 0.1), ("relative", 0.1), ("relative", -0.2)])
def test_a_map_that_is_the_same_everywhere_is_no_depth_at_any_scale(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, accuracy: str, low: float
) -> None:
    described = apple_xmp(APPLE | {"depthData:Accuracy": accuracy, "apdi:FloatMinValue": low})
    blank = HeicItem(np.full_like(apple_disparity(METRES), 128), DEPTH_TYPE, described)
    path = write(tmp_path, heic([HeicItem(RGB), blank]), ".heic")
    assert load_photo(path).embedded_depth is None
    assert f"{path}: ignoring the depth in the file (it is the same everywhere)" in caplog.text


def test_apple_depth_is_in_metres(tmp_path: Path) -> None:
    described = APPLE | {"apdi:AuxiliaryImageType": "depth", "apdi:FloatMinValue": 0.0, "apdi:FloatMaxValue": 5.1}
    item = HeicItem(np.rint(METRES * 50).astype(np.uint8), DEPTH_TYPE, apple_xmp(described))
    depth = read(tmp_path, heic([HeicItem(RGB), item]), ".heic")
    assert depth.source == "Apple depth"
    np.testing.assert_allclose(1 / depth.inverse_depth, METRES, atol=0.01)


def test_portrait_mattes_are_read_at_their_own_size(tmp_path: Path) -> None:
    matte = np.where(np.repeat(METRES < FAR_M, 2, 0), 255, 0).astype(np.uint8)
    depth_item = HeicItem(apple_disparity(METRES), DEPTH_TYPE, apple_xmp(APPLE))
    depth = read(tmp_path, heic([HeicItem(RGB), depth_item, HeicItem(matte, MATTE_TYPE)]), ".heic")
    assert depth.matte is not None
    np.testing.assert_array_equal(depth.matte, matte)


def test_iphones_that_save_jpeg_append_the_depth_as_a_picture(tmp_path: Path) -> None:
    depth_picture = with_xmp(jpeg_of(np.dstack([apple_disparity(METRES)] * 3)), APPLE)
    matte = np.dstack([np.where(METRES < FAR_M, 255, 0).astype(np.uint8)] * 3)
    matte_picture = with_xmp(jpeg_of(matte), {"apdi:AuxiliaryImageType": MATTE_TYPE})
    depth = read(tmp_path, jpeg_of(RGB) + depth_picture + matte_picture)
    assert (depth.scale, depth.source) == ("metric", "Apple disparity")
    assert_metres(depth, tolerance=0.05)
    assert depth.matte is not None
    assert abs(int(depth.matte[40, 4]) - 255) < 8 > depth.matte[40, 60]


WITH_OTHER_XMP = with_segments(jpeg_of(RGB), b"http://ns.adobe.com/xap/1.0/\0<a HasExtendedXMP='0'/>")


@pytest.mark.parametrize(
    "content",
    [jpeg_of(RGB), jpeg_of(RGB) + jpeg_of(RGB), WITH_OTHER_XMP, with_xmp(jpeg_of(RGB), {}, b"<a/>")],
)
def test_ordinary_photos_have_no_depth_and_no_warning(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    assert load_photo(write(tmp_path, content)).embedded_depth is None
    assert not caplog.records


GOOD_GDEPTH = gdepth_jpeg(RGB, range_inverse(METRES), GDEPTH, padding=150_000)
GOOD_DYNAMIC = dynamic_depth_jpeg(RGB, range_inverse(METRES), DYNAMIC)
EXTENDED = GOOD_GDEPTH.index(b"http://ns.adobe.com/xmp/extension/") - 4
EXTENDED_BYTES = 2 + int.from_bytes(GOOD_GDEPTH[EXTENDED + 2 : EXTENDED + 4], "big")


def gdepth_with(**changes: object) -> bytes:
    return gdepth_jpeg(RGB, range_inverse(METRES), GDEPTH | {f"GDepth:{name}": v for name, v in changes.items()})


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(GOOD_GDEPTH[:EXTENDED] + GOOD_GDEPTH[EXTENDED + EXTENDED_BYTES :], id="segment-lost"),
        pytest.param(with_xmp(jpeg_of(RGB), {**GDEPTH, "xmpNote:HasExtendedXMP": "0" * 32}), id="extended-lost"),
        pytest.param(with_xmp(jpeg_of(RGB), GDEPTH), id="data-lost"),
        pytest.param(with_xmp(jpeg_of(RGB), GDEPTH | {"GDepth:Data": "AAAA"}), id="no-picture"),
        pytest.param(with_xmp(jpeg_of(RGB), GDEPTH | {"GDepth:Data": "?"}), id="no-base64"),
        pytest.param(gdepth_with(Near="nan"), id="near-nan"),
        pytest.param(gdepth_with(Near=0), id="near-0"),
        pytest.param(gdepth_with(Near="one"), id="near-text"),
        pytest.param(gdepth_with(Near=1e-6), id="near-nothing"),
        pytest.param(gdepth_with(Near=1e-300, Units="furlongs"), id="near-infinity"),
        pytest.param(gdepth_with(Far=1.0), id="far-is-near"),
        pytest.param(gdepth_with(Format="RangeCubic"), id="format"),
        pytest.param(gdepth_with(ImageWidth=4000, ImageHeight=1000), id="cropped"),
        pytest.param(gdepth_jpeg(RGB[:60], range_inverse(METRES), GDEPTH), id="another-shape"),
        pytest.param(GOOD_DYNAMIC[:-500], id="container-cut"),
        pytest.param(GOOD_DYNAMIC.replace(b"DepthURI>android/d", b"DepthURI>android/x"), id="no-such-file"),
        pytest.param(GOOD_DYNAMIC.replace(b"<DepthMap:Near>1.0", b"<DepthMap:Near>1.x"), id="dynamic-near"),
    ],
)
def test_damaged_depth_is_ignored_with_one_warning(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    photo = load_photo(write(tmp_path, content))
    assert photo.embedded_depth is None
    assert photo.size_px[0] == RGB.shape[1]
    (record,) = (record for record in caplog.records if record.levelno >= logging.WARNING)
    assert "ignoring the depth in the file" in record.getMessage()
    assert "\n" not in record.getMessage()


@pytest.mark.parametrize(
    "described",
    [
        b"",
        b"<x",
        apple_xmp({}),
        apple_xmp(APPLE | {"apdi:FloatMaxValue": 0.05}),
        apple_xmp({"apdi:FloatMinValue": "x"}),
    ],
)
def test_heic_depth_without_a_meaning_is_ignored_with_one_warning(
    tmp_path: Path, described: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path, heic([HeicItem(RGB), HeicItem(apple_disparity(METRES), DEPTH_TYPE, described)]), ".heic")
    assert load_photo(path).embedded_depth is None
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 1


def test_no_bytes_in_the_boxes_of_heic_cost_more_than_the_depth(tmp_path: Path) -> None:
    """Whatever is damaged, the photo is read, or refused by one error."""
    good = heic([HeicItem(RGB), HeicItem(apple_disparity(METRES), DEPTH_TYPE, apple_xmp(APPLE))])
    random = np.random.default_rng(5)
    for at in random.integers(good.index(b"iloc"), good.index(b"mdat"), 40):
        damaged = bytearray(good)
        damaged[at] ^= 1 << random.integers(8)
        try:
            photo = load_photo(write(tmp_path, bytes(damaged), ".heic"))
        except InputError as error:
            assert "\n" not in str(error)  # noqa: PT017
        else:
            assert photo.rgb.any()


def test_exiftool_reads_the_same_from_the_test_files(tmp_path: Path) -> None:
    """The files of this test are what other programs take them for."""
    import json
    import subprocess

    paths = [
        write(tmp_path, GOOD_GDEPTH, "_g.jpg"),
        write(tmp_path, GOOD_DYNAMIC, "_d.jpg"),
        write(
            tmp_path,
            heic([HeicItem(RGB), HeicItem(apple_disparity(METRES), DEPTH_TYPE, apple_xmp(APPLE))]),
            "_a.heic",
        ),
    ]
    command = ["exiftool", "-json", "-b", "-GDepth:all", "-Device:all", "-apdi:all", "-XMP:all", *map(str, paths)]
    google, dynamic, apple = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert (google["Format"], google["Near"], google["Far"]) == ("RangeInverse", 1.0, 8.0)
    assert google["DepthImage"].startswith("base64:iVBORw0K")
    assert "depthmap" in json.dumps(dynamic)
    assert apple["FloatMaxValue"] == 1.0
    assert encoded(range_inverse(METRES))[:4] == b"\x89PNG"
    assert MAX_PART < 65_533 - 75
