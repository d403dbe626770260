"""The whole product on one page: one photo in; stereo and plain videos, loops, stereo pictures and scenes out.

load_photo -> the profile's depth -> scene_depth_of -> the plan (a shot for every output: moves along a path, a rig of
two eyes) -> the profile's scene (split, fill, mattes, mesh, for what the moves can see) -> the cameras of each instant
-> all files that show it. Depth maps and autostereograms are made of the depth at once, scenes to visit of the layers.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any, Unpack

import numpy as np
from jaxtyping import UInt8

from kbvr.depth.depth_map import DepthMap, seen_through, sized
from kbvr.depth.scene_depth import SceneDepth, scene_depth_of
from kbvr.errors import InputError, MissingExtraError
from kbvr.formats.spec.format import Facts, FileSummary, Item, Views
from kbvr.formats.write import check_items, paths_of, write_depth_items, write_items, write_scene_items
from kbvr.ldi.scene import Scene
from kbvr.mesh.cell_plane import TEXTURE_MAX_PX
from kbvr.mesh.viewable_scene import ViewableScene, viewable_scene_of
from kbvr.motion.frame_reuse import drawn_frames
from kbvr.motion.paths import moves_along, view_of
from kbvr.nets import devices_of, sessions_noted
from kbvr.options.export_options import ExportOptions
from kbvr.options.keywords import ExportKeywords
from kbvr.photo.photo import Photo, load_photo, photo_from_array
from kbvr.plan.aspect import cut_around_subject, size_within
from kbvr.plan.explain import Made, SceneFacts, explain
from kbvr.plan.failures import Failure, costing_only
from kbvr.plan.file_names import fitted_to, moved_to, names_a_file
from kbvr.plan.from_options import SCENE_KEYS_PER_S, check_options, path_options
from kbvr.plan.memory_budget import MemoryUse, refuse_without_room, repeats_bytes, within_memory, within_px
from kbvr.plan.output_kinds import DepthKind, DrawnKind, OutputKind, SceneKind, chosen_kinds
from kbvr.plan.shots import Shot
from kbvr.profiles.choose import profile_of
from kbvr.profiles.protocol import Built, Profile
from kbvr.stereo.comfort import Comfort
from kbvr.system.atomic_file import all_or_none, check_there, refuse_taken
from kbvr.system.stopwatch import Stopwatch

Progress = Callable[[str, int, int], None]
"""Told of a stage's name, what is done of it, and how much there is in all."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """One output of a photo: its files, and the size of its views."""

    kind: OutputKind
    items: tuple[Item, ...]
    view_px: tuple[int, int] = (1, 1)
    """The largest (width, height) that a view can have; VR180's depends on the focal length that is found."""


@dataclass(frozen=True, eq=False)
class Plan:
    """All that is to be made of a photo and its depth."""

    photo: Photo
    depth: DepthMap
    scene_depth: SceneDepth
    options: ExportOptions
    jobs: tuple[Job, ...]
    shots: tuple[Shot, ...]
    """One for each job that is drawn."""


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

    is_fov_assumed: bool = False
    """Whether nothing said how wide the photo's view is, so that a usual one is taken (`GUESSED_FOV_DEG`)."""

    @property
    def file(self) -> FileSummary:
        """The first file that was written."""
        return self.written[0].file


def export(
    photo: str | PathLike[str] | Photo | UInt8[np.ndarray, "H W 3"],
    out: str | PathLike[str] = ".",
    *,
    progress: Progress | None = None,
    **options: Unpack[ExportKeywords],
) -> ExportReport:
    """Make videos, loops, pictures and scenes of a photo; a stereo video if no output is named.

    An output that cannot be made does not cost the others: the report tells of it in `failed`, and a warning is logged;
    if there is no other, its error is raised.

    Args:
        photo: a file, a `Photo`, or sRGB pixels.
        out: folder to write to, or the file if there is only one.
        progress: called with a stage's name, what is done of it, and how much there is.
        **options: docs/options.md lists them; texts are read as on the command line.

    Returns:
        What was written, and what was chosen on the way.

    Raises:
        InputError: if the photo or an option cannot be used, or no kind of output is wanted.
        OutputError: if a file exists and may not be overwritten, or cannot be written.

    Example:
        >>> kbvr.export("examples/cat.jpg", "out", stereo=True, layout=["sbs", "anaglyph"])
    """
    values: dict[str, Any] = {**options}
    source = photo_from_array(photo, name="photo") if isinstance(photo, np.ndarray) else photo
    source = source if isinstance(source, Photo) else Path(source)
    report = export_photo(source, Path(out), ExportOptions(**values), progress=progress)
    for failure in report.failed:
        _log.warning("%s: %s: %s", report.photo, failure.output, failure.message)
    return report


