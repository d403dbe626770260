"""Films: what cameras see for the files that are wanted of a photo, and what the scene must be made for."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kbvr.camera import Camera
from kbvr.formats import Facts, Item
from kbvr.moves import Move, border_reach_m, disocclusion_reach_m
from kbvr.options import AT_REST, ExportOptions
from kbvr.outputs import views_of
from kbvr.paths import moves_along
from kbvr.stereo import Rig, eye_row, plan_rig
from kbvr.surroundings import Surroundings

MIN_REACH_SHARE, MAX_REACH_SHARE = 0.002, 0.3
"""Layers are made for moves that spread the depth range over so much of the width at most; what farther moves uncover
is filled from beside it when it is drawn."""

QUILT_PAIRS = 3.0
"""A quilt's outermost views are so many times as far apart as a pair of eyes: as far as the ends of an orbit,
from where little is seen that the photo does not show."""


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
        """The cameras of every instant: one, or those of the left to the right eye."""
        centres = [move.camera(self.view) for move in self.moves]
        eyes = views_of(self.items)
        return [(centre,) if self.rig is None else eye_row(centre, self.rig, eyes) for centre in centres]

    @property
    def facts(self) -> Facts:
        """What files may tell of the views."""
        if self.rig is None:
            return Facts(self.view.f_px)
        return Facts(self.view.f_px, self.rig.baseline_m, self.rig.convergence_m)


def planned(output: str, items: tuple[Item, ...], around: Surroundings, view: Camera, options: ExportOptions) -> Film:
    """Return the film of one output: its moves, and its eyes if it has two."""
    moves = [Move()] if output in AT_REST else moves_along(options.paths[output], around)
    if views_of(items) == 1:
        return Film(output, items, view, moves, None)
    enlarged = max(move.zoom for move in moves)
    rig = plan_rig(
        around,
        replace(view, f_px=view.f_px * max(1.0, enlarged)),
        budget=options.budget,
        baseline_m=options.baseline_m,
        convergence_m=options.convergence_m,
        forward_m=max(move.z_m for move in moves),
    )
    return Film(output, items, view, moves, widened(rig) if output == "quilt" else rig)


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
