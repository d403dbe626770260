"""The whole product on one page: one photo in, stereo and plain videos out.

load_photo -> estimate_depth or a depth file -> surroundings_of -> moves_along a path -> build_scene (split, fill,
mattes, mesh) for what the moves can see -> plan_rig -> one or two cameras a frame -> render -> write
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import UInt8

from kbvr.camera import Camera, fov_deg_from_f_px
from kbvr.depth import DEFAULT_NEAR_M, DepthMap, estimate_depth, place
from kbvr.depth_file import load_inverse_depth
from kbvr.depth_model import depth_network
from kbvr.errors import InputError
from kbvr.fill import best_filler, filler_named
from kbvr.formats import load_writer
from kbvr.moves import Move, border_reach_m, disocclusion_reach_m
from kbvr.nets import ran_on
from kbvr.options import OUTPUTS, ExportOptions
from kbvr.output import refuse_taken
from kbvr.paths import moves_along, view_of
from kbvr.photo import GUESSED_FOV_DEG, Photo, load_photo
from kbvr.render import Renderer
from kbvr.scene import Scene, build_scene
from kbvr.stereo import (
    MAX_PARALLAX_DEG,
    Rig,
    eye_pair,
    plan_rig,
)
from kbvr.stopwatch import Stopwatch
from kbvr.surroundings import Surroundings, surroundings_of

if TYPE_CHECKING:
    from kbvr.formats.video import VideoSummary

Picture = UInt8[np.ndarray, "H W 3"]

Progress = Callable[[str, int, int], None]
"""Told of a stage's name, what is done of it, and how much there is in all."""

