"""Outputs that fail without stopping the others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from kbvr.errors import KbvrError, OutputError


@dataclass(frozen=True)
class Failure:
    """An output that could not be made, or not all of its files, while others could."""

    output: str
    """A name of `kbvr.options.outputs.OUTPUTS`."""

    error: KbvrError

    @property
    def message(self) -> str:
        """The reason, in one line."""
        return str(self.error)


@contextmanager
def failing_alone(output: str, failed: list[Failure]) -> Iterator[None]:
    """Catch a KbvrError and add it to the failures.

    Errors of the system, such as a full disk or a removed folder, are raised: they would hit the other outputs too.
    """
    try:
        yield
    except KbvrError as error:
        if isinstance(error, OutputError) and isinstance(error.__cause__, OSError):
            raise
        failed.append(Failure(output, error))
