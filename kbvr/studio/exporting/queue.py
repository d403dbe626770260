"""The queue of exports: one at a time, in the order in which they were asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from threading import Condition, Thread
from typing import Any, Protocol, runtime_checkable

from kbvr.errors import KbvrError
from kbvr.studio.exporting.export import Export
from kbvr.studio.exporting.export_process import CancelledError, ExportProcess
from kbvr.studio.exporting.history import file_of, read_history, write_history
from kbvr.studio.exporting.problems import problem_of

logger = logging.getLogger(__name__)


@runtime_checkable
class Job(Protocol):
    """What an export does when it is its turn."""

    @property
    def history(self) -> Path:
        """The folder whose list of exports it belongs to."""

    def run(self, export: Export, process: ExportProcess, changed: Callable[[], None]) -> None:
        """Make the files; raise CancelledError if the export is cancelled."""

    def discard(self) -> None:
        """Remove what was kept for the export: it has ended."""


class ExportQueue:
    """Exports that wait, run or have ended; all threads may use it."""

    def __init__(self, changed: Callable[[dict[str, Any]], None]) -> None:
        """`changed` is given the JSON of an export whenever something about it has changed."""
        self._tell = changed
        self._process = ExportProcess()
        self._exports: dict[str, Export] = {}
        self._jobs: dict[str, Job] = {}
        self._histories: dict[str, Path] = {}
        self._waiting: list[str] = []
        self._running: Export | None = None
        self._turn = Condition()
        self._thread: Thread | None = None
        self._is_closed = False

    def add(self, export: Export, job: Job) -> None:
        """Let an export wait for its turn; one that has ended is made again under its id."""
        with self._turn:
            if self._is_closed:
                return
            export.state, export.stage, export.share, export.problem = "waiting", "", None, ""
            export.cancelled.clear()
            self._exports[export.id], self._jobs[export.id] = export, job
            self._histories[export.id] = job.history
            self._waiting.append(export.id)
            if self._thread is None:
                self._thread = Thread(target=self._run, name="kbvr-exports", daemon=True)
                self._thread.start()
            self._turn.notify_all()
        self._tell(export.as_json())

    def adopt(self, history: Path, projects: tuple[str, ...] = ()) -> None:
        """Add the finished exports of a folder, from an earlier run of the server."""
        for export in read_history(history, projects):
            with self._turn:
                known = self._exports.setdefault(export.id, export)
                self._histories.setdefault(export.id, history)
            if known is export:
                self._tell(export.as_json())

    def cancel(self, export_id: str) -> bool:
        """End an export that waits or runs; return whether there is one."""
        with self._turn:
            export = self._exports.get(export_id)
            if export is None or export.has_ended:
                return False
            export.cancelled.set()
            if export_id in self._waiting:
                self._waiting.remove(export_id)
                self._jobs[export_id].discard()
                export.state = "cancelled"
        self._tell(export.as_json())
        return True

    def forget(self, export_id: str) -> bool:
        """Remove an export that has ended from the list, and keep its files; return whether there was one."""
        with self._turn:
            export = self._exports.get(export_id)
            if export is None or not export.has_ended:
                return False
            del self._exports[export_id]
            self._jobs.pop(export_id, None)
            self._keep(self._histories.pop(export_id))
        return True

    def leave(self, project: str) -> list[str]:
        """End the exports of a project that is removed, take them off the list, and return their ids.

        Batches stay, as those of their other projects: a later project may have the same id.
        """
        own = [export for export in tuple(self._exports.values()) if export.projects == (project,)]
        for export in own:
            self.cancel(export.id)
        with self._turn:
            self._turn.wait_for(lambda: self._running not in own)
            for export in own:
                self._exports.pop(export.id, None)
                self._jobs.pop(export.id, None)
            batches = [export for export in self._exports.values() if project in export.projects]
            for batch in batches:
                batch.projects = tuple(number for number in batch.projects if number != project)
            for history in {self._histories[batch.id] for batch in batches}:
                self._keep(history)
        for batch in batches:
            self._tell(batch.as_json())
        return [export.id for export in own]

    def get(self, export_id: str) -> Export | None:
        """Return an export."""
        return self._exports.get(export_id)

    def file(self, export_id: str, n: int) -> Path | None:
        """Return the path of an export's file; None if there is none."""
        export = self._exports.get(export_id)
        return None if export is None else file_of(export, n)

    def states(self) -> list[dict[str, Any]]:
        """Return the JSON of all exports, in the order in which they were added."""
        with self._turn:
            return [export.as_json() for export in self._exports.values()]

    def close(self) -> None:
        """End what runs, without leaving unfinished files."""
        with self._turn:
            self._is_closed = True
            for export_id in self._waiting:
                self._jobs[export_id].discard()
            self._waiting.clear()
            for export in self._exports.values():
                export.cancelled.set()
            self._turn.notify_all()
        if self._thread is not None:
            self._thread.join()
        self._process.close()

    def _run(self) -> None:
        while (export := self._next()) is not None:
            self._tell(export.as_json())
            self._make(export, self._jobs[export.id])
            export.ended_at = datetime.now(UTC).isoformat(timespec="seconds")
            with self._turn:
                self._keep(self._histories[export.id])
            self._tell(export.as_json())
            with self._turn:
                self._running = None
                self._turn.notify_all()

    def _next(self) -> Export | None:
        """Return the next export, when there is one; None at the end."""
        with self._turn:
            while not self._waiting and not self._is_closed:
                self._turn.wait()
            if self._is_closed:
                return None
            export = self._exports[self._waiting.pop(0)]
            export.state = "running"
            self._running = export
            return export

    def _make(self, export: Export, job: Job) -> None:
        """Make an export, and note how it ended."""
        try:
            job.run(export, self._process, lambda: self._tell(export.as_json()))
        except CancelledError:
            export.state = "cancelled"
        except Exception as error:  # noqa: BLE001  the queue goes on
            export.state, export.problem = "failed", problem_of(error)
        else:
            export.state = "done"
        finally:
            job.discard()
        export.stage, export.share = "", None

    def _keep(self, history: Path) -> None:
        """Write the list of a folder's finished exports; without it, only a restarted server does not know them."""
        exports: Iterable[Export] = [one for one in self._exports.values() if self._histories[one.id] == history]
        if not history.is_dir():
            return
        try:
            write_history(history, exports)
        except (KbvrError, OSError) as error:
            logger.warning("the list of exports cannot be written: %s", error)
