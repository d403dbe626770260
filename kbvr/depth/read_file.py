"""Read the depth of a photo from a picture, a PFM, NPY, NPZ or EXR file.

The caller names what the numbers mean (`kbvr.depth.guess_kind` guesses it):

    disparity, relative  larger (lighter) is nearer; any scale and shift
    relative-inverted    larger (lighter) is farther; any scale and shift; taken as a disparity with its sign changed
    depth-m              metres along the optical axis, larger is farther; whole numbers are millimetres
    inverse-depth-per-m  1/metres along the optical axis, larger is nearer; never whole numbers

Unknown or infinitely far pixels are 0, NaN or infinity in depth-m, 0 or NaN in inverse-depth-per-m, and NaN in
the others; they get the farthest value.
"""

from __future__ import annotations

import logging
import os
from typing import Any, get_args

import numpy as np
from jaxtyping import Float64
from numpy.typing import NDArray

from kbvr.depth.guided_upsample import upsample_along_edges
from kbvr.errors import InputError
from kbvr.imaging.array_types import Picture, Plane
from kbvr.imaging.resize import resized
from kbvr.photo.decoding_process import decoded_depth
from kbvr.photo.depth_kind import ForeignKind
from kbvr.photo.picture_file import display_name

_KINDS: tuple[ForeignKind, ...] = get_args(ForeignKind)
_NEAREST_M = 0.001
ASPECT_TOLERANCE = 1.02
"""Ratio of the shapes of a photo and of a depth map that rounding explains."""

STRETCHED = 1.1
"""The same for networks whose sides are multiples of up to 64 pixels: such a map shows the whole photo, stretched."""

ALONG_EDGES = 1.5
"""Enlarged by more than this, a depth map has its steps moved onto the photo's edges, if the photo is given."""

_log = logging.getLogger(__name__)


def load_inverse_depth(
    path: str | os.PathLike[str], size_px: tuple[int, int], *, kind: ForeignKind, max_memory_bytes: int | None = None
) -> tuple[Plane, bool]:
    """Read a depth file, resize it to a photo's size_px, and return it and whether it is metric.

    Raises:
        InputError: if the file cannot be read as one channel of numbers, requires more than max_memory_bytes, its
            aspect differs from the photo's by more than 10%, or its numbers are not valid for the kind.
        OutOfMemoryError: if there is not enough memory to decode it.
    """
    if kind not in _KINDS:
        raise InputError(f"expected a depth kind of {', '.join(_KINDS)}, got {kind!r}")
    return inverse_depth_of(decoded_depth(path, kind, max_memory_bytes).values, path, size_px, kind=kind)


def inverse_depth_of(
    stored: NDArray[Any],
    path: str | os.PathLike[str],
    size_px: tuple[int, int],
    *,
    kind: ForeignKind,
    rgb: Picture | None = None,
) -> tuple[Plane, bool]:
    """Return the inverse depth that the numbers of a file mean, at a photo's size_px, and whether it is metric.

    Metric: 1/m along the optical axis, >= 0, 0 is infinitely far. Relative: 0 at the farthest pixel to 1 at the
    nearest. It is resized in inverse depth: by area down, bilinearly up, or along the edges of the photo `rgb` if that
    is given and much larger.

    Raises:
        InputError: if the aspect differs from the photo's by more than 10%, or the numbers are not valid for the kind.
    """
    got_px = stored.shape[1], stored.shape[0]
    if check_aspect(got_px, size_px, path, STRETCHED) > ASPECT_TOLERANCE:
        sizes = f"{got_px[0]}x{got_px[1]} is stretched to the shape of the photo's {size_px[0]}x{size_px[1]}"
        _log.warning("%s: %s, as if it showed the whole photo", display_name(path), sizes)
    values, is_metric = _inverse_depth(stored, path, kind)
    if rgb is not None and size_px[0] >= ALONG_EDGES * got_px[0] and min(got_px) > 1:
        return np.maximum(upsample_along_edges(values, rgb), np.float32(0)), is_metric
    return resized(values, size_px), is_metric


def _inverse_depth(stored: NDArray[Any], path: str | os.PathLike[str], kind: ForeignKind) -> tuple[Plane, bool]:
    if kind in ("disparity", "relative", "relative-inverted"):
        return _normalised(stored, path, is_inverted=kind == "relative-inverted").astype(np.float32), False
    inverse_depth = _from_metres(stored, path) if kind == "depth-m" else _from_inverse_metres(stored, path)
    if not inverse_depth.any():
        raise InputError(f"{display_name(path)}: expected {kind}, got no finite value above 0")
    if inverse_depth.max() > 1 / _NEAREST_M:
        nearest_m = 1 / float(inverse_depth.max())
        raise InputError(f"{display_name(path)}: expected {kind} of at least {_NEAREST_M} m, got {nearest_m:.2g} m")
    return inverse_depth.astype(np.float32), True


