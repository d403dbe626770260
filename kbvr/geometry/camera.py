"""Pinhole cameras.

Axes are OpenCV's: x right, y down, z forward. The centre of the top left pixel is at (0.5, 0.5), so a picture W wide
spans x from 0 to W. World coordinates are those of the photo's camera.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import atan2, cos, degrees, radians, sin, tan

import numpy as np
from jaxtyping import Float64

from kbvr.errors import InputError


def f_px_from_fov(fov_deg: float, long_side_px: float) -> float:
    """Return the focal length in pixels for a field of view across the long side, 1 to 170 degrees."""
    if not 1 <= fov_deg <= 170:
        raise InputError(f"the field of view must be 1 to 170 degrees, got {fov_deg}")
    return long_side_px / 2 / tan(radians(fov_deg) / 2)


def fov_deg_from_f_px(f_px: float, long_side_px: float) -> float:
    """Return the field of view across the long side, in degrees; a focal length of 0 gives 180."""
    return degrees(2 * atan2(long_side_px / 2, f_px))


@dataclass(frozen=True, eq=False)
class Camera:
    """A pinhole camera with square pixels, and its pose."""

    size_px: tuple[int, int]
    """(width, height) of its picture."""

    f_px: float
    cx_px: float
    cy_px: float
    """Principal point; off-centre in the cameras of a stereo pair, whose pictures are shifted to converge."""

    camera_from_world: Float64[np.ndarray, "4 4"] = field(default_factory=lambda: np.eye(4))
    """Rigid transform, in metres."""

    @property
    def intrinsics(self) -> Float64[np.ndarray, "3 3"]:
        """The matrix from camera coordinates to pixels."""
        return np.array([[self.f_px, 0, self.cx_px], [0, self.f_px, self.cy_px], [0, 0, 1]], np.float64)

    def moved(self, x_m: float = 0.0, y_m: float = 0.0, z_m: float = 0.0) -> Camera:
        """Return this camera moved along its own axes."""
        step = np.eye(4)
        step[:3, 3] = (-x_m, -y_m, -z_m)
        return replace(self, camera_from_world=step @ self.camera_from_world)

    def turned(self, yaw_deg: float, pitch_deg: float) -> Camera:
        """Return this camera rotated about its centre: first to the right (yaw), then up (pitch)."""
        yaw, pitch = radians(yaw_deg), radians(pitch_deg)
        turn = np.eye(4)
        turn[:3, :3] = np.array([[1, 0, 0], [0, cos(pitch), sin(pitch)], [0, -sin(pitch), cos(pitch)]]) @ np.array(
            [[cos(yaw), 0, -sin(yaw)], [0, 1, 0], [sin(yaw), 0, cos(yaw)]]
        )
        return replace(self, camera_from_world=turn @ self.camera_from_world)

    def resized(self, size_px: tuple[int, int]) -> Camera:
        """Return the same view at another picture size; the focal length scales with the height."""
        scale_x, scale_y = size_px[0] / self.size_px[0], size_px[1] / self.size_px[1]
        return replace(
            self, size_px=size_px, f_px=self.f_px * scale_y, cx_px=self.cx_px * scale_x, cy_px=self.cy_px * scale_y
        )


def camera_of_photo(size_px: tuple[int, int], f_px: float) -> Camera:
    """Return the camera that took a photo: at the origin, facing along z, with a centred principal point."""
    return Camera(size_px, f_px, size_px[0] / 2, size_px[1] / 2)
