"""The depth bench's thin things: marks on photos, drawn scenes, and how much of them a map shows."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from bench.drawn_things import scenes, seen_drawn
from bench.thin import MARKS, Mark, drawn, held_out_photos, read_marks, seen_marks, seen_on_photos
from export.thin_things import KINDS
from kbvr.errors import InputError

SIZE_PX = (256, 192)


def mark(*points: tuple[float, float], width_px: float = 4.0, what: str = "post") -> Mark:
    """Return a mark."""
    return Mark(what, width_px, np.array(points, np.float64))


def perfect(marks: list[Mark], far: float = 0.1, near: float = 0.9) -> np.ndarray:
    """Return a map that shows every mark before a floor that comes nearer below."""
    floor = np.broadcast_to(np.linspace(far, far + 0.3, SIZE_PX[1], dtype=np.float32)[:, None], SIZE_PX[::-1]).copy()
    for one in marks:
        floor[drawn(one, SIZE_PX)] = near
    return floor


POST = mark((100, 20), (100, 150))
BRANCH = mark((20, 30), (60, 50), (70, 120), width_px=2.5, what="branch")
FENCE = [mark((x, 60), (x, 120), width_px=3, what="fence") for x in range(150, 220, 8)]


@pytest.mark.parametrize("marks", [[POST], [BRANCH], FENCE, [POST, BRANCH, *FENCE]])
def test_a_perfect_map_shows_everything_and_a_floor_nothing(marks):
    """Also a fence: its pickets are no surround of one another."""
    assert seen_marks("a", perfect(marks), marks).seen == 1
    assert seen_marks("a", perfect([]), marks).seen == 0
    assert seen_marks("a", np.ones(SIZE_PX[::-1], np.float32), marks).seen == 0


def test_what_is_much_nearer_beside_a_thing_does_not_hide_it_if_it_is_marked():
    """A twig little nearer than the floor, beside a post."""
    post, twig = mark((106, 20), (106, 150), width_px=10), mark((98, 40), (98, 130), width_px=2, what="branch")
    depth = perfect([post])
    depth[drawn(twig, SIZE_PX)] = 0.35
    assert seen_marks("a", depth, [post, twig]).kinds["branch"] == 1
    assert seen_marks("a", depth, [twig]).kinds["branch"] < 0.5


def test_what_is_farther_than_its_surround_is_not_seen():
    """A post that the map takes for a hole."""
    assert seen_marks("a", perfect([POST], near=0.0), [POST]).seen == 0


def test_half_a_post_is_half_seen_and_kinds_are_told_apart():
    """Its upper half is there, its lower half is floor; the branch is there."""
    upper = mark((100, 20), (100, 85))
    row = seen_marks("a", perfect([upper, BRANCH]), [POST, BRANCH])
    assert row.kinds["post"] == pytest.approx(0.5, abs=0.04)
    assert row.kinds["branch"] == 1
    assert row.pixels == sum(int(drawn(one, SIZE_PX).sum()) for one in (POST, BRANCH))


def test_what_a_map_says_right_beside_a_mark_does_not_count():
    """Edges are soft, and lines drawn by hand."""
    depth = perfect([POST])
    depth[drawn(mark(*POST.points, width_px=6.8), SIZE_PX) & ~drawn(POST, SIZE_PX)] = 3.0
    assert seen_marks("a", depth, [POST]).seen == 1


@pytest.mark.parametrize("width_px", [1, 2, 5])
def test_a_mark_is_as_wide_as_it_says(width_px):
    """An upright one, from pixel to pixel; its ends are round."""
    middle = 100 + (width_px % 2) / 2
    inside = drawn(mark((middle, 20), (middle, 150), width_px=width_px), SIZE_PX)
    assert (inside[30:140].sum(axis=1) == width_px).all()
    assert not inside[:17].any()


@pytest.mark.parametrize("points", [[(-1, 20), (100, 150)], [(100, 20), (100, 193)], [(257, 20), (100, 20)]])
def test_a_mark_that_leaves_the_picture_is_refused(points):
    """It is of another photo, or of another size of it."""
    with pytest.raises(InputError, match="inside the picture of 256x192"):
        drawn(mark(*points), SIZE_PX)


@pytest.mark.parametrize(
    "row", ["a.jpg,post,4,10 10", "a.jpg,post,4,10 10 20", "a.jpg,post,0,1 1 2 2", "a.jpg,post,x,1 1 2 2"]
)
def test_a_row_that_is_no_mark_is_refused(row, tmp_path):
    """In one line that names the file."""
    path = tmp_path / "marks.csv"
    path.write_text(f"photo,what,width_px,points\n{row}\n", "utf-8")
    with pytest.raises(InputError, match=r"expected marks .*marks\.csv"):
        read_marks(path)


def test_forty_photos_are_marked_and_what_is_marked_is_thin():
    """No line of theirs is wider than a fortieth of a photo's long side; every kind is there more than once."""
    marks = read_marks()
    assert len(marks) == 40
    every = [one for of_photo in marks.values() for one in of_photo]
    assert all(one.width_px <= 512 / 40 for one in every)
    kinds = [one.what for one in every]
    assert all(kinds.count(kind) > 4 for kind in ("post", "leg", "branch", "wire", "rod", "spoke", "frame"))


