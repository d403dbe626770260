"""The classifier of damage is trained on drawn damage, and the shipped one has the shape that the trainer writes."""

from __future__ import annotations

import numpy as np
from old_prints import scene

from bench.damage import as_print, damaged
from export.train_damage import NEURONS, labelled, trained
from kbvr.repair.candidate_features import FEATURES
from kbvr.repair.damage import WEIGHTS, looks


def test_damage_looks_more_like_damage_than_a_fence(monkeypatch):
    monkeypatch.setattr("export.train_damage.STEPS", 120)
    pictures = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        rgb = scene()
        for x in range(10 + seed, 470, 24 + seed):
            rgb[100:260, x : x + 4] = 200
        done = damaged(as_print(rgb, rng), rng)
        pictures += [(done.intact, np.zeros(rgb.shape[:2], bool)), (done.rgb, done.mask)]
    data = labelled(pictures, "light")
    weights = trained(data, touched=0.001)
    score = looks(weights, data.features)
    assert score[data.is_damage].mean() > score[~data.is_damage].mean() + 2
    with np.load(WEIGHTS) as shipped:
        for name, value in weights.items():
            assert shipped[f"light_{name}"].shape == shipped[f"dark_{name}"].shape == value.shape, name
        assert shipped["light_hidden"].shape == (NEURONS, len(FEATURES))
