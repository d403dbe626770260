"""Depth that wobbles as a network's: as much as measured, inside surfaces only, and less after straightening."""

from __future__ import annotations

import numpy as np

from bench.built_worlds import built_worlds
from bench.tracer import disparity_of_photo, nearest, rays_of
from bench.wobble import WOBBLE_SHARE, measure, table, thin_share, thin_things, without_lost_parts, wobbled
from bench.worlds import SIZE_PX

WORLDS = {world.name: world for world in built_worlds()}


def test_the_wobble_has_the_measured_deviation_on_every_surface() -> None:
    """Its deviation is a share of the depth range, and each surface has a wobble of its own."""
    world = WORLDS["columns"]
    camera = world.camera(SIZE_PX)
    true, surface = disparity_of_photo(world, camera), nearest(world.surfaces, rays_of(camera, 1))[0]
    off = (wobbled(true, surface, 0) - true) / np.subtract(*np.percentile(true, (98, 2)))
    assert 0.6 * WOBBLE_SHARE < off[surface == 2].std() < 1.4 * WOBBLE_SHARE
    same = (surface[:, 1:] == 2) & (surface[:, :-1] == 2)
    assert np.abs(np.diff(off, axis=1)[same]).max() < 0.2 * WOBBLE_SHARE


def test_straightening_takes_most_of_the_bend_off_columns() -> None:
    """Lines bend less than half as much, and no step is lost."""
    rows = measure(WORLDS["columns"], seeds=(0,))
    assert rows["straightened"].lines_px < 0.5 * rows["wobbling"].lines_px
    assert rows["straightened"].steps > rows["wobbling"].steps - 0.01
    assert "columns, straightened" in table({"columns": rows})


def test_a_fifth_of_thin_things_is_lost_and_nothing_else() -> None:
    """The lost parts have the disparity of what is behind; wide things are whole."""
    world = WORLDS["posts"]
    true = disparity_of_photo(world, world.camera(SIZE_PX))
    is_thin, behind = thin_things(true)
    lost = [without_lost_parts(true, true, seed) for seed in range(4)]
    changed = [each != true for each in lost]
    assert all((each == np.where(gone, behind, true)).all() for each, gone in zip(lost, changed, strict=True))
    assert not any(gone[~is_thin].any() for gone in changed)
    assert 0.05 < np.mean([gone[is_thin].mean() for gone in changed]) < 0.35
    assert not thin_things(disparity_of_photo(WORLDS["columns"], WORLDS["columns"].camera(SIZE_PX)))[0].any()


def test_straightening_brings_lost_parts_of_posts_back() -> None:
    """More of them is nearer than halfway, they bend less, and steps are where they should be."""
    rows = measure(WORLDS["posts"], seeds=(1,))
    straight, wobbling = rows["straightened"], rows["wobbling"]
    assert straight.thin_share > wobbling.thin_share + 0.04
    assert straight.lines_px < 0.3 * wobbling.lines_px
    assert straight.steps > wobbling.steps
    true = disparity_of_photo(WORLDS["posts"], WORLDS["posts"].camera(SIZE_PX))
    assert thin_share(true, true) == 1
