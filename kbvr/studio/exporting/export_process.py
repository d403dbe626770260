"""The process that makes exports: one call at a time, watched, and ended within a second when it is cancelled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Any

from kbvr.serving.worker import Worker
from kbvr.studio.exporting import export_worker
from kbvr.system.isolated_process import Request

LOOK_S = 0.1
"""Time between two looks at what a call does."""

STAGES = {
    "depth": "Estimating depth",
    "layers": "Separating foreground and background",
    "triangles": "Building the 3D scene",
    "frames": "Rendering and saving",
}
"""Stage of `kbvr.export` -> words."""

STARTING = "Reading the photo"


class CancelledError(Exception):
    """An export was cancelled."""


class ExportProcess:
    """A process that is started when it is first needed, and again after a crash."""

    def __init__(self, new_worker: Callable[[str], Worker] = Worker) -> None:
        """`new_worker` returns a process that has a module loaded."""
        self._worker = new_worker(export_worker.__name__)

    def call(self, request: Request, cancelled: Event, look: Callable[[], None]) -> Any:
        """Return what a function returned, or raise what it raised; `look` is called some times a second meanwhile.

        Raises:
            CancelledError: if the event `cancelled` was set.
        """
        outcome: dict[str, Any] = {}

        def work() -> None:
            try:
                outcome["value"] = self._worker.call(request)
            except BaseException as error:  # noqa: BLE001  raised again below
                outcome["error"] = error

        thread = Thread(target=work, name="kbvr-export-call", daemon=True)
        thread.start()
        while thread.is_alive():
            thread.join(LOOK_S)
            if cancelled.is_set():
                self._worker.interrupt()  # again and again: the process may be starting
            else:
                look()
        if "value" in outcome:
            return outcome["value"]
        if cancelled.is_set():
            raise CancelledError
        raise outcome["error"]

    def close(self) -> None:
        """End the process."""
        self._worker.close()


def progress_in(path: Path) -> tuple[str, float | None]:
    """Return the stage in words, and its finished share, as the process has written them."""
    try:
        stage, done, total = path.read_text("utf-8").split("\n")
        share = int(done) / int(total) if int(total) > 1 else None
    except (OSError, ValueError):  # not written yet, or being written
        return STARTING, None
    return STAGES.get(stage, stage.capitalize()), share
