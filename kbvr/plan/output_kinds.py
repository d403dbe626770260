"""The kinds of output: what each is, which files it makes, and how its shot is planned.

A kind is drawn (`DrawnKind`: its plan is a `Shot`), made of the depth alone (`DepthKind`), or a scene for others to
draw (`SceneKind`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from kbvr.depth.scene_depth import SceneDepth
from kbvr.formats.packing.layouts import QUILTS
from kbvr.formats.spec.format import Item
from kbvr.geometry.camera import Camera
from kbvr.motion.move import Move
from kbvr.motion.paths import moves_along
from kbvr.motion.sway import (
    ANAGLYPH_S,
    ANAGLYPH_SHARE,
    SMOOTH_S,
    SMOOTH_VIEWS,
    TWO_VIEWS,
    TWO_VIEWS_S,
    subject_plane,
    swaying,
)
from kbvr.options.export_options import ExportOptions
from kbvr.photo.picture_file import MAX_PIXELS
from kbvr.plan import file_names
from kbvr.plan.file_names import File
from kbvr.plan.from_options import baseline_m_of, budget_of, lens_of, path_options, screen_for
from kbvr.plan.shots import Shot, views_of
from kbvr.stereo.comfort import comfort_of, window_bars_px
from kbvr.stereo.rig import Rig, plan_rig

VIDEO_WITHIN_PX = (1920, 1080)
STILL_WITHIN_PX = (4096, 4096)
ANY_SIZE_PX = (MAX_PIXELS, MAX_PIXELS)
LOOP_WITHIN_PX = (720, 720)
"""The column of a blog."""

VR180_DENSITY = 1.25
"""Pixels of a view in the middle, for each of the half sphere that is made of it."""

QUILT_PAIRS = 3.0
"""A quilt's outermost views are so many times as far apart as a pair of eyes: as far as the ends of an orbit,
from where little is seen that the photo does not show."""

INFINITY_M = 1e5
"""Where the screen plane lies if there is no screen: eyes look straight ahead, and parallax is what it is."""


@dataclass(frozen=True)
class OutputKind:
    """One thing that can be asked for."""

    name: str
    """A name of `kbvr.options.outputs.OUTPUTS`."""

    says: str
    files: Callable[[ExportOptions], list[File]]
    within_px: tuple[int, int]
    """Largest (width, height) of a view if nothing is said of it."""

    even: bool = True
    """Whether views are made even both ways, as video wants them."""

    def items(self, stem: str, out_dir: Path, options: ExportOptions) -> tuple[Item, ...]:
        """Return the files that it makes of a photo of this name."""
        return tuple(Item(one.format, out_dir / f"{stem}{one.ending}", one.packing) for one in self.files(options))

    def view_px(self, photo_px: tuple[int, int], options: ExportOptions, *, f_px: float = 0.0) -> tuple[int, int]:
        """Return a view's size: the photo's shape, within the largest size, never above its own; even in videos.

        For VR180, a photo of this focal length is not drawn much larger than it appears on the half sphere.
        """
        mosts_px = [options.max_size or self.within_px, *self.further_limits_px(options)]
        scale = min(1.0, *(most / own for most_px in mosts_px for most, own in zip(most_px, photo_px, strict=True)))
        if self.name == "stereo" and options.projection == "vr180" and f_px:
            scale = min(scale, VR180_DENSITY * options.vr180_px / math.pi / f_px)
        if self.even:
            width, height = (max(2, int(own * scale + 1e-6) // 2 * 2) for own in photo_px)
        else:
            width, height = (max(1, int(own * scale + 1e-6)) for own in photo_px)
        return width, height

    def further_limits_px(self, options: ExportOptions) -> list[tuple[int, int]]:
        """Return what else a view has to fit into."""
        del options
        return []


class DepthKind(OutputKind):
    """Made of the depth alone."""


class SceneKind(OutputKind):
    """A scene for others to draw."""


class DrawnKind(OutputKind):
    """Drawn from cameras that move along a path."""

    def plan(self, items: tuple[Item, ...], scene_depth: SceneDepth, view: Camera, options: ExportOptions) -> Shot:
        """Return what is drawn: the moves, and the eyes if there are two."""
        path = path_options(self.name, options)
        return self._seen(items, scene_depth, view, moves_along(path, scene_depth), options, path=path.name)

    def _seen(
        self,
        items: tuple[Item, ...],
        scene_depth: SceneDepth,
        view: Camera,
        moves: list[Move],
        options: ExportOptions,
        *,
        path: str = "",
    ) -> Shot:
        lens = lens_of(scene_depth, view, options)
        shot = Shot(self.name, items, view, moves, None, path=path, lens=lens, vignette=options.vignette)
        if views_of(items) == 1:
            return shot
        budget, enlarged = budget_of(self.name, options), max(move.zoom for move in moves)
        rig = plan_rig(
            scene_depth,
            replace(view, f_px=view.f_px * max(1.0, enlarged)),
            budget=budget,
            baseline_m=baseline_m_of(options),
            convergence_m=INFINITY_M if options.projection == "vr180" else options.convergence_m,
            forward_m=max(move.z_m for move in moves),
            screen=screen_for(options),
            max_parallax_deg=options.max_parallax_deg,
        )
        return self._by_eyes(replace(shot, budget=budget), rig, scene_depth, options)

    def _by_eyes(self, shot: Shot, rig: Rig, scene_depth: SceneDepth, options: ExportOptions) -> Shot:
        """Return a shot with two eyes, and bars where they need a floating window."""
        comfort = comfort_of(shot.moves, rig, shot.view, scene_depth)
        bars_px = window_bars_px(comfort) if options.window == "floating" else (0, 0)
        return replace(shot, rig=rig, comfort=comfort, bars_px=bars_px)


class StillKind(DrawnKind):
    """Drawn once, from where the photo was taken."""

    def plan(self, items: tuple[Item, ...], scene_depth: SceneDepth, view: Camera, options: ExportOptions) -> Shot:
        """Return what is drawn."""
        return self._seen(items, scene_depth, view, [Move()], options)


class QuiltKind(StillKind):
    """Drawn from a row of many cameras."""

    def further_limits_px(self, options: ExportOptions) -> list[tuple[int, int]]:
        """Return the size of the display."""
        return [QUILTS[options.quilt_for].max_view_px]

    def _by_eyes(self, shot: Shot, rig: Rig, scene_depth: SceneDepth, options: ExportOptions) -> Shot:
        """Return a shot whose outermost views are as far apart as several pairs of eyes."""
        del scene_depth, options
        return replace(shot, rig=widened(rig))


class WiggleKind(DrawnKind):
    """A loop that sways, each view drawn once; who writes it shows them there and back."""

    def plan(self, items: tuple[Item, ...], scene_depth: SceneDepth, view: Camera, options: ExportOptions) -> Shot:
        """Return what is drawn."""
        baseline_m = baseline_m_of(options)
        if baseline_m is None:
            baseline_m = scene_depth.sideways_m(budget_of(self.name, options))
        rig = self._rig(scene_depth, view, baseline_m, options)
        views = options.views or TWO_VIEWS
        period_s = options.period_s or (TWO_VIEWS_S if views == 2 else SMOOTH_S)
        return self._swaying(items, scene_depth, view, rig, views, rig.baseline_m / 2, period_s, options)

    def _rig(self, scene_depth: SceneDepth, view: Camera, baseline_m: float | None, options: ExportOptions) -> Rig:
        convergence_m = options.convergence_m
        return plan_rig(
            scene_depth,
            view,
            budget=budget_of(self.name, options),
            baseline_m=baseline_m,
            convergence_m=1 / max(subject_plane(scene_depth), 1e-5) if convergence_m is None else convergence_m,
            screen=screen_for(options),
            max_parallax_deg=options.max_parallax_deg,
        )

    def _swaying(
        self,
        items: tuple[Item, ...],
        scene_depth: SceneDepth,
        view: Camera,
        rig: Rig,
        views: int,
        reach_m: float,
        period_s: float,
        options: ExportOptions,
    ) -> Shot:
        return Shot(
            self.name,
            items,
            view,
            swaying(views, reach_m, 1 / rig.convergence_m),
            None,
            budget=budget_of(self.name, options),
            lens=lens_of(scene_depth, view, options),
            vignette=options.vignette,
            period_s=period_s,
        )


class AnaglyphLoopKind(WiggleKind):
    """A loop for coloured glasses, which sways a little."""

    def plan(self, items: tuple[Item, ...], scene_depth: SceneDepth, view: Camera, options: ExportOptions) -> Shot:
        """Return what is drawn."""
        rig = self._rig(scene_depth, view, baseline_m_of(options), options)
        views, reach_m = options.views or SMOOTH_VIEWS, scene_depth.sideways_m(ANAGLYPH_SHARE)
        period_s = options.period_s or ANAGLYPH_S
        shot = self._swaying(items, scene_depth, view, rig, views, reach_m, period_s, options)
        return self._by_eyes(shot, rig, scene_depth, options)


def widened(rig: Rig) -> Rig:
    """Return the rig of a quilt's outermost views, for two eyes that see views as far apart as this rig's."""
    px = rig.nearest_parallax_px, rig.farthest_parallax_px
    angles = rig.nearest_parallax_deg, rig.farthest_parallax_deg
    return replace(
        rig,
        baseline_m=QUILT_PAIRS * rig.baseline_m,
        nearest_parallax_px=QUILT_PAIRS * px[0],
        farthest_parallax_px=QUILT_PAIRS * px[1],
        nearest_parallax_deg=QUILT_PAIRS * angles[0],
        farthest_parallax_deg=QUILT_PAIRS * angles[1],
    )


KINDS: Mapping[str, OutputKind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            DrawnKind("stereo", "a video for two eyes", file_names.stereo_files, VIDEO_WITHIN_PX),
            DrawnKind("kenburns", "a plain video of a moving camera", file_names.kenburns_files, VIDEO_WITHIN_PX),
            WiggleKind(
                "wiggle",
                "a loop for web pages that shows depth without glasses",
                file_names.wiggle_files,
                LOOP_WITHIN_PX,
            ),
            AnaglyphLoopKind(
                "anaglyph", "a loop for web pages and coloured glasses", file_names.anaglyph_files, LOOP_WITHIN_PX
            ),
            StillKind("still", "pictures for two eyes", file_names.still_files, STILL_WITHIN_PX, even=False),
            QuiltKind(
                "quilt", "a picture of many views, for light field displays", file_names.quilt_files, STILL_WITHIN_PX
            ),
            DepthKind(
                "autostereogram",
                "a picture to look through",
                file_names.autostereogram_files,
                VIDEO_WITHIN_PX,
                even=False,
            ),
            DepthKind("depth-map", "the photo's depth", file_names.depth_map_files, ANY_SIZE_PX, even=False),
            SceneKind("gltf", "a scene to step into", file_names.scene_files("gltf", ".glb"), ANY_SIZE_PX, even=False),
            SceneKind(
                "html",
                "a page to step into the scene",
                file_names.scene_files("html", ".html"),
                ANY_SIZE_PX,
                even=False,
            ),
            SceneKind("embed", "a scene for a place in a page", file_names.embed_files, ANY_SIZE_PX, even=False),
            SceneKind("ply", "a mesh with colours", file_names.scene_files("ply", ".ply"), ANY_SIZE_PX, even=False),
            SceneKind("obj", "a mesh with pictures", file_names.scene_files("obj", ".obj"), ANY_SIZE_PX, even=False),
            SceneKind(
                "usdz", "a scene for Apple's viewers", file_names.scene_files("usdz", ".usdz"), ANY_SIZE_PX, even=False
            ),
            SceneKind("splats", "a scene of Gaussians", file_names.splat_files, ANY_SIZE_PX, even=False),
        )
    }
)
"""Name of `kbvr.options.outputs.OUTPUTS` -> what it is."""


def chosen_kinds(options: ExportOptions) -> list[OutputKind]:
    """Return the kinds of output that are to be made, in their order."""
    return [KINDS[name] for name in options.outputs]


def formats_of(options: ExportOptions) -> set[str]:
    """Return the formats of the files that options make."""
    return {file.format for kind in chosen_kinds(options) for file in kind.files(options)}
