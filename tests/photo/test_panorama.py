"""Panoramas are read as their files say, and wide ones become photos whose directions are right."""

from __future__ import annotations

import logging
from math import degrees, pi, radians, tan

import numpy as np
import pytest
from PIL import Image

from kbvr.errors import InputError, OptionsError
from kbvr.options.export_options import ExportOptions
from kbvr.photo.panorama import Panorama, panorama_in
from kbvr.photo.photo import load_photo
from tests.panoramas import centroid_px, cylindrical, equirectangular, gpano, save, spots

PART = {
    "ProjectionType": "equirectangular",
    "FullPanoWidthPixels": 720,
    "FullPanoHeightPixels": 360,
    "CroppedAreaImageWidthPixels": 200,
    "CroppedAreaImageHeightPixels": 80,
    "CroppedAreaLeftPixels": 280,
    "CroppedAreaTopPixels": 130,
}
"""From -40 to 60 degrees, 25 up and 15 down."""

WHOLE = {"ProjectionType": "equirectangular", "FullPanoWidthPixels": 720, "FullPanoHeightPixels": 360}


def grey_of(rgb: np.ndarray) -> np.ndarray:
    return rgb[..., 0].astype(float)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_what_a_file_says_about_its_panorama_is_read_from_every_kind_of_file(tmp_path, suffix):
    path = save(tmp_path / f"a{suffix}", equirectangular(720, spots(np.array([[0, 0, 1.0]]))), gpano(WHOLE))
    photo = load_photo(path)
    assert photo.around == Panorama("equirectangular", -pi, pi, pi / 2, -pi / 2)
    assert photo.f_px == pytest.approx(720 / (2 * pi))
    assert photo.rgb.shape == (360, 720, 3)


def test_the_part_of_the_sphere_follows_from_the_cropped_area():
    found = panorama_in(gpano(PART | {"InitialViewHeadingDegrees": 10, "PoseHeadingDegrees": 350}), "a.jpg")
    assert found.projection == "equirectangular"
    angles_deg = [degrees(angle) for angle in (found.left_rad, found.right_rad, found.top, found.bottom)]
    assert angles_deg == pytest.approx([-40, 60, 25, -15])
    assert degrees(found.ahead_rad) == pytest.approx(20)


def test_a_cylinder_has_tangents_for_heights():
    values = {"ProjectionType": "cylindrical", "FullPanoWidthPixels": 628, "FullPanoHeightPixels": 200}
    found = panorama_in(gpano(values | {"CroppedAreaImageWidthPixels": 157}), "a.jpg")
    assert degrees(found.width_rad) == pytest.approx(90)
    assert (found.top, found.bottom) == pytest.approx((1.0, -1.0), abs=1e-3)


@pytest.mark.parametrize(
    "change",
    [
        {"FullPanoWidthPixels": "many"},
        {"FullPanoWidthPixels": "nan"},
        {"FullPanoWidthPixels": 0},
        {"CroppedAreaImageWidthPixels": -5},
        {"CroppedAreaImageWidthPixels": 9000},
        {"FullPanoHeightPixels": 720, "CroppedAreaImageHeightPixels": 720, "CroppedAreaTopPixels": 0},
    ],
)
def test_damaged_words_are_ignored_with_a_warning(caplog, change):
    assert panorama_in(gpano(PART | change), "a.jpg") is None
    assert "a.jpg: ignoring what its metadata say about a panorama" in caplog.text


@pytest.mark.parametrize("xmp", [b"", gpano({"ProjectionType": "fisheye"}), gpano({"UsePanoramaViewer": "True"})])
def test_other_metadata_say_nothing(caplog, xmp):
    assert panorama_in(xmp, "a.jpg") is None
    assert not caplog.records


def test_directions_in_a_cylinder_become_tangents_within_half_a_pixel(tmp_path):
    azimuths, heights = np.radians([-40, -25, -10, 0, 15, 30, 42]), (-0.15, 0.0, 0.15)
    directions = np.array([[np.sin(a), h, np.cos(a)] for a in azimuths for h in heights])
    path = save(tmp_path / "wide.png", cylindrical((1200, 500), radians(100), spots(directions, 0.006)))
    photo = load_photo(path, fov_deg=100, panorama="cylinder")
    width, height = photo.size_px
    assert degrees(2 * np.arctan(width / 2 / photo.f_px)) == pytest.approx(100, abs=0.1)
    assert photo.f_source == "flag"
    for x, y, z in directions:
        expected = width / 2 + photo.f_px * x / z, height / 2 + photo.f_px * y / z
        found = centroid_px(grey_of(photo.rgb), expected, 10)
        assert found == pytest.approx(expected, abs=0.5)


