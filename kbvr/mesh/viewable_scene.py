"""The viewable scene: a textured mesh, and how a viewer may move in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kbvr.depth.depth_map import DepthMap
from kbvr.depth.scene_depth import SceneDepth
from kbvr.ldi.scene import Scene
from kbvr.mesh.cell_plane import NEAREST_SHARE
from kbvr.mesh.textured_mesh import CELL_PX, TexturedMesh, textured_mesh_of
from kbvr.motion.head_box import HeadBox
from kbvr.motion.move import Move
from kbvr.motion.subject import Subject
from kbvr.photo.photo import Photo

KEYS_PER_S = 5.0
"""Moves per second of the camera's path; viewers interpolate."""


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

    head_box: HeadBox
    """How far the head may move."""

    subject: Subject | None
    """What the first view of the scene must contain; None if nothing stands out."""


def viewable_scene_of(
    scene: Scene,
    photo: Photo,
    depth: DepthMap,
    scene_depth: SceneDepth,
    *,
    path: Sequence[Move],
    head_box: HeadBox,
    subject: Subject | None,
    surround: str,
    max_triangles: int,
    cell_px: int = CELL_PX,
) -> ViewableScene:
    """Return a scene as triangles; the camera follows the path, KEYS_PER_S moves per second, and returns to its start.

    `cell_px` is that of `textured_mesh_of`.

    Raises:
        InputError: if `max_triangles` are too few for the scene, or the surround does not exist.
    """
    moves = there_and_back(path)
    nearest = max(scene_depth.nearest_inverse_depth, 1e-6)
    return ViewableScene(
        textured_mesh=textured_mesh_of(scene, photo, surround=surround, max_triangles=max_triangles, cell_px=cell_px),
        scene=scene,
        moves=moves,
        seconds=(len(moves) - 1) / KEYS_PER_S,
        nearest_m=1 / nearest,
        farthest_m=1 / max(scene_depth.farthest_inverse_depth, nearest / NEAREST_SHARE),
        subject_m=scene_depth.subject_m,
        is_metric=depth.metric,
        depth_source=depth.network or "a file",
        photo=photo.title,
        head_box=head_box.within(scene.reach_m, scene_depth),
        subject=subject,
    )


def there_and_back(moves: Sequence[Move]) -> tuple[Move, ...]:
    """Return moves that end where they begin: closed if they nearly return, else played back in reverse."""
    positions_m = np.array([move.position_m for move in moves])
    steps_m = np.linalg.norm(np.diff(positions_m, axis=0), axis=1)
    gap_m = float(np.linalg.norm(positions_m[-1] - positions_m[0]))
    if gap_m <= 2 * steps_m.max(initial=0.0):
        return (*moves, moves[0])
    return (*moves, *moves[-2::-1])
