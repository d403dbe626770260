"""Shots: what cameras see for the files of one output, and what the scene must be made for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from kbvr.depth.scene_depth import SceneDepth
from kbvr.formats.packing.layouts import PACKINGS
from kbvr.formats.spec.format import Facts, Item, Views
from kbvr.geometry.camera import Camera
from kbvr.motion.frame_reuse import sources_of
from kbvr.motion.move import Move, border_reach_m, disocclusion_reach_m
from kbvr.rendering.depth_of_field import Frames, Lens, darker_at_corners, frames_through
from kbvr.stereo.comfort import Comfort
from kbvr.stereo.rig import Rig, eye_row

MIN_REACH_SHARE, MAX_REACH_SHARE = 0.002, 0.3
"""Layers are made for moves that spread the depth range over so much of the width at most; what farther moves uncover
is filled from beside it when it is drawn."""

YUV_BYTES_A_PX = 1.5
"""What the encoder's pictures take, for each pixel."""


@dataclass(frozen=True)
class Shot:
    """What is drawn once for one output, and the files that show it."""

    output: str
    """A name of OUTPUTS."""

    items: tuple[Item, ...]
    view: Camera
    """The camera at rest."""

    moves: list[Move]
    rig: Rig | None
    """None where one eye looks."""

    path: str = ""
    """Name of the path along which the camera moves; empty where it rests, or the output has a move of its own."""

    budget: float = 0.0
    """Parallax range that the eyes may have from nearest to farthest, as a share of the width."""

    comfort: Comfort | None = None
    bars_px: tuple[int, int] = (0, 0)
    """Width of the floating window's bars: at the left eye's left border and at the right eye's right one."""

    lens: Lens | None = None
    """None where all is sharp."""

    vignette: float = 0.0
    period_s: float = 1.0
    """Of a loop: how long it takes, there and back."""

    def sources_within(self, most_bytes: int) -> tuple[int, ...]:
        """Return for every instant the one that it shows: itself, or an earlier one kept within so many bytes."""
        eyes = len(self.instants[0])
        instant_bytes = YUV_BYTES_A_PX * self.view.size_px[0] * self.view.size_px[1] * eyes * len(self.items)
        return tuple(sources_of(self.moves, max_kept=int(most_bytes / instant_bytes)))

    def seen(self, frames: Frames, wanted: Sequence[int]) -> Iterator[Views]:
        """Yield what the eyes see of some instants; `frames` draws what cameras see."""
        cameras = (camera for index in wanted for camera in self.instants[index])
        pictures = frames(cameras) if self.lens is None else frames_through(self.lens, frames, cameras)
        for eyes in (self.instants[index] for index in wanted):
            yield self._framed(tuple(next(pictures) for _ in eyes))

    def _framed(self, views: Views) -> Views:
        """Return what the eyes see of an instant, darker at the corners and inside the floating window if wanted."""
        if self.vignette > 0:
            views = tuple(darker_at_corners(view, self.vignette) for view in views)
        if self.bars_px == (0, 0):
            return views
        left, right = (view.copy() for view in views)
        left[:, : self.bars_px[0]] = 0
        right[:, right.shape[1] - self.bars_px[1] :] = 0
        return left, right

    @cached_property
    def instants(self) -> list[tuple[Camera, ...]]:
        """The cameras of every instant: one, or those of the left to the right eye."""
        centres = [move.camera(self.view) for move in self.moves]
        eyes = views_of(self.items)
        return [(centre,) if self.rig is None else eye_row(centre, self.rig, eyes) for centre in centres]

    @property
    def facts(self) -> Facts:
        """What files may tell of the views."""
        facts = Facts(self.view.f_px, period_s=self.period_s)
        if self.rig is None:
            return facts
        return replace(facts, baseline_m=self.rig.baseline_m, convergence_m=self.rig.convergence_m)


def views_of(items: tuple[Item, ...]) -> int:
    """Return how many views an instant of these files has."""
    return max(PACKINGS[item.packing].views for item in items)


def reaches_m(
    shots: Sequence[Shot], scene_depth: SceneDepth, *, visited_m: dict[str, float] | None = None
) -> dict[str, float]:
    """Return the farthest moves that shots need a scene for, as `build_scene` takes them.

    `visited_m` are those of somebody who moves in it, if there is one.
    """
    eye_m = max(
        (
            (shot.rig.baseline_m / 2 if shot.rig else 0.0) + (shot.lens.aperture_m / 2 if shot.lens else 0.0)
            for shot in shots
        ),
        default=0.0,
    )
    own_m = visited_m or {"reach_m": 0.0, "border_m": 0.0, "forward_m": 0.0}
    moves = [move for shot in shots for move in shot.moves]
    behind_m = max(own_m["reach_m"], *(eye_m + disocclusion_reach_m(move, scene_depth.camera) for move in moves), 0.0)
    least_m, most_m = scene_depth.sideways_m(MIN_REACH_SHARE), scene_depth.sideways_m(MAX_REACH_SHARE)
    reach_m = min(max(behind_m, least_m), most_m)
    return {
        "reach_m": reach_m,
        "border_m": max(own_m["border_m"], *(eye_m + border_reach_m(move, scene_depth) for move in moves), 0.0),
        "forward_m": max(reach_m, own_m["forward_m"], *(abs(move.z_m) for move in moves)),
    }
