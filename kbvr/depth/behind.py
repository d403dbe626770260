"""What a second view of a photo shows of the surfaces behind those that the photo shows."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from kbvr.imaging.array_types import Mask, Picture, Plane


@dataclass(frozen=True, eq=False)
class Behind:
    """Surfaces behind those of a photo, seen from its own camera."""

    rgb: Picture = field(repr=False)
    inverse_depth: Plane = field(repr=False)
    """1/m, as in the photo's `DepthMap`."""

    known: Mask = field(repr=False)
    """Where they are known."""

    def scaled(self, factor: float) -> Behind:
        """Return the same surfaces, their inverse depth multiplied."""
        return Behind(self.rgb, self.inverse_depth * np.float32(factor), self.known)

    def cropped(self, crop: tuple[slice, slice]) -> Behind:
        """Return a part of it, by its rows and columns."""
        return Behind(*(np.ascontiguousarray(plane[crop]) for plane in (self.rgb, self.inverse_depth, self.known)))

    def resized(self, size_px: tuple[int, int]) -> Behind:
        """Return it at another (width, height): each pixel is that of the nearest place."""
        planes = (self.rgb, self.inverse_depth, self.known.view(np.uint8))
        rgb, inverse_depth, known = (cv2.resize(p, size_px, interpolation=cv2.INTER_NEAREST_EXACT) for p in planes)
        return Behind(np.asarray(rgb), np.asarray(inverse_depth), np.asarray(known) > 0)
