"""Shots: the cameras of one output's files, and the reach that a scene needs for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from kbvr.depth.scene_depth import SceneDepth
from kbvr.formats.packing.layouts import PACKINGS
from kbvr.formats.spec.format import Facts, Item, Views
from kbvr.geometry.camera import Camera
from kbvr.motion.frame_reuse import sources_of
from kbvr.motion.limits import Verdict
from kbvr.motion.move import Move, border_reach_m, disocclusion_reach_m
from kbvr.rendering.depth_of_field import Frames, Lens, darker_at_corners, frames_through
from kbvr.stereo.comfort import Comfort
from kbvr.stereo.rig import Rig, eye_row

MIN_REACH_SHARE, MAX_REACH_SHARE = 0.002, 0.3
"""Range of the parallax that layers are built for, as a share of the width. Holes of farther moves are filled from
nearby pixels during rendering."""

YUV_BYTES_A_PX = 1.5
"""Size of a picture in the encoder's format."""


@dataclass(frozen=True)
class Shot:
    """The views rendered for one output, and the files that show them."""

    output: str
    """A name of OUTPUTS."""

    items: tuple[Item, ...]
    view: Camera
    """The camera at rest."""

    moves: list[Move]
    rig: Rig | None
    """None for one eye."""

    path: str = ""
    """Name of the camera path; empty for loops and for a camera that does not move."""

    budget: float = 0.0
    """Allowed parallax range from nearest to farthest, as a share of the width."""

    move_verdict: Verdict | None = None
    """How large the move may be; None if it was not chosen by what it shows."""

    eyes_verdict: Verdict | None = None
    """How far apart the eyes may be; None as for the move."""

    comfort: Comfort | None = None
    bars_px: tuple[int, int] = (0, 0)
    """Width of the floating window's bars: at the left eye's left border and at the right eye's right border."""

    lens: Lens | None = None
    """None if everything is sharp."""

    vignette: float = 0.0
    period_s: float = 1.0
    """Duration of a loop, there and back."""

    def sources_within(self, max_bytes: int) -> tuple[int, ...]:
        """Return for every instant the one whose views it shows: itself, or an earlier one kept within `max_bytes`."""
        eyes = len(self.instants[0])
        instant_bytes = YUV_BYTES_A_PX * self.view.size_px[0] * self.view.size_px[1] * eyes * len(self.items)
        return tuple(sources_of(self.moves, max_kept=int(max_bytes / instant_bytes)))

    def views_at(self, instants: Sequence[int], frames: Frames) -> Iterator[Views]:
        """Yield the views of some instants, by index; `frames` renders the views of cameras."""
        cameras = (camera for index in instants for camera in self.instants[index])
        pictures = frames(cameras) if self.lens is None else frames_through(self.lens, frames, cameras)
        for eyes in (self.instants[index] for index in instants):
            yield self._finished(tuple(next(pictures) for _ in eyes))

    def _finished(self, views: Views) -> Views:
        """Return the views of an instant with the vignette and the floating window's bars."""
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
        """The cameras of every instant: one, or a row from left to right."""
        centres = [move.camera(self.view) for move in self.moves]
        eyes = views_of(self.items)
        return [(centre,) if self.rig is None else eye_row(centre, self.rig, eyes) for centre in centres]

    @property
    def facts(self) -> Facts:
        """Facts for the metadata of files."""
        facts = Facts(self.view.f_px, period_s=self.period_s)
        if self.rig is None:
            return facts
        return replace(facts, baseline_m=self.rig.baseline_m, convergence_m=self.rig.convergence_m)


def views_of(items: tuple[Item, ...]) -> int:
    """Return the number of views per instant."""
    return max(PACKINGS[item.packing].views for item in items)


def reaches_m(
    shots: Sequence[Shot], scene_depth: SceneDepth, *, visited_m: dict[str, float] | None = None
) -> dict[str, float]:
    """Return the reaches of `build_scene` that cover the shots and, in a viewer, the moves of a head (`visited_m`)."""
    eye_m = max(
        (
            (shot.rig.baseline_m / 2 if shot.rig else 0.0) + (shot.lens.aperture_m / 2 if shot.lens else 0.0)
            for shot in shots
        ),
        default=0.0,
    )
    head_m = visited_m or {"reach_m": 0.0, "border_m": 0.0, "forward_m": 0.0}
    moves = [move for shot in shots for move in shot.moves]
    needed_m = max(head_m["reach_m"], *(eye_m + disocclusion_reach_m(move, scene_depth.camera) for move in moves), 0.0)
    min_m, max_m = scene_depth.sideways_m(MIN_REACH_SHARE), scene_depth.sideways_m(MAX_REACH_SHARE)
    reach_m = min(max(needed_m, min_m), max_m)
    return {
        "reach_m": reach_m,
        "border_m": max(head_m["border_m"], *(eye_m + border_reach_m(move, scene_depth) for move in moves), 0.0),
        "forward_m": max(reach_m, head_m["forward_m"], *(abs(move.z_m) for move in moves)),
    }
