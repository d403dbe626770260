"""What all parts of a studio share: its projects, its events, and the work in the background."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from time import monotonic

from kbvr.serving.worker import Worker
from kbvr.studio.events import Events
from kbvr.studio.exporting.folders import BATCHES
from kbvr.studio.exporting.history import NAME as HISTORY
from kbvr.studio.exporting.interrupted import is_batch_running, remove_left
from kbvr.studio.exporting.queue import ExportQueue
from kbvr.studio.library import Library
from kbvr.studio.making import Making
from kbvr.studio.project import Project

WATCHED_S = 40.0
"""How long after its last request a page is assumed to be open."""

EXPORTS = "exports"
"""The folder of finished exports, in that of a project."""

MAX_UPLOAD_BYTES = 512 * 10**6


class Workspace:
    """Projects, and what is made of them."""

    max_body_bytes = MAX_UPLOAD_BYTES
    """Maximum length of a request's body."""

    def __init__(
        self,
        projects_folder: Path,
        photos: Sequence[Path] = (),
        *,
        is_lan: bool = False,
        new_worker: Callable[[str], Worker] = Worker,
    ) -> None:
        """Give the folder where projects are kept, and photos, projects and folders of photos to show.

        `new_worker` returns a process that has a module loaded.

        Raises:
            InputError: if one does not exist.
        """
        self.is_lan = is_lan
        self._asked_s = monotonic()
        self.events = Events(self._project_state)
        self.projects = Library(projects_folder, self.events)
        self.given = self.projects.add_given(photos)
        self.making = Making(self.events, self._is_watched, self.projects.save, new_worker)
        self.exports = ExportQueue(self.events.changed_export, new_worker)
        if len(self.given) == 1:
            self.making.open(self.given[0])  # before the page asks for it
        for project in self.projects:
            self._list(project)
        for batch in sorted(projects_folder.glob(f"{BATCHES}*")):
            self._adopt(batch, partial(is_batch_running, batch))

    def bring_back(self, number: str) -> Project:
        """List a project again that was removed, with its exports, under another id. The errors are the library's."""
        project = self.projects.bring_back(number)
        self._list(project)
        return project

    def close(self) -> None:
        """End all work in the background."""
        self.exports.close()
        for project in self.projects:
            project.end_editing()
        self.events.close()
        self.making.close()
        for project in self.projects:
            project.let_go()

    def note_request(self) -> None:
        """Note that a page is open."""
        self._asked_s = monotonic()

    def _list(self, project: Project) -> None:
        """Show a project as a thumbnail, and list its exports."""
        self.making.thumbnail(project)
        if not project.has_links:
            self._adopt(project.folder / EXPORTS, project.is_open_elsewhere, (project.id,))

    def _adopt(self, folder: Path, is_in_use: Callable[[], bool], projects: tuple[str, ...] = ()) -> None:
        """List the exports of an earlier studio, and remove what it left unfinished."""
        self.exports.adopt(folder, projects, is_in_use)
        if projects or (folder / HISTORY).is_file():
            remove_left(folder, is_in_use)

    def _is_watched(self) -> bool:
        return monotonic() - self._asked_s < WATCHED_S

    def _project_state(self, number: str) -> dict[str, object] | None:
        project = self.projects.find(number)
        return project.state() if project else None
