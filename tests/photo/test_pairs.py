"""The two views of stereo photos are found in the files that cameras, other programs and kbvr write."""

from __future__ import annotations

import logging
import re
import struct
from io import BytesIO
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import pytest
from PIL import Image
from stereo_pairs import displaced, texture, two_eyes

import kbvr
from kbvr.errors import InputError
from kbvr.formats.still.jpeg_segments import APP3, with_segments
from kbvr.photo.photo import Photo, load_photo
from kbvr.photo.stereo_jpeg import (
    DISPARITY,
    HALF_HEIGHT,
    HALF_WIDTH,
    JPS,
    MPF,
    OVER_UNDER,
    SIDE_BY_SIDE,
    STEREO,
)
from kbvr.plan.name_endings import pair_layout_named

EYES = two_eyes()


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> dict[str, Path]:
    """Stereo pictures of one scene, as kbvr writes them, by kind."""
    out = tmp_path_factory.mktemp("written")
    photo = kbvr.photo_from_array(EYES.left, name="card")
    depth = kbvr.DepthMap((EYES.disparity_px / 26).astype(np.float32), photo.f_px)
    kinds = ["mpo", "jps", "sbs", "sbs-half", "tb", "tb-half", "cross"]
    report = kbvr.write_export(kbvr.plan_export(photo, depth, out, still=kinds, picture="png", stereo=False))
    return dict(zip(kinds, (one.file.path for one in report.written), strict=True))


def loaded(path: Path, **more: object) -> Photo:
    return load_photo(path, probable_layout=pair_layout_named(path.stem), **more)  # type: ignore[arg-type]


def difference(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.abs(first.astype(int) - second.astype(int)).mean())


