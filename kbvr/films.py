"""Films: what cameras see for the files that are wanted of a photo, and what the scene must be made for."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kbvr.camera import Camera
from kbvr.formats import Facts, Item
from kbvr.moves import Move, border_reach_m, disocclusion_reach_m
from kbvr.options import ExportOptions
from kbvr.outputs import views_of
from kbvr.paths import moves_along
from kbvr.stereo import Rig, eye_pair, plan_rig
from kbvr.surroundings import Surroundings

MIN_REACH_SHARE, MAX_REACH_SHARE = 0.002, 0.3
"""Layers are made for moves that spread the depth range over so much of the width at most; what farther moves uncover
is filled from beside it when it is drawn."""

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

    @property
    def instants(self) -> list[tuple[Camera, ...]]:
        """The cameras of every instant: one, or the left and the right eye's."""
        centres = [move.camera(self.view) for move in self.moves]
        return [(centre,) if self.rig is None else eye_pair(centre, self.rig) for centre in centres]

    @property
    def facts(self) -> Facts:
        """What files may tell of the views."""
        if self.rig is None:
            return Facts(self.view.f_px)
        return Facts(self.view.f_px, self.rig.baseline_m, self.rig.convergence_m)


def planned(output: str, items: tuple[Item, ...], around: Surroundings, view: Camera, options: ExportOptions) -> Film:
    """Return the film of one output: its moves, and its eyes if it has two."""
    moves = moves_along(options.paths[output], around)
    if views_of(items) == 1:
        return Film(output, items, view, moves, None)
    enlarged = max(move.zoom for move in moves)
    rig = plan_rig(
        around,
        replace(view, f_px=view.f_px * max(1.0, enlarged)),
        budget=options.budget,
        baseline_m=options.baseline_m,
        convergence_m=INFINITY_M if options.projection == "vr180" else options.convergence_m,
        forward_m=max(move.z_m for move in moves),
    )
    return Film(output, items, view, moves, rig)


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
