"""Depth and portrait mattes as iPhones store them: auxiliary pictures, whose XMP says what their numbers mean.

The meaning follows Apple's AVDepthData: disparity is in 1/m and depth in metres. "Relative" accuracy means that the
metres are not reliable, because the exact positions of the lenses were not known; ratios are kept where all disparities
are positive, because a portrait's far end is often a wall nearby, which a guess would put too far away.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float32
from numpy.typing import NDArray

from kbvr.photo.embedded_depth import EmbeddedDepth, Scale, checked
from kbvr.photo.xmp_values import all_properties, parsed

_PIXELS, _DEPTH = "http://ns.apple.com/pixeldatainfo/1.0/", "http://ns.apple.com/depthData/1.0/"
MATTE = "portraiteffectsmatte"
"""The end of the auxiliary type of a portrait matte."""


def auxiliary_type(xmp: bytes) -> str:
    """Return the kind of auxiliary picture that an XMP packet describes, empty if it is none."""
    return _pixels(xmp).get("AuxiliaryImageType", "") if _PIXELS.encode() in xmp else ""


def apple_depth(stored: NDArray[Any], white: int, xmp: bytes) -> EmbeddedDepth:
    """Return the depth that the stored numbers, up to `white`, mean by their XMP packet.

    Raises:
        ValueError: if the packet does not say it.
    """
    described = all_properties(parsed(xmp), _DEPTH)
    found = _pixels(xmp)
    kind = found.get("AuxiliaryImageType", "disparity").lower()
    if kind not in ("disparity", "depth"):
        raise ValueError(f"expected disparity or depth, got {kind!r}")
    values = _floats(stored, white, found)
    if kind == "depth":
        with np.errstate(divide="ignore"):
            values = np.where(values > 0, 1 / values, np.float32(np.nan))
    scale: Scale = "up-to-scale" if np.nanmin(values, initial=np.inf) > 0 else "relative"
    if described.get("Accuracy", "").lower() == "absolute":
        scale = "metric"
        values = np.maximum(values, np.float32(0))  # NaN stays
    return checked(EmbeddedDepth(values.astype(np.float32), scale, f"Apple {kind}"))


def _pixels(xmp: bytes) -> dict[str, str]:
    return all_properties(parsed(xmp), _PIXELS)


def _floats(stored: NDArray[Any], white: int, found: Mapping[str, str]) -> Float32[np.ndarray, "h w"]:
    """Return stored integers as the numbers that they stand for."""
    low, high = (float(found.get(name) or "nan") for name in ("FloatMinValue", "FloatMaxValue"))
    least, most = float(found.get("IntMinValue") or 0), float(found.get("IntMaxValue") or white)
    if not (np.isfinite([low, high, least, most]).all() and high > low and most > least):
        raise ValueError("its XMP does not say what its numbers mean")
    return (low + (stored.astype(np.float32) - least) * ((high - low) / (most - least))).astype(np.float32)
