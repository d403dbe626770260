"""The depth of a project's photo as a 16-bit PNG, and its confidence beside it in the cache."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from kbvr.depth.depth_map import DepthMap
from kbvr.errors import DamagedFileError
from kbvr.formats.depth.depth_map import ENCODERS
from kbvr.formats.spec.format import Facts
from kbvr.imaging.resize import resized
from kbvr.photo.photo import Photo
from kbvr.system.atomic_file import atomic_write

CONFIDENCE = "confidence.png"


def write_stored_depth(path: Path, depth: DepthMap, cache: Path) -> None:
    """Write the depth as `kbvr export --depth-map png` does, and its confidence into the cache."""
    if depth.confidence is not None:
        with atomic_write(cache / CONFIDENCE, overwrite=True) as temporary:
            Image.fromarray(depth.confidence).save(temporary, "PNG", compress_level=1)
    with atomic_write(path, overwrite=True) as temporary:
        temporary.write_bytes(ENCODERS["png"](depth, Facts(depth.f_px)))


def read_stored_depth(path: Path, photo: Photo, cache: Path) -> DepthMap:
    """Return a stored depth at the size of the photo.

    Raises:
        DamagedFileError: if it cannot be read.
    """
    try:
        with Image.open(path) as picture:
            picture.load()
            texts, values = dict(picture.info), np.asarray(picture, np.float32)
        near, far = (_inverse(texts[name]) for name in ("near_m", "far_m"))
        f_share = float(texts.get("focal_length_px", 0)) / values.shape[1]
    except (OSError, SyntaxError, ValueError, KeyError, ZeroDivisionError) as error:
        raise DamagedFileError(f"{path.name}: expected a depth map of kbvr, got a damaged file") from error
    inverse_depth = resized(np.float32(far) + values * np.float32((near - far) / 65535), photo.size_px)
    return DepthMap(
        np.maximum(inverse_depth, 0),
        f_share * photo.size_px[0] if f_share > 0 else photo.f_px,
        metric=str(texts.get("scale", "")).startswith("metric"),
        confidence=_confidence(cache / CONFIDENCE, photo),
    )


def _inverse(text: str) -> float:
    return 0.0 if text == "infinity" else 1 / float(text)


def _confidence(path: Path, photo: Photo) -> np.ndarray:
    """Return the stored confidence; if there is none, that of a network that tells none."""
    try:
        with Image.open(path) as picture:
            values = np.asarray(picture.convert("L"))
        return np.asarray(resized(values, photo.size_px), np.uint8)
    except (OSError, SyntaxError, ValueError):
        return np.full(photo.size_px[::-1], 255, np.uint8)
