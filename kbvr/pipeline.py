"""The whole product on one page: from a photo to videos, loops, stereo pictures and scenes.

load_photo -> repair of an old print and colours, if asked -> the profile's depth -> scene_depth_of -> the plan (a shot
for every output: moves along a path, a rig of two eyes, both limited by what they would show) -> the profile's scene
(split, fill, mattes and mesh for what the moves uncover) -> the views of each instant -> the files that show them.
Depth maps and autostereograms are made from the depth alone, scene files from the layers.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, Unpack

import numpy as np
from jaxtyping import UInt8

from kbvr.depth.depth_map import DepthMap, seen_through
from kbvr.depth.scene_depth import scene_depth_of
from kbvr.errors import InputError, OptionsError, OptionText
from kbvr.formats.write import check_items
from kbvr.making.make import make_files
from kbvr.making.make_sphere import check_sphere, make_sphere, sphere_px
from kbvr.making.plan import Job, Plan
from kbvr.making.report import ExportReport
from kbvr.making.run import Progress, Run
from kbvr.mesh.cell_plane import TEXTURE_MAX_PX
from kbvr.motion.consequences import Landmarks
from kbvr.motion.head_box import head_box_for
from kbvr.motion.limits import STRENGTHS
from kbvr.motion.view import view_of
from kbvr.nets import record_sessions
from kbvr.options.declare import quoted
from kbvr.options.export_options import ExportOptions
from kbvr.options.keywords import ExportKeywords
from kbvr.options.values import MIN_SIDE_PX
from kbvr.photo.photo import Photo, load_photo, photo_from_array, without_place
from kbvr.photo.picture_file import display_name
from kbvr.photo.rgbd import half_of_depth
from kbvr.plan.aspect import cropped_around_subject, size_within
from kbvr.plan.file_names import fitted_to, moved_to, names_a_file
from kbvr.plan.from_options import check_options, is_kept_stereo_sphere, pair_of, unused, with_anaglyph_method
from kbvr.plan.memory_budget import MemoryUse, refuse_without_room, within_memory, within_px
from kbvr.plan.output_kinds import DrawnKind, SceneKind, chosen_kinds
from kbvr.plan.player_words import player_words, without_player_words
from kbvr.profiles.choose import profile_of
from kbvr.profiles.old_photo import OldPhotoSteps, for_depth_network
from kbvr.system.atomic_file import check_writable

_log = logging.getLogger(__name__)


def export(
    photo: str | PathLike[str] | Photo | UInt8[np.ndarray, "H W 3"],
    out: str | PathLike[str] = ".",
    *,
    progress: Progress | None = None,
    **options: Unpack[ExportKeywords],
) -> ExportReport:
    """Make videos, loops, pictures and scenes of a photo; a stereo video by default.

    An output that cannot be made does not stop the others: the report lists it in `failed`, and a warning is logged. If
    no output can be made, the error of the first one is raised.

    Args:
        photo: a file, a `Photo`, or sRGB pixels.
        out: the folder to write to, or the output file if there is only one.
        progress: called with a stage's name, its finished steps and its total steps.
        **options: see docs/options.md; texts are parsed as on the command line.

    Returns:
        The written files, and the choices made for the photo.

    Raises:
        InputError: if the photo or an option cannot be used, or no output is chosen.
        OutputError: if a file exists and may not be overwritten, or cannot be written.

    Example:
        >>> kbvr.export("examples/cat.jpg", "out", stereo=True, layout=["sbs", "anaglyph"])
    """
    values: dict[str, Any] = {**options}
    source = photo_from_array(photo, name="photo") if isinstance(photo, np.ndarray) else photo
    source = source if isinstance(source, Photo) else _path(source, "a photo (a file, a Photo or pixels)")
    report = export_photo(source, _path(out, "a folder or a file"), ExportOptions(**values), progress=progress)
    for failure in report.failed:
        _log.warning("%s: %s: %s", report.photo, failure.output, failure.message)
    return report


def export_photo(
    photo: Path | Photo, out: Path, options: ExportOptions, *, stem: str = "", progress: Progress | None = None
) -> ExportReport:
    """Make the outputs of one photo, in a folder or as one file; their names begin with `stem`, or the photo's name.

    The errors are those of `export`. If it raises, all files written so far are removed, except those that replaced
    others.
    """
    options = fitted_to(out, options)
    check_options(options)
    run = Run(str(photo.name if isinstance(photo, Photo) else photo), options.overwrite, progress or _ignore_progress)
    with run.all_or_none(), record_sessions() as opened:
        if isinstance(photo, Photo):
            photo = _as_given(photo, options)
        elif options.rgbd is not None:
            options = options.model_copy(update={"depth": photo})
        profile = profile_of(options)
        old_photo = OldPhotoSteps(options)
        jobs = _jobs(photo, out, options, stem)
        with run.clock.stage("load"):
            if isinstance(photo, Path):
                photo = _loaded(photo, options)
        check_sphere(photo, jobs, options)
        if old_photo.repairs:
            with run.stage("repair"):
                photo = old_photo.repaired(photo)
        if all(isinstance(job.kind, SceneKind) for job in jobs):
            photo = within_px(photo, TEXTURE_MAX_PX)  # scene files hold no larger textures
        file_px = _file_px(photo, options)
        jobs = run.with_installed_extras(_sized(jobs, file_px, options), options)
        options = options.for_photo(file_px, alt=photo.alternative_text)
        photo, memory = _within_memory(photo, jobs, options)
        if old_photo.colours:
            with run.stage("colours"):
                photo = old_photo.coloured(photo)
        if photo.around is not None:
            return make_sphere(photo, jobs, options, run, opened)
        with run.stage("depth"):
            depth = profile.depth(for_depth_network(photo, options))
        plan = _planned(seen_through(photo, depth), depth, jobs, file_px, options)
        return make_files(plan, profile, run, memory, opened)


def plan_export(
    photo: Photo, depth: DepthMap, /, out: str | PathLike[str] = ".", **options: Unpack[ExportKeywords]
) -> Plan:
    """Plan the outputs of a photo and a depth map in memory, for `write_export`.

    Args:
        photo: the photo, from `load_photo` or `photo_from_array`.
        depth: its depth map, of the same size.
        out: the folder to write to.
        **options: those of `export`; options about depth and memory have no effect here.

    Returns:
        The shots and files of every output.

    Raises:
        InputError: if photo and depth map differ in size, or an option cannot be used.
        OutputError: if a file exists and may not be overwritten.

    Example:
        >>> photo = kbvr.load_photo("examples/cat.jpg")
        >>> plan = kbvr.plan_export(photo, kbvr.estimate_depth(photo), "out", wiggle=True)
        >>> kbvr.write_export(plan)
    """
    if not (isinstance(photo, Photo) and isinstance(depth, DepthMap)):
        raise InputError(f"expected a Photo and a DepthMap, got {type(photo).__name__} and {type(depth).__name__}")
    if depth.inverse_depth.shape != photo.rgb.shape[:2]:
        expected, got = (f"{shape[1]}x{shape[0]}" for shape in (photo.rgb.shape, depth.inverse_depth.shape))
        raise InputError(f"expected a depth map of the photo's size {expected}, got {got}")
    if photo.around is not None:
        raise InputError(f"expected an ordinary photo, got the 360 photo {photo.name}, which `kbvr.export` takes")
    values: dict[str, Any] = {**options}
    out = _path(out, "a folder or a file")
    chosen = fitted_to(out, ExportOptions(**values))
    check_options(chosen)
    file_px = _file_px(photo, chosen)
    jobs = _sized(_jobs(photo, out, chosen, ""), file_px, chosen)
    for job in jobs:
        check_items(job.view_px, job.items, chosen)
    return _planned(photo, depth, jobs, file_px, chosen.for_photo(file_px, alt=photo.alternative_text))


def write_export(plan: Plan, *, progress: Progress | None = None) -> ExportReport:
    """Make the files of a plan.

    Args:
        plan: the plan, from `plan_export`.
        progress: called with a stage's name, its finished steps and its total steps.

    Returns:
        The written files, and the choices made for the photo.

    Raises:
        OutputError: if a file exists and may not be overwritten, or cannot be written.
        KbvrError: if no output could be made: the error of the first one.
    """
    run = Run(plan.photo.name, plan.options.overwrite, progress or _ignore_progress)
    with run.all_or_none(), record_sessions() as opened:
        return make_files(plan, profile_of(plan.options), run, None, opened)


def _as_given(photo: Photo, options: ExportOptions) -> Photo:
    """Return a photo in memory, without its second view if that is not wanted."""
    for name, value in (("rgbd", options.rgbd), ("pair", options.pair)):
        if str(value) not in ("None", "auto", "none"):
            raise OptionsError(f"{{{name}}} requires a file, got a photo in memory")
    return replace(photo, second_view=None) if str(options.pair) == "none" else photo


def _loaded(path: Path, options: ExportOptions) -> Photo:
    """Return a photo, with its second view if it is one of a pair."""
    if is_kept_stereo_sphere(path, options):
        _log.warning("%s: its name means both views of a sphere, which are not taken apart", display_name(path))
    pair, layout = pair_of(path, options)
    photo = load_photo(
        path,
        fov_deg=options.fov_deg,
        max_memory_bytes=options.max_memory,
        keep_gps=options.keep_gps,
        rgbd=options.rgbd,
        pair=pair,
        probable_layout=layout,
        panorama=options.panorama if options.depth is None else "none",
    )
    half = half_of_depth(photo.rgb) if options.rgbd is None and photo.second_view is None else None
    if half is not None:
        _log.warning(OptionText(f"the {half} half is grey: if it is depth, use {{rgbd}} {half}"))
    return photo


def _jobs(photo: Path | Photo, out: Path, options: ExportOptions, stem: str) -> list[Job]:
    """Return the jobs, without the sizes of their views; `out` is a folder, or the file if there is only one."""
    name = photo.name if isinstance(photo, Photo) else photo.stem
    words, name = player_words(name), stem or without_player_words(name)
    inputs = [path for path in (photo, options.depth, options.pair_file, options.keyframes) if isinstance(path, Path)]
    is_file = names_a_file(out)
    jobs = [Job(kind, kind.items(name, out.parent if is_file else out, options)) for kind in chosen_kinds(options)]
    items = [item for job in jobs for item in job.items]
    if is_file:
        items = [moved_to(out, items)]
        jobs = [replace(jobs[0], items=tuple(items))]
    elif words:
        listed = ", ".join(dict.fromkeys(words))
        _log.warning("%s in its name means a layout to players: the names of its outputs begin with %s", listed, name)
    for item in items:
        check_writable(item.path, overwrite=options.overwrite)
        if any(_is_same(item.path, path) for path in inputs):
            raise InputError(f"{item.path} is an input of this export and cannot be its output; choose another name")
    for name in unused(options, {item.format for item in items}):
        _log.warning(OptionText(f"{{{name}}} has no effect on the chosen outputs"))
    return jobs


def _file_px(photo: Photo, options: ExportOptions) -> tuple[int, int]:
    """Return the (width, height) of the photo's file, cropped to the aspect ratio of the options."""
    file_px = photo.file_size_px if photo.around is None else sphere_px(photo)
    return file_px if options.aspect is None else size_within(file_px, options.aspect)


