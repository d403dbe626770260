"""Turn a wide panorama into an ordinary photo: the view of a camera that looks at a part of it.

A panorama bends straight lines, and a pixel is an angle in it. In an ordinary (rectilinear) photo straight lines are
straight, and its focal length says which pixel is which direction. Beyond about 110 degrees its corners are stretched
too much, so a wider panorama is cropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, degrees, floor, pi, radians, tan

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8

from kbvr.geometry.sphere import longitude_latitude, rays_of, turn
from kbvr.imaging.array_types import Picture, SmallPlane
from kbvr.imaging.resize import averaged
from kbvr.photo.panorama import Panorama

MAX_WIDTH_RAD = radians(110)
MAX_HEIGHT_RAD = radians(100)
MAX_SOURCE_PX = 32_000
"""OpenCV's remap takes no wider or higher pictures."""

EDGE_PX = 2
"""Columns beside the view that interpolation needs."""

BLOCK_ROWS = 512


@dataclass(frozen=True)
class FlatView:
    """A camera that looks at a part of a panorama."""

    yaw_rad: float
    pitch_rad: float
    half_width: float
    half_height: float
    """Tangents of half the angles."""

    @property
    def width_deg(self) -> float:
        """The angle from left to right."""
        return degrees(2 * np.arctan(self.half_width))


def flat_view_of(panorama: Panorama) -> FlatView:
    """Return the largest upright view around what the panorama shows first, by default its middle.

    It looks straight ahead if the horizon is well inside the panorama, else up or down. No part of it is outside.
    """
    low, high = (_latitude(panorama, height) for height in (panorama.bottom, panorama.top))
    is_level = min(high, -low) > max(high, -low) / 2
    pitch = 0.0 if is_level else (low + high) / 2
    widest = min(MAX_WIDTH_RAD, panorama.width_rad)
    middle = (panorama.left_rad + panorama.right_rad) / 2
    yaw = middle if panorama.ahead_rad is None else panorama.ahead_rad
    yaw += 2 * pi * round((middle - yaw) / (2 * pi))  # the turn that is nearest to the middle
    if panorama.width_rad < 2 * pi - radians(0.5):
        yaw = float(np.clip(yaw, panorama.left_rad + widest / 2, panorama.right_rad - widest / 2))
    views = (_highest(panorama, yaw, pitch, tan(widest / 2 * share)) for share in np.linspace(1, 0.4, 25))
    return max(views, key=lambda view: view.half_width * view.half_height)


def _highest(panorama: Panorama, yaw: float, pitch: float, half_width: float) -> FlatView:
    """Return the highest view of a width whose border is inside the panorama."""
    low, high = 0.0, tan(MAX_HEIGHT_RAD / 2)
    for _ in range(20):
        middle = (low + high) / 2
        view = FlatView(yaw, pitch, half_width, middle)
        low, high = (middle, high) if _is_inside(panorama, view) else (low, middle)
    return FlatView(yaw, pitch, half_width, low)


def _is_inside(panorama: Panorama, view: FlatView) -> bool:
    along = np.linspace(-1, 1, 33, dtype=np.float32)
    ends = np.full_like(along, 1)
    x = np.concatenate([along, along, ends, -ends]) * np.float32(view.half_width)
    y = np.concatenate([ends, -ends, along, along]) * np.float32(view.half_height)
    x_share, y_share = _shares(panorama, view, x, y)
    tiny = 1e-5
    inside: Bool[np.ndarray, "N"] = (y_share >= -tiny) & (y_share <= 1 + tiny)
    if panorama.width_rad < 2 * pi - radians(0.5):
        inside &= (x_share >= -tiny) & (x_share <= 1 + tiny)
    return bool(inside.all())


def _latitude(panorama: Panorama, height: float) -> float:
    return height if panorama.projection == "equirectangular" else float(np.arctan(height))


def _shares(
    panorama: Panorama, view: FlatView, x: Float32[np.ndarray, "*shape"], y: Float32[np.ndarray, "*shape"]
) -> tuple[Float32[np.ndarray, "*shape"], Float32[np.ndarray, "*shape"]]:
    """Return where points of a view are in the panorama, as shares of its width and height from the top left.

    The points are tangents: relative to the middle of the view, in focal lengths.
    """
    rays = rays_of(x, y, f_px=1.0, sphere_from_view=turn(view.yaw_rad - _middle(panorama), view.pitch_rad))
    longitude, latitude = longitude_latitude(rays)
    height = latitude if panorama.projection == "equirectangular" else np.tan(latitude)
    x_share = longitude / np.float32(panorama.width_rad) + np.float32(0.5)
    y_share = (np.float32(panorama.top) - height) / np.float32(panorama.top - panorama.bottom)
    return x_share, y_share


def _middle(panorama: Panorama) -> float:
    return (panorama.left_rad + panorama.right_rad) / 2


def flattened(rgb: Picture, panorama: Panorama, view: FlatView) -> tuple[UInt8[np.ndarray, "h w 3"], float]:
    """Return the picture of a view with the panorama's resolution in its middle, and its focal length in pixels."""
    f_px = rgb.shape[1] / panorama.width_rad
    width, height = (max(1, round(2 * half * f_px)) for half in (view.half_width, view.half_height))
    half_turn = view.yaw_rad - _middle(panorama)
    if panorama.width_rad >= 2 * pi - radians(0.5):  # turned, so that the view does not cross the border
        rgb = np.roll(rgb, -round(half_turn * f_px), axis=1)
        shift_rad = round(half_turn * f_px) / f_px
        view = FlatView(view.yaw_rad - shift_rad, view.pitch_rad, view.half_width, view.half_height)
    x = (np.arange(width, dtype=np.float32) + np.float32(0.5 - width / 2)) / np.float32(f_px)
    flat = np.empty((height, width, 3), np.uint8)
    for start in range(0, height, BLOCK_ROWS):
        rows = np.arange(start, min(height, start + BLOCK_ROWS), dtype=np.float32)
        y = (rows[:, None] + np.float32(0.5 - height / 2)) / np.float32(f_px)
        shares = _shares(panorama, view, *np.broadcast_arrays(x, y))
        flat[start : start + len(rows)] = _sampled(rgb, *shares)
    return flat, f_px


def _sampled(rgb: Picture, x_share: SmallPlane, y_share: SmallPlane) -> UInt8[np.ndarray, "h w 3"]:
    """Return a picture's colours at shares of its width and height, from the part of it that they need."""
    height, width = rgb.shape[:2]
    x, y = x_share * np.float32(width) - np.float32(0.5), y_share * np.float32(height) - np.float32(0.5)
    left, top = (max(0, floor(float(at.min())) - EDGE_PX) for at in (x, y))
    part = rgb[top : ceil(float(y.max())) + EDGE_PX + 1, left : ceil(float(x.max())) + EDGE_PX + 1]
    x, y = x - np.float32(left), y - np.float32(top)
    if max(part.shape) > MAX_SOURCE_PX:
        scale = MAX_SOURCE_PX / max(part.shape)
        small_px = (max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale)))
        x = (x + np.float32(0.5)) * np.float32(small_px[0] / part.shape[1]) - np.float32(0.5)
        y = (y + np.float32(0.5)) * np.float32(small_px[1] / part.shape[0]) - np.float32(0.5)
        part = averaged(part, small_px)
    found = cv2.remap(np.ascontiguousarray(part), x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, np.uint8)
