"""Half spheres: a pixel is an angle, left is left, far things have no parallax, borders blend into the surroundings."""

from __future__ import annotations

from math import atan, degrees, pi, radians, tan
from pathlib import Path

import cv2
import numpy as np
import pytest
from decoded import video_frames
from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import card_before_wall

import kbvr
from kbvr.errors import InputError
from kbvr.formats.video.vr180 import FEATHER_DEG, half_sphere
from kbvr.options.export_options import ExportOptions
from kbvr.plan.output_kinds import KINDS


def dot(view_px: tuple[int, int], at: tuple[float, float]) -> np.ndarray:
    """A Gaussian spot on black, centred at a position in px."""
    x, y = np.meshgrid(np.arange(view_px[0]) + 0.5, np.arange(view_px[1]) + 0.5)
    spot = 255 * np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / 18)
    return np.repeat(spot[..., None], 3, axis=2).astype(np.uint8)


def middle_of(picture: np.ndarray) -> tuple[float, float]:
    weight = np.maximum(picture[..., 0].astype(float) - 60, 0)
    x, y = np.meshgrid(np.arange(picture.shape[1]) + 0.5, np.arange(picture.shape[0]) + 0.5)
    return float((x * weight).sum() / weight.sum()), float((y * weight).sum() / weight.sum())


@given(st.floats(-24, 24), st.floats(-16, 16))
@settings(max_examples=20)
def test_a_pixel_is_an_angle(lon_deg, lat_deg):
    """A spot in a direction of the view is found at that longitude and latitude, to a third of a pixel."""
    f_px, view_px, side_px = 320.0, (400, 300), 800
    lon, lat = radians(lon_deg), radians(lat_deg)
    at = (200 + f_px * tan(lon), 150 + f_px * tan(lat) / np.cos(lon))
    x, y = middle_of(half_sphere(view_px, f_px, side_px).of(dot(view_px, at)))
    assert x == pytest.approx((0.5 + lon / pi) * side_px, abs=0.33)
    assert y == pytest.approx((0.5 + lat / pi) * side_px, abs=0.33)


@given(st.integers(16, 90), st.integers(16, 90), st.floats(10, 100), st.integers(32, 128))
def test_any_view_makes_a_sphere_of_the_given_size(width, height, f_px, half_side):
    """Its middle is the view itself, unless the view is narrower than the blend at its borders."""
    view = np.full((height, width, 3), 200, np.uint8)
    sphere = half_sphere((width, height), f_px, 2 * half_side).of(view)
    assert sphere.shape == (2 * half_side, 2 * half_side, 3)
    assert sphere.dtype == np.uint8
    assert np.abs(sphere[half_side, half_side].astype(int) - 200).max() <= 1


