"""The consequences of a move: how much of a picture is invented, and how far things shift, bend and leave the frame."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from functools import cached_property

import cv2
import numpy as np
from jaxtyping import Bool, Float64, UInt8

from kbvr.depth.scene_depth import CELLS, SceneDepth
from kbvr.geometry.camera import Camera
from kbvr.imaging.resize import shrunk
from kbvr.motion.line_bends import JUMP_SHARE, StraightLines, exceeded, straight_lines_of
from kbvr.motion.subject import Subject, subject_of
from kbvr.motion.view import view_of

BOUNDARY_LENGTH = 0.25
"""Parallax is what a boundary of this total length, as a share of the width, exceeds: single cells are noise."""

FRAME_LONG_SIDE_PX = 1920
"""Long side of the pictures in which bends are given."""

MARGIN = 0.025
"""Margin of the subject inside the frame, as a share of its width or height; less if the photo has less."""

LARGEST_SHARE = 0.87
"""What needs a larger share of the frame's width or height, with its margins, fills it: a zoom that held it whole would
hardly be seen. Of such a subject only the head stays inside; its sides or its feet may leave."""

SPECK_SHARE = 0.01
"""Share of the subject that may stick out of its box at each side."""

NEAREST_SHARE = 0.05
"""Distance of points that the camera has passed or nearly reached, as a share of that from the photo's camera."""


@dataclass(frozen=True)
class Consequences:
    """What a camera shows that the photo does not, and how it changes what the photo shows."""

    invented: float = 0.0
    """Share of the frame that the photo does not show."""

    parallax: float = 0.0
    """Shift between the two sides of an occlusion boundary, as a share of the width."""

    bend_px: float = 0.0
    """Largest distance of a straight line from its chord, in pixels of a picture FRAME_LONG_SIDE_PX long."""

    lost: float = 0.0
    """How far the subject lacks its margin inside the frame, as a share of the width or height; 0 if it has it."""


@dataclass(frozen=True, eq=False)
class Landmarks:
    """What a move is judged by: the surfaces of a scene and their boundaries, its straight lines and its subject."""

    scene_depth: SceneDepth = field(repr=False)
    rgb: UInt8[np.ndarray, "H W 3"] | None = field(default=None, repr=False)
    """The photo; without it, lines are not known."""

    known_subject: Subject | None = field(default=None, repr=False)
    """The subject, if it has been found already; else it is looked for."""

    @cached_property
    def lines(self) -> StraightLines | None:
        """The straight lines of the photo."""
        return None if self.rgb is None else straight_lines_of(self.rgb, self.scene_depth)

    @cached_property
    def subject(self) -> Subject | None:
        """The subject; None if nothing stands out."""
        return self.known_subject or subject_of(self.scene_depth, self.rgb)

    @property
    def subject_inverse_depth(self) -> float:
        """The inverse depth of the subject, 1/m; without one, that of what is nearest in the middle."""
        return self.scene_depth.subject_inverse_depth if self.subject is None else self.subject.inverse_depth

    @property
    def subject_m(self) -> float:
        """The distance of the subject, in metres."""
        return 1 / max(self.subject_inverse_depth, self.scene_depth.far)

    def consequences(self, camera: Camera, *, is_framed: bool = True) -> Consequences:
        """Return the consequences of a camera whose picture has the photo's shape.

        Without a frame, what lies beyond the photo's border does not count: in a scene it is always in sight.
        """
        shown = _shown(self.points, self.scene_depth.camera, camera)
        return Consequences(
            self._uncovered(shown) + (_beyond_border(shown) if is_framed else 0.0),
            self._parallax(shown, camera.size_px[1] / camera.size_px[0]),
            0.0 if self.lines is None else FRAME_LONG_SIDE_PX * self.lines.bend(camera),
            0.0 if self.subject is None else self._lost(self.subject, shown),
        )

    def worst(self, cameras: Iterable[Camera], *, is_framed: bool = True) -> Consequences:
        """Return the largest of each consequence over some cameras."""
        every = [self.consequences(camera, is_framed=is_framed) for camera in cameras]
        return Consequences(*(max(getattr(one, name) for one in every) for name in CONSEQUENCES))

    @property
    def view_at_rest(self) -> Camera:
        """The camera of a picture in which nothing has moved."""
        return view_of(self.scene_depth, self.scene_depth.camera.size_px)

    @cached_property
    def inverse_depth(self) -> Float64[np.ndarray, "R C"]:
        """The inverse depth on a coarse grid, with thin things, and with boundaries one step wide, 1/m."""
        cells = np.maximum(shrunk(self.scene_depth.inverse_depth, CELLS).astype(np.float64), 0)
        kernel = np.ones((3, 3), np.uint8)
        low, high = np.asarray(cv2.erode(cells, kernel)), np.asarray(cv2.dilate(cells, kernel))
        is_edge = high - low > JUMP_SHARE * self.scene_depth.depth_spread
        return np.where(is_edge, np.where(cells - low < high - cells, low, high), cells)

    @cached_property
    def points(self) -> Float64[np.ndarray, "3 R C"]:
        """The centres of the cells, in the photo camera's axes, in metres."""
        camera, (rows, columns) = self.scene_depth.camera, self.inverse_depth.shape
        x = ((np.arange(columns) + 0.5) * camera.size_px[0] / columns - camera.cx_px) / camera.f_px
        y = ((np.arange(rows) + 0.5) * camera.size_px[1] / rows - camera.cy_px) / camera.f_px
        z = 1 / np.maximum(self.inverse_depth, self.scene_depth.far)
        return np.stack([x * z, y[:, None] * z, z])

    @cached_property
    def boundaries(self) -> Bool[np.ndarray, "r c"]:
        """Which squares of four neighbouring cells contain an occlusion boundary."""
        return np.ptp(_corners(self.inverse_depth), axis=0) > JUMP_SHARE * self.scene_depth.depth_spread

    def _uncovered(self, shown: Float64[np.ndarray, "3 R C"]) -> float:
        """Return the share of the frame by which the squares across boundaries open.

        A square that neither opens nor closes grows with the magnification of its corners. The signed area of one that
        closes shrinks: there the far side is hidden, not uncovered.
        """
        x, y, magnification = (_corners(plane)[:, self.boundaries] for plane in shown)
        area = 0.5 * ((x[2] - x[0]) * (y[3] - y[1]) - (y[2] - y[0]) * (x[3] - x[1]))
        grown = (magnification**2).mean(axis=0) / self.inverse_depth.size
        inside = (np.abs(x.mean(axis=0)) < 0.5) & (np.abs(y.mean(axis=0)) < 0.5)
        return float(np.clip(area - grown, 0, None)[inside].sum())

    def _parallax(self, shown: Float64[np.ndarray, "3 R C"], aspect: float) -> float:
        """Return how far the nearest and the farthest corner of squares across boundaries part, in widths.

        `aspect` is the height of the frame in widths.
        """
        rows, columns = self.inverse_depth.shape
        corners = _corners(self.inverse_depth)[:, self.boundaries]
        ends = np.stack([corners.argmax(axis=0), corners.argmin(axis=0)])
        x, y, magnification = (np.take_along_axis(_corners(plane)[:, self.boundaries], ends, 0) for plane in shown)
        at_rest_x, at_rest_y = np.array([0, 1, 1, 0])[ends] / columns, np.array([0, 0, 1, 1])[ends] / rows
        grown = magnification.mean(axis=0)
        apart = np.hypot(
            x[0] - x[1] - grown * (at_rest_x[0] - at_rest_x[1]),
            aspect * (y[0] - y[1] - grown * (at_rest_y[0] - at_rest_y[1])),
        )
        inside = (np.abs(x.mean(axis=0)) < 0.5) & (np.abs(y.mean(axis=0)) < 0.5)
        return exceeded(apart[inside], np.full(int(inside.sum()), 1 / columns), BOUNDARY_LENGTH)

    def _lost(self, subject: Subject, shown: Float64[np.ndarray, "3 R C"]) -> float:
        """Return by how much the subject's margin is too narrow where the photo itself shows one."""
        x, y = (np.quantile(plane[subject.cells], (SPECK_SHARE, 1 - SPECK_SHARE)) for plane in shown[:2])
        margins = (x[0] + 0.5, y[0] + 0.5, 0.5 - x[1], 0.5 - y[1])
        left, top, right, bottom = kept_box(subject)
        at_rest = (left, top, 1 - right, 1 - bottom)
        sides = zip(margins, at_rest, strict=True)
        return max((max(0.0, min(MARGIN, rest) - margin) for margin, rest in sides if rest > 0), default=0.0)


