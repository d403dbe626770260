"""Depth of every pixel of a photo, estimated by a network and placed in metres."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from kbvr.depth_model import depth_network
from kbvr.errors import InputError
from kbvr.network_depth import NetworkDepth, estimate_with, sky_of
from kbvr.photo import Photo
from kbvr.upsample import upsample_all_along_edges, upsample_along_edges

DEFAULT_NEAR_M = 1.5
FARTHEST_OVER_NEAREST = 12.0
"""How much farther than the nearest things the farthest are put, where no sky tells where infinity is."""

LEAST_SPREAD = 0.2
"""Least distance from the 2nd to the 98th percentile, as a share of the whole range: noise of a wall is no depth."""

MOST_SAMPLES = 1_000_000
"""Percentiles are those of about so many pixels; of more they differ by next to nothing, and take long."""

SKY_SHARE = 0.01
"""A sky smaller than this share of the picture says nothing about where infinity is."""

STANDS_OUT = (0.05, 0.1)
"""What is nearer than the sky by the first share of the range is in part no sky, by the second none of it."""

SKY_UNREST = 2.0
"""What is nearer than the sky by less than so many of its median deviations is sky that a network is at odds about."""

RIM_SHARE = 0.008
"""Networks see a little nearness along the picture's border, as a share of the long side: there the sky is believed."""


@dataclass(frozen=True, eq=False)
class DepthMap:
    """Depth of every pixel of one photo, in that photo's camera."""

    inverse_depth: Float32[np.ndarray, "H W"]
    """1/m along the optical axis; finite, >= 0, and 0 is infinitely far."""

    f_px: float
    """Focal length, in pixels of this map."""

    metric: bool = False
    """Whether the metres are measured (by a file or a metric network) or only placed to look believable."""

    network: str = ""
    """Name of the network that estimated it; empty if none did."""

    def __post_init__(self) -> None:
        """Check the range once, so that no later stage has to."""
        least, most = self.inverse_depth.min(initial=0), self.inverse_depth.max(initial=0)
        if not (least >= 0 and np.isfinite(most)):  # both are NaN if one is
            raise InputError("inverse depth must be finite and >= 0 everywhere")


def estimate_depth(
    photo: Photo,
    *,
    model: str | Path = "auto",
    near_m: float = DEFAULT_NEAR_M,
    quality: str = "good",
    device: str = "auto",
    threads: int | None = None,
    max_bytes: int | None = None,
) -> DepthMap:
    """Estimate depth with a network and bring it to the photo's size along its edges.

    `model` is what `kbvr.depth_model.depth_network` takes: `auto`, a name or an ONNX file; `quality` is that of
    `kbvr.network_depth.estimate_with`. Metric networks keep their scale; others are placed by near_m, with the sky at
    infinity, which the built-in network sees if the other does not. The map's focal length is the photo's, unless that
    is a guess and the network finds a better one. `max_bytes` is the most memory that a person's own network may take.

    Raises:
        InputError: if near_m is not positive, the quality, the device or the network is not there, or what it says
            can be no depth.
    """
    network = depth_network(model, device=device, threads=threads, max_bytes=max_bytes)
    known_f_px = None if photo.f_source == "guess" else photo.f_px
    said = estimate_with(network, photo.rgb, quality=quality, f_px=known_f_px)
    if said.metric:
        values = _metric_at_full_size(said, photo)
        return DepthMap(values, said.f_px or photo.f_px, metric=True, network=network.name)
    sky = said.sky if said.sky is not None else sky_of(photo.rgb, quality=quality, device=device, threads=threads)
    full_sky: Float32[np.ndarray, "H W"] | None = None
    if sky.any() and sky.shape == said.values.shape:
        values, full_sky = upsample_all_along_edges([said.values, sky], photo.rgb)
    else:
        values = upsample_along_edges(said.values, photo.rgb)
        full_sky = upsample_along_edges(sky, photo.rgb) if sky.any() else None
    return replace(place(values, full_sky, photo, near_m=near_m), network=network.name)


def seen_through(photo: Photo, depth: DepthMap) -> Photo:
    """Return a photo with the focal length of its depth, which a network may have found."""
    return photo if depth.f_px == photo.f_px else replace(photo, f_px=depth.f_px, f_source="network")


