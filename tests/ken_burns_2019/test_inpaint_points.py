"""The paper's depth and inpainting, run with small stand-ins for its networks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper
from paper_stand_ins import (
    GREEN,
    blue_is_near,
    enlarging,
    floats,
    green_painter,
    integers,
    network,
    plain_context,
    red_is_a_person,
)
from point_coverage import coverage
from scenes import F_PX, RED, card_before_wall, photo_of, smooth_pattern

from kbvr.errors import InputError
from kbvr.ken_burns_2019.disparity import paper_depth_map, paper_disparity
from kbvr.ken_burns_2019.inpaint_points import inpainted, points_behind, trusted_coverage
from kbvr.ken_burns_2019.networks import PaperNetworks
from kbvr.ken_burns_2019.point_renderer import PointRenderer
from kbvr.ken_burns_2019.point_scene import lens_at, point_scene, seen_from
from kbvr.ken_burns_2019.point_splatting import Splat, render_points
from kbvr.nets import Session, open_file


@pytest.fixture(scope="module")
def stand_ins(tmp_path_factory) -> PaperNetworks:
    """All five networks."""
    folder = tmp_path_factory.mktemp("paper")
    return PaperNetworks(
        disparity=blue_is_near(folder / "disparity.onnx"),
        refinement=enlarging(folder / "refinement.onnx"),
        context=plain_context(folder / "context.onnx"),
        inpainting=green_painter(folder / "inpainting.onnx"),
        segmentation=open_file(red_is_a_person(folder / "segmentation.onnx"), device="cpu"),
    )


def card_scene():
    """A card at 1 m (disparity 40) before a wall at 5 m (8), as points."""
    return point_scene(*card_before_wall(near=1.0, far=0.2))


# --- depth ---


def test_the_networks_are_shown_blue_green_red(stand_ins):
    """The stand-in takes the blue half of a picture for near; its input has a long side of 512."""
    rgb = np.zeros((64, 128, 3), np.uint8)
    rgb[:, :64, 2] = 255
    rgb[:, 64:, 0] = 255
    recorder = Recorder(stand_ins.disparity)
    disparity = paper_disparity(photo_of(rgb), PaperNetworks(disparity=recorder))
    assert recorder.shown["bgr01"].shape == (1, 3, 256, 512)
    assert disparity.shape == (512, 1024)
    np.testing.assert_allclose(disparity[:, :500], 40, rtol=1e-6)
    np.testing.assert_array_equal(disparity[:, 524:], 0)


@settings(max_examples=12)
@given(width=st.integers(16, 90), height=st.integers(16, 90))
def test_any_shape_comes_back_at_a_long_side_of_1024(stand_ins, width, height):
    """Odd sizes too: the refinement's input is a quarter of its picture, rounded up."""
    photo = photo_of(smooth_pattern(width, height))
    recorder = Recorder(stand_ins.refinement)
    disparity = paper_disparity(photo, PaperNetworks(disparity=stand_ins.disparity, refinement=recorder))
    assert recorder.shown["disparity"].shape[2:] == tuple(-(-side // 4) for side in disparity.shape)
    assert max(disparity.shape) == 1024 and disparity.max() == pytest.approx(40, rel=1e-6)
    assert disparity.min() > 0  # the stand-in adds one
    assert abs(disparity.shape[0] / disparity.shape[1] - height / width) < 0.5 * 1.01 * max(height / width, 1) / 16


def test_a_person_is_made_upright_between_the_networks(stand_ins):
    """The segmentation takes red for a person, and the blue ramp on it becomes flat."""
    rgb = np.zeros((128, 128, 3), np.uint8)
    rgb[..., 2] = np.arange(128)[:, None]
    rgb[20:100, 40:80, 0] = 255
    without = PaperNetworks(disparity=stand_ins.disparity)
    bent = paper_disparity(photo_of(rgb), without)
    upright = paper_disparity(photo_of(rgb), replace(without, segmentation=stand_ins.segmentation))
    soft = paper_disparity(photo_of(rgb), replace(without, segmentation=stand_ins.segmentation), softness=0.5)
    body = np.s_[180:780, 340:620]
    assert np.ptp(bent[body]) > 15 and np.ptp(upright[body]) < 0.1
    assert np.ptp(soft[body]) == pytest.approx(np.ptp(bent[body]) / 2, rel=0.05)
    np.testing.assert_array_equal(upright[:, :280], bent[:, :280])


def test_the_depth_map_has_the_photos_size_and_its_nearest_point_at_near_m(stand_ins):
    photo = photo_of(smooth_pattern(100, 70))
    depth = paper_depth_map(photo, stand_ins, near_m=2.5)
    assert depth.inverse_depth.shape == (70, 100) and depth.f_px == F_PX and not depth.metric
    assert 1 / depth.inverse_depth.max() == pytest.approx(2.5, rel=1e-5)
    scene = point_scene(photo, depth)
    assert scene.points[:, 2].min() / scene.units_per_m >= 2.5 * (1 - 1e-5)
    assert scene.disparity.max() == pytest.approx(40, rel=1e-6)


def test_a_disparity_of_zero_is_infinitely_far(stand_ins):
    """A picture without blue: no crash, and no nearest point."""
    photo = photo_of(np.full((40, 60, 3), (200, 50, 0), np.uint8))
    depth = paper_depth_map(photo, PaperNetworks(disparity=stand_ins.disparity))
    assert (depth.inverse_depth == 0).all()


# --- inpainting ---


def test_what_a_move_uncovers_is_filled_in_the_scene(stand_ins):
    """From the far end the strip beside the card is green, has no hole, and all the rest is as before."""
    scene = card_scene()
    camera = scene.camera.moved(x_m=0.12, z_m=0.1)
    before = coverage(scene, camera)
    filled = inpainted(scene, [camera], stand_ins)
    assert coverage(filled, camera).mean() > 0.995
    with PointRenderer(filled) as after, PointRenderer(scene) as first:
        shown, shown_before = after.frame(camera), first.frame(camera)
    inner = np.zeros_like(before)
    inner[40:60, 20:100] = True
    strip = inner & ~before
    assert strip.sum() > 100
    assert (np.abs(shown[strip].astype(int) - GREEN).max(axis=-1) <= 2).mean() > 0.95
    alike = (np.abs(shown.astype(int) - shown_before).max(axis=-1) <= 2)[inner & before]
    assert alike.mean() > 0.95  # points beside a hole share their pixels with it


def test_filled_points_have_the_networks_disparity_wherever_the_camera_is(stand_ins):
    """Also after a move along the axis: 8 is the wall's, so the filled points are the wall's continuation."""
    scene = card_scene()
    for camera in (scene.camera.moved(x_m=0.12), scene.camera.moved(0.12, 0, 0.3), scene.camera.moved(0.1, 0.05, -0.2)):
        filled = inpainted(scene, [camera], stand_ins)
        new = filled.points[filled.photo_point_count :]
        assert len(new) > 50
        np.testing.assert_allclose(new[:, 2] / filled.units_per_m, 5, rtol=1e-5)


def test_filled_points_land_on_the_centres_of_pixels_that_were_open(stand_ins):
    scene = card_scene()
    camera = scene.camera.moved(x_m=0.12, z_m=0.1)
    filled = inpainted(scene, [camera], stand_ins)
    lens = lens_at(scene, camera)
    seen = seen_from(filled.points[filled.photo_point_count :], lens, scene.units_per_m)
    place = lens.f_px * seen[:, :2] / seen[:, 2:] + (lens.cx_px, lens.cy_px) - 0.5
    np.testing.assert_allclose(place, np.rint(place), atol=1e-6)
    columns, rows = np.rint(place).astype(int).T
    no_data = np.zeros((0, scene.photo_point_count), np.float32)
    own = render_points(seen_from(scene.points, lens, scene.units_per_m), no_data, lens)
    assert not trusted_coverage(own)[rows, columns].any()


def test_filling_twice_from_one_place_adds_nothing(stand_ins):
    scene = card_scene()
    camera = scene.camera.moved(x_m=0.12)
    once, twice = (inpainted(scene, [camera] * times, stand_ins) for times in (1, 2))
    np.testing.assert_array_equal(once.points, twice.points)
    np.testing.assert_array_equal(once.rgb01, twice.rgb01)
    both_sides = inpainted(scene, [camera, scene.camera.moved(x_m=-0.12)], stand_ins)
    assert len(both_sides.points) > len(once.points) + 100


def test_points_at_steps_of_the_filled_disparity_are_dropped_and_never_put_at_the_lens(stand_ins):
    """Issue 56 of the reference: they became points at the origin, a speck that floats near the lens."""
    scene = card_scene()
    camera = scene.camera.moved(x_m=0.12, z_m=-0.2)
    filled = inpainted(scene, [camera], stand_ins)
    seen = seen_from(filled.points, lens_at(scene, camera), scene.units_per_m)
    assert seen[:, 2].min() > 1.1 * scene.units_per_m
    disparity = np.full((100, 120), 8, np.float32)
    disparity[:, 60:] = 40
    _, valid = points_behind(disparity, scene.camera, scene.units_per_m)
    assert not valid[:, 59:61].any() and valid[:, :58].all() and valid[:, 62:].all()


def test_rays_that_never_reach_the_depth_show_no_point():
    """A camera beyond the wall, and one that looks back."""
    scene = card_scene()
    disparity = np.full((100, 120), 8, np.float32)
    assert not points_behind(disparity, scene.camera.moved(z_m=6), scene.units_per_m)[1].any()
    back = np.diag([-1.0, 1.0, -1.0, 1.0])
    looking_back = replace(scene.camera, camera_from_world=back)
    assert not points_behind(disparity, looking_back, scene.units_per_m)[1].any()


def test_lone_covered_pixels_are_not_trusted():
    weight = np.zeros((9, 9))
    weight[4, 4] = 1
    weight[:, 7:] = 1
    covered = trusted_coverage(Splat(np.zeros((0, 9, 9), np.float32), weight))
    assert not covered[4, 4] and covered[:, 8].all()


@pytest.mark.parametrize(("others", "trusted"), [(4, True), (3, False)])
def test_the_majority_of_the_five_by_five_neighbours_decides(others, trusted):
    """A square whose corner it is covers 9 of them, and 4 others make it 13 of 25; of three by three it covers 4."""
    weight = np.zeros((13, 13))
    weight[6:9, 6:9] = 1
    weight[4, 4 : 4 + others] = 1
    covered = trusted_coverage(Splat(np.zeros((0, 13, 13), np.float32), weight))
    assert covered[6, 6] == trusted


class Recorder:
    """Remembers what a session is shown."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.shown: dict[str, np.ndarray] = {}

    def run(self, names, feeds):
        """Run, and remember."""
        self.shown = dict(feeds)
        return self.session.run(names, feeds)

    def get_inputs(self):
        """Describe the session's."""
        return self.session.get_inputs()

    def get_outputs(self):
        """Describe the session's."""
        return self.session.get_outputs()

    def get_providers(self):
        """Name the session's."""
        return self.session.get_providers()


def test_the_inpainting_input_is_zero_where_no_point_is(stand_ins):
    """68 channels, 0 in the holes; elsewhere the photo's own colours in the order blue, green, red."""
    recorder = Recorder(stand_ins.inpainting)
    scene = card_scene()
    inpainted(scene, [scene.camera.moved(x_m=0.12)], replace(stand_ins, inpainting=recorder))
    features, covered = recorder.shown["features"][0], recorder.shown["covered"][0, 0]
    assert features.shape[0] == 68 and set(np.unique(covered)) == {0, 1}
    assert (features[:, covered == 0] == 0).all()
    np.testing.assert_allclose(features[:3, 50, 50] * 255, RED[::-1], atol=0.01)
    np.testing.assert_allclose(features[3:, 50, 50], 40, rtol=1e-5)


def test_missing_or_unsuitable_networks_are_refused_in_one_line(stand_ins):
    photo, depth = card_before_wall()
    scene = point_scene(photo, depth)
    swapped = replace(stand_ins, context=stand_ins.refinement)
    cases = (
        ("kenburns-disparity", lambda: paper_disparity(photo, PaperNetworks())),
        ("kenburns-context", lambda: inpainted(scene, [scene.camera], PaperNetworks())),
        ("kenburns-inpainting", lambda: inpainted(scene, [scene.camera], replace(stand_ins, inpainting=None))),
        ("inputs bgr01", lambda: paper_disparity(photo, replace(stand_ins, disparity=stand_ins.segmentation))),
        ("near", lambda: paper_depth_map(photo, stand_ins, near_m=0.0)),
        ("softness", lambda: paper_disparity(photo, stand_ins, softness=2.0)),
    )
    for message, call in cases:
        with pytest.raises(InputError, match=message) as caught:
            call()
        assert "\n" not in str(caught.value)
    assert stand_ins.can_inpaint and swapped.can_inpaint and not PaperNetworks(context=stand_ins.context).can_inpaint


def test_a_network_with_outputs_of_another_shape_or_nan_is_refused(stand_ins, tmp_path):
    """Otherwise it would fail much later, with an obscure message."""
    photo = photo_of(smooth_pattern(64, 64))
    whole = network(
        tmp_path / "whole.onnx",
        {"bgr01": (1, 3, "H", "W")},
        {"disparity": (1, 3, "H", "W")},
        [helper.make_node("Identity", ["bgr01"], ["disparity"])],
    )
    with pytest.raises(InputError, match="disparity of shape"):
        paper_disparity(photo, PaperNetworks(disparity=whole))
    broken = network(
        tmp_path / "broken.onnx",
        {"bgr01": (1, 3, "H", "W"), "disparity": (1, 1, "h", "w")},
        {"refined_disparity": (1, 1, "H", "W")},
        [
            helper.make_node("ReduceMax", ["bgr01", "axis"], ["grey"]),
            helper.make_node("Div", ["grey", "zero"], ["refined_disparity"]),
        ],
        [integers("axis", [1]), floats("zero", [1], [0])],
    )
    with pytest.raises(InputError, match="finite"):
        paper_disparity(photo, PaperNetworks(disparity=stand_ins.disparity, refinement=broken))
