"""The filling networks' working picture: a downscaled copy that contains only the sources."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from kbvr.imaging.array_types import Mask, Picture, Plane
from kbvr.imaging.resize import shrunk

WORKING_LONG_SIDE_PX = 1024
"""Networks do not invent finer detail than a picture of this size shows."""

KNOWN_SHARE = 0.5
"""A working pixel is known if more than this share of it is a source."""


@dataclass(frozen=True, eq=False)
class WorkingPicture:
    """A picture with a hole, at the working size."""

    planes: Float32[np.ndarray, "C h w"]
    """Red, green and blue, 0 to 1, and inverse depth if it was given: means over the sources, 0 where unknown."""

    known: Float32[np.ndarray, "h w"]
    """1 where there are sources, else 0."""

    hole: Bool[np.ndarray, "h w"]
    """The hole, and the neighbouring pixels that enlarging mixes in."""


def at_working_size(rgb: Picture, inverse_depth: Plane | None, *, hole: Mask, source: Mask) -> WorkingPicture:
    """Return the sources in a picture whose long side is at most `WORKING_LONG_SIDE_PX`."""
    share, plane = source.astype(np.float32), hole.astype(np.float32)
    small_hole = shrunk(plane, WORKING_LONG_SIDE_PX) > 0
    known_share = shrunk(share, WORKING_LONG_SIDE_PX)
    known = (known_share > KNOWN_SHARE).astype(np.float32)
    mean = known / np.maximum(known_share, 1e-6)
    planes = np.empty((3 if inverse_depth is None else 4, *known.shape), np.float32)
    for index, small in enumerate(planes):  # one by one: a large photo would take gigabytes at once
        if index == 3 and inverse_depth is not None:
            cv2.multiply(inverse_depth, share, dst=plane)
        else:
            cv2.multiply(rgb[..., index], share, dst=plane, scale=1 / 255, dtype=cv2.CV_32F)
        np.multiply(shrunk(plane, WORKING_LONG_SIDE_PX), mean, out=small)
    grown = cv2.dilate(small_hole.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    return WorkingPicture(planes, known, grown)
