"""The whole product on one page: one photo in; stereo and plain videos, stereo pictures and scenes out.

load_photo -> the profile's depth -> scene_depth_of -> planned films (moves along a path, a rig of two eyes) -> the
profile's drawing (split, fill, mattes, mesh, for what the moves can see) -> the cameras of each instant -> all files
that show it. Depth maps and autostereograms are made of the depth at once, scenes to visit of the layers
(`kbvr.mesh.viewable_scene`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any, Unpack

from kbvr.depth.depth_map import DepthMap, seen_through, sized
from kbvr.depth.scene_depth import SceneDepth, scene_depth_of
from kbvr.errors import InputError, MissingExtraError
from kbvr.formats.spec.format import Facts, FileSummary, Item, Views
from kbvr.formats.write import check_items, paths_of, write_depth_items, write_items, write_scene_items
from kbvr.ldi.scene import Scene
from kbvr.mesh.cell_plane import TEXTURE_MAX_PX
from kbvr.mesh.viewable_scene import viewable_scene_of
from kbvr.motion.frame_reuse import drawn_frames
from kbvr.motion.paths import moves_along, view_of
from kbvr.options.export_options import ExportOptions
from kbvr.options.keywords import ExportKeywords
from kbvr.options.outputs import FROM_DEPTH, SCENES
from kbvr.photo.photo import GUESSED_FOV_DEG, Photo, load_photo
from kbvr.plan.aspect import cut_around_subject, size_within
from kbvr.plan.explain import explain
from kbvr.plan.failures import Failure, costing_only
from kbvr.plan.memory_budget import refuse_without_room, repeats_bytes, within_memory, within_px
from kbvr.plan.output_kinds import items_of, view_size_px
from kbvr.plan.shots import SCENE_KEYS_PER_S, Film, check_options, path_options, planned
from kbvr.profiles.choose import profile_of
from kbvr.profiles.protocol import Drawing
from kbvr.stereo.comfort import Comfort
from kbvr.system.atomic_file import all_or_none, check_there, refuse_taken
from kbvr.system.stopwatch import Stopwatch

Progress = Callable[[str, int, int], None]
"""Told of a stage's name, what is done of it, and how much there is in all."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Written:
    """One file that was written."""

    output: str
    item: Item
    file: FileSummary


@dataclass(frozen=True)
class ExportReport:
    """What was written for one photo, and what was chosen on the way."""

    photo: str
    written: tuple[Written, ...]
    stereo: dict[str, float]
    """Baseline and convergence in metres, and the parallax of nearest and farthest in output pixels and degrees; empty
    if nothing in stereo was written. Of a quilt alone, they are those of its outermost views."""

    explanation: tuple[str, ...]
    seconds: dict[str, float]
    """Time that each stage took. Inside `video`, `render` (all threads added up) and `encode` overlap."""

    comfort: Comfort | None = None
    """What the first pair of eyes is given; None if nothing in stereo was written."""

    failed: tuple[Failure, ...] = ()
    """Outputs that could not be made while those of `written` could."""

    @property
    def file(self) -> FileSummary:
        """The first file that was written."""
        return self.written[0].file


def export(
    photo: str | PathLike[str],
    out: str | PathLike[str] = ".",
    *,
    progress: Progress | None = None,
    **options: Unpack[ExportKeywords],
) -> ExportReport:
    """Make videos (stereo, kenburns), loops (wiggle, anaglyph), pictures (still, depth_map) or scenes (gltf, ...).

    Scenes are gltf, html, embed, ply, obj, usdz and splats. A stereo video is made if nothing else is wanted; the other
    options are those of `ExportOptions`. An output that cannot be made does not cost the others: the report tells of it
    in `failed`, and a warning is logged; if there is no other, its error is raised.

    Raises:
        InputError: if the photo or an option cannot be used, or no kind of output is wanted.
        OutputError: if a video exists and may not be overwritten, or cannot be written.
    """
    values: dict[str, Any] = {**options}
    report = export_photo(Path(photo), Path(out), ExportOptions(**values), progress=progress)
    for failure in report.failed:
        _log.warning("%s: %s: %s", photo, failure.output, failure.message)
    return report


def export_photo(
    photo_path: Path, out_dir: Path, options: ExportOptions, *, progress: Progress | None = None
) -> ExportReport:
    """Make the outputs of one photo and return what was done, and what could not be.

    Where it raises, nothing is left of the files that were written until then, but of those that took the place of
    others.

    Raises:
        InputError: if the photo or the depth file cannot be used.
        OutputError: if a file exists and may not be overwritten, or cannot be written.
        KbvrError: if no output could be made: what the first one failed for.
    """
    made: list[FileSummary] = []
    with all_or_none(paths_of(made), overwrite=options.overwrite):
        report = _exported(photo_path, out_dir, options, progress or _untold, made)
        check_there(paths_of(made))
    return report


