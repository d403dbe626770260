"""The paper's point renderer: it agrees with its words written out, and draws analytic scenes exactly."""

from __future__ import annotations

from dataclasses import replace

import cv2
import literal_points
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from point_coverage import coverage
from scenes import BLUE, F_PX, RED, card_before_wall, depth_of, photo_of, smooth_pattern

from kbvr.depth.depth_map import DepthMap
from kbvr.errors import InputError
from kbvr.geometry.camera import Camera, camera_of_photo
from kbvr.ken_burns_2019 import (
    point_scene as cloud,
)
from kbvr.ken_burns_2019.hole_filling import continue_to_border, fill_holes
from kbvr.ken_burns_2019.point_renderer import PointRenderer
from kbvr.ken_burns_2019.point_scene import point_scene
from kbvr.ken_burns_2019.point_splatting import (
    away_from_edges,
    depth_from_disparity,
    directions,
    render_points,
    without_grid,
)
from kbvr.photo.photo import photo_from_array

LENS = Camera((12, 9), 11.0, 6.5, 4.25)


def random_points(seed: int, *, whole: bool) -> tuple[np.ndarray, np.ndarray]:
    """Points around a small frame, some behind the lens; with whole numbers, many ties."""
    random = np.random.default_rng(seed)
    count = int(random.integers(0, 150))
    z = random.uniform(-3, 60, count)
    z[: count // 3] = 11 + random.uniform(0, 4, count // 3)
    pixels = random.uniform(-2, 14, (count, 2))
    if whole:
        z, pixels = np.rint(z), np.rint(pixels * 2) / 2
    centre = np.array([LENS.cx_px, LENS.cy_px]) - 0.5
    xy = (pixels - centre) * z[:, None] / LENS.f_px
    return np.column_stack([xy, z]), random.random((3, count)).astype(np.float32)


def wall(width: int = 60, height: int = 40, inverse: float = 0.25, seed: int = 0):
    """A scene of one frontal wall whose every pixel is its own."""
    rgb = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return point_scene(photo_of(rgb), depth_of(np.full((height, width), inverse)))


def frame(scene, camera, **options) -> np.ndarray:
    """One frame."""
    with PointRenderer(scene, **options) as drawn:
        return drawn.frame(camera)


def test_at_the_papers_size_the_nearest_point_lies_at_512():
    """The focal length is 512 for a long side of 1024, B = 40, and a disparity of 0 is finite."""
    disparity = np.array([[40.0, 20.0, 0.0]], np.float32)
    depth = depth_from_disparity(disparity, 512)
    np.testing.assert_allclose(depth[0, :2], [512, 1024], rtol=1e-8)
    assert np.isfinite(depth).all()
    photo, flat = photo_of(smooth_pattern(1024, 40)), depth_of(np.full((40, 1024), 0.5))
    scene = point_scene(photo, replace(flat, f_px=512.0))
    np.testing.assert_allclose(scene.points[:, 2], 512, rtol=1e-8)


# --- against the words written out ---


@given(seed=st.integers(0, 10_000), whole=st.booleans())
def test_the_renderer_agrees_with_its_words_written_out(seed, whole):
    scattered, data = random_points(seed, whole=whole)
    splat = render_points(scattered, data, LENS)
    values, weight = literal_points.render(scattered, data, LENS.size_px, LENS.f_px, LENS.cx_px, LENS.cy_px)
    np.testing.assert_allclose(splat.weight, weight, atol=1e-9)
    np.testing.assert_allclose(splat.values, values, atol=1e-6)


@given(seed=st.integers(0, 10_000), share=st.floats(0.02, 0.98))
def test_the_hole_filling_agrees_with_its_words_written_out(seed, share):
    random = np.random.default_rng(seed)
    shape = tuple(random.integers(1, 20, 2))
    covered = random.random(shape) < share
    values, depth = random.random((2, *shape)).astype(np.float32), random.integers(1, 5, shape).astype(np.float32)
    filled, now = fill_holes(values, depth, covered)
    literal_filled, literal_now = literal_points.fill(values, depth, covered)
    np.testing.assert_array_equal(now, literal_now)
    np.testing.assert_array_equal(filled, literal_filled)


@given(seed=st.integers(0, 10_000), whole=st.booleans())
def test_de_grid_agrees_with_its_words_written_out(seed, whole):
    """Whole numbers make neighbours that are behind by exactly 1."""
    z_buffer = 1e6 - np.random.default_rng(seed).uniform(0, 4, (7, 9))
    z_buffer = np.rint(z_buffer) if whole else z_buffer
    before = z_buffer.copy()
    np.testing.assert_allclose(without_grid(z_buffer), literal_points.de_grid(z_buffer), atol=1e-9)
    np.testing.assert_array_equal(z_buffer, before)


@given(seed=st.integers(0, 10_000))
def test_the_edge_filter_agrees_with_its_kernel_written_out(seed):
    disparity = np.random.default_rng(seed).uniform(39, 40.5, (6, 8)).astype(np.float32)
    around = np.pad(disparity.astype(np.float64) / disparity.max(), 1, mode="edge")
    expected = np.empty((6, 8), bool)
    for row, column in np.ndindex(6, 8):
        above, above_right = around[row, column + 1], around[row, column + 2]
        left, own, below_left = around[row + 1, column], around[row + 1, column + 1], around[row + 2, column]
        expected[row, column] = abs(4 * own - above - above_right - left - below_left) < 0.03
    np.testing.assert_array_equal(away_from_edges(disparity), expected)


# --- analytic scenes ---


@given(shift_px=st.integers(-20, 20), inverse=st.floats(0.1, 2))
def test_a_plane_shifts_by_f_dx_over_z(shift_px, inverse):
    """Whole pixels: every pixel that stays in the frame keeps its exact colour."""
    scene = wall(inverse=inverse)
    dx_m = shift_px / (F_PX * scene.inverse_depth[0, 0].astype(float))
    shown = frame(scene, scene.camera.moved(x_m=dx_m), border="black")
    width = scene.camera.size_px[0]
    columns = np.arange(width) + shift_px
    inside = (columns >= 0) & (columns < width)
    np.testing.assert_array_equal(shown[:, inside], scene.picture[:, columns[inside]])
    assert (shown[:, ~inside] == 0).all()


def test_a_plane_shifts_by_half_pixels_too():
    """Half a pixel: the mean of two neighbours."""
    scene = wall()
    shown = frame(scene, scene.camera.moved(x_m=0.5 / (F_PX * 0.25)))
    mean = (scene.picture[:, :-1].astype(float) + scene.picture[:, 1:]) / 2
    assert np.abs(shown[:, :-1] - mean).max() <= 1


@given(step_px=st.integers(3, 20))
def test_a_card_uncovers_a_strip_as_wide_as_the_parallaxes_differ(step_px):
    """To the pixel; the edge filter removes one more pixel of the card and one of the wall."""
    photo, depth = card_before_wall()
    scene = point_scene(photo, depth)
    dx_m = step_px / (F_PX * (1 - 0.25))
    covered = coverage(scene, scene.camera.moved(x_m=dx_m))
    border_px = int(np.ceil(F_PX * dx_m * 0.25))
    row = covered[50, : 120 - border_px]
    assert abs((~row).sum() - (step_px + 2)) <= 1  # the wall lands between pixels
    assert np.diff(np.flatnonzero(~row)).max() == 1


def test_what_a_card_uncovers_is_filled_with_the_wall():
    """The deeper end of the shortest span: no red in the strip, and no hole."""
    photo, depth = card_before_wall()
    scene = point_scene(photo, depth)
    camera = scene.camera.moved(x_m=0.12)
    shown = frame(scene, camera)
    strip = ~coverage(scene, camera)
    strip[:, 110:] = False
    assert strip.sum() > 200
    assert np.abs(shown[strip].astype(int) - BLUE).max() <= 1


@given(zoom=st.floats(1.05, 1.95))
def test_de_grid_closes_a_magnified_surface(zoom):
    """A red card that comes nearer stays whole: none of the blue wall shows between its points."""
    photo, depth = card_before_wall(far=0.05)
    scene = point_scene(photo, depth)
    camera = scene.camera.moved(z_m=1 - 1 / zoom)
    shown = frame(scene, camera)
    half = int(17 * zoom)
    middle = np.s_[max(0, 50 - half) : 50 + half, max(0, 60 - half) : 60 + half]
    assert np.abs(shown[middle].astype(int) - RED).max() <= 1


@pytest.mark.parametrize("relief", [10, 20])
def test_nothing_shows_through_a_magnified_bend(relief):
    """A white bump before a black wall that has points everywhere: no speck, which one pass of de-grid leaves."""
    lens = camera_of_photo((120, 100), 100.0)
    y, x = np.mgrid[:100, :120]
    bump = np.exp(-((x - 60) ** 2 + (y - 50) ** 2) / 30**2)
    front, back = (
        (directions(lens) * depth_from_disparity(disparity.astype(np.float32), 100.0)[..., None]).reshape(-1, 3)
        for disparity in (40 - relief + relief * bump, np.full((100, 120), 2.0))
    )
    white_and_black = np.repeat(np.array([[1, 0]], np.float32), 100 * 120, axis=1)
    for zoom in np.linspace(1.05, 1.85, 9):
        seen = np.concatenate([front, back]) - (0.9, 1.1, 100 * (1 - 1 / zoom))
        shown = render_points(seen, white_and_black, lens).values[0]
        assert shown[20:80, 20:100].min() > 0.99


def test_nothing_shows_through_at_the_border_of_the_frame():
    """A card that grows out of the frame is red up to the first row, where de-grid needs pixels beyond it."""
    inverse_depth = np.full((100, 120), 0.05)
    inverse_depth[:, 20:100] = 1
    rgb = np.where(inverse_depth[..., None] == 1, RED, BLUE).astype(np.uint8)
    scene = point_scene(photo_of(rgb), depth_of(inverse_depth))
    for zoom in (1.4, 1.5, 1.6):
        shown = frame(scene, scene.camera.moved(z_m=1 - 1 / zoom))
        assert np.abs(shown[:, 6:-6].astype(int) - RED).max() <= 1


def test_a_hole_at_the_border_stays_one():
    """No ray fills it; then it is continued from the nearest pixel, or black."""
    scene = wall()
    camera = scene.camera.moved(x_m=10 / (F_PX * 0.25))
    np.testing.assert_array_equal(coverage(scene, camera), np.broadcast_to(np.arange(60) < 50, (40, 60)))
    assert (frame(scene, camera, border="black")[:, 50:] == 0).all()
    continued = frame(scene, camera)
    inner = continued[1:-1]
    assert (inner[:, 50:] == inner[:, 48:49]).all()  # the outermost pixels are passed over


def test_at_rest_the_photo_comes_back():
    """Byte for byte, but for the two pixels on either side of a step of the depth."""
    photo, depth = card_before_wall()
    rgb = photo.rgb.copy()
    rgb[:] = smooth_pattern(120, 100)
    scene = point_scene(photo_of(rgb), depth)
    shown = frame(scene, scene.camera)
    far_from_edges = cv2.erode(away_from_edges(scene.disparity).astype(np.uint8), np.ones((3, 3))) > 0
    assert far_from_edges.mean() > 0.9
    np.testing.assert_array_equal(shown[far_from_edges], rgb[far_from_edges])


# --- scale and cameras ---


@given(scale=st.floats(0.01, 100))
def test_a_scene_k_times_as_large_looks_the_same_after_k_times_the_move(scale):
    """Metres and the paper's units go together."""
    photo, depth = card_before_wall()
    scene = point_scene(photo, depth)
    larger = point_scene(photo, depth_of(depth.inverse_depth / scale))
    move = {"x_m": 0.08, "y_m": -0.03, "z_m": 0.1}
    shown = frame(scene, scene.camera.moved(**move))
    shown_larger = frame(larger, scene.camera.moved(**{axis: scale * far for axis, far in move.items()}))
    assert np.abs(shown.astype(int) - shown_larger).mean() < 0.5  # rounding of float32 moves points by 1/256 px
    np.testing.assert_allclose(larger.points, scene.points, rtol=1e-5)


def test_points_lie_where_the_depth_says_in_metres():
    photo, depth = card_before_wall()
    scene = point_scene(photo, depth)
    metres = scene.points / scene.units_per_m
    assert set(np.round(metres[:, 2], 6)) == {1.0, 4.0}
    assert scene.units_per_m == pytest.approx(F_PX)


def test_a_large_photo_is_made_smaller_and_keeps_its_field_of_view():
    photo = photo_from_array(smooth_pattern(2048, 100), f_px=1500.0)
    depth = DepthMap(np.full((100, 2048), 0.5, np.float32), 1500.0)
    scene = point_scene(photo, depth)
    assert scene.camera.size_px == (1024, 50) and scene.camera.f_px == pytest.approx(750)
    view = camera_of_photo((2048, 100), 1500.0)
    shown = frame(scene, view.moved(x_m=0.02))
    expected = np.roll(photo.rgb, -15, axis=1).astype(int)
    assert np.abs(shown[4:-4, 20:-40] - expected[4:-4, 20:-40]).mean() < 3


def test_steps_of_a_large_depth_stay_steps():
    """No point between a card and its wall comes from making the depth smaller."""
    inverse_depth = np.full((60, 2000), 0.2, np.float32)
    inverse_depth[:, 701:1302] = 1
    photo = photo_from_array(smooth_pattern(2000, 60), f_px=900.0)
    scene = point_scene(photo, DepthMap(inverse_depth, 900.0))
    assert set(np.unique(scene.inverse_depth)) == {np.float32(0.2), np.float32(1)}
    assert len(np.unique(np.rint(scene.points[:, 2]))) == 2


def test_points_too_near_to_the_lens_are_not_drawn():
    """A thousandth of a unit is the least."""
    near = np.array([[0, 0, 0.0009], [0, 0, 0.0], [0, 0, -5.0]])
    assert not render_points(near, np.ones((1, 3), np.float32), LENS).covered.any()
    assert render_points(near + np.array((0, 0, 0.0002)), np.ones((1, 3), np.float32), LENS).covered.any()


@pytest.mark.parametrize("ratio", [0.5, 0.97, 1.0, 1.25, 2.0])
def test_another_focal_length_and_principal_point_are_a_warp_of_the_frame(ratio):
    """Pixels of a smooth picture land where the intrinsics project them."""
    y, x = np.mgrid[:100, :120].astype(np.float64)

    def pattern(x_px, y_px):
        return 120 + 60 * np.sin(x_px / 13) + 40 * np.cos(y_px / 11)

    rgb = np.repeat(pattern(x + 0.5, y + 0.5)[..., None], 3, axis=2).astype(np.uint8)
    scene = point_scene(photo_of(rgb), depth_of(np.full((100, 120), 0.5)))
    camera = Camera((80, 44), F_PX * ratio, 43.3, 20.6)
    shown = frame(scene, camera)
    rows, columns = np.mgrid[:44, :80] + 0.5
    source_x, source_y = (columns - 43.3) / ratio + 60, (rows - 20.6) / ratio + 50
    inside = (source_x > 2) & (source_x < 118) & (source_y > 2) & (source_y < 98)
    assert inside.mean() > 0.5
    assert np.abs(shown[..., 0] - pattern(source_x, source_y))[inside].max() < 2


def test_a_third_of_the_focal_length_is_the_mean_of_nine_pixels():
    scene = wall(60, 42)
    shown = frame(scene, Camera((20, 14), F_PX / 3, 10, 7))
    mean = scene.picture.reshape(14, 3, 20, 3, 3).mean(axis=(1, 3))
    assert np.abs(shown - mean).max() <= 1


def test_a_turned_camera_sees_points_as_its_transform_says():
    scene = wall()
    turn = cv2.Rodrigues(np.array([0.1, -0.2, 0.05]))[0]
    transform = np.eye(4)
    transform[:3, :3], transform[:3, 3] = turn, (0.1, 0.2, -0.3)
    camera = replace(scene.camera, camera_from_world=transform)
    metres = np.column_stack([scene.points / scene.units_per_m, np.ones(len(scene.points))])
    expected = (metres @ transform.T)[:, :3] * scene.units_per_m
    np.testing.assert_allclose(cloud.seen_from(scene.points, camera, scene.units_per_m), expected, rtol=1e-9)


def test_a_camera_inside_or_behind_the_scene_still_gives_a_picture():
    """Points behind it are not drawn; with nothing in view the picture is black."""
    photo, depth = card_before_wall()
    scene = point_scene(photo, depth)
    for z_m in (0.999999, 1.0, 1.5, 3.99999, 5.0, 1e9, -1e9):
        shown = frame(scene, scene.camera.moved(z_m=z_m))
        assert shown.shape == (100, 120, 3)
    assert (frame(scene, scene.camera.moved(z_m=5)) == 0).all()


def test_a_view_much_wider_than_the_photo_is_filled_to_its_border():
    scene = wall()
    assert frame(scene, Camera((60, 40), F_PX / 10, 30, 20)).min() > 0
    assert (frame(scene, Camera((60, 40), F_PX / 10, 30, 20), border="black")[0] == 0).all()


def test_frames_come_in_order_and_the_same_every_time():
    photo, depth = card_before_wall()
    scene = point_scene(photo, depth)
    cameras = [scene.camera.moved(x_m=x_m, z_m=x_m) for x_m in (0.0, 0.05, 0.1)]
    with PointRenderer(scene) as drawn, PointRenderer(scene) as again:
        frames = list(drawn.frames(iter(cameras)))
        for shown, camera in zip(frames, cameras, strict=True):
            np.testing.assert_array_equal(shown, again.frame(camera))
        assert drawn.busy_s > 0
    assert (frames[0] != frames[1]).any()


def test_a_picture_that_is_infinitely_far_never_moves():
    rgb = smooth_pattern(60, 40)
    scene = point_scene(photo_of(rgb), depth_of(np.zeros((40, 60))))
    np.testing.assert_array_equal(frame(scene, scene.camera.moved(x_m=1, z_m=2)), rgb)


def test_continuing_a_frame_without_any_point_changes_nothing():
    nothing = np.zeros((3, 4, 5), np.float32)
    np.testing.assert_array_equal(continue_to_border(nothing, np.zeros((4, 5), bool)), nothing)


def test_directions_look_through_pixel_centres():
    rays = directions(camera_of_photo((4, 2), 10.0))
    np.testing.assert_allclose(rays[0, 0], [-0.15, -0.05, 1])
    np.testing.assert_allclose(rays[1, 3], [0.15, 0.05, 1])


def test_bad_input_is_refused_in_one_line():
    photo, depth = card_before_wall()
    scene = point_scene(photo, depth)
    cases = (
        ("120x100", lambda: point_scene(photo, depth_of(np.ones((7, 9))))),
        ("16 px", lambda: point_scene(photo, depth, long_side_px=3)),
        ("nearest or black", lambda: PointRenderer(scene, border="white")),
    )
    for message, call in cases:
        with pytest.raises(InputError, match=message) as caught:
            call()
        assert "\n" not in str(caught.value)
