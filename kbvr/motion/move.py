"""Moves: the position and direction of a camera in one frame, relative to the photo's camera."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from math import cos, hypot, radians, sin, tan

import numpy as np
from jaxtyping import Float64

from kbvr.depth.scene_depth import SceneDepth
from kbvr.geometry.camera import Camera


@dataclass(frozen=True)
class Move:
    """The position and direction of a camera, in the photo camera's axes, and how its picture is shifted and zoomed."""

    x_m: float = 0.0
    y_m: float = 0.0
    z_m: float = 0.0
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    """Positive to the right, and upwards."""

    zoom: float = 1.0
    lens_x: float = 0.0
    lens_y: float = 0.0
    """Shift of the picture, right and down, as a share of the focal length."""

    held_inverse_depth: float = 0.0
    """The inverse depth that stays still on the screen when the camera moves sideways, 1/m."""

    @property
    def position_m(self) -> Float64[np.ndarray, "3"]:
        """(x, y, z) of the camera."""
        return np.array([self.x_m, self.y_m, self.z_m])

    def camera(self, base: Camera) -> Camera:
        """Return the camera of this move; `base` is the camera at rest."""
        f_px = base.f_px * self.zoom
        at_held = f_px * self.held_inverse_depth
        camera = base.moved(self.x_m, self.y_m, self.z_m).turned(self.yaw_deg, self.pitch_deg)
        return replace(
            camera,
            f_px=f_px,
            cx_px=base.cx_px + f_px * self.lens_x + at_held * self.x_m,
            cy_px=base.cy_px + f_px * self.lens_y + at_held * self.y_m,
        )

    def shortened(self, share: float) -> Move:
        """Return the move with its position scaled by a share."""
        return replace(self, x_m=self.x_m * share, y_m=self.y_m * share, z_m=self.z_m * share)

    def towards(self, other: Move, share: float) -> Move:
        """Return the move at a share of the straight line to another; a share above 1 goes beyond it."""
        values = {f.name: getattr(self, f.name) for f in fields(Move)}
        return Move(**{name: value + share * (getattr(other, name) - value) for name, value in values.items()})


def disocclusion_reach_m(move: Move, camera: Camera) -> float:
    """Return the sideways move that uncovers as much behind things as this one at most does, in metres."""
    return hypot(move.x_m, move.y_m) + abs(move.z_m) * camera.size_px[0] / 2 / camera.f_px


def border_reach_m(move: Move, scene_depth: SceneDepth) -> float:
    """Return the sideways move that sees as far beyond the photo's border as this one at most does, in metres."""
    half = max(scene_depth.camera.size_px) / 2 / scene_depth.camera.f_px
    nearest_m = 1 / max(scene_depth.nearest_inverse_depth, 1e-6)
    back = max(0.0, -move.z_m) * half
    turned = hypot(tan(radians(move.yaw_deg)), tan(radians(move.pitch_deg))) * nearest_m
    wider = max(0.0, 1 / move.zoom - 1) * half * nearest_m
    return hypot(move.x_m, move.y_m) + back + turned + wider


def orbiting(angle_deg: float, distance_m: float) -> Move:
    """Return the move to the right on a circle around a point straight ahead, looking at that point."""
    angle = radians(angle_deg)
    return Move(x_m=distance_m * sin(angle), z_m=distance_m * (1 - cos(angle)), yaw_deg=-angle_deg)
