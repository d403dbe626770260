"""Stretch the faded tones of a print."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from kbvr.colorize.has_colour import has_colour
from kbvr.imaging.array_types import Picture
from kbvr.imaging.lab import chroma_of, coloured, lightness_of, luminance_of_lightness
from kbvr.imaging.resize import shrunk
from kbvr.photo.photo import Photo

SIDE_PX = 384
MEDIAN_PX = 7
"""Tones are measured in a copy of this size, through a median that scratches and dust do not survive."""

DARK_PERCENT, LIGHT_PERCENT = 1.0, 99.0
DARK, LIGHT = 6.0, 95.0
"""Lightness (CIELAB) that these percentiles get, unless they are beyond it."""

MAX_GAIN = 3.0
"""Tones are stretched by no more: a light print stays light, a dark one dark."""

MIN_SPREAD = 5.0
"""Lightness between the two percentiles below which there is no contrast to restore."""

MIN_GAIN = 1.04
"""Tones that would be stretched less are full already."""

NOTHING_TO_STRETCH = "its contrast stays: its tones are full already, or there is hardly any"

BAND_ROWS = 256


@dataclass(frozen=True)
class Stretch:
    """A straight line from lightness to lightness."""

    gain: float
    dark: float
    """The lightness that becomes `dark_target`."""

    dark_target: float


def stretch_of(rgb: Picture) -> Stretch:
    """Return the stretch that a print's tones need; damage does not count."""
    seen = cv2.medianBlur(shrunk(rgb, SIDE_PX), MEDIAN_PX)
    dark, light = np.percentile(lightness_of(np.asarray(seen)), (DARK_PERCENT, LIGHT_PERCENT))
    if light - dark < MIN_SPREAD:
        return Stretch(1.0, float(dark), float(dark))
    dark_target, light_target = min(float(dark), DARK), max(float(light), LIGHT)
    gain = min((light_target - dark_target) / float(light - dark), MAX_GAIN)
    left = light_target - dark_target - gain * float(light - dark)  # more than 0 only at MAX_GAIN
    below, above = float(dark) - dark_target, light_target - float(light)
    return Stretch(gain, float(dark), dark_target + left * below / max(below + above, 1e-3))


def with_contrast(photo: Photo) -> Photo:
    """Return a photo whose tones go from nearly black to nearly white, and a note.

    A neutral or toned print keeps its tone; colours become stronger as the tones do. A second view changes alike.
    """
    stretch = stretch_of(photo.rgb)
    if stretch.gain < MIN_GAIN:
        return replace(photo, notes=(*photo.notes, NOTHING_TO_STRETCH))
    chroma_gain = stretch.gain if has_colour(photo.rgb) else 1.0
    view = photo.second_view
    return replace(
        photo,
        rgb=_stretched(photo.rgb, stretch, chroma_gain),
        second_view=view and replace(view, rgb=_stretched(view.rgb, stretch, chroma_gain)),
        notes=(*photo.notes, f"contrast restored: tones stretched by {stretch.gain:.2f}"),
    )


def _stretched(rgb: Picture, stretch: Stretch, chroma_gain: float) -> Picture:
    result = np.empty_like(rgb)
    for top in range(0, len(rgb), BAND_ROWS):
        band = np.ascontiguousarray(rgb[top : top + BAND_ROWS])
        lightness = (lightness_of(band) - stretch.dark) * stretch.gain + stretch.dark_target
        luminance = luminance_of_lightness(np.clip(lightness, 0, 100).astype(np.float32))
        result[top : top + BAND_ROWS] = coloured(luminance, chroma_of(band) * np.float32(chroma_gain))
    result.flags.writeable = False
    return result
