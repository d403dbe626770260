"""Give a photo colours: only its chroma is taken from a network, enlarged along the edges of the photo's lightness."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import Float32

from kbvr.colorize.has_colour import has_colour
from kbvr.colorize.networks import Chroma, ColourNetwork, Lightness
from kbvr.imaging.array_types import Picture
from kbvr.imaging.lab import coloured, lightness_of_luminance, luminance_of
from kbvr.imaging.resize import resized, scaled_px
from kbvr.photo.photo import Photo

GUIDE_PIXELS = 512 * 512
"""Size at which chroma follows the lightness."""

REACH_SHARE = 0.012
"""Reach of that, as a share of the long side."""

FLAT = 4.0
"""Standard deviation of the lightness (0 to 100) below which an area has no edges that chroma follows."""

BAND_ROWS = 256


def colorized(photo: Photo, network: ColourNetwork, *, strength: float = 1.0) -> Photo:
    """Return a photo with the colours that a network guesses, and a note; its second view gets colours too.

    The luminance of every pixel stays, so no detail is lost. A photo that has colours is returned as it is.

    Args:
        photo: a grey or toned photo.
        network: from `colour_network`.
        strength: factor of the chroma, 0 for none.
    """
    if has_colour(photo.rgb):
        return replace(photo, notes=(*photo.notes, "it has colours of its own, so none were added"))
    view = photo.second_view
    if view is not None and not has_colour(view.rgb):
        view = replace(view, rgb=_coloured(replace(photo, rgb=view.rgb, second_view=None), network, strength))
    rgb = _coloured(photo, network, strength)
    note = f"colours guessed by {network.name}"
    if strength and np.array_equal(rgb, photo.rgb):
        note += ", which do not show: it is all black and white"
    return replace(photo, rgb=rgb, second_view=view, notes=(*photo.notes, note))


def _coloured(photo: Photo, network: ColourNetwork, strength: float) -> Picture:
    fine = FineChroma(photo, _guessed(photo, network) * np.float32(strength))
    rgb = np.empty_like(photo.rgb)
    for top in range(0, len(rgb), BAND_ROWS):
        rows = slice(top, min(top + BAND_ROWS, len(rgb)))
        luminance = luminance_of(photo.rgb[rows])
        rgb[rows] = coloured(luminance, fine.of_rows(rows, lightness_of_luminance(luminance)))
    rgb.flags.writeable = False
    return rgb


def _guessed(photo: Photo, network: ColourNetwork) -> Chroma:
    """Return the chroma of a photo at the network's size."""
    return network.chroma(_luminance_at(photo, network.size_px(photo.size_px)))


class FineChroma:
    """The chroma of a photo at its full size: a linear function of the lightness around each place.

    He and Sun 2015, "Fast Guided Filter" (arXiv:1505.00996): the functions are found at a smaller size.
    """

    def __init__(self, photo: Photo, chroma: Chroma) -> None:
        width, height = photo.size_px
        size_px = scaled_px(photo.size_px, min(1.0, (GUIDE_PIXELS / (width * height)) ** 0.5))
        guide = lightness_of_luminance(_luminance_at(photo, size_px))
        reach = 2 * max(1, round(REACH_SHARE * max(size_px))) + 1
        guided = _guided(guide, resized(chroma, size_px), reach)
        self._functions = guided
        self._photo_px = photo.size_px

    def of_rows(self, rows: slice, lightness: Lightness) -> Chroma:
        """Return a and b of some rows of the photo, whose lightness is given."""
        (width, height), (h, w) = self._photo_px, self._functions.shape[:2]
        x = (np.arange(width, dtype=np.float32) + 0.5) * (w / width) - 0.5
        y = (np.arange(rows.start, rows.stop, dtype=np.float32) + 0.5) * (h / height) - 0.5
        at_x, at_y = (np.ascontiguousarray(at, np.float32) for at in np.broadcast_arrays(x[None], y[:, None]))
        functions = cv2.remap(self._functions, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(functions[..., :2] * lightness[..., None] + functions[..., 2:], np.float32)


def _guided(guide: Lightness, chroma: Chroma, reach: int) -> Float32[np.ndarray, "h w 4"]:
    """Return factors and offsets by which a and b follow the guide within `reach` pixels."""

    def mean(values: np.ndarray) -> np.ndarray:
        return np.asarray(cv2.blur(values, (reach, reach), borderType=cv2.BORDER_REPLICATE))

    guide_mean, chroma_mean = mean(guide)[..., None], mean(chroma)
    variance = mean(guide * guide)[..., None] - guide_mean**2
    covariance = mean(guide[..., None] * chroma) - guide_mean * chroma_mean
    factor = covariance / (np.maximum(variance, 0) + np.float32(FLAT**2))
    return mean(np.concatenate([factor, chroma_mean - factor * guide_mean], axis=-1).astype(np.float32))


def _luminance_at(photo: Photo, size_px: tuple[int, int]) -> Lightness:
    """Return the luminance of a photo at another size, whose shape may differ."""
    return luminance_of(resized(photo.rgb, size_px))
