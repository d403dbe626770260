"""Depth: the built-in network against the truth, its placement in metres, and edges on the photo's edges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import photo_of

import kbvr
from bench.depth_pairs import measure
from bench.estimates import BUILT_IN
from bench.pairs import load_pairs
from export.steep import steepened
from kbvr.depth.depth_map import DepthMap
from kbvr.depth.guided_upsample import upsample_along_edges
from kbvr.depth.networks import BUILT_IN_NETWORK, depth_network
from kbvr.depth.placement import FARTHEST_OVER_NEAREST, place
from kbvr.depth.predict import DepthPrediction, merged, network_size_px, predict_depth, trusted_sky
from kbvr.depth.straighten import straightened
from kbvr.errors import InputError
from kbvr.nets import built_in_card


def ramp(height: int = 40, width: int = 60) -> np.ndarray:
    return np.linspace(-3, 5, height, dtype=np.float32)[:, None] * np.ones((1, width), np.float32)


@given(near_m=st.floats(0.2, 20), scale=st.floats(0.01, 100), shift=st.floats(-50, 50))
def test_placement_does_not_depend_on_scale_and_shift_of_the_network(near_m, scale, shift):
    photo = photo_of(np.zeros((40, 60, 3), np.uint8))
    plain = place(ramp(), None, photo, near_m=near_m).inverse_depth
    other = place(ramp() * np.float32(scale) + np.float32(shift), None, photo, near_m=near_m).inverse_depth
    assert np.allclose(plain, other, rtol=1e-3, atol=1e-3 / near_m)


@given(near_m=st.floats(0.2, 20))
def test_the_near_end_is_at_near_m_and_the_far_end_is_limited(near_m):
    inverse_depth = place(ramp(), None, photo_of(np.zeros((40, 60, 3), np.uint8)), near_m=near_m).inverse_depth
    assert np.percentile(inverse_depth, 98) == pytest.approx(1 / near_m, rel=0.02)
    assert np.percentile(inverse_depth, 2) == pytest.approx(1 / near_m / FARTHEST_OVER_NEAREST, rel=0.1)


def test_the_sky_is_infinitely_far():
    sky = np.zeros((40, 60), np.float32)
    sky[:10] = 1
    depth = place(ramp(), sky, photo_of(np.zeros((40, 60, 3), np.uint8)), near_m=1.0)
    assert (depth.inverse_depth[:10] == 0).all()
    assert (depth.inverse_depth[12:] > 0).all()


def test_whatever_is_clearly_nearer_than_the_sky_is_not_sky():
    """A cross that the sky mask covers: it stays, and what is as far as the sky around it is infinitely far."""
    relative = np.full((40, 60), 1.0, np.float32)
    relative[20:] = np.linspace(1.5, 5.0, 20, dtype=np.float32)[:, None]
    relative[5:20, 30] = 2.0
    relative[:20, :20] += np.float32(0.1)  # networks see clouds
    sky = np.zeros((40, 60), np.float32)
    sky[:20] = 1
    depth = place(relative, sky, photo_of(np.zeros((40, 60, 3), np.uint8)), near_m=1.0)
    assert (depth.inverse_depth[5:20, 30] > 0.1).all()
    assert (np.delete(depth.inverse_depth[:20], 30, axis=1) == 0).all()


def test_only_a_sky_that_is_sure_and_reaches_the_top_is_trusted():
    """A lake below, and a patchy background that is half sure, are no sky."""
    sky = np.zeros((40, 60), np.float32)
    sky[:8, :30] = 0.97
    sky[:12, 40:] = 0.6
    sky[25:35, 10:50] = 0.99
    trusted = trusted_sky(sky)
    assert (trusted[:8, :30] == sky[:8, :30]).all()
    assert not trusted[:, 40:].any()
    assert not trusted[20:].any()


@pytest.mark.parametrize("relative", [np.zeros((40, 60), np.float32), np.full((40, 60), 7, np.float32)])
def test_a_network_that_sees_no_depth_gives_a_flat_scene(relative):
    depth = place(relative, None, photo_of(np.zeros((40, 60, 3), np.uint8)), near_m=1.0)
    assert np.ptp(depth.inverse_depth) == 0


def test_the_noise_of_a_wall_behind_a_small_thing_is_no_depth():
    """A wall of 20000 +- 1 and one thing of 1% at 60000: the wall stays flat."""
    relative = np.random.default_rng(3).integers(19_999, 20_002, (100, 100)).astype(np.float32)
    relative[40:50, 40:50] = 60_000
    inverse_depth = place(relative, None, photo_of(np.zeros((100, 100, 3), np.uint8)), near_m=1.0).inverse_depth
    assert np.ptp(inverse_depth[:40]) < 1e-3
    assert inverse_depth[45, 45] > 1.0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -0.1])
def test_a_depth_map_must_be_finite_and_not_negative(bad):
    values = np.ones((4, 4), np.float32)
    values[1, 1] = bad
    with pytest.raises(InputError, match="finite"):
        DepthMap(values, 100.0)


def test_near_must_be_positive():
    with pytest.raises(InputError, match="nearest"):
        place(ramp(), None, photo_of(np.zeros((40, 60, 3), np.uint8)), near_m=0.0)


def test_steps_land_on_the_pictures_edges():
    """A coarse map whose step is half a cell off ends up within 2 px of the colour edge, as a step."""
    rgb = np.full((96, 192, 3), 40, np.uint8)
    rgb[:, 100:] = 210
    small = np.zeros((12, 24), np.float32)
    small[:, 13:] = 1.0
    small[:, 12] = 0.5
    large = upsample_along_edges(small, rgb)
    edge = (large > 0.5).argmax(axis=1)
    assert np.abs(edge - 100).max() <= 2
    assert (((large > 0.1) & (large < 0.9)).sum(axis=1) <= 2).all()


@given(value=st.floats(-100, 100, width=32))
def test_a_flat_map_stays_flat(value):
    rgb = np.random.default_rng(1).integers(0, 255, (40, 60, 3), np.uint8)
    large = upsample_along_edges(np.full((5, 8), value, np.float32), rgb)
    assert np.allclose(large, value, rtol=1e-5, atol=1e-5)


def test_slopes_stay_and_ramps_become_steps():
    slope = np.linspace(0, 1, 200, dtype=np.float32)[None] * np.ones((20, 1), np.float32)
    assert np.allclose(steepened(slope, radius_px=3), slope, atol=0.01)
    ramp_of_six = np.clip((np.arange(80, dtype=np.float32) - 37) / 6, 0, 1)[None] * np.ones((20, 1), np.float32)
    stepped = steepened(ramp_of_six, radius_px=6)
    assert ((stepped > 0.02) & (stepped < 0.98)).sum(axis=1).max() <= 1


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (0.2, 5.0), (30.0, -7.0)])
def test_merging_keeps_the_layout_of_one_map_and_the_detail_of_the_other(scale, shift):
    """A slope with stripes; the detail may have any scale and shift."""
    slope = np.broadcast_to(np.linspace(0, 10, 400), (300, 400)).astype(np.float32)
    stripes = np.where(np.arange(400) // 4 % 2, 0.5, -0.5).astype(np.float32)
    layout = slope[::4, ::4]
    both = merged(np.ascontiguousarray(layout), ((slope + stripes) * scale + shift).astype(np.float32))
    inside = np.s_[60:240, 80:320]
    assert np.abs(both - (slope + stripes))[inside].max() < 0.2


def test_merging_with_a_flat_map_changes_nothing():
    layout = np.broadcast_to(np.linspace(0, 1, 40), (30, 40)).astype(np.float32)
    assert (
        np.abs(
            merged(layout, np.full((60, 80), 3, np.float32))[8:52, 12:68] - layout[4:26, 6:34].repeat(2, 0).repeat(2, 1)
        ).max()
        < 0.05
    )


@pytest.mark.parametrize("quality", ["good", "best"])
def test_mirrored_passes_do_not_care_which_way_round_the_photo_is(quality):
    """The mean with the mirror image is the mirror image of the mirror image's."""
    rgb = np.random.default_rng(3).integers(0, 255, (36, 48, 3), np.uint8).repeat(8, 0).repeat(8, 1)
    depths = [
        predict_depth(depth_network(BUILT_IN_NETWORK), np.ascontiguousarray(picture), quality=quality).values
        for picture in (rgb, rgb[:, ::-1])
    ]
    assert np.abs(depths[0] - depths[1][:, ::-1]).max() < 1e-3 * np.ptp(depths[0])


