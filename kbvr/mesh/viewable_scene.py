"""The viewable scene: a textured mesh, and how a viewer may move in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot

import numpy as np

from kbvr.depth.depth_map import DepthMap
from kbvr.depth.scene_depth import SceneDepth
from kbvr.ldi.scene import Scene
from kbvr.mesh.cell_plane import NEAREST_SHARE
from kbvr.mesh.textured_mesh import TexturedMesh, textured_mesh_of
from kbvr.motion.move import Move
from kbvr.photo.photo import Photo

HEAD_BOX_M = (0.10, 0.06, 0.08)
"""How far the head may move from the photo's camera: sideways, up and down, back and forth."""

KEYS_PER_S = 5.0
"""Moves per second of the camera's path; viewers interpolate."""

MIN_BORDER_SHARE = 0.08
"""Minimum width of the margin beyond the photo's border, as a share of the photo's width."""


@dataclass(frozen=True, eq=False)
class ViewableScene:
    """A textured mesh, and how a viewer may move in it."""

    textured_mesh: TexturedMesh
    scene: Scene
    moves: tuple[Move, ...]
    """The camera's path, in even time steps; it ends where it begins."""

    seconds: float
    nearest_m: float
    farthest_m: float
    subject_m: float
    is_metric: bool
    """Whether distances are measured, not assumed."""

    depth_source: str
    """Name of the network that estimated the depth, or `a file`."""

    photo: str
    """The photo's title."""

    ipd_m: float
    head_box_m: tuple[float, ...]
    """How far the head may move, as HEAD_BOX_M."""


def viewable_scene_of(
    scene: Scene,
    photo: Photo,
    depth: DepthMap,
    scene_depth: SceneDepth,
    *,
    path: Sequence[Move],
    ipd_m: float,
    surround: str,
    max_triangles: int,
) -> ViewableScene:
    """Return a scene as triangles; the camera follows the path, KEYS_PER_S moves per second, and returns to its start.

    Raises:
        InputError: if `max_triangles` are too few for the scene, or the surround does not exist.
    """
    moves = there_and_back(path)
    share = min(1.0, scene.reach_m / head_reaches_m(scene_depth, ipd_m)["reach_m"])
    nearest = max(scene_depth.nearest_inverse_depth, 1e-6)
    return ViewableScene(
        textured_mesh=textured_mesh_of(scene, photo, surround=surround, max_triangles=max_triangles),
        scene=scene,
        moves=moves,
        seconds=(len(moves) - 1) / KEYS_PER_S,
        nearest_m=1 / nearest,
        farthest_m=1 / max(scene_depth.farthest_inverse_depth, nearest / NEAREST_SHARE),
        subject_m=scene_depth.subject_m,
        is_metric=depth.metric,
        depth_source=depth.network or "a file",
        photo=photo.title,
        ipd_m=ipd_m,
        head_box_m=tuple(share * side for side in HEAD_BOX_M),
    )


def there_and_back(moves: Sequence[Move]) -> tuple[Move, ...]:
    """Return moves that end where they begin: closed if they nearly return, else played back in reverse."""
    positions_m = np.array([move.position_m for move in moves])
    steps_m = np.linalg.norm(np.diff(positions_m, axis=0), axis=1)
    gap_m = float(np.linalg.norm(positions_m[-1] - positions_m[0]))
    if gap_m <= 2 * steps_m.max(initial=0.0):
        return (*moves, moves[0])
    return (*moves, *moves[-2::-1])


def head_reaches_m(scene_depth: SceneDepth, ipd_m: float) -> dict[str, float]:
    """Return the largest moves of a viewer's eyes, as keyword arguments of `build_scene`."""
    sideways_m, up_m, forward_m = HEAD_BOX_M
    reach_m = hypot(sideways_m + ipd_m / 2, up_m)
    per_m = scene_depth.camera.f_px * max(scene_depth.nearest_inverse_depth, 1e-6) / scene_depth.camera.size_px[0]
    return {"reach_m": reach_m, "border_m": max(reach_m, MIN_BORDER_SHARE / per_m), "forward_m": forward_m}