@pytest.mark.parametrize("kind", ["mpo", "jps", "sbs", "sbs-half", "tb", "tb-half", "cross"])
def test_what_kbvr_writes_reads_back_as_a_pair(written, kind):
    """The photo is the left eye's view, whichever file it is in."""
    with Image.open(written["sbs"]) as picture:
        both = np.asarray(picture.convert("RGB"))
    left, right = both[:, : both.shape[1] // 2], both[:, both.shape[1] // 2 :]
    photo = loaded(written[kind])
    assert photo.second_view is not None
    assert photo.rgb.shape == photo.second_view.rgb.shape == left.shape
    tolerance = 12 if kind.endswith("half") else 5
    assert difference(photo.rgb, left) < tolerance < difference(photo.rgb, right)
    assert difference(photo.second_view.rgb, right) < tolerance < difference(photo.second_view.rgb, left)


def mpo(*pictures: np.ndarray) -> bytes:
    """An MPO as Pillow writes it, whose pictures have an undefined type."""
    first, *others = (Image.fromarray(rgb) for rgb in pictures)
    stream = BytesIO()
    first.save(stream, "MPO", save_all=True, append_images=others, quality=90)
    return stream.getvalue()


def write(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def as_disparity(content: bytes) -> bytes:
    """The same MPO whose second picture is marked as the view of another eye, as 3D cameras do."""
    start = content.index(MPF) + len(MPF)
    with Image.open(BytesIO(content)) as picture:
        order = picture.mpinfo and picture.info["mp"][start - start : 2]  # type: ignore[attr-defined]
    endian: Literal["little", "big"] = "little" if order == b"II" else "big"
    size = len(content) - content.rindex(b"\xff\xd8\xff\xe0" if b"\xff\xd8\xff\xe0" in content else b"\xff\xd8\xff")
    entry = content.index(size.to_bytes(4, endian), start) - 4
    return content[:entry] + DISPARITY.to_bytes(4, endian) + content[entry + 4 :]


def test_pictures_in_an_mpo_are_a_pair_if_it_says_so(tmp_path):
    """Phones keep previews and other things there; in a file called .mpo, two pictures of one size are a pair."""
    plain = mpo(EYES.left, EYES.right)
    assert loaded(write(tmp_path, "a.mpo", plain)).second_view is not None
    assert loaded(write(tmp_path, "b.jpg", plain)).second_view is None
    assert loaded(write(tmp_path, "c.jpg", plain), pair="mpo").second_view is not None
    assert loaded(write(tmp_path, "d.mpo", plain), pair="none").second_view is None
    marked = loaded(write(tmp_path, "e.jpg", as_disparity(plain)))
    assert marked.second_view is not None
    assert difference(marked.second_view.rgb, EYES.right) < 5


def test_a_preview_is_no_view(tmp_path, caplog):
    path = write(tmp_path, "a.mpo", mpo(EYES.left, EYES.right[::2, ::2].copy()))
    assert loaded(path).second_view is None
    with caplog.at_level(logging.WARNING):
        assert loaded(path, pair="mpo").second_view is None
    assert "it holds no second picture of its size: used as a single photo" in caplog.text


def starts(content: bytes) -> list[int]:
    """Where the pictures of an MPO begin."""
    return [found.start() for found in re.finditer(b"\xff\xd8\xff[\xdb\xe0-\xe2]", content)]


def with_true_places(content: bytes) -> bytes:
    """An MPO of Pillow's whose index has the true places of the third picture and those after it."""
    places = starts(content)
    header = content.index(MPF) + len(MPF)
    sizes = np.diff([*places, len(content)])
    entries = content.index(struct.pack("<II", 0x30000, sizes[0]), header)
    rows = [
        struct.pack("<IIIHH", 0 if index else 0x30000, size, place - header if index else 0, 0, 0)
        for index, (size, place) in enumerate(zip(sizes, places, strict=True))
    ]
    return content[:entries] + b"".join(rows) + content[entries + 16 * len(rows) :]


def test_the_explanation_names_a_picture_of_another_size(tmp_path):
    path = write(tmp_path, "a.mpo", mpo(EYES.left, EYES.right[::2, ::2].copy()))
    assert loaded(path).notes[-1] == "its picture of 160x120 is not used: a second view has the photo's size"
    assert not loaded(path, pair="none").notes


def test_pictures_of_an_mpo_that_are_no_views_are_passed_over(tmp_path, caplog):
    """A preview, and a damaged one, come before the other eye's view here."""
    content = with_true_places(mpo(EYES.left, EYES.right[::2, ::2].copy(), EYES.right, EYES.right))
    second = starts(content)[2]
    photo = loaded(write(tmp_path, "a.mpo", content))
    assert photo.second_view is not None
    assert difference(photo.second_view.rgb, EYES.right) < 5
    assert not photo.notes
    broken = content[:second] + b"xxx" + content[second + 3 :]
    with caplog.at_level(logging.WARNING):
        photo = loaded(write(tmp_path, "b.mpo", broken))
    assert photo.second_view is not None
    assert "ignoring its second picture: " in caplog.text


@pytest.mark.parametrize("cut", [0.6, 0.95])
def test_a_photo_is_good_without_its_damaged_second_picture(tmp_path, cut, caplog):
    content = mpo(EYES.left, EYES.right)
    with caplog.at_level(logging.WARNING):
        photo = loaded(write(tmp_path, "a.mpo", content[: int(len(content) * cut)]))
    assert photo.second_view is None
    assert difference(photo.rgb, EYES.left) < 5
    assert "ignoring its second picture" in caplog.text


def test_a_damaged_index_is_ignored(tmp_path):
    """Whatever its bytes are, the photo stays."""
    content = mpo(EYES.left, EYES.right)
    start = content.index(MPF)
    for seed in range(20):
        noise = np.random.default_rng(seed).integers(0, 256, 40, np.uint8).tobytes()
        photo = loaded(write(tmp_path, "a.mpo", content[: start + 4] + noise + content[start + 44 :]))
        assert difference(photo.rgb, EYES.left) < 5


@pytest.mark.parametrize("is_left_first", [True, False])
@pytest.mark.parametrize("is_half", [True, False])
@pytest.mark.parametrize("is_stacked", [True, False])
def test_a_jps_descriptor_says_which_view_is_first(tmp_path, is_left_first, is_half, is_stacked):
    """Also of views above each other, and of squeezed ones."""
    views = [EYES.left, EYES.right][:: 1 if is_left_first else -1]
    both = (np.vstack if is_stacked else np.hstack)(views)
    if is_half:
        both = cv2.resize(both, (320, 240), interpolation=cv2.INTER_AREA)
    stream = BytesIO()
    Image.fromarray(both).save(stream, "JPEG", quality=95)
    flags = 4 * is_left_first + is_half * (HALF_HEIGHT if is_stacked else HALF_WIDTH)
    block = JPS + (4).to_bytes(2, "big") + bytes((0, flags, OVER_UNDER if is_stacked else SIDE_BY_SIDE, STEREO))
    path = write(tmp_path, "a.jps", with_segments(stream.getvalue(), [(APP3, block)]))
    photo = loaded(path)
    assert photo.second_view is not None
    assert photo.size_px == (320, 240)
    assert difference(photo.rgb, EYES.left) < 12 < difference(photo.rgb, EYES.right)
    assert difference(photo.second_view.rgb, EYES.right) < 12


def test_a_jps_without_a_descriptor_has_the_right_eyes_view_on_the_left(tmp_path, caplog):
    path = tmp_path / "a.jps"
    Image.fromarray(np.hstack([EYES.right, EYES.left])).save(path, "JPEG", quality=95)
    photo = loaded(path)
    assert photo.second_view is not None
    assert difference(photo.rgb, EYES.left) < 5
    assert not caplog.records
    Image.fromarray(np.hstack([EYES.left, texture(7)[:, :320]])).save(path, "JPEG", quality=95)
    with caplog.at_level(logging.WARNING):
        assert loaded(path).second_view is None
    (record,) = caplog.records
    assert "used as a single photo; pair cross takes it as a pair" in record.getMessage()


@pytest.mark.parametrize("layout", ["sbs", "cross", "tb"])
@pytest.mark.parametrize("bar_px", [1, 10, 13])
def test_a_bar_between_the_views_is_left_out(tmp_path, layout, bar_px):
    """Plain parts of the views beside it stay."""
    views = [EYES.left, EYES.right][:: -1 if layout == "cross" else 1]
    bar = np.full((bar_px, 320, 3) if layout == "tb" else (240, bar_px, 3), 250, np.uint8)
    path = tmp_path / "a.png"
    Image.fromarray((np.vstack if layout == "tb" else np.hstack)([views[0], bar, views[1]])).save(path)
    photo = loaded(path, pair=layout)
    assert photo.second_view is not None
    for rgb, eye in ((photo.rgb, EYES.left), (photo.second_view.rgb, EYES.right)):
        assert np.array_equal(rgb, eye)


def test_views_that_are_plain_in_the_middle_stay_whole(tmp_path):
    """As at night: a wide dark part is no bar."""
    both = np.hstack([EYES.left, EYES.right])
    both[:, 260:380] = 5
    path = tmp_path / "a.png"
    Image.fromarray(both).save(path)
    assert loaded(path, pair="sbs").size_px == (320, 240)


def test_an_unknown_layout_is_answered_with_the_known_ones(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(EYES.left).save(path)
    with pytest.raises(InputError, match=r"expected a pair of auto, none, sbs, .*mpo or a file, got 'sbss'"):
        loaded(path, pair=Path("sbss"))


def test_names_count_only_if_the_halves_are_alike(tmp_path, caplog):
    """beach_LR.png can come from Lightroom."""
    path = tmp_path / "beach_LR.png"
    Image.fromarray(np.hstack([EYES.left, texture(7)[:, :320]])).save(path)
    with caplog.at_level(logging.WARNING):
        photo = loaded(path)
    assert photo.second_view is None
    assert photo.size_px == (640, 240)
    (record,) = caplog.records
    assert "its name means a pair (sbs), but its halves do not show the same thing" in record.getMessage()


def test_what_only_looks_like_a_pair_is_not_split(tmp_path, caplog):
    """A warning says what it looks like."""
    path = tmp_path / "beach.png"
    Image.fromarray(np.hstack([EYES.left, EYES.right])).save(path)
    with caplog.at_level(logging.WARNING):
        photo = loaded(path)
    assert photo.second_view is None
    (record,) = caplog.records
    assert "its halves look like the views of two eyes: if so, use pair sbs" in record.getMessage()
    caplog.clear()
    assert loaded(path, pair="none").size_px == (640, 240)
    assert loaded(path, pair="sbs").size_px == (320, 240)
    assert not caplog.records


def test_ordinary_photos_look_like_no_pair(tmp_path, caplog):
    """Nor do pictures of the same texture, of stripes, of tiles, or of nothing; nor the same picture twice."""
    stripes = np.tile(np.where(np.arange(320) % 16 < 8, 60, 200).astype(np.uint8)[None, :, None], (240, 1, 3))
    tiles = np.tile(texture(4)[:60, :80], (4, 4, 1))
    icon = np.hstack([EYES.left[::2, ::2], EYES.right[::2, ::2]])
    twice = np.hstack([EYES.left, EYES.left])
    for rgb in (texture(3), stripes, tiles, twice, icon, np.full((240, 320, 3), 90, np.uint8)):
        path = tmp_path / "a.png"
        Image.fromarray(rgb).save(path)
        with caplog.at_level(logging.WARNING):
            assert loaded(path).second_view is None
    assert not caplog.records


@pytest.mark.parametrize(
    ("stem", "layout"),
    [
        ("beach_LR", "sbs"),
        ("beach_sbs", "sbs"),
        ("beach_kbvr_LR", "sbs"),
        ("beach_RL", "cross"),
        ("beach_TB", "tb"),
        ("beach_OU", "tb"),
        ("beach_HSBS", "sbs-half"),
        ("beach_LR_HSBS", "sbs-half"),
        ("beach_TB_HOU", "tb-half"),
        ("beach_180_LR", None),
        ("beach_180_RL", None),
        ("beach_360_TB", None),
        ("beach_kbvr_360_TB", None),
        ("beach_360_LR", None),
        ("beach-360-SBS", None),
        ("beach_VR360_OU", None),
        ("beach_360x180_3dv", None),
        ("beach_1360_LR", "sbs"),
        ("beach_kbvr_anaglyph", None),
        ("beach-LR", None),
        ("beach", None),
    ],
)
def test_the_name_of_a_pair_is_its_layout(stem, layout):
    assert pair_layout_named(stem) == layout


def test_a_second_file_may_be_of_any_kind_and_size(tmp_path):
    first, second = tmp_path / "a.png", tmp_path / "b.jpg"
    Image.fromarray(EYES.left).save(first)
    Image.fromarray(displaced(EYES.right, roll_deg=1)[::2, ::2].copy()).save(second, quality=90)
    photo = loaded(first, pair=second)
    assert photo.second_view is not None
    assert photo.second_view.rgb.shape == (120, 160, 3)
    assert photo.second_view.source == "b.jpg"
    with pytest.raises(InputError, match="no such file"):
        loaded(first, pair=tmp_path / "c.jpg")


def test_a_reduced_mpo_has_a_reduced_second_view(tmp_path):
    """With a memory limit, both are decoded at the same size."""
    large = [np.repeat(np.repeat(view, 8, 0), 8, 1) for view in (EYES.left, EYES.right)]
    path = write(tmp_path, "a.mpo", mpo(*large))
    photo = loaded(path, max_memory_bytes=310 * 2**20)
    assert photo.second_view is not None
    assert photo.size_px == photo.second_view.rgb.shape[1::-1] == (1280, 960)
    assert photo.file_size_px == (2560, 1920)
