"""What kbvr-depth is shown: scenes that are held out, licences, thin things, and batches by number."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from good_depth import write_good_depth

from export import depth_batches, samples
from export.depth_batches import Pool, Source
from export.disturbed import disturbed
from export.samples import Sample
from export.strong_labels import held_out_scenes, is_between, is_permissive, load_strong, scene_of
from export.thin_things import thin_matte, with_thin_thing


@pytest.fixture(scope="module")
def good_depth(tmp_path_factory):
    """Return a folder of pictures with good depth."""
    return write_good_depth(tmp_path_factory.mktemp("depth"))


def test_frames_of_one_scene_are_never_on_both_sides(good_depth):
    """Scenes are held out, not pictures, and the same ones whatever licences are let in."""
    kept, held_out = load_strong(good_depth, permissive=False)
    assert len(kept) + len(held_out) == 46
    assert {one.source for one in held_out} == {"am", "dc"}
    assert not {one.scene for one in kept} & {one.scene for one in held_out}
    fewer, same = load_strong(good_depth, permissive=True)
    assert [one.name for one in same] == [one.name for one in held_out]
    assert {one.source for one in fewer} == {"am"}


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("da3_bear_0000", "da3_bear_0003", True),
        ("da3_bear_0000", "da3_boat_0000", False),
        ("p36o_382483ef_0", "p36x_382483ef_7", True),
        ("rgbdd_20200509112638", "rgbdd_20200509113453", True),
        ("rgbdd_20200509112638", "rgbdd_20200509121031", False),
        ("kinect_000", "kinect_420", True),
        ("am_013774", "am_017959", False),
        ("nyu_0000", "nyu_0023", True),
        ("nyu_0023", "nyu_0024", False),
    ],
)
def test_names_say_what_shows_the_same_scene(one, other, together):
    """Clips, panoramas, hours and rooms each have their rule."""
    assert (scene_of(one) == scene_of(other)) is together


def test_between_rooms_that_are_trained_on_and_rooms_that_are_not_some_frames_are_left_out():
    """The room of a frame at the end of a held-out block may go on in the next."""
    names = [f"nyu_{number:04}" for number in range(600)]
    held_out = held_out_scenes(names)
    measured = {n for n in names if scene_of(n) in held_out and not is_between(n, held_out)}
    trained = {n for n in names if scene_of(n) not in held_out}
    gaps = [abs(int(a[4:]) - int(b[4:])) for a in measured for b in trained]
    assert min(gaps) > 3


@pytest.mark.parametrize(
    ("licence", "label", "may"),
    [
        ("MIT", "true", True),
        ("NYU Depth v2: research use, cite (repo: MIT)", "true", True),
        ("none stated", "synthetic", True),
        ("page CC BY-SA 4.0", "network Marigold", True),
        ("page CC BY-SA 4.0", "network DepthSplat", False),
        ("none stated", "network MiDaS/DPT via a script (likely)", False),
        ("none stated", "network MiDaS DPT-Large", True),
        ("page CC BY-SA 4.0", "network SharpDepth (UniDepth+Marigold)", False),
        ("none stated (project page)", "network BoostingMonocularDepth (MiDaS v2)", False),
        ("page CC BY-SA 4.0", "network DA360 (panorama)", False),
        ("MIT", "network Depth-Anything-v2", False),
        ("page CC BY-SA 4.0 / CC BY-NC-SA 4.0", "true", False),
        ("Omnidata EULA (non-commercial)", "synthetic", False),
    ],
)
def test_only_answers_of_open_networks_are_learnt_where_that_is_asked_for(licence, label, may):
    """Labels of networks that are non-commercial or unknown are left out, and pictures that are non-commercial."""
    assert is_permissive(licence, label) is may


def test_kinds_of_which_there_are_few_pictures_are_shown_less(good_depth, monkeypatch):
    """The fewer there are, the smaller the share, so that none is learnt by heart."""
    monkeypatch.setattr(depth_batches, "ENOUGH", 10_000)
    small = small_source(good_depth)
    monkeypatch.setattr(depth_batches, "ENOUGH", 10)
    large = small_source(good_depth)

    def films(source):
        kinds = [source._draw(0, (192, 256), random.Random(n)).kind for n in range(60)]
        return kinds.count("films")

    monkeypatch.setattr(depth_batches, "SCENE_HW", (48, 64))
    assert films(small) < films(large) / 3


@pytest.mark.parametrize("seed", range(12))
def test_a_thin_thing_is_nearer_than_what_is_behind_it(seed):
    """Where a thin thing was drawn its depth is, and nowhere else; it takes little of the picture."""
    rng = random.Random(seed)
    depth = np.full((96, 128), 1.0, np.float32) + np.linspace(0, 1, 96, dtype=np.float32)[:, None]
    rgb, sky, before = np.full((96, 128, 3), 128, np.uint8), np.ones((96, 128), np.float32), depth.copy()
    with_thin_thing(rgb, depth, sky, np.zeros((8, 8, 3), np.uint8), rng)
    drawn = depth != before
    assert drawn.mean() < 0.6
    assert (depth[drawn] > before[drawn]).all()
    assert ((sky == 0) == drawn).all()
    assert (
        np.abs(rgb.astype(int) - 128).max(axis=2)[~drawn & (thin_matte((96, 128), random.Random(seed)) == 0)] == 0
    ).all()


def small_source(good_depth) -> Source:
    """Return a source of few pictures without photos and mixtures."""
    kept, _ = load_strong(good_depth, permissive=False)
    return Source(kept, [], None, seed=3)


def test_the_batch_of_a_step_is_the_same_whenever_it_is_made(good_depth, monkeypatch):
    """Another process that starts at a step shows what this one would have shown."""
    monkeypatch.setattr(depth_batches, "BATCH_PIXELS", 2 * 192 * 256)
    monkeypatch.setattr(depth_batches, "SCENE_HW", (48, 64))
    one, other = small_source(good_depth), small_source(good_depth)
    for step in range(3):
        one.batch(step)
    for wanted, got in zip(one.batch(3), other.batch(3), strict=True):
        assert torch.equal(wanted.nan_to_num(), got.nan_to_num())
    assert not torch.equal(one.batch(4)[0], other.batch(5)[0])


def test_a_batch_says_where_something_was_pasted(good_depth, monkeypatch):
    """Where a thin thing was drawn depth is above the label's, and there alone."""
    monkeypatch.setattr(depth_batches, "SHARES", {"films": 1.0, "scenes": 0.0})
    monkeypatch.setattr(depth_batches, "DISTURBED_SHARE", {"films": 0.0})
    monkeypatch.setattr(samples, "CARD_SHARE", 0.0)
    monkeypatch.setattr(depth_batches, "THIN_SHARE", 1.0)
    _, depth, _, pasted, *_ = small_source(good_depth).batch(0)
    assert pasted.any()
    highest = 250 / 255
    assert (depth[(depth > highest + 0.01)] > highest).sum() > 0
    assert pasted[depth > highest + 0.01].all()
    monkeypatch.setattr(depth_batches, "THIN_SHARE", 0.0)
    assert not small_source(good_depth).batch(0)[3].any()


