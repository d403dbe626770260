"""The mutators: what they take apart they put together again, and a number gives the same input every time."""

from __future__ import annotations

import io
import zipfile
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fuzz.campaign import input_of, turns
from fuzz.corpus import relatives, seeds
from fuzz.mutators import STRUCTURES, along_structure, mutated, mutations
from fuzz.structures import archives, boxes, exr, jpeg, png, protobuf, riff

TRIES = 60


def with_structure(name):
    """Return the seeds of a structure."""
    return [seed for seed in seeds() if seed.structure == name]


@pytest.mark.parametrize(
    ("structure", "together_again"),
    [
        ("png", lambda data: png.png_of(png.chunks_of(data))),
        ("riff", lambda data: riff.riff_of(riff.chunks_of(data))),
        ("jpeg", lambda data: jpeg.jpeg_of(*jpeg.segments_of(data))),
        ("protobuf", lambda data: protobuf.message_of(protobuf.fields_of(data))),
    ],
)
def test_what_is_taken_apart_is_put_together_as_it_was(structure, together_again):
    """Else mutations would be found out by their lengths and sums, and never get any deeper."""
    for seed in with_structure(structure):
        assert together_again(seed.content) == seed.content, seed.name


def test_an_exr_is_put_together_as_it_was():
    """With the places of its chunks."""
    for seed in with_structure("exr"):
        attributes, end = exr.attributes_of(seed.content)
        assert exr.exr_of(seed.content[:8], attributes, seed.content[end:], 0, 2) == seed.content


def test_archives_hold_what_they_are_made_of():
    """Whatever the method."""
    for method in archives.METHODS:
        made = archives.archive_of([("a.npy", b"a" * 99), ("a.npy", b"b")], method)
        assert archives.members_of(made) == [("a.npy", b"a" * 99), ("a.npy", b"b")]
        assert zipfile.ZipFile(io.BytesIO(made)).testzip() is None


def test_boxes_that_change_keep_the_pictures_where_they_are():
    """A property that is left out is made up for, so that the places in the header still count."""
    seed = next(seed for seed in seeds() if seed.name == "rgb.avif")
    listed = list(boxes.walk(seed.content))
    at, end, _ = next(box for box in listed if box[2] == b"pixi")
    mutant = boxes._replaced(seed.content, listed, at, end, b"")
    assert len(mutant) == len(seed.content)
    assert mutant[-200:] == seed.content[-200:]
    assert [kind for _, _, kind in boxes.walk(mutant) if kind == b"pixi"] == []


@pytest.mark.parametrize("structure", STRUCTURES)
def test_every_structure_can_be_changed_in_many_ways(structure):
    """Of each seed, along its structure: nearly no two mutants are alike, and few are the seed itself."""
    for seed in with_structure(structure):
        made = [along_structure(seed.content, structure, Random(number)) for number in range(TRIES)]
        assert len(set(made)) > TRIES / 3, seed.name
        assert made.count(seed.content) < TRIES / 3, seed.name


def test_a_number_gives_the_same_input_again():
    """However often, and in whatever order."""
    for seed in seeds()[::7]:
        assert input_of(seed, "run", 5) == input_of(seed, "run", 5)
    assert input_of(seeds()[0], "run", 5) != input_of(seeds()[0], "another", 5)


def test_the_turns_name_no_input_twice_and_forget_no_seed():
    """In as many turns as a short campaign has."""
    ahead = turns()
    taken = [(seed.name, number) for seed, number in (next(ahead) for _ in range(3000))]
    assert len(set(taken)) == len(taken)
    assert {name for name, _ in taken} == {seed.name for seed in seeds()}


@settings(max_examples=20)
@given(st.data())
def test_hypothesis_draws_from_the_same_mutators(data):
    """As a strategy, which makes failing choices smaller."""
    seed = data.draw(st.sampled_from(seeds()))
    assert isinstance(data.draw(mutations(seed, relatives(seed.reader))), bytes)


def test_whole_pictures_are_made_by_hand_where_pillow_makes_none():
    """The interlaced PNGs and planar TIFFs are read by Pillow as the pictures that they are made of."""
    by_name = {seed.name: seed.content for seed in seeds()}
    plain = np.asarray(Image.open(io.BytesIO(by_name["rgb.png"])).convert("RGB"))
    for name in ("rgb-interlaced-told.png", "tiled.tif"):
        made = np.asarray(Image.open(io.BytesIO(by_name[name])).convert("RGB"))
        assert np.array_equal(made[:24], plain), name


def test_mutations_do_not_grow_without_end():
    """Ten rounds of doubling stay small enough to be tried by the thousand."""
    seed = seeds()[0]
    assert max(len(mutated(seed, (), Random(number))) for number in range(200)) < 1 << 18
