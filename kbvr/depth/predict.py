"""Run a depth network on a picture: prepare the input by its recipe, and turn its output into inverse depth."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import cv2
import numpy as np
from jaxtyping import Float32, Int32

from kbvr.depth.clear_picture import clear_picture
from kbvr.depth.networks import BUILT_IN_NETWORK, LARGEST_OUTPUT, DepthNetwork, depth_network
from kbvr.depth.point_depth import MIN_DEPTH_M, RawPrediction, depth_of_points
from kbvr.depth.quality import DEPTH_QUALITIES
from kbvr.errors import InputError
from kbvr.imaging.array_types import Picture, Plane, SmallPlane
from kbvr.nets.scaling import scaled

SMALLER, LARGER = 2 / 3, 3 / 2
"""The additional input sizes of `best`, relative to the network's: smaller for layout, larger for detail."""

LAYOUT_SIGMA_SHARE = 0.06
"""Sigma of the blur that separates layout from detail, as a share of the long side."""

MIN_SKY = 0.8
"""Minimum mean probability of a region that is sky."""

MIN_CONFIDENCE = 1 / 255
"""Less than this is as good as none."""

MAX_VALUE = 1e18
"""The square of a larger number overflows float32."""


@dataclass(frozen=True, eq=False)
class DepthPrediction:
    """A network's prediction, at its own size."""

    values: SmallPlane
    """Inverse depth, in 1/m and >= 0 if `metric`; else relative: larger is nearer, scale and shift are free."""

    metric: bool
    sky: SmallPlane | None
    """Probability of sky, 0 where it is not trusted; None if the network does not predict it."""

    f_px: float | None = None
    confidence: SmallPlane | None = None
    """1/(1 + e), e being the expected error in mean absolute deviations of the values; None if nothing is known."""


def predict_depth(
    network: DepthNetwork, rgb: Picture, *, quality: str = "good", f_px: float | None = None
) -> DepthPrediction:
    """Return a network's prediction for a picture; `f_px` is its focal length in pixels, if known.

    `fast` is one pass. `good` averages the predictions for the picture and its mirror image. `best` adds a larger
    input for detail and, if the depth is relative, a smaller one for layout; for a network with a fixed input size it
    equals `good`.

    Raises:
        InputError: if the quality does not exist, or the prediction is not a valid depth.
    """
    if quality not in DEPTH_QUALITIES:
        raise InputError(f"the depth quality must be one of {', '.join(DEPTH_QUALITIES)}, got {quality!r}")
    long_side_px = network.recipe.long_side_px
    prediction = _predicted(network, rgb, long_side_px, f_px, mirrored=quality != "fast")
    values, estimated_f_px, error = prediction.inverse_depth, prediction.f_px, prediction.error
    if quality == "best" and network.fixed_size_px is None:
        if network.recipe.gives == "relative_inverse_depth":
            small = _predicted(network, rgb, round(long_side_px * SMALLER), f_px, mirrored=True)
            layout = fitted(_enlarged(small.inverse_depth, values.shape[::-1]), values)
            error = None if error is None else np.maximum(error, np.abs(layout - values) / 2)
            values = (values + layout) / 2
        prediction = _predicted(network, rgb, round(long_side_px * LARGER), f_px, mirrored=True)
        values = merged(values, prediction.inverse_depth)
        estimated_f_px = _mean_f_px(estimated_f_px, prediction.f_px)
    metric = network.recipe.gives != "relative_inverse_depth"
    if metric:
        values = np.maximum(values, np.float32(0))
    sky = prediction.sky
    if sky is not None:
        sky = trusted_sky(sky, glimpses=network.recipe.gives == "affine_points")
    confidence = None
    if error is not None:
        error = _enlarged(error, values.shape[::-1])
        confidence = 1 / (1 + error / max(_deviation(values), 1e-12))
    return DepthPrediction(values, metric, sky, f_px or estimated_f_px, confidence)


