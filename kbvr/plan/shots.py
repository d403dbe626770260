"""Films: what cameras see for the files that are wanted of a photo, and what the scene must be made for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType

from kbvr.depth.scene_depth import SceneDepth
from kbvr.formats.spec.codecs import container_of
from kbvr.formats.spec.format import Facts, Item, Views
from kbvr.geometry.camera import Camera
from kbvr.motion.crop import DEFAULT_SHIFT_PX, DEFAULT_ZOOM
from kbvr.motion.frame_reuse import sources_of
from kbvr.motion.move import Move, border_reach_m, disocclusion_reach_m
from kbvr.motion.paths import PathOptions, check_keyframes, moves_along
from kbvr.motion.sway import (
    ANAGLYPH_BUDGET,
    ANAGLYPH_S,
    ANAGLYPH_SHARE,
    SMOOTH_S,
    SMOOTH_VIEWS,
    TWO_VIEWS,
    TWO_VIEWS_S,
    WIGGLE_BUDGET,
    subject_plane,
    swaying,
)
from kbvr.options.export_options import ExportOptions
from kbvr.options.outputs import AT_REST, LOOPS
from kbvr.plan.output_kinds import views_of
from kbvr.rendering.depth_of_field import Frames, Lens, darker_at_corners, frames_through, lens_for
from kbvr.stereo.comfort import Comfort, comfort_of, window_bars_px
from kbvr.stereo.rig import DEFAULT_BUDGET, Rig, eye_row, plan_rig
from kbvr.stereo.screen import screen_of

MIN_REACH_SHARE, MAX_REACH_SHARE = 0.002, 0.3
"""Layers are made for moves that spread the depth range over so much of the width at most; what farther moves uncover
is filled from beside it when it is drawn."""

YUV_BYTES_A_PX = 1.5
"""What the encoder's pictures take, for each pixel."""
SCENE_KEYS_PER_S = 5.0
"""So often a scene says where its camera is; between, viewers find the way."""

BUDGETS: Mapping[str, float] = MappingProxyType({"wiggle": WIGGLE_BUDGET, "anaglyph": ANAGLYPH_BUDGET})
"""Output -> its budget if none is given, where that is not DEFAULT_BUDGET."""

QUILT_PAIRS = 3.0
"""A quilt's outermost views are so many times as far apart as a pair of eyes: as far as the ends of an orbit,
from where little is seen that the photo does not show."""
INFINITY_M = 1e5
"""Where the screen plane lies if there is no screen: eyes look straight ahead, and parallax is what it is."""


@dataclass(frozen=True)
class Film:
    """What is drawn once for one output, and the files that show it."""

    output: str
    """A name of OUTPUTS."""

    items: tuple[Item, ...]
    view: Camera
    """The camera at rest."""

    moves: list[Move]
    rig: Rig | None
    """None where one eye looks."""

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
        return tuple(sources_of(self.moves, most_kept=int(most_bytes / instant_bytes)))

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


def budget_of(output: str, options: ExportOptions) -> float:
    """Return the parallax range that an output may have from nearest to farthest, as a share of the width."""
    own = BUDGETS.get(output, DEFAULT_BUDGET)
    return own if options.budget_percent is None else options.budget_percent / 100


def baseline_m_of(options: ExportOptions) -> float | None:
    """Return the distance between the eyes' cameras if it was given."""
    return None if options.baseline_mm is None else options.baseline_mm / 1000


def path_options(output: str, options: ExportOptions) -> PathOptions:
    """Return how the camera moves in an output that is neither a loop nor at rest.

    Raises:
        InputError: if options belong to different paths.
    """
    framed = (
        options.from_crop or options.to_crop or (options.shift_px, options.zoom) != (DEFAULT_SHIFT_PX, DEFAULT_ZOOM)
    )
    meant = "keyframes" if options.keyframes else "kenburns" if framed or output == "kenburns" else "swing"
    return PathOptions(
        name=options.path or meant,
        fps=options.fps,
        seconds=options.seconds,
        ease=options.ease,
        loop=options.loop,
        steps=options.steps,
        start=options.from_crop,
        end=options.to_crop,
        shift_px=options.shift_px,
        zoom=options.zoom,
        keyframes=options.keyframes,
    )


def check_options(options: ExportOptions) -> None:
    """Check what can be checked before any photo is there.

    Raises:
        InputError: if a path cannot be gone along, or a codec does not go into a container.
    """
    container_of(options.codec, options.container)
    for output in options.outputs:
        if output not in (*LOOPS, *AT_REST):
            check_keyframes(path_options(output, options))