def test_the_photo_is_unchanged_inside_and_the_sphere_has_no_edge_at_its_border():
    """From the middle to beyond the photo's border, brightness falls smoothly."""
    view_px, f_px, side_px = (400, 300), 300.0, 900
    sphere = half_sphere(view_px, f_px, side_px).of(np.full((300, 400, 3), 200, np.uint8))
    row = sphere[side_px // 2, :, 0].astype(int)
    border = side_px / 2 + degrees(atan(200 / f_px)) * side_px / 180
    assert (row[side_px // 2 : int(border - FEATHER_DEG * side_px / 180)] == 200).all()
    assert np.abs(np.diff(row)).max() <= 4
    assert row[0] == row[-1] == 16
    assert (row == row[::-1]).all()


def test_left_is_left_and_far_things_have_no_parallax(tmp_path):
    """The wall at 4 m and the card at 1 m have the parallax b / z, as an angle; a wall at infinity would have none."""
    photo, depth = card_before_wall()
    cv2.imwrite(str(tmp_path / "card.png"), photo.rgb[..., ::-1])
    np.save(tmp_path / "card.npy", 1 / depth.inverse_depth)
    report = kbvr.export(
        tmp_path / "card.png",
        tmp_path,
        depth=tmp_path / "card.npy",
        depth_kind="depth-m",
        fov_deg=degrees(2 * atan(max(photo.size_px) / 2 / photo.f_px)),
        path="static",
        seconds=0.12,
        projection="vr180",
        vr180_px=1024,
        quality=100,
        strength="bold",
    )
    assert report.file.path.name == "card_kbvr_180_LR.mp4"
    assert report.file.size_px == (2048, 1024)
    frame = video_frames(report.file.path)[0]
    left, right = frame[:, :1024], frame[:, 1024:]
    edges = [card_edge_px(eye) for eye in (left, right)]
    nearest_m = 1 / float(depth.inverse_depth.max())
    wanted_px = report.stereo["baseline_m"] / nearest_m / pi * 1024
    assert edges[0] - edges[1] == pytest.approx(wanted_px, abs=0.7)
    assert edges[0] > edges[1], "the left eye sees near things further right"


def card_edge_px(eye: np.ndarray) -> float:
    """Return where the card's left border is, in the row straight ahead: where red crosses halfway."""
    row = cv2.GaussianBlur(eye, (0, 0), 1)[512, 360:512, 0]
    halfway = (row.max() + row.min()) / 2
    inside = row > halfway if row[-1] > row[0] else row < halfway
    at = int(np.argmax(inside))
    return 360 + at - 1 + (halfway - row[at - 1]) / (row[at] - row[at - 1])


def test_positions_that_a_path_passes_twice_are_drawn_once(tmp_path):
    """To one side and the other in 12 pictures, of which 7 are drawn: all 12 are in the file, the way back mirrored."""
    cat = Path(__file__).parents[3] / "examples" / "cat.jpg"
    report = kbvr.export(cat, tmp_path, seconds=0.48, projection="vr180", vr180_px=256, quality=100, fov_deg=120)
    frames = [frame.astype(int) for frame in video_frames(report.file.path)]
    assert report.file.frames == len(frames) == 12
    assert not any("in front of the screen" in line for line in report.explanation)
    assert np.abs(frames[1] - frames[5]).mean() < np.abs(frames[1] - frames[11]).mean() / 2


def test_a_view_thinner_than_a_pixel_of_the_sphere_is_refused():
    with pytest.raises(InputError, match="a view of 106x2 covers no pixel of a half sphere of 128 px"):
        half_sphere((106, 2), 102.0, 128)


def test_views_are_as_sharp_as_the_sphere_and_no_larger():
    options = ExportOptions(projection="vr180", vr180_px=1024)
    width, height = KINDS["stereo"].view_px((4000, 3000), options, f_px=3000.0)
    assert 1.2 < width / 4000 * 3000 / (1024 / pi) <= 1.25
    assert (width, height) == pytest.approx((width, width * 3 / 4), abs=2)
    assert KINDS["stereo"].view_px((4000, 3000), ExportOptions(), f_px=3000.0) == (1440, 1080)


def test_half_spheres_have_no_screen_plane():
    with pytest.raises(InputError, match="convergence_m and projection vr180 cannot be combined"):
        ExportOptions(projection="vr180", convergence_m=2.0)
    with pytest.raises(InputError, match="window floating and projection vr180 cannot be combined"):
        ExportOptions(projection="vr180", window="floating")
    with pytest.raises(InputError, match="projection vr180 requires stereo"):
        ExportOptions(projection="vr180", kenburns=True)


def test_the_largest_sphere_requires_a_codec_that_supports_it(tmp_path):
    with pytest.raises(InputError, match=r"16 to 4096 px.*got 4100x2050 .*: choose another VR180 size"):
        kbvr.export(
            Path(__file__).parents[3] / "examples" / "cat.jpg",
            tmp_path,
            projection="vr180",
            vr180_px=2050,
            codec="h264",
        )
