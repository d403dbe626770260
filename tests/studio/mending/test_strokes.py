"""Brushes stay on what they are put on, do what they are named after, and are quick."""

from __future__ import annotations

from itertools import pairwise
from time import process_time

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mending_scenes import CENTRE, on_card, wrong_card
from scenes import card_before_wall, checkerboard, landscape, smooth_pattern

from kbvr.errors import InputError
from kbvr.studio.mending.guide import Guide
from kbvr.studio.mending.scale import Scale
from kbvr.studio.mending.stroke import TOOLS, Brush, Stroke

NOTHING = np.zeros((100, 120), bool)


def stroked(before, rgb, brush, points, protected=None):
    protected = np.zeros(before.shape, bool) if protected is None else protected
    stroke = Stroke(before, Guide(rgb), brush, protected, Scale.of(before))
    stroke.extend(np.array(points, np.float64))
    return stroke.after


@pytest.mark.parametrize("tool", ["nearer", "farther", "infinity"])
def test_a_brush_on_a_card_does_not_leak_onto_the_wall(tool):
    """Even if it is much larger than the card."""
    photo, depth = wrong_card()
    before = depth.inverse_depth
    after = stroked(before, photo.rgb, Brush(tool, 60, hardness=1), [(*CENTRE, 1)])
    outside = cv2.dilate(on_card().view(np.uint8), np.ones((3, 3), np.uint8)) == 0
    assert (after[outside] == before[outside]).all()
    changed = (after != before)[on_card()]
    assert changed.mean() > 0.95
    assert ((after > before) if tool == "nearer" else (after < before))[on_card()][changed].all()


def test_a_brush_that_ignores_edges_paints_a_disc():
    photo, depth = wrong_card()
    after = stroked(
        depth.inverse_depth, photo.rgb, Brush("nearer", 35, hardness=1, follows_edges=False), [(*CENTRE, 1)]
    )
    y, x = np.nonzero(after != depth.inverse_depth)
    distance = np.hypot(x - 60, y - 50)
    assert distance.max() <= 36
    assert len(x) == pytest.approx(np.pi * 35**2, rel=0.1)


def test_alike_things_that_are_apart_are_not_connected():
    """A brush on the left card leaves the right one alone, though both are red and in its reach."""
    photo, depth = wrong_card()
    rgb = photo.rgb.copy()
    rgb[:, 58:62] = rgb[0, 0]
    after = stroked(depth.inverse_depth, rgb, Brush("nearer", 60, hardness=1), [(48, 50, 1)])
    changed = after != depth.inverse_depth
    assert changed[40:60, 44:54].all()
    assert not changed[:, 64:].any()


def test_the_brush_fades_from_its_hard_middle_to_its_rim():
    before = np.full((101, 101), 0.5, np.float32)
    flat = np.full((101, 101, 3), 128, np.uint8)
    added = stroked(before, flat, Brush("nearer", 40, strength=1, hardness=0.5), [(50.5, 50.5, 1)]) - before
    row = added[50, 50:95]
    assert np.ptp(row[:18]) < 1e-6
    assert (np.diff(row[20:40]) < 0).all()
    assert (row[41:] == 0).all()


def test_strength_and_pressure_scale_a_stroke():
    before = np.full((101, 101), 0.5, np.float32)
    flat = np.full((101, 101, 3), 128, np.uint8)

    def middle(**settings):
        return stroked(before, flat, Brush("nearer", 20, **settings), [(50, 50, 1)])[50, 50] - 0.5

    assert middle(strength=1) == pytest.approx(2 * middle(strength=0.5), rel=1e-4)
    assert middle(strength=0) == 0
    light = stroked(before, flat, Brush("nearer", 20, hardness=1), [(50, 50, 0.0)]) != before
    full = stroked(before, flat, Brush("nearer", 20, hardness=1), [(50, 50, 1.0)]) != before
    assert 0 < light.sum() < 0.1 * full.sum()


def test_flatten_takes_everything_to_the_depth_where_the_stroke_begins():
    photo, depth = card_before_wall()
    ramp = (depth.inverse_depth + np.linspace(0, 0.4, 120, dtype=np.float32)).astype(np.float32)
    points = [(45, 50, 1), (78, 50, 1)]
    after = stroked(ramp, photo.rgb, Brush("flatten", 15, strength=1, hardness=1), points)
    line = after[50, 42:78]
    assert np.ptp(line) < 0.01
    assert line.mean() == pytest.approx(ramp[50, 45], abs=0.02)


def test_smooth_takes_bumps_away_and_keeps_the_card():
    photo, depth = card_before_wall()
    noise = np.random.default_rng(0).normal(0, 0.02, depth.inverse_depth.shape).astype(np.float32)
    bumpy = np.maximum(depth.inverse_depth + noise, 0)
    points = [(x, y, 1) for y in range(10, 100, 15) for x in (5, 115)]
    after = stroked(bumpy, photo.rgb, Brush("smooth", 24, strength=1, hardness=1), points)
    for inside in (np.s_[38:62, 48:72], np.s_[5:20, 10:110]):
        assert after[inside].std() < 0.5 * bumpy[inside].std()
    assert after[50, 60] - after[50, 20] > 0.7


