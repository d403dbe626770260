"""Faded tones are stretched; the tone of a print stays, and damage does not count."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from old_prints import scene, scratched

from kbvr.imaging.lab import chroma_of, lightness_of
from kbvr.photo.photo import photo_from_array
from kbvr.photo.second_view import SecondView
from kbvr.repair import with_contrast
from kbvr.repair.contrast import stretch_of


def faded(rgb: np.ndarray, tone: tuple[float, float, float] = (1, 1, 1)) -> np.ndarray:
    """Return a picture in tones from 90 to 190, in a colour."""
    span = (rgb - rgb.min()) / np.ptp(rgb)
    return np.rint((90 + 100 * span) * np.array(tone)).astype(np.uint8)


def test_faded_tones_reach_nearly_black_and_white():
    done = with_contrast(photo_from_array(faded(scene())))
    dark, light = np.percentile(lightness_of(done.rgb), (1, 99))
    assert dark == pytest.approx(6, abs=1.5)
    assert light == pytest.approx(95, abs=1.5)
    assert "contrast restored" in done.notes[-1]
    assert not done.rgb.flags.writeable


def test_a_neutral_print_stays_neutral():
    rgb = with_contrast(photo_from_array(faded(scene()))).rgb
    assert np.ptp(rgb.astype(int), axis=2).max() <= 1


def test_a_toned_print_keeps_its_tone():
    """Its hue is the same, and its chroma where sRGB has room."""
    rgb = faded(scene(), (1, 0.93, 0.8))
    before, after = (chroma_of(picture).reshape(-1, 2).mean(axis=0) for picture in (rgb, with_contrast_of(rgb)))
    assert after / np.hypot(*after) == pytest.approx(before / np.hypot(*before), abs=0.08)
    assert np.hypot(*after) > 0.7 * np.hypot(*before)


def with_contrast_of(rgb: np.ndarray) -> np.ndarray:
    """Return a picture with restored contrast."""
    return with_contrast(photo_from_array(rgb)).rgb


def test_damage_does_not_count():
    """White scratches and dust would otherwise be the print's white."""
    rgb = faded(scene())
    clean, damaged = stretch_of(rgb), stretch_of(scratched(rgb)[0])
    assert damaged.gain == pytest.approx(clean.gain, rel=0.03)


@pytest.mark.parametrize(("low", "high"), [(170, 210), (20, 50), (110, 140)])
def test_a_print_with_little_contrast_stays_as_light_or_dark_as_it_is(low, high):
    """Stretched by as much as is allowed, it does not fall to black."""
    rgb = np.rint(low + (high - low) * (scene() - float(scene().min())) / np.ptp(scene())).astype(np.uint8)
    before, after = lightness_of(rgb), lightness_of(with_contrast_of(rgb))
    assert np.ptp(after) > 2 * np.ptp(before)
    room = (before.min() - 0) / (100 - np.ptp(before))
    assert (after.min() - 0) / (100 - np.ptp(after)) == pytest.approx(room, abs=0.1)


@pytest.mark.parametrize("value", [5, 250])
def test_an_empty_page_stays_as_it_is(value):
    rgb = np.full((200, 300, 3), value, np.uint8)
    rgb[50:60, 40:260:9] += 4
    done = with_contrast(photo_from_array(rgb))
    assert np.array_equal(done.rgb, rgb)
    assert "its contrast stays" in done.notes[-1]


def test_full_tones_stay_as_they_are():
    grey = np.tile(np.linspace(0, 255, 480).astype(np.uint8), (360, 1))
    photo = photo_from_array(np.repeat(grey[..., None], 3, axis=2))
    done = with_contrast(photo)
    assert done.rgb is photo.rgb
    assert "its contrast stays" in done.notes[-1]


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_picture_of_one_tone_has_no_contrast_to_restore(value):
    rgb = with_contrast_of(np.full((64, 64, 3), value, np.uint8))
    assert np.ptp(rgb) == 0


def test_a_second_view_is_stretched_as_the_first():
    """Both stay alike, so that they still match, even if the second one has less contrast."""
    rgb = faded(scene())
    photo = replace(photo_from_array(rgb), second_view=SecondView(rgb[::2, ::2], "another file"))
    done = with_contrast(photo)
    assert done.second_view is not None
    np.testing.assert_array_equal(done.second_view.rgb, done.rgb[::2, ::2])
