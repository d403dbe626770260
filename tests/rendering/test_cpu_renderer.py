"""The renderer: exact on analytic scenes, the same bytes always, and equal to a slow literal version."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scenes import BLUE, F_PX, RED, card_before_wall, checkerboard, depth_of, photo_of, smooth_pattern

import kbvr
from kbvr.errors import InputError
from kbvr.geometry.camera import Camera
from kbvr.ldi.scene import Scene, build_scene
from kbvr.native import library as compiled
from kbvr.rendering import cpu_renderer as renderer
from kbvr.rendering.cpu_renderer import Renderer

REACH_M = 0.12


def plane_scene(rgb: np.ndarray, inverse_depth: float) -> Scene:
    return build_scene(photo_of(rgb), depth_of(np.full(rgb.shape[:2], inverse_depth)), reach_m=REACH_M)


def card_scene() -> Scene:
    return build_scene(*card_before_wall(), reach_m=REACH_M)


def test_the_photos_own_camera_gives_the_photo():
    rgb = smooth_pattern(96, 64)
    picture = next(kbvr.render(plane_scene(rgb, 0.5), [plane_scene(rgb, 0.5).camera]))
    assert np.abs(picture.astype(int) - rgb).max() <= 2


def test_a_plane_moves_by_its_disparity():
    """A point at x goes to x - f b / z: a camera that goes right sees a wall at 2 m move left by 5 px."""
    rgb = smooth_pattern(96, 64)
    scene = plane_scene(rgb, 0.5)
    picture = next(kbvr.render(scene, [scene.camera.moved(x_m=0.1)]))
    assert np.abs(picture[:, :90].astype(int) - rgb[:, 5:95]).max() <= 3


def test_a_plane_grows_as_the_camera_goes_forward():
    """At half the distance everything is twice as large about the middle."""
    scene = plane_scene(smooth_pattern(96, 64), 0.5)
    near = next(kbvr.render(scene, [scene.camera.moved(z_m=1.0)]))
    zoomed = next(kbvr.render(scene, [replace(scene.camera, f_px=2 * F_PX)]))
    assert np.abs(near.astype(int) - zoomed).max() <= 2


def test_a_moving_eye_sees_the_wall_behind_the_card():
    """The wall behind the card is blue; the card is 12 px to the left; nothing is torn."""
    scene = card_scene()
    with Renderer(scene) as drawing:
        picture, holes = drawing.frame_and_holes(scene.camera.moved(x_m=REACH_M))
    assert holes == 0
    assert np.abs(picture[50, 32:64].astype(int) - RED).max() <= 12
    assert np.abs(picture[50, 72:110].astype(int) - BLUE).max() <= 12
    mixed = np.minimum(np.abs(picture.astype(int) - RED).sum(-1), np.abs(picture.astype(int) - BLUE).sum(-1)) > 60
    assert mixed.mean() < 0.03


@pytest.mark.parametrize("move", [{"x_m": 0.1}, {"x_m": -0.1}, {"y_m": 0.1}, {"z_m": 0.15}, {"x_m": 0.07, "y_m": 0.07}])
def test_a_slanted_floor_has_no_cracks(move):
    """Seen from the side, from above and from ahead, every pixel is covered."""
    slant = np.linspace(0.15, 1.0, 90)[:, None] * np.ones((1, 120))
    white = np.full((90, 120, 3), 255, np.uint8)
    scene = build_scene(photo_of(white), depth_of(slant), reach_m=REACH_M)
    with Renderer(scene) as drawing:
        _, holes = drawing.frame_and_holes(scene.camera.moved(**move))
    assert holes == 0


def test_a_floor_in_few_levels_of_depth_has_no_cracks():
    """Steps of up to a pixel of parallax are bridged."""
    levels = np.round(np.linspace(0.15, 1.0, 90) * 9) / 9
    scene = build_scene(photo_of(smooth_pattern(120, 90)), depth_of(levels[:, None] * np.ones((1, 120))), reach_m=0.1)
    with Renderer(scene) as drawing:
        assert drawing.frame_and_holes(scene.camera.moved(y_m=-0.1))[1] == 0


def test_uncovered_pixels_get_the_colour_of_the_farther_side():
    """Beyond the move that the scene was made for there are holes: the wall goes on into them, not the card."""
    scene = build_scene(*card_before_wall(), reach_m=0.03)
    with Renderer(scene) as drawing:
        picture, holes = drawing.frame_and_holes(scene.camera.moved(x_m=0.25))
    assert holes > 100
    assert 36 <= (picture[50, :, 0] > 120).sum() <= 43


def test_a_matte_does_not_shine_through_what_hides_it():
    """A green card at 2 m goes behind a red one at 1 m: no green edge shows on the red."""
    photo, depth = card_before_wall()
    rgb, inverse_depth = photo.rgb.copy(), depth.inverse_depth.copy()
    rgb[35:65, 86:110], inverse_depth[35:65, 86:110] = (20, 160, 20), 0.5
    scene = build_scene(photo_of(rgb), depth_of(inverse_depth), reach_m=0.3)
    picture = next(kbvr.render(scene, [scene.camera.moved(x_m=-0.25)])).astype(int)
    card = picture[45:55, 40 + 25 + 4 : 80 + 25 - 4]
    assert np.abs(card - RED).max() <= 25


def test_a_tall_picture_is_the_same_in_bands_and_whole():
    """Several bands of rows, rendered in parallel or one after the other."""
    scene = plane_scene(smooth_pattern(40, 700), 0.5)
    camera = scene.camera.moved(x_m=0.03)
    with Renderer(scene, threads=2) as drawing:
        banded, holes = drawing.frame_and_holes(camera)
        whole = next(drawing.frames([camera]))
    assert holes == 0
    assert (banded == whole).all()
    assert np.abs(whole.astype(int) - next(kbvr.render(scene, [camera], threads=1))).max() == 0


@pytest.mark.filterwarnings("ignore:invalid value encountered in matmul")
@pytest.mark.parametrize("wild", [np.nan, np.inf, 1e30, -1e30])
def test_a_camera_nowhere_gives_an_empty_picture_and_no_crash(wild):
    scene = card_scene()
    with Renderer(scene) as drawing:
        picture, _ = drawing.frame_and_holes(scene.camera.moved(x_m=wild))
    assert picture.shape == (100, 120, 3)


def test_any_number_of_threads_gives_the_same_bytes():
    scene = card_scene()
    cameras = [scene.camera.moved(x_m=0.01 * k, z_m=0.02) for k in range(7)]
    films = [np.stack(list(kbvr.render(scene, cameras, threads=n))) for n in (1, 2, 5)]
    assert (films[0] == films[1]).all()
    assert (films[0] == films[2]).all()


def test_every_instruction_set_gives_the_same_bytes(monkeypatch):
    scene = card_scene()
    pictures = []
    assert compiled.variants()
    for variant in compiled.variants():
        monkeypatch.setattr(renderer, "kernel", lambda variant=variant: compiled._load(variant))
        pictures.append(next(kbvr.render(scene, [scene.camera.moved(x_m=0.05, y_m=0.02)])))
    assert all((picture == pictures[0]).all() for picture in pictures)


def test_frames_come_in_order_and_in_each_cameras_size():
    scene = plane_scene(smooth_pattern(96, 64), 0.5)
    sizes = [(96, 64), (48, 32), (97, 33), (200, 100)]
    pictures = kbvr.render(scene, [scene.camera.resized(size) for size in sizes])
    assert [picture.shape[:2] for picture in pictures] == [(height, width) for width, height in sizes]


def test_no_camera_gives_no_frame():
    assert list(kbvr.render(card_scene(), [])) == []


def test_a_renderer_wants_at_least_one_thread():
    with pytest.raises(InputError, match="threads"):
        list(kbvr.render(card_scene(), [card_scene().camera], threads=0))


def test_a_camera_inside_or_beyond_the_scene_still_gives_a_picture():
    scene = card_scene()
    for z_m in (0.999, 1.0, 2.0, 10.0):
        picture = next(kbvr.render(scene, [scene.camera.moved(z_m=z_m)]))
        assert picture.shape == (100, 120, 3)


def slow_picture(scene: Scene, camera: Camera) -> np.ndarray:
    """Draw opaque quads literally, a pixel at a time: nearest sample, bilinear colour from the photo's own pixels."""
    front = scene.ldi.front.rgba[..., :3].astype(float)
    to_screen = camera.intrinsics @ camera.camera_from_world[:3, :3] @ np.linalg.inv(scene.camera.intrinsics)
    epipole = camera.intrinsics @ camera.camera_from_world[:3, 3]
    width, height = camera.size_px
    picture = np.zeros((height, width, 3))
    nearest = np.full((height, width), -1.0)
    for quad in scene.quads[scene.quads["layer"] == 1]:
        u, v, half, d, du, dv = (float(quad[name]) for name in ("u", "v", "half", "d", "du", "dv"))
        # the plane of the quad maps to the screen by a homography; its inverse finds u, v of a pixel
        plane = np.array([du, dv, d - du * u - dv * v])
        screen_from_photo = to_screen + np.outer(epipole, plane)
        photo_from_screen = np.linalg.inv(screen_from_photo)
        for y in range(height):
            for x in range(width):
                p = photo_from_screen @ (x + 0.5, y + 0.5, 1)
                pu, pv = p[:2] / p[2]
                grow = 0.12 + float(quad["slack_px"])
                if abs(pu - u) > half + grow or abs(pv - v) > half + grow:
                    continue
                z = float(plane @ (pu, pv, 1)) / float(screen_from_photo[2] @ (pu, pv, 1))
                if z > nearest[y, x]:
                    nearest[y, x] = z
                    picture[y, x] = bilinear(front, pu + scene.ldi.margin_px, pv + scene.ldi.margin_px)
    return picture


