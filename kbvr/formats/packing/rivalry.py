"""How an anaglyph looks through glasses, and which method suits a picture.

Two faults are measured in units of CIELAB, on the anaglyph of two equal views through ideal filters: *rivalry*, the
difference of lightness between the eyes, each adapted to its filter; and *colour error*, the distance of what both eyes
see together from the picture (Sanders and McAllister, "Producing anaglyphs from synthetic images", 2003; McAllister,
Zhou and Sullivan, "Methods for computing color anaglyphs", 2010).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import hypot

import cv2
import numpy as np
from jaxtyping import Float, Float32, UInt8

from kbvr.formats.packing.anaglyph import CHANNELS, METHODS, anaglyph
from kbvr.imaging.resize import averaged, within_px
from kbvr.imaging.srgb import to_linear

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
"""Relative luminance of the channels, ITU-R BT.709."""

MEASURED_PX = 256
"""Long side of the picture that is measured."""

MIN_ADVANTAGE = 5.0
"""Another method replaces Dubois's only if it is better by this much: his is fitted to real filters and shows the
faintest ghosts, which these figures do not include."""


@dataclass(frozen=True)
class Faults:
    """The faults of an anaglyph: root mean squares over the picture, 0 to about 100."""

    rivalry: float
    colour_error: float

    @property
    def total(self) -> float:
        """Both faults together."""
        return hypot(self.rivalry, self.colour_error)


def best_method(rgb: UInt8[np.ndarray, "H W 3"], glasses: str) -> str:
    """Return the method with the smallest faults; Dubois's unless another is clearly better."""
    totals = {colours: faults.total for colours, faults in faults_by_method(rgb, METHODS[glasses], glasses).items()}
    best = min(totals, key=totals.__getitem__)
    return best if totals[best] < totals["dubois"] - MIN_ADVANTAGE else "dubois"


def faults_by_method(rgb: UInt8[np.ndarray, "H W 3"], methods: Iterable[str], glasses: str) -> dict[str, Faults]:
    """Return method -> faults of an anaglyph whose views are both this picture.

    Raises:
        InputError: if a method does not exist for these glasses.
    """
    small = averaged(rgb, within_px((rgb.shape[1], rgb.shape[0]), MEASURED_PX))
    lab = _lab(small)
    made = {colours: anaglyph(small, small, colours=colours, glasses=glasses) for colours in methods}
    return {colours: _faults(picture, lab, glasses) for colours, picture in made.items()}


def _faults(made: UInt8[np.ndarray, "H W 3"], lab: Float32[np.ndarray, "H W 3"], glasses: str) -> Faults:
    """Return the faults of an anaglyph, made of a picture with these colours."""
    left, right = lightnesses(made, glasses)
    error = np.linalg.norm(_lab(made) - lab, axis=2)
    return Faults(float(np.sqrt(np.mean((left - right) ** 2))), float(np.sqrt(np.mean(error**2))))


def lightnesses(
    made: UInt8[np.ndarray, "H W 3"], glasses: str
) -> tuple[Float[np.ndarray, "H W"], Float[np.ndarray, "H W"]]:
    """Return the CIE 1976 lightness L* of an anaglyph for each eye, 0 to 100; white looks white through each filter."""
    light = to_linear(made)
    left, right = (
        light[..., list(channels)] @ (LUMINANCE[list(channels)] / LUMINANCE[list(channels)].sum())
        for channels in CHANNELS[glasses]
    )
    return _lightness(left), _lightness(right)


def _lightness(luminance: Float[np.ndarray, "H W"]) -> Float[np.ndarray, "H W"]:
    return np.where(luminance > (6 / 29) ** 3, 116 * np.cbrt(luminance) - 16, luminance * (29 / 3) ** 3)


def _lab(rgb: UInt8[np.ndarray, "H W 3"]) -> Float32[np.ndarray, "H W 3"]:
    return np.asarray(cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)
