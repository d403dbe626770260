"""CIELAB of sRGB: against OpenCV's, and what colours keep."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from kbvr.imaging.lab import LUMINANCE, chroma_of, coloured, lightness_of
from kbvr.imaging.srgb import to_linear


@pytest.fixture(scope="module")
def rgb():
    return np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)


def luminance_of(rgb):
    return (to_linear(rgb) @ LUMINANCE).astype(np.float32)


def test_it_is_that_of_opencv(rgb):
    lab = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    assert np.abs(lightness_of(rgb) - lab[..., 0]).max() < 0.3
    assert np.abs(chroma_of(rgb) - lab[..., 1:]).max() < 0.6


def test_white_and_black_have_no_chroma():
    grey = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    assert np.abs(chroma_of(grey)).max() < 0.05
    assert lightness_of(grey)[0, [0, 255]] == pytest.approx([0, 100], abs=0.01)


def test_a_picture_comes_back_from_its_luminance_and_chroma(rgb):
    back = coloured(luminance_of(rgb), chroma_of(rgb))
    assert np.abs(back.astype(int) - rgb).max() <= 1


def test_colours_that_srgb_cannot_show_keep_their_luminance_and_hue(rgb):
    found = coloured(luminance_of(rgb), 4 * chroma_of(rgb))
    assert np.abs(lightness_of(found) - lightness_of(rgb)).max() < 0.5
    before, after = chroma_of(rgb), chroma_of(found)
    strong = np.hypot(*np.moveaxis(before, -1, 0)) > 20
    cosine = (before * after).sum(-1) / np.maximum(np.linalg.norm(before, axis=-1) * np.linalg.norm(after, axis=-1), 1)
    assert np.median(cosine[strong]) > 0.98