def test_unknown_depth_stays_unknown_in_a_batch_and_weights_and_ranks_come_along(good_depth, monkeypatch):
    """What the label does not know is NaN, not 0."""
    monkeypatch.setattr(depth_batches, "SHARES", {"films": 1.0, "scenes": 0.0, "mixtures": 0.0})
    monkeypatch.setattr(depth_batches, "THIN_SHARE", 0.0)
    source = small_source(good_depth)
    rgb, depth, sky, _, weight, by_rank, sharp = next(b for b in map(source.batch, range(20)) if b[1].isnan().any())
    assert rgb.shape[1] == 3
    assert rgb.shape[2:] == depth.shape[2:] == sky.shape[2:]
    assert depth[depth.isfinite()].min() > 0
    assert (sky == -1).any()
    torch.testing.assert_close(weight, torch.full_like(weight, 0.8))
    assert by_rank.dtype == torch.bool
    assert (sharp == 1).all()


def test_photos_that_the_network_labelled_are_made_harder_and_count_whole(monkeypatch):
    """A student that is shown what its teacher was shown learns nothing."""
    asked = []

    def note(rgb, depth, other, rng):
        asked.append(rgb.shape)
        return rgb, depth

    monkeypatch.setattr(depth_batches, "disturbed", note)
    monkeypatch.setattr(depth_batches, "SHARES", {"photos": 1.0, "scenes": 0.0})
    photos = [Sample(np.zeros((48, 64, 3), np.uint8), np.ones((48, 64), np.float16), None)]
    weights, counts = [], []
    for itself in (False, True):
        source = Source([], photos, None, 0, taught_by_itself=itself)
        asked.clear()
        weights.append(torch.cat([source.batch(step)[4] for step in range(12)]))
        counts.append(len(asked) / len(weights[-1]))
    assert (weights[0] < 1).all()
    assert (weights[1] == 1).all()
    assert counts[0] < 0.4 < 0.6 < counts[1]