MIN_REACH_SHARE, MAX_REACH_SHARE = 0.002, 0.3
"""Layers are made for moves that spread the depth range over so much of the width at most; what farther moves uncover
is filled from beside it when it is drawn."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Film:
    """One video that is wanted of a photo."""

    output: str
    """A name of OUTPUTS."""

    target: Path
    moves: list[Move]
    rig: Rig | None
    """None for a plain video."""


@dataclass(frozen=True)
class Written:
    """One video that was written."""

    output: str
    video: VideoSummary


@dataclass(frozen=True)
class ExportReport:
    """What was written for one photo, and what was chosen on the way."""

    photo: str
    written: tuple[Written, ...]
    stereo: dict[str, float]
    """Baseline and convergence in metres, and the parallax of nearest and farthest in output pixels and degrees; empty
    if nothing in stereo was written."""

    explanation: tuple[str, ...]
    seconds: dict[str, float]
    """Time that each stage took. Inside `video`, `render` (all threads added up) and `encode` overlap."""

    @property
    def video(self) -> VideoSummary:
        """The first video that was written."""
        return self.written[0].video


def export(
    photo: str | PathLike[str],
    out: str | PathLike[str] = ".",
    *,
    stereo: bool | None = None,
    kenburns: bool = False,
    progress: Progress | None = None,
    **options: Any,
) -> ExportReport:
    """Make a stereo video, or a plain one (kenburns), or both, of one photo in the folder `out`.

    A stereo video is made if nothing else is wanted; the other options are those of `ExportOptions`.

    Raises:
        InputError: if the photo or an option cannot be used, or no kind of output is wanted.
        OutputError: if a video exists and may not be overwritten, or cannot be written.
    """
    wanted = {"stereo": not kenburns if stereo is None else stereo, "kenburns": kenburns}
    unknown = set(options) - ({field.name for field in fields(ExportOptions) if field.init} - {"outputs"})
    if unknown:
        raise InputError(f"options must be fields of ExportOptions, got {', '.join(sorted(unknown))}")
    outputs = tuple(output for output in OUTPUTS if wanted[output])
    if not outputs:
        raise InputError("at least one kind of output must be wanted, got stereo=False and no other")
    return export_photo(Path(photo), Path(out), ExportOptions(outputs=outputs, **options), progress=progress)


def export_photo(
    photo_path: Path, out_dir: Path, options: ExportOptions, *, progress: Progress | None = None
) -> ExportReport:
    """Make the videos of one photo and return what was done.

    Raises:
        InputError: if the photo or the depth file cannot be used.
        OutputError: if a video exists and may not be overwritten, or cannot be written.
    """
    told = progress or _untold
    clock = Stopwatch()
    filler = filler_named(options.fill, device=options.device, threads=options.threads)
    if options.depth_file is None:  # what is not there is told before any work
        depth_network(options.depth_model, device=options.device, threads=options.threads)
    targets = {output: out_dir / _file_name(output, photo_path.stem, options) for output in options.outputs}
    for target in targets.values():
        refuse_taken(target, overwrite=options.overwrite)
    with clock.stage("load"):
        photo = load_photo(photo_path, fov_deg=options.fov_deg)
    if photo.f_source == "guess":
        _log.warning(
            "the photo does not say its focal length: a field of view of %g degrees is assumed (--fov)",
            GUESSED_FOV_DEG,
        )
    size_px = output_size_px(photo.size_px, options.max_size_px)
    for output in options.outputs:
        _check_size(output, size_px, options)
    told("depth", 0, 1)
    with clock.stage("depth"):
        depth = depth_for(photo, options)
    told("depth", 1, 1)
    around = surroundings_of(depth)
    view = view_of(around, size_px)
    films = [planned(output, target, around, view, options) for output, target in targets.items()]
    told("layers", 0, 1)
    with clock.stage("scene"):
        scene = build_scene(photo, depth, **reaches_m(films, around), filler=filler)
    told("layers", 1, 1)
    with clock.stage("video"):
        density = view.f_px * max(move.zoom for film in films for move in film.moves) / scene.camera.f_px
        with Renderer(scene, pixels_per_photo_px=density, threads=options.threads) as renderer:
            written = _written(films, renderer, view, options, told)
    rig = next((film.rig for film in films if film.rig), None)
    busy = {"render": renderer.busy_s, "encode": sum(one.video.encode_s for one in written)}
    return ExportReport(
        photo=str(photo_path),
        written=written,
        stereo={name: float(value) for name, value in vars(rig).items() if not isinstance(value, bool)} if rig else {},
        explanation=explain(photo, depth, scene, films, options),
        seconds=clock.seconds | busy,
    )


def depth_for(photo: Photo, options: ExportOptions) -> DepthMap:
    """Return the depth of a photo: from the options' file, else estimated."""
    near_m = options.near_m if options.near_m is not None else DEFAULT_NEAR_M
    if options.depth_file is None or options.depth_kind is None:
        depth = estimate_depth(
            photo,
            model=options.depth_model,
            near_m=near_m,
            quality=options.depth_quality,
            device=options.device,
            threads=options.threads,
        )
    else:
        inverse_depth, metric = load_inverse_depth(options.depth_file, photo.size_px, kind=options.depth_kind)
        if metric:
            depth = DepthMap(inverse_depth, photo.f_px, metric=True)
        else:
            depth = place(inverse_depth, None, photo, near_m=near_m)
    if depth.metric and (options.near_m is not None or options.subject_distance_m is not None):
        _log.warning("the distance given is not used: the depth is in metres already")
    elif options.subject_distance_m is not None:
        depth = with_subject_at(depth, options.subject_distance_m)
    return depth


def with_subject_at(depth: DepthMap, distance_m: float) -> DepthMap:
    """Return the same depth, larger or smaller as a whole, with the subject at a distance."""
    scale = surroundings_of(depth).subject_m / distance_m
    return replace(depth, inverse_depth=depth.inverse_depth * np.float32(scale))


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


