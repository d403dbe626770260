"""What an output folder can do, wherever it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, runtime_checkable

RECEIPTS = ".kbvr/receipts"
"""Folder of the receipts below the output folder."""


@runtime_checkable
class Place(Protocol):
    """An output folder. Paths are relative to it, with /."""

    def written(self) -> AbstractContextManager[Path]:
        """Yield a folder of this machine; when the context ends without an error, the files in it are in the place."""

    def size_bytes(self, path: str) -> int | None:
        """Return the size of a file; None if it does not exist."""

    def read(self, path: str) -> bytes | None:
        """Return the content of a small file; None if it does not exist."""

    def write(self, path: str, content: bytes, *, is_lasting: bool = True) -> None:
        """Write a small file, replacing it as a whole; a lasting one survives a power failure."""

    def remove(self, path: str) -> None:
        """Remove a file if it exists."""

    def receipts(self) -> Iterator[str]:
        """Yield the paths of all receipts."""
