"""Depth is estimated without the texture of a print's paper."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from old_prints import HEIGHT, WIDTH, scene

from kbvr.photo.photo import photo_from_array
from kbvr.repair import for_depth
from kbvr.repair.depth_view import noise_levels


def grainy(rgb: np.ndarray, levels: float) -> np.ndarray:
    """Return a picture with grain."""
    grain = np.random.default_rng(0).normal(0, levels, (*rgb.shape[:2], 1))
    return np.clip(np.rint(rgb + grain), 0, 255).astype(np.uint8)


def test_texture_goes_and_edges_stay():
    done = for_depth(photo_from_array(grainy(scene(), 8))).rgb.astype(float)
    flat = np.s_[170:230, 120:200]
    assert done[flat].std() < 0.4 * 8
    assert done[200, 90:98].mean() - done[200, 102:110].mean() > 0.9 * (scene()[200, 94, 0] - 60.0)


def test_a_photo_without_texture_is_seen_as_it_is():
    photo = photo_from_array(scene())
    assert for_depth(photo) is photo


def test_a_large_photo_keeps_its_size_and_its_fine_edges():
    large = cv2.resize(scene(), (4 * WIDTH, 4 * HEIGHT), interpolation=cv2.INTER_NEAREST)
    rough = cv2.resize(grainy(scene(), 8), (4 * WIDTH, 4 * HEIGHT), interpolation=cv2.INTER_NEAREST)
    done = for_depth(photo_from_array(rough)).rgb.astype(int)
    assert done.shape == large.shape
    assert abs(done[800, 401] - done[800, 398]).mean() > 15


@pytest.mark.parametrize("levels", [3.0, 8.0])
def test_the_noise_is_measured(levels):
    flat = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    assert noise_levels(grainy(flat, levels)[..., 0]) == pytest.approx(levels, rel=0.1)