def output_size_px(photo_size_px: tuple[int, int], max_size_px: tuple[int, int]) -> tuple[int, int]:
    """Return the size per eye: the photo's shape, within the largest size, never above its own, even both ways."""
    scale = min(1.0, *(most / own for most, own in zip(max_size_px, photo_size_px, strict=True)))
    width, height = (max(2, int(own * scale + 1e-6) // 2 * 2) for own in photo_size_px)
    return width, height


def explain(photo: Photo, depth: DepthMap, scene: Scene, films: list[Film], options: ExportOptions) -> tuple[str, ...]:
    """Return every choice that was made for a photo, a line each."""
    width, height = photo.size_px
    fov_deg = fov_deg_from_f_px(photo.f_px, max(width, height))
    around = surroundings_of(depth)
    nearest, farthest = (_metres(d) for d in (around.nearest_inverse_depth, around.farthest_inverse_depth))
    origin = f"by {depth.network}" if depth.network else "from the file"
    placed = f"placed to look believable, as the depth {origin} is relative"
    source = f"measured, {origin}" if depth.metric else placed
    lines = [
        f"photo: {width}x{height}, focal length {photo.f_px:.0f} px ({fov_deg:.1f} degrees across, {photo.f_source})",
        f"depth: nearest {nearest}, farthest {farthest}; {source}",
    ]
    for film in films:
        lines += _explained(film, options)
    hidden = float(scene.ldi.fill_mask.mean())
    made = f"made for moves of {scene.reach_m * 1000:.0f} mm, {hidden:.1%} of it hidden and filled"
    return (
        *lines,
        f"scene: {made}, {len(scene.quads)} quads",
        f"fill: {best_filler() if str(options.fill) == 'auto' else options.fill}",
        f"networks: ran on {ran_on(options.device)}",
    )


def _explained(film: Film, options: ExportOptions) -> list[str]:
    """Return what was chosen for one film."""
    end = max(film.moves, key=lambda move: float(np.linalg.norm(move.position_m)))
    place = ", ".join(f"{value * 1000:+.0f} mm {axis}" for value, axis in zip(end.position_m, "xyz", strict=True))
    lines = [f"{film.output} path: {options.paths[film.output].name}; farthest at {place}"]
    rig = film.rig
    if rig is None:
        return lines
    parallax = (
        f"{rig.nearest_parallax_px:+.1f} px ({rig.nearest_parallax_deg:+.2f} degrees) at the nearest, "
        f"{rig.farthest_parallax_px:+.1f} px ({rig.farthest_parallax_deg:+.2f} degrees) at the farthest"
    )
    chosen_by = f"the budget is {options.budget:.1%} of the width"
    if options.baseline_m is not None:
        chosen_by = "the baseline was given"
    elif rig.held_by_angle:
        chosen_by += f", held to {MAX_PARALLAX_DEG:g} degree each way"
    lines.append(f"eyes: {rig.baseline_m * 1000:.1f} mm apart, screen plane at {_metres(1 / rig.convergence_m)}")
    lines.append(f"parallax: {parallax}; {chosen_by}")
    return lines


def _untold(stage: str, done: int, total: int) -> None:
    """Report progress to nobody."""


def _metres(inverse_depth: float) -> str:
    return "infinity" if inverse_depth < 1e-4 else f"{1 / inverse_depth:.3g} m"


def _file_name(output: str, stem: str, options: ExportOptions) -> str:
    from kbvr.formats.mono_video import mono_video_name
    from kbvr.formats.sbs_video import video_name

    return video_name(stem, options.layout) if output == "stereo" else mono_video_name(stem)


def _check_size(output: str, size_px: tuple[int, int], options: ExportOptions) -> None:
    from kbvr.formats.mono_video import check_mono_size
    from kbvr.formats.sbs_video import check_eye_size

    if output == "stereo":
        check_eye_size(size_px, options.layout)
    else:
        check_mono_size(size_px)


def _written(
    films: list[Film], renderer: Renderer, view: Camera, options: ExportOptions, told: Progress
) -> tuple[Written, ...]:
    """Render the films one after the other and write them as they come."""
    total = sum(len(film.moves) for film in films)
    written: list[Written] = []
    for film in films:
        before = sum(one.video.frames for one in written)

        def on_frame(done: int, before: int = before) -> None:
            told("video", before + done, total)

        common: dict[str, Any] = {"fps": options.fps, "overwrite": options.overwrite, "on_frame": on_frame}
        centres = (move.camera(view) for move in film.moves)
        if film.rig is None:
            video = load_writer("mono-video")(renderer.frames(centres), film.target, **common)
        else:
            pairs = _pairs(renderer, centres, film.rig)
            video = load_writer("sbs-video")(pairs, film.target, layout=options.layout, **common)
        written.append(Written(film.output, video))
    return tuple(written)


def _pairs(renderer: Renderer, centres: Iterator[Camera], rig: Rig) -> Iterator[tuple[Picture, Picture]]:
    frames = renderer.frames(eye for centre in centres for eye in eye_pair(centre, rig))
    return zip(frames, frames, strict=True)
