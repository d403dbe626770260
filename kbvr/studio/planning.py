"""The plan of an output as a page plays it: its cameras exactly, and how comfortable it is to look at.

A plan is the one that an export of the working copy would have; `kbvr.pipeline` says how it comes about.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from kbvr.formats.loop.animation import lasting_s
from kbvr.formats.packing.anaglyph import METHODS, matrices
from kbvr.formats.write import check_items
from kbvr.geometry.camera import Camera
from kbvr.motion.view import view_of
from kbvr.options.declare import Declared
from kbvr.options.export_options import ExportOptions, declared
from kbvr.options.outputs import LOOPS, OutputOptions
from kbvr.plan.aspect import size_within
from kbvr.plan.explain import explain
from kbvr.plan.from_options import check_options, with_anaglyph_method
from kbvr.plan.output_kinds import DrawnKind, chosen_kinds
from kbvr.plan.shots import Shot
from kbvr.stereo.comfort import Comfort
from kbvr.studio.labels import label_of
from kbvr.studio.open_project import Ground, OpenProject
from kbvr.studio.option_texts import for_output, parsed

MAX_INSTANTS_A_S = 60
"""Frames a second that a page is told at most; it interpolates."""

UNCOMFORTABLE_SHARE = 0.01
"""Share of the picture beyond the limits of comfort from which on it counts as uncomfortable."""


def plan_state(project: OpenProject, output: str, texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the plan of one of PREVIEWS, by options as texts.

    Raises:
        InputError: if an option cannot be used.
    """
    options = parsed(for_output(output, texts))
    check_options(options)
    ground = project.ground(options.aspect)
    shot, options = _shot(ground, options)
    fps = _fps(shot, options)
    every = max(1, round(fps / MAX_INSTANTS_A_S))
    photo, depth, landmarks = ground.photo, ground.depth, ground.landmarks
    return {
        "output": output,
        "size_px": shot.view.size_px,
        "fps": fps / every,
        "period_s": shot.period_s if output in LOOPS else None,
        "is_loop": output in LOOPS,
        "instants": [[_camera(camera, ground) for camera in eyes] for eyes in shot.instants[::every]],
        "convergence_m": shot.rig.convergence_m if shot.rig else None,
        "baseline_m": shot.rig.baseline_m if shot.rig else None,
        "bars_px": shot.bars_px,
        "vignette": shot.vignette,
        "crop": ground.crop,
        "lens": _lens(shot),
        "anaglyph": _anaglyph(project, options),
        "comfort": _comfort(shot.comfort),
        "histogram": _histogram(shot.comfort),
        "explanation": _explanation(ground, explain(photo, depth, landmarks, [shot], options)),
        "warnings": _warnings(output, texts),
    }


def _shot(ground: Ground, options: ExportOptions) -> tuple[Shot, ExportOptions]:
    """Return the first shot of the options, as `kbvr.plan_export` plans it, and the options for this photo."""
    (kind, *_) = chosen_kinds(options)
    assert isinstance(kind, DrawnKind), "PREVIEWS are rendered"
    photo = ground.photo
    file_px = photo.file_size_px if options.aspect is None else size_within(ground.file_size_px, options.aspect)
    items = kind.items(photo.name, Path(), options)
    check_items(kind.view_px(file_px, options), items, options)
    options = with_anaglyph_method(options.for_photo(file_px, alt=photo.alternative_text), photo, list(items))
    f_px = photo.f_px * file_px[0] / photo.size_px[0]
    view = view_of(ground.landmarks.scene_depth, kind.view_px(file_px, options, f_px=f_px))
    return kind.plan(items, ground.landmarks, view, options), options


def _fps(shot: Shot, options: ExportOptions) -> float:
    """Return the frames per second; a loop shows its views there and back."""
    if shot.output not in LOOPS:
        return float(options.fps)
    return max(1, 2 * len(shot.moves) - 2) / lasting_s(len(shot.moves), shot.period_s)


