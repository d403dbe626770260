"""The export of one project, into a folder of its own."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kbvr.studio.exporting import export_worker
from kbvr.studio.exporting.export import Export, PhotoToExport
from kbvr.studio.exporting.export_process import ExportProcess, progress_in
from kbvr.studio.exporting.export_worker import Made
from kbvr.studio.exporting.folders import folder_name, free_folder
from kbvr.studio.exporting.problems import in_words, without_temporary
from kbvr.studio.option_texts import parsed
from kbvr.system.atomic_file import temporary_folder
from kbvr.system.isolated_process import Request

LIMIT_S = 4 * 3600.0


@dataclass(frozen=True)
class SingleExport:
    """Everything that is made of one photo; its files appear together, when all are complete."""

    photo: PhotoToExport

    @property
    def history(self) -> Path:
        """The folder whose list of exports it belongs to."""
        return self.photo.exports

    def hold(self) -> None:
        """Do nothing: the studio holds its project."""

    def let_go(self) -> None:
        """Do nothing: the project is held until it is closed."""

    def discard(self) -> None:
        """Remove what was kept for the export."""
        self.photo.discard()

    def run(self, export: Export, process: ExportProcess, changed: Callable[[], None]) -> None:
        """Make the files, and note how far they are.

        The errors are those of `kbvr.export` and of processes.
        """
        texts = self.photo.with_depth(export.options)
        name = folder_name(parsed(texts))
        parent = self.photo.exports
        parent.mkdir(parents=True, exist_ok=True)
        with temporary_folder(parent) as aside:
            progress, unnamed = aside / "progress", aside / name
            request = Request(
                f"{export_worker.__name__}:make_export", (self.photo.file, unnamed, texts, progress), LIMIT_S
            )

            def look() -> None:
                stage, share = progress_in(progress)
                if (stage, share) != (export.stage, export.share):
                    export.stage, export.share = stage, share
                    changed()

            made: Made = process.call(request, export.cancelled, look)
            folder = free_folder(parent, name)
            os.rename(unnamed, folder)  # noqa: PTH104  never replaces a folder with files
        export.folder, export.files = folder, made.files
        export.problem = "; ".join(f"{output}: {in_words(error)}" for output, error in made.failed)
        export.notes = tuple(map(without_temporary, made.warnings))
