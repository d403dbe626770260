"""The plan of an output as JSON: its cameras exactly, and how comfortable it is to look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from kbvr.formats.loop.animation import lasting_s
from kbvr.geometry.camera import Camera
from kbvr.making.plan import Plan
from kbvr.options.outputs import LOOPS
from kbvr.pipeline import plan_export
from kbvr.plan.explain import explain
from kbvr.plan.shots import Shot
from kbvr.stereo.comfort import Comfort
from kbvr.studio.open_project import OpenProject
from kbvr.studio.option_texts import for_output

OUTPUTS = ("wiggle", "kenburns", "stereo", "anaglyph", "still")
"""Outputs that a page can play."""


def plan_state(project: OpenProject, output: str, texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the plan of an output of a project, by options as texts.

    Raises:
        InputError: if an option cannot be used.
    """
    with project.lock:
        photo, depth = project.photo, project.depth
    options: dict[str, Any] = for_output(output, texts)
    with _warnings() as warnings:
        plan = plan_export(photo, depth, **options)
    shot = plan.shots[0]
    return {
        "output": output,
        "size_px": shot.view.size_px,
        "fps": _fps(shot, plan),
        "period_s": shot.period_s if output in LOOPS else None,
        "is_loop": output in LOOPS,
        "instants": [[_camera(camera) for camera in eyes] for eyes in shot.instants],
        "convergence_m": shot.rig.convergence_m if shot.rig else None,
        "baseline_m": shot.rig.baseline_m if shot.rig else None,
        "lens": _lens(shot),
        "comfort": _comfort(shot.comfort),
        "histogram": _histogram(shot.comfort),
        "explanation": explain(plan.photo, plan.depth, plan.landmarks, plan.shots, plan.options),
        "warnings": warnings,
    }


def _fps(shot: Shot, plan: Plan) -> float:
    if shot.output in LOOPS:
        return len(shot.moves) / lasting_s(len(shot.moves), shot.period_s)
    return plan.options.fps


def _camera(camera: Camera) -> dict[str, Any]:
    rotation, position = camera.camera_from_world[:3, :3].T, camera.camera_from_world[:3, 3]
    world_from_camera = np.column_stack([rotation, -rotation @ position])
    return {
        "f_px": camera.f_px,
        "cx_px": camera.cx_px,
        "cy_px": camera.cy_px,
        "world_from_camera": world_from_camera.ravel().tolist(),
    }


def _lens(shot: Shot) -> dict[str, float] | None:
    if shot.lens is None:
        return None
    return {"aperture_m": shot.lens.aperture_m, "focus_m": 1 / max(shot.lens.focus_inverse_depth, 1e-6)}


def _comfort(comfort: Comfort | None) -> dict[str, Any] | None:
    if comfort is None:
        return None
    width = comfort.size_px[0]
    nearest, farthest = comfort.range_px
    return {
        "nearest_percent": 100 * nearest / width,
        "farthest_percent": 100 * farthest / width,
        "nearest_deg": comfort.angle_deg(nearest),
        "farthest_deg": comfort.angle_deg(farthest),
        "limit_percent": 100 * comfort.limit_px / width,
        "limit_deg": comfort.rig.max_parallax_deg,
        "share_beyond_limit": comfort.beyond_share,
        "share_turning_eyes_outwards": comfort.diverging_share,
        "is_comfortable": comfort.beyond_share < 0.01 and comfort.diverging_share < 0.01,
    }


def _histogram(comfort: Comfort | None) -> dict[str, Any] | None:
    if comfort is None:
        return None
    width = comfort.size_px[0]
    limit = 100 * comfort.limit_px / width
    behind = min(limit, 100 * comfort.rig.screen.diverging_px(comfort.size_px) / width)
    return {
        "parallax_percent": (100 * comfort.edges_px / width).tolist(),
        "share": comfort.histogram.tolist(),
        "limits": [-limit, behind],
    }


@contextmanager
def _warnings() -> Iterator[list[str]]:
    yield []
