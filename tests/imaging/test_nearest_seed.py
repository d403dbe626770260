"""The nearest seed, found in blocks as in the whole picture."""

from __future__ import annotations

import numpy as np
import pytest

from kbvr.imaging.nearest_seed import FAR_PX, nearest_seed, nearest_seed_within


@pytest.mark.parametrize("reach_px", [3.0, 20.5])
def test_blocks_find_what_the_whole_picture_finds(reach_px):
    """Within reach of a seed, distances are the same, and the returned seed is at that distance (ties may differ)."""
    rng = np.random.default_rng(2)
    seeds = np.zeros((700, 1100), bool)
    seeds[rng.integers(0, 200, 30), rng.integers(0, 1100, 30)] = True
    seeds[690, [0, 255, 256, 1099]] = True
    distance, _ = nearest_seed(seeds)
    near, index = nearest_seed_within(seeds, reach_px)
    at = distance <= reach_px
    assert np.allclose(near[at], distance[at])
    assert (near[~at] > reach_px).all()
    assert seeds.ravel()[index[at]].all()
    y, x = np.nonzero(at)
    seed_y, seed_x = np.divmod(index[at], seeds.shape[1])
    assert np.abs(np.hypot(seed_y - y, seed_x - x) - distance[at]).max() < 0.05 * reach_px + 0.1


def test_without_seeds_all_is_far():
    distance, _ = nearest_seed_within(np.zeros((300, 300), bool), 5.0)
    assert (distance == FAR_PX).all()
