"""The bending of straight segments: exact on planes, and as large as a known wobble."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from jaxtyping import Float32, UInt8

from bench.line_bending import Bends, bends_of, ends_of_path, line_bending, main, segments_of
from kbvr.depth.depth_map import DepthMap
from kbvr.geometry.camera import camera_of_photo

WIDTH, HEIGHT, F_PX = 500, 375, 450.0


def striped(*columns: int, tilt: float = 0.0) -> UInt8[np.ndarray, "H W 3"]:
    """Return a dark picture with bright bars from near the top to near the bottom."""
    grey = np.full((HEIGHT, WIDTH), 60, np.uint8)
    for column in columns:
        ends = (round(column - tilt * 150), 30), (round(column + tilt * 150), HEIGHT - 30)
        cv2.line(grey, *ends, 200, 9)
    return np.repeat(grey[..., None], 3, axis=2)


def plane(*, wobble: float = 0.0, waves: float = 2.0) -> Float32[np.ndarray, "H W"]:
    """Return the inverse depth of a slanted plane, with a sine along the rows' direction, 1/m."""
    x, y = np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5)
    wave = np.sin(2 * np.pi * waves * (y - 30) / (HEIGHT - 60))
    return (0.3 + 0.0004 * x + 0.0006 * y + wobble * wave).astype(np.float32)


def test_segments_are_the_sides_of_the_bars():
    """A bar has two long sides, in the photo's pixels; short marks are not segments."""
    rgb = striped(200)
    cv2.line(rgb, (400, 100), (400, 108), (250, 250, 250), 1)
    segments = segments_of(rgb)
    assert len(segments.ends) == 2
    np.testing.assert_allclose(np.sort(segments.ends[..., 0].mean(axis=1)), (195, 206), atol=0.6)


def test_a_larger_photo_has_the_same_segments():
    """Positions are in pixels of the photo, although segments are found at a smaller size."""
    large = cv2.resize(striped(200), None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    np.testing.assert_allclose(np.sort(segments_of(large).ends[..., 0].mean(axis=1)) / 4, (195, 206), atol=0.6)


@pytest.mark.parametrize("move", [(0.1, 0.0, 0.0), (0.05, 0.08, 0.3), (0.0, 0.0, -0.4)])
def test_lines_on_a_plane_stay_straight(move: tuple[float, float, float]):
    """Inverse depth that is linear in pixels moves straight lines to straight lines, wherever the camera goes."""
    view = camera_of_photo((WIDTH, HEIGHT), F_PX).moved(*move).turned(5, -3)
    bending = line_bending(striped(150, 320, tilt=0.2), DepthMap(plane(), F_PX), view)
    assert bending.segments >= 4
    assert bending.torn_share == 0
    assert bending.p90_px < 0.02


@pytest.mark.parametrize("size_px", [(WIDTH, HEIGHT), (2 * WIDTH, 2 * HEIGHT)])
def test_a_wobble_bends_lines_by_its_parallax(size_px: tuple[int, int]):
    """A sine of amplitude a bends upright lines by f x_m a, whatever the view's size, here in pixels per 1000."""
    wobble, x_m = 0.02, 0.3
    view = camera_of_photo((WIDTH, HEIGHT), F_PX).resized(size_px).moved(x_m=x_m)
    bending = line_bending(striped(150, 320), DepthMap(plane(wobble=wobble, waves=4), F_PX), view)
    expected_px = F_PX * x_m * wobble * 1000 / WIDTH
    assert bending.p90_px == pytest.approx(expected_px, rel=0.08)


def test_a_move_along_a_line_does_not_bend_it():
    """Points that slide along their line stay on it."""
    view = camera_of_photo((WIDTH, HEIGHT), F_PX).moved(y_m=0.3)
    assert line_bending(striped(250), DepthMap(plane(wobble=0.02), F_PX), view).p90_px < 0.02


def test_an_outline_belongs_to_the_nearer_side():
    """A flat card before a wobbling wall keeps its outline straight."""
    rgb = np.full((HEIGHT, WIDTH, 3), 60, np.uint8)
    inverse_depth = plane(wobble=0.03)
    rgb[40:-40, 200:300], inverse_depth[40:-40, 200:300] = 220, 1.5
    view = camera_of_photo((WIDTH, HEIGHT), F_PX).moved(x_m=0.2)
    bending = line_bending(rgb, DepthMap(inverse_depth, F_PX), view)
    assert bending.segments >= 2
    assert bending.p90_px < 0.02


def test_a_segment_whose_depth_jumps_is_torn():
    """Half of a bar stands in front: it is torn, not bent."""
    inverse_depth = plane()
    inverse_depth[: HEIGHT // 2] += 0.5
    bending = line_bending(
        striped(150), DepthMap(inverse_depth, F_PX), camera_of_photo((WIDTH, HEIGHT), F_PX).moved(0.1)
    )
    assert (bending.torn_share, bending.segments) == (1, 0)
    assert np.isnan(bending.p90_px)


def test_segments_outside_the_view_do_not_count():
    """Of two bars, the one that leaves the frame is neither bent nor torn."""
    view = camera_of_photo((WIDTH, HEIGHT), F_PX).turned(20, 0)
    bends = bends_of(segments_of(striped(40, 400)), DepthMap(plane(), F_PX), view)
    assert np.isfinite(bends.px).sum() == 2
    assert not bends.torn.any()


def test_a_picture_without_lines_has_no_bending():
    """Nothing to measure gives NaN, not 0."""
    bending = line_bending(
        np.full((HEIGHT, WIDTH, 3), 90, np.uint8), DepthMap(plane(), F_PX), camera_of_photo((WIDTH, HEIGHT), F_PX)
    )
    assert np.isnan([bending.p90_px, bending.mean_px, bending.torn_share]).all()
    assert bending.segments == 0


def test_the_summary_weighs_segments_by_their_lengths():
    """Nine tenths of the length bend by 1 px or less; short segments hardly change the mean."""
    bends = Bends(np.array([1.0, 8.0, np.nan]), np.array([False, False, True]), np.array([950.0, 50.0, 500.0]))
    summary = bends.summary()
    assert summary.p90_px == 1
    assert summary.mean_px == pytest.approx(1.35)
    assert summary.torn_share == pytest.approx(1 / 3)
    assert summary.segments == 2


def test_the_ends_of_a_path_are_its_extremes():
    """Swing ends as far to the left as to the right; the Ken Burns move ends nearer than it starts."""
    depth, rgb = DepthMap(plane(), F_PX), striped(60)
    left, right = (view.camera_from_world[:3, 3] for view in ends_of_path(rgb, depth, "swing"))
    assert left[0] == pytest.approx(-right[0])
    assert abs(left[0]) > 0.01
    first, last = (view.camera_from_world[:3, 3] for view in ends_of_path(rgb, depth, "kenburns"))
    assert last[2] < first[2]


def test_the_command_prints_every_photo_and_the_mean(tmp_path, capsys):
    """A row for each photo, and one for the mean; a file that is not a photo is an error in one line."""
    file = tmp_path / "bars.png"
    cv2.imwrite(str(file), striped(150, 320))
    assert main([str(file)]) == 0
    out = capsys.readouterr().out
    assert "| bars" in out
    assert "| mean of 1" in out
    assert main([str(tmp_path / "none.png")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
