"""Autostereograms: matching them as eyes do gives the depth."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import kbvr
from kbvr.errors import InputError
from kbvr.formats.spec.format import Item
from kbvr.formats.still.autostereogram import (
    MU,
    OVERSAMPLING,
    autostereogram,
    check_autostereogram,
    dots,
    eyes_px,
    links,
    most_detailed_strip,
    separations_px,
    visible_to_both,
)
from kbvr.options.export_options import FileOptions

EXAMPLES = Path(__file__).parents[3] / "examples"
EYES = eyes_px(640)


def step(near: float = 1.0, far: float = 0.0) -> np.ndarray:
    nearness = np.full((48, 640), far, np.float32)
    nearness[:, 240:400] = near
    return nearness


def matched_px(picture: np.ndarray, near_px: int, far_px: int) -> np.ndarray:
    """For every pixel, the shift at which 9x9 pixels to its left and right match best, as eyes match them."""
    width = picture.shape[1]
    costs = []
    for apart in range(near_px, far_px + 1):
        left, right = apart // 2, apart - apart // 2
        cost = np.full(picture.shape[:2], 1e9, np.float32)
        moved = np.abs(picture[:, :-apart].astype(np.float32) - picture[:, apart:]).sum(axis=2)
        cost[:, left : width - right] = cv2.blur(moved, (9, 9))
        costs.append(cost)
    return near_px + np.argmin(costs, axis=0)


def test_near_dots_are_closer_together_than_far_ones() -> None:
    """(1 - mu z) E / (2 - mu z): half the eyes' distance at the far plane, two fifths of it at the near one."""
    apart = separations_px(np.array([[0.0, 1.0]], np.float32), 1000)
    assert apart.tolist() == [[500, 400]]


@pytest.mark.parametrize("pattern", ["dots", "photo"])
def test_matching_recovers_the_depth(pattern: str) -> None:
    nearness = step(0.9, 0.1)
    photo = np.random.default_rng(5).integers(0, 256, (48, 640, 3), np.uint8)
    base = dots(640, 48) if pattern == "dots" else most_detailed_strip(photo, EYES // 2 * 4 // 3)
    picture = autostereogram(nearness, base)
    wanted = separations_px(nearness, 64 * EYES) / 64
    found = matched_px(picture, int(wanted.min()) - 3, int(wanted.max()) + 3)
    inside = np.s_[6:-6, EYES // 2 : -EYES // 2]
    right = np.abs(found - wanted)[inside] < 1
    assert right.mean() > 0.9
    assert right[:, 240 - EYES // 2 + 30 : 400 - EYES // 2 - 30].mean() > 0.99


def test_a_slope_comes_back_as_a_slope() -> None:
    nearness = np.tile(np.linspace(0, 1, 640, dtype=np.float32), (48, 1))
    wanted = separations_px(nearness, 64 * EYES) / 64
    found = matched_px(autostereogram(nearness, dots(640, 48)), int(wanted.min()) - 3, int(wanted.max()) + 3)
    inside = np.s_[6:-6, EYES // 2 : -EYES // 2]
    assert (np.abs(found - wanted)[inside] <= 1).mean() > 0.9


def test_depth_has_finer_levels_than_pixels() -> None:
    """Two planes whose separations differ by less than a pixel look different."""
    apart = [separations_px(np.full((1, 1), nearness, np.float32), EYES)[0, 0] for nearness in (0.5, 0.46)]
    assert apart[0] == apart[1]
    first, second = (autostereogram(np.full((4, 640), nearness, np.float32), dots(640, 4)) for nearness in (0.5, 0.46))
    assert (first != second).any()


def test_a_photos_depth_can_be_seen(tmp_path: Path) -> None:
    """Matching the file itself: nearer where the depth map is nearer."""
    report = kbvr.export(EXAMPLES / "temple.jpg", tmp_path, still="autostereogram", depth_map="npy")
    picture = np.asarray(Image.open(report.written[0].file.path))
    inverse_depth = 1 / np.load(report.written[1].file.path)
    eyes = eyes_px(picture.shape[1])
    found = matched_px(picture, eyes * 2 // 5 - 1, eyes // 2 + 1)[:, eyes // 2 : -eyes // 2]
    shown = np.clip(inverse_depth, *np.percentile(inverse_depth, (1, 99)))[:, eyes // 2 : -eyes // 2]
    assert np.corrcoef(found.ravel(), shown.ravel())[0, 1] < -0.9


def test_hidden_points_link_no_dots() -> None:
    """Next to a near card one eye sees the wall and the other the card: MU E / 4 of the far plane has no links."""
    seen = visible_to_both(step(), EYES)
    assert seen[:, 240:400].all()
    hidden = ~seen[0]
    assert hidden[:240].any() and hidden[400:].any()
    assert hidden[:240].sum() == pytest.approx(MU * EYES / 4, abs=1)
    assert hidden[:240].sum() == hidden[400:].sum()
    assert hidden[239] and hidden[400] and not hidden[100]


def test_a_dot_is_linked_to_the_right_only() -> None:
    linked = links(np.random.default_rng(0).uniform(0, 1, (8, 300)).astype(np.float32), eyes_px(300))
    assert linked.shape == (8, 300 * OVERSAMPLING)
    assert (linked >= np.arange(300 * OVERSAMPLING)).all()
    assert linked.max() < 300 * OVERSAMPLING


def test_a_flat_picture_repeats_exactly() -> None:
    picture = autostereogram(np.zeros((8, 640), np.float32), dots(640, 8))
    assert (picture[:, : -EYES // 2] == picture[:, EYES // 2 :]).all()


def test_the_strip_has_the_most_detail_and_repeats_seamlessly() -> None:
    rgb = np.full((40, 300, 3), 90, np.uint8)
    rgb[:, 200:240] = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    strip = most_detailed_strip(rgb, 80)
    assert strip.shape == (40, 60, 3)
    assert strip.std() > 20
    smooth = np.tile(np.linspace(0, 255, 300).astype(np.uint8)[None, :, None], (40, 1, 3))
    closed = most_detailed_strip(smooth, 80).astype(int)
    assert np.abs(closed[:, -1] - closed[:, 0]).max() < 12, "without blending it would jump by 68"


@given(st.integers(8, 90), st.integers(1, 40), st.sampled_from(["dots", "photo"]))
def test_any_size_makes_an_autostereogram(width, height, pattern):
    nearness = np.random.default_rng(width).uniform(0, 1, (height, width)).astype(np.float32)
    rgb = np.random.default_rng(height).integers(0, 256, (height, width, 3), np.uint8)
    base = dots(width, height) if pattern == "dots" else most_detailed_strip(rgb, max(1, eyes_px(width) // 2))
    assert autostereogram(nearness, base).shape == (height, width, 3)


def test_a_picture_narrower_than_the_eyes_is_refused() -> None:
    with pytest.raises(InputError, match="at least 8 px wide"):
        check_autostereogram((7, 5000), Item("autostereogram", Path("a.png")), FileOptions())
