"""What a map and a photo show along bars: their depth, their height above what surrounds them, and their colour."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float64

from kbvr.depth.bars import Bars
from kbvr.depth.bilateral_grid import read_at
from kbvr.imaging.array_types import Picture, Plane, SmallPlane

SAMPLES = 24
"""Number of points along a bar; as many are read beyond each of its ends."""

THIN_SHARE = 1 / 40
"""Half the width of the widest thin thing, as a share of the long side."""

SIDE_SHARE = 0.012
"""Distance from a bar at which its surroundings are read, as a share of the long side."""

BESIDE_PX = 1.5
"""Distance from a bar at which the colours of its surroundings are read, in pixels of the map."""

INSIDE_SHARE, INSIDE_PX = 0.7, 0.8
"""How far from its middle line a bar is looked for in the map, as a share of half its width, at most so many pixels."""

HARDLY_BEHIND = 0.02
"""What is between two bars may be as near as they are in the map, up to this share of its range."""

OTHER_COLOUR = 8.0
"""Distance between the colours of a bar and of its surroundings, of 255, where the photo shows the bar."""

AT = np.arange(-SAMPLES, 2 * SAMPLES) / SAMPLES + 0.5 / SAMPLES
"""Positions of the points, in lengths of the bar."""

ON_BAR = np.s_[:, SAMPLES : 2 * SAMPLES]


@dataclass(frozen=True, eq=False)
class Readings:
    """What the map and the photo show along bars, before, between and beyond their ends."""

    values: Float64[np.ndarray, "N S"]
    """The map, at the nearest point across the bar."""

    nearer_side: Float64[np.ndarray, "N S"]
    farther_side: Float64[np.ndarray, "N S"]
    """The map beside the bar."""

    height: Float64[np.ndarray, "N S"]
    """How much nearer the bar is than its surroundings."""

    colours: Float64[np.ndarray, "N S 3"]
    contrast: Float64[np.ndarray, "N S"]
    """Difference to the colour on the side that is more alike, 0 to 255."""

    @property
    def shown(self) -> Bool[np.ndarray, "N S"]:
        """Whether the photo shows the bar."""
        return self.contrast > OTHER_COLOUR


def read_along(bars: Bars, values: SmallPlane, behind: SmallPlane, rgb: Picture, spread: float) -> Readings:
    """Read a map, and a photo of its size, along bars."""
    start, along = bars.ends[:, :1], bars.ends[:, 1:] - bars.ends[:, :1]
    points = start + along * AT[:, None]
    across = np.stack([-along[..., 1], along[..., 0]], axis=2) / np.linalg.norm(along, axis=2, keepdims=True)
    half_px = np.maximum(bars.width_px / 2, 0.5)[:, None, None]
    inner, outer = across * half_px, across * (half_px + SIDE_SHARE * max(values.shape))
    close = across * np.minimum(INSIDE_SHARE * half_px, INSIDE_PX)
    on_bar, hind = (np.max([_at(of, points + side * close) for side in (-1, 0, 1)], axis=0) for of in (values, behind))
    sides = [_at(values, points + sign * outer) for sign in (-1, 1)]
    over_behind = on_bar - hind + HARDLY_BEHIND * spread
    over_sides = on_bar - (sides[0] + sides[1]) / 2
    nearer_side = np.maximum(*sides)
    is_front = on_bar > nearer_side - HARDLY_BEHIND * spread
    height = np.where(is_front, np.minimum(over_behind, over_sides), 0)
    beside = inner + BESIDE_PX * across
    picture = [_colours(rgb, points + offset) for offset in (-beside, 0 * beside, beside)]
    differences = [np.abs(picture[1] - side).max(axis=2) for side in (picture[0], picture[2])]
    return Readings(on_bar, nearer_side, np.minimum(*sides), height, picture[1], np.minimum(*differences))


def _at(values: Plane, points: Float64[np.ndarray, "N S 2"]) -> Float64[np.ndarray, "N S"]:
    return read_at(values, *np.moveaxis(points, 2, 0)).astype(np.float64)


def _colours(rgb: Picture, points: Float64[np.ndarray, "N S 2"]) -> Float64[np.ndarray, "N S 3"]:
    x, y = np.moveaxis(points, 2, 0).astype(np.float32)
    return cv2.remap(rgb, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float64)


def behind_thin_things(values: Plane) -> Plane:
    """Return a map without what is thin and near in it."""
    reach = max(1, round(THIN_SHARE * max(values.shape)))
    return np.asarray(cv2.morphologyEx(values, cv2.MORPH_OPEN, np.ones((2 * reach + 1,) * 2, np.uint8)))
