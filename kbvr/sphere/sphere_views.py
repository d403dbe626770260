"""Flat views of a sphere, which overlap and show all of it: what networks for ordinary photos can read.

Six views look straight ahead all around, three up and three down. The axes and angles are those of
`kbvr.geometry.sphere`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import radians, sqrt, tan

import cv2
import numpy as np
from jaxtyping import Float32, Float64, UInt8

from kbvr.geometry.sphere import longitude_latitude, rays_of, turn
from kbvr.imaging.array_types import Picture
from kbvr.imaging.resize import averaged

HALF_WIDTH_RAD = radians(50)
AROUND, TILTED, TILT_RAD = 6, 3, radians(50)
MIN_AHEAD = 1 / sqrt(1 + 2 * tan(HALF_WIDTH_RAD) ** 2)
"""Depth per distance in the corners of a view, where it is least."""

VIEW_PX = 768
"""Side of a view: more than networks read."""

LINE_PX = 1024
"""OpenCV's remap takes no pictures with sides of 32767 or more."""

FEATHER = 0.45
"""Share of a view's half width over which its weight falls to 0 at its border."""


@dataclass(frozen=True, eq=False)
class SphereView:
    """A square view of a sphere."""

    sphere_from_view: Float64[np.ndarray, "3 3"]

    @property
    def f_px(self) -> float:
        """Focal length, in pixels of a view of VIEW_PX."""
        return VIEW_PX / 2 / tan(HALF_WIDTH_RAD)

    def picture(self, sphere: Picture) -> UInt8[np.ndarray, "s s 3"]:
        """Return the view of an equirectangular picture, (width / 2, width, 3)."""
        at = np.arange(VIEW_PX, dtype=np.float32) + np.float32(0.5 - VIEW_PX / 2)
        rays = rays_of(*np.meshgrid(at, at), f_px=self.f_px, sphere_from_view=self.sphere_from_view)
        longitude, latitude = longitude_latitude(rays)
        width = min(sphere.shape[1], round(2 * np.pi * self.f_px))  # remap only interpolates
        small = averaged(sphere, (width, round(width * sphere.shape[0] / sphere.shape[1])))
        height = small.shape[0]
        x = (longitude / np.float32(2 * np.pi) + np.float32(0.5)) * np.float32(width) - np.float32(0.5)
        y = (np.float32(0.5) - latitude / np.float32(np.pi)) * np.float32(height) - np.float32(0.5)
        wrapped = cv2.copyMakeBorder(small, 0, 0, 2, 2, cv2.BORDER_WRAP)
        found = cv2.remap(wrapped, x + np.float32(2), y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(found, np.uint8)

    def sampled(
        self, values: Float32[np.ndarray, "h w"], rays: Float32[np.ndarray, "*shape 3"]
    ) -> Float32[np.ndarray, "*shape"]:
        """Return a map of the view, of any size, at unit rays; beyond its border its border's values."""
        x, y, _ = self._position(rays)
        height, width = values.shape
        at_x, at_y = (
            np.pad((share.ravel() + np.float32(1)) * np.float32(side / 2) - np.float32(0.5), (0, -share.size % LINE_PX))
            for share, side in ((x, width), (y, height))
        )
        lines = at_x.reshape(-1, LINE_PX), at_y.reshape(-1, LINE_PX)
        found = cv2.remap(values, *lines, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(found, np.float32).ravel()[: x.size].reshape(x.shape)

    def weight(self, rays: Float32[np.ndarray, "*shape 3"]) -> Float32[np.ndarray, "*shape"]:
        """Return how much the view counts at unit rays: 1 in its middle, 0 at its border and outside."""
        x, y, ahead = self._position(rays)
        inside = np.clip((1 - np.maximum(abs(x), abs(y))) / FEATHER, 0, 1)
        smooth = inside * inside * (3 - 2 * inside)
        return np.where(ahead > 0, smooth, 0).astype(np.float32)

    def ahead(self, rays: Float32[np.ndarray, "*shape 3"]) -> Float32[np.ndarray, "*shape"]:
        """Return the cosine of the angle between unit rays and the view's axis: depth per distance."""
        return np.asarray(rays @ self.sphere_from_view[:, 2].astype(np.float32), np.float32)

    def _position(
        self, rays: Float32[np.ndarray, "*shape 3"]
    ) -> tuple[Float32[np.ndarray, "*shape"], Float32[np.ndarray, "*shape"], Float32[np.ndarray, "*shape"]]:
        """Return where unit rays are in the view, -1 to 1 from border to border, and their depth per distance."""
        in_view = rays @ self.sphere_from_view.astype(np.float32)
        ahead = in_view[..., 2]
        reach = np.maximum(ahead, np.float32(1e-3)) * np.float32(tan(HALF_WIDTH_RAD))
        x, y = (np.clip(in_view[..., axis] / reach, -9, 9).astype(np.float32) for axis in range(2))
        return x, y, ahead


def sphere_views() -> tuple[SphereView, ...]:
    """Return the views, those straight ahead first."""
    level = [(2 * np.pi * index / AROUND, 0.0) for index in range(AROUND)]
    tilted = [(2 * np.pi * index / TILTED, tilt) for tilt in (TILT_RAD, -TILT_RAD) for index in range(TILTED)]
    return tuple(SphereView(turn(yaw, pitch)) for yaw, pitch in (*level, *tilted))
