"""What a depth network says of a picture: it is fed by its recipe, and whatever it gives becomes inverse depth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from kbvr.depth_model import BUILT_IN_NETWORK, DepthNetwork, depth_network
from kbvr.errors import InputError

DepthQuality = Literal["fast", "good", "best"]
DEPTH_QUALITIES: tuple[str, ...] = get_args(DepthQuality)

DETAIL_OVER_LAYOUT = 1.5
"""How much larger a picture `best` adds to the one of the network's own size."""

LAYOUT_SIGMA_SHARE = 0.06
"""Blur that parts layout from detail, as a share of the long side."""

SURE_SKY = 0.85
"""Mean probability that a region must have to be taken for sky."""

MOST_VALUE = 1e18
"""Larger numbers than this have no square in float32."""

LARGEST_ANSWER = 4
"""Sides of an answer, as multiples of the picture's that was asked about."""

LEAST_DEPTH_M = 0.01
"""Nearer than this nothing is, whatever a network says."""

IMAGENET_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
IMAGENET_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)


@dataclass(frozen=True, eq=False)
class NetworkDepth:
    """What a network says, at its own size."""

    values: Float32[np.ndarray, "h w"]
    """Inverse depth, in 1/m and >= 0 if `metric`; else relative: larger is nearer, scale and shift are free."""

    metric: bool
    sky: Float32[np.ndarray, "h w"] | None
    """Probability of being sky, only where it is to be trusted; None if the network says nothing about it."""


def estimate_with(network: DepthNetwork, rgb: UInt8[np.ndarray, "H W 3"], *, quality: str = "good") -> NetworkDepth:
    """Return what a network says of a picture.

    `fast` is one pass. `good` is the mean of the picture's and its mirror image's. `best` looks at a larger picture
    too, and takes the layout from the smaller and the detail from the larger one; a network that takes one size only
    does no more than for `good`.

    Raises:
        InputError: if the quality is not there, or the network says what no depth can be.
    """
    if quality not in DEPTH_QUALITIES:
        raise InputError(f"the depth quality must be one of {', '.join(DEPTH_QUALITIES)}, got {quality!r}")
    long_side_px = network.recipe.long_side_px
    values, sky = _passes(network, rgb, long_side_px, mirrored=quality != "fast")
    if quality == "best" and network.fixed_size_px is None:
        layout = values
        detail, sky = _passes(network, rgb, round(long_side_px * DETAIL_OVER_LAYOUT), mirrored=True)
        values = merged(layout, detail)
    metric = network.recipe.gives != "relative_inverse_depth"
    if metric:
        values = np.maximum(values, np.float32(0))
    return NetworkDepth(values, metric, None if sky is None else trusted_sky(sky))


def sky_of(
    rgb: UInt8[np.ndarray, "H W 3"], *, quality: str, device: str, threads: int | None
) -> Float32[np.ndarray, "h w"]:
    """Return the sky that the built-in network sees, for networks that say nothing about it."""
    network = depth_network(BUILT_IN_NETWORK, device=device, threads=threads)
    sky = estimate_with(network, rgb, quality="fast" if quality == "fast" else "good").sky
    assert sky is not None
    return sky


def merged(layout: Float32[np.ndarray, "h w"], detail: Float32[np.ndarray, "H W"]) -> Float32[np.ndarray, "H W"]:
    """Return the coarse part of one map with the fine part of a larger one, in the coarse one's scale and shift."""
    size = detail.shape[::-1]
    coarse = cv2.resize(layout, size, interpolation=cv2.INTER_LINEAR)
    spread = float(detail.std())
    scale = float(((detail - detail.mean()) * (coarse - coarse.mean())).mean()) / spread**2 if spread > 0 else 0.0
    fine = detail * np.float32(max(scale, 0.0))
    sigma_px = LAYOUT_SIGMA_SHARE * max(size)
    return (fine + cv2.GaussianBlur(coarse - fine, (0, 0), sigma_px)).astype(np.float32)


