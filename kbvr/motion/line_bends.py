"""The straight lines of a photo, and how much a camera bends them.

A line on a plane looks straight from everywhere, because the inverse depth along it is linear. Depth that wobbles
within one surface bends it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from jaxtyping import Bool, Float64, UInt8

from kbvr.depth.scene_depth import SceneDepth
from kbvr.geometry.camera import Camera
from kbvr.imaging.line_segments import line_segments
from kbvr.imaging.resize import shrunk

DETECTION_PX = 512
"""Long side of the picture in which lines are detected."""

MIN_LENGTH = 0.07
"""Minimum length of a line, as a share of the long side: shorter ones are texture."""

SAMPLES = 13
"""Points along each line."""

SIDE_PX = 4.0
"""Distance from a line, in the detection's pixels, at which depth on both sides is compared."""

JUMP_SHARE = 0.08
"""Minimum difference of inverse depth across an occlusion boundary, as a share of the depth range. A wall that recedes
from the nearest to the farthest point within a fifth of the width stays below it."""

BENT_LENGTH = 0.5
"""Bends are what lines of this total length, as a share of the long side, exceed: a single line may be a mistake."""


@dataclass(frozen=True, eq=False)
class StraightLines:
    """Straight lines of a photo that lie on one surface."""

    points: Float64[np.ndarray, "3 N S"] = field(repr=False)
    """Points along each, in the photo camera's axes, in metres."""

    lengths: Float64[np.ndarray, "N"] = field(repr=False)
    """Lengths in the photo, as shares of its long side."""

    def bend(self, camera: Camera) -> float:
        """Return how far lines of BENT_LENGTH leave the straight line that fits them best, in shares of the long side.

        Only lines whose middle the camera shows count.
        """
        rotation, position = camera.camera_from_world[:3, :3], camera.camera_from_world[:3, 3]
        x, y, z = np.einsum("ij,jns->ins", rotation, self.points) + position[:, None, None]
        z = np.maximum(z, 1e-9)
        shown = np.stack([camera.f_px * x / z + camera.cx_px, camera.f_px * y / z + camera.cy_px], axis=-1)
        middle = shown[:, SAMPLES // 2]
        inside = ((middle > 0) & (middle < camera.size_px)).all(axis=-1)
        return exceeded(deviations(shown[inside]) / max(camera.size_px), self.lengths[inside], BENT_LENGTH)


def deviations(lines: Float64[np.ndarray, "N S 2"]) -> Float64[np.ndarray, "N"]:
    """Return the largest distance of the points of each line from the straight line that fits them best."""
    offsets = lines - lines.mean(axis=1, keepdims=True)
    normals = np.linalg.eigh(np.einsum("nsi,nsj->nij", offsets, offsets))[1][:, :, 0]
    return np.abs(np.einsum("nsi,ni->ns", offsets, normals)).max(axis=1, initial=0.0)


def exceeded(values: Float64[np.ndarray, "N"], lengths: Float64[np.ndarray, "N"], length: float) -> float:
    """Return the value that a total length exceeds; if there is less than twice that length, half of it does."""
    if not len(values):
        return 0.0
    order = np.argsort(-values)
    reached = np.cumsum(lengths[order])
    return float(values[order[int(np.searchsorted(reached, min(length, 0.5 * float(reached[-1]))))]])


def straight_lines_of(rgb: UInt8[np.ndarray, "H W 3"], scene_depth: SceneDepth) -> StraightLines:
    """Return the straight lines of a photo, without those along an occlusion boundary or across one."""
    picture = shrunk(rgb, DETECTION_PX)
    long_side_px = max(picture.shape)
    ends = line_segments(picture, min_px=MIN_LENGTH * long_side_px)
    along = ends[:, 1] - ends[:, 0]
    lengths_px = np.linalg.norm(along, axis=1)
    where = ends[:, :1] + along[:, None] * np.linspace(0, 1, SAMPLES)[:, None]
    across = SIDE_PX * (along[:, ::-1] * (-1, 1) / lengths_px[:, None])[:, None]
    near_one, on_line, near_other = (
        _sampled(scene_depth, where + side * across, picture.shape[:2]) for side in (-1, 0, 1)
    )
    jump = JUMP_SHARE * scene_depth.depth_spread
    on_boundary: Bool[np.ndarray, "N"] = np.median(np.abs(near_one - near_other), axis=1) > jump
    across_one = np.abs(np.diff(on_line, axis=1)).max(axis=1, initial=0.0) > jump
    kept = ~on_boundary & ~across_one
    return StraightLines(
        _points(where[kept], on_line[kept], scene_depth, picture.shape[:2]), lengths_px[kept] / long_side_px
    )


def _sampled(
    scene_depth: SceneDepth, where: Float64[np.ndarray, "N S 2"], shape: tuple[int, ...]
) -> Float64[np.ndarray, "N S"]:
    """Return the inverse depth at points of a picture of this (height, width), 1/m."""
    if not len(where):
        return np.zeros(where.shape[:2])
    plane = shrunk(scene_depth.inverse_depth, DETECTION_PX).astype(np.float32)
    scale = np.array(plane.shape[::-1]) / shape[::-1]
    x, y = np.moveaxis((where + 0.5) * scale - 0.5, -1, 0).astype(np.float32)
    return cv2.remap(plane, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float64)


def _points(
    where: Float64[np.ndarray, "N S 2"],
    inverse_depth: Float64[np.ndarray, "N S"],
    scene_depth: SceneDepth,
    shape: tuple[int, ...],
) -> Float64[np.ndarray, "3 N S"]:
    """Return the points seen at places of a picture of this (height, width), in metres."""
    camera = scene_depth.camera
    place = (where + 0.5) * (np.array(camera.size_px) / shape[::-1])
    z = 1 / np.maximum(inverse_depth, scene_depth.far)
    return np.stack(
        [(place[..., 0] - camera.cx_px) / camera.f_px * z, (place[..., 1] - camera.cy_px) / camera.f_px * z, z]
    )