def test_sharpen_puts_a_blurred_step_on_the_photos_edge():
    photo, depth = card_before_wall()
    blurred = cv2.GaussianBlur(depth.inverse_depth, (0, 0), 1.2)
    points = [(x, y, 1) for y in (30, 50, 70) for x in (40, 60, 80)]
    brush = Brush("sharpen", 25, hardness=1)
    after = stroked(blurred, photo.rgb, brush, points)
    wrong, was_wrong = (np.abs(values - depth.inverse_depth) > 0.1 for values in (after, blurred))
    assert wrong.sum() < 0.15 * was_wrong.sum()


def test_sharpen_leaves_slopes_alone():
    slope = np.tile(np.linspace(0.1, 1, 120, dtype=np.float32), (100, 1))
    brush = Brush("sharpen", 30, strength=1, hardness=1, follows_edges=False)
    assert np.array_equal(stroked(slope, smooth_pattern(120, 100), brush, [(60, 50, 1)]), slope)


def test_infinity_leaves_nothing_in_between():
    photo, depth = card_before_wall()
    after = stroked(depth.inverse_depth, photo.rgb, Brush("infinity", 30, hardness=0), [(10, 10, 1)])
    assert set(np.unique(after)) <= {np.float32(0), np.float32(0.25), np.float32(1)}
    assert after[10, 10] == 0


@given(
    tool=st.sampled_from(("nearer", "farther", "flatten", "infinity")),
    points=st.lists(st.tuples(st.floats(-20, 140), st.floats(-20, 120), st.floats(0, 1)), min_size=1, max_size=12),
    cuts=st.lists(st.integers(0, 12), max_size=3),
)
def test_a_stroke_does_not_depend_on_how_its_points_arrive(tool, points, cuts):
    """One request or many: pages send what the pen has done since the last frame."""
    photo, depth = card_before_wall()
    guide, scale, brush = Guide(photo.rgb), Scale.of(depth.inverse_depth), Brush(tool, 12)
    whole, pieces = (Stroke(depth.inverse_depth, guide, brush, NOTHING, scale) for _ in range(2))
    whole.extend(np.array(points))
    ends = [0, *sorted({min(cut, len(points)) for cut in cuts}), len(points)]
    for start, end in pairwise(ends):
        pieces.extend(np.array(points[start:end], np.float64).reshape(-1, 3))
    assert np.array_equal(whole.after, pieces.after)


@settings(max_examples=60)
@given(
    tool=st.sampled_from(TOOLS),
    radius_px=st.floats(0.5, 200),
    strength=st.floats(0, 1),
    hardness=st.floats(0, 1),
    follows=st.booleans(),
    points=st.lists(st.tuples(st.floats(-50, 200), st.floats(-50, 200), st.floats(0, 1)), min_size=1, max_size=4),
)
def test_every_stroke_leaves_a_valid_depth_and_what_is_protected(tool, radius_px, strength, hardness, follows, points):
    photo, depth = card_before_wall()
    before = depth.inverse_depth
    protected = np.zeros(before.shape, bool)
    protected[::2, 50:] = True
    after = stroked(before, photo.rgb, Brush(tool, radius_px, strength, hardness, follows), points, protected)
    assert np.isfinite(after).all() and (after >= 0).all() and after.max() <= Scale.of(before).highest
    assert (after[protected] == before[protected]).all()
    assert after.dtype == np.float32


def test_the_box_of_a_stroke_holds_all_changes():
    photo, depth = card_before_wall()
    stroke = Stroke(depth.inverse_depth, Guide(photo.rgb), Brush("nearer", 9), NOTHING, Scale.of(depth.inverse_depth))
    changed = np.zeros(depth.inverse_depth.shape, bool)
    for x in (10, 30, 60):
        box = stroke.extend(np.array([(x, 40.0, 1)]))
        changed[box.slices] = True
    assert not (stroke.after != depth.inverse_depth)[~changed].any()
    assert stroke.box.size_px[0] > stroke.box.size_px[1] == 19


@pytest.mark.parametrize("tool", TOOLS)
def test_a_segment_of_a_large_brush_takes_few_milliseconds(tool):
    """At 15% of the long side of a million pixels; measured 2 to 8 ms of a processor."""
    rgb = landscape(1155, 866)
    before = cv2.GaussianBlur(cv2.resize(checkerboard(64, 48)[..., 0], (1155, 866)).astype(np.float32) / 255, (0, 0), 2)
    guide = Guide(rgb)
    assert guide.colours.size
    stroke = Stroke(before, guide, Brush(tool, 0.15 * 1155), np.zeros(before.shape, bool), Scale.of(before))
    times = []
    for x in range(200, 760, 40):
        start = process_time()
        stroke.extend(np.array([(x, 430.0, 1)]))
        times.append(process_time() - start)
    assert np.median(times) < 0.03


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"radius_px": 0}, "expected a brush radius > 0"),
        ({"radius_px": float("nan")}, "expected a brush radius > 0"),
        ({"strength": 1.5}, "expected a strength of 0 to 1"),
        ({"hardness": -1}, "expected a hardness of 0 to 1"),
    ],
)
def test_impossible_brushes_are_refused(values, words):
    with pytest.raises(InputError, match=words):
        Brush(**{"tool": "nearer", "radius_px": 5, **values})