def sky_of(rgb: Picture, *, quality: str, device: str, threads: int | None) -> SmallPlane:
    """Return the sky that the built-in network detects, for networks that do not predict it."""
    network = depth_network(BUILT_IN_NETWORK, device=device, threads=threads)
    sky = predict_depth(network, rgb, quality="fast" if quality == "fast" else "good").sky
    assert sky is not None
    return sky


def merged(layout: SmallPlane, detail: Plane) -> Plane:
    """Return the layout of one map with the detail of a larger one, in the scale and shift of the layout."""
    coarse = _enlarged(layout, detail.shape[::-1])
    fine = fitted(detail, coarse)
    return fine + cv2.GaussianBlur(coarse - fine, (0, 0), LAYOUT_SIGMA_SHARE * max(fine.shape))


def fitted(values: SmallPlane, target: SmallPlane) -> SmallPlane:
    """Return a map scaled and shifted to fit another by least squares; the scale is never negative."""
    centred = values - values.mean()
    variance = float((centred * centred).mean())
    scale = float((centred * (target - target.mean())).mean()) / variance if variance > 0 else 0.0
    return np.asarray(centred * np.float32(max(scale, 0.0)) + target.mean(), np.float32)


def _enlarged(values: SmallPlane, size: tuple[int, int]) -> Plane:
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_LINEAR))


def trusted_sky(sky: SmallPlane, *, glimpses: bool = False) -> SmallPlane:
    """Return a sky probability that keeps only confident regions that reach the upper border.

    Still water and dark, blurred backgrounds partly look like sky, and a patchwork of infinitely far holes would be
    worse than no sky. With `glimpses`, confident regions that are no lower count too: the sky between branches.
    """
    regions: Int32[np.ndarray, "h w"]
    count, regions, boxes, _ = cv2.connectedComponentsWithStats((sky > 0.5).astype(np.uint8))
    mean = np.bincount(regions.ravel(), sky.ravel(), count) / np.maximum(boxes[:, cv2.CC_STAT_AREA], 1)
    confident = mean > MIN_SKY
    confident[0] = False  # the label of the background
    is_sky = confident & (boxes[:, cv2.CC_STAT_TOP] == 0)
    if glimpses and is_sky.any():
        lowest = boxes[:, cv2.CC_STAT_TOP] + boxes[:, cv2.CC_STAT_HEIGHT]
        is_sky |= confident & (lowest <= lowest[is_sky].max())
    trusted = is_sky[regions]
    grown = cv2.dilate(trusted.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    return np.where(grown, sky, 0).astype(np.float32)


def network_size_px(size_px: tuple[int, int], long_side_px: int, multiple_of_px: int) -> tuple[int, int]:
    """Return the size of a network's input, with about the photo's shape and about this long side."""
    steps = long_side_px / max(size_px) / multiple_of_px
    width, height = (max(1, round(side * steps)) * multiple_of_px for side in size_px)
    return width, height


def network_input(network: DepthNetwork, rgb: Picture, long_side_px: int) -> Float32[np.ndarray, "1 3 h w"]:
    """Return a picture as the network's input, prepared by its recipe."""
    recipe = network.recipe
    height, width = rgb.shape[:2]
    long_side_px = min(long_side_px, recipe.max_enlargement * max(width, height))
    size = network.fixed_size_px or network_size_px((width, height), long_side_px, recipe.multiple_of_px)
    if max(size) < max(width, height):
        picture = clear_picture(np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8))
    else:  # noise is smoothed before it is enlarged
        picture = np.asarray(cv2.resize(clear_picture(rgb), size, interpolation=cv2.INTER_CUBIC), np.uint8)
    planes = np.ascontiguousarray(picture.transpose(2, 0, 1)[None], np.float32)
    planes = scaled(planes, recipe.scaling)
    return planes if recipe.colour_order == "rgb" else planes[:, ::-1]