def export_photo(
    photo: Path | Photo, out: Path, options: ExportOptions, *, progress: Progress | None = None
) -> ExportReport:
    """Make the outputs of one photo, in a folder or as one file; return what was done, and what could not be.

    Where it raises, nothing is left of the files that were written until then, but of those that took the place of
    others.

    Raises:
        InputError: if the photo or the depth file cannot be used.
        OutputError: if a file exists and may not be overwritten, or cannot be written.
        KbvrError: if no output could be made: what the first one failed for.
    """
    options = fitted_to(out, options)
    check_options(options)
    run = _Run(str(photo.name if isinstance(photo, Photo) else photo), options.overwrite, progress or _untold)
    with run.all_or_none(), sessions_noted() as sessions:
        profile = profile_of(options)
        jobs = _jobs(photo.name if isinstance(photo, Photo) else photo.stem, out, options)
        with run.clock.stage("load"):
            if isinstance(photo, Path):
                photo = load_photo(photo, fov_deg=options.fov_deg, max_memory_bytes=options.max_memory)
        if all(isinstance(job.kind, SceneKind) for job in jobs):
            photo = within_px(photo, TEXTURE_MAX_PX)  # scenes show no more
        file_px = _file_px(photo, options)
        jobs = run.that_can_be_made(_sized(jobs, file_px, options), options)
        options = options.for_photo(file_px, name=photo.title)
        photo, memory = _within_memory(photo, jobs, options)
        with run.stage("depth", shown="depth"):
            depth = profile.depth(photo)
        plan = _planned(seen_through(photo, depth), depth, jobs, file_px, options)
        return _written(plan, profile, run, memory, lambda: devices_of(sessions))


def plan_export(
    photo: Photo, depth: DepthMap, /, out: str | PathLike[str] = ".", **options: Unpack[ExportKeywords]
) -> Plan:
    """Plan what `write_export` makes of a photo and a depth map that are in memory.

    Args:
        photo: the photo, from `load_photo` or `photo_from_array`.
        depth: its depth, of the same size.
        out: folder to write to.
        **options: those of `export`; the ones about depth say nothing here.

    Returns:
        The shots (cameras of every instant) and files of every output.

    Raises:
        InputError: if depth and photo differ in size, or an option cannot be used.
        OutputError: if a file exists and may not be overwritten.

    Example:
        >>> photo = kbvr.load_photo("examples/cat.jpg")
        >>> plan = kbvr.plan_export(photo, kbvr.estimate_depth(photo), "out", wiggle=True)
        >>> kbvr.write_export(plan)
    """
    if depth.inverse_depth.shape != photo.rgb.shape[:2]:
        wanted, got = (f"{shape[1]}x{shape[0]}" for shape in (photo.rgb.shape, depth.inverse_depth.shape))
        raise InputError(f"the depth must have the photo's size {wanted}, got {got}")
    values: dict[str, Any] = {**options}
    chosen = fitted_to(Path(out), ExportOptions(**values))
    check_options(chosen)
    file_px = _file_px(photo, chosen)
    jobs = _sized(_jobs(photo.name, Path(out), chosen), file_px, chosen)
    for job in jobs:
        check_items(job.view_px, job.items, chosen)
    return _planned(photo, depth, jobs, file_px, chosen.for_photo(file_px, name=photo.title))


def write_export(plan: Plan, *, progress: Progress | None = None) -> ExportReport:
    """Make the files of a plan.

    Args:
        plan: what `plan_export` returned.
        progress: called with a stage's name, what is done of it, and how much there is.

    Returns:
        What was written, and what was chosen on the way.

    Raises:
        OutputError: if a file exists and may not be overwritten, or cannot be written.
        KbvrError: if no output could be made: what the first one failed for.
    """
    run = _Run(plan.photo.name, plan.options.overwrite, progress or _untold)
    with run.all_or_none(), sessions_noted() as sessions:
        return _written(plan, profile_of(plan.options), run, None, lambda: devices_of(sessions))


def _jobs(name: str, out: Path, options: ExportOptions) -> list[Job]:
    """Return what is to be made, the sizes not yet known; `out` is a folder, or the file if there is only one."""
    is_file = names_a_file(out)
    jobs = [Job(kind, kind.items(name, out.parent if is_file else out, options)) for kind in chosen_kinds(options)]
    items = [item for job in jobs for item in job.items]
    if is_file:
        items = [moved_to(out, items)]
        jobs = [replace(jobs[0], items=tuple(items))]
    for item in items:
        refuse_taken(item.path, overwrite=options.overwrite)
    for idle in options.idle({item.format for item in items}):
        _log.warning("nothing that is written here takes --%s", idle.replace("_", "-"))
    return jobs


