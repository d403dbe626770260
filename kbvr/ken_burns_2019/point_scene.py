"""The scene of the 3D Ken Burns method: a photo as points, and the paper's units in metres."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Float32, Float64

from kbvr.depth.depth_map import DepthMap
from kbvr.errors import InputError
from kbvr.geometry.camera import Camera, camera_of_photo
from kbvr.imaging.array_types import Mask, Picture, Plane
from kbvr.imaging.resize import averaged, within_px
from kbvr.ken_burns_2019.point_splatting import (
    away_from_edges,
    depth_from_disparity,
    directions,
    paper_disparity_of,
)
from kbvr.photo.photo import Photo

LONG_SIDE_PX = 1024
"""Long side at which the method works: larger photos are downscaled (area), smaller ones keep their size."""


@dataclass(frozen=True, eq=False)
class PointScene:
    """Coloured points, with the photo's camera as the world.

    The points are in the paper's units, as are its thresholds: the nearest pixel of the photo is f_px units away, where
    f_px is the focal length of `camera`.
    """

    points: Float64[np.ndarray, "N 3"]
    """x right, y down, z forward, in units. The photo's points come first."""

    rgb01: Float32[np.ndarray, "N 3"]
    picture: Picture
    inverse_depth: Plane
    camera: Camera
    """The photo's camera at the scene's size."""

    units_per_m: float
    photo_point_count: int
    """Number of the photo's points; the other points were filled in."""

    @property
    def disparity(self) -> Plane:
        """The photo's disparity in the paper's scale: 40 at the nearest pixel."""
        return paper_disparity_of(self.inverse_depth)


def point_scene(photo: Photo, depth: DepthMap, *, long_side_px: int = LONG_SIDE_PX) -> PointScene:
    """Turn a photo with any depth into points, except the pixels at depth steps.

    Raises:
        InputError: if photo and depth differ in size, or the long side is below 16 px.
    """
    if depth.inverse_depth.shape != photo.rgb.shape[:2]:
        expected, got = ("x".join(map(str, size)) for size in (photo.size_px, depth.inverse_depth.shape[::-1]))
        raise InputError(f"expected a depth map of the photo's size {expected}, got {got}")
    if long_side_px < 16:
        raise InputError(f"the long side of a point scene must be at least 16 px, got {long_side_px}")
    picture, inverse_depth, f_px = photo.rgb, depth.inverse_depth, depth.f_px
    size_px = within_px(photo.size_px, long_side_px)
    if size_px != photo.size_px:
        picture = averaged(picture, size_px)
        inverse_depth = cv2.resize(inverse_depth, size_px, interpolation=cv2.INTER_NEAREST_EXACT)  # steps stay steps
        f_px = f_px * size_px[0] / photo.size_px[0]
    camera = camera_of_photo((picture.shape[1], picture.shape[0]), float(f_px))
    disparity = paper_disparity_of(inverse_depth)
    points, kept = photo_points(disparity, camera)
    rgb01 = picture[kept].astype(np.float32) / np.float32(255)
    nearest = float(inverse_depth.max())
    units_per_m = camera.f_px * (nearest if nearest > 0 else 1.0)  # if all is infinitely far, any unit will do
    return PointScene(points, rgb01, picture, inverse_depth, camera, units_per_m, len(points))


def photo_points(disparity: Plane, camera: Camera) -> tuple[Float64[np.ndarray, "N 3"], Mask]:
    """Return the points of a picture's pixels in its camera's axes, row by row, and which pixels became points."""
    kept = away_from_edges(disparity)
    depth = depth_from_disparity(disparity, camera.f_px)
    return (directions(camera) * depth[..., None])[kept], kept


def seen_from(points: Float64[np.ndarray, "N 3"], camera: Camera, units_per_m: float) -> Float64[np.ndarray, "N 3"]:
    """Return world points in a camera's axes; the camera's position is in metres, the points are in units."""
    rotation, translation = camera.camera_from_world[:3, :3], camera.camera_from_world[:3, 3] * units_per_m
    if np.array_equal(rotation, np.eye(3)):
        return np.asarray(points + translation)
    return np.asarray(points @ rotation.T + translation)


def lens_at(scene: PointScene, camera: Camera) -> Camera:
    """Return the scene's camera in the pose of another camera."""
    return replace(scene.camera, camera_from_world=camera.camera_from_world)
