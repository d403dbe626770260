"""The moves of `bench.people`: the scene that an export builds for each, and the cameras at its ends."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import kbvr
from kbvr.depth.depth_map import DepthMap
from kbvr.depth.networks import BUILT_IN_NETWORK
from kbvr.geometry.camera import Camera
from kbvr.ldi.scene import Scene
from kbvr.motion.move import Move
from kbvr.motion.view import view_of
from kbvr.options.export_options import ExportOptions
from kbvr.photo.photo import Photo
from kbvr.plan.shots import Shot
from kbvr.profiles.layers import Layers

MOVES = ("swing", "kenburns", "circle", "head box")
STEPS = 3
"""Number of steps from one frame to the next in which flicker is measured, spread over a move."""

HEAD_STEPS = 25
"""Frames from the middle of the head box to a corner: a second."""

Eyes = tuple[Camera, ...]


@dataclass(frozen=True, eq=False)
class MeasuredMove:
    """A move in its scene."""

    name: str
    scene: Scene
    start: Camera
    ends: Sequence[Eyes]
    """The cameras of one eye or two at every end."""

    steps: Sequence[tuple[Camera, Camera]]
    """Frames that follow one another, seen by one eye."""

    @property
    def cameras(self) -> list[Camera]:
        """All cameras at the ends."""
        return [camera for eyes in self.ends for camera in eyes]


def depth_of(photo: Photo) -> DepthMap:
    """Return the depth that an export estimates with the built-in network."""
    return Layers(_options()).depth(photo)


def moves_of(photo: Photo, depth: DepthMap, names: Sequence[str] = MOVES) -> Iterator[MeasuredMove]:
    """Yield the moves of a photo, each in the scene that an export builds for it."""
    for name in names:
        yield _head_box(photo, depth) if name == "head box" else _planned(photo, depth, name)


def _options(**values: Any) -> ExportOptions:
    return ExportOptions(depth_model=BUILT_IN_NETWORK, overwrite=True, **values)


def _planned(photo: Photo, depth: DepthMap, name: str) -> MeasuredMove:
    """Return a move of a video with default options: stereo, except kenburns."""
    values: dict[str, Any] = {"kenburns": True} if name == "kenburns" else {"stereo": True, "path": name}
    plan = kbvr.plan_export(photo, depth, tempfile.gettempdir(), overwrite=True, **values)
    shot = plan.shots[0]
    profile = Layers(_options(**values))
    scene = profile.build(plan.photo, plan.depth, plan.shots, plan.scene_depth, head_box=None).layers
    ends = [shot.instants[index] for index in _end_frames(name, shot.moves)]
    return MeasuredMove(name, scene, shot.instants[0][0], ends, _steps(shot, ends=_end_frames(name, shot.moves)))


def _end_frames(name: str, moves: Sequence[Move]) -> list[int]:
    """Return the frames at the ends of a move: those farthest to every side, or farthest from the first."""
    x, y, z = (np.array([getattr(move, axis) for move in moves]) for axis in ("x_m", "y_m", "z_m"))
    if name == "swing":
        return [int(x.argmin()), int(x.argmax())]
    if name == "circle":
        return [int(x.argmin()), int(y.argmin()), int(x.argmax()), int(y.argmax())]
    zoom = np.array([move.zoom for move in moves])
    way = np.hypot(np.hypot(x - x[0], y - y[0]), z - z[0])
    change = np.abs(np.log(zoom / zoom[0]))
    return [int((way / max(way.max(), 1e-9) + change / max(change.max(), 1e-9)).argmax())]


def _steps(shot: Shot, *, ends: Sequence[int]) -> list[tuple[Camera, Camera]]:
    """Return STEPS pairs of frames that follow one another, spread evenly from the first frame to the first end."""
    first, last = (0, ends[0]) if ends[0] else (0, len(shot.moves) - 1)
    at = np.linspace(first, last - 1, STEPS + 2)[1:-1].astype(int).tolist()
    return [(shot.instants[index][0], shot.instants[index + 1][0]) for index in at]


def _head_box(photo: Photo, depth: DepthMap) -> MeasuredMove:
    """Return the corners of the box in which a headset's wearer may move, each seen by the outer eye."""
    plan = kbvr.plan_export(photo, depth, tempfile.gettempdir(), overwrite=True, html=True)
    scene_depth, head_box = plan.scene_depth, plan.head_box
    assert head_box is not None
    scene = Layers(_options(html=True)).build(photo, depth, [], scene_depth, head_box=head_box).layers
    corners = list(head_box.within(scene.reach_m, scene_depth).corners(scene_depth.subject_inverse_depth))
    view = view_of(scene_depth, photo.size_px)
    steps = [
        (corner.shortened(at).camera(view), corner.shortened(at + 1 / HEAD_STEPS).camera(view))
        for corner, at in zip(corners[::3], (0.2, 0.5, 0.8), strict=True)
    ]
    return MeasuredMove("head box", scene, view, [(corner.camera(view),) for corner in corners], steps)


def at_size(photo: Photo, long_side_px: int) -> Photo:
    """Return a photo resized to a long side."""
    import cv2

    scale = long_side_px / max(photo.size_px)
    size = tuple(round(side * scale) for side in photo.size_px)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    rgb = np.asarray(cv2.resize(photo.rgb, size, interpolation=how))
    return replace(photo, rgb=rgb, f_px=photo.f_px * size[0] / photo.size_px[0], decoded_from=None)