def _camera(camera: Camera, ground: Ground) -> dict[str, Any]:
    """Return a camera in the axes of the whole photo's camera.

    In a crop's own axes, x and y grow by a share of z: that is a shear of the world, which leaves pictures as they are.
    """
    rotation, position = camera.camera_from_world[:3, :3].T, camera.camera_from_world[:3, 3]
    cropped_from_camera = np.column_stack([rotation, -rotation @ position])
    cx_px, cy_px = camera.cx_px, camera.cy_px
    shear_x, shear_y = ground.shear
    photo_from_crop: Float64[np.ndarray, "3 3"] = np.array([[1, 0, shear_x], [0, 1, shear_y], [0, 0, 1]])
    if np.allclose(rotation, np.eye(3)):  # a shear is then a shift of the picture
        world_from_camera = np.column_stack([rotation, photo_from_crop @ cropped_from_camera[:, 3]])
        cx_px, cy_px = cx_px - camera.f_px * shear_x, cy_px - camera.f_px * shear_y
    else:
        world_from_camera = photo_from_crop @ cropped_from_camera
    return {
        "f_px": camera.f_px,
        "cx_px": cx_px,
        "cy_px": cy_px,
        "world_from_camera": world_from_camera.ravel().tolist(),
    }


def _lens(shot: Shot) -> dict[str, float] | None:
    if shot.lens is None:
        return None
    return {"aperture_m": shot.lens.aperture_m, "focus_m": 1 / max(shot.lens.focus_inverse_depth, 1e-6)}


def _anaglyph(project: OpenProject, options: ExportOptions) -> list[list[float]]:
    """Return the matrices of the left and the right view of an anaglyph, row by row, for linear light."""
    colours = options.anaglyph_colours
    method = project.anaglyph_method(options.aspect, options.glasses) if colours == "auto" else colours
    method = method if method in METHODS[options.glasses] else "dubois"  # only exports of anaglyphs refuse it
    return [matrix.ravel().tolist() for matrix in matrices(method, options.glasses)]


def _comfort(comfort: Comfort | None) -> dict[str, Any] | None:
    if comfort is None:
        return None
    width = comfort.size_px[0]
    nearest, farthest = comfort.range_px
    outside = max(comfort.beyond_share, comfort.diverging_share)
    return {
        "nearest_percent": 100 * nearest / width,
        "farthest_percent": 100 * farthest / width,
        "nearest_deg": comfort.angle_deg(nearest),
        "farthest_deg": comfort.angle_deg(farthest),
        "limit_percent": 100 * comfort.limit_px / width,
        "limit_deg": comfort.rig.max_parallax_deg,
        "share_beyond_limit": comfort.beyond_share,
        "share_turning_eyes_outwards": comfort.diverging_share,
        "is_comfortable": outside < UNCOMFORTABLE_SHARE,
    }


def _histogram(comfort: Comfort | None) -> dict[str, Any] | None:
    if comfort is None:
        return None
    to_percent = 100 / comfort.size_px[0]
    behind_px = min(comfort.limit_px, comfort.rig.screen.diverging_px(comfort.size_px))
    return {
        "parallax_percent": (to_percent * comfort.edges_px).tolist(),
        "share": comfort.histogram.tolist(),
        "limits": [-to_percent * comfort.limit_px, to_percent * behind_px],
    }


def _explanation(ground: Ground, lines: list[str]) -> list[str]:
    """Return the choices in words, with the size of the photo's file instead of the working copy's."""
    first, *rest = lines
    width, height = ground.file_size_px
    return [f"photo: {width}x{height}, {first.partition('(')[2].removesuffix(')')}", *rest]


def _warnings(output: str, texts: Mapping[str, str]) -> list[str]:
    """Return what the page says about options that were set but do nothing for an output."""
    used = for_output(output, texts)
    left = [one for one in declared() if _is_left(one, texts, used)]
    if not left:
        return []
    names = ", ".join(label_of(one.name) for one in left)
    return [f"{names} {'has' if len(left) == 1 else 'have'} no effect here."]


def _is_left(one: Declared, texts: Mapping[str, str], used: Mapping[str, str]) -> bool:
    return one.name in texts and one.name not in used and one.name not in OutputOptions.model_fields
