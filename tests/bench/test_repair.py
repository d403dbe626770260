"""Drawn damage is what it says, and the repair is measured against what was there before."""

from __future__ import annotations

import numpy as np
import pytest
from old_prints import HEIGHT, WIDTH, scene

from bench.damage import as_print, damaged, scanned, with_paper_texture
from bench.repair import Figures, measure, report


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_damage_changes_its_mask_and_little_else(seed):
    rng = np.random.default_rng(seed)
    done = damaged(as_print(scene(), rng), rng)
    error = np.abs(done.rgb.astype(int) - done.intact).max(axis=2)
    assert 0 < done.mask.mean() < 0.25
    assert error[done.mask].mean() > 20
    assert np.median(error[~done.mask]) <= 4
    assert {*done.kinds} == {"scratches", "dust", "folds", "blotches", "torn", "cracks"}


def test_the_corners_of_a_scanned_print_are_those_of_its_picture():
    red = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    red[..., 0] = 200
    scan = scanned(red, np.random.default_rng(3))
    y, x = np.nonzero((scan.rgb[..., 0] > 150) & (scan.rgb[..., 1] < 60))
    assert (x.min(), x.max()) == pytest.approx((scan.corners[:, 0].min(), scan.corners[:, 0].max()), abs=2)
    assert (y.min(), y.max()) == pytest.approx((scan.corners[:, 1].min(), scan.corners[:, 1].max()), abs=2)
    along = scan.corners[1] - scan.corners[0]
    assert np.degrees(np.arctan2(along[1], along[0])) == pytest.approx(scan.angle_deg, abs=0.01)


def test_paper_has_the_texture_that_was_asked_for():
    flat = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    assert with_paper_texture(flat, np.random.default_rng(0), levels=10).std() == pytest.approx(10, rel=0.05)


def test_the_table_has_every_figure():
    figures = measure(iter([(0, scene()), (1, scene())]), depths=0)
    assert len(figures.touched_photo) == 2
    assert max(figures.touched_photo) == 0
    assert np.mean(figures.filled_db) > np.mean(figures.found_before_db)
    assert figures.missed_borders == 0
    text = report(figures)
    for kind in figures.found:
        assert f"damage found: {kind}" in text
    assert "borders found | 2 of 2" in text
    assert "-" in report(Figures())