def _exported(
    photo_path: Path, out_dir: Path, options: ExportOptions, told: Progress, made: list[FileSummary]
) -> ExportReport:
    """Do what `export_photo` promises; files are added to `made` as soon as they are there."""
    clock = Stopwatch()
    check_options(options)
    profile = profile_of(options)
    wanted = {output: items_of(output, photo_path.stem, out_dir, options) for output in options.outputs}
    every = [item for items in wanted.values() for item in items]
    for item in every:
        refuse_taken(item.path, overwrite=options.overwrite)
    for name in options.idle({item.format for item in every}):
        _log.warning("nothing that is written here takes --%s", name.replace("_", "-"))
    with clock.stage("load"):
        photo = load_photo(photo_path, fov_deg=options.fov_deg, max_memory_bytes=options.max_memory)
    if {*wanted} <= {*SCENES}:
        photo = within_px(photo, TEXTURE_MAX_PX)  # scenes show no more
    file_px = photo.file_size_px if options.aspect is None else size_within(photo.file_size_px, options.aspect)
    sizes_px = _view_sizes_px(wanted, photo, file_px, options)
    failed: list[Failure] = []
    wanted = _that_can_be_made(wanted, sizes_px, options, failed)
    options = options.for_photo(file_px, name=photo.title)
    not_drawn = (*FROM_DEPTH, *SCENES)
    film_px = max((sizes_px[output] for output in wanted if output not in not_drawn), default=(1, 1))
    is_visited = bool({*wanted} & {*SCENES})
    photo, said_of_memory = within_memory(photo, film_px, options.max_memory, is_visited=is_visited)
    refuse_without_room(photo.size_px, film_px, is_visited=is_visited)
    told("depth", 0, 1)
    with clock.stage("depth"):
        depth = profile.depth(photo)
    told("depth", 1, 1)
    photo = seen_through(photo, depth)
    if options.aspect is not None:
        photo, depth = cut_around_subject(photo, depth, options.aspect)
    if photo.f_source == "guess":
        _log.warning(
            "the photo does not say its focal length: a field of view of %g degrees is assumed (--fov)",
            GUESSED_FOV_DEG,
        )
    sizes_px = _view_sizes_px(wanted, photo, file_px, options)
    around = scene_depth_of(depth)
    films = [
        planned(output, items, around, view_of(around, sizes_px[output]), options)
        for output, items in wanted.items()
        if output not in not_drawn
    ]
    scenes = {output: items for output, items in wanted.items() if output in SCENES}
    with clock.stage("depth files"):
        written = _written_from_depth(photo, depth, wanted, sizes_px, options, failed, made)
    said: tuple[str, ...] = ()
    busy: dict[str, float] = {}
    if films or scenes:
        told("layers", 0, 1)
        with clock.stage("scene"):
            prepared = profile.prepared(photo, depth, films, around, is_visited=bool(scenes))
        said = prepared.said
        told("layers", 1, 1)
        if prepared.scene and scenes:
            told("triangles", 0, 1)
            with clock.stage("triangles"):
                scenes_written = _written_scenes(scenes, prepared.scene, photo, depth, around, options, failed, made)
                written = (*written, *scenes_written)
            told("triangles", 1, 1)
        if films:
            with clock.stage("scene"):
                drawing, drawn_on = prepared.drawing(films)
            said = (*said, *drawn_on)
            with clock.stage("video"), drawing:
                written = (*_written(films, drawing, photo, options, told, failed, made), *written)
            busy = {"render": drawing.busy_s, "encode": sum(one.file.encode_s for one in written)}
    if not written:
        raise failed[0].error
    pair = next((film for film in films if film.rig and film.output in {one.output for one in written}), None)
    return ExportReport(
        photo=str(photo_path),
        written=written,
        stereo={name: value for name, value in vars(pair.rig).items() if isinstance(value, float)} if pair else {},
        comfort=pair.comfort if pair else None,
        explanation=explain(photo, depth, around, films, (*said, *said_of_memory), options),
        seconds=clock.seconds | busy,
        failed=tuple(failed),
    )


