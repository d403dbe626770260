"""The scene of the 3D Ken Burns method: a photo as points, and how the paper's units relate to metres."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64, UInt8

from kbvr.depth.depth_map import DepthMap
from kbvr.errors import InputError
from kbvr.geometry.camera import Camera, camera_of_photo
from kbvr.imaging.resize import averaged, within_px
from kbvr.ken_burns_2019.point_splatting import (
    away_from_edges,
    depth_from_disparity,
    directions,
    paper_disparity_of,
    render_points,
)
from kbvr.photo.photo import Photo

LONG_SIDE_PX = 1024
"""The method works at this long side; a larger photo is made smaller (area), a smaller one keeps its size."""


@dataclass(frozen=True, eq=False)
class PointScene:
    """Coloured points, with the photo's camera as the world.

    The points are in the paper's units, as its thresholds are: the nearest pixel of the photo lies f_px units away,
    where f_px is the focal length of `camera`.
    """

    points: Float64[np.ndarray, "N 3"]
    """x right, y down, z forward, in units. The photo's own points come first."""

    rgb01: Float32[np.ndarray, "N 3"]
    """Their colours, sRGB, 0 to 1."""

    picture: UInt8[np.ndarray, "H W 3"]
    """The photo at the scene's size."""

    inverse_depth: Float32[np.ndarray, "H W"]
    """1/m, of every pixel of the picture, those that became no point included."""

    camera: Camera
    """The photo's camera at the scene's size."""

    units_per_m: float

    own_count: int
    """How many of the points are the photo's own; the rest was filled in."""

    @property
    def disparity(self) -> Float32[np.ndarray, "H W"]:
        """The photo's disparity as the paper scales it: 40 at the nearest pixel."""
        return paper_disparity_of(self.inverse_depth)


def point_scene(photo: Photo, depth: DepthMap, *, long_side_px: int = LONG_SIDE_PX) -> PointScene:
    """Turn a photo with any depth into points; pixels at steps of the depth become none.

    Raises:
        InputError: if photo and depth differ in size, or the long side is below 16 px.
    """
    if depth.inverse_depth.shape != photo.rgb.shape[:2]:
        came = "x".join(map(str, depth.inverse_depth.shape[::-1]))
        raise InputError(f"wanted a depth of the photo's size {'x'.join(map(str, photo.size_px))}, got {came}")
    if long_side_px < 16:
        raise InputError(f"the long side of a point scene must be 16 px at least, got {long_side_px}")
    picture, inverse_depth, f_px = photo.rgb, depth.inverse_depth, depth.f_px
    size_px = within_px(photo.size_px, long_side_px)
    if size_px != photo.size_px:
        picture = averaged(picture, size_px)
        inverse_depth = cv2.resize(inverse_depth, size_px, interpolation=cv2.INTER_NEAREST_EXACT)  # steps stay steps
        f_px = f_px * size_px[0] / photo.size_px[0]
    camera = camera_of_photo((picture.shape[1], picture.shape[0]), float(f_px))
    disparity = paper_disparity_of(inverse_depth)
    points, kept = own_points(disparity, camera)
    rgb01 = picture[kept].astype(np.float32) / np.float32(255)
    nearest = float(inverse_depth.max())
    units_per_m = camera.f_px * (nearest if nearest > 0 else 1.0)  # all infinitely far: a camera's move changes nothing
    return PointScene(points, rgb01, picture, inverse_depth, camera, units_per_m, len(points))


def own_points(
    disparity: Float32[np.ndarray, "H W"], camera: Camera
) -> tuple[Float64[np.ndarray, "N 3"], Bool[np.ndarray, "H W"]]:
    """Return the points of a picture's pixels in its camera's axes, row by row, and which pixels became points."""
    kept = away_from_edges(disparity)
    depth = depth_from_disparity(disparity, camera.f_px)
    return (directions(camera) * depth[..., None])[kept], kept


def seen_from(points: Float64[np.ndarray, "N 3"], camera: Camera, units_per_m: float) -> Float64[np.ndarray, "N 3"]:
    """Return points of the world in a camera's axes; the camera's place is in metres, points are in units."""
    rotation, translation = camera.camera_from_world[:3, :3], camera.camera_from_world[:3, 3] * units_per_m
    if np.array_equal(rotation, np.eye(3)):
        return np.asarray(points + translation)
    return np.asarray(points @ rotation.T + translation)


def lens_at(scene: PointScene, camera: Camera) -> Camera:
    """Return the scene's own lens where another camera stands."""
    return replace(scene.camera, camera_from_world=camera.camera_from_world)


def coverage(scene: PointScene, camera: Camera) -> Bool[np.ndarray, "H W"]:
    """Return which pixels of the scene's own lens, where a camera stands, get a point before any filling."""
    no_data = np.empty((0, len(scene.points)), np.float32)
    lens = lens_at(scene, camera)
    return render_points(seen_from(scene.points, lens, scene.units_per_m), no_data, lens).covered
