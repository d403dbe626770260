"""Scene depth: a summary of a photo's depth for planning, and how far a camera can move through the scene."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import cv2
import numpy as np
from jaxtyping import Bool, Float64

from kbvr.depth.depth_map import DepthMap, sampled
from kbvr.geometry.camera import Camera, camera_of_photo
from kbvr.imaging.array_types import Plane, SmallPlane
from kbvr.imaging.resize import shrunk

CORRIDOR_SHARE = 0.12
"""Half the width of the corridor that must be free ahead of a camera, as a share of the distance moved."""

LARGEST_ENLARGEMENT = 3.0
"""Maximum enlargement of things ahead of a camera: beyond it there is only blur."""

LARGE_AREA = 0.2
"""Share of the frame, towards its border, that may be enlarged more."""

KEPT_AREA = 0.5
"""Share of the finite part of the scene that must stay in the frame, so that a flight ends before only sky is left."""

POSITIONS = 96
"""Number of positions along a move that are checked."""

CELLS = 128
"""Long side of the coarse map for corridors, in cells."""

FAR_SHARE = 1e-4
"""Inverse depth that stands for infinity where a distance is needed, as a share of the nearest."""


@dataclass(frozen=True, eq=False)
class SceneDepth:
    """The depth of a photo, summarised for planning moves and stereo rigs."""

    camera: Camera
    inverse_depth: Plane = field(repr=False)
    nearest_inverse_depth: float
    farthest_inverse_depth: float
    """99th and 1st percentile of the photo's inverse depth, 1/m."""

    subject_inverse_depth: float
    """Inverse depth just behind the nearest thing in the middle of the picture, 1/m."""

    @property
    def depth_spread(self) -> float:
        """The range of inverse depth that moves and stereo rigs are planned for, 1/m."""
        return depth_spread(self.nearest_inverse_depth, self.farthest_inverse_depth)

    @property
    def subject_m(self) -> float:
        """Distance of the subject, in metres."""
        return 1 / max(self.subject_inverse_depth, 1e-6)

    def sideways_m(self, share: float) -> float:
        """Return the sideways move whose parallax range is this share of the width, in metres."""
        return share * self.camera.size_px[0] / (self.camera.f_px * self.depth_spread)

    @property
    def far(self) -> float:
        """Inverse depth that stands for infinity where a distance is needed, 1/m."""
        return FAR_SHARE * max(self.nearest_inverse_depth, 1e-6)

    def inverse_depth_at(self, x_share: float, y_share: float) -> float:
        """Return the inverse depth at a point of the photo, given as shares of its width and height, 1/m."""
        rows, columns = self.cells.shape
        row, column = min(int(y_share * rows), rows - 1), min(int(x_share * columns), columns - 1)
        return float(np.median(self.cells[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2]))

    @cached_property
    def cells(self) -> SmallPlane:
        """The inverse depth on a coarse grid over the photo, without specks, 1/m."""
        return np.maximum(np.asarray(cv2.medianBlur(shrunk(self.inverse_depth, CELLS), 3)), 0)

    @cached_property
    def points(self) -> Float64[np.ndarray, "3 N"]:
        """The points of `cells` in the photo camera's axes, in metres; infinitely far points are at 1/far."""
        rows, columns = self.cells.shape
        width, height = self.camera.size_px
        x = ((np.arange(columns) + 0.5) * width / columns - self.camera.cx_px) / self.camera.f_px
        y = ((np.arange(rows) + 0.5) * height / rows - self.camera.cy_px) / self.camera.f_px
        z = 1 / np.maximum(self.cells.astype(np.float64), self.far)
        return np.stack([(x * z).ravel(), (y[:, None] * z).ravel(), z.ravel()])

    def room_m(self, start_m: Float64[np.ndarray, "3"], direction: Float64[np.ndarray, "3"]) -> float:
        """Return how far a camera may move from a position in a direction (of any length) before it is too close.

        Things in the corridor ahead are enlarged by at most LARGEST_ENLARGEMENT, as is all but LARGE_AREA of the frame,
        and KEPT_AREA of the scene stays in the frame.
        """
        max_m = self.free_m(start_m, direction)
        if not max_m < float("inf") or direction[2] <= 0:  # backwards or sideways: nothing is enlarged
            return max_m
        ahead = direction / np.linalg.norm(direction)
        large, kept = self._area_of(start_m, ahead, 0.0)
        for distance_m in np.geomspace(max_m / 1e4, max_m, POSITIONS):
            now_large, now_kept = self._area_of(start_m, ahead, float(distance_m))
            if now_large > large + LARGE_AREA or now_kept < KEPT_AREA * kept:
                return float(distance_m)
        return max_m

    def free_m(self, start_m: Float64[np.ndarray, "3"], direction: Float64[np.ndarray, "3"]) -> float:
        """Return how far a camera may move before the first thing in the corridor is enlarged too much."""
        length = float(np.linalg.norm(direction))
        if length == 0:
            return float("inf")
        offset = self.points - start_m[:, None]
        along = direction @ offset / length
        across = np.linalg.norm(offset - direction[:, None] / length * along, axis=0)
        blocked: Bool[np.ndarray, "N"] = (along > 0) & (across <= CORRIDOR_SHARE * along)
        return (1 - 1 / LARGEST_ENLARGEMENT) * float(along[blocked].min(initial=1 / self.far))

    def _area_of(
        self, start_m: Float64[np.ndarray, "3"], direction: Float64[np.ndarray, "3"], distance_m: float
    ) -> tuple[float, float]:
        """Return, as fractions of the frame, the areas of things enlarged too much and of those not infinitely far."""
        width, height = self.camera.size_px
        first = self.points[2] - start_m[2]
        x, y, z = self.points - (start_m + direction * distance_m)[:, None]
        ahead = (z > 0) & (first > 0)
        scale = self.camera.f_px / np.where(ahead, z, 1.0)
        in_frame = ahead & (np.abs(x * scale) < width / 2) & (np.abs(y * scale) < height / 2)
        enlargement = (first / np.where(ahead, z, 1.0))[in_frame]
        area = enlargement**2 / len(first)
        finite = self.points[2, in_frame] < 0.5 / self.far
        return float(area[enlargement > LARGEST_ENLARGEMENT].sum()), min(1.0, float(area[finite].sum()))


def scene_depth_of(depth: DepthMap) -> SceneDepth:
    """Return the scene depth of a depth map."""
    height, width = depth.inverse_depth.shape
    nearest, farthest = np.percentile(sampled(depth.inverse_depth), (99, 1))
    middle = depth.inverse_depth[height // 5 : height - height // 5, width // 4 : width - width // 4]
    middle_nearest, middle_farthest = np.percentile(sampled(middle if middle.size else depth.inverse_depth), (95, 5))
    return SceneDepth(
        camera=camera_of_photo((width, height), depth.f_px),
        inverse_depth=depth.inverse_depth,
        nearest_inverse_depth=float(nearest),
        farthest_inverse_depth=float(farthest),
        subject_inverse_depth=float(middle_nearest - 0.15 * (middle_nearest - middle_farthest)),
    )


def depth_spread(nearest: float, farthest: float) -> float:
    """Return the range between two inverse depths, 1/m, with a minimum so that a flat scene gets no huge baseline."""
    return max(nearest - farthest, 0.05 * nearest, 1e-6)