def _file_px(photo: Photo, options: ExportOptions) -> tuple[int, int]:
    """Return the (width, height) of the part of the file's picture that is shown."""
    return photo.file_size_px if options.aspect is None else size_within(photo.file_size_px, options.aspect)


def _sized(jobs: Iterable[Job], file_px: tuple[int, int], options: ExportOptions) -> list[Job]:
    """Return jobs with the largest size that their views can have."""
    return [replace(job, view_px=job.kind.view_px(file_px, options)) for job in jobs]


def _within_memory(photo: Photo, jobs: Sequence[Job], options: ExportOptions) -> tuple[Photo, MemoryUse | None]:
    """Return the photo, made smaller if there is a limit that asks for it."""
    drawn_px = max((job.view_px for job in jobs if isinstance(job.kind, DrawnKind)), default=(1, 1))
    is_visited = any(isinstance(job.kind, SceneKind) for job in jobs)
    photo, memory = within_memory(photo, drawn_px, options.max_memory, is_visited=is_visited)
    refuse_without_room(photo.size_px, drawn_px, is_visited=is_visited)
    return photo, memory


def _planned(
    photo: Photo, depth: DepthMap, jobs: Sequence[Job], file_px: tuple[int, int], options: ExportOptions
) -> Plan:
    """Return the plan: size, cameras, eyes and lens of every job that is drawn.

    `file_px` is the size of what is shown of the file, of which the photo may be a smaller copy.
    """
    if options.aspect is not None:
        photo, depth = cut_around_subject(photo, depth, options.aspect)
    scene_depth = scene_depth_of(depth)
    f_px = photo.f_px * file_px[0] / photo.size_px[0]
    shots = [
        job.kind.plan(
            job.items, scene_depth, view_of(scene_depth, job.kind.view_px(file_px, options, f_px=f_px)), options
        )
        for job in jobs
        if isinstance(job.kind, DrawnKind)
    ]
    return Plan(photo, depth, scene_depth, options, tuple(jobs), tuple(shots))


def _written(
    plan: Plan, profile: Profile, run: _Run, memory: MemoryUse | None, devices: Callable[[], tuple[str, ...]]
) -> ExportReport:
    """Make all files of a plan."""
    shots, scenes = plan.shots, [job for job in plan.jobs if isinstance(job.kind, SceneKind)]
    with run.clock.stage("depth files"):
        written = run.depth_files(plan)
    scene: SceneFacts | None = None
    drawn_on: list[str] = []
    busy: dict[str, float] = {}
    if shots or scenes:
        with run.stage("scene", shown="layers"):
            built = profile.build(plan.photo, plan.depth, shots, plan.scene_depth, is_visited=bool(scenes))
        scene = built.facts
        if built.layers is not None and scenes:
            with run.stage("triangles", shown="triangles"):
                written += run.scene_files(plan, scenes, built.layers)
        if shots:
            drawn, drawn_on, render_s = run.drawn_files(plan, built)
            written = drawn + written
            busy = {"render": render_s, "encode": sum(one.file.encode_s for one in written)}
    if not written:
        raise run.failed[0].error
    pair = next((shot for shot in shots if shot.rig and shot.output in {one.output for one in written}), None)
    made = Made(scene, tuple(drawn_on), memory, devices())
    return ExportReport(
        photo=run.photo,
        written=tuple(written),
        stereo={name: value for name, value in vars(pair.rig).items() if isinstance(value, float)} if pair else {},
        comfort=pair.comfort if pair else None,
        explanation=explain(plan.photo, plan.depth, plan.scene_depth, shots, made, plan.options),
        seconds=run.clock.seconds | busy,
        failed=tuple(run.failed),
        is_fov_assumed=plan.photo.f_source == "guess",
    )


def _untold(stage: str, done: int, total: int) -> None:
    """Report progress to nobody."""


