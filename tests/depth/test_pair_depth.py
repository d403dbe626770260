"""Two views of the same thing: their disparity becomes depth, and the second one shows what the first hides."""

from __future__ import annotations

import logging
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import photo_of
from stereo_pairs import CARD, FAR_PX, NEAR_PX, STRIP, WALL, displaced, pair_photo, poor_estimate, texture, two_eyes

from kbvr.depth.depth_map import DepthMap, sized
from kbvr.depth.pair_alignment import align
from kbvr.depth.pair_depth import depth_of_pair
from kbvr.ldi.scene import build_scene
from kbvr.options.export_options import ExportOptions
from kbvr.photo.photo import Photo
from kbvr.plan.aspect import cropped_around_subject
from kbvr.profiles.depth_source import at_subject_distance

EYES = two_eyes()
ESTIMATE = poor_estimate(EYES.disparity_px)


def never() -> DepthMap:
    raise AssertionError("no estimate is needed")


def measured(photo: Photo, estimate: DepthMap = ESTIMATE) -> DepthMap:
    depth = depth_of_pair(photo, lambda: estimate)
    assert depth is not None
    return depth


def error_px(depth: DepthMap, truth_px: np.ndarray = EYES.disparity_px) -> np.ndarray:
    """The error of every pixel in pixels of disparity, after the best scale and shift."""
    basis = np.stack([depth.inverse_depth.ravel(), np.ones(depth.inverse_depth.size)], axis=1)
    line, *_ = np.linalg.lstsq(basis, truth_px.ravel(), rcond=None)
    return np.abs(basis @ line - truth_px.ravel()).reshape(truth_px.shape)


def wrong_share(depth: DepthMap, truth_px: np.ndarray = EYES.disparity_px) -> float:
    return float((error_px(depth, truth_px) > 1).mean())


def test_the_depth_is_that_of_the_disparity():
    """The estimate's waves and soft edges are gone."""
    assert wrong_share(ESTIMATE) > 0.4
    depth = measured(pair_photo(EYES.left, EYES.right))
    assert wrong_share(depth) < 0.05
    assert np.median(error_px(depth)) < 0.2


def test_the_unit_is_the_estimates():
    """Scale and shift of a disparity are unknown, so distances are those of the network."""
    depth = measured(pair_photo(EYES.left, EYES.right))
    for part in (CARD, np.s_[:, 260:300]):
        middle, expected = np.median(depth.inverse_depth[part]), np.median(ESTIMATE.inverse_depth[part])
        assert middle == pytest.approx(expected, rel=0.15)


@pytest.mark.parametrize("metric", [True, False])
def test_metres_stay_metres(metric):
    depth = measured(pair_photo(EYES.left, EYES.right), replace(ESTIMATE, metric=metric))
    assert depth.metric == metric


def test_swapped_eyes_are_found():
    """Each view may be the photo, from whichever side it is."""
    truth_px = np.full_like(EYES.disparity_px, FAR_PX)
    truth_px[CARD[0], CARD[1].start - NEAR_PX : CARD[1].stop - NEAR_PX] = NEAR_PX
    depth = measured(pair_photo(EYES.right, EYES.left), poor_estimate(truth_px))
    assert wrong_share(depth, truth_px) < 0.05
    assert "; the second view is the left eye's; " in depth.source
    assert depth.behind is not None
    beside = CARD[0], slice(CARD[1].start - NEAR_PX, CARD[1].start - FAR_PX)
    assert depth.behind.known[beside].mean() > 0.7
    assert not depth.behind.known[:, CARD[1].stop - NEAR_PX :].any()


