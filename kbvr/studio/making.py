"""Making what a project shows, stage by stage: the photo, its depth, a scene at once, and a better scene when idle."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kbvr.depth.depth_map import DepthMap
from kbvr.errors import OutputError
from kbvr.photo.photo import Photo
from kbvr.serving.worker import Worker
from kbvr.studio.events import Events
from kbvr.studio.mending.opening import recover
from kbvr.studio.open_project import OpenProject
from kbvr.studio.problems import problem_of
from kbvr.studio.project import Project, SceneState, Stage
from kbvr.studio.stored_depth import read_stored_depth, write_stored_depth
from kbvr.studio.work_queue import WorkQueue
from kbvr.system.isolated_process import Request

logger = logging.getLogger(__name__)

MODULE = "kbvr.studio.photo_worker"
LIMIT_S = 600.0

REBUILD_AFTER_S, REFINE_AFTER_S = 0.4, 1.5
"""How long nothing has changed before a scene is made again, and before a better one is made."""

NOW, SOON, LATER = range(3)
"""Urgency: the project that is looked at, others that people have opened, and thumbnails."""


class Making:
    """The work on all projects: at most one photo at a time, and beside it one better scene."""

    def __init__(self, events: Events, is_watched: Callable[[], bool]) -> None:
        """`is_watched` says whether a page is open, for which the process is kept ready."""
        self._events = events
        self._is_watched = is_watched
        self._worker, self._refiner = Worker(MODULE), Worker(MODULE)
        self._quick = WorkQueue("kbvr-studio", idle=self._keep_ready)
        self._slow = WorkQueue("kbvr-studio-refining")
        self._quick.put("ready", self._start)

    def open(self, project: Project, *, urgency: int = NOW) -> None:
        """Make what a project lacks, unless that is being done."""
        with project.lock:
            if project.open is None and project.stage in ("waiting", "failed") and project.content is not None:
                self._quick.put(("open", project.id), lambda: self._open(project), urgency=urgency)

    def thumbnail(self, project: Project) -> None:
        """Make the thumbnail of a project that nobody has opened."""
        if not (project.cache / "thumbnail.jpg").exists():
            self._quick.put(("thumbnail", project.id), lambda: self._thumbnail(project), urgency=LATER)

    def rebuild(self, project: Project) -> None:
        """Make the scene again when the depth has not changed for a moment."""
        self._slow.forget(("refine", project.id))
        self._quick.put(("scene", project.id), lambda: self._build(project), delay_s=REBUILD_AFTER_S)
        self._events.changed_project(project.id)

    def close(self) -> None:
        """End all work."""
        self._worker.close()
        self._refiner.close()
        self._quick.close()
        self._slow.close()

    def _start(self) -> None:
        self._call("ready")

    def _keep_ready(self) -> None:
        """Ask the process to stay, which ends after a minute without work."""
        if self._is_watched():
            self._start()

    def _call(self, function: str, *arguments: Any, worker: Worker | None = None) -> Any:
        return (worker or self._worker).call(Request(f"{MODULE}:{function}", arguments, LIMIT_S))

    def _enter(self, project: Project, stage: Stage, problem: str = "") -> None:
        with project.lock:
            project.stage, project.problem = stage, problem
        self._events.changed_project(project.id)

    def _open(self, project: Project) -> None:
        photo = project.photo
        if project.open is not None or photo is None:
            return
        try:
            self._enter(project, "reading")
            project.cache.mkdir(parents=True, exist_ok=True)
            reading = self._call("read", photo, project.cache, None)
            with project.lock:
                project.size_px = reading.size_px
            self._enter(project, "depth")
            depth, is_mended = self._depth(project, reading.photo)
        except Exception as error:  # noqa: BLE001  told in words
            self._enter(project, "failed", problem_of(error, photo))
            return
        with project.lock:
            project.open = OpenProject(
                project.folder,
                reading.photo,
                depth,
                is_mended=is_mended,
                options=lambda: project.content.options if project.content else {},
                depth_changed=lambda: self.rebuild(project),
            )
        self._recover(project.open, project.cache)
        self._build(project)

    def _recover(self, opened: OpenProject, cache: Path) -> None:
        """Do again what was mended and not saved when a server was killed."""
        try:
            recover(opened, cache)
        except OutputError as error:
            logger.warning("%s", error)

    def _depth(self, project: Project, photo: Photo) -> tuple[DepthMap, bool]:
        """Return the depth of a photo, and whether it has been mended."""
        for name in ("depth.png", "automatic_depth.png"):
            if (project.folder / name).exists():
                return read_stored_depth(project.folder / name, photo, project.cache), name == "depth.png"
        assert project.content is not None
        depth: DepthMap = self._call("estimate", photo, project.content.options)
        self._slow.put(("store", project.id), lambda: self._store(project, depth))
        return depth, False

    def _store(self, project: Project, depth: DepthMap) -> None:
        write_stored_depth(project.folder / "automatic_depth.png", depth, project.cache)

    def _build(self, project: Project) -> None:
        """Make a scene of the current depth, quickly."""
        self._make_scene(project, "preview", self._worker)
        if project.stage == "ready":
            self._slow.put(("refine", project.id), lambda: self._refine(project), delay_s=REFINE_AFTER_S)

    def _refine(self, project: Project) -> None:
        self._make_scene(project, "refine", self._refiner)

    def _make_scene(self, project: Project, function: str, worker: Worker) -> None:
        opened = project.open
        if opened is None:
            return
        with opened.lock:
            photo, depth, depth_revision = opened.photo, opened.depth, opened.depth_revision
        is_refined = function == "refine"
        if not is_refined and project.scene is None:
            self._enter(project, "triangles")
        scene = project.cache / ("refined.glb" if is_refined else "scene.glb")
        try:
            self._call(function, project.photo if is_refined else photo, depth, opened.options, scene, worker=worker)
        except Exception as error:  # noqa: BLE001  told in words
            if not is_refined:
                self._enter(project, "failed", problem_of(error, project.photo))
            return
        with project.lock:
            if opened.depth_revision != depth_revision and is_refined:
                return
            if is_refined:
                scene.replace(project.cache / "scene.glb")
            revision = project.scene.revision + 1 if project.scene else 1
            project.scene = SceneState(revision, is_refined, depth_revision)
        self._enter(project, "ready")

    def _thumbnail(self, project: Project) -> None:
        if project.photo is None or project.open is not None:
            return
        try:
            project.thumbnail = self._call("thumbnail", project.photo)
        except Exception as error:  # noqa: BLE001  told in words
            self._enter(project, "failed", problem_of(error, project.photo))
            return
        self._events.changed_project(project.id)