@dataclass
class _Run:
    """One export under way: what took how long, which files are there, and what failed."""

    photo: str
    overwrite: bool
    told: Progress
    clock: Stopwatch = field(default_factory=Stopwatch)
    failed: list[Failure] = field(default_factory=list)
    made: list[FileSummary] = field(default_factory=list)

    @contextmanager
    def all_or_none(self) -> Iterator[None]:
        """Leave nothing of what was made if something raises."""
        with all_or_none(paths_of(self.made), overwrite=self.overwrite):
            yield
            check_there(paths_of(self.made))

    @contextmanager
    def stage(self, name: str, *, shown: str) -> Iterator[None]:
        """Take the time of a stage, and tell of its begin and end."""
        self.told(shown, 0, 1)
        with self.clock.stage(name):
            yield
        self.told(shown, 1, 1)

    def that_can_be_made(self, jobs: Sequence[Job], options: ExportOptions) -> list[Job]:
        """Check all files, and return jobs with those for which no library is missing.

        Raises:
            InputError: if a format cannot hold the pictures, or libraries are missing for all files.
        """
        there: list[Job] = []
        for job in jobs:
            missing: dict[str, MissingExtraError] = {}
            items: list[Item] = []
            for item in job.items:
                try:
                    check_items(job.view_px, [item], options)
                    items.append(item)
                except MissingExtraError as error:
                    missing[str(error)] = error
            self.failed += [Failure(job.kind.name, error) for error in missing.values()]
            there += [replace(job, items=tuple(items))] if items else []
        if not there:
            raise self.failed[0].error
        return there

    def written(self, output: str, items: Sequence[Item], write: Callable[[], list[FileSummary]]) -> list[Written]:
        """Return the files that an output's writer makes; if it cannot, only this output is lost."""
        written: list[Written] = []
        with costing_only(output, self.failed):
            files = write()
            self.made += files
            written += [Written(output, item, file) for item, file in zip(items, files, strict=True)]
        return written

    def depth_files(self, plan: Plan) -> list[Written]:
        """Write what is made of the depth alone, each output in its own size."""
        written: list[Written] = []
        for job in (job for job in plan.jobs if isinstance(job.kind, DepthKind)):
            photo, depth = sized(plan.photo, plan.depth, min(job.view_px, plan.photo.size_px))
            facts = Facts(depth.f_px, credits=photo.credits)
            write = partial(write_depth_items, photo, depth, job.items, facts, plan.options)
            written += self.written(job.kind.name, job.items, write)
        return written

    def scene_files(self, plan: Plan, jobs: Sequence[Job], layers: Scene) -> list[Written]:
        """Write the files that hold the scene."""
        viewable = _viewable(plan, jobs[0].kind.name, layers)
        facts = Facts(plan.photo.f_px, credits=plan.photo.credits)
        written: list[Written] = []
        for job in jobs:
            if job.kind.name == "embed" and "gltf" in {one.output for one in self.failed}:
                error = InputError("the page would show the GLB, which could not be written")
                self.failed.append(Failure("embed", error))
                continue
            write = partial(write_scene_items, viewable, job.items, facts, plan.options)
            written += self.written(job.kind.name, job.items, write)
        return written

    def drawn_files(self, plan: Plan, built: Built) -> tuple[list[Written], list[str], float]:
        """Draw the shots one after the other, what comes again only once, and write their files as they come.

        Return the files too, what they were drawn on, and how long that took. Shots that look through one lens share
        what draws them.
        """
        largest_px = max(shot.view.size_px for shot in plan.shots)
        kept_bytes = repeats_bytes(plan.photo.size_px, largest_px, plan.options.max_memory)
        sources = [shot.sources_within(kept_bytes) for shot in plan.shots]
        total, done = sum(map(len, sources)), 0
        written: list[Written] = []

        def instants(shot: Shot, own: Sequence[int]) -> Iterator[Views]:
            nonlocal done
            wanted, shows = drawn_frames(own), Counter(own)
            for index, views in zip(wanted, shot.seen(drawings[shot.lens].frames, wanted), strict=True):
                yield views
                done += shows[index]
                self.told("frames", done, total)

        with self.clock.stage("scene"):
            drawings = {
                lens: built.drawing([shot for shot in plan.shots if shot.lens == lens])
                for lens in dict.fromkeys(shot.lens for shot in plan.shots)
            }
        self.told("frames", 0, total)
        with self.clock.stage("video"), ExitStack() as open_drawings:
            for drawing in drawings.values():
                open_drawings.enter_context(drawing)
            for shot, own in zip(plan.shots, sources, strict=True):
                facts = replace(shot.facts, sources=own, credits=plan.photo.credits)
                write = partial(write_items, instants(shot, own), shot.items, facts, plan.options)
                written += self.written(shot.output, shot.items, write)
        titles = [drawing.title for drawing in drawings.values()]
        return written, list(dict.fromkeys(titles)), sum(drawing.busy_s for drawing in drawings.values())


def _viewable(plan: Plan, output: str, layers: Scene) -> ViewableScene:
    """Return the scene as triangles, with the path that its camera takes."""
    path = replace(path_options(output, plan.options), fps=SCENE_KEYS_PER_S)
    return viewable_scene_of(
        layers,
        plan.photo,
        plan.depth,
        plan.scene_depth,
        moves=moves_along(path, plan.scene_depth),
        fps=SCENE_KEYS_PER_S,
        ipd_m=plan.options.ipd_mm / 1000,
        surround=plan.options.surround,
        most_triangles=plan.options.triangles,
    )
