"""A 360 photo becomes a 360 stereo picture that says what it is, and nothing else is made of it."""

from __future__ import annotations

import re

import numpy as np
import pytest
from PIL import Image

import kbvr
from kbvr.errors import InputError, OptionsError
from tests.panoramas import gpano, save
from tests.rooms_around import room

WORDS = gpano({"ProjectionType": "equirectangular", "FullPanoWidthPixels": 512, "FullPanoHeightPixels": 256})


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    return save(tmp_path_factory.mktemp("sphere") / "hall.jpg", room(512).rgb, WORDS)


@pytest.fixture(scope="module")
def made(photo):
    return kbvr.export(photo, photo.parent / "out", still="vr360", depth_quality="fast")


def test_the_picture_has_both_eyes_and_a_name_that_players_know(made):
    (written,) = made.written
    assert written.file.path.name == "hall_kbvr_360_TB.jpg"
    assert written.file.size_px == (512, 512)
    (depth,) = (line for line in made.explanation if line.startswith("depth: from 12 views"))
    assert re.search(r"; nearest \d\S* m; eyes 63 mm apart$", depth)
    assert made.networks


def test_it_does_not_say_that_both_eyes_are_one_sphere(made):
    assert b"GPano" not in made.file.path.read_bytes()


def test_it_is_not_taken_apart_when_it_is_read_again(made, caplog):
    path = made.file.path
    photo = kbvr.load_photo(path, probable_layout="tb")
    assert (photo.size_px, photo.around, photo.second_view) == ((512, 512), None, None)
    says = f"{path}: it holds a sphere for each eye, and a stereo sphere is not taken apart"
    use = "pair tb with panorama 360 uses the left eye's"
    assert [record.getMessage() for record in caplog.records] == [f"{says}; it is read as an ordinary photo ({use})"]
    caplog.clear()
    with pytest.raises(OptionsError, match=f"a stereo sphere is not taken apart: {use}"):
        kbvr.load_photo(path, panorama="360")
    assert kbvr.load_photo(path, panorama="none", probable_layout="tb").second_view is not None
    left = kbvr.load_photo(path, pair="tb", panorama="360")
    assert (left.size_px, left.around is not None) == ((512, 256), True)
    assert not caplog.records


def test_a_stereo_sphere_of_other_programs_is_known_by_its_metadata(tmp_path, caplog):
    words = gpano({"ProjectionType": "equirectangular", "FullPanoWidthPixels": 64, "FullPanoHeightPixels": 64})
    photo = kbvr.load_photo(save(tmp_path / "both.jpg", np.full((64, 64, 3), 128), words))
    assert (photo.size_px, photo.around) == ((64, 64), None)
    assert len(caplog.records) == 1
    assert "a stereo sphere is not taken apart" in caplog.text
    assert kbvr.load_photo(tmp_path / "both.jpg", pair="tb", panorama="360").around is not None
    assert len(caplog.records) == 1


def test_the_left_eye_is_above_and_sees_near_things_further_right(made):
    with Image.open(made.file.path) as image:
        both = np.asarray(image.convert("RGB")).astype(float)
    left, right = both[150:200], both[406:456]  # the floor, which is near

    def difference(shift: int) -> float:
        return float(abs(left - np.roll(right, shift, axis=1)).mean())

    best = min(range(-12, 13), key=difference)
    assert 1 <= best <= 8


def test_credits_are_kept_the_position_only_if_asked_and_the_same_call_writes_the_same_bytes(photo, tmp_path):
    exif = Image.Exif()
    exif[0x013B] = "Zoe Miller"
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 28.0), 3: "E", 4: (2.0, 17.0, 40.0)})
    path = save(tmp_path / "hall.jpg", room(128).rgb, WORDS, exif=exif.tobytes())
    options = {"still": "vr360", "depth_quality": "fast", "fill": "spread"}
    one, other, placed = (
        kbvr.export(path, tmp_path / name, **options, keep_gps=name == "placed").file.path.read_bytes()
        for name in ("one", "other", "placed")
    )
    assert one == other
    assert one.count(b"Zoe Miller") >= 2  # in EXIF and in XMP
    assert (b"GPSLatitude" in one, b"GPSLatitude" in placed) == (False, True)