@settings(max_examples=8, deadline=None)
@given(
    roll_deg=st.floats(-2, 2),
    zoom=st.floats(0.97, 1.03),
    down_px=st.floats(-8, 8),
    right_px=st.floats(-15, 15),
)
def test_cameras_need_not_be_aligned(roll_deg, zoom, down_px, right_px):
    """A rolled, zoomed and shifted second camera measures the same depth; so do pairs moved to another screen plane."""
    second = displaced(EYES.right, roll_deg=roll_deg, zoom=zoom, down_px=down_px, right_px=right_px)
    assert wrong_share(measured(pair_photo(EYES.left, second))) < 0.12
    alignment = align(EYES.left, second, side_px=1024)
    assert alignment.residual * EYES.left.shape[1] < 0.5


@pytest.mark.parametrize(
    ("gain", "offset"), [(0.6, 0), (1.5, 0), (0.5, 60), ((1, 0.8, 0.65), 0)], ids=["dark", "light", "hazy", "warm"]
)
def test_the_exposure_of_the_second_view_does_not_matter(gain, offset):
    """Nearly the same depth is measured on nearly as many pixels, though light pixels are clipped."""
    same = measured(pair_photo(EYES.left, EYES.right))
    second = np.clip(EYES.right * np.array(gain) + offset, 0, 255).astype(np.uint8)
    other = measured(pair_photo(EYES.left, second))
    shares = [float(depth.source.split("%")[0]) for depth in (same, other)]
    assert shares[1] > shares[0] - 3
    assert float((np.abs(error_px(other) - error_px(same)) > 1).mean()) < 0.02
    assert wrong_share(other) < wrong_share(same) + 0.01


@pytest.mark.parametrize("coloured", ["first", "second"])
def test_colours_do_not_matter(coloured):
    """A grey view measures the depth of a coloured one."""
    views = {"first": EYES.left, "second": EYES.right}
    views[coloured] = np.repeat(cv2.cvtColor(views[coloured], cv2.COLOR_RGB2GRAY)[..., None], 3, 2)
    assert wrong_share(measured(pair_photo(views["first"], views["second"]))) < 0.05


def test_exposure_and_noise_do_not_matter():
    noise = np.random.default_rng(0).normal(0, 5, EYES.right.shape)
    second = np.clip(EYES.right * 0.7 + 12 + noise, 0, 255).astype(np.uint8)
    assert wrong_share(measured(pair_photo(EYES.left, second))) < 0.08


CROPS = {
    "left and right": np.s_[:, 10:-10],
    "top and bottom": np.s_[8:-8],
    "wide": np.s_[30:-30],
    "one corner": np.s_[6:, :-12],
}


