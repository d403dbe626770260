"""What the workers of a cluster run: each makes photos in processes of its own.

The scheduler imports this module too, hence the late imports.
"""

from __future__ import annotations

import pickle
from importlib.metadata import version
from threading import Lock
from typing import Any

from kbvr.batching.cluster.messages import Made, Probe, Terms

_lock = Lock()
_crews: dict[str, Any] = {}
"""Batch -> its `Crew` in this worker."""


def answer_probe(probe: Probe) -> tuple[str, str]:
    """Copy the probe; return kbvr's version, and in one line why that failed."""
    from kbvr.batching.places import place_of

    try:
        place = place_of(probe.out)
        content = place.read(probe.question)
        if content is None:
            return version("kbvr"), "the folder is empty or does not exist there"
        place.write(probe.answer, content)
    except Exception as error:  # noqa: BLE001  every way in which a disk or a library refuses
        return version("kbvr"), str(error) or type(error).__name__
    return version("kbvr"), ""


def make_photo(task: bytes, terms: Terms) -> Made:
    """Make a photo, given as a pickled `Task`; the errors are those of `WorkerProcess.call`."""
    from kbvr.batching.cluster.crew import Crew

    with _lock:
        crew = _crews.get(terms.batch) or Crew(terms)
        _crews[terms.batch] = crew
    return crew.make(pickle.loads(task))  # noqa: S301  our own client wrote it


def end_batch(batch: str) -> None:
    """End the processes of a batch, whatever they are doing."""
    with _lock:
        crew = _crews.pop(batch, None)
    if crew is not None:
        crew.end()
