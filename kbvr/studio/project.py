"""A project in the library: what pages know of it, whether it is open or not."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Any, Literal

from kbvr.errors import OutputError
from kbvr.studio.open_project import OpenProject
from kbvr.studio.project_folder import ProjectFile, photo_path

_log = logging.getLogger(__name__)

Stage = Literal["waiting", "reading", "depth", "layers", "triangles", "ready", "failed"]


@dataclass(frozen=True)
class SceneState:
    """The scene that a page can load."""

    revision: int
    is_refined: bool
    depth_revision: int


class Project:
    """A project in the library; whoever changes it holds `lock`."""

    def __init__(self, number: str, folder: Path, content: ProjectFile | None, *, problem: str = "") -> None:
        """Give its id, its folder (which need not exist yet), and project.json, or None if that is damaged."""
        self.id = number
        self.folder = folder
        self.content = content
        self.problem = problem
        self.stage: Stage = "failed" if problem else "waiting"
        self.share: float | None = None
        self.size_px: tuple[int, int] | None = None
        self.scene: SceneState | None = None
        self.thumbnail: bytes | None = None
        """A JPEG, of a photo that nobody has opened."""
        self.open: OpenProject | None = None
        self.lock = RLock()

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

    def save_depth(self) -> None:
        """Write what was mended last, before the depth in the folder is used.

        Raises:
            OutputError: if it cannot be written.
        """
        if self.open is not None and self.open.editor is not None:
            self.open.editor.flush()

    def end_editing(self) -> None:
        """Write what was mended last; a disk that is full is reported in the log."""
        if self.open is not None and self.open.editor is not None:
            try:
                self.open.editor.close()
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
                "options": dict(content.options) if content else {},
                "size_px": self.size_px,
                "working_px": opened.photo.size_px if opened else None,
                "f_px": opened.photo.f_px if opened else None,
                "scene": {"revision": self.scene.revision, "is_refined": self.scene.is_refined} if self.scene else None,
                "depth": {"revision": opened.depth_revision, "is_mended": opened.is_mended} if opened else None,
            }
