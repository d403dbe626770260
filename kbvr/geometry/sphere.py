"""Directions around a camera, as longitude and latitude.

Longitude 0 is straight ahead and grows to the right, latitude grows upwards, both in radians. Rays are in the axes of
the camera: x right, y down, z forward.
"""

from __future__ import annotations

from math import cos, sin

import numpy as np
from jaxtyping import Float32, Float64


def turn(yaw_rad: float, pitch_rad: float) -> Float64[np.ndarray, "3 3"]:
    """Return the rotation from the axes of a view to those of the sphere; the view looks at this direction."""
    up = np.array([[1, 0, 0], [0, cos(pitch_rad), -sin(pitch_rad)], [0, sin(pitch_rad), cos(pitch_rad)]])
    right = np.array([[cos(yaw_rad), 0, sin(yaw_rad)], [0, 1, 0], [-sin(yaw_rad), 0, cos(yaw_rad)]])
    return np.asarray(right @ up, np.float64)


def rays_of(
    x_px: Float32[np.ndarray, "*shape"],
    y_px: Float32[np.ndarray, "*shape"],
    *,
    f_px: float,
    sphere_from_view: Float64[np.ndarray, "3 3"],
) -> Float32[np.ndarray, "*shape 3"]:
    """Return the rays of points of a view, which are relative to its principal point; their z in the view is 1."""
    rays = np.stack([x_px / np.float32(f_px), y_px / np.float32(f_px), np.ones_like(x_px)], axis=-1)
    return np.asarray(rays @ sphere_from_view.T.astype(np.float32), np.float32)


def longitude_latitude(
    rays: Float32[np.ndarray, "*shape 3"],
) -> tuple[Float32[np.ndarray, "*shape"], Float32[np.ndarray, "*shape"]]:
    """Return the direction of rays of any length."""
    x, y, z = (rays[..., axis] for axis in range(3))
    return np.arctan2(x, z), np.arctan2(-y, np.hypot(x, z))


def equirectangular_rays(size_px: tuple[int, int]) -> Float32[np.ndarray, "H W 3"]:
    """Return the unit ray of every pixel of a whole sphere of (width, height): longitude -pi to pi, latitude down."""
    width, height = size_px
    longitude = ((np.arange(width) + 0.5) / width - 0.5) * 2 * np.pi
    latitude = (0.5 - (np.arange(height)[:, None] + 0.5) / height) * np.pi
    x, z = np.cos(latitude) * np.sin(longitude), np.cos(latitude) * np.cos(longitude)
    return np.stack([x, np.broadcast_to(-np.sin(latitude), x.shape), z], axis=-1).astype(np.float32)