def _predicted(
    network: DepthNetwork, rgb: Picture, long_side_px: int, f_px: float | None, *, mirrored: bool
) -> RawPrediction:
    """Return the prediction at one size; if `mirrored`, the mean over the picture and its mirror image."""
    picture = network_input(network, rgb, long_side_px)

    def predict(planes: Float32[np.ndarray, "1 3 h w"]) -> RawPrediction:
        if network.recipe.gives == "affine_points":
            return depth_of_points(network, planes, (rgb.shape[1], rgb.shape[0]), f_px)
        return _maps(network, planes)

    prediction = predict(picture)
    if not mirrored:
        return prediction
    other = predict(picture[..., ::-1])
    if other.inverse_depth.shape != prediction.inverse_depth.shape:
        shapes = f"{prediction.inverse_depth.shape} and {other.inverse_depth.shape}"
        raise InputError(f"expected outputs of one size from {network.name}, got {shapes}")
    depth = (prediction.inverse_depth + other.inverse_depth[:, ::-1]) / 2
    sky = (prediction.sky + other.sky[:, ::-1]) / 2 if prediction.sky is not None and other.sky is not None else None
    error = np.abs(prediction.inverse_depth - other.inverse_depth[:, ::-1]) / 2
    for estimate in (prediction.error, None if other.error is None else other.error[:, ::-1]):
        error = error if estimate is None else np.maximum(error, estimate)
    return RawPrediction(depth, sky, _mean_f_px(prediction.f_px, other.f_px), error)


def _deviation(values: SmallPlane) -> float:
    """Return the mean absolute deviation from the median."""
    return float(np.abs(values - np.median(values)).mean())


def _mean_f_px(first_px: float | None, second_px: float | None) -> float | None:
    """Return the geometric mean of two focal lengths, if the network estimates them."""
    return None if first_px is None or second_px is None else sqrt(first_px * second_px)


def _maps(network: DepthNetwork, picture: Float32[np.ndarray, "1 3 H W"]) -> RawPrediction:
    """Return inverse depth, sky probability and expected error for one input, from a network that outputs maps."""
    recipe = network.recipe
    names = [name for name in (recipe.output, recipe.sky_output, recipe.confidence_output) if name]
    outputs = network.run(picture, names)
    maps = [np.squeeze(output) for output in outputs]
    max_height, max_width = (LARGEST_OUTPUT * side for side in picture.shape[2:])
    for name, map_, output in zip(names, maps, outputs, strict=True):
        if map_.ndim != 2:
            raise InputError(f"expected one map from {network.name}, got {name} of shape {output.shape}")
        if not map_.size or map_.shape[0] > max_height or map_.shape[1] > max_width:
            size = f"about as large as the picture ({picture.shape[3]}x{picture.shape[2]})"
            raise InputError(f"expected a map {size} from {network.name}, got {name} of shape {output.shape}")
        if not np.isfinite(map_).all():
            raise InputError(f"expected finite numbers from {network.name}, got {name} with NaN or infinity")
        if max(float(map_.max()), -float(map_.min())) > MAX_VALUE:
            raise InputError(f"expected numbers up to {MAX_VALUE:g} from {network.name}, got {name} with larger ones")
    if len({map_.shape for map_ in maps}) > 1:
        raise InputError(f"expected maps of one size from {network.name}, got {[map_.shape for map_ in maps]}")
    depth, sky = maps[0], np.clip(maps[1], 0, 1) if recipe.sky_output else None
    if recipe.gives == "depth_m":
        depth = np.reciprocal(np.maximum(depth, np.float32(MIN_DEPTH_M)))
    error = None
    if recipe.confidence_output:
        error = np.float32(_deviation(depth)) * (1 / np.clip(maps[-1], MIN_CONFIDENCE, 1) - 1)
    return RawPrediction(depth, sky, None, error)
