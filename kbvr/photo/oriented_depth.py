"""Turn the depth in a photo's file as upright as the photo."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kbvr.photo.embedded_depth import ASPECT_TOLERANCE, EmbeddedDepth
from kbvr.photo.pixels import TRANSPOSED, upright


def oriented(depth: EmbeddedDepth, stored_px: tuple[int, int], orientation: int) -> EmbeddedDepth:
    """Return a depth as upright as its photo, which is stored at a (width, height) in an EXIF orientation.

    Phones store depth in the orientation of the stored pixels. A map that fits only the upright photo is upright.

    Raises:
        ValueError: if its aspect ratio is not that of the photo.
    """
    turned_px = stored_px[::-1]
    if not _fits(depth.size_px, stored_px):
        if orientation in TRANSPOSED and _fits(depth.size_px, turned_px):
            return depth
        size, photo = ("{}x{}".format(*px) for px in (depth.size_px, stored_px))
        raise ValueError(f"its shape is {size}, and that of the photo {photo}")
    planes = (
        None if plane is None else np.ascontiguousarray(upright(plane, orientation))
        for plane in (depth.inverse_depth, depth.confidence, depth.matte)
    )
    inverse_depth, confidence, matte = planes
    assert inverse_depth is not None
    return replace(depth, inverse_depth=inverse_depth, confidence=confidence, matte=matte)


def _fits(size_px: tuple[int, int], other_px: tuple[int, int]) -> bool:
    ratio = size_px[0] * other_px[1] / (size_px[1] * other_px[0])
    return max(ratio, 1 / ratio) <= ASPECT_TOLERANCE