def bilinear(image: np.ndarray, u: float, v: float) -> np.ndarray:
    x = min(max(u - 0.5, 0), image.shape[1] - 1.001)
    y = min(max(v - 0.5, 0), image.shape[0] - 1.001)
    xi, yi = int(x), int(y)
    a, b = x - xi, y - yi
    top = image[yi, xi] * (1 - a) + image[yi, xi + 1] * a
    return top * (1 - b) + (image[yi + 1, xi] * (1 - a) + image[yi + 1, xi + 1] * a) * b


@pytest.mark.parametrize("move", [{"x_m": 0.05}, {"x_m": -0.03, "y_m": 0.04, "z_m": 0.1}])
def test_the_kernel_agrees_with_a_slow_literal_version(move):
    """A slanted wall, general moves: the affine map of small quads is as good as the exact homography."""
    slant = np.linspace(0.3, 0.7, 24)[:, None] + np.linspace(0, 0.2, 32)
    scene = build_scene(photo_of(smooth_pattern(32, 24)), depth_of(slant), reach_m=REACH_M)
    camera = scene.camera.moved(**move)
    fast = next(kbvr.render(scene, [camera]))
    assert np.abs(fast - slow_picture(scene, camera)).max() <= 4


@pytest.mark.parametrize("tilt", [0.0, 0.3, 0.7])
def test_a_slope_seen_edge_on_shows_no_point_from_elsewhere(tilt):
    """The photo's colour is the column: every pixel shows a point that the camera sees there, or next to there."""
    width, height, columns = 120, 100, np.arange(120)
    rgb = np.repeat(np.tile((20 + 1.5 * columns).astype(np.uint8), (height, 1))[..., None], 3, axis=2)
    parallax_px = 14 * (1 + np.tanh((columns - 60 + tilt * (np.arange(height)[:, None] - 50)) / 14))  # 1 px a pixel
    scene = build_scene(photo_of(rgb), depth_of(parallax_px / (F_PX * REACH_M)), reach_m=REACH_M)
    for share in (0.9, 0.95, 1.0, 1.05):
        picture = next(kbvr.render(scene, [scene.camera.moved(x_m=share * REACH_M)]))
        shown = (picture[..., 0].astype(float) - 20) / 1.5
        seen_at = columns - share * parallax_px  # of every column of the photo
        nearest = np.clip(np.round(shown).astype(int), 0, width - 1)
        off_px = np.abs(np.take_along_axis(seen_at, nearest, axis=1) - columns)
        assert off_px[:, 10:70].max() <= 2


