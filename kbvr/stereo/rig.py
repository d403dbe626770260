"""The stereo rig: how far apart the eyes are, and which plane lies on the screen.

Cameras are parallel and their pictures are shifted to converge, so there is no vertical parallax anywhere:
parallax_px = x_right - x_left = f b (1/z0 - 1/z), zero on the zero-parallax plane z0, positive behind it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from kbvr.depth.scene_depth import SceneDepth, depth_spread
from kbvr.errors import InputError
from kbvr.geometry.camera import Camera
from kbvr.stereo.screen import MAX_PARALLAX_DEG, SCREENS, Screen

DEFAULT_BUDGET = 0.03
"""Parallax range from the nearest to the farthest, as a share of the picture's width."""

DEFAULT_SCREEN = SCREENS["tv"]

MAX_SPREAD_SHARE = 0.2
"""A baseline that spreads the depth over more of the width than this is refused."""

MAX_APPROACH = 0.8
"""How far a path may go towards the zero-parallax plane, as a share of its distance."""

Decider = Literal["budget", "angle", "eyes", "caller"]


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
    decided_by: Decider = "budget"
    """What the baseline was chosen for: the share of the width, the largest angle, eyes that must not turn outwards; or
    it was given."""

    screen: Screen = DEFAULT_SCREEN
    max_parallax_deg: float = MAX_PARALLAX_DEG


def plan_rig(
    scene_depth: SceneDepth,
    view: Camera,
    *,
    budget: float = DEFAULT_BUDGET,
    baseline_m: float | None = None,
    convergence_m: float | None = None,
    forward_m: float = 0.0,
    screen: Screen = DEFAULT_SCREEN,
    max_parallax_deg: float = MAX_PARALLAX_DEG,
) -> Rig:
    """Choose the baseline and the zero-parallax plane for a view of a scene.

    The parallax range stays within `budget` of the width and within `max_parallax_deg` each way on the screen, and what
    is far is never farther apart than the eyes; the zero-parallax plane lies just behind the nearest thing in the
    middle, or beyond the path. What is given is kept. `forward_m` is how far the
    path goes towards the scene: the budget holds there too.

    Raises:
        InputError: if a length, the budget or the angle is not positive and finite, if the path reaches the plane that
            was given, or if the baseline given spreads the depth over more of the width than eyes can follow.
    """
    given = {
        "budget": budget,
        "baseline_m": baseline_m,
        "convergence_m": convergence_m,
        "max_parallax_deg": max_parallax_deg,
    }
    for name, value in given.items():
        if value is not None and not 0 < value < float("inf"):
            raise InputError(f"{name} must be > 0, got {value}")
    wanted = 1 / convergence_m if convergence_m is not None else scene_depth.subject_inverse_depth
    zero = max(wanted, 1e-6)
    if convergence_m is None:
        zero = min(zero, MAX_APPROACH / max(forward_m, 1e-9))
    elif forward_m * zero > MAX_APPROACH:
        raise InputError(f"the screen plane must lie beyond the path's {forward_m:.2f} m forward, got {1 / zero:.2f} m")
    near, far, middle = (
        _seen_from(d, forward_m) for d in (scene_depth.nearest_inverse_depth, scene_depth.farthest_inverse_depth, zero)
    )
    spread = depth_spread(near, far)
    per_spread_m = view.size_px[0] / (view.f_px * spread)
    decided_by: Decider = "caller"
    if baseline_m is None:
        px_per_m: dict[Decider, float] = {
            "budget": budget * view.size_px[0] / spread,
            "angle": screen.px_of_angle(max_parallax_deg, view.size_px) / max(near - middle, middle - far, 1e-9),
            "eyes": screen.diverging_px(view.size_px) / max(middle - far, 1e-9),
        }
        decided_by = min(px_per_m, key=lambda reason: px_per_m[reason])
        baseline_m = px_per_m[decided_by] / view.f_px
    elif baseline_m > MAX_SPREAD_SHARE * per_spread_m:
        max_mm = MAX_SPREAD_SHARE * per_spread_m * 1000
        raise InputError(
            f"the baseline must be at most {max_mm:.0f} mm for this photo, or the depth is spread over more than "
            f"{MAX_SPREAD_SHARE:.0%} of the width, got {baseline_m * 1000:.0f} mm"
        )
    near_px, far_px = (
        view.f_px * baseline_m * (zero - d)
        for d in (scene_depth.nearest_inverse_depth, scene_depth.farthest_inverse_depth)
    )
    near_deg, far_deg = (screen.angle_deg(px, view.size_px) for px in (near_px, far_px))
    return Rig(
        baseline_m,
        1 / zero,
        nearest_parallax_px=near_px,
        farthest_parallax_px=far_px,
        nearest_parallax_deg=near_deg,
        farthest_parallax_deg=far_deg,
        decided_by=decided_by,
        screen=screen,
        max_parallax_deg=max_parallax_deg,
    )


def eye_pair(camera: Camera, rig: Rig) -> tuple[Camera, Camera]:
    """Return the left and the right camera of a pair whose middle is this camera; see `eye_row`."""
    left, right = eye_row(camera, rig, 2)
    return left, right


def eye_row(camera: Camera, rig: Rig, count: int) -> tuple[Camera, ...]:
    """Return cameras evenly spaced from the rig's left eye to its right one, whose middle is this camera.

    Zero parallax goes where the screen plane's middle was before the camera moved.
    """
    screen_m = screen_m_of(camera, rig)
    asides_m = np.linspace(-rig.baseline_m / 2, rig.baseline_m / 2, count).tolist()
    return tuple(
        replace(camera.moved(x_m=aside_m), cx_px=camera.cx_px + camera.f_px * aside_m / screen_m)
        for aside_m in asides_m
    )


def screen_m_of(camera: Camera, rig: Rig) -> float:
    """Return how far a camera that has moved is from the zero-parallax plane, in metres."""
    screen_m = float((camera.camera_from_world @ np.array([0.0, 0.0, rig.convergence_m, 1.0]))[2])
    return max(screen_m, (1 - MAX_APPROACH) * rig.convergence_m)


def _seen_from(inverse_depth: float, forward_m: float) -> float:
    """Return an inverse depth as it is after the camera has gone forward."""
    return inverse_depth / max(1 - forward_m * inverse_depth, 1 - MAX_APPROACH)
