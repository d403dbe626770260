"""A running export: write the files of a plan, and keep track of time and failures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial

from kbvr.depth.depth_map import sized
from kbvr.errors import InputError, KbvrError, MissingExtraError, OutputError
from kbvr.formats.spec.format import Facts, FileSummary, Item, Views
from kbvr.formats.write import check_items, paths_of, write_in_turn, write_items
from kbvr.ldi.scene import Scene
from kbvr.making.plan import Job, Plan
from kbvr.making.report import Failure, Written
from kbvr.mesh.viewable_scene import KEYS_PER_S, ViewableScene, viewable_scene_of
from kbvr.motion.frame_reuse import drawn_frames
from kbvr.motion.paths import moves_along
from kbvr.options.export_options import ExportOptions
from kbvr.plan.from_options import path_options
from kbvr.plan.memory_budget import repeats_bytes
from kbvr.plan.output_kinds import DepthKind
from kbvr.plan.shots import Shot
from kbvr.profiles.choose import Built
from kbvr.system.atomic_file import all_or_none, check_still_exist
from kbvr.system.stopwatch import Stopwatch

Progress = Callable[[str, int, int], None]
"""Called with a stage's name, its finished steps and its total steps."""


@dataclass
class Run:
    """A running export."""

    photo: str
    overwrite: bool
    progress: Progress
    clock: Stopwatch = field(default_factory=Stopwatch)
    failed: list[Failure] = field(default_factory=list)
    made: list[FileSummary] = field(default_factory=list)

    @contextmanager
    def all_or_none(self) -> Iterator[None]:
        """Remove all written files if something raises."""
        with all_or_none(paths_of(self.made), overwrite=self.overwrite):
            yield
            check_still_exist(paths_of(self.made))

    @contextmanager
    def stage(self, name: str, *, title: str = "") -> Iterator[None]:
        """Measure the time of a stage, and report its start and end under its title or its name."""
        self.progress(title or name, 0, 1)
        with self.clock.stage(name):
            yield
        self.progress(title or name, 1, 1)

    def with_installed_extras(self, jobs: Sequence[Job], options: ExportOptions) -> list[Job]:
        """Check all files; return the jobs without files that require a missing library, which are noted as failed.

        Raises:
            InputError: if a format cannot hold the pictures, or no file is left.
        """
        possible: list[Job] = []
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
            possible += [replace(job, items=tuple(items))] if items else []
        if not possible:
            raise self.failed[0].error
        return possible

    def written(self, output: str, items: Sequence[Item], write: Callable[[], list[FileSummary]]) -> list[Written]:
        """Write the files of an output; if that fails, only this output is lost.

        System errors, such as a full disk or a removed folder, are raised: they would affect the others too.
        """
        try:
            files = write()
        except KbvrError as error:
            if isinstance(error, OutputError) and isinstance(error.__cause__, OSError):
                raise
            self.failed.append(Failure(output, error))
            return []
        self.made += files
        return [Written(output, item, file) for item, file in zip(items, files, strict=True)]

    def depth_files(self, plan: Plan) -> list[Written]:
        """Write the files made from the depth alone, each output in its own size."""
        written: list[Written] = []
        for job in plan.jobs:
            if not isinstance(job.kind, DepthKind):
                continue
            photo, depth = sized(plan.photo, plan.depth, min(job.view_px, plan.photo.size_px))
            facts = Facts(depth.f_px, credits=photo.credits)
            write = partial(write_in_turn, (photo, depth), job.items, facts, plan.options)
            written += self.written(job.kind.name, job.items, write)
        return written

    def scene_files(self, plan: Plan, jobs: Sequence[Job], layers: Scene) -> list[Written]:
        """Write the files that hold the scene."""
        viewable = _viewable(plan, jobs[0].kind.name, layers)
        facts = Facts(plan.photo.f_px, credits=plan.photo.credits)
        written: list[Written] = []
        for job in jobs:
            if job.kind.name == "embed" and "gltf" in {failure.output for failure in self.failed}:
                error = InputError("the page needs the GLB, which could not be written")
                self.failed.append(Failure("embed", error))
                continue
            write = partial(write_in_turn, viewable, job.items, facts, plan.options)
            written += self.written(job.kind.name, job.items, write)
        return written

    def drawn_files(self, plan: Plan, built: Built) -> tuple[list[Written], list[str], float]:
        """Render the shots one after the other, repeated frames only once, and write their files meanwhile.

        Return the files, the names of the renderers, and the seconds they were busy. Shots with the same lens share
        a renderer.
        """
        largest_px = max(shot.view.size_px for shot in plan.shots)
        kept_bytes = repeats_bytes(plan.photo.size_px, largest_px, plan.options.max_memory)
        sources = [shot.sources_within(kept_bytes) for shot in plan.shots]
        total, done = sum(map(len, sources)), 0
        written: list[Written] = []

        def instants(shot: Shot, shot_sources: Sequence[int]) -> Iterator[Views]:
            nonlocal done
            drawn, repeats = drawn_frames(shot_sources), Counter(shot_sources)
            for index, views in zip(drawn, shot.views_at(drawn, drawings[shot.lens].frames), strict=True):
                yield views
                done += repeats[index]
                self.progress("frames", done, total)

        with self.clock.stage("scene"):
            drawings = {
                lens: built.drawing([shot for shot in plan.shots if shot.lens == lens])
                for lens in dict.fromkeys(shot.lens for shot in plan.shots)
            }
        self.progress("frames", 0, total)
        with self.clock.stage("video"), ExitStack() as open_drawings:
            for drawing in drawings.values():
                open_drawings.enter_context(drawing)
            for shot, shot_sources in zip(plan.shots, sources, strict=True):
                facts = replace(shot.facts, sources=shot_sources, credits=plan.photo.credits)
                write = partial(write_items, instants(shot, shot_sources), shot.items, facts, plan.options)
                written += self.written(shot.output, shot.items, write)
        titles = [drawing.title for drawing in drawings.values()]
        return written, list(dict.fromkeys(titles)), sum(drawing.busy_s for drawing in drawings.values())


def _viewable(plan: Plan, output: str, layers: Scene) -> ViewableScene:
    assert plan.head_box is not None, "plans with scenes have one"
    path = replace(path_options(output, plan.options), fps=KEYS_PER_S)
    return viewable_scene_of(
        layers,
        plan.photo,
        plan.depth,
        plan.scene_depth,
        path=moves_along(path, plan.landmarks),
        head_box=plan.head_box,
        subject=plan.landmarks.subject,
        surround=plan.options.surround,
        max_triangles=plan.options.triangles,
    )