def trusted_sky(sky: Float32[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    """Return a sky probability that keeps only regions which are sure of themselves and reach the upper border.

    Still water and dark, blurred backgrounds look like sky in part; a patchwork of infinitely far holes would be
    worse than no sky at all.
    """
    count, regions = cv2.connectedComponents((sky > 0.5).astype(np.uint8))
    trusted = np.zeros(sky.shape, bool)
    for region in range(1, count):
        inside = regions == region
        trusted |= inside & bool(inside[0].any() and sky[inside].mean() > SURE_SKY)
    near_it = cv2.dilate(trusted.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    return np.where(near_it, sky, 0).astype(np.float32)


def network_size_px(size_px: tuple[int, int], long_side_px: int, multiple_of_px: int) -> tuple[int, int]:
    """Return the size of about a photo's shape and with about this long side that a network takes."""
    steps = long_side_px / max(size_px) / multiple_of_px
    width, height = (max(1, round(side * steps)) * multiple_of_px for side in size_px)
    return width, height


def network_input(
    network: DepthNetwork, rgb: UInt8[np.ndarray, "H W 3"], long_side_px: int
) -> Float32[np.ndarray, "1 3 h w"]:
    """Return a picture as the network's recipe wants it."""
    recipe = network.recipe
    height, width = rgb.shape[:2]
    size = network.fixed_size_px or network_size_px((width, height), long_side_px, recipe.multiple_of_px)
    smaller = max(size) < max(width, height)
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
    planes = np.ascontiguousarray(small.transpose(2, 0, 1)[None], np.float32)
    if recipe.scaling != "0-255":
        planes = planes / np.float32(255)
    if recipe.scaling == "imagenet":
        planes = (planes - IMAGENET_MEAN[:, None, None]) / IMAGENET_DEVIATION[:, None, None]
    return planes if recipe.colour_order == "rgb" else planes[:, ::-1]


def _passes(
    network: DepthNetwork, rgb: UInt8[np.ndarray, "H W 3"], long_side_px: int, *, mirrored: bool
) -> tuple[Float32[np.ndarray, "h w"], Float32[np.ndarray, "h w"] | None]:
    """Return inverse depth and sky probability of one size; the mean with the mirror image's if wanted."""
    picture = network_input(network, rgb, long_side_px)
    depth, sky = _run(network, picture)
    if mirrored:
        mirrored_depth, mirrored_sky = _run(network, picture[..., ::-1])
        if mirrored_depth.shape != depth.shape:
            raise InputError(f"expected one size of answer from {network.name}, got {depth.shape} and another")
        depth = (depth + mirrored_depth[:, ::-1]) / 2
        sky = (sky + mirrored_sky[:, ::-1]) / 2 if sky is not None and mirrored_sky is not None else None
    return depth, sky


def _run(
    network: DepthNetwork, picture: Float32[np.ndarray, "1 3 H W"]
) -> tuple[Float32[np.ndarray, "h w"], Float32[np.ndarray, "h w"] | None]:
    """Return inverse depth and sky probability of one picture, in the size in which the network answers.

    Raises:
        InputError: if the network says what no depth can be.
    """
    recipe = network.recipe
    wanted = [recipe.output, *([recipe.sky_output] if recipe.sky_output else [])]
    outputs = network.session.run(wanted, {recipe.input: np.ascontiguousarray(picture)})
    with np.errstate(over="ignore"):  # float64 that float32 cannot hold becomes infinity, which is refused below
        maps = [np.squeeze(output).astype(np.float32) for output in outputs]
    for name, given, told in zip(wanted, maps, outputs, strict=True):
        if given.ndim != 2:
            raise InputError(f"wanted one map from {network.name}, got {name} of shape {told.shape}")
        most = tuple(LARGEST_ANSWER * side for side in picture.shape[2:])
        if not given.size or given.shape[0] > most[0] or given.shape[1] > most[1]:
            like = f"about as large as the picture ({picture.shape[3]}x{picture.shape[2]})"
            raise InputError(f"expected a map {like} from {network.name}, got {name} of shape {told.shape}")
        if not np.isfinite(given).all():
            raise InputError(f"wanted finite numbers from {network.name}, got {name} with NaN or infinity in it")
        if max(float(given.max()), -float(given.min())) > MOST_VALUE:
            raise InputError(f"expected numbers up to {MOST_VALUE:g} from {network.name}, got {name} with larger ones")
    if maps[0].shape != maps[-1].shape:
        raise InputError(f"expected depth and sky of one size from {network.name}, got {[map_.shape for map_ in maps]}")
    depth, sky = maps[0], np.clip(maps[1], 0, 1) if recipe.sky_output else None
    if recipe.gives == "depth_m":
        depth = np.reciprocal(np.maximum(depth, np.float32(LEAST_DEPTH_M)))
    return depth, sky
