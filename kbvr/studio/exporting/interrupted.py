"""What a studio left that was killed while it exported, and how others know that one is still at work."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from kbvr.batching.opening import LOCK
from kbvr.studio.exporting.export import Export
from kbvr.system.atomic_file import UNFINISHED, remove_abandoned

STUDIO_LOCK = ".kbvr/studio.lock"
"""What a studio locks in the folder of a batch that waits or runs."""

INTERRUPTED = "The export was interrupted because kbvr was closed. Try again."


def note_interrupted(export: Export, ended_at: str) -> None:
    """Note that an export of an earlier studio never ended."""
    export.state, export.problem, export.ended_at = "failed", INTERRUPTED, ended_at
    for photo in export.photos:
        photo.state = "waiting" if photo.state == "running" else photo.state


def remove_left(folder: Path, is_in_use: Callable[[], bool]) -> None:
    """Remove unfinished files and copies of depths from a folder of exports, unless another studio uses it.

    `is_in_use` is only asked if there are any.
    """
    with suppress(OSError):
        if any(UNFINISHED.fullmatch(name) for name in os.listdir(folder)) and not is_in_use():  # noqa: PTH208  names
            remove_abandoned(folder, age_s=0)


def is_batch_running(folder: Path) -> bool:
    """Return whether some process makes the batch of a folder, or a studio will."""
    return _is_locked(folder / LOCK) or _is_locked(folder / STUDIO_LOCK)


def _is_locked(path: Path) -> bool:
    if not path.exists():
        return False
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except OSError:
        return False
    lock.release()
    return False
