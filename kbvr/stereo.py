"""The stereo rig: how far apart the eyes are, and which plane lies on the screen.

Cameras are parallel and their pictures are shifted to converge, so there is no vertical parallax anywhere:
parallax_px = x_right - x_left = f b (1/z0 - 1/z), zero on the zero-parallax plane z0, positive behind it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import atan, degrees, radians, tan

from kbvr.camera import Camera
from kbvr.errors import InputError
from kbvr.paths import Move
from kbvr.scene import Scene

DEFAULT_BUDGET = 0.03
"""Parallax range from the nearest to the farthest, as a share of the picture's width."""

MAX_PARALLAX_DEG = 1.0
"""Largest parallax each way, as a visual angle on the assumed screen."""

SCREEN_HEIGHTS_AWAY = 3.0
"""The assumed screen is 16:9, filled by the picture, and seen from three times its height."""


@dataclass(frozen=True)
class Rig:
    """A pair of eyes and what they will see on the screen."""

    baseline_m: float
    convergence_m: float
    """Distance of the zero-parallax plane from the photo's camera."""

    nearest_parallax_px: float
    """Of the 99th percentile of nearness, in output pixels; negative: in front of the screen."""

    farthest_parallax_px: float
    nearest_parallax_deg: float
    farthest_parallax_deg: float


def plan_rig(
    scene: Scene,
    view: Camera,
    *,
    budget: float = DEFAULT_BUDGET,
    baseline_m: float | None = None,
    convergence_m: float | None = None,
    forward_m: float = 0.0,
) -> Rig:
    """Choose the baseline and the zero-parallax plane for a view of a scene.

    The parallax range stays within `budget` of the width and within 1 degree each way on the assumed screen; the
    zero-parallax plane lies just behind the nearest thing in the middle. What is given is kept. `forward_m` is how
    far the path goes towards the scene: the budget holds there too.

    Raises:
        InputError: if a length or the budget is not positive and finite.
    """
    for name, value in (("budget", budget), ("baseline_m", baseline_m), ("convergence_m", convergence_m)):
        if value is not None and not 0 < value < float("inf"):
            raise InputError(f"{name} must be > 0, got {value}")
    zero = 1 / convergence_m if convergence_m is not None else scene.subject_inverse_depth
    zero = max(zero, 1e-6)
    near, far, middle = (
        _seen_from(d, forward_m) for d in (scene.nearest_inverse_depth, scene.farthest_inverse_depth, zero)
    )
    if baseline_m is None:
        largest_px = radius_px(view)
        spread = max(near - far, 0.05 * near, 1e-6)
        baseline_m = budget * view.size_px[0] / (view.f_px * spread)
        for side in (near - middle, middle - far):
            if side > 0:
                baseline_m = min(baseline_m, largest_px / (view.f_px * side))
    near_px, far_px = (
        view.f_px * baseline_m * (zero - d) for d in (scene.nearest_inverse_depth, scene.farthest_inverse_depth)
    )
    return Rig(baseline_m, 1 / zero, near_px, far_px, _angle_deg(near_px, view), _angle_deg(far_px, view))


def eye_pair(camera: Camera, rig: Rig, move: Move) -> tuple[Camera, Camera]:
    """Return the left and the right camera of a pair whose middle is the camera of a move."""
    distance_m = max(rig.convergence_m - move.z_m, 1e-3)
    shift_px = camera.f_px * rig.baseline_m / 2 / distance_m
    left, right = camera.moved(x_m=-rig.baseline_m / 2), camera.moved(x_m=rig.baseline_m / 2)
    return replace(left, cx_px=camera.cx_px - shift_px), replace(right, cx_px=camera.cx_px + shift_px)


def radius_px(view: Camera) -> float:
    """Return MAX_PARALLAX_DEG in pixels of a view on the assumed screen."""
    return tan(radians(MAX_PARALLAX_DEG)) * _distance_px(view)


def _angle_deg(parallax_px: float, view: Camera) -> float:
    return degrees(atan(parallax_px / _distance_px(view)))


def _distance_px(view: Camera) -> float:
    """Return the viewer's distance from the assumed screen, in pixels of the view."""
    width, height = view.size_px
    return SCREEN_HEIGHTS_AWAY * max(height, width * 9 / 16)


def _seen_from(inverse_depth: float, forward_m: float) -> float:
    """Return an inverse depth as it is after the camera has gone forward."""
    return inverse_depth / max(1 - forward_m * inverse_depth, 0.1)