def _sized(jobs: Iterable[Job], file_px: tuple[int, int], options: ExportOptions) -> list[Job]:
    sized = [replace(job, view_px=job.kind.view_px(file_px, options)) for job in jobs]
    if options.aspect is not None and min(min(job.view_px) for job in sized) < MIN_SIDE_PX:
        aspect, got = f"{options.aspect[0]:g}:{options.aspect[1]:g}", min((job.view_px for job in sized), key=min)
        raise OptionsError(f"a picture must be 16x16 or more, got {got[0]}x{got[1]} with {{aspect}} {aspect}")
    return sized


def _within_memory(photo: Photo, jobs: Sequence[Job], options: ExportOptions) -> tuple[Photo, MemoryUse | None]:
    """Return the photo, shrunk if the memory limit requires it, and the memory of the export."""
    drawn_px = max((job.view_px for job in jobs if isinstance(job.kind, DrawnKind)), default=(1, 1))
    is_visited = any(isinstance(job.kind, SceneKind) for job in jobs)
    photo, memory = within_memory(photo, drawn_px, options.max_memory, is_visited=is_visited)
    refuse_without_room(photo.size_px, drawn_px, is_visited=is_visited)
    return photo, memory


def _planned(
    photo: Photo, depth: DepthMap, jobs: Sequence[Job], file_px: tuple[int, int], options: ExportOptions
) -> Plan:
    """Return the plan, with a shot for every rendered job.

    `file_px` is the size of the file's picture after cropping; the photo may be a smaller copy of it.
    """
    if not options.keep_gps:
        photo = without_place(photo)
    subject = None
    if options.aspect is not None:
        photo, depth, subject = cropped_around_subject(photo, depth, options.aspect)
    options = with_anaglyph_method(options, photo, [item for job in jobs for item in job.items])
    scene_depth = scene_depth_of(depth)
    landmarks = Landmarks(scene_depth, photo.rgb, subject)
    f_px = photo.f_px * file_px[0] / photo.size_px[0]
    shots = [
        job.kind.plan(
            job.items, landmarks, view_of(scene_depth, job.kind.view_px(file_px, options, f_px=f_px)), options
        )
        for job in jobs
        if isinstance(job.kind, DrawnKind)
    ]
    head_box = None
    if any(isinstance(job.kind, SceneKind) for job in jobs):
        head_box = head_box_for(landmarks, ipd_m=options.ipd_mm / 1000, strength=STRENGTHS[options.strength])
    return Plan(photo, depth, landmarks, options, tuple(jobs), tuple(shots), head_box)


def _is_same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:  # one of them does not exist or cannot be accessed
        return False


def _path(value: object, expected: str) -> Path:
    if not isinstance(value, str | PathLike) or isinstance(value, bytes) or "\0" in str(value) or value == "":
        raise InputError(f"expected {expected}, got {quoted(value)}")
    return Path(value)


def _ignore_progress(stage: str, done: int, total: int) -> None:
    """Do nothing."""
