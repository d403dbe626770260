"""A room around the camera, whose distances formulas give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kbvr.geometry.sphere import equirectangular_rays

WALLS = ((0, -3.0), (0, 2.5), (2, -2.5), (2, 3.5), (1, -1.4), (1, 1.5))
"""(axis, position in metres) of the walls, the ceiling and the floor; y points down."""

BALL, BALL_RADIUS_M = np.array([0.0, 0.1, -1.7]), 0.3
"""A ball behind the camera, where the picture's left and right meet."""

COLOURS = np.array(
    [[200, 180, 150], [150, 170, 200], [190, 150, 150], [160, 190, 150], [235, 235, 230], [120, 90, 60], [230, 200, 60]]
)


@dataclass(frozen=True, eq=False)
class Room:
    """What is seen of the room: colours and distances, and what of it is the ball."""

    rgb: np.ndarray
    distance_m: np.ndarray
    is_ball: np.ndarray


def distances(rays: np.ndarray, *, ball: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the distance along unit rays, (..., 3), and the number of the surface."""
    rays = rays.astype(np.float64)
    with np.errstate(divide="ignore"):
        to_walls = np.stack([position / rays[..., axis] for axis, position in WALLS])
    to_all = np.where(to_walls > 0, to_walls, np.inf)
    if ball:
        along = rays @ BALL
        beside = along**2 - (BALL @ BALL - BALL_RADIUS_M**2)
        to_ball = np.where((beside > 0) & (along > 0), along - np.sqrt(np.maximum(beside, 0)), np.inf)
        to_all = np.concatenate([to_all, to_ball[None]])
    return to_all.min(axis=0), to_all.argmin(axis=0)


def room(width: int, *, ball: bool = True) -> Room:
    """Return the room as an equirectangular picture, (width / 2, width)."""
    rays = equirectangular_rays((width, width // 2))
    distance_m, surface = distances(rays, ball=ball)
    tiles = np.floor(rays * distance_m[..., None] * 2 + 0.13).sum(axis=-1) % 2
    rgb = COLOURS[surface] * (0.75 + 0.25 * tiles[..., None])
    return Room(rgb.astype(np.uint8), distance_m.astype(np.float32), surface == len(WALLS))