def test_some_pictures_lie_on_a_side(good_depth, monkeypatch):
    """Picture and depth are turned together, and the batch keeps its shape."""
    monkeypatch.setattr(depth_batches, "TURNED_SHARE", 1.0)
    monkeypatch.setattr(depth_batches, "SHARES", {"films": 1.0, "scenes": 0.0})
    monkeypatch.setattr(depth_batches, "THIN_SHARE", 0.0)
    monkeypatch.setattr(depth_batches, "DISTURBED_SHARE", {"films": 0.0})
    monkeypatch.setattr(samples, "CARD_SHARE", 0.0)
    rgb, depth, *_ = small_source(good_depth).batch(0)
    assert rgb.shape[2:] == depth.shape[2:]
    # Depth grew from top to bottom; now it does from side to side.
    assert (depth.nan_to_num(1)[..., 1:, :] - depth.nan_to_num(1)[..., :-1, :]).abs().median() < 1e-6
    across = (depth[..., -1] - depth[..., 0]).abs().nanmedian()
    assert across > 0.2


@pytest.mark.parametrize("seed", range(16))
def test_a_disturbed_picture_is_one_still(seed):
    """Colours stay in 0-1 and finite; depth is what it was, but for a rectangle that may be unknown."""
    rng = random.Random(seed)
    noise = np.random.default_rng(seed)
    rgb, depth = noise.random((40, 56, 3), np.float32), noise.random((40, 56), np.float32)
    picture, left = disturbed(rgb, depth, np.full((9, 9, 3), 200, np.uint8), rng)
    assert picture.shape == rgb.shape
    assert picture.dtype == np.float32
    assert picture.min() >= 0
    assert picture.max() <= 1
    assert not np.array_equal(picture, rgb)
    unknown = np.isnan(left)
    assert np.array_equal(left[~unknown], depth[~unknown])
    assert unknown.mean() < 0.3
    rows, columns = unknown.any(axis=1).sum(), unknown.any(axis=0).sum()
    assert unknown.sum() == rows * columns


def test_samples_of_a_pool_are_made_once_and_become_new():
    """A number stands for one sample; later steps see others."""
    made = []

    def make(rng: random.Random) -> Sample:
        made.append(rng.random())
        return Sample(np.full((1, 1), made[-1]), np.zeros(1), None)

    pool = Pool(make, 0)
    first = {pool.sample(0, random.Random(k)).rgb[0, 0] for k in range(300)}
    assert len(made) == len(first) <= depth_batches.FIRST_POOL
    late = {pool.sample(100_000, random.Random(k)).rgb[0, 0] for k in range(300)}
    assert not first & late


def test_of_what_is_covered_neither_depth_nor_sky_is_known(good_depth, monkeypatch):
    """The piece of another picture that covers a scene may show ground where the scene has its sky."""

    def half_covered(rgb, depth, other, rng):
        columns = np.arange(depth.shape[1])
        return rgb, np.where(columns < depth.shape[1] // 2, np.nan, depth)

    monkeypatch.setattr(depth_batches, "SHARES", {"scenes": 1.0})
    monkeypatch.setattr(depth_batches, "DISTURBED_SHARE", {"scenes": 1.0})
    monkeypatch.setattr(depth_batches, "TURNED_SHARE", 0.0)
    monkeypatch.setattr(depth_batches, "THIN_SHARE", 0.0)
    monkeypatch.setattr(depth_batches, "SCENE_HW", (48, 64))
    monkeypatch.setattr(depth_batches, "BATCH_PIXELS", 2 * 192 * 256)
    monkeypatch.setattr(depth_batches, "disturbed", half_covered)
    _, depth, sky, *_ = small_source(good_depth).batch(0)
    middle = depth.shape[-1] // 2
    assert depth[..., :middle].isnan().all() and (sky[..., :middle] == -1).all()
    assert (sky[..., middle:] >= 0).all()
