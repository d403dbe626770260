"""Of several outputs, one that cannot be made does not cost the others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from kbvr.errors import KbvrError, OutputError


@dataclass(frozen=True)
class Failure:
    """An output that could not be made, or not all files of it, while others could."""

    output: str
    """A name of `kbvr.options.export_options.OUTPUTS`."""

    error: KbvrError

    @property
    def message(self) -> str:
        """Return what it failed for, in one line."""
        return str(self.error)


@contextmanager
def costing_only(output: str, failed: list[Failure]) -> Iterator[None]:
    """Add what is raised inside to the failures, and go on after it; what the system refuses goes on as it is.

    A full disk or a folder that has gone is everybody's failure: the outputs after it would meet the same.
    """
    try:
        yield
    except KbvrError as error:
        if isinstance(error, OutputError) and isinstance(error.__cause__, OSError):
            raise
        failed.append(Failure(output, error))
