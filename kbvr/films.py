"""Films: what cameras see for the files that are wanted of a photo, and what the scene must be made for."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kbvr.camera import Camera
from kbvr.formats import Facts, Item
from kbvr.moves import Move, border_reach_m, disocclusion_reach_m
from kbvr.options import LOOPS, ExportOptions
from kbvr.outputs import views_of
from kbvr.paths import moves_along
from kbvr.stereo import Rig, eye_pair, plan_rig
from kbvr.surroundings import Surroundings
from kbvr.wiggle import (
    ANAGLYPH_S,
    ANAGLYPH_SHARE,
    SMOOTH_S,
    SMOOTH_VIEWS,
    TWO_VIEWS,
    TWO_VIEWS_S,
    subject_plane,
    swaying,
)

MIN_REACH_SHARE, MAX_REACH_SHARE = 0.002, 0.3
"""Layers are made for moves that spread the depth range over so much of the width at most; what farther moves uncover
is filled from beside it when it is drawn."""


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

    period_s: float = 1.0
    """Of a loop: how long it takes, there and back."""

    @property
    def instants(self) -> list[tuple[Camera, ...]]:
        """The cameras of every instant: one, or the left and the right eye's."""
        centres = [move.camera(self.view) for move in self.moves]
        return [(centre,) if self.rig is None else eye_pair(centre, self.rig) for centre in centres]

    @property
    def facts(self) -> Facts:
        """What files may tell of the views."""
        if self.rig is None:
            return Facts(self.view.f_px, period_s=self.period_s)
        return Facts(self.view.f_px, self.rig.baseline_m, self.rig.convergence_m, self.period_s)


def planned(output: str, items: tuple[Item, ...], around: Surroundings, view: Camera, options: ExportOptions) -> Film:
    """Return the film of one output: its moves, and its eyes if it has two."""
    if output in LOOPS:
        return _loop(output, items, around, view, options)
    moves = moves_along(options.paths[output], around)
    if views_of(items) == 1:
        return Film(output, items, view, moves, None)
    enlarged = max(move.zoom for move in moves)
    rig = plan_rig(
        around,
        replace(view, f_px=view.f_px * max(1.0, enlarged)),
        budget=options.budget_of(output),
        baseline_m=options.baseline_m,
        convergence_m=options.convergence_m,
        forward_m=max(move.z_m for move in moves),
    )
    return Film(output, items, view, moves, rig)


def _loop(output: str, items: tuple[Item, ...], around: Surroundings, view: Camera, options: ExportOptions) -> Film:
    """Return the film of a loop: each view once; who writes it shows them there and back."""
    budget = options.budget_of(output)
    given_m = options.baseline_m
    rig = plan_rig(
        around,
        view,
        budget=budget,
        baseline_m=around.sideways_m(budget) if output == "wiggle" and given_m is None else given_m,
        convergence_m=1 / max(subject_plane(around), 1e-5) if options.convergence_m is None else options.convergence_m,
    )
    still = 1 / rig.convergence_m
    if output == "anaglyph":
        moves = swaying(options.views or SMOOTH_VIEWS, around.sideways_m(ANAGLYPH_SHARE), still)
        return Film(output, items, view, moves, rig, options.period_s or ANAGLYPH_S)
    views = options.views or TWO_VIEWS
    period_s = options.period_s or (TWO_VIEWS_S if views == 2 else SMOOTH_S)
    return Film(output, items, view, swaying(views, rig.baseline_m / 2, still), None, period_s)


def reaches_m(films: list[Film], around: Surroundings) -> dict[str, float]:
    """Return the farthest moves that films need a scene for, as `build_scene` takes them."""
    eye_m = max((film.rig.baseline_m / 2 for film in films if film.rig), default=0.0)
    moves = [move for film in films for move in film.moves]
    behind_m = eye_m + max(disocclusion_reach_m(move, around.camera) for move in moves)
    least_m, most_m = around.sideways_m(MIN_REACH_SHARE), around.sideways_m(MAX_REACH_SHARE)
    reach_m = min(max(behind_m, least_m), most_m)
    return {
        "reach_m": reach_m,
        "border_m": eye_m + max(border_reach_m(move, around) for move in moves),
        "forward_m": max(reach_m, *(abs(move.z_m) for move in moves)),
    }