def _metric_at_full_size(said: NetworkDepth, photo: Photo) -> Float32[np.ndarray, "H W"]:
    """Return a metric network's inverse depth in the photo's size, 1/m; its sky, if it sees one, is infinitely far."""
    if said.sky is None or not said.sky.any() or said.sky.shape != said.values.shape:
        return np.maximum(upsample_along_edges(said.values, photo.rgb), np.float32(0))
    is_sky = said.sky > 0.5
    far = np.float32(0) if is_sky.all() else np.percentile(said.values[~is_sky], 2).astype(np.float32)
    harmless = np.where(is_sky, np.minimum(said.values, far), said.values)  # what is said of the sky itself is no depth
    values, sky = upsample_all_along_edges([harmless, said.sky], photo.rgb)
    np.maximum(values, np.float32(0), out=values)
    values *= below_sky(sky)
    return values


def below_sky(sky: Float32[np.ndarray, "H W"]) -> Float32[np.ndarray, "H W"]:
    """Return what a probability of being sky leaves of inverse depth: 1 for sure ground to 0 for sure sky."""
    below = sky - np.float32(0.3)
    below /= 0.4
    np.clip(below, 0, 1, out=below)
    return np.subtract(1, below, out=below)


def sized(photo: Photo, depth: DepthMap, size_px: tuple[int, int]) -> tuple[Photo, DepthMap]:
    """Return a photo and its depth at a (width, height) of about its shape, not larger than it is."""
    import cv2

    if size_px == photo.size_px:
        return photo, depth
    rgb, inverse_depth = (
        np.asarray(cv2.resize(values, size_px, interpolation=cv2.INTER_AREA))
        for values in (photo.rgb, depth.inverse_depth)
    )
    scale = size_px[0] / photo.size_px[0]
    return (
        replace(photo, rgb=rgb, f_px=photo.f_px * scale),
        replace(depth, inverse_depth=np.maximum(inverse_depth, 0), f_px=depth.f_px * scale),
    )


def sampled(values: Float32[np.ndarray, "H W"]) -> Float32[np.ndarray, "h w"]:
    """Return a map, or every n-th row and column of a large one: enough to tell percentiles by."""
    step = max(1, int((values.size / MOST_SAMPLES) ** 0.5))
    return values[::step, ::step]


def place(
    relative: Float32[np.ndarray, "H W"],
    sky: Float32[np.ndarray, "H W"] | None,
    photo: Photo,
    *,
    near_m: float,
) -> DepthMap:
    """Give a relative inverse depth, larger = nearer, a scale and a shift, so that the scene is believable.

    The 98th percentile of nearness lies at near_m. The sky, where there is one, lies at infinity; without it the far
    end lies 12 times as far as the near end. What stands out from the sky in depth is none: a sky mask covers thin
    things.

    Raises:
        InputError: if near_m is not positive.
    """
    if not near_m > 0:
        raise InputError(f"the nearest distance must be > 0 m, got {near_m}")
    few = sampled(relative)
    nearest, farthest = (float(p) for p in np.percentile(few, (98, 2)))
    floor = 1 / FARTHEST_OVER_NEAREST
    if sky is not None:
        ground = sampled(sky) <= 0.5
        if SKY_SHARE < float(ground.mean()) < 1 - SKY_SHARE:
            farthest = float(np.percentile(few[ground], 2))
    spread = max(nearest - farthest, LEAST_SPREAD * float(np.ptp(relative)), 1e-6)
    nearness = relative - np.float32(farthest)  # in place from here on: a large photo's maps are large
    nearness *= 1 - floor
    nearness /= spread
    nearness += floor
    if sky is not None:
        nearness *= _not_sky(sky, relative, few[sampled(sky) > 0.5], spread)
    np.clip(nearness, 0.0, 1.25, out=nearness)
    nearness /= near_m
    return DepthMap(nearness, photo.f_px)


def _not_sky(
    sky: Float32[np.ndarray, "H W"],
    relative: Float32[np.ndarray, "H W"],
    in_sky: Float32[np.ndarray, "N"],
    spread: float,
) -> Float32[np.ndarray, "H W"]:
    """Return 0 for sky, 1 for what is none or stands out from it in depth.

    `in_sky` are values of some of its pixels, and `spread` is the range of the map.
    """
    ground = below_sky(sky)
    if not in_sky.size:
        return ground
    level = float(np.median(in_sky))
    start, end = (share * spread for share in STANDS_OUT)
    unrest = SKY_UNREST * float(np.median(np.abs(in_sky - np.float32(level))))
    stands_out = relative - np.float32(level + max(start, unrest))
    stands_out /= end - start
    np.clip(stands_out, 0, 1, out=stands_out)
    rim = max(1, round(RIM_SHARE * max(stands_out.shape)))
    for side in (np.s_[:rim], np.s_[-rim:], np.s_[:, :rim], np.s_[:, -rim:]):
        stands_out[side] = 0
    stands_out *= 1 - ground
    return np.add(ground, stands_out, out=ground)