def planned(output: str, items: tuple[Item, ...], around: SceneDepth, view: Camera, options: ExportOptions) -> Film:
    """Return the film of one output: its moves, and its eyes if it has two."""
    if output in LOOPS:
        return _loop(output, items, around, view, options)
    moves = [Move()] if output in AT_REST else moves_along(path_options(output, options), around)
    film = Film(output, items, view, moves, None, lens=_lens(around, view, options), vignette=options.vignette)
    if views_of(items) == 1:
        return film
    enlarged = max(move.zoom for move in moves)
    rig = plan_rig(
        around,
        replace(view, f_px=view.f_px * max(1.0, enlarged)),
        budget=budget_of(output, options),
        baseline_m=baseline_m_of(options),
        convergence_m=INFINITY_M if options.projection == "vr180" else options.convergence_m,
        forward_m=max(move.z_m for move in moves),
        screen=screen_of(options.screen, ipd_m=options.ipd_mm / 1000),
        max_parallax_deg=options.max_parallax_deg,
    )
    return replace(film, rig=widened(rig)) if output == "quilt" else _seen_by_two(film, rig, around, options)


def _seen_by_two(film: Film, rig: Rig, around: SceneDepth, options: ExportOptions) -> Film:
    """Return a film with two eyes, and bars where they need a floating window."""
    comfort = comfort_of(film.moves, rig, film.view, around)
    bars_px = window_bars_px(comfort) if options.window == "floating" else (0, 0)
    return replace(film, rig=rig, comfort=comfort, bars_px=bars_px)


def _lens(around: SceneDepth, view: Camera, options: ExportOptions) -> Lens | None:
    blur_percent = (1.0 if options.focus else 0.0) if options.aperture_percent is None else options.aperture_percent
    if blur_percent == 0:
        return None
    focus = around.subject_inverse_depth
    if options.focus is not None:
        focus = around.inverse_depth_at(options.focus[0] / 100, options.focus[1] / 100)
    ends = around.nearest_inverse_depth, around.farthest_inverse_depth
    return lens_for(blur_percent / 100 * view.size_px[0], focus, ends, view.f_px)


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


def _loop(output: str, items: tuple[Item, ...], around: SceneDepth, view: Camera, options: ExportOptions) -> Film:
    """Return the film of a loop: each view once; who writes it shows them there and back."""
    budget = budget_of(output, options)
    given_m = baseline_m_of(options)
    rig = plan_rig(
        around,
        view,
        budget=budget,
        baseline_m=around.sideways_m(budget) if output == "wiggle" and given_m is None else given_m,
        convergence_m=1 / max(subject_plane(around), 1e-5) if options.convergence_m is None else options.convergence_m,
        screen=screen_of(options.screen, ipd_m=options.ipd_mm / 1000),
        max_parallax_deg=options.max_parallax_deg,
    )
    if output == "anaglyph":
        views, reach_m = options.views or SMOOTH_VIEWS, around.sideways_m(ANAGLYPH_SHARE)
        period_s = options.period_s or ANAGLYPH_S
    else:
        views, reach_m = options.views or TWO_VIEWS, rig.baseline_m / 2
        period_s = options.period_s or (TWO_VIEWS_S if views == 2 else SMOOTH_S)
    film = Film(
        output,
        items,
        view,
        swaying(views, reach_m, 1 / rig.convergence_m),
        None,
        lens=_lens(around, view, options),
        vignette=options.vignette,
        period_s=period_s,
    )
    return _seen_by_two(film, rig, around, options) if output == "anaglyph" else film


def reaches_m(films: list[Film], around: SceneDepth, *, visited_m: dict[str, float] | None = None) -> dict[str, float]:
    """Return the farthest moves that films need a scene for, as `build_scene` takes them.

    `visited_m` are those of somebody who moves in it, if there is one.
    """
    eye_m = max(
        (
            (film.rig.baseline_m / 2 if film.rig else 0.0) + (film.lens.aperture_m / 2 if film.lens else 0.0)
            for film in films
        ),
        default=0.0,
    )
    own_m = visited_m or {"reach_m": 0.0, "border_m": 0.0, "forward_m": 0.0}
    moves = [move for film in films for move in film.moves]
    behind_m = max(own_m["reach_m"], *(eye_m + disocclusion_reach_m(move, around.camera) for move in moves), 0.0)
    least_m, most_m = around.sideways_m(MIN_REACH_SHARE), around.sideways_m(MAX_REACH_SHARE)
    reach_m = min(max(behind_m, least_m), most_m)
    return {
        "reach_m": reach_m,
        "border_m": max(own_m["border_m"], *(eye_m + border_reach_m(move, around) for move in moves), 0.0),
        "forward_m": max(reach_m, own_m["forward_m"], *(abs(move.z_m) for move in moves)),
    }
