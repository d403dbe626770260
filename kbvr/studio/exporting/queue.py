"""The queue of exports: one at a time, in the order in which they were asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Condition, Thread
from typing import Any, Protocol, runtime_checkable

from kbvr.errors import KbvrError
from kbvr.serving.worker import Worker
from kbvr.studio.exporting.export import Export, State
from kbvr.studio.exporting.export_process import CancelledError, ExportProcess
from kbvr.studio.exporting.history import changed_at, file_of, read_history, write_history
from kbvr.studio.exporting.interrupted import note_interrupted
from kbvr.studio.exporting.problems import problem_of

logger = logging.getLogger(__name__)


@runtime_checkable
class Job(Protocol):
    """What an export does when it is its turn."""

    @property
    def history(self) -> Path:
        """The folder whose list of exports it belongs to."""

    def hold(self) -> None:
        """Let other studios know that the export is not interrupted; raise InputError if one of them makes it."""

    def let_go(self) -> None:
        """Let other studios make the export: the list says that it has ended."""

    def run(self, export: Export, process: ExportProcess, changed: Callable[[], None]) -> None:
        """Make the files; raise CancelledError if the export is cancelled."""

    def discard(self) -> None:
        """Remove what was kept for the export: it has ended."""


class ExportQueue:
    """Exports that wait, run or have ended; all threads may use it."""

    def __init__(self, changed: Callable[[dict[str, Any]], None], new_worker: Callable[[str], Worker] = Worker) -> None:
        """`changed` is given the JSON of an export whenever something about it has changed.

        `new_worker` returns a process that has a module loaded.
        """
        self._tell = changed
        self._process = ExportProcess(new_worker)
        self._exports: dict[str, Export] = {}
        self._jobs: dict[str, Job] = {}
        self._histories: dict[str, Path] = {}
        self._waiting: list[str] = []
        self._running: Export | None = None
        self._turn = Condition()
        self._thread: Thread | None = None
        self._is_closed = False

    def add(self, export: Export, job: Job) -> bool:
        """Let an export wait for its turn; one that has ended is made again under its id.

        Returns:
            Whether it waits now; otherwise the queue is closed, or the export has not ended yet.

        Raises:
            InputError: if another studio makes it.
        """
        with self._turn:
            known = self._exports.get(export.id)
            if self._is_closed or (known is not None and not known.has_ended):
                _discard(job)
                return False
            with suppress(OSError):  # making it says why
                job.history.mkdir(parents=True, exist_ok=True)
            job.hold()
            export.state, export.stage, export.share, export.problem = "waiting", "", None, ""
            export.cancelled.clear()
            self._exports[export.id], self._jobs[export.id] = export, job
            self._histories[export.id] = job.history
            self._waiting.append(export.id)
            self._keep(job.history)
            if self._thread is None:
                self._thread = Thread(target=self._run, name="kbvr-exports", daemon=True)
                self._thread.start()
            self._turn.notify_all()
        self._tell(export.as_json())
        return True

    def adopt(
        self, history: Path, projects: tuple[str, ...] = (), is_in_use: Callable[[], bool] = lambda: False
    ) -> None:
        """Add the exports of a folder, from an earlier run of the server; those that never ended were interrupted.

        Args:
            history: the folder.
            projects: the ids that the exports' projects have now.
            is_in_use: says whether another studio makes those that have not ended; asked if there are any.
        """
        found, ended_at = read_history(history, projects), changed_at(history)
        if not all(export.has_ended for export in found) and is_in_use():
            found = [export for export in found if export.has_ended]
        for export in found:
            if not export.has_ended:
                note_interrupted(export, ended_at)
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
                _discard(self._jobs[export_id])
                self._end(export, "cancelled", "")
        self._tell(export.as_json())
        return True

    def forget(self, export_id: str) -> bool:
        """Remove an export that has ended from the list, and keep its files; return whether there was one.

        One that has just ended is removed when everybody has been told so: the news must not bring it back.
        """
        with self._turn:
            self._turn.wait_for(lambda: not self._is_telling_end_of(export_id))
            export = self._exports.get(export_id)
            if export is None or not export.has_ended:
                return False
            self._drop(export)
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
                self._drop(export)
                self._histories.pop(export.id, None)
            batches = [export for export in self._exports.values() if project in export.projects]
            for batch in batches:
                batch.projects = tuple(number for number in batch.projects if number != project)
            for history in {self._histories.get(batch.id) for batch in batches}:
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
        """End what runs, without leaving unfinished files; a later studio lists what has not ended as interrupted."""
        with self._turn:
            self._is_closed = True
            for export_id in self._waiting:
                _discard(self._jobs[export_id])
                self._jobs[export_id].let_go()
            self._waiting.clear()
            for export in self._exports.values():
                export.cancelled.set()
            self._turn.notify_all()
        if self._thread is not None:
            self._thread.join()
        self._process.close()

    def _run(self) -> None:
        while (export := self._next()) is not None:
            try:
                self._tell(export.as_json())
                state, problem = self._made(export, self._jobs[export.id])
                with self._turn:
                    self._end(export, state, problem)
                self._tell(export.as_json())
            except Exception as error:
                logger.exception("an export did not end as it should")
                with self._turn:
                    if not export.has_ended:
                        export.state, export.problem = "failed", problem_of(error)
                        self._jobs[export.id].let_go()
            finally:
                with self._turn:
                    self._running = None
                    self._turn.notify_all()

    def _end(self, export: Export, state: State, problem: str) -> None:
        """Note how an export ended, and keep it: nobody sees it ended before it is kept. The caller holds `_turn`."""
        export.state, export.problem = state, problem
        export.stage, export.share = "", None
        export.ended_at = datetime.now(UTC).isoformat(timespec="seconds")
        try:
            if state != "cancelled" or not self._is_closed:
                self._keep(self._histories.get(export.id))
        finally:
            self._jobs[export.id].let_go()

    def _is_telling_end_of(self, export_id: str) -> bool:
        return self._running is not None and self._running.id == export_id and self._running.has_ended

    def _drop(self, export: Export) -> None:
        self._exports.pop(export.id, None)
        self._jobs.pop(export.id, None)

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

    def _made(self, export: Export, job: Job) -> tuple[State, str]:
        """Make an export; return how it ended, and its problem in words."""
        try:
            job.run(export, self._process, lambda: self._tell(export.as_json()))
        except CancelledError:
            return "cancelled", ""
        except Exception as error:  # noqa: BLE001  the queue goes on
            return "failed", problem_of(error)
        finally:
            _discard(job)
        return "done", export.problem

    def _keep(self, history: Path | None) -> None:
        """Write the list of a folder's exports; without it, only a restarted server does not know them."""
        if history is None or not history.is_dir():
            return
        exports: Iterable[Export] = [one for one in self._exports.values() if self._histories.get(one.id) == history]
        try:
            write_history(history, exports)
        except (KbvrError, OSError) as error:
            logger.warning("the list of exports cannot be written: %s", error)


def _discard(job: Job) -> None:
    """Remove what was kept for an export, if that is possible."""
    try:
        job.discard()
    except Exception as error:  # noqa: BLE001  the export has ended all the same
        logger.warning("a copy of a depth cannot be removed: %s", error)
