"""The head box: how far a head may move in a scene, by what its eyes would see at the corners."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from math import hypot

from kbvr.depth.scene_depth import SceneDepth
from kbvr.geometry.camera import Camera
from kbvr.motion.consequences import Landmarks
from kbvr.motion.limits import LIMITS, Verdict, largest
from kbvr.motion.move import Move

FULL_HEAD_BOX_M = (0.10, 0.06, 0.08)
"""How far the head may move from the photo's camera at most: sideways, up and down, back and forth."""

MIN_SIZE = 0.4
"""Least size of the head box, as a share of the full one. The eyes are some 8 cm in front of the axis that the head
turns on, so they move by 4 cm when it turns by 30 degrees, towards the photo's border."""

HEAD_LIMITS = replace(LIMITS.scaled(2), lost=1.0)
"""Limits of the corners, chosen by eye: twice those of a move, since nobody has to go there, and there is no frame that
the subject could leave."""

MIN_BORDER_SHARE = 0.08
"""Minimum width of the margin beyond the photo's border, as a share of the photo's width."""


@dataclass(frozen=True)
class HeadBox:
    """How far a head may move in a scene."""

    sides_m: tuple[float, ...]
    """From the photo's camera: sideways, up and down, back and forth."""

    ipd_m: float
    verdict: Verdict | None = None
    """How large it is, as a share of the full box, and why; None if that was not chosen by what it shows."""

    def corners(self, held_inverse_depth: float) -> Iterator[Move]:
        """Yield where the outer eye is at each corner, as moves that hold a depth still."""
        x_m, y_m, z_m = self.sides_m
        for x, y, z in product((-1, 1), repeat=3):
            yield Move(x * (x_m + self.ipd_m / 2), y * y_m, z * z_m, held_inverse_depth=held_inverse_depth)

    def reaches_m(self, scene_depth: SceneDepth) -> dict[str, float]:
        """Return the largest moves of the eyes, as keyword arguments of `build_scene`."""
        sideways_m, up_m, forward_m = self.sides_m
        reach_m = hypot(sideways_m + self.ipd_m / 2, up_m)
        per_m = scene_depth.camera.f_px * max(scene_depth.nearest_inverse_depth, 1e-6) / scene_depth.camera.size_px[0]
        return {"reach_m": reach_m, "border_m": max(reach_m, MIN_BORDER_SHARE / per_m), "forward_m": forward_m}

    def within(self, reach_m: float, scene_depth: SceneDepth) -> HeadBox:
        """Return the box, made smaller if a scene is built for smaller moves than it needs."""
        share = min(1.0, reach_m / self.reaches_m(scene_depth)["reach_m"])
        return replace(self, sides_m=tuple(share * side for side in self.sides_m))


def head_box_of_size(size: float, ipd_m: float) -> HeadBox:
    """Return a head box whose size is a share of the full one."""
    return HeadBox(tuple(size * side for side in FULL_HEAD_BOX_M), ipd_m)


def head_box_for(landmarks: Landmarks, *, ipd_m: float, strength: float = 1.0) -> HeadBox:
    """Return the largest head box whose corners are within the limits of a strength, but at least MIN_SIZE."""
    rest, held = landmarks.view_at_rest, landmarks.scene_depth.subject_inverse_depth

    def cameras(size: float) -> list[Camera]:
        return [corner.camera(rest) for corner in head_box_of_size(max(size, MIN_SIZE), ipd_m).corners(held)]

    verdict = largest(cameras, landmarks, HEAD_LIMITS.scaled(strength), is_framed=False)
    verdict = replace(verdict, size=max(verdict.size, MIN_SIZE))
    return replace(head_box_of_size(verdict.size, ipd_m), verdict=verdict)
