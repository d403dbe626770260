"""Stereo pictures, read by exiftool, by Pillow and byte by byte."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any, get_args

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import kbvr
from kbvr.errors import InputError, OutputError
from kbvr.formats import write as writing
from kbvr.formats.packing.layouts import PACKINGS, QUILTS
from kbvr.formats.registry import load_format
from kbvr.formats.spec.encoding import check_pixels
from kbvr.formats.spec.format import Facts, FileSummary, Item
from kbvr.formats.still.jpeg_segments import segments
from kbvr.formats.still.vr180_photo import half_sphere, half_sphere_side_px, right_eye_of
from kbvr.formats.write import write_items
from kbvr.making.report import ExportReport
from kbvr.options.export_options import ExportOptions, FileOptions
from kbvr.options.outputs import STILL_OUTPUTS, Still
from kbvr.options.picture import PictureFile, QuiltDisplay
from kbvr.plan.output_kinds import KINDS

EXAMPLES = Path(__file__).parents[3] / "examples"
FACTS = Facts(f_px=100.0, baseline_m=0.06, convergence_m=2.0)
LEFT, RIGHT = (200, 10, 20), (30, 120, 250)
SUFFIX = {"jpeg": ".jpg", "png": ".png", "webp": ".webp"}
ALWAYS_THERE = [name for name in get_args(Still) if name not in ("spatial", "vr360")]  # of any photo
ALL_PAIRS = ",".join(name for name in ALWAYS_THERE if name not in STILL_OUTPUTS)


def exiftool(path: Path, *arguments: str) -> dict[str, Any]:
    program = shutil.which("exiftool")
    assert program, "these tests need exiftool (Debian: apt-get install libimage-exiftool-perl)"
    done = subprocess.run([program, "-j", "-a", *arguments, str(path)], check=True, capture_output=True, text=True)
    told: dict[str, Any] = json.loads(done.stdout)[0]
    return told


def rgb_of(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def views(size_px: tuple[int, int], count: int = 2) -> tuple[np.ndarray, ...]:
    width, height = size_px
    return tuple(np.full((height, width, 3), colour, np.uint8) for colour in [LEFT, *[RIGHT] * (count - 1)])


def written(
    tmp_path: Path, kind: str, pair: tuple[np.ndarray, ...], facts: Facts = FACTS, **choices: Any
) -> list[FileSummary]:
    options = ExportOptions(still=kind, overwrite=True, **choices)
    items = KINDS[options.outputs[0]].items("a", tmp_path, options)
    return write_items([pair], items, facts, options)


@pytest.fixture(scope="module")
def cat(tmp_path_factory: pytest.TempPathFactory) -> ExportReport:
    """Every kind of stereo picture, of one pair of views."""
    return kbvr.export(EXAMPLES / "cat.jpg", tmp_path_factory.mktemp("out"), still=ALL_PAIRS)


def named(report: ExportReport, ending: str) -> FileSummary:
    (found,) = [one.file for one in report.written if one.file.path.name == f"cat_kbvr{ending}"]
    return found


def test_every_still_has_the_size_in_its_summary(cat: ExportReport) -> None:
    assert len(cat.written) == 14
    for one in cat.written:
        height, width = rgb_of(one.file.path).shape[:2]
        assert (width, height) == one.file.size_px
        assert (one.file.frames, one.file.seconds, one.file.bytes) == (1, 0.0, one.file.path.stat().st_size)
        told = exiftool(one.file.path)
        assert (told["ImageWidth"], told["ImageHeight"]) == one.file.size_px
        assert (told["Software"], told["Orientation"], told["ColorSpace"]) == (
            f"kbvr {kbvr.__version__}",
            "Horizontal (normal)",
            "sRGB",
        )


def test_a_validator_finds_no_issue(cat: ExportReport) -> None:
    for one in cat.written:
        assert exiftool(one.file.path, "-validate", "-warning")["Validate"] == "OK", one.file.path.name


def test_all_stills_show_the_same_two_views(cat: ExportReport) -> None:
    """They are rendered once: in any packing, the pixels are those of the left and the right view."""
    left, right = (rgb_of(named(cat, ending).path).astype(int) for ending in ("_left.jpg", "_right.jpg"))
    assert np.abs(left - right).mean() > 4, "the eyes do see the cat from two places"
    for ending, wanted in (
        ("_LR.jpg", np.hstack([left, right])),
        ("_RL.jpg", np.hstack([right, left])),
        ("_TB.jpg", np.vstack([left, right])),
        (".jps", np.hstack([right, left])),
        (".mpo", left),
    ):
        assert np.abs(rgb_of(named(cat, ending).path) - wanted).mean() < 1, ending
    rows = rgb_of(named(cat, "_rows.png").path).astype(int)
    assert np.abs(rows[::2] - left[::2]).mean() < 2
    assert np.abs(rows[1::2] - right[1::2]).mean() < 2


def test_stills_are_as_large_as_the_photo_even_if_that_is_odd(cat: ExportReport) -> None:
    assert named(cat, "_LR.jpg").size_px == (902, 300)
    assert named(cat, "_LR_HSBS.jpg").size_px == (452, 300)
    assert named(cat, "_rows.png").size_px == (451, 300)


@pytest.mark.parametrize(
    ("photo", "most", "wanted"),
    [
        ((6000, 4000), None, (4096, 2730)),
        ((4000, 6001), None, (2730, 4096)),
        ((1921, 1081), None, (1921, 1081)),
        ((6000, 4000), (8000, 8000), (6000, 4000)),
        ((16, 5000), None, (13, 4096)),
    ],
)
def test_a_still_is_at_most_4096_px_unless_asked_and_never_above_the_photo(photo, most, wanted):
    options = ExportOptions(still="sbs", max_size=most)
    assert KINDS["still"].view_px(photo, options) == wanted


def test_the_disparity_of_an_exact_scene_is_the_stated_one(tmp_path: Path) -> None:
    """A near red card and a green stripe on the far wall, in both eyes of a PNG, to half a pixel."""
    rgb, depth_m = np.full((400, 480, 3), (20, 20, 180), np.uint8), np.full((400, 480), 4.0, np.float32)
    rgb[120:280, 160:320], depth_m[120:280, 160:320] = (200, 20, 20), 1.0
    rgb[:, 60:80] = (20, 200, 20)
    cv2.imwrite(str(tmp_path / "card.png"), rgb[..., ::-1])
    np.save(tmp_path / "card.npy", depth_m)
    report = kbvr.export(
        tmp_path / "card.png",
        tmp_path,
        still="left-right",
        picture="png",
        depth=tmp_path / "card.npy",
        depth_kind="depth-m",
        convergence_m=2.0,
    )
    left, right = (rgb_of(one.file.path)[200].astype(float) for one in report.written)
    for channel, end in ((0, "nearest"), (1, "farthest")):
        x_left, x_right = (middle_px(row[:, channel]) for row in (left, right))
        assert x_right - x_left == pytest.approx(report.stereo[f"{end}_parallax_px"], abs=0.5)
    assert report.stereo["nearest_parallax_px"] < -5 and report.stereo["farthest_parallax_px"] > 4


def middle_px(brightness: np.ndarray) -> float:
    """Return the position of a bright thing on a dark background, in pixels."""
    weight = np.clip(brightness - 20, 0, 180)
    return float((weight * (np.arange(len(weight)) + 0.5)).sum() / weight.sum())


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
@pytest.mark.parametrize("still", ["sbs", "tb", "rows", "checkerboard"])
def test_colours_come_back_within_2_of_255(tmp_path: Path, kind: str, still: str) -> None:
    (summary,) = written(tmp_path, still, views((64, 48)), picture=kind)
    assert summary.path.suffix == SUFFIX[kind]
    left, right = views((64, 48))
    rows, columns = np.ogrid[:48, :64, :1][:2]
    packed = {
        "sbs": np.hstack([left, right]),
        "tb": np.vstack([left, right]),
        "rows": np.where(rows % 2 == 0, left, right),
        "checkerboard": np.where((rows + columns) % 2 == 0, left, right),
    }[still]
    found = rgb_of(summary.path).astype(int)
    interleaved = still in ("rows", "checkerboard")
    if kind == "jpeg" and interleaved:
        assert np.abs(found - packed).mean() < 8  # why PNG is what these are written as
        return
    if not interleaved:  # away from the border between the eyes
        found, packed = found[8:40, 8:56], packed[8:40, 8:56]
    assert np.abs(found - packed).max() <= 2


@pytest.mark.parametrize(("glasses", "lefts"), [("red-cyan", [0]), ("green-magenta", [1]), ("amber-blue", [0, 1])])
def test_an_anaglyph_file_has_each_eyes_own_channels(tmp_path: Path, glasses: str, lefts: list[int]) -> None:
    left, right = np.random.default_rng(0).integers(0, 256, (2, 40, 60, 3), np.uint8)
    choices = {"picture": "png", "glasses": glasses, "anaglyph_colours": "colour"}
    (summary,) = written(tmp_path, "anaglyph", (left, right), **choices)
    wanted = right.copy()
    wanted[..., lefts] = left[..., lefts]
    assert (rgb_of(summary.path) == wanted).all()


@pytest.mark.parametrize(
    ("pair", "wanted"),
    [
        (((255, 0, 0), (0, 0, 0)), (177, 0, 0)),
        (((0, 0, 0), (0, 255, 0)), (0, 226, 0)),
        (((0, 0, 255),) * 2, (110, 0, 255)),
    ],
)
def test_a_dubois_anaglyph_has_the_published_shares(tmp_path: Path, pair, wanted) -> None:
    """Red for the left eye is 0.437 in linear light, green for the right one 0.761, blue for both 0.164 - 0.007."""
    views_of_one_colour = tuple(np.full((16, 16, 3), colour, np.uint8) for colour in pair)
    (summary,) = written(tmp_path, "anaglyph", views_of_one_colour, picture="png", anaglyph_colours="dubois")
    assert np.abs(rgb_of(summary.path).astype(int) - wanted).max() <= 1


def test_jpegs_keep_full_colour_resolution_and_quality_makes_them_smaller(tmp_path: Path) -> None:
    pair = tuple(np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), np.uint8))
    (best,) = written(tmp_path, "sbs", pair)
    assert exiftool(best.path)["YCbCrSubSampling"] == "YCbCr4:4:4 (1 1)"
    (worse,) = written(tmp_path, "sbs", pair, quality=40)
    assert worse.bytes < best.bytes / 2


def test_pictures_are_tagged_as_srgb(tmp_path: Path) -> None:
    for kind in get_args(PictureFile):
        (summary,) = written(tmp_path, "sbs", views((32, 32)), picture=kind)
        told = exiftool(summary.path)
        assert "SRGBRendering" in told if kind == "png" else told["ProfileDescription"].startswith("sRGB")


def test_the_same_still_is_the_same_bytes(tmp_path: Path) -> None:
    first = [one.path.read_bytes() for one in written(tmp_path, "sbs,mpo,vr180,jps", views((64, 48)))]
    assert first == [one.path.read_bytes() for one in written(tmp_path, "sbs,mpo,vr180,jps", views((64, 48)))]


def test_jps_has_the_right_eye_on_the_left_and_a_descriptor(tmp_path: Path) -> None:
    (summary,) = written(tmp_path, "jps", views((64, 48)))
    found = rgb_of(summary.path).astype(int)
    assert np.abs(found[:, :56] - RIGHT).max() <= 2
    assert np.abs(found[:, 72:] - LEFT).max() <= 2
    told = exiftool(summary.path)
    assert (told["JPSType"], told["JPSLayout"], told["JPSSeparation"]) == ("Stereo", "Side By Side", 0)
    assert told["JPSFlags"] in ("(none)", 0), "neither squeezed nor with the left eye first"
    assert told["JPSComment"] == f"Written by kbvr {kbvr.__version__}"


def test_mpo_is_multi_frame_disparity_with_baseline_and_convergence(tmp_path: Path) -> None:
    (summary,) = written(tmp_path, "mpo", views((64, 48)))
    told = exiftool(summary.path, "-G3:1", "-ee")
    types = [told[f"MPImage{number}:MPImageType"] for number in (1, 2)]
    assert types == ["Multi-frame Disparity"] * 2
    assert told["MPImage1:MPImageFlags"] == "Representative image"
    second = {name.rsplit(":", 1)[1]: value for name, value in told.items() if name.startswith("Doc2:MPF")}
    assert second["BaselineLength"] == pytest.approx(0.06)
    assert second["ConvergenceAngle"] == pytest.approx(2 * np.degrees(np.arctan(0.03 / 2)), rel=1e-5)
    assert (second["MPIndividualNum"], second["BaseViewpointNum"]) == (2, 1)
    with Image.open(summary.path) as image:
        assert (image.format, image.n_frames) == ("MPO", 2)
        for index, colour in enumerate((LEFT, RIGHT)):
            image.seek(index)
            assert np.abs(np.asarray(image.convert("RGB")).astype(int) - colour).max() <= 2
    program = shutil.which("exiftool")
    assert program
    cut = subprocess.run([program, "-b", "-MPImage2", str(summary.path)], check=True, capture_output=True).stdout
    assert cut.startswith(b"\xff\xd8") and cut.endswith(b"\xff\xd9")
    assert len(cut) == told["MPImage2:MPImageLength"]


def test_vr180_has_the_right_eye_in_its_metadata(tmp_path: Path) -> None:
    (summary,) = written(tmp_path, "vr180", views((64, 48)))
    side = summary.size_px[0]
    assert summary.path.name == "a_kbvr.vr.jpg"
    told = exiftool(summary.path)
    assert told["ProjectionType"] == "equirectangular"
    assert (told["FullPanoWidthPixels"], told["FullPanoHeightPixels"]) == (2 * side, side)
    assert (told["CroppedAreaImageWidthPixels"], told["CroppedAreaLeftPixels"]) == (side, side // 2)
    assert told["ImageMimeType"] == "image/jpeg"
    program = shutil.which("exiftool")
    assert program
    told_right = subprocess.run(
        [program, "-b", "-XMP-GImage:ImageData", str(summary.path)], check=True, capture_output=True
    ).stdout
    assert told_right == right_eye_of(summary.path.read_bytes())
    (tmp_path / "right.jpg").write_bytes(told_right)
    for path, colour in ((summary.path, LEFT), (tmp_path / "right.jpg", RIGHT)):
        picture = rgb_of(path).astype(int)
        assert picture.shape == (side, side, 3)
        assert np.abs(picture[side // 2 - 8 : side // 2 + 8, side // 2 - 8 : side // 2 + 8] - colour).max() <= 2
        assert picture[: side // 4].max() < 8, "beyond the photo there is nothing"


def test_a_large_right_eye_comes_back_from_many_pieces(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (2, 500, 500, 3), np.uint8)
    (summary,) = written(tmp_path, "vr180", tuple(noise), replace(FACTS, f_px=250.0))
    pieces = [c for _, _, c in segments(summary.path.read_bytes()) if c.startswith(b"http://ns.adobe.com/xmp/ext")]
    assert len(pieces) > 2
    assert right_eye_of(summary.path.read_bytes()).startswith(b"\xff\xd8")


@given(st.floats(-35, 35), st.floats(-25, 25))
@settings(max_examples=25)
def test_a_direction_lands_where_its_angles_say(longitude_deg: float, latitude_deg: float) -> None:
    """A spot of a pinhole view, in degrees right and up, is at those degrees of the half sphere."""
    f_px, side = 200.0, 628
    longitude, latitude = np.radians([longitude_deg, latitude_deg])
    x = 160 + 5 + f_px * np.tan(longitude)
    y = 120 - f_px * np.tan(latitude) / np.cos(longitude)
    rows, columns = np.mgrid[:240, :320] + 0.5
    spot = 255 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 8)
    if spot.sum() < 255 * 8 * np.pi * 0.999:  # partly outside
        return
    sphere = half_sphere(np.dstack([spot.astype(np.uint8)] * 3), f_px=f_px, cx_px=165.0, side_px=side)
    weight = sphere[..., 0].astype(float)
    found = (np.mgrid[:side, :side] + 0.5) * 180 / side - 90
    assert (weight * found[1]).sum() / weight.sum() == pytest.approx(longitude_deg, abs=0.15)
    assert (weight * -found[0]).sum() / weight.sum() == pytest.approx(latitude_deg, abs=0.15)


def test_infinity_is_straight_ahead_of_both_eyes_in_vr180() -> None:
    """Nothing has parallax at infinity: angles undo the shift that makes the views converge."""
    assert half_sphere_side_px(433.0) == 1360
    assert half_sphere_side_px(5000.0) == 4096
    left, right = (
        half_sphere(_line_at(160 + side * 3.0), f_px=200.0, cx_px=160 + side * 3.0, side_px=628) for side in (-1, 1)
    )
    assert (left == right).all()


def _line_at(x_px: float) -> np.ndarray:
    columns = np.arange(320) + 0.5
    row = (255 * np.exp(-((columns - x_px) ** 2) / 8)).astype(np.uint8)
    return np.tile(row[None, :, None], (240, 1, 3))


def test_angles_in_vr180_are_those_of_the_scene(tmp_path: Path) -> None:
    """A card at 1 m and a stripe at 4 m: the angles of both eyes differ by the baseline over the distance."""
    rgb, depth_m = np.full((200, 240, 3), (20, 20, 180), np.uint8), np.full((200, 240), 4.0, np.float32)
    rgb[60:140, 80:160], depth_m[60:140, 80:160] = (200, 20, 20), 1.0
    rgb[:, 30:44] = (20, 200, 20)
    cv2.imwrite(str(tmp_path / "card.png"), rgb[..., ::-1])
    np.save(tmp_path / "card.npy", depth_m)
    report = kbvr.export(
        tmp_path / "card.png", tmp_path, still="vr180", depth=tmp_path / "card.npy", depth_kind="depth-m"
    )
    left = rgb_of(report.file.path).astype(float)
    right = np.asarray(Image.open(BytesIO(right_eye_of(report.file.path.read_bytes())))).astype(float)
    side = len(left)
    for channel, metres in ((0, 1.0), (1, 4.0)):
        tangents = [np.tan((middle_px(view[side // 2, :, channel]) / side - 0.5) * np.pi) for view in (left, right)]
        wanted = report.stereo["baseline_m"] / metres
        assert tangents[0] - tangents[1] == pytest.approx(wanted, abs=0.5 * np.pi / side)


@pytest.mark.parametrize("name", get_args(QuiltDisplay))
def test_a_quilt_begins_at_the_bottom_left(tmp_path: Path, name: str) -> None:
    """The brightness of a tile is its number: from left to right, rows upwards."""
    quilt = QUILTS[name]
    count = quilt.columns * quilt.rows
    shape = (48, round(48 * quilt.aspect))
    tiles = [np.full((*shape, 3), 3 * index, np.uint8) for index in range(count)]
    choices = FileOptions(quilt_for=name)
    picture = PACKINGS[f"quilt-{name}"].pack(tiles, choices)
    width, height = PACKINGS[f"quilt-{name}"].size_px((shape[1], shape[0]))
    assert picture.shape == (height, width, 3)
    tile_width, tile_height = width // quilt.columns, height // quilt.rows
    middles = picture[tile_height // 2 :: tile_height, tile_width // 2 :: tile_width, 0]
    assert (middles[::-1].ravel() == 3 * np.arange(count)).all()


def test_a_quilt_of_a_photo_has_the_name_and_size_that_players_expect(tmp_path: Path) -> None:
    report = kbvr.export(EXAMPLES / "temple.jpg", tmp_path, still="quilt")
    assert report.file.path.name == "temple_kbvr_qs8x6a0.75.png"
    assert report.file.size_px == (3360, 3360)
    (line,) = [line for line in report.explanation if line.startswith("quilt: 48 views")]
    assert f"{report.stereo['baseline_m'] * 1000:.1f} mm, as wide as 3 pairs of eyes" in line
    picture = rgb_of(report.file.path)
    leftmost, rightmost = picture[-560:, :420].astype(int), picture[:560, -420:].astype(int)
    assert (leftmost[:100] == 0).all() and (leftmost[-100:] == 0).all(), "a wide photo has black above and below"
    assert np.abs(leftmost[200:360] - rightmost[200:360]).mean() > 3


def test_neighbours_in_a_quilt_differ_by_the_stated_share_of_the_parallax(tmp_path: Path) -> None:
    """A near card moves left from view to view, evenly, by the whole parallax from the first to the last."""
    rgb, far = np.full((480, 360, 3), (20, 40, 180), np.uint8), np.full((480, 360), 4.0, np.float32)
    rgb[160:320, 120:240], far[160:320, 120:240] = (200, 20, 20), 1.0
    cv2.imwrite(str(tmp_path / "card.png"), rgb[..., ::-1])
    np.save(tmp_path / "card.npy", far)
    report = kbvr.export(
        tmp_path / "card.png",
        tmp_path,
        still="quilt",
        depth=tmp_path / "card.npy",
        depth_kind="depth-m",
        convergence_m=4.0,
    )
    width, height = (side // count for side, count in zip(report.file.size_px, (8, 6), strict=True))
    picture = rgb_of(report.file.path)
    middles = []
    for index in range(48):
        row, column = 5 - index // 8, index % 8
        tile = picture[row * height : (row + 1) * height, column * width : (column + 1) * width]
        middles.append(middle_px(tile[height // 2, :, 0].astype(float)))
    steps = np.diff(middles)
    wanted = report.stereo["nearest_parallax_px"] * width / 360
    assert middles[-1] - middles[0] == pytest.approx(wanted, abs=0.5)
    assert np.abs(steps - wanted / 47).max() < 0.5


@given(
    kind=st.sampled_from(ALL_PAIRS.split(",")),
    size_px=st.one_of(
        st.sampled_from([(16, 16), (1, 5000), (5000, 1), (17, 33), (301, 16), (1, 1)]),
        st.tuples(st.integers(1, 70), st.integers(1, 70)),
    ),
    picture=st.sampled_from(get_args(PictureFile)),
)
def test_any_size_is_written_unchanged(tmp_path_factory, kind, size_px, picture):
    files = written(tmp_path_factory.mktemp("a"), kind, views(size_px), picture=picture)
    packings = {"left-right": "left", "jps": "cross", "mpo": "apart"}
    for file in files:
        found = rgb_of(file.path)
        assert (found.shape[1], found.shape[0]) == file.size_px
        if kind != "vr180":
            assert file.size_px == PACKINGS[packings.get(kind, kind)].size_px(size_px)


@given(st.sampled_from(get_args(QuiltDisplay)), st.integers(1, 900), st.integers(1, 900))
def test_a_quilt_has_the_predicted_size_within_the_displays_limit(name, width, height):
    quilt = QUILTS[name]
    size = KINDS["quilt"].view_px((width, height), ExportOptions(still="quilt", quilt_for=name))
    tile = quilt.tile(np.full((size[1], size[0], 3), 255, np.uint8))
    assert (tile.shape[1], tile.shape[0]) == quilt.tile_px(size)
    assert all(own <= most for own, most in zip(quilt.tile_px(size), quilt.max_tile_px, strict=True))
    assert tile.any()


@pytest.mark.parametrize("size", [(16, 16), (17, 400), (33, 21)])
def test_tiny_photos_make_all_stills(tmp_path: Path, size: tuple[int, int]) -> None:
    width, height = size
    picture = np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "small.png"), picture)
    report = kbvr.export(
        tmp_path / "small.png", tmp_path, still=",".join(ALWAYS_THERE), depth_map="png,npy,npz,exr,color"
    )
    assert report.written[0].file.size_px == (2 * width, height)
    assert len(report.written) == 23


@pytest.mark.parametrize(
    ("still", "size_px", "choices", "said"),
    [
        ("sbs", (40000, 10), {}, "at most 65500 px wide and high in JPEG, got 80000x10"),
        ("tb", (10, 9000), {"picture": "webp"}, "at most 16383 px wide and high in WEBP, got 10x18000"),
        ("jps", (40000, 10), {}, "in JPEG, got"),
        ("mpo", (10, 70000), {}, "in JPEG, got"),
    ],
)
def test_sizes_that_a_format_does_not_support_are_refused_before_any_work(still, size_px, choices, said):
    options = ExportOptions(still=still, **choices)
    with pytest.raises(InputError, match=said):
        writing.check_items(size_px, KINDS["still"].items("a", Path(), options), options)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"still": "sbs,sbs"}, "still must be one or more of"),
        ({"still": "hologram"}, "still must be one or more of"),
        ({"depth_map": "tiff"}, "depth_map must be one or more of png"),
        ({"still": "sbs", "picture": "gif"}, "picture must be one of jpeg"),
        ({"still": "sbs", "quality": 0}, "quality must be a whole number from 1 to 100"),
        ({"still": "quilt", "quilt_for": "27"}, "quilt_for must be one of portrait"),
        ({"still": "sbs", "path": "orbit"}, "path requires a video or a scene"),
        ({"still": "sbs", "seconds": 2.0}, "seconds requires a video or a scene"),
        ({"still": "autostereogram", "baseline_mm": 60}, "baseline_mm requires a stereo output"),
    ],
)
def test_invalid_options_are_refused_at_once(tmp_path: Path, bad: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        kbvr.export(EXAMPLES / "cat.jpg", tmp_path, **bad)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (Item("picture", Path("a.gif"), "sbs"), r"ends in \.png"),
        (Item("jps", Path("a.jps"), "sbs"), "packed as cross"),
        (Item("mpo", Path("a.jpg"), "apart"), r"ends in \.mpo"),
        (Item("vr180-photo", Path("a.png"), "apart"), r"ends in \.vr\.jpg"),
        (Item("vr360-photo", Path("a.jpg"), "sbs"), "packed as tb"),
    ],
)
def test_wrong_suffixes_and_packings_are_refused(item: Item, said: str) -> None:
    with pytest.raises(InputError, match=said):
        load_format(item.format).check((32, 32), item, FileOptions())


@pytest.mark.parametrize(
    ("form", "name", "packing"), [("picture", "a.png", "sbs"), ("jps", "a.jps", "cross"), ("mpo", "a.mpo", "apart")]
)
@pytest.mark.parametrize("instants", [0, 2])
def test_a_still_is_one_instant(tmp_path: Path, form: str, name: str, packing: str, instants: int) -> None:
    with pytest.raises(InputError, match="one instant, got"):
        write_items([views((32, 32))] * instants, [Item(form, tmp_path / name, packing)], FACTS, FileOptions())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("count", "facts", "said"),
    [(1, FACTS, "expected two views, got 1"), (2, Facts(100.0), "expected the baseline")],
)
def test_a_stereo_file_requires_two_views_and_cameras(tmp_path: Path, count: int, facts: Facts, said: str) -> None:
    with pytest.raises(InputError, match=said):
        write_items([views((32, 32), count)], [Item("mpo", tmp_path / "a.mpo", "apart")], facts, FileOptions())


def test_a_picture_that_fails_verification_is_an_error(tmp_path: Path) -> None:
    picture = views((32, 32))[0]
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(OutputError, match=r"a\.png: verification failed"):
        check_pixels(tmp_path / "a.png", "a.png", picture, exact=True)
    Image.fromarray(picture + 1).save(tmp_path / "b.png")
    with pytest.raises(OutputError, match=r"b\.png: verification failed: its pixels differ"):
        check_pixels(tmp_path / "b.png", "b.png", picture, exact=True)
    with pytest.raises(OutputError, match=r"expected a size of \(16, 32\), got \(32, 32\)"):
        check_pixels(tmp_path / "b.png", "b.png", picture[:, :16], exact=False)


def test_date_and_author_are_kept_and_the_picture_is_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x013B], exif[0x8298] = 6, "Zo\xeb Example".encode("latin-1"), "(c) nobody"
    exif.get_ifd(0x8769)[0x9003] = "2021:03:04 05:06:07"
    Image.fromarray(views((60, 40))[0]).save(tmp_path / "turned.jpg", exif=exif)
    report = kbvr.export(tmp_path / "turned.jpg", tmp_path, still="sbs,mpo", picture="png")
    for one in report.written:
        told = exiftool(one.file.path, "-charset", "exif=utf8")
        assert (told["Artist"], told["Copyright"]) == ("Zo\xeb Example", "(c) nobody")
        assert told["DateTimeOriginal"] == "2021:03:04 05:06:07"
        assert told["Orientation"] == "Horizontal (normal)"
    assert report.file.size_px == (80, 60)


def test_videos_and_stills_come_from_one_call(tmp_path: Path) -> None:
    report = kbvr.export(EXAMPLES / "cat.jpg", tmp_path, stereo=True, still="mpo", depth_map="png", seconds=0.1)
    names = [one.file.path.name for one in report.written]
    assert names == ["cat_kbvr_LR.mp4", "cat_kbvr.mpo", "cat_kbvr_depth.png"]
