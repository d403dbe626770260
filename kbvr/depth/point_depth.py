"""Metric inverse depth from the points, mask and scale that a network of affine points predicts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32
from numpy.typing import NDArray

from kbvr.depth.affine_points import focal_and_shift
from kbvr.depth.networks import LARGEST_OUTPUT, DepthNetwork
from kbvr.errors import InputError
from kbvr.imaging.array_types import SmallPlane

MIN_MASK_SHARE = 0.001
"""Minimum share of the picture that the mask must keep."""

MAX_BEHIND_SHARE = 0.01
"""A larger share of points behind the camera is an error; a smaller one counts as very near."""

MIN_DEPTH_M = 0.01
"""Minimum distance; nearer predictions are clipped to it."""


@dataclass(frozen=True, eq=False)
class RawPrediction:
    """A network's prediction for one input."""

    inverse_depth: SmallPlane
    """Metric (1/m, >= 0) or relative. Points that the mask marks as infinitely far keep theirs, or 0 if not finite."""

    sky: SmallPlane | None
    """Probability of being infinitely far; None if the network does not predict it."""

    f_px: float | None
    """Focal length, in pixels of the whole picture; None if the network does not estimate it."""

    error: SmallPlane | None = None
    """Expected error of the inverse depth, in its units; None if nothing is known about it."""


def depth_of_points(
    network: DepthNetwork, picture: Float32[np.ndarray, "1 3 H W"], size_px: tuple[int, int], f_px: float | None
) -> RawPrediction:
    """Return the depth that a network of affine points predicts for a picture prepared by its recipe.

    `size_px` is the (width, height) of the original picture, and `f_px` its focal length, None to recover it.

    Raises:
        InputError: if the prediction is not a valid depth.
    """
    points, mask, scale = _outputs(network, picture)
    inside = mask > 0.5
    if inside.mean() < MIN_MASK_SHARE:
        raise InputError(f"expected points in the picture from {network.name}, got a mask that excludes all of it")
    if not np.isfinite(points[inside]).all():
        raise InputError(f"expected finite points from {network.name}, got NaN or infinity inside its mask")
    try:
        used_f_px, shift = focal_and_shift(points, inside, size_px, f_px=f_px)
    except InputError as error:
        raise InputError(f"the points of {network.name} cannot be used: {error}") from error
    depth = points[..., 2] + np.float32(shift)
    behind = float((depth[inside] <= 0).mean())
    if behind > MAX_BEHIND_SHARE:
        raise InputError(f"expected points in front of the camera from {network.name}, got {behind:.0%} behind it")
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        inverse_depth = np.reciprocal(depth * np.float32(scale))
    nearest = min(float(inverse_depth[inside & (depth > 0)].max()), 1 / MIN_DEPTH_M)
    inverse_depth[inside & (depth <= 0)] = nearest
    inverse_depth[~np.isfinite(inverse_depth) | (inverse_depth < 0)] = 0
    return RawPrediction(np.minimum(inverse_depth, np.float32(nearest)), 1 - mask, used_f_px)


def _outputs(
    network: DepthNetwork, picture: Float32[np.ndarray, "1 3 H W"]
) -> tuple[Float32[np.ndarray, "h w 3"], SmallPlane, float]:
    """Return points, mask (0 to 1) and metric scale of one picture; InputError if one is not valid."""
    recipe = network.recipe
    points, mask, scale = network.run(picture, [recipe.output, recipe.mask_output, recipe.scale_output])
    points, mask = _without_batch(points, 3), _without_batch(mask, 2)
    max_height, max_width = (LARGEST_OUTPUT * side for side in picture.shape[2:])
    fits = points.ndim == 3 and points.shape[2] == 3 and points.shape[:2] == mask.shape and mask.size > 0
    if not fits or mask.shape[0] > max_height or mask.shape[1] > max_width:
        expected = "points (height, width, 3) and a mask (height, width), both about as large as the picture"
        sizes = f"{tuple(points.shape)} and {tuple(mask.shape)}"
        raise InputError(f"expected {expected}, from {network.name}, got {sizes}")
    if not np.isfinite(mask).all():
        raise InputError(f"expected a mask of 0 to 1 from {network.name}, got NaN or infinity in it")
    if scale.size != 1 or not (np.isfinite(scale).all() and scale.min() > 0):
        raise InputError(f"expected one metric scale > 0 from {network.name}, got {scale.ravel()[:3].tolist()}")
    return points, np.clip(mask, 0, 1), float(scale.ravel()[0])


def _without_batch(array: NDArray[np.float32], dimensions: int) -> NDArray[np.float32]:
    """Return an array without its leading dimensions of size 1, down to `dimensions`."""
    while array.ndim > dimensions and array.shape[0] == 1:
        array = array[0]
    return array