def test_a_straight_line_of_the_scene_is_straight_again():
    """In the panorama itself, the same line bends by many pixels."""
    from kbvr.photo.flat_view import flat_view_of, flattened
    from kbvr.photo.panorama import cylinder

    def bar(rays: np.ndarray) -> np.ndarray:  # a level bar in front of the camera, 0.3 above at a distance of 1
        across = rays[..., 1] / rays[..., 2] + 0.3
        return np.repeat((255 * np.exp(-((across / 0.01) ** 2)))[..., None], 3, axis=-1)

    bent = cylindrical((1000, 600), radians(100), bar)
    panorama = cylinder(radians(100), 1000 / 600)
    flat, f_px = flattened(bent, panorama, flat_view_of(panorama))

    def height_px(picture: np.ndarray, column: int) -> float:
        light = picture[:, column, 0].astype(float)
        return float((light * (np.arange(len(light)) + 0.5)).sum() / light.sum())

    columns = range(20, flat.shape[1] - 20, 40)
    assert [height_px(flat, x) for x in columns] == pytest.approx(
        [flat.shape[0] / 2 - 0.3 * f_px] * len(columns), abs=0.3
    )
    assert abs(height_px(bent, 500) - height_px(bent, 30)) > 30


def test_a_part_of_a_sphere_becomes_a_photo_without_anything_from_outside_of_it(tmp_path):
    white = save(tmp_path / "part.png", np.full((80, 200, 3), 255), gpano(PART))
    photo = load_photo(white)
    assert (photo.rgb == 255).all()
    assert photo.f_px == pytest.approx(720 / (2 * pi))
    assert photo.f_source == "panorama"
    assert photo.around is None
    assert photo.file_size_px == photo.size_px
    assert photo.size_px[1] >= 60
    assert any("a panorama of 100 degrees, shown as a straight view of" in note for note in photo.notes)


def test_a_wide_panorama_is_cropped_around_its_first_view(tmp_path, caplog):
    directions = np.array([[np.sin(radians(120)), 0, np.cos(radians(120))]])
    sphere = equirectangular(1440, spots(directions, 0.03))[280:440]
    words = WHOLE | {"CroppedAreaImageHeightPixels": 80, "CroppedAreaTopPixels": 140, "InitialViewHeadingDegrees": 100}
    photo = load_photo(save(tmp_path / "around.png", sphere, gpano(words)), panorama="cylinder")
    width, height = photo.size_px
    assert width / 2 / photo.f_px == pytest.approx(tan(radians(55)), abs=0.01)
    expected = width / 2 + photo.f_px * tan(radians(20)), height / 2
    assert centroid_px(grey_of(photo.rgb), expected, 25) == pytest.approx(expected, abs=0.5)
    assert "shown as a straight view of 110 degrees: a straight picture cannot be wider" in caplog.text


def test_nothing_else_of_the_metadata_is_kept(tmp_path):
    words = PART | {"StitchingSoftware": "Secret 1.0", "FirstPhotoDate": "2020-01-01"}
    photo = load_photo(save(tmp_path / "part.jpg", np.full((80, 200, 3), 128), gpano(words)))
    assert not photo.credits
    assert "Secret" not in repr(photo)


def test_a_picture_of_two_to_one_is_an_ordinary_photo_that_is_told_how_to_say_otherwise(tmp_path, caplog):
    path = save(tmp_path / "two.jpg", np.zeros((1024, 2048, 3)))
    assert load_photo(path).around is None
    assert [r.getMessage() for r in caplog.records] == [
        f"{path}: a picture of 2:1 is read as an ordinary photo: panorama 360 says that it shows all directions"
    ]
    caplog.clear()
    assert load_photo(path, panorama="none").around is None
    assert load_photo(path, panorama="360").around is not None
    assert not caplog.records


def test_a_stitched_photo_of_a_phone_is_told_how_to_say_its_width(tmp_path, caplog):
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA401] = 6
    save(tmp_path / "stitched.jpg", np.zeros((100, 400, 3)), exif=exif.tobytes())
    load_photo(tmp_path / "stitched.jpg")
    assert "panorama cylinder with fov_deg, the angle it shows, puts that right" in caplog.text


def test_none_ignores_what_the_file_says(tmp_path):
    photo = load_photo(save(tmp_path / "part.jpg", np.full((80, 200, 3), 128), gpano(PART)), panorama="none")
    assert photo.size_px == (200, 80)
    assert photo.f_source == "guess"