def test_a_checkerboard_stays_sharp_at_a_whole_pixel_shift():
    rgb = checkerboard(96, 64)
    scene = plane_scene(rgb, 0.5)
    picture = next(kbvr.render(scene, [scene.camera.moved(x_m=0.1)]))
    error = picture[:, :90].astype(float) - rgb[:, 5:95]
    assert 10 * np.log10(255**2 / (error**2).mean()) > 30


def test_a_camera_that_looks_away_shows_no_black_rows():
    """Empty rows are copies of the nearest row that is not empty."""
    scene = plane_scene(np.full((60, 80, 3), (200, 120, 40), np.uint8), 0.5)
    for pitch_deg in (-25.0, 25.0):
        picture = next(kbvr.render(scene, [scene.camera.turned(0.0, pitch_deg)]))
        assert (picture == (200, 120, 40)).all()


@pytest.mark.parametrize("turn_deg", [12.0, 35.0])
def test_turning_left_is_the_mirror_image_of_turning_right(turn_deg):
    """What is no surface any more does not depend on the side that the camera turns to."""
    slant = np.tile(np.linspace(0.2, 1.0, 40).repeat(2), (60, 1))
    slant = np.maximum(slant, slant[:, ::-1])
    rgb = smooth_pattern(80, 60)
    rgb = np.maximum(rgb, rgb[:, ::-1])
    scene = build_scene(photo_of(rgb), depth_of(slant), reach_m=0.05)
    left, right = (
        next(kbvr.render(scene, [scene.camera.turned(yaw_deg, 0.0)])).astype(int) for yaw_deg in (-turn_deg, turn_deg)
    )
    assert (np.abs(left[:, ::-1] - right).max(axis=2) > 24).mean() < 0.02
