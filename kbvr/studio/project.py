"""A project in the library: what pages know of it, whether it is open or not."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Any, Literal

from filelock import FileLock, Timeout

from kbvr.errors import InputError, OutputError
from kbvr.studio.open_project import OpenProject
from kbvr.studio.project_folder import DamagedProjectError, ProjectFile, make_folder, photo_path, refuse_links
from kbvr.system.atomic_file import atomic_write

_log = logging.getLogger(__name__)

Stage = Literal["waiting", "reading", "depth", "triangles", "ready", "failed"]

LOCK = ".lock"
"""The file that a studio locks while it may write to a project."""

OPEN_ELSEWHERE = "This project is open in another kbvr studio. Close that one first."


@dataclass(frozen=True)
class SceneState:
    """The scene that a page can load."""

    revision: int
    is_refined: bool
    depth_revision: int


class Project:
    """A project in the library; whoever changes it holds `lock`."""

    def __init__(
        self, number: str, folder: Path, content: ProjectFile | None, *, problem: str = "", is_own: bool = True
    ) -> None:
        """Give its id, its folder (which need not exist yet), and project.json, or None if that is damaged.

        `is_own` says whether the folder lies in the studio's folder of projects.
        """
        self.id = number
        self.folder = folder
        self.content = content
        self.is_own = is_own
        self.problem = problem
        self.stage: Stage = "failed" if problem else "waiting"
        self.share: float | None = None
        self.size_px: tuple[int, int] | None = None
        self.scene: SceneState | None = None
        self.thumbnail: bytes | None = None
        """A JPEG, of a photo that nobody has opened."""
        self.open: OpenProject | None = None
        self.lock = RLock()
        self.is_removed = False
        self._file_lock: FileLock | None = None

    @property
    def name(self) -> str:
        """The name that people see."""
        return self.content.photo_name if self.content else self.folder.stem

    @property
    def photo(self) -> Path | None:
        """The path of its photo; None if the project is damaged."""
        return photo_path(self.folder, self.content) if self.content else None

    @property
    def cache(self) -> Path:
        """The folder of what can be made again."""
        return self.folder / "cache"

    @property
    def has_stored_thumbnail(self) -> bool:
        """Whether there is one in the cache; nothing is read from the folder of a damaged project."""
        return self.content is not None and (self.cache / "thumbnail.jpg").exists()

    @property
    def has_links(self) -> bool:
        """Whether files in its folder are links, so that nothing is written there."""
        try:
            refuse_links(self.folder)
        except DamagedProjectError:
            return True
        return False

    def hold(self) -> None:
        """Make the project's folder if there is none, and keep other studios from writing to it.

        Raises:
            InputError: if another studio has it open, or there are links in the folder.
            OutputError: if the folder cannot be written.
        """
        with self.lock:
            if self._file_lock is not None:
                return
            if self.is_removed:
                raise InputError("This project has been removed.")
            if not self.folder.exists():
                self._make_folder()
            refuse_links(self.folder)
            try:
                file_lock = FileLock(self.folder / LOCK, thread_local=False)  # any thread lets it go
                file_lock.acquire(timeout=0)
            except Timeout:
                raise InputError(OPEN_ELSEWHERE) from None
            except OSError as error:
                raise OutputError(f"cannot write to {self.folder}: {error.strerror or error}") from error
            self._file_lock = file_lock

    def is_open_elsewhere(self) -> bool:
        """Return whether another studio keeps this one from writing to the project."""
        with self.lock:
            if self._file_lock is not None or not self.folder.is_dir():
                return False
            file_lock = FileLock(self.folder / LOCK)
            try:
                file_lock.acquire(timeout=0)
            except Timeout:
                return True
            except OSError:
                return False
            file_lock.release()
            return False

    def _make_folder(self) -> None:
        if self.content is None or photo_path(self.folder, self.content).is_relative_to(self.folder):
            raise InputError(f"The project's folder {self.folder} is missing.")
        make_folder(self.folder, self.content)

    def let_go(self) -> None:
        """Let other studios write to the project."""
        with self.lock:
            if self._file_lock is not None:
                self._file_lock.release()
                self._file_lock = None

    def keep(self, name: str, content: bytes) -> None:
        """Write a file of the cache, unless the project has been removed.

        Raises:
            OutputError: if it cannot be written.
        """
        with self.lock:
            if not self.is_removed:
                with atomic_write(self.cache / name, overwrite=True) as temporary:
                    temporary.write_bytes(content)

    def save_depth(self) -> None:
        """Write what was mended last, before the depth in the folder is used.

        Raises:
            OutputError: if it cannot be written.
        """
        if self.open is not None and self.open.editor is not None:
            self.open.editor.flush()

    def end_editing(self) -> None:
        """Write what was mended last; a disk that is full is reported in the log."""
        if self.open is None:
            return
        editor, self.open.editor = self.open.editor, None
        try:
            if editor is not None:
                editor.close()
        except OutputError as error:
            _log.warning("%s", error)

    def state(self) -> dict[str, Any]:
        """Return what pages know of it."""
        with self.lock:
            opened, content = self.open, self.content
            return {
                "id": self.id,
                "name": self.name,
                "revision": content.revision if content else 0,
                "stage": self.stage,
                "share": self.share,
                "problem": self.problem,
                "is_own": self.is_own,
                "has_thumbnail": self.thumbnail is not None or self.has_stored_thumbnail,
                "options": dict(content.options) if content else {},
                "size_px": self.size_px,
                "working_px": opened.photo.size_px if opened else None,
                "f_px": opened.photo.f_px if opened else None,
                "scene": {"revision": self.scene.revision, "is_refined": self.scene.is_refined} if self.scene else None,
                "depth": {"revision": opened.depth_revision, "is_mended": opened.is_mended} if opened else None,
            }
