"""Projects that have been removed, and how they come back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kbvr.errors import OutputError
from kbvr.studio.folder_names import free_path
from kbvr.studio.project_folder import ProjectFile

TRASH = "trash"


@dataclass(frozen=True)
class Removed:
    """A project that was removed."""

    folder: Path
    """Where it was."""

    content: ProjectFile | None
    in_trash: Path | None
    """Where its folder is now; None if it was not moved, or there was none."""

    def bring_back(self, taken: Iterable[Path]) -> Path:
        """Move the folder out of the trash, to where it was or beside that; return where the project is now.

        Raises:
            OutputError: if it cannot be moved.
        """
        if self.in_trash is None:
            return self.folder
        return _moved(self.in_trash, free_path(self.folder, taken))


def move_to_trash(folder: Path) -> Path:
    """Move the folder of a project into the trash beside it; return where it is then.

    Raises:
        OutputError: if it cannot be moved.
    """
    return _moved(folder, free_path(folder.parent / TRASH / folder.name))


def _moved(folder: Path, target: Path) -> Path:
    try:
        target.parent.mkdir(exist_ok=True)
        return folder.rename(target)
    except OSError as error:
        raise OutputError(f"cannot move {folder}: {error.strerror or error}") from error
