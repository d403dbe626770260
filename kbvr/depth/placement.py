"""Place a relative depth in metres: the nearest things at a given distance, the sky at infinity."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32

from kbvr.depth.depth_map import DepthMap, sampled
from kbvr.errors import InputError
from kbvr.imaging.array_types import Plane
from kbvr.photo.photo import Photo

DEFAULT_NEAR_M = 1.5
FARTHEST_OVER_NEAREST = 12.0
"""Ratio of the farthest to the nearest distance, if there is no sky to mark infinity."""

MIN_SPREAD = 0.2
"""Minimum spread from the 2nd to the 98th percentile, as a share of the whole range: noise on a wall is not depth."""

SKY_SHARE = 0.01
"""A sky smaller than this share of the picture does not mark infinity."""

STANDS_OUT = (0.05, 0.1)
"""A pixel nearer than the sky by the first share of the range may be ground; by the second share, it is ground."""

SKY_NOISE = 2.0
"""Pixels nearer than the sky by less than this many median deviations are still sky, with a wrong estimate."""

RIM_SHARE = 0.008
"""Along the picture's border networks tend to predict too near, so only the sky mask counts there; a share of the long
side."""


def below_sky(sky: Plane) -> Plane:
    """Return the factor on inverse depth for a probability of sky: 1 for certain ground to 0 for certain sky."""
    below = sky - np.float32(0.3)
    below /= 0.4
    np.clip(below, 0, 1, out=below)
    return np.subtract(1, below, out=below)


def place(relative: Plane, sky: Plane | None, photo: Photo, *, near_m: float) -> DepthMap:
    """Give a relative inverse depth, larger = nearer, a scale and a shift that make the scene believable.

    The 98th percentile of nearness is placed at near_m. The sky is at infinity; without a sky the far end is 12 times
    as far as the near end. Whatever is clearly nearer than the sky is not sky, because the mask covers thin things too.

    Raises:
        InputError: if near_m is not positive.
    """
    if not near_m > 0:
        raise InputError(f"the nearest distance must be > 0 m, got {near_m}")
    samples = sampled(relative)
    nearest, farthest = (float(p) for p in np.percentile(samples, (98, 2)))
    floor = 1 / FARTHEST_OVER_NEAREST
    if sky is not None:
        ground = sampled(sky) <= 0.5
        if SKY_SHARE < float(ground.mean()) < 1 - SKY_SHARE:
            farthest = float(np.percentile(samples[ground], 2))
    spread = max(nearest - farthest, MIN_SPREAD * float(np.ptp(relative)), 1e-6)
    nearness = relative - np.float32(farthest)  # then in place: the maps of a large photo are large
    nearness *= 1 - floor
    nearness /= spread
    nearness += floor
    if sky is not None:
        nearness *= _ground(sky, relative, samples[sampled(sky) > 0.5], spread)
    np.clip(nearness, 0.0, 1.25, out=nearness)
    nearness /= near_m
    return DepthMap(nearness, photo.f_px)


def _ground(sky: Plane, relative: Plane, in_sky: Float32[np.ndarray, "N"], spread: float) -> Plane:
    """Return 1 for ground, 0 for sky; `in_sky` are values of the map in the sky, `spread` is the map's range."""
    ground = below_sky(sky)
    if not in_sky.size:
        return ground
    level = float(np.median(in_sky))
    start, end = (share * spread for share in STANDS_OUT)
    noise = SKY_NOISE * float(np.median(np.abs(in_sky - np.float32(level))))
    stands_out = relative - np.float32(level + max(start, noise))
    stands_out /= end - start
    np.clip(stands_out, 0, 1, out=stands_out)
    rim = max(1, round(RIM_SHARE * max(stands_out.shape)))
    for side in (np.s_[:rim], np.s_[-rim:], np.s_[:, :rim], np.s_[:, -rim:]):
        stands_out[side] = 0
    stands_out *= 1 - ground
    return np.add(ground, stands_out, out=ground)