@given(
    width=st.integers(1, 9000), height=st.integers(1, 9000), sizes_px=st.sampled_from([(512, 32), (768, 32), (686, 14)])
)
def test_the_networks_input_has_nearly_the_photos_shape(width, height, sizes_px):
    """Within a sixth, but for photos more than five times as long as wide; always in steps that the network takes."""
    long_side_px, step_px = sizes_px
    size = network_size_px((width, height), long_side_px, step_px)
    assert all(side % step_px == 0 and side > 0 for side in size) and max(size) == long_side_px
    if max(width, height) <= 5 * min(width, height):
        assert abs(np.log(size[0] / size[1] * height / width)) < 0.18


def test_an_unknown_quality_is_refused():
    with pytest.raises(InputError, match="fast, good, best"):
        kbvr.estimate_depth(photo_of(np.zeros((40, 60, 3), np.uint8)), quality="superb")


@pytest.mark.parametrize("size", [(16, 16), (33, 250), (700, 41), (500, 375)])
def test_any_size_of_photo_gets_depth_of_its_size(size):
    width, height = size
    rgb = np.random.default_rng(2).integers(0, 255, (height, width, 3), np.uint8)
    depth = kbvr.estimate_depth(kbvr.photo_from_array(rgb))
    assert depth.inverse_depth.shape == (height, width)


