"""The depth in a JPEG file: of Android cameras, or of iPhones that save JPEG, as pictures after the photo."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import numpy as np
from jaxtyping import UInt8
from PIL import JpegImagePlugin

from kbvr.photo.apple_depth import MATTE, apple_depth, auxiliary_type
from kbvr.photo.embedded_depth import MAX_DEPTH_PIXELS, EmbeddedDepth
from kbvr.photo.google_depth import google_depth
from kbvr.photo.jpeg_parts import following_jpegs, standard_xmp


def jpeg_depth(data: bytes, size_px: tuple[int, int]) -> EmbeddedDepth | None:
    """Return the depth in a JPEG whose photo is stored at this (width, height), None if there is none.

    Raises:
        ValueError: if it is damaged. Picture decoders raise other errors too.
    """
    depth = google_depth(data, standard_xmp(data), size_px)
    return _apple_depth(data) if depth is None else depth


def _apple_depth(data: bytes) -> EmbeddedDepth | None:
    """Return the depth in the pictures after the photo whose XMP says that they are depth, and the matte."""
    depth, matte = None, None
    for start, end in following_jpegs(data):
        xmp = standard_xmp(data, start)
        kind = auxiliary_type(xmp) if xmp else ""
        if kind in ("disparity", "depth"):
            depth = apple_depth(_grey(data[start:end]), 255, xmp)
        elif kind.endswith(MATTE):
            matte = _grey(data[start:end])
    return depth if depth is None or matte is None else replace(depth, matte=matte)


def _grey(data: bytes) -> UInt8[np.ndarray, "h w"]:
    image = JpegImagePlugin.JpegImageFile(BytesIO(data))
    if image.width * image.height > MAX_DEPTH_PIXELS:
        raise ValueError(f"{image.width}x{image.height} pixels")
    return np.array(image.convert("L"), np.uint8)
