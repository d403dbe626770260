"""Objects stand upright: the adjustment of a disparity by an instance segmentation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paper_stand_ins import red_is_a_person
from scenes import F_PX

from kbvr.depth.depth_map import DepthMap
from kbvr.depth.upright_objects import Instances, adjusted_depth, adjusted_disparity, segment
from kbvr.errors import InputError
from kbvr.nets import open_file

PERSON, BICYCLE, CAR, DOG, CHAIR, BACKPACK = 1, 2, 3, 18, 62, 27
SHAPE = (60, 50)
BODY = np.s_[10:50, 20:30]


def mask_of(*boxes) -> np.ndarray:
    """A mask of some boxes."""
    mask = np.zeros(SHAPE, bool)
    for box in boxes:
        mask[box] = True
    return mask


def ramp() -> np.ndarray:
    """A ground that comes nearer downward: disparity 1 at the top, 60 at the bottom."""
    return np.broadcast_to(np.arange(1, 61, dtype=np.float32)[:, None], SHAPE).copy()


def adjusted(disparity, masks, classes, scores=None, softness=0.0) -> np.ndarray:
    """Return the adjusted disparity; scores are 1 by default."""
    scores = np.ones(len(masks), np.float32) if scores is None else np.array(scores, np.float32)
    return adjusted_disparity(disparity, np.stack(masks), np.array(classes, np.int64), scores, softness=softness)


def test_a_person_stands_flat_where_the_feet_are():
    """Rows 10 to 49 eroded twice are 12 to 47; below 12 + 0.97 x 35 = 45.95 the largest eroded value is row 47's.

    The erosion of the disparity takes the smallest in reach, two rows up: 46.
    """
    disparity, person = ramp(), mask_of(BODY)
    result = adjusted(disparity, [person], [PERSON])
    assert set(result[person]) == {46}
    np.testing.assert_array_equal(result[~person], disparity[~person])


def test_a_near_head_does_not_pull_the_feet_forward():
    """Only what is below 97% of the height counts: of the eroded rows 12 to 47 those from 45 on, not row 44."""
    disparity, person = np.full(SHAPE, 5, np.float32), mask_of(BODY)
    disparity[10:47, 20:30] = 30
    assert set(adjusted(disparity, [person], [PERSON])[person]) == {5}


def test_an_outline_that_bleeds_is_eroded_away():
    """Two pixels of another depth inside the outline make no difference."""
    disparity, person = np.full(SHAPE, 5, np.float32), mask_of(BODY)
    disparity[np.s_[14:46, 24:26]] = 5
    disparity[person & ~mask_of(np.s_[12:48, 22:28])] = 50
    assert set(adjusted(disparity, [person], [PERSON])[person]) == {5}


@pytest.mark.parametrize(
    ("why", "masks", "classes", "scores"),
    [
        ("a chair does not stand for itself", [mask_of(BODY)], [CHAIR], None),
        ("a bicycle alone is no object", [mask_of(BODY)], [BICYCLE], None),
        ("unsure", [mask_of(BODY)], [PERSON], [0.69]),
        ("small: 63 px", [mask_of(np.s_[10:17, 20:29])], [PERSON], None),
        ("nothing left after erosion", [mask_of(np.s_[5:55, 20:24])], [PERSON], None),
        ("one row tall", [mask_of(np.s_[30:31, :])], [PERSON], None),
        ("empty", [mask_of()], [PERSON], None),
    ],
)
def test_anything_but_an_object_changes_nothing(why, masks, classes, scores):
    disparity = ramp()
    np.testing.assert_array_equal(adjusted(disparity, masks * 40, classes * 40, scores and scores * 40), disparity, why)


def test_standing_and_carried_objects_are_coco_classes():
    """People, cars, buses, trains, trucks, boats and animals; two-wheelers, bags, umbrellas and ties go with them."""
    person, bag = mask_of(BODY), mask_of(np.s_[20:40, 28:40])
    standing, carried = set(), set()
    for label in range(1, 91):
        if set(adjusted(ramp(), [person], [label])[person]) == {46}:
            standing.add(label)
        elif set(adjusted(ramp(), [person, bag], [PERSON, label])[person | bag]) == {46}:
            carried.add(label)
    assert standing == {1, 3, 6, 7, 8, 9, *range(16, 26)}
    assert carried == {2, 4, 27, 28, 31, 32, 33}


def test_the_least_score_and_area_are_enough():
    person = mask_of(np.s_[10:18, 20:28])
    assert len(set(adjusted(ramp(), [person], [PERSON], [0.7])[person])) == 1


def test_what_is_carried_joins_whom_it_overlaps():
    """3% of its own area is enough: the bag becomes one flat piece with the person; with less it stays."""
    person, bag = mask_of(BODY), mask_of(np.s_[20:40, 30:40], np.s_[20:27, 29:30])  # 207 px, 7 of them on the person
    joined = adjusted(ramp(), [person, bag], [PERSON, BACKPACK])
    assert set(joined[person | bag]) == {46}
    beside = mask_of(np.s_[20:40, 30:40], np.s_[20:25, 29:30])  # 5 of 205 px
    apart = adjusted(ramp(), [person, beside], [PERSON, BACKPACK])
    outside = beside & ~person
    np.testing.assert_array_equal(apart[outside], ramp()[outside])


def test_the_nearer_of_two_objects_is_in_front_whatever_their_order():
    far, near = mask_of(np.s_[10:40, 10:30]), mask_of(np.s_[20:55, 20:40])
    one = adjusted(ramp(), [far, near], [PERSON, DOG])
    two = adjusted(ramp(), [near, far], [DOG, PERSON])
    np.testing.assert_array_equal(one, two)
    assert len(set(one[near])) == 1 and one[near].max() > one[far & ~near].max()


def test_softness_keeps_relief_and_moves_it_to_the_ground():
    """At 1 the relief is whole, at a half half of it, and the feet stay where they were."""
    disparity, person = ramp(), mask_of(BODY)
    rows = np.arange(10, 50)
    for softness in (0.25, 0.5, 1.0):
        column = adjusted(disparity, [person], [PERSON], softness=softness)[10:50, 25]
        np.testing.assert_allclose(np.diff(column), softness, atol=1e-4)
        assert column[rows == 46][0] == pytest.approx(46, abs=1)


@given(seed=st.integers(0, 10_000), softness=st.floats(0, 1), scale=st.floats(1e-3, 1e3), zero=st.booleans())
def test_any_masks_give_a_disparity_that_is_finite_and_in_proportion(seed, softness, scale, zero):
    """Random boxes, some at the border, thin or empty; outside of them nothing changes, and the scale is free."""
    random = np.random.default_rng(seed)
    disparity = random.uniform(0, 40, SHAPE).astype(np.float32) * (not zero)
    masks = np.zeros((5, *SHAPE), bool)
    for mask in masks:
        top, left = random.integers(0, 58), random.integers(0, 48)
        mask[top : top + random.integers(0, 60), left : left + random.integers(0, 50)] = True
    classes = random.choice([PERSON, CAR, DOG, BACKPACK, CHAIR], 5)
    scores = random.uniform(0.5, 1, 5).astype(np.float32)
    before = disparity.copy()
    result = adjusted_disparity(disparity, masks, classes, scores, softness=softness)
    assert np.isfinite(result).all() and (result >= 0).all()
    np.testing.assert_array_equal(disparity, before)
    outside = ~masks.any(axis=0)
    np.testing.assert_array_equal(result[outside], disparity[outside])
    if softness == 0:
        assert result.max() <= disparity.max()
    scaled = adjusted_disparity(disparity * np.float32(scale), masks, classes, scores, softness=softness)
    np.testing.assert_allclose(scaled, result * np.float32(scale), rtol=1e-4, atol=1e-4 * scale)


def test_masks_may_be_probabilities():
    """More than a half belongs."""
    sure = mask_of(BODY).astype(np.float32) * 0.51
    np.testing.assert_array_equal(adjusted(ramp(), [sure], [PERSON]), adjusted(ramp(), [mask_of(BODY)], [PERSON]))
    np.testing.assert_array_equal(adjusted(ramp(), [sure * 0.98], [PERSON]), ramp())


def test_no_objects_at_all_change_nothing():
    nothing = np.zeros((0, *SHAPE), np.float32)
    result = adjusted_disparity(ramp(), nothing, np.zeros(0, np.int64), np.zeros(0, np.float32))
    np.testing.assert_array_equal(result, ramp())


def test_a_depth_in_metres_is_adjusted_with_masks_of_another_size():
    """Masks found in a picture half or twice as large; what is of no use is not even resized."""
    depth = DepthMap(ramp() / 60, F_PX, metric=True)
    whole = mask_of(BODY)
    expected = adjusted(ramp() / 60, [whole], [PERSON])
    for masks in (np.kron(whole, np.ones((2, 2))), whole[::2, ::2]):
        found = Instances(
            np.stack([masks, masks]).astype(np.float32), np.array([PERSON, CHAIR]), np.ones(2, np.float32)
        )
        assert len(found.useful().masks) == 1
        result = adjusted_depth(depth, found, softness=0.0)
        assert result.metric and result.f_px == F_PX
        assert (np.abs(result.inverse_depth - expected) > 0.04).mean() < 0.02


def test_a_segmentation_from_a_file_sees_red_green_blue_in_this_order(tmp_path):
    rgb = np.zeros((20, 30, 3), np.uint8)
    rgb[5:15, 10:20] = (255, 0, 0)
    rgb[:5] = (0, 255, 255)
    found = segment(rgb, open_file(red_is_a_person(tmp_path / "red.onnx"), device="cpu"))
    np.testing.assert_array_equal(found.masks[0] > 0.5, rgb[..., 0] == 255)
    assert found.classes.tolist() == [PERSON] and found.scores.tolist() == pytest.approx([0.9])


def test_bad_input_is_refused_in_one_line(tmp_path):
    one, person, sure = np.stack([mask_of(BODY)]), np.array([PERSON]), np.ones(1, np.float32)
    broken = ramp()
    broken[3, 3] = np.nan
    other = open_file(red_is_a_person(tmp_path / "other.onnx", "image"), device="cpu")
    cases = (
        ("disparity's size", lambda: adjusted_disparity(ramp()[:-1], one, person, sure)),
        ("1 masks, got 2 and 1", lambda: adjusted_disparity(ramp(), one, np.array([1, 1]), sure)),
        ("softness", lambda: adjusted_disparity(ramp(), one, person, sure, softness=1.5)),
        ("finite and >= 0", lambda: adjusted_disparity(broken, one, person, sure)),
        ("finite and >= 0", lambda: adjusted_disparity(-ramp(), one, person, sure)),
        ("got image of 3", lambda: segment(np.zeros((20, 30, 3), np.uint8), other)),
    )
    for message, call in cases:
        with pytest.raises(InputError, match=message) as caught:
            call()
        assert "\n" not in str(caught.value)