@pytest.mark.parametrize("name", CROPS)
@pytest.mark.parametrize("scale", [1, 1.4])
def test_a_second_view_may_be_cropped(name, scale):
    """What remains of it has square pixels, and measures nearly the depth of the whole view."""
    cropped = np.ascontiguousarray(EYES.right[CROPS[name]])
    second = cv2.resize(cropped, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    depth = measured(pair_photo(EYES.left, second))
    inside = np.s_[32:-32, 36:-22]
    assert (error_px(depth)[inside] > 1).mean() < 0.03
    assert np.median(error_px(depth)[inside]) < 0.3


def test_a_second_view_may_have_another_size():
    second = cv2.resize(EYES.right, None, fx=1.5, fy=1.5, interpolation=cv2.INTER_CUBIC)
    assert wrong_share(measured(pair_photo(EYES.left, second))) < 0.06


def test_measured_pixels_are_surer_than_estimated_ones():
    """The left border is outside the second view."""
    confidence = measured(pair_photo(EYES.left, EYES.right)).confidence
    assert confidence is not None
    assert np.median(confidence[:, :FAR_PX]) == 150
    assert np.median(confidence[CARD]) > 220


@pytest.mark.parametrize("gain", [1.0, 0.75])
def test_the_second_view_shows_the_wall_behind_the_card(gain):
    """In the colours of the first view, and nothing else."""
    second = np.clip(EYES.right * gain, 0, 255).astype(np.uint8)
    depth = measured(pair_photo(EYES.left, second))
    assert depth.behind is not None
    known = np.zeros(EYES.disparity_px.shape, bool)
    known[STRIP] = True
    assert depth.behind.known[STRIP].mean() > 0.75
    assert (depth.behind.known & ~known).mean() < 0.004
    shown = depth.behind.known & known
    wall = WALL[:, : known.shape[1]]
    assert np.abs(depth.behind.rgb[shown].astype(int) - wall[shown]).mean() < 4
    far = np.median(depth.inverse_depth[:, 260:300])
    assert np.abs(depth.behind.inverse_depth[shown] - far).max() < 0.2 * far


def test_what_is_shown_is_not_invented():
    """The hidden layer has the wall's own texture, where the second view shows it."""
    photo = pair_photo(EYES.left, EYES.right)
    depth = measured(photo)
    reach_m = 20 / (depth.f_px * float(np.ptp(depth.inverse_depth)))

    def mean_error(one: DepthMap) -> tuple[float, int]:
        ldi = build_scene(photo, one, reach_m=reach_m).ldi
        frame = ldi.margin_px
        inner = np.s_[frame : frame + EYES.left.shape[0], frame : frame + EYES.left.shape[1]]
        hidden, filled = ldi.hidden.rgba[inner][..., :3], ldi.fill_mask[inner] & depth.behind.known
        shown = 0 if ldi.shown_mask is None else int(ldi.shown_mask.sum())
        return float(np.abs(hidden[filled].astype(int) - WALL[:, : filled.shape[1]][filled]).mean()), shown

    with_view, without = mean_error(depth), mean_error(replace(depth, behind=None))
    assert with_view[1] > 1000
    assert without[1] == 0
    assert with_view[0] < 5 < 12 < without[0]


def test_what_is_behind_follows_the_depth():
    """It is scaled, cropped and resized with it."""
    photo = pair_photo(EYES.left, EYES.right)
    depth = measured(photo)
    nearer = at_subject_distance(depth, photo, ExportOptions(subject_distance_m=0.1))
    factor = nearer.inverse_depth[100, 10] / depth.inverse_depth[100, 10]
    assert factor != pytest.approx(1)
    np.testing.assert_allclose(nearer.behind.inverse_depth, depth.behind.inverse_depth * factor, rtol=1e-5)
    small = sized(photo, depth, (160, 120))[1].behind
    assert small.known[60, STRIP[1].start // 2 + 4]
    cropped, crop, _ = cropped_around_subject(photo, depth, (1, 1))
    assert cropped.second_view is None
    x = next(x for x in range(81) if np.array_equal(EYES.left[:, x : x + 240], cropped.rgb))
    np.testing.assert_array_equal(crop.behind.known, depth.behind.known[:, x : x + 240])


OTHERS = {
    "do not show the same thing": np.ascontiguousarray(texture(9)[:, :320]),
    "show no parallax": EYES.left,
    "do not show the same thing from side by side": np.ascontiguousarray(np.rot90(EYES.left, 2)),
    "do not show the same thing ": np.full_like(EYES.left, 90),
}


@pytest.mark.parametrize("reason", OTHERS)
def test_two_other_pictures_are_no_pair(reason, caplog):
    """One line says why, and the photo is used alone."""
    with caplog.at_level(logging.WARNING):
        assert depth_of_pair(pair_photo(EYES.left, OTHERS[reason]), never) is None
    (record,) = caplog.records
    assert record.getMessage().startswith("the second view (another file) is not used: the two pictures")
    assert reason.strip() in record.getMessage()


def test_photos_without_a_second_view_have_no_pair():
    assert depth_of_pair(photo_of(EYES.left), never) is None


def test_a_network_that_contradicts_the_pair_does_not_bend_it():
    """An estimate that says nothing leaves the disparity."""
    flat = DepthMap(np.full_like(EYES.disparity_px, 0.3), 100.0, network="a-network")
    depth = measured(pair_photo(EYES.left, EYES.right), flat)
    assert wrong_share(depth) < 0.08
