"""Camera paths: where the viewer's head is in every frame of a film.

Every path but `static` is a loop that starts and ends at rest or at the same speed, so the film has no jump at its
seam. Sideways moves hold the subject's plane still on the screen (the picture is shifted as the camera moves).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import cos, pi, sin
from typing import Literal, get_args

import numpy as np

from kbvr.camera import Camera
from kbvr.errors import InputError
from kbvr.scene import Scene, depth_spread

PathName = Literal["static", "swing", "circle", "dolly", "kenburns"]
PATH_NAMES: tuple[str, ...] = get_args(PathName)

PATH_SHARE = {"static": 0.0, "swing": 0.015, "circle": 0.012, "dolly": 0.04, "kenburns": 0.08}
"""Largest move of each path: how far it spreads the depth range on the screen, as a share of the width."""

OVERSCAN = 1.03
"""The view is enlarged by so much, so that moves show less of what lies beyond the photo's border."""

AUTOZOOM_STEPS = 16
AUTOZOOM_SHIFT_SHARE = 100 / 1024
AUTOZOOM_ZOOM = 1.25
AUTOZOOM_INSET_SHARE = 128 / 1024
AUTOZOOM_FROM = 0.97
"""The automatic Ken Burns move of Niklaus et al. 2019: shifts tried each way, their range, zoom, border, start crop."""


@dataclass(frozen=True)
class Move:
    """Where a camera stands, in the photo camera's axes, and how the view is shifted and enlarged."""

    x_m: float = 0.0
    y_m: float = 0.0
    z_m: float = 0.0
    held_inverse_depth: float = 0.0
    """Sideways moves keep this inverse depth still on the screen, 1/m."""

    zoom: float = 1.0

    def camera(self, base: Camera) -> Camera:
        """Return the camera of this move, made from the view of a camera at rest."""
        f_px = base.f_px * self.zoom
        at_held = f_px * self.held_inverse_depth
        moved = base.moved(self.x_m, self.y_m, self.z_m)
        return replace(moved, f_px=f_px, cx_px=base.cx_px + at_held * self.x_m, cy_px=base.cy_px + at_held * self.y_m)


def view_of(scene: Scene, size_px: tuple[int, int]) -> Camera:
    """Return the photo's camera for pictures of this size, slightly enlarged."""
    base = scene.camera.resized(size_px)
    return replace(base, f_px=base.f_px * OVERSCAN)


def moves_along(path: str, scene: Scene, *, frames: int) -> list[Move]:
    """Return the move of every frame.

    Raises:
        InputError: if there is no such path, or no frame is wanted.
    """
    if path not in PATH_NAMES:
        raise InputError(f"path must be one of {', '.join(PATH_NAMES)}, got {path!r}")
    if frames < 1:
        raise InputError(f"a film needs at least 1 frame, got {frames}")
    at = PATHS[path](scene)
    return [at(index / frames) for index in range(frames)]


def amplitude_m(path: str, scene: Scene) -> float:
    """Return the sideways move that gives a path's share of the width as parallax range, in metres."""
    spread = depth_spread(scene.nearest_inverse_depth, scene.farthest_inverse_depth)
    return PATH_SHARE[path] * scene.camera.size_px[0] / (scene.camera.f_px * spread)


def _static(scene: Scene) -> Callable[[float], Move]:  # noqa: ARG001
    return lambda turn: Move()  # noqa: ARG005


def _swing(scene: Scene) -> Callable[[float], Move]:
    far, held = amplitude_m("swing", scene), scene.subject_inverse_depth
    return lambda turn: Move(x_m=far * sin(2 * pi * turn), held_inverse_depth=held)


def _circle(scene: Scene) -> Callable[[float], Move]:
    far, held = amplitude_m("circle", scene), scene.subject_inverse_depth

    def at(turn: float) -> Move:
        return Move(far * sin(2 * pi * turn), 0.6 * far * cos(2 * pi * turn), held_inverse_depth=held)

    return at


def _dolly(scene: Scene) -> Callable[[float], Move]:
    """Go forward and come back, never by more than a third of the way to the nearest thing."""
    width = scene.camera.size_px[0]
    sideways = amplitude_m("dolly", scene)
    forward = min(sideways * 2 * scene.camera.f_px / width, 0.33 / max(scene.nearest_inverse_depth, 1e-6))
    return lambda turn: Move(z_m=forward * _there_and_back(turn))


