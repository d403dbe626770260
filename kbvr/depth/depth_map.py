"""Depth of every pixel of a photo, in metres."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float32, Int

from kbvr.depth.behind import Behind
from kbvr.errors import InputError
from kbvr.imaging.array_types import Bytes, Plane, SmallPlane
from kbvr.photo.photo import Photo

MAX_SAMPLES = 1_000_000
"""Percentiles are computed from about this many pixels: more take longer and hardly change them."""


@dataclass(frozen=True, eq=False)
class DepthMap:
    """Depth of every pixel of one photo, in that photo's camera."""

    inverse_depth: Plane = field(repr=False)
    """1/m along the optical axis; finite, >= 0, and 0 is infinitely far."""

    f_px: float
    """Focal length, in pixels of this map."""

    metric: bool = False
    """Whether the metres are measured (by a file or a metric network) or only placed to look believable."""

    network: str = ""
    """Name of the network that estimated the depth; empty if none did."""

    confidence: Bytes | None = field(default=None, repr=False)
    """1/(1 + e), as 0 to 255, e being the expected error in mean absolute deviations of the inverse depth; None for a
    depth that is taken as exact, with its outlines."""

    source: str = ""
    """What the depth is made from, in words, if it is in the photo's file or measured by a second view."""

    behind: Behind | None = field(default=None, repr=False)
    """What a second view shows behind the surfaces of the map, at its size; None without one."""

    def __post_init__(self) -> None:
        """Check the range once, so that no later stage has to."""
        low, high = self.inverse_depth.min(initial=0), self.inverse_depth.max(initial=0)
        if not (low >= 0 and np.isfinite(high)):  # NaN anywhere makes both NaN
            raise InputError("inverse depth must be finite and >= 0 everywhere")
        if self.confidence is not None:
            got, shape = np.asarray(self.confidence), self.inverse_depth.shape
            if got.dtype != np.uint8 or got.shape != shape:
                raise InputError(f"expected a confidence of type uint8 and shape {shape}, got {got.dtype} {got.shape}")
        assert self.behind is None or self.behind.known.shape == self.inverse_depth.shape, "another size"

    def expected_error(self, at: Int[np.ndarray, "N"]) -> Float32[np.ndarray, "N"]:
        """Return the error to expect in the inverse depth at pixels, given by their flat indices, 1/m."""
        if self.confidence is None:
            return np.zeros(len(at), np.float32)
        samples = sampled(self.inverse_depth)
        deviation = float(np.abs(samples - np.median(samples)).mean())
        errors = deviation * (255 / np.maximum(np.arange(256), 1) - 1)
        return errors.astype(np.float32)[self.confidence.ravel()[at]]


def seen_through(photo: Photo, depth: DepthMap) -> Photo:
    """Return a photo with the focal length of its depth, which a network may have estimated."""
    return photo if depth.f_px == photo.f_px else replace(photo, f_px=depth.f_px, f_source="network")


def sized(photo: Photo, depth: DepthMap, size_px: tuple[int, int]) -> tuple[Photo, DepthMap]:
    """Return a photo and its depth downscaled to a (width, height) of about the same shape."""
    if size_px == photo.size_px:
        return photo, depth
    from kbvr.imaging.resize import averaged

    rgb, inverse_depth = (averaged(values, size_px) for values in (photo.rgb, depth.inverse_depth))
    scale = size_px[0] / photo.size_px[0]
    resized = replace(
        depth,
        inverse_depth=np.maximum(inverse_depth, 0),
        f_px=depth.f_px * scale,
        confidence=None if depth.confidence is None else averaged(depth.confidence, size_px),
        behind=None if depth.behind is None else depth.behind.resized(size_px),
    )
    return replace(photo, rgb=rgb, f_px=photo.f_px * scale), resized


def sampled(values: Plane) -> SmallPlane:
    """Return a map, or every n-th row and column of a large one: enough for percentiles."""
    step = max(1, int((values.size / MAX_SAMPLES) ** 0.5))
    return values[::step, ::step]
