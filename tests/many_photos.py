"""Tiny photos, cheap outputs and an executor of this process, for the tests of batches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from kbvr.batching.make import make
from kbvr.batching.source import Source
from kbvr.batching.task import PhotoResult, Task
from kbvr.options.export_options import ExportOptions

CHEAP = ExportOptions(depth_map="png", depth_quality="fast")


def tiny_photo(path: Path, seed: int = 0) -> Path:
    """Write a photo that differs for every seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    Image.fromarray(rng.integers(0, 255, (32, 48, 3), dtype=np.uint8)).resize((96, 64)).save(path, quality=90)
    return path


def source_of(path: Path, folder: str = "") -> Source:
    """Return the source of a photo."""
    facts = path.stat()
    return Source(str(path), folder, facts.st_size, str(facts.st_mtime_ns))


class InThisProcess:
    """An executor that makes one photo after the other, here."""

    current = ()

    def __init__(self) -> None:
        self.made: list[str] = []
        """Names of the photos that tasks came for."""

    def __enter__(self) -> InThisProcess:  # noqa: PYI034  as in the product
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def results(self, tasks: Iterator[Task | PhotoResult]) -> Iterator[PhotoResult]:
        """Make each photo when its result is asked for."""
        for task in tasks:
            if isinstance(task, Task):
                self.made.append(task.source.name)
                yield make(task)
            else:
                yield task