def _kenburns(scene: Scene) -> Callable[[float], Move]:
    """Move from nearly the whole picture to a smaller crop, chosen so that the move uncovers least."""
    end = autozoom(scene)
    start_zoom = 1 / (AUTOZOOM_FROM * OVERSCAN)

    def at(turn: float) -> Move:
        share = _there_and_back(turn)
        return Move(end.x_m * share, end.y_m * share, end.z_m * share, zoom=start_zoom)

    return at


def _there_and_back(turn: float) -> float:
    """Return 0 at the start and the end of a turn and 1 in its middle, at rest at all three."""
    return 0.5 - 0.5 * cos(2 * pi * turn)


PATHS: dict[str, Callable[[Scene], Callable[[float], Move]]] = {
    "static": _static,
    "swing": _swing,
    "circle": _circle,
    "dolly": _dolly,
    "kenburns": _kenburns,
}


def autozoom(scene: Scene) -> Move:
    """Return the end of the automatic Ken Burns move (section 3.3 of the paper): zoom in by 1.25, shifted freely.

    Of 16 x 16 shifts of the end crop, and no shift, the one that leaves the fewest pixels uncovered is taken.
    The move is shortened where the scene was not made for all of it.
    """
    ldi, camera = scene.ldi, scene.camera
    width, height = camera.size_px
    margin = ldi.margin_px
    front = next(layer for layer in ldi.layers if layer.name == "front")
    inverse_depth = front.inverse_depth[margin : margin + height, margin : margin + width]
    inset = min(round(AUTOZOOM_INSET_SHARE * max(width, height)), (min(width, height) - 1) // 2)
    nearest = float(inverse_depth[inset : height - inset, inset : width - inset].max())
    nearest_m = 1 / max(nearest, 1e-6)
    forward = nearest_m * (1 - 1 / AUTOZOOM_ZOOM)
    end_m = nearest_m - forward
    step = max(1, max(width, height) // 128)
    points = _points(inverse_depth[::step, ::step], camera, step)
    limit = AUTOZOOM_SHIFT_SHARE * max(width, height)
    room = (1 - AUTOZOOM_FROM / AUTOZOOM_ZOOM) / 2
    shifts = np.linspace(-limit, limit, AUTOZOOM_STEPS)
    candidates = [(0.0, 0.0)] + [(float(u), float(v)) for v in shifts for u in shifts]

    def move(u: float, v: float) -> Move:
        return Move(u * end_m / camera.f_px, v * end_m / camera.f_px, forward)

    inside = [(u, v) for u, v in candidates if abs(u) <= room * width and abs(v) <= room * height]
    best = min(inside, key=lambda shift: _uncovered(points, move(*shift), camera, step))
    end = move(*best)
    share = min(1.0, amplitude_m("kenburns", scene) / max(reach_m_of(end, camera), 1e-9))
    return Move(end.x_m * share, end.y_m * share, end.z_m * share)


def reach_m_of(move: Move, camera: Camera) -> float:
    """Return the sideways move that uncovers as much as this one does at worst, in metres."""
    return float(np.hypot(move.x_m, move.y_m)) + abs(move.z_m) * camera.size_px[0] / 2 / camera.f_px


def _points(inverse_depth: np.ndarray, camera: Camera, step: int) -> np.ndarray:
    """Return (3, N) points of a coarse grid of the photo, metres."""
    height, width = inverse_depth.shape
    x = ((np.arange(width) + 0.5) * step - camera.cx_px) / camera.f_px
    y = ((np.arange(height) + 0.5) * step - camera.cy_px) / camera.f_px
    z = 1 / np.maximum(inverse_depth, 1e-4)
    return np.stack([(x * z).ravel(), (y[:, None] * z).ravel(), z.ravel()])


def _uncovered(points: np.ndarray, move: Move, camera: Camera, step: int) -> int:
    """Return how many cells of the coarse grid no point reaches after the move."""
    width, height = camera.size_px[0] // step, camera.size_px[1] // step
    depth = points[2] - move.z_m
    ahead = depth > 1e-3
    scale = camera.f_px / depth[ahead]
    x = (points[0, ahead] - move.x_m) * scale + camera.cx_px
    y = (points[1, ahead] - move.y_m) * scale + camera.cy_px
    covered = np.zeros((height + 1, width + 1), bool)
    for dx in (-0.5, 0.5):
        for dy in (-0.5, 0.5):
            column = np.clip((x / step + dx * 1.3).astype(int), 0, width)
            row = np.clip((y / step + dy * 1.3).astype(int), 0, height)
            covered[row, column] = True
    return int((~covered[:height, :width]).sum())
