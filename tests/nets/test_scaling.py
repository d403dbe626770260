"""sRGB as the numbers that networks take, and back."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from kbvr.nets.recipe import Scaling
from kbvr.nets.scaling import scaled, unscaled

WHITE = {"0-1": (1, 1, 1), "0-255": (255, 255, 255), "imagenet": (2.2489, 2.4286, 2.64)}


@pytest.mark.parametrize("scaling", get_args(Scaling))
def test_what_is_scaled_comes_back(scaling):
    rgb255 = np.random.default_rng(0).uniform(0, 255, (1, 3, 4, 5)).astype(np.float32)
    np.testing.assert_allclose(unscaled(scaled(rgb255, scaling), scaling), rgb255, atol=1e-3)


@pytest.mark.parametrize("scaling", get_args(Scaling))
def test_white_is_what_networks_were_trained_with(scaling):
    white = scaled(np.full((1, 3, 1, 1), 255, np.float32), scaling)
    np.testing.assert_allclose(white.ravel(), WHITE[scaling], atol=1e-4)