def test_the_built_in_network_is_as_good_as_its_card_says(shared):
    """On real stereo pairs: agreement with the true disparity and its edges, as used by default and in one pass."""
    ways = {"pairs": BUILT_IN.full, "pairs_one_pass": BUILT_IN.alone}
    claimed = built_in_card("kbvr-depth").figures
    for name, rows in measure(load_pairs(shared / "pairs"), ways).items():
        mean = rows["mean"]
        assert mean.correlation == pytest.approx(claimed[f"{name}_correlation"], abs=0.005)
        assert mean.error_share == pytest.approx(claimed[f"{name}_error_share"], abs=0.01)
        assert mean.edge_f_score == pytest.approx(claimed[f"{name}_edge_f_score"], abs=0.01)


def test_the_sky_reaches_the_border_of_the_picture():
    """Networks raise the depth along the border a little; that is no thing before the sky."""
    relative = np.tile(np.linspace(-0.8, 1, 300, dtype=np.float32)[:, None], (1, 400))
    sky = np.zeros_like(relative)
    sky[:150] = 1
    relative[:150] = 0
    relative[:150, :2] = relative[:150, -2:] = relative[:2] = 0.3
    relative[40:140, 200:206] = 0.6  # a mast
    photo = kbvr.photo_from_array(np.zeros((300, 400, 3), np.uint8))
    inverse_depth = place(relative, sky, photo, near_m=1.5).inverse_depth
    assert (inverse_depth[:140, :190] == 0).all() and (inverse_depth[:140, 210:] == 0).all()
    assert (inverse_depth[40:140, 201:205] > 0).all()


@pytest.mark.parametrize(("long_side_px", "input_px"), [(20, 32), (128, 256), (192, 384), (500, 384)])
def test_the_built_in_network_sees_a_small_photo_at_most_twice_as_large(long_side_px, input_px):
    """More blur misleads it: 128 px photos lose 0.013 of the correlation at 384 px, and none at 256 px."""
    rgb = np.full((long_side_px // 2, long_side_px, 3), 128, np.uint8)
    assert predict_depth(depth_network(BUILT_IN_NETWORK), rgb, quality="fast").values.shape[1] == input_px


def test_estimated_depth_is_straightened_and_the_sky_stays_infinitely_far(monkeypatch):
    """The network's map is straightened before it is placed; what is sky remains at 0."""
    from kbvr.depth import estimate

    rgb = np.full((240, 320, 3), 150, np.uint8)
    rgb[::24], rgb[:, ::24] = 40, 40
    sky = np.zeros((96, 128), np.float32)
    sky[:20] = 1
    values = np.where(sky > 0, 0, np.linspace(0.3, 1, 128)[None] + np.linspace(0, 0.3, 96)[:, None]).astype(np.float32)
    prediction = DepthPrediction(values, metric=False, sky=sky)
    monkeypatch.setattr(estimate, "predict_depth", lambda *_, **__: prediction)
    seen = []
    monkeypatch.setattr(estimate, "straightened", lambda *given: seen.append(given) or straightened(*given))
    depth = kbvr.estimate_depth(photo_of(rgb))
    assert len(seen) == 1
    assert (depth.inverse_depth[5:40, 10:-10] == 0).all()
