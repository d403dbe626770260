"""The limit to memory: photos are made just small enough, and what cannot be is refused in one line."""

from __future__ import annotations

import numpy as np
import pytest

import kbvr
from kbvr.errors import InputError
from kbvr.options.export_options import ExportOptions
from kbvr.photo.photo import photo_from_array
from kbvr.plan.memory_budget import REPEATS_BYTES, export_bytes, repeats_bytes, within_memory, within_px

FILM_PX = (96, 64)


def large_photo():
    return photo_from_array(np.zeros((1200, 1800, 3), np.uint8), f_px=2000.0)


@pytest.mark.parametrize(
    ("text", "size"), [("2GB", 2 * 10**9), ("1.5 GiB", 3 * 2**29), ("800mb", 8 * 10**8), ("64KB", 64_000)]
)
def test_sizes_are_read_as_people_write_them(text, size):
    assert ExportOptions(max_memory=text).max_memory == size


@pytest.mark.parametrize("text", ["", "2", "GB", "-1GB", "0GB", "2 TB", "two GB"])
def test_other_texts_are_no_size(text):
    with pytest.raises(InputError, match="like 2GB"):
        ExportOptions(max_memory=text)


def test_without_a_limit_and_below_it_the_photo_stays():
    photo = large_photo()
    assert within_memory(photo, FILM_PX, None) == (photo, None)
    same, use = within_memory(photo, FILM_PX, export_bytes(photo.size_px, FILM_PX))
    assert same is photo
    assert use is not None and use.original_px is None
    assert "memory" in use.line()


def test_a_photo_is_made_just_small_enough_and_sees_the_same():
    """Its field of view stays, and a slightly larger one would not fit."""
    photo = large_photo()
    limit = export_bytes((900, 600), FILM_PX)
    small, use = within_memory(photo, FILM_PX, limit)
    width, height = small.size_px
    assert export_bytes(small.size_px, FILM_PX) <= limit
    assert export_bytes((round(width * 1.03), round(height * 1.03)), FILM_PX) > limit
    assert small.f_px / width == pytest.approx(photo.f_px / photo.size_px[0])
    assert use is not None and "the photo was shrunk from 1800x1200" in use.line()


def test_what_cannot_be_is_refused_in_one_line():
    with pytest.raises(InputError, match=r"^an output of 96x64 takes about \d+ MB of memory, more than 100 MB$"):
        within_memory(large_photo(), FILM_PX, 10**8)


def test_a_photo_is_never_made_smaller_than_its_film():
    photo = photo_from_array(np.zeros((64, 96, 3), np.uint8))
    assert within_memory(photo, FILM_PX, export_bytes(FILM_PX, FILM_PX))[0] is photo


def test_the_limit_belongs_to_the_profile_that_keeps_it():
    with pytest.raises(InputError, match="profile layers"):
        kbvr.ExportOptions(profile="paper", max_memory=10**9)


def test_pictures_are_kept_within_what_an_export_leaves():
    size = (1800, 1200)
    needed = export_bytes(size, FILM_PX)
    assert repeats_bytes(size, FILM_PX, None) == repeats_bytes(size, FILM_PX, needed + 2**40) == REPEATS_BYTES
    assert repeats_bytes(size, FILM_PX, needed + 1000) == 1000
    assert repeats_bytes(size, FILM_PX, needed - 1) == 0


def test_a_photo_is_made_smaller_to_a_long_side_and_its_focal_length_with_it():
    """What is small enough stays the very same."""
    photo = photo_from_array(np.zeros((60, 90, 3), np.uint8), f_px=100.0)
    small = within_px(photo, 45)
    assert (small.size_px, small.f_px) == ((45, 30), 50.0)
    assert within_px(photo, 90) is photo


def test_triangles_take_memory_too():
    """A scene that is visited is made of a smaller photo, under the same limit."""
    limit = export_bytes((900, 600), (1, 1), is_visited=True)
    drawn, visited = (within_memory(large_photo(), (1, 1), limit, is_visited=visited)[0] for visited in (False, True))
    assert visited.size_px[0] < drawn.size_px[0]
    assert export_bytes(visited.size_px, (1, 1), is_visited=True) <= limit


def test_numbers_of_many_digits_are_no_size():
    """A float holds none of them, and nobody has so much."""
    with pytest.raises(InputError, match="a size like 2GB"):
        ExportOptions(max_memory="9" * 400 + "GB")
