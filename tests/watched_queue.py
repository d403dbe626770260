"""A queue of exports that tests wait for."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lent_workers import LentWorker

from kbvr.options.export_options import ExportOptions
from kbvr.serving.worker import Worker
from kbvr.studio.exporting.export import Export, PhotoToExport
from kbvr.studio.exporting.queue import ExportQueue
from kbvr.studio.exporting.single import SingleExport

PATIENCE_S = 60.0


def wait_until(holds: Callable[[], Any], patience_s: float = PATIENCE_S) -> None:
    """Wait for something; fail if it does not come."""
    end_s = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < end_s, "it never came"
        time.sleep(0.01)


class WatchedQueue:
    """A queue, and everything that it has told."""

    def __init__(self, new_worker: Callable[[str], Worker] = LentWorker) -> None:
        self.told: list[dict[str, Any]] = []
        self.queue = ExportQueue(self.told.append, new_worker)

    def single(self, photo: PhotoToExport, **options: str) -> Export:
        """Ask for the export of a photo."""
        export = Export("an export", (photo.project,), options, photo.exports)
        self.queue.add(export, SingleExport(photo))
        return export

    def made(self, photo: PhotoToExport, **options: str) -> Export:
        """Export a photo, and wait for the end."""
        export = self.single(photo, **options)
        self.wait_for(export)
        return export

    def wait_for(self, export: Export) -> None:
        """Wait until an export has ended, and the page has been told so."""
        wait_until(lambda: any(one["id"] == export.id and one["ended_at"] for one in self.told[-3:]))
        assert export.has_ended

    def stages_of(self, export: Export) -> list[str]:
        """Return the stages that an export has had, each once."""
        return list(dict.fromkeys(one["stage"] for one in self.told if one["id"] == export.id and one["stage"]))


def project_of(photo: Path, depth: Path | None = None, kind: str = "disparity") -> PhotoToExport:
    """Return what an export needs to know of a project, whose folder is beside its photo."""
    return PhotoToExport(photo.stem, photo, photo.with_suffix(".kbvr") / "exports", depth, kind)


def content_of(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder, by their paths below it."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def texts(**values: Any) -> dict[str, str]:
    """Return options as texts, after a look whether they fit together."""
    ExportOptions(**values)
    return {name: str(value) for name, value in values.items()}
