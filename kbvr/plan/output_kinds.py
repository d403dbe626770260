"""The kinds of output: the files of each, and how its shot is planned.

A kind is rendered (`DrawnKind`: its plan is a `Shot`), made from the depth alone (`DepthKind`), or a scene for other
programs (`SceneKind`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kbvr.formats.packing.layouts import QUILTS
from kbvr.formats.spec.format import Item
from kbvr.geometry.camera import Camera
from kbvr.motion.consequences import Landmarks
from kbvr.motion.limits import Limits, Verdict, largest
from kbvr.motion.move import Move
from kbvr.motion.paths import path_through
from kbvr.motion.sway import (
    ANAGLYPH_S,
    ANAGLYPH_SHARE,
    SMOOTH_S,
    SMOOTH_VIEWS,
    TWO_VIEWS_S,
    swaying,
)
from kbvr.options.export_options import ExportOptions
from kbvr.photo.picture_file import MAX_PIXELS
from kbvr.plan import file_names
from kbvr.plan.file_names import File
from kbvr.plan.from_options import (
    EYES_SHARE,
    baseline_m_of,
    budget_of,
    eye_limits,
    is_baseline_given,
    lens_of,
    path_options,
    screen_for,
    sway_of,
)
from kbvr.plan.shots import Shot, views_of
from kbvr.stereo.comfort import comfort_of, window_bars_px
from kbvr.stereo.rig import Rig, eye_row, plan_rig

VIDEO_WITHIN_PX = (1920, 1080)
STILL_WITHIN_PX = (4096, 4096)
ANY_SIZE_PX = (MAX_PIXELS, MAX_PIXELS)
LOOP_WITHIN_PX = (720, 720)
"""About the width of a blog's column."""

VR180_DENSITY = 1.25
"""Pixels in the middle of a view per pixel of its half sphere."""

QUILT_PAIRS = 3.0
"""Width of a quilt's row of cameras in eye distances: as wide as an orbit, which shows few holes."""

INFINITY_M = 1e5
"""Distance of the screen plane if there is no screen: the eyes look straight ahead."""


