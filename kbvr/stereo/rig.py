"""The stereo rig: the distance between two cameras, and the plane that appears on the screen.

The cameras are parallel and their pictures are shifted to converge, so there is no vertical parallax:
parallax_px = x_right - x_left = f b (1/z0 - 1/z), zero on the zero-parallax plane z0, positive behind it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from kbvr.depth.scene_depth import SceneDepth, depth_spread
from kbvr.errors import InputError
from kbvr.geometry.camera import Camera
from kbvr.stereo.comfort_limits import DEFAULT_BUDGET, MAX_PARALLAX_DEG, MAX_SPREAD_SHARE
from kbvr.stereo.screen import SCREENS, Screen

DEFAULT_SCREEN = SCREENS["tv"]

MAX_APPROACH = 0.8
"""How far a path may go towards the zero-parallax plane, as a share of the plane's distance."""

Decider = Literal["budget", "angle", "eyes", "caller"]


@dataclass(frozen=True)
class Rig:
    """A pair of cameras and their parallax on the screen."""

    baseline_m: float
    convergence_m: float
    """Distance of the zero-parallax plane from the photo's camera."""

    nearest_parallax_px: float
    """Parallax at the 99th percentile of inverse depth, in output pixels; negative is in front of the screen."""

    farthest_parallax_px: float
    nearest_parallax_deg: float
    farthest_parallax_deg: float
    decided_by: Decider = "budget"
    """The limit that decided the baseline: the budget, the largest angle, or eyes that must not turn outwards; or the
    caller gave it."""

    screen: Screen = DEFAULT_SCREEN
    max_parallax_deg: float = MAX_PARALLAX_DEG

    def scaled(self, factor: float) -> Rig:
        """Return the rig with its cameras this many times as far apart."""
        return replace(
            self,
            baseline_m=factor * self.baseline_m,
            nearest_parallax_px=factor * self.nearest_parallax_px,
            farthest_parallax_px=factor * self.farthest_parallax_px,
            nearest_parallax_deg=factor * self.nearest_parallax_deg,
            farthest_parallax_deg=factor * self.farthest_parallax_deg,
        )


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

    The baseline is as large as three limits allow along the whole path: the parallax range is at most `budget` of the
    width, parallax is at most `max_parallax_deg` in front of and behind the screen, and eyes never turn outwards. The
    plane is just behind the nearest thing in the middle of the picture, or beyond the path. A `baseline_m` or
    `convergence_m` that is given is used instead. `forward_m` is how far the path goes towards the scene.

    Raises:
        InputError: if a length, the budget or the angle is not positive and finite, if the path reaches the given
            plane, or if the given baseline spreads the depth over too much of the width.
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
    plane = _zero_parallax_plane(scene_depth, convergence_m, forward_m)
    ends = (scene_depth.nearest_inverse_depth, scene_depth.farthest_inverse_depth)
    near, far, middle = (_seen_from(inverse_depth, forward_m) for inverse_depth in (*ends, plane))
    decided_by: Decider = "caller"
    if baseline_m is None:
        max_px_per_m: dict[Decider, float] = {
            "budget": budget * view.size_px[0] / depth_spread(near, far),
            "angle": screen.px_of_angle(max_parallax_deg, view.size_px) / max(near - middle, middle - far, 1e-9),
            "eyes": screen.diverging_px(view.size_px) / max(middle - far, 1e-9),
        }
        decided_by = min(max_px_per_m, key=lambda limit: max_px_per_m[limit])
        baseline_m = max_px_per_m[decided_by] / view.f_px
    else:
        _check_baseline(baseline_m, view, depth_spread(near, far))
    near_px, far_px = (view.f_px * baseline_m * (plane - inverse_depth) for inverse_depth in ends)
    near_deg, far_deg = (screen.angle_deg(px, view.size_px) for px in (near_px, far_px))
    return Rig(
        baseline_m,
        1 / plane,
        nearest_parallax_px=near_px,
        farthest_parallax_px=far_px,
        nearest_parallax_deg=near_deg,
        farthest_parallax_deg=far_deg,
        decided_by=decided_by,
        screen=screen,
        max_parallax_deg=max_parallax_deg,
    )


def _zero_parallax_plane(scene_depth: SceneDepth, convergence_m: float | None, forward_m: float) -> float:
    """Return the inverse depth of the zero-parallax plane, 1/m: the given one, or one that the path does not reach."""
    if convergence_m is None:
        return min(max(scene_depth.subject_inverse_depth, 1e-6), MAX_APPROACH / max(forward_m, 1e-9))
    plane = max(1 / convergence_m, 1e-6)
    if forward_m * plane > MAX_APPROACH:
        raise InputError(
            f"the screen plane must lie beyond the path's {forward_m:.2f} m forward, got {1 / plane:.2f} m"
        )
    return plane


def _check_baseline(baseline_m: float, view: Camera, spread: float) -> None:
    """Refuse a baseline that spreads this range of inverse depth over too much of the width."""
    max_m = MAX_SPREAD_SHARE * (view.size_px[0] / (view.f_px * spread))
    if baseline_m > max_m:
        raise InputError(
            f"the baseline must be at most {max_m * 1000:.0f} mm for this photo, or the depth is spread over more than "
            f"{MAX_SPREAD_SHARE:.0%} of the width, got {baseline_m * 1000:.0f} mm"
        )


def eye_row(camera: Camera, rig: Rig, count: int) -> tuple[Camera, ...]:
    """Return cameras evenly spaced from the rig's left eye to its right eye, centred on this camera.

    The point at the centre of the zero-parallax plane keeps zero parallax however the camera moves.
    """
    screen_m = screen_m_of(camera, rig)
    offsets_m = np.linspace(-rig.baseline_m / 2, rig.baseline_m / 2, count).tolist()
    return tuple(
        replace(camera.moved(x_m=offset_m), cx_px=camera.cx_px + camera.f_px * offset_m / screen_m)
        for offset_m in offsets_m
    )


def screen_m_of(camera: Camera, rig: Rig) -> float:
    """Return the distance of a moved camera from the zero-parallax plane, in metres."""
    screen_m = float((camera.camera_from_world @ np.array([0.0, 0.0, rig.convergence_m, 1.0]))[2])
    return max(screen_m, (1 - MAX_APPROACH) * rig.convergence_m)


def _seen_from(inverse_depth: float, forward_m: float) -> float:
    """Return an inverse depth as seen by a camera that has moved forward."""
    return inverse_depth / max(1 - forward_m * inverse_depth, 1 - MAX_APPROACH)