def _from_metres(stored: NDArray[Any], path: str | os.PathLike[str]) -> Float64[np.ndarray, "h w"]:
    _check_not_negative(stored, "depth-m", path)
    with np.errstate(invalid="ignore"):  # converting a signalling NaN would warn
        depth_m = stored * 0.001 if stored.dtype.kind in "iu" else stored.astype(np.float64)
    known = np.isfinite(depth_m) & (depth_m > 0)
    with np.errstate(over="ignore"):  # the caller reports pixels that are too near
        return np.divide(1.0, depth_m, out=np.zeros(depth_m.shape, np.float64), where=known)


def _from_inverse_metres(stored: NDArray[Any], path: str | os.PathLike[str]) -> Float64[np.ndarray, "h w"]:
    if stored.dtype.kind in "iu":
        raise InputError(f"{display_name(path)}: expected fractions for inverse-depth-per-m, got whole numbers")
    _check_not_negative(stored, "inverse-depth-per-m", path)
    if np.isinf(stored).any():
        infinite = np.isinf(stored).sum()
        raise InputError(f"{display_name(path)}: expected inverse-depth-per-m, got infinity in {infinite} pixels")
    with np.errstate(invalid="ignore"):
        return np.where(np.isnan(stored), 0.0, stored).astype(np.float64)


def _check_not_negative(stored: NDArray[Any], kind: str, path: str | os.PathLike[str]) -> None:
    negative = int((stored < 0).sum())
    if negative:
        lowest = f"{stored[stored < 0].min():.4g}"
        raise InputError(
            f"{display_name(path)}: expected {kind} >= 0, got {negative} negative pixels (down to {lowest})"
        )


def _normalised(stored: NDArray[Any], path: str | os.PathLike[str], *, is_inverted: bool) -> Float64[np.ndarray, "h w"]:
    """Return relative numbers from 0, the farthest, to 1; of inverted ones, infinity is unknown too."""
    with np.errstate(invalid="ignore"):
        disparity = stored.astype(np.float64)
    if is_inverted:
        disparity = np.where(np.isinf(disparity), np.nan, -disparity)
    if np.isinf(disparity).any():
        raise InputError(
            f"{display_name(path)}: expected disparity, got infinity in {np.isinf(disparity).sum()} pixels"
        )
    known = ~np.isnan(disparity)
    low, high = (disparity[known].min(), disparity[known].max()) if known.any() else (0.0, 0.0)
    with np.errstate(over="ignore"):
        extent = high - low
    if not extent > 0:
        raise InputError(f"{display_name(path)}: expected disparity, got the same value in all pixels ({low:.4g})")
    if np.isinf(extent):
        raise InputError(f"{display_name(path)}: expected disparity, got too large a range, {low:.4g} to {high:.4g}")
    if stored.dtype == np.uint8:
        _log.warning("%s: 8 bits store only 256 steps of depth, which may be visible as terraces", display_name(path))
    with np.errstate(invalid="ignore"):
        return np.where(known, (disparity - low) / extent, 0.0)


def check_aspect(
    got_px: tuple[int, int], size_px: tuple[int, int], path: str | os.PathLike[str], tolerance: float
) -> float:
    """Return the ratio, at least 1, of the shapes of a depth file's and a photo's (width, height).

    Raises:
        InputError: if it is larger than the tolerance.
    """
    (ratio, rotated, doubled) = (
        max(ratio, 1 / ratio)
        for ratio in (
            width / height * size_px[1] / size_px[0]
            for width, height in (got_px, got_px[::-1], (got_px[0], 2 * got_px[1]))
        )
    )
    if ratio <= tolerance:
        return ratio
    hint = "; does it show the photo as well, beside its depth?" if doubled <= ASPECT_TOLERANCE else ""
    hint = "; is it rotated?" if rotated <= ASPECT_TOLERANCE else hint
    raise InputError(
        f"{display_name(path)}: expected depth of the photo's shape ({size_px[0]} x {size_px[1]}, to within "
        f"{100 * (tolerance - 1):.0f}%), got {got_px[0]} x {got_px[1]}{hint}"
    )
