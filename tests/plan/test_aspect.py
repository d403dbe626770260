"""A photo that is cut to another shape keeps its subject."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import depth_of, photo_of

import kbvr
from kbvr.depth.scene_depth import scene_depth_of
from kbvr.motion.consequences import Landmarks
from kbvr.plan.aspect import HEADROOM, cropped_around_subject, size_within


@given(
    st.tuples(st.integers(16, 5000), st.integers(16, 5000)),
    st.sampled_from([(9.0, 16.0), (4.0, 5.0), (1.0, 1.0), (2.39, 1.0)]),
)
def test_a_shape_fits_and_fills_the_photo_one_way(size_px, aspect):
    width, height = size_within(size_px, aspect)
    assert width <= size_px[0] and height <= size_px[1]
    assert width == size_px[0] or height == size_px[1]
    assert abs(width - height * aspect[0] / aspect[1]) <= max(1, aspect[0] / aspect[1])


@pytest.mark.parametrize("across", [True, False])
@pytest.mark.parametrize("start", [0, 40, 90])
def test_the_cut_holds_the_nearest_thing(start, across):
    """A near card before a far wall, wherever it stands, is whole in a square."""
    inverse_depth = np.full((60, 120), 0.2)
    inverse_depth[20:40, start : start + 30] = 1.0
    rgb = np.zeros((60, 120, 3), np.uint8)
    rgb[20:40, start : start + 30] = 255
    if not across:
        inverse_depth, rgb = inverse_depth.T, np.ascontiguousarray(rgb.transpose(1, 0, 2))
    photo, depth, _ = cropped_around_subject(photo_of(rgb), depth_of(inverse_depth), (1.0, 1.0))
    assert photo.size_px == (60, 60) == depth.inverse_depth.shape
    assert (photo.rgb == 255).all(axis=2).sum() == 600
    assert np.array_equal(photo.rgb[..., 0] == 255, depth.inverse_depth == 1.0)


@pytest.mark.parametrize(("left", "middle"), [(30, 44), (50, 64), (70, 84)])
def test_the_subject_is_in_the_middle_of_the_cut(left, middle):
    """The cut of a photo 160 px wide is 60 px wide, and its subject 28 px."""
    inverse_depth = np.full((60, 160), 0.2)
    inverse_depth[15:45, left : left + 28] = 1.0
    rgb = np.repeat(np.arange(160, dtype=np.uint8)[None, :, None], 60, axis=0).repeat(3, axis=2)
    photo, *_ = cropped_around_subject(photo_of(rgb), depth_of(inverse_depth), (1.0, 1.0))
    assert photo.rgb[0, 30, 0] == pytest.approx(middle, abs=1)


def test_of_a_subject_that_is_too_high_the_cut_keeps_the_head():
    """A person from 20 to 110 px of 120 px, of which the cut shows 45 px."""
    inverse_depth = np.full((120, 80), 0.2)
    inverse_depth[20:110, 30:50] = 1.0
    rgb = np.repeat(np.arange(120, dtype=np.uint8)[:, None, None], 80, axis=1).repeat(3, axis=2)
    photo, *_ = cropped_around_subject(photo_of(rgb), depth_of(inverse_depth), (16.0, 9.0))
    assert 16 <= photo.rgb[0, 0, 0] <= 20


def test_of_a_group_that_is_too_wide_the_cut_keeps_what_counts_most():
    """A large card in the middle and smaller ones to both sides, one of them farther out."""
    inverse_depth = np.full((60, 160), 0.2)
    for left, right, top in ((24, 40, 20), (66, 94, 8), (104, 118, 22)):
        inverse_depth[top:52, left:right] = 1.0
    rgb = np.repeat(np.arange(160, dtype=np.uint8)[None, :, None], 60, axis=0).repeat(3, axis=2)
    photo, *_ = cropped_around_subject(photo_of(rgb), depth_of(inverse_depth), (2.0, 3.0))
    assert photo.rgb[0, 0, 0] <= 66 and photo.rgb[0, -1, 0] >= 93


def test_the_subject_of_the_photo_is_the_subject_of_the_cut():
    """A tall card and, in the cut, a nearer post at the side; the card is cut off at the bottom."""
    inverse_depth = np.full((120, 160), 0.2)
    inverse_depth[20:110, 60:100] = 1.0
    rgb = np.full((120, 160, 3), 60, np.uint8)
    rgb[20:110, 60:100] = (220, 180, 60)
    whole = Landmarks(scene_depth_of(depth_of(inverse_depth)), rgb).subject
    photo, depth, subject = cropped_around_subject(photo_of(rgb), depth_of(inverse_depth), (8.0, 2.0))
    assert subject.inverse_depth == whole.inverse_depth
    assert (subject.left, subject.right) == pytest.approx((whole.left, whole.right))
    assert subject.bottom == 1
    assert photo.size_px == (160, 40)
    top_px = 120 * whole.top - (20 - 40 * HEADROOM // 1)
    assert 40 * subject.top == pytest.approx(top_px, abs=2)
    near = cv2.resize(subject.cells.astype(np.uint8), photo.size_px, interpolation=cv2.INTER_NEAREST) > 0
    assert depth.inverse_depth[near].mean() > 0.9
    assert near[depth.inverse_depth == 1.0].mean() > 0.9


def test_the_move_through_a_cut_goes_by_the_subject_of_the_photo(tmp_path):
    """What is left of a flower in a cut, its stem, is not looked for again."""
    inverse_depth = np.full((90, 160), 0.2)
    inverse_depth[10:50, 90:130] = 1.0
    rgb = np.full((90, 160, 3), 60, np.uint8)
    rgb[10:50, 90:130] = (220, 180, 60)
    plan = kbvr.plan_export(
        photo_of(rgb), depth_of(inverse_depth), tmp_path, kenburns=True, seconds=0.1, aspect=(1.0, 1.0)
    )
    whole = Landmarks(scene_depth_of(depth_of(inverse_depth)), rgb).subject
    assert plan.landmarks.known_subject is not None
    assert plan.landmarks.subject.inverse_depth == whole.inverse_depth
    assert plan.landmarks.subject.top == pytest.approx(whole.top, abs=0.02)


def test_a_wall_is_cut_in_its_middle():
    rgb = np.zeros((20, 41, 3), np.uint8)
    rgb[:, 20] = 255
    photo, *_ = cropped_around_subject(photo_of(rgb), depth_of(np.full((20, 41), 0.5)), (1.0, 2.0))
    assert photo.size_px == (10, 20)
    assert (photo.rgb[:, 5] == 255).all()


def test_every_output_has_the_shape(tmp_path):
    """And a view of the cut photo is at most as large as the cut."""
    picture = np.full((96, 160, 3), 90, np.uint8)
    cv2.circle(picture, (120, 50), 20, (250, 60, 60), -1)
    cv2.imwrite(str(tmp_path / "a.png"), picture)
    np.save(tmp_path / "d.npy", np.where(picture[..., 0] > 200, 1.0, 4.0).astype(np.float32))
    report = kbvr.export(
        *(tmp_path / "a.png", tmp_path),
        aspect="1:1",
        still="left-right",
        kenburns=True,
        depth_map="npy",
        seconds=0.1,
        gltf=True,
        depth=tmp_path / "d.npy",
        depth_kind="depth-m",
    )
    sizes = {one.item.format: one.file.size_px for one in report.written}
    assert sizes["picture"] == sizes["video"] == sizes["depth-map"] == (96, 96)
    card = (np.load(next(tmp_path.glob("*_m.npy"))) < 2).sum()
    assert card == pytest.approx((picture[..., 0] > 200).sum(), rel=0.02)  # but for its smoothed rim