def test_what_cannot_be_is_refused_in_one_line(tmp_path):
    path = save(tmp_path / "flat.jpg", np.zeros((100, 150, 3)))
    with pytest.raises(InputError, match=r"flat.jpg: expected a 360 photo, twice as wide as high, got 150x100$"):
        load_photo(path, panorama="360")
    with pytest.raises(OptionsError, match="panorama cylinder requires fov_deg, as the file does not say"):
        load_photo(path, panorama="cylinder")
    with pytest.raises(InputError, match="cylinder must be 1 to 360 degrees, got 400"):
        load_photo(path, panorama="cylinder", fov_deg=400)
    with pytest.raises(OptionsError, match="fov_deg above 170 requires panorama cylinder, got 200"):
        ExportOptions(fov_deg=200)
    with pytest.raises(OptionsError, match="panorama 360 cannot be combined with depth or rgbd"):
        ExportOptions(panorama="360", depth=path)


def test_a_picture_turned_by_its_orientation_is_no_panorama(tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    exif = Image.Exif()
    exif[0x0112] = 6
    path = save(tmp_path / "turned.jpg", np.zeros((360, 720, 3)), gpano(WHOLE), exif=exif.tobytes())
    assert load_photo(path).around is None


@pytest.mark.parametrize(
    ("size_px", "words"),
    [
        ((180, 180), WHOLE),
        ((720, 280), WHOLE | {"CroppedAreaImageWidthPixels": 720, "CroppedAreaImageHeightPixels": 360}),
        ((100, 80), PART),
        ((720, 345), {"ProjectionType": "equirectangular", "FullPanoWidthPixels": 720}),
        ((300, 300), {"ProjectionType": "cylindrical", "FullPanoWidthPixels": 900, "FullPanoHeightPixels": 300}),
    ],
)
@pytest.mark.parametrize("kind", ["auto", "none"])
def test_metadata_of_another_shape_than_the_picture_are_those_of_a_picture_before_it_was_cropped(
    tmp_path, caplog, size_px, words, kind
):
    path = save(tmp_path / "cropped.jpg", np.full((*size_px[::-1], 3), 128), gpano(words))
    photo = load_photo(path, panorama=kind)
    assert (photo.size_px, photo.around, photo.f_source) == (size_px, None, "guess")
    says = f"{path}: ignoring what its metadata say about a panorama (they describe a picture of "
    assert [record.getMessage().startswith(says) for record in caplog.records] == ([True] if kind == "auto" else [])


@pytest.mark.parametrize("size_px", [(1440, 720), (717, 360), (90, 45), (91, 45)])
def test_a_panorama_that_was_resized_evenly_is_still_one(tmp_path, caplog, size_px):
    photo = load_photo(save(tmp_path / "small.jpg", np.full((*size_px[::-1], 3), 128), gpano(WHOLE)))
    assert photo.around is not None
    assert not caplog.records


def test_a_360_photo_decoded_at_a_smaller_size_is_still_one(tmp_path, caplog):
    whole = {"ProjectionType": "equirectangular", "FullPanoWidthPixels": 4096, "FullPanoHeightPixels": 2048}
    path = save(tmp_path / "large.jpg", np.full((2048, 4096, 3), 128), gpano(whole))
    photo = load_photo(path, max_memory_bytes=310 * 2**20)
    assert photo.size_px != photo.file_size_px == (4096, 2048)
    assert photo.around is not None
    assert not caplog.records


def test_a_panorama_in_which_hardly_any_straight_view_fits_is_refused_in_one_line(tmp_path):
    """A part beside the zenith is so bent that only slivers are inside of it."""
    words = {"CroppedAreaImageWidthPixels": 180, "CroppedAreaImageHeightPixels": 45, "CroppedAreaTopPixels": 0}
    path = save(tmp_path / "zenith.jpg", np.full((45, 180, 3), 128), gpano(WHOLE | words))
    with pytest.raises(
        InputError, match=r"zenith.jpg: .* straight view of at least 16 pixels per side fits, got \d+ x \d$"
    ):
        load_photo(path)
    assert load_photo(path, panorama="none").size_px == (180, 45)


@pytest.mark.parametrize("kind", ["auto", "cylinder", "360"])
def test_a_field_of_view_beside_what_the_file_says_has_no_effect_and_a_warning(tmp_path, caplog, kind):
    path = save(tmp_path / "around.jpg", np.full((360, 720, 3), 128), gpano(WHOLE))
    photo = load_photo(path, panorama=kind, fov_deg=60)
    assert (photo.f_px, photo.f_source) == (pytest.approx(720 / (2 * pi)), "panorama")
    says = f"{path}: fov_deg has no effect: the file says what the panorama shows"
    assert caplog.records[0].getMessage() == says
    caplog.clear()
    assert load_photo(path, panorama="none", fov_deg=60).f_source == "flag"
    assert not caplog.records
