"""A queue of exports, and tiny projects."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from many_photos import tiny_photo
from watched_queue import WatchedQueue, project_of

from kbvr.studio.exporting.export import PhotoToExport


@pytest.fixture
def watched() -> Iterator[WatchedQueue]:
    """Return a queue; nothing runs after the test."""
    watched = WatchedQueue()
    try:
        yield watched
    finally:
        watched.queue.close()


@pytest.fixture
def cat(tmp_path: Path) -> PhotoToExport:
    """Return a project of a tiny photo."""
    return project_of(tiny_photo(tmp_path / "cat.jpg"))
