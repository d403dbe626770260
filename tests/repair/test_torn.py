"""White corners are torn off only where the network sees damage, too."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from old_prints import HEIGHT, WIDTH, scene

from kbvr.repair.torn import torn_corners

CORNER = cv2.circle(scene(), (WIDTH, HEIGHT), 50, (248, 248, 248), -1)
"""A print whose lower right corner is missing."""


def probability(of_corner: float) -> np.ndarray:
    """Return a probability of damage that is nothing but one pixel in the lower right corner."""
    plane = np.zeros((HEIGHT, WIDTH), np.float32)
    plane[-10, -10] = of_corner
    return plane


def test_a_white_corner_with_damage_is_torn_with_its_rim():
    found = torn_corners(CORNER, probability(0.9))
    assert found[-30:, -30:].all()
    assert 0.010 < found.mean() < 0.016


@pytest.mark.parametrize("of_corner", [0.0, 0.3])
def test_a_white_corner_without_damage_belongs_to_the_picture(of_corner):
    assert not torn_corners(CORNER, probability(of_corner)).any()


def test_a_dark_corner_is_not_torn():
    assert not torn_corners(scene(), probability(1.0)).any()
