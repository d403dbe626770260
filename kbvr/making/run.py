"""One export under way: it writes the files of a plan, and keeps what took how long and what failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial

from kbvr.depth.depth_map import sized
from kbvr.errors import InputError, MissingExtraError
from kbvr.formats.spec.format import Facts, FileSummary, Item, Views
from kbvr.formats.write import check_items, paths_of, write_depth_items, write_items, write_scene_items
from kbvr.ldi.scene import Scene
from kbvr.making.plan import Job, Plan
from kbvr.making.report import Written
from kbvr.mesh.viewable_scene import CameraPath, ViewableScene, viewable_scene_of
from kbvr.motion.frame_reuse import drawn_frames
from kbvr.motion.paths import moves_along
from kbvr.options.export_options import ExportOptions
from kbvr.plan.failures import Failure, costing_only
from kbvr.plan.from_options import SCENE_KEYS_PER_S, path_options
from kbvr.plan.memory_budget import repeats_bytes
from kbvr.plan.output_kinds import DepthKind
from kbvr.plan.shots import Shot
from kbvr.profiles.protocol import Built
from kbvr.system.atomic_file import all_or_none, check_there
from kbvr.system.stopwatch import Stopwatch

Progress = Callable[[str, int, int], None]
"""Told of a stage's name, what is done of it, and how much there is in all."""


@dataclass
class Run:
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
        path=CameraPath(tuple(moves_along(path, plan.scene_depth)), SCENE_KEYS_PER_S),
        ipd_m=plan.options.ipd_mm / 1000,
        surround=plan.options.surround,
        max_triangles=plan.options.triangles,
    )
