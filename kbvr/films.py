"""Films: the videos that are wanted of a photo, and what the scene must be made for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kbvr.camera import Camera
from kbvr.moves import Move, border_reach_m, disocclusion_reach_m
from kbvr.options import ExportOptions
from kbvr.paths import moves_along
from kbvr.repeats import sources_of
from kbvr.stereo import Rig, eye_pair, plan_rig
from kbvr.surroundings import Surroundings

MIN_REACH_SHARE, MAX_REACH_SHARE = 0.002, 0.3
"""Layers are made for moves that spread the depth range over so much of the width at most; what farther moves uncover
is filled from beside it when it is drawn."""

YUV_BYTES_A_PX = 1.5
"""What the encoder's pictures take, for each pixel."""


@dataclass(frozen=True)
class Film:
    """One video that is wanted of a photo."""

    output: str
    """A name of OUTPUTS."""

    target: Path
    moves: list[Move]
    rig: Rig | None
    """None for a plain video."""


def planned(output: str, target: Path, around: Surroundings, view: Camera, options: ExportOptions) -> Film:
    """Return the film of one output: its moves, and its eyes if it has two."""
    moves = moves_along(options.paths[output], around)
    if output != "stereo":
        return Film(output, target, moves, None)
    enlarged = max(move.zoom for move in moves)
    rig = plan_rig(
        around,
        replace(view, f_px=view.f_px * max(1.0, enlarged)),
        budget=options.budget,
        baseline_m=options.baseline_m,
        convergence_m=options.convergence_m,
        forward_m=max(move.z_m for move in moves),
    )
    return Film(output, target, moves, rig)


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


def sources_within(film: Film, size_px: tuple[int, int], most_bytes: int) -> list[int]:
    """Return for every frame the frame whose picture it shows, itself or an earlier one, kept within so many bytes."""
    frame_bytes = YUV_BYTES_A_PX * size_px[0] * size_px[1] * (1 if film.rig is None else 2)
    return sources_of(film.moves, most_kept=int(most_bytes / frame_bytes))


def cameras_of(film: Film, view: Camera, frames: Sequence[int] | None = None) -> Iterator[Camera]:
    """Yield the camera of every picture of a film, of a stereo film the left and the right one in turn.

    `frames` says of which frames; all if None.
    """
    for frame in range(len(film.moves)) if frames is None else frames:
        centre = film.moves[frame].camera(view)
        yield from (centre,) if film.rig is None else eye_pair(centre, film.rig)
