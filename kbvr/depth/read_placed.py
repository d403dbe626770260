"""Read the depth of a photo from a 16-bit PNG that kbvr wrote, in the place where it was.

Its texts give the distances of its nearest and its farthest value, whether they are measured, and the confidence of the
network that estimated them. A map that is smaller than the photo is upsampled along the photo's edges.
"""

from __future__ import annotations

import os
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from math import inf, isfinite

import numpy as np
from jaxtyping import UInt8

from kbvr.depth.depth_map import DepthMap
from kbvr.depth.guided_upsample import upsample_along_edges
from kbvr.depth.read_file import ASPECT_TOLERANCE, check_aspect
from kbvr.errors import InputError
from kbvr.imaging.array_types import Bytes, Plane, SmallPlane
from kbvr.imaging.resize import averaged, resized, shrunk
from kbvr.photo.decoding_process import decoded_depth
from kbvr.photo.photo import Photo
from kbvr.photo.picture_file import display_name
from kbvr.photo.png_texts import read_png_texts

CONFIDENCE_LONG_SIDE_PX = 384
"""Networks estimate their confidence in coarser cells than this."""

MAX_16_BIT = 65535

_EXPECTED = "a 16-bit depth PNG that kbvr wrote"


def load_placed_depth(path: str | os.PathLike[str], photo: Photo, *, max_memory_bytes: int | None = None) -> DepthMap:
    """Return the depth map of a photo from a PNG that `--depth-map png` wrote.

    The focal length is the photo's, unless that is a guess.

    Raises:
        InputError: if the file is not such a PNG, requires more than max_memory_bytes, or its aspect differs from the
            photo's by more than 2%.
        OutOfMemoryError: if there is not enough memory to decode it.
    """
    texts = read_png_texts(path, _EXPECTED)
    low, high = (_inverse_depth(texts, name, path) for name in ("far_m", "near_m"))
    if not high > 0 or high < low:
        distances = f"{texts['near_m']} to {texts['far_m']}"
        raise InputError(f"{display_name(path)}: expected distances from near to far in its texts, got {distances}")
    stored = decoded_depth(path, "kbvr", max_memory_bytes).values
    check_aspect((stored.shape[1], stored.shape[0]), photo.size_px, path, ASPECT_TOLERANCE)
    values = (stored.astype(np.float64) * ((high - low) / MAX_16_BIT) + low).astype(np.float32)
    width_px = stored.shape[1]
    return DepthMap(
        _at_size_of(values, photo),
        _f_px(texts, photo, width_px),
        metric=texts.get("scale", "").startswith("metric"),
        confidence=_confidence(texts, photo.size_px),
    )


def confidence_text(confidence: Bytes) -> str:
    """Return a confidence as a text: its width, its height and its bytes (base64), at a small size."""
    small = shrunk(confidence, CONFIDENCE_LONG_SIDE_PX)
    return f"{small.shape[1]} {small.shape[0]} {b64encode(small.tobytes()).decode()}"


def _confidence(texts: Mapping[str, str], size_px: tuple[int, int]) -> Bytes | None:
    """Return the confidence in the texts at a size, None if there is none or it is damaged."""
    parts = re.fullmatch(r"([1-9]\d{0,3}) ([1-9]\d{0,3}) ([A-Za-z0-9+/]+=*)", texts.get("confidence", ""))
    if parts is None:
        return None
    width, height = int(parts[1]), int(parts[2])
    content = b64decode(parts[3])
    if len(content) != width * height:
        return None
    small: UInt8[np.ndarray, "h w"] = np.frombuffer(content, np.uint8).reshape(height, width)
    return np.ascontiguousarray(resized(small, size_px))


def _inverse_depth(texts: Mapping[str, str], name: str, path: str | os.PathLike[str]) -> float:
    """Return one of the two ends of the values, 1/m."""
    text = texts.get(name)
    if text is None:
        raise InputError(f"{display_name(path)}: expected {_EXPECTED}, got a PNG without the text {name}")
    try:
        metres = inf if text == "infinity" else float(text)
    except ValueError:
        metres = 0.0
    if not metres > 0 or not (text == "infinity" or isfinite(metres)):
        raise InputError(f"{display_name(path)}: expected metres > 0 or infinity as {name}, got {text[:40]!r}")
    return 1 / metres


def _f_px(texts: Mapping[str, str], photo: Photo, width_px: int) -> float:
    """Return the focal length in pixels of the photo: its own, or the map's if the photo's is a guess."""
    try:
        f_px = float(texts.get("focal_length_px", "")) * photo.size_px[0] / width_px
    except ValueError:
        return photo.f_px
    return f_px if photo.f_source == "guess" and isfinite(f_px) and f_px > 0 else photo.f_px


def _at_size_of(values: SmallPlane, photo: Photo) -> Plane:
    """Return a map at the photo's size: averaged if that is smaller, else with its steps on the photo's edges."""
    width, height = photo.size_px
    if values.shape == (height, width):
        return values
    if values.size >= width * height:
        return averaged(values, photo.size_px)
    return np.maximum(upsample_along_edges(values, photo.rgb), np.float32(0))