@pytest.mark.parametrize(
    ("options", "got"),
    [
        ({}, "stereo"),
        ({"still": "sbs"}, "still"),
        ({"still": "vr360,anaglyph"}, "still"),
        ({"still": "vr360", "html": True, "gltf": True}, "gltf, html"),
        ({"depth_map": "png"}, "depth-map"),
    ],
)
def test_what_cannot_be_made_of_a_360_photo_is_refused_with_what_can(photo, tmp_path, options, got):
    says = rf"can become a 360 stereo picture \(still vr360\) and nothing else, got {got}; panorama cylinder"
    with pytest.raises(OptionsError, match=says):
        kbvr.export(photo, tmp_path, **options)
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("aspect", "1:1"),
        ("convergence_m", 2.0),
        ("budget_percent", 2.0),
        ("screen", "phone"),
        ("max_parallax_deg", 2.0),
        ("window", "floating"),
        ("strength", "bold"),
        ("vignette", 0.5),
    ],
)
def test_options_for_flat_pictures_are_refused(photo, tmp_path, name, value):
    with pytest.raises(OptionsError, match=f"{name} and a 360 photo cannot be combined"):
        kbvr.export(photo, tmp_path, still="vr360", **{name: value})


def test_eyes_that_are_farther_apart_than_things_are_away_get_a_warning(tmp_path, caplog):
    path = save(tmp_path / "hall.jpg", room(128).rgb, WORDS)
    options = {"still": "vr360", "depth_quality": "fast", "fill": "spread", "overwrite": True}
    kbvr.export(path, tmp_path, **options, baseline_mm=100)
    assert not caplog.records
    kbvr.export(path, tmp_path, **options, baseline_mm=5000)
    assert re.search(
        r"\d+% of it is nearer than the eyes .* a smaller baseline_mm or a larger near_m helps", caplog.text
    )


@pytest.mark.parametrize("option", [{"depth": "d.png"}, {"rgbd": "right"}])
def test_depth_of_a_file_is_refused_without_advice_that_leads_nowhere(photo, tmp_path, option):
    with pytest.raises(OptionsError, match=f"^{next(iter(option))} and still vr360 cannot be combined$"):
        kbvr.export(photo, tmp_path, still="vr360", **option)


def test_an_ordinary_photo_is_not_taken_for_a_sphere(tmp_path):
    path = save(tmp_path / "flat.jpg", room(256).rgb)
    with pytest.raises(OptionsError, match="still vr360 requires a 360 photo, and the file of flat does not say that"):
        kbvr.export(path, tmp_path / "out", still="vr360")


def test_a_straight_view_of_a_360_photo_can_be_anything(photo, tmp_path):
    report = kbvr.export(photo, tmp_path, still="anaglyph", panorama="cylinder", depth_quality="fast")
    width, height = report.file.size_px
    assert width / height == pytest.approx(np.tan(np.radians(55)) / np.tan(np.radians(50)), abs=0.02)
    assert any("shown as a straight view of 110 degrees" in line for line in report.explanation)
    assert any("degrees field of view, from the panorama's metadata" in line for line in report.explanation)


def test_a_360_photo_in_memory_is_refused_where_a_flat_one_is_expected(photo):
    loaded = kbvr.load_photo(photo)
    depth = kbvr.DepthMap(np.ones(loaded.rgb.shape[:2], np.float32), loaded.f_px)
    with pytest.raises(InputError, match="expected an ordinary photo, got the 360 photo hall"):
        kbvr.plan_export(loaded, depth, stereo=True)
