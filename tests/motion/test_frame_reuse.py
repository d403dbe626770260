"""Repeated frames are rendered once, as far as memory allows."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbvr.motion.easing import Timing, shares
from kbvr.motion.frame_reuse import drawn_frames, repeated, sources_of
from kbvr.motion.move import Move


@given(places=st.lists(st.integers(0, 6), max_size=40), max_kept=st.integers(0, 8))
def test_every_frame_shows_its_place_and_the_limit_is_kept(places, max_kept):
    sources = sources_of(places, max_kept=max_kept)
    drawn = drawn_frames(sources)
    taken = 0

    def pictures():
        nonlocal taken
        for frame in drawn:
            taken += 1
            yield places[frame]

    for index, place in enumerate(repeated(pictures(), sources)):
        assert place == places[index]
        assert taken == sum(frame <= index for frame in drawn), "nothing is drawn before it is wanted"
        wanted_again = {source for source in sources[index + 1 :] if source <= index}
        assert len(wanted_again) <= max_kept
    assert taken == len(drawn)


@given(frames=st.integers(1, 400))
def test_a_path_there_and_back_is_rendered_once_if_there_is_room(frames):
    places = shares(Timing(seconds=frames, fps=1.0)).tolist()
    assert len(drawn_frames(sources_of(places, max_kept=frames))) == frames // 2 + 1


def test_what_does_not_fit_is_drawn_again_and_the_middle_of_the_way_is_what_is_kept():
    there_and_back = [0, 1, 2, 3, 4, 5, 4, 3, 2, 1]
    assert sources_of(there_and_back, max_kept=2) == [0, 1, 2, 3, 4, 5, 4, 3, 8, 9]


def test_a_camera_at_rest_renders_one_picture():
    assert drawn_frames(sources_of(["here"] * 9, max_kept=1)) == [0]
    assert drawn_frames(sources_of(["here"] * 3, max_kept=0)) == [0, 1, 2]


@pytest.mark.parametrize("name", [field.name for field in fields(Move)])
def test_moves_that_differ_in_anything_are_different_places(name):
    """Every field of a move changes the picture."""
    assert sources_of([Move(), Move(**{name: 1.25}), Move()], max_kept=9) == [0, 1, 0]
