"""The distance of every direction of a sphere, from the depth of overlapping flat views of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from kbvr.depth.guided_upsample import upsample_all_along_edges
from kbvr.depth.networks import depth_network
from kbvr.depth.placement import DEFAULT_NEAR_M, FARTHEST_OVER_NEAREST, MIN_SPREAD, SKY_SHARE, below_sky
from kbvr.depth.predict import predict_depth, sky_of
from kbvr.errors import InputError
from kbvr.geometry.sphere import equirectangular_rays
from kbvr.imaging.array_types import Picture, Plane, SmallPlane
from kbvr.imaging.resize import averaged
from kbvr.sphere.alignment import aligned, blended, mixed
from kbvr.sphere.sphere_views import sphere_views

WRAP_SHARE = 16
"""The width, as a multiple of what is added at the left and at the right before the map is enlarged."""

Step = Callable[[int, int], None]
"""Called with the number of finished views and of all views."""


@dataclass(frozen=True, eq=False)
class SphereDepth:
    """The distances of a sphere."""

    inverse_distance: Plane
    """1/m, >= 0; 0 is infinitely far."""

    network: str


def estimate_sphere_depth(
    sphere: Picture,
    *,
    model: str | Path = "auto",
    near_m: float = DEFAULT_NEAR_M,
    quality: str = "good",
    device: str = "auto",
    threads: int | None = None,
    max_bytes: int | None = None,
    step: Step | None = None,
) -> SphereDepth:
    """Estimate the distances of an equirectangular picture of all directions.

    The options are those of `kbvr.depth.estimate.estimate_depth`; what is nearest is placed at `near_m`, usually the
    ground below the camera.

    Raises:
        InputError: if near_m is not positive, or the network cannot be used.
    """
    if not near_m > 0:
        raise InputError(f"the nearest distance must be > 0 m, got {near_m}")
    network = depth_network(model, device=device, threads=threads, max_bytes=max_bytes)
    views = sphere_views()
    values: list[SmallPlane] = []
    skies: list[SmallPlane] = []
    metric = False
    for count, view in enumerate(views, start=1):
        picture = view.picture(sphere)
        prediction = predict_depth(network, picture, quality=quality, f_px=view.f_px)
        sky = prediction.sky
        if sky is None:
            sky = sky_of(picture, quality=quality, device=device, threads=threads)
        values.append(prediction.values)
        skies.append(sky)
        metric = prediction.metric
        if step is not None:
            step(count, len(views))
    values = values if metric else with_common_floor(values)
    scales, shifts = aligned(values, views, has_shift=not metric)
    scales = scales / np.median(scales) if metric else scales
    small, sky = blended(values, views, scales, shifts), mixed(skies, views)
    small = small * below_sky(sky) if metric else placed(small, sky, near_m=near_m)
    return SphereDepth(enlarged(np.maximum(small, 0), sky, sphere), network.name)


def with_common_floor(values: list[SmallPlane]) -> list[SmallPlane]:
    """Return relative inverse depths, shifted and scaled alike so that the farthest of all views is nearly 0."""
    together = np.concatenate([value.ravel() for value in values])
    far, near = (float(level) for level in np.percentile(together, (2, 98)))
    spread, floor = max(near - far, 1e-6), 1 / FARTHEST_OVER_NEAREST
    return [
        ((value - np.float32(far)) / np.float32(spread) * (1 - floor) + floor).astype(np.float32) for value in values
    ]


def placed(inverse: SmallPlane, sky: SmallPlane, *, near_m: float) -> SmallPlane:
    """Give a relative inverse distance a scale and a shift, as `kbvr.depth.placement.place` does for photos.

    Directions count by their solid angle, for an equirectangular picture has too many pixels at its poles.
    """
    rays = equirectangular_rays(inverse.shape[::-1])
    area = np.hypot(rays[..., 0], rays[..., 2]).ravel()
    ground = (sky <= 0.5).ravel()
    share = float(area[ground].sum() / area.sum())
    counted = ground if SKY_SHARE < share < 1 - SKY_SHARE else np.ones_like(ground)
    nearest = _percentile(inverse.ravel(), area, 0.98)
    farthest = _percentile(inverse.ravel()[counted], area[counted], 0.02)
    spread = max(nearest - farthest, MIN_SPREAD * float(np.ptp(inverse)), 1e-6)
    floor = 1 / FARTHEST_OVER_NEAREST
    nearness = (inverse - np.float32(farthest)) / np.float32(spread) * np.float32(1 - floor) + np.float32(floor)
    nearness = np.clip(nearness * below_sky(sky), 0, 1.25)
    return np.asarray(nearness / np.float32(near_m), np.float32)


def _percentile(values: Float32[np.ndarray, "N"], weights: Float32[np.ndarray, "N"], share: float) -> float:
    order = np.argsort(values)
    cumulated = np.cumsum(weights[order], dtype=np.float64)
    return float(values[order[np.searchsorted(cumulated, share * cumulated[-1]).clip(0, len(order) - 1)]])


def enlarged(small: SmallPlane, sky: SmallPlane, sphere: Picture) -> Plane:
    """Return a map of the sphere at the size of its picture, with the picture's edges and without a seam."""
    height, width = sphere.shape[:2]
    if width < 2 * small.shape[1]:
        small, sky = (averaged(values, (width // 2, height // 2)) for values in (small, sky))
    added = width // WRAP_SHARE
    small_added = round(added * small.shape[1] / width)
    around = wrapped(sphere, added)
    values, far = upsample_all_along_edges([wrapped(small, small_added), wrapped(sky, small_added)], around)
    del far
    return np.maximum(np.ascontiguousarray(values[:, added : added + width]), 0)


def wrapped(
    picture: UInt8[np.ndarray, "..."] | Float32[np.ndarray, "..."], added_px: int
) -> UInt8[np.ndarray, "..."] | Float32[np.ndarray, "..."]:
    """Return a picture or map of the whole sphere, continued at its left and right with its other side."""
    return np.asarray(cv2.copyMakeBorder(picture, 0, 0, added_px, added_px, cv2.BORDER_WRAP))