def _view_sizes_px(
    wanted: Iterable[str], photo: Photo, file_px: tuple[int, int], options: ExportOptions
) -> dict[str, tuple[int, int]]:
    """Return the size of every output's views; of VR180's it depends on the photo's focal length."""
    shown_px = photo.size_px if options.aspect is None else size_within(photo.size_px, options.aspect)
    f_px = photo.f_px * file_px[0] / shown_px[0]
    return {output: view_size_px(output, file_px, options, f_px=f_px) for output in wanted}


def _untold(stage: str, done: int, total: int) -> None:
    """Report progress to nobody."""


def _that_can_be_made(
    wanted: dict[str, tuple[Item, ...]],
    sizes_px: dict[str, tuple[int, int]],
    options: ExportOptions,
    failed: list[Failure],
) -> dict[str, tuple[Item, ...]]:
    """Check all files, and return those for which no library is missing.

    Raises:
        InputError: if a format cannot hold the pictures, or libraries are missing for all files.
    """
    there: dict[str, tuple[Item, ...]] = {}
    for output, items in wanted.items():
        missing: dict[str, MissingExtraError] = {}
        for item in items:
            try:
                check_items(sizes_px[output], [item], options)
                there[output] = (*there.get(output, ()), item)
            except MissingExtraError as error:
                missing[str(error)] = error
        failed += [Failure(output, error) for error in missing.values()]
    if not there:
        raise failed[0].error
    return there


def _written_from_depth(
    photo: Photo,
    depth: DepthMap,
    wanted: dict[str, tuple[Item, ...]],
    sizes_px: dict[str, tuple[int, int]],
    options: ExportOptions,
    failed: list[Failure],
    made: list[FileSummary],
) -> tuple[Written, ...]:
    """Write what is made of the depth alone, each output in its own size."""
    written: list[Written] = []
    for output, items in ((output, wanted[output]) for output in FROM_DEPTH if output in wanted):
        sized_photo, sized_depth = sized(photo, depth, min(sizes_px[output], photo.size_px))
        facts = Facts(sized_depth.f_px, credits=photo.credits)
        with costing_only(output, failed):
            files = write_depth_items(sized_photo, sized_depth, items, facts, options)
            made += files
            written += [Written(output, item, file) for item, file in zip(items, files, strict=True)]
    return tuple(written)


def _written_scenes(
    wanted: dict[str, tuple[Item, ...]],
    scene: Scene,
    photo: Photo,
    depth: DepthMap,
    around: SceneDepth,
    options: ExportOptions,
    failed: list[Failure],
    made: list[FileSummary],
) -> tuple[Written, ...]:
    """Write the files that hold the scene."""
    path = replace(path_options(next(iter(wanted)), options), fps=SCENE_KEYS_PER_S)
    diorama = viewable_scene_of(
        scene,
        photo,
        depth,
        around,
        moves=moves_along(path, around),
        fps=SCENE_KEYS_PER_S,
        ipd_m=options.ipd_mm / 1000,
        surround=options.surround,
        most_triangles=options.triangles,
    )
    written: list[Written] = []
    for output, items in wanted.items():
        with costing_only(output, failed):
            if output == "embed" and "gltf" in {one.output for one in failed}:
                raise InputError("the page would show the GLB, which could not be written")
            files = write_scene_items(diorama, items, Facts(photo.f_px, credits=photo.credits), options)
            made += files
            written += [Written(output, item, file) for item, file in zip(items, files, strict=True)]
    return tuple(written)


def _written(
    films: list[Film],
    drawing: Drawing,
    photo: Photo,
    options: ExportOptions,
    told: Progress,
    failed: list[Failure],
    made: list[FileSummary],
) -> tuple[Written, ...]:
    """Draw the films one after the other, what comes again only once, and write their files as they come."""
    largest_px = max(film.view.size_px for film in films)
    kept_bytes = repeats_bytes(photo.size_px, largest_px, options.max_memory)
    sources = [film.sources_within(kept_bytes) for film in films]
    drawn = [drawn_frames(own) for own in sources]
    total = sum(map(len, drawn))
    done = 0
    written: list[Written] = []

    def instants(film: Film, wanted: list[int]) -> Iterator[Views]:
        nonlocal done
        for views in film.seen(drawing.frames, wanted):
            yield views
            done += 1
            told("video", done, total)

    for film, own, wanted in zip(films, sources, drawn, strict=True):
        facts = replace(film.facts, sources=own, credits=photo.credits)
        with costing_only(film.output, failed):
            files = write_items(instants(film, wanted), film.items, facts, options)
            made += files
            written += [Written(film.output, item, file) for item, file in zip(film.items, files, strict=True)]
    return tuple(written)
