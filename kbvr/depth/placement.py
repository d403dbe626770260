"""Place a relative depth in metres: the nearest things where they are wanted, the sky at infinity."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32

from kbvr.depth.depth_map import DepthMap, sampled
from kbvr.errors import InputError
from kbvr.photo.photo import Photo

DEFAULT_NEAR_M = 1.5
FARTHEST_OVER_NEAREST = 12.0
"""How much farther than the nearest things the farthest are put, where no sky tells where infinity is."""

LEAST_SPREAD = 0.2
"""Least distance from the 2nd to the 98th percentile, as a share of the whole range: noise of a wall is no depth."""

SKY_SHARE = 0.01
"""A sky smaller than this share of the picture says nothing about where infinity is."""

STANDS_OUT = (0.05, 0.1)
"""What is nearer than the sky by the first share of the range is in part no sky, by the second none of it."""

SKY_UNREST = 2.0
"""What is nearer than the sky by less than so many of its median deviations is sky that a network is at odds about."""

RIM_SHARE = 0.008
"""Networks see a little nearness along the picture's border, as a share of the long side: there the sky is believed."""


def below_sky(sky: Float32[np.ndarray, "H W"]) -> Float32[np.ndarray, "H W"]:
    """Return what a probability of being sky leaves of inverse depth: 1 for sure ground to 0 for sure sky."""
    below = sky - np.float32(0.3)
    below /= 0.4
    np.clip(below, 0, 1, out=below)
    return np.subtract(1, below, out=below)


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
