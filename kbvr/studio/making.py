"""Making what a project shows, stage by stage: the photo, its depth, a scene at once, and a better scene when idle."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from threading import Lock
from typing import Any

from kbvr.errors import InputError, OutputError
from kbvr.serving.worker import Worker
from kbvr.studio.events import Events
from kbvr.studio.mending.opening import recover
from kbvr.studio.open_project import OpenProject
from kbvr.studio.opening import Opening, check_there
from kbvr.studio.photo_worker import DEPTH_NAMES, SCENE_NAMES
from kbvr.studio.problems import CRASHED, KILLED, problem_of
from kbvr.studio.project import Project, SceneState, Stage
from kbvr.studio.work_queue import WorkQueue
from kbvr.system.isolated_process import EndedError, Request, TimeUpError

logger = logging.getLogger(__name__)

MODULE = "kbvr.studio.photo_worker"
LIMIT_S = 600.0

READING = ("read", "thumbnail")
"""Functions of the worker that decode photos, which may crash it."""

REBUILD_AFTER_S, REFINE_AFTER_S = 0.4, 1.5
"""How long nothing has changed before a scene is made again, and before what nobody waits for is done."""

NOW, SOON, LATER = range(3)
"""Urgency: the project that is looked at, others that people have opened, and thumbnails."""


class Making:
    """The work on all projects: at most one photo at a time, and beside it one better scene."""

    def __init__(
        self,
        events: Events,
        is_watched: Callable[[], bool],
        save: Callable[[Project], None],
        new_worker: Callable[[str], Worker] = Worker,
    ) -> None:
        """Begin; nothing is made yet.

        Args:
            events: what tells pages of changes.
            is_watched: says whether a page is open, for which the process is kept.
            save: writes project.json.
            new_worker: returns a process that has a module loaded.
        """
        self._events = events
        self._is_watched = is_watched
        self._opening = Opening(self._call, self._enter, save)
        self._worker, self._refiner = new_worker(MODULE), new_worker(MODULE)
        self._quick = WorkQueue("kbvr-studio", idle=self._keep_ready)
        self._slow = WorkQueue("kbvr-studio-refining")
        self._looked_at = ""
        self._thumbnail_turn = Lock()
        self._quick.put("warm up", lambda: self._prepare("warm_up"), urgency=SOON)

    def open(self, project: Project, *, urgency: int = NOW) -> None:
        """Make what a project lacks, unless that is being done. With NOW, it is the project that is looked at."""
        if urgency == NOW:
            self._looked_at = project.id
        with project.lock:
            if project.scene is not None and not project.scene.is_refined:
                self._refine_later(project)
            if project.open is not None and project.scene is None and project.stage == "failed":
                self.rebuild(project)
            if project.open is None and project.stage in ("waiting", "failed") and project.content is not None:
                self._quick.put(("open", project.id), lambda: self._open(project), urgency=urgency)

    def thumbnail(self, project: Project) -> None:
        """Make the thumbnail of a project that nobody has opened."""
        if project.content is not None and not (project.cache / "thumbnail.jpg").exists():
            self._quick.put(("thumbnail", project.id), lambda: self._thumbnail(project), urgency=LATER)

    def options_changed(self, project: Project, before: Mapping[str, str]) -> None:
        """Make again what depends on options that have changed."""
        after = project.content.options if project.content else {}
        changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
        if project.open is None:
            return
        if changed & {*DEPTH_NAMES}:
            self._quick.put(("depth", project.id), lambda: self._renew(project), delay_s=REBUILD_AFTER_S)
        elif changed & {*SCENE_NAMES}:
            self.rebuild(project)

    def thumbnail_now(self, project: Project) -> bytes:
        """Return the thumbnail of a project that nobody has opened. The errors are those of `load_photo`."""
        with self._thumbnail_turn:
            if project.thumbnail is None:
                project.thumbnail = self._call("thumbnail", project.photo)
            return project.thumbnail

    def rebuild(self, project: Project) -> None:
        """Make the scene again when the depth has not changed for a moment."""
        self._slow.forget(("refine", project.id))
        self._quick.put(("scene", project.id), lambda: self._build(project), delay_s=REBUILD_AFTER_S)
        self._events.changed_project(project.id)

    def forget(self, project: Project) -> None:
        """Do no more work on a project."""
        for kind in ("open", "thumbnail", "depth", "scene"):
            self._quick.forget((kind, project.id))
        for kind in ("refine", "store"):
            self._slow.forget((kind, project.id))

    def tinted(self, project: Project) -> None:
        """Write tinted.glb into the cache: the current scene, with what is invented in a colour of its own.

        The errors are those of `kbvr.export`.
        """
        project.keep("tinted.glb", self._of_scene("tinted", project))

    def layers(self, project: Project) -> list[str]:
        """Write layer-K.png into the cache for every layer, from front to back; return their names."""
        pictures = self._of_scene("layers", project)
        for index, picture in enumerate(pictures):
            project.keep(f"layer-{index}.png", picture.png)
        return [picture.name for picture in pictures]

    def close(self) -> None:
        """End all work."""
        self._quick.stop()
        self._slow.stop()
        self._worker.close()
        self._refiner.close()
        self._quick.close()
        self._slow.close()

    def _keep_ready(self) -> None:
        """Ask the process to stay, which ends after a minute without work."""
        if self._is_watched():
            self._prepare("ready")

    def _prepare(self, function: str) -> None:
        """Call a function that only saves time later: a photo's own work says what is wrong."""
        try:
            self._call(function)
        except Exception as error:  # noqa: BLE001
            logger.debug("the process was not prepared: %s", error)

    def _call(self, function: str, *arguments: Any, worker: Worker | None = None) -> Any:
        """Call a function of the worker.

        Raises:
            InputError: if the process crashed while it read a photo.
        """
        try:
            return (worker or self._worker).call(Request(f"{MODULE}:{function}", arguments, LIMIT_S))
        except EndedError as error:
            if function not in READING or isinstance(error, TimeUpError) or error.exit_code in (0, KILLED):
                raise
            raise InputError(CRASHED) from error

    def _enter(self, project: Project, stage: Stage, problem: str = "") -> None:
        with project.lock:
            project.stage, project.problem = stage, problem
        self._events.changed_project(project.id)

    def _open(self, project: Project) -> None:
        if project.open is not None or project.is_removed:
            return
        try:
            project.hold()
            found = self._opening.open(project)
        except Exception as error:  # noqa: BLE001  told in words
            project.let_go()
            self._enter(project, "failed", problem_of(error, project.photo))
            return
        with project.lock:
            project.open = OpenProject(
                project.folder,
                found.photo,
                found.depth,
                automatic_depth=found.automatic_depth,
                is_mended=found.is_mended,
                options=lambda: project.content.options if project.content else {},
                depth_changed=lambda: self.rebuild(project),
            )
        self._recover(project.open)
        self._store(project)
        self._build(project)

    def _recover(self, opened: OpenProject) -> None:
        """Do again what was mended and not saved when a server was killed."""
        try:
            recover(opened)
        except OutputError as error:
            self._events.note(str(error))

    def _renew(self, project: Project) -> None:
        """Estimate the depth again with other options."""
        opened = project.open
        if opened is None:
            return
        try:
            photo, automatic_depth = self._opening.estimate_again(project)
        except Exception as error:  # noqa: BLE001  told in words
            self._events.note(problem_of(error, project.photo))
            self._enter(project, "ready")
            return
        depth = automatic_depth
        if opened.is_mended:  # what people have mended stays; only the focal length may be another
            depth = replace(opened.depth, f_px=automatic_depth.f_px)
        opened.renew(photo, depth, automatic_depth)
        self._store(project)

    def _store(self, project: Project) -> None:
        """Write the depth when the first scene, for which people wait, has been made."""

        def store() -> None:
            self._opening.store(project)

        self._slow.put(("store", project.id), store, delay_s=REFINE_AFTER_S, is_owed=True)

    def _build(self, project: Project) -> None:
        """Make a scene of the current depth, quickly, and later a better one."""
        self._make_scene(project, is_refined=False)
        if project.stage == "ready" and not project.is_removed:
            self._refine_later(project)

    def _refine_later(self, project: Project) -> None:
        """Make a better scene when nothing changes any more, if the project is looked at."""

        def refine() -> None:
            if self._looked_at == project.id:
                self._make_scene(project, is_refined=True)

        self._slow.put(("refine", project.id), refine, delay_s=REFINE_AFTER_S)

    def _make_scene(self, project: Project, *, is_refined: bool) -> None:
        opened = project.open
        if opened is None or project.is_removed:
            return
        if project.scene is None:
            self._enter(project, "triangles")
        with opened.lock:
            depth, depth_revision, options = opened.depth, opened.depth_revision, dict(opened.options)
        try:
            if is_refined:
                glb = self._call("refine", project.photo, depth, options, worker=self._refiner)
            else:
                glb = self._of_scene("preview", project)
            with project.lock:
                is_other = opened.depth_revision != depth_revision or not _look_alike(options, opened.options)
                if is_refined and is_other:  # it is made again by whoever has changed it
                    return
                project.keep("scene.glb", glb)
                revision = project.scene.revision + 1 if project.scene else 1
                project.scene = SceneState(revision, is_refined, depth_revision)
        except Exception as error:  # noqa: BLE001  told in words
            problem = problem_of(error, project.photo)
            if project.scene is None:
                self._enter(project, "failed", problem)
            else:
                self._events.note(problem)
            return
        self._enter(project, "ready")

    def _of_scene(self, function: str, project: Project) -> Any:
        """Call a function of the worker about the preview of a project's current depth."""
        opened = project.open
        assert opened is not None, "only open projects have scenes"
        with opened.lock:
            photo, depth, options = opened.photo, opened.depth, dict(opened.options)
            key = json.dumps([project.id, opened.depth_revision, [options.get(name) for name in SCENE_NAMES]])
        return self._call(function, photo, depth, options, key)

    def _thumbnail(self, project: Project) -> None:
        if project.photo is None or project.open is not None:
            return
        try:
            check_there(project)
            self.thumbnail_now(project)
        except Exception as error:  # noqa: BLE001  told in words
            self._enter(project, "failed", problem_of(error, project.photo))
            return
        self._events.changed_project(project.id)


def _look_alike(options: Mapping[str, str], others: Mapping[str, str]) -> bool:
    """Return whether a scene looks the same with both."""
    return all(options.get(name) == others.get(name) for name in (*DEPTH_NAMES, *SCENE_NAMES))
