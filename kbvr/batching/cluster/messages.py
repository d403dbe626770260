"""What the machine that runs a batch and the workers of a cluster say to each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Probe:
    """A file in the output folder with which a worker shows that it has access to it."""

    out: str
    question: str
    """Path of the client's file, below the output folder."""

    answer: str
    """Path of the copy that the worker writes."""


@dataclass(frozen=True)
class Terms:
    """What holds for all photos of a batch on one worker."""

    batch: str
    """A name that no other batch has."""

    jobs: int
    """How many photos the worker makes at the same time."""

    gpus: int
    """How many GPUs they share; 0 if they use none, or the worker does not declare any."""

    limit_s: float
    """A photo is given up after this time."""

    max_bytes: int | None
    """What they may take together, if that is less than the worker has."""

    folder: str
    """Relative paths in options start here."""


@dataclass(frozen=True)
class Made:
    """What became of a photo on a worker."""

    result: Any
    """Its `PhotoResult`."""

    is_reachable: bool
    """Whether the worker has the photo."""
