"""Place a relative depth in metres: the nearest things at a given distance, the sky at infinity."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32

from kbvr.depth.depth_map import DepthMap, sampled
from kbvr.errors import InputError
from kbvr.photo.photo import Photo

DEFAULT_NEAR_M = 1.5
FARTHEST_OVER_NEAREST = 12.0
"""Distance of the farthest things over that of the nearest, where no sky marks infinity."""

MIN_SPREAD = 0.2
"""Least spread from the 2nd to the 98th percentile, as a share of the whole range: noise on a wall is no depth."""

SKY_SHARE = 0.01
"""A sky smaller than this share of the picture does not mark infinity."""

STANDS_OUT = (0.05, 0.1)
"""Nearer than the sky by the first share of the range, a pixel starts to count as no sky; by the second, it is none."""

SKY_UNREST = 2.0
"""Nearer than the sky by less than this many median deviations, a pixel is still sky, wrongly estimated."""

RIM_SHARE = 0.008
"""Networks err towards near along the picture's border, this share of the long side: there the sky mask decides."""


def below_sky(sky: Float32[np.ndarray, "H W"]) -> Float32[np.ndarray, "H W"]:
    """Return the factor on inverse depth for a probability of sky: 1 for certain ground to 0 for certain sky."""
    below = sky - np.float32(0.3)
    below /= 0.4
    np.clip(below, 0, 1, out=below)
    return np.subtract(1, below, out=below)


def place(
    relative: Float32[np.ndarray, "H W"], sky: Float32[np.ndarray, "H W"] | None, photo: Photo, *, near_m: float
) -> DepthMap:
    """Give a relative inverse depth, larger = nearer, a scale and a shift that make the scene believable.

    The 98th percentile of nearness lies at near_m. The sky, if there is one, lies at infinity; without it the far
    end lies 12 times as far as the near end. What stands out from the sky in depth is not sky: the mask covers thin
    things too.

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
    spread = max(nearest - farthest, MIN_SPREAD * float(np.ptp(relative)), 1e-6)
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
    """Return 0 for sky, 1 for what is not sky or stands out from it in depth.

    `in_sky` holds values of some of its pixels, and `spread` is the range of the map.
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