def test_marks_lie_in_their_photos(shared):
    """Every one of them, in the photos as they are."""
    perfect_of = dict.fromkeys(read_marks(MARKS))
    for name, of_photo in read_marks(MARKS).items():
        with Image.open(shared / "photos" / name) as photo:
            size_px = photo.size
        near = np.any([drawn(one, size_px) for one in of_photo], axis=0).astype(np.float32)
        perfect_of[name] = seen_marks(name, near, of_photo).seen
    assert set(perfect_of.values()) == {1.0}


def test_photos_are_measured_by_name(tmp_path):
    """A map that is the picture sees a white post before black; a missing photo is named."""
    rgb = np.zeros((192, 256, 3), np.uint8)
    rgb[drawn(POST, SIZE_PX)] = 255
    Image.fromarray(rgb).save(tmp_path / "a.png")
    (row,) = seen_on_photos(lambda picture: picture.mean(axis=2, dtype=np.float32), tmp_path, {"a.png": [POST]})
    assert (row.name, row.seen) == ("a.png", 1)
    with pytest.raises(InputError, match=r"b\.png"):
        seen_on_photos(lambda picture: picture.mean(axis=2, dtype=np.float32), tmp_path, {"b.png": [POST]})


def test_one_photo_in_a_hundred_was_never_shown(tmp_path):
    """The first of every hundred, in the order of their names, as the trainers count."""
    for number in range(201):
        (tmp_path / f"{number:03}.jpg").touch()
    (tmp_path / "000.txt").touch()
    assert held_out_photos(tmp_path) == {"000.jpg", "100.jpg", "200.jpg"}


def test_drawn_scenes_have_every_kind_of_thing_and_are_the_same_every_time():
    """Each is there, and there is room beside it."""
    every = scenes()
    assert len(every) == 60
    assert {kind for _, kind, _, _ in every} == set(KINDS)
    for (name, kind, rgb, thing), (again, _, rgb_again, _) in zip(every, scenes(), strict=True):
        assert name == again
        assert name.startswith(kind)
        np.testing.assert_array_equal(rgb, rgb_again)
        assert 0 < thing.mean() < 0.4


def test_drawn_things_are_seen_by_who_knows_where_they_are_and_by_no_other():
    """The truth sees all of them, a floor none."""
    some = scenes()[::6]
    for scene in some:
        (row,) = seen_drawn(lambda _, thing=scene[3]: thing.astype(np.float32), [scene])
        assert row.seen > 0.97
    floor = np.broadcast_to(np.linspace(0, 1, 384, dtype=np.float32)[:, None], (384, 512)).copy()
    assert all(row.seen < 0.03 for row in seen_drawn(lambda _: floor, some))
