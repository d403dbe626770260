"""The depth that a camera has stored with its photo, as numbers whose meaning the file defines."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Float32, UInt8

from kbvr.system.resources import is_out_of_memory

Scale = Literal["metric", "up-to-scale", "relative"]
"""1/m; 1/m times an unknown factor; any factor and any shift."""

MAX_DEPTH_PIXELS = 64_000_000
"""Larger maps are refused by their header."""

ASPECT_TOLERANCE = 1.05
"""Maps of another aspect ratio belong to another picture: programs that crop a photo can leave its depth as it was."""

NEAREST_M = 0.001
"""Nothing in a photo is nearer to the camera."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class EmbeddedDepth:
    """The depth in a photo's file, which covers the whole photo at a size of its own."""

    inverse_depth: Float32[np.ndarray, "h w"]
    """Larger is nearer, in the unit of `scale`; NaN where the file does not know it."""

    scale: Scale
    source: str
    """The kind of depth, in words."""

    along_rays: bool = False
    """Whether the depth is measured along each pixel's ray, not along the optical axis."""

    confidence: Float32[np.ndarray, "h2 w2"] | None = None
    """0 to 1 at a size of its own, 1 being certain."""

    matte: UInt8[np.ndarray, "h3 w3"] | None = None
    """The share of a person in every pixel at a size of its own, 255 being all of it."""

    @property
    def size_px(self) -> tuple[int, int]:
        """(width, height) of the map."""
        return self.inverse_depth.shape[1], self.inverse_depth.shape[0]


def read_or_none(read: Callable[[], EmbeddedDepth | None], name: str) -> EmbeddedDepth | None:
    """Return what `read` returns, or None with a warning if it fails: a photo is good without its depth."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return read()
    except MemoryError:
        raise
    except Exception as error:  # decoders raise nearly anything
        if is_out_of_memory(error):
            raise MemoryError(*error.args) from error
        reason = " ".join(str(error).split()) or type(error).__name__
        _log.warning("%s: ignoring the depth in the file (%s)", name, reason)
        return None


def checked(depth: EmbeddedDepth) -> EmbeddedDepth:
    """Return a depth whose certain pixels are not all unknown or the same.

    A confidence of 0 means that a pixel is unknown; a confidence that is 0 everywhere means nothing.

    Raises:
        ValueError: if there is no depth in it.
    """
    values, confidence = depth.inverse_depth, depth.confidence
    if confidence is not None and not confidence.any():
        confidence = None
    if confidence is not None and confidence.shape == values.shape:
        values = np.where(confidence > 0, values, np.float32(np.nan))
    known = values[np.isfinite(values)]
    if known.size == 0:
        raise ValueError("no pixel of it is known")
    if np.isinf(values).any() or (depth.scale == "metric" and known.max() > 1 / NEAREST_M):
        raise ValueError(f"parts of it are nearer than {NEAREST_M} m")
    if depth.scale != "relative" and not known.max() > 0:
        raise ValueError("everything in it is infinitely far")
    if not np.ptp(known) > 0:
        raise ValueError("it is the same everywhere")
    return replace(depth, inverse_depth=values, confidence=confidence)
