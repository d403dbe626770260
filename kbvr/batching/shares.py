"""How many workers a machine gets, and how many threads and how much memory each has."""

from __future__ import annotations

from dataclasses import dataclass

from kbvr.batching.memory_need import USUAL_PX, export_bytes_for
from kbvr.errors import InputError
from kbvr.options.export_options import ExportOptions
from kbvr.plan.memory_budget import FIXED_BYTES
from kbvr.system.resources import format_bytes, machine_bytes, processors

MEMORY_SHARE = 0.75
"""Of the machine's memory, by default."""


@dataclass(frozen=True)
class Shares:
    """The workers of this machine."""

    jobs: int
    threads: int
    """Of each worker."""

    max_bytes: int | None
    """Of all workers together; None if the machine's memory is unknown."""

    @property
    def shared_bytes(self) -> int | None:
        """What is left for photos when every worker has loaded its libraries and networks."""
        return None if self.max_bytes is None else max(0, self.max_bytes - self.jobs * FIXED_BYTES)


def shares_of(options: ExportOptions, jobs: int | None) -> Shares:
    """Return the workers for an export: by default one per processor, if a phone's photo fits into each one's memory.

    Raises:
        InputError: if the memory limit is too small for the workers.
    """
    machine = machine_bytes()
    max_bytes = options.max_memory or (None if machine is None else int(machine * MEMORY_SHARE))
    usual = export_bytes_for(USUAL_PX, options)
    if jobs is None:
        jobs = processors() if max_bytes is None else max(1, min(processors(), max_bytes // usual))
    elif max_bytes is not None and max_bytes < jobs * FIXED_BYTES:
        needed, limit = format_bytes(jobs * FIXED_BYTES), format_bytes(max_bytes)
        raise InputError(f"{jobs} workers take {needed} of memory before any photo, more than {limit}")
    return Shares(jobs, options.threads or max(1, processors() // jobs), max_bytes)