def kept_box(subject: Subject) -> tuple[float, float, float, float]:
    """Return the left, top, right and bottom of what of a subject should stay in the frame; 0 or 1 where it may leave.

    They are shares of the width and height. It may leave where the photo's border cuts it, or if it fills the frame.
    """
    left, top, right, bottom = subject.left, subject.top, subject.right, subject.bottom
    if _fills(left, right):
        left, right = 0.0, 1.0
    if _fills(top, bottom):
        bottom = 1.0
    return left, top, right, bottom


def fills_frame(subject: Subject) -> bool:
    """Return whether a subject is so wide or so high that its sides or its feet may leave the frame."""
    return _fills(subject.left, subject.right) or _fills(subject.top, subject.bottom)


def _fills(low: float, high: float) -> bool:
    return high - low + 2 * MARGIN > LARGEST_SHARE


CONSEQUENCES = tuple(one.name for one in fields(Consequences))


def _shown(points: Float64[np.ndarray, "3 R C"], photo_camera: Camera, camera: Camera) -> Float64[np.ndarray, "3 R C"]:
    """Return x and y of points in a camera's picture, -0.5 to 0.5 inside, and their magnification."""
    rotation, position = camera.camera_from_world[:3, :3], camera.camera_from_world[:3, 3]
    x, y, z = np.einsum("ij,jrc->irc", rotation, points) + position[:, None, None]
    z = np.maximum(z, NEAREST_SHARE * points[2])
    width, height = camera.size_px
    scale = camera.f_px / width * photo_camera.size_px[0] / photo_camera.f_px
    return np.stack(
        [
            (camera.f_px * x / z + camera.cx_px) / width - 0.5,
            (camera.f_px * y / z + camera.cy_px) / height - 0.5,
            scale * points[2] / z,
        ]
    )


def _beyond_border(shown: Float64[np.ndarray, "3 R C"]) -> float:
    """Return the share of the frame that lies beyond the photo's border."""
    x, y, magnification = shown
    rows, columns = x.shape
    half_x, half_y = 0.5 * magnification / columns, 0.5 * magnification / rows
    gaps = (
        (x - half_x)[:, 0] + 0.5,
        0.5 - (x + half_x)[:, -1],
        (y - half_y)[0] + 0.5,
        0.5 - (y + half_y)[-1],
    )
    return min(1.0, sum(float(np.clip(gap, 0, 1).mean()) for gap in gaps))


def _corners(plane: Float64[np.ndarray, "R C"]) -> Float64[np.ndarray, "4 r c"]:
    """Return the corners of the squares between the centres of cells, clockwise from the top left."""
    return np.stack([plane[:-1, :-1], plane[:-1, 1:], plane[1:, 1:], plane[1:, :-1]])
