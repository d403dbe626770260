"""Tiny pictures of whole scenes, kept: `KBVR_WRITE_GOLDENS=1 pytest tests/rendering/test_goldens.py` makes them anew.

A difference is written beside the golden as NAME.difference.png when a picture does not agree.
"""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from scenes import card_before_wall, checkerboard, depth_of, photo_of

import kbvr
from kbvr.inpaint.push_pull import spread
from kbvr.ldi.scene import build_scene

GOLDENS = Path(__file__).parents[1] / "goldens"
TOLERANCE_LEVELS = 6
"""Resampling differs a little between versions of OpenCV."""


def card():
    """A textured card before a textured wall, seen from the upper right."""
    photo, depth = card_before_wall()
    rgb = (photo.rgb.astype(int) + checkerboard(120, 100) // 3).clip(0, 255).astype(np.uint8)
    return build_scene(photo_of(rgb), depth, reach_m=0.12, filler=spread), {"x_m": 0.09, "y_m": -0.05}


def floor():
    """A checkered floor, seen from farther ahead."""
    slant = np.linspace(0.1, 1.0, 90)[:, None] * np.ones((1, 120))
    return build_scene(photo_of(checkerboard(120, 90)), depth_of(slant), reach_m=0.12, filler=spread), {"z_m": 0.15}


@pytest.mark.parametrize("scene_of", [card, floor], ids=lambda scene_of: scene_of.__name__)
def test_a_scene_looks_as_it_did(scene_of):
    scene, move = scene_of()
    picture = next(kbvr.render(scene, [scene.camera.moved(**move)]))[..., ::-1]
    path = GOLDENS / f"{scene_of.__name__}.png"
    if os.environ.get("KBVR_WRITE_GOLDENS"):
        cv2.imwrite(str(path), picture)
    golden = cv2.imread(str(path))
    assert golden is not None, f"there is no {path.name}: make it with KBVR_WRITE_GOLDENS=1"
    difference = np.abs(picture.astype(int) - golden)
    unlike = (difference.max(axis=2) > TOLERANCE_LEVELS).mean()
    if unlike > 0.005:
        cv2.imwrite(str(path.with_suffix(".difference.png")), difference.astype(np.uint8) * 4)
    assert unlike <= 0.005