@dataclass(frozen=True)
class OutputKind:
    """A kind of output."""

    name: str
    """A name of `kbvr.options.outputs.OUTPUTS`."""

    files: Callable[[ExportOptions], list[File]]
    within_px: tuple[int, int]
    """Default for the largest (width, height) of a view."""

    even: bool = True
    """Whether width and height of views are even, which video requires."""

    def items(self, stem: str, out_dir: Path, options: ExportOptions) -> tuple[Item, ...]:
        """Return the files to make of a photo whose name without its suffix is `stem`."""
        return tuple(Item(file.format, out_dir / f"{stem}{file.ending}", file.packing) for file in self.files(options))

    def view_px(self, photo_px: tuple[int, int], options: ExportOptions, *, f_px: float = 0.0) -> tuple[int, int]:
        """Return the size of a view: the photo's aspect ratio, at most the photo's size and the largest size.

        With VR180, `f_px` limits it too: little more detail than the half sphere can show.
        """
        limits_px = [options.max_size or self.within_px]
        if self.name == "quilt":
            limits_px.append(QUILTS[options.quilt_for].max_view_px)
        scale = min(
            1.0, *(limit / side for limit_px in limits_px for limit, side in zip(limit_px, photo_px, strict=True))
        )
        if self.name == "stereo" and options.projection == "vr180" and f_px:
            scale = min(scale, VR180_DENSITY * options.vr180_px / math.pi / f_px)
        if self.even:
            width, height = (max(2, int(side * scale + 1e-6) // 2 * 2) for side in photo_px)
        else:
            width, height = (max(1, int(side * scale + 1e-6)) for side in photo_px)
        return width, height


@dataclass(frozen=True)
class DepthKind(OutputKind):
    """Made from the depth alone."""

    even: bool = False


@dataclass(frozen=True)
class SceneKind(OutputKind):
    """A scene for other programs to draw."""

    within_px: tuple[int, int] = ANY_SIZE_PX
    even: bool = False


class DrawnKind(OutputKind):
    """Rendered from cameras that move along a path."""

    def plan(self, items: tuple[Item, ...], landmarks: Landmarks, view: Camera, options: ExportOptions) -> Shot:
        """Return the shot: its moves, and its rig if there are two eyes."""
        path = path_options(self.name, options)
        planned = path_through(path, landmarks)
        moves = planned.moves(path, landmarks.scene_depth)
        shot = self._shot(items, landmarks, view, moves, options, path=path.name, move_verdict=planned.verdict)
        return self._with_eyes(shot, landmarks, options)

    def _shot(
        self,
        items: tuple[Item, ...],
        landmarks: Landmarks,
        view: Camera,
        moves: list[Move],
        options: ExportOptions,
        **details: Any,
    ) -> Shot:
        lens, budget = lens_of(landmarks, view, options), budget_of(self.name, options)
        return Shot(self.name, items, view, moves, None, lens=lens, budget=budget, vignette=options.vignette, **details)

    def _with_eyes(self, shot: Shot, landmarks: Landmarks, options: ExportOptions) -> Shot:
        if views_of(shot.items) == 1:
            return shot
        max_zoom = max(move.zoom for move in shot.moves)
        rig = plan_rig(
            landmarks.scene_depth,
            replace(shot.view, f_px=shot.view.f_px * max(1.0, max_zoom)),
            budget=shot.budget,
            baseline_m=baseline_m_of(options),
            convergence_m=INFINITY_M if options.projection == "vr180" else options.convergence_m,
            forward_m=max(move.z_m for move in shot.moves),
            screen=screen_for(options),
            max_parallax_deg=options.max_parallax_deg,
        )
        return self._with_rig(shot, rig, landmarks, options)

    def _with_rig(self, shot: Shot, rig: Rig, landmarks: Landmarks, options: ExportOptions) -> Shot:
        """Return a shot with two eyes, and with the bars of a floating window if the options ask for it.

        The eyes are as far apart as the limits of what they may show allow.
        """
        limits = eye_limits(self.name, options)
        verdict = None if limits is None else _largest_rig(rig, landmarks, shot.view, limits)
        rig = rig if verdict is None else rig.scaled(verdict.size)
        comfort = comfort_of(shot.moves, rig, shot.view, landmarks.scene_depth)
        bars_px = window_bars_px(comfort) if options.window == "floating" else (0, 0)
        return replace(shot, rig=rig, comfort=comfort, bars_px=bars_px, eyes_verdict=verdict)


class StillKind(DrawnKind):
    """Rendered from the photo's camera."""

    def plan(self, items: tuple[Item, ...], landmarks: Landmarks, view: Camera, options: ExportOptions) -> Shot:
        """Return the shot."""
        return self._with_eyes(self._shot(items, landmarks, view, [Move()], options), landmarks, options)


class QuiltKind(StillKind):
    """Rendered from a row of many cameras."""

    def _with_rig(self, shot: Shot, rig: Rig, landmarks: Landmarks, options: ExportOptions) -> Shot:
        """Return a shot whose outermost views are QUILT_PAIRS times as far apart as two eyes."""
        del landmarks, options
        return replace(shot, rig=rig.scaled(QUILT_PAIRS))


class WiggleKind(DrawnKind):
    """A swaying loop; each view is rendered once, and the writer shows them there and back."""

    def plan(self, items: tuple[Item, ...], landmarks: Landmarks, view: Camera, options: ExportOptions) -> Shot:
        """Return the shot."""
        scene_depth, baseline_m = landmarks.scene_depth, baseline_m_of(options)
        strength, limits = (1.0, None) if is_baseline_given(options) else sway_of(options)
        if baseline_m is None:
            baseline_m = strength * scene_depth.sideways_m(budget_of(self.name, options))
        rig = self._rig(landmarks, view, baseline_m, options)
        views = options.views or SMOOTH_VIEWS
        period_s = options.period_s or (TWO_VIEWS_S if views == 2 else SMOOTH_S)
        moves, verdict = self._sway(views, rig.baseline_m / 2, 1 / rig.convergence_m, landmarks, limits)
        return self._shot(items, landmarks, view, moves, options, period_s=period_s, move_verdict=verdict)

    def _sway(
        self, views: int, reach_m: float, held_inverse_depth: float, landmarks: Landmarks, limits: Limits | None
    ) -> tuple[list[Move], Verdict | None]:
        """Return the moves of a sway by this reach, or by as much of it as the limits allow."""
        if limits is None:
            return swaying(views, reach_m, held_inverse_depth), None
        rest = landmarks.view_at_rest

        def cameras(size: float) -> list[Camera]:
            return [move.camera(rest) for move in swaying(2, size * reach_m, held_inverse_depth)]

        verdict = largest(cameras, landmarks, limits)
        return swaying(views, verdict.size * reach_m, held_inverse_depth), verdict

    def _rig(self, landmarks: Landmarks, view: Camera, baseline_m: float | None, options: ExportOptions) -> Rig:
        convergence_m = options.convergence_m
        return plan_rig(
            landmarks.scene_depth,
            view,
            budget=budget_of(self.name, options),
            baseline_m=baseline_m,
            convergence_m=1 / max(landmarks.subject_inverse_depth, 1e-5) if convergence_m is None else convergence_m,
            screen=screen_for(options),
            max_parallax_deg=options.max_parallax_deg,
        )


class AnaglyphLoopKind(WiggleKind):
    """A gently swaying loop for coloured glasses."""

    def plan(self, items: tuple[Item, ...], landmarks: Landmarks, view: Camera, options: ExportOptions) -> Shot:
        """Return the shot."""
        scene_depth = landmarks.scene_depth
        rig = self._rig(landmarks, view, baseline_m_of(options), options)
        strength, limits = sway_of(options)
        reach_m = strength * scene_depth.sideways_m(ANAGLYPH_SHARE)
        path_limits = None if limits is None else limits.scaled(1 - EYES_SHARE)
        views = options.views or SMOOTH_VIEWS
        moves, verdict = self._sway(views, reach_m, 1 / rig.convergence_m, landmarks, path_limits)
        period_s = options.period_s or ANAGLYPH_S
        shot = self._shot(items, landmarks, view, moves, options, period_s=period_s, move_verdict=verdict)
        return self._with_rig(shot, rig, landmarks, options)


def _largest_rig(rig: Rig, landmarks: Landmarks, view: Camera, limits: Limits) -> Verdict:
    """Return the largest share of a rig's baseline at which both eyes are within the limits."""
    return largest(lambda size: eye_row(view, rig.scaled(size), 2), landmarks, limits)


KINDS: Mapping[str, OutputKind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            DrawnKind("stereo", file_names.stereo_files, VIDEO_WITHIN_PX),
            DrawnKind("kenburns", file_names.kenburns_files, VIDEO_WITHIN_PX),
            WiggleKind("wiggle", file_names.loop_files("mono", "_kbvr_wiggle"), LOOP_WITHIN_PX),
            AnaglyphLoopKind("anaglyph", file_names.loop_files("anaglyph", "_kbvr_moving_anaglyph"), LOOP_WITHIN_PX),
            StillKind("still", file_names.still_files, STILL_WITHIN_PX, even=False),
            QuiltKind("quilt", file_names.quilt_files, STILL_WITHIN_PX),
            DepthKind("autostereogram", file_names.autostereogram_files, VIDEO_WITHIN_PX),
            DepthKind("rgbd", file_names.rgbd_files, STILL_WITHIN_PX),
            DepthKind("flat", file_names.flat_files, ANY_SIZE_PX),
            DepthKind("depth-map", file_names.depth_map_files, ANY_SIZE_PX),
            SceneKind("gltf", file_names.scene_files(gltf="_kbvr.glb")),
            SceneKind("html", file_names.scene_files(html="_kbvr.html")),
            SceneKind("embed", file_names.embed_files),
            SceneKind("ply", file_names.scene_files(ply="_kbvr.ply")),
            SceneKind("obj", file_names.scene_files(obj="_kbvr.obj")),
            SceneKind("usdz", file_names.scene_files(usdz="_kbvr.usdz")),
            SceneKind("splats", file_names.scene_files(splats="_kbvr_splats.ply", splats_gltf="_kbvr_splats.glb")),
        )
    }
)
"""Name of `kbvr.options.outputs.OUTPUTS` -> kind."""


def chosen_kinds(options: ExportOptions) -> list[OutputKind]:
    """Return the kinds of output to make, in their order."""
    return [KINDS[name] for name in options.outputs]


def formats_of(options: ExportOptions) -> set[str]:
    """Return the formats of the files to make."""
    return {file.format for kind in chosen_kinds(options) for file in kind.files(options)}
