"""The scenes of photos, made one at a time when they are first opened, and kept until the server ends."""

from __future__ import annotations

import logging
import shutil
import signal
import tempfile
import threading
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from typing import Literal

from kbvr.errors import DamagedFileError, KbvrError
from kbvr.serving.site import Entry, opened
from kbvr.serving.worker import Worker
from kbvr.system.isolated_process import EndedError, NotStartedError, Request, TimeUpError
from kbvr.system.resources import is_out_of_memory

logger = logging.getLogger(__name__)

MODULE = "kbvr.serving.scene_worker"
LIMIT_S = 3600.0
MAX_KEPT = 50
"""Number of scenes kept in the temporary folder, of about 10 MB each."""

STAGES = {
    "depth": "Estimating depth",
    "layers": "Separating foreground and background",
    "triangles": "Building the 3D scene",
}
"""Stage of `kbvr.export` -> words."""

KILLED = -getattr(signal, "SIGKILL", 9)
"""Exit code of a process that the system has killed."""

OUT_OF_MEMORY = "The process that makes the scene was killed, most likely because memory ran out."

State = Literal["waiting", "making", "ready", "failed"]


class CopyError(Exception):
    """A photo cannot be copied; the message says why."""


@dataclass
class Making:
    """A scene that is made, will be made or has been made."""

    entry: Entry
    scene: Path
    state: State = "waiting"
    problem: str = ""
    """Why it failed, in words."""

    @property
    def progress_file(self) -> Path:
        """Written by the worker."""
        return self.scene.with_suffix(".progress")


class Scenes:
    """The scenes of a site's photos."""

    def __init__(self) -> None:
        self._worker = Worker(MODULE)
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._makings: dict[tuple[int, int, float], Making] = {}
        self._queue: SimpleQueue[Making | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._numbers = count()
        self._is_closed = False

    def progress(self, entry: Entry) -> dict[str, str | float | None]:
        """Return how far the scene of a photo is, for its page; begin if it has not begun.

        `share` is the finished part of the stage, 0 to 1, or None if it is unknown.
        """
        making = self._making(entry)
        text, share = making.problem, None
        if making.state == "waiting":
            is_next = all(other.state != "making" for other in tuple(self._makings.values()))
            text = "Starting" if is_next else "Waiting for another photo"
        elif making.state == "making":
            text, share = _read_progress(making.progress_file)
        return {"state": making.state, "text": text, "share": share}

    def path_of(self, entry: Entry) -> Path | None:
        """Return the file of a scene that is ready; None if it is not."""
        making = self._makings.get(_key(entry))
        return making.scene if making and making.state == "ready" else None

    def forget_failure(self, entry: Entry) -> None:
        """Try again to make a scene that has failed, when its page is opened again."""
        with self._lock:
            making = self._makings.get(_key(entry))
            if making and making.state == "failed":
                del self._makings[_key(entry)]

    def close(self) -> None:
        """End what is being made, and remove all scenes."""
        with self._lock:
            self._is_closed = True
        self._worker.close()
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
        if self._folder is not None:
            self._folder.cleanup()

    def _making(self, entry: Entry) -> Making:
        with self._lock:
            making = self._makings.get(_key(entry))
            if making is None:
                making = self._begun(entry)
            return making

    def _begun(self, entry: Entry) -> Making:
        if self._is_closed:
            return Making(entry, entry.path, "failed", "kbvr has been stopped.")
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="kbvr-view-", ignore_cleanup_errors=True)
            self._thread = threading.Thread(target=self._run, name="kbvr-scenes", daemon=True)
            self._thread.start()
        making = Making(entry, Path(self._folder.name) / f"{next(self._numbers)}.glb")
        self._makings[_key(entry)] = making
        self._drop_oldest()
        self._queue.put(making)
        return making

    def _drop_oldest(self) -> None:
        done = [key for key, making in self._makings.items() if making.state in ("ready", "failed")]
        for key in done[: max(0, len(self._makings) - MAX_KEPT)]:
            self._makings.pop(key).scene.unlink(missing_ok=True)

    def _run(self) -> None:
        while (making := self._queue.get()) is not None:
            making.state = "making"
            making.problem = self._problem_of(making)
            making.state = "failed" if making.problem else "ready"

    def _problem_of(self, making: Making) -> str:
        """Make a scene; return why it could not be made, or an empty text."""
        photo = making.entry.path
        # the worker runs in the folder of the copy, so that messages name the file only
        folder = making.scene.with_suffix("")
        request = Request(
            f"{MODULE}:make_scene",
            (Path(photo.name), making.scene, making.progress_file),
            LIMIT_S,
            folder=str(folder),
        )
        try:
            _copy(photo, folder)
            self._worker.call(request)
        except DamagedFileError:
            return "This file is damaged or incomplete."
        except KbvrError as error:
            return str(error)
        except EndedError as error:
            is_killed = error.exit_code == KILLED and not isinstance(error, TimeUpError)
            return OUT_OF_MEMORY if is_killed else f"The process that makes the scene failed: {error}"
        except NotStartedError as error:
            return f"The process that makes the scene failed: {error}"
        except CopyError as error:
            return f"The photo cannot be read: {error}"
        except Exception as error:
            if is_out_of_memory(error):
                return "There is not enough memory to make the scene."
            logger.exception("the scene of %s could not be made", photo.name)
            return "kbvr failed because of a bug. The terminal shows the details."
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return ""


def _key(entry: Entry) -> tuple[int, int, float]:
    return entry.number, entry.size_bytes, entry.changed_s


def _copy(photo: Path, folder: Path) -> None:
    """Copy a photo into a new folder, so that the scene is of this file, whatever takes its place meanwhile.

    Raises:
        CopyError: if it cannot be read or written.
    """
    try:
        folder.mkdir()
        with opened(photo) as source, (folder / photo.name).open("wb") as copy:
            shutil.copyfileobj(source, copy)
    except OSError as error:
        raise CopyError(error.strerror or str(error)) from error


def _read_progress(path: Path) -> tuple[str, float | None]:
    try:
        stage, done, total = path.read_text("utf-8").split("\n")
        share = int(done) / int(total) if int(total) > 1 else None
    except (OSError, ValueError):  # not written yet, or being written
        return "Starting", None
    return STAGES.get(stage, stage.capitalize()), share
