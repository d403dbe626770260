"""Where photos come from and outputs go to: folders of this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol, runtime_checkable

from kbvr.batching.source import Source
from kbvr.system.atomic_file import atomic_write

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

    def write(self, path: str, content: bytes) -> None:
        """Write a small file, replacing it as a whole."""

    def remove(self, path: str) -> None:
        """Remove a file if it exists."""

    def receipts(self) -> Iterator[str]:
        """Yield the paths of all receipts."""


class LocalPlace:
    """An output folder of this machine, or of a file system that is shared with others."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @contextmanager
    def written(self) -> Iterator[Path]:
        """Yield the output folder itself: files appear in it complete, one by one."""
        yield self.root

    def size_bytes(self, path: str) -> int | None:
        """Return the size of a file; None if it does not exist."""
        try:
            return (self.root / path).stat().st_size
        except OSError:
            return None

    def read(self, path: str) -> bytes | None:
        """Return the content of a small file; None if it does not exist."""
        try:
            return (self.root / path).read_bytes()
        except OSError:
            return None

    def write(self, path: str, content: bytes) -> None:
        """Write a small file, replacing it as a whole, and see it onto the disk."""
        with atomic_write(self.root / path, overwrite=True) as aside, aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def remove(self, path: str) -> None:
        """Remove a file if it exists."""
        (self.root / path).unlink(missing_ok=True)

    def receipts(self) -> Iterator[str]:
        """Yield the paths of all receipts."""
        for path in sorted((self.root / RECEIPTS).glob("*/*.json")):
            yield path.relative_to(self.root).as_posix()


def place_of(out: str) -> Place:
    """Return the place of an output folder."""
    return LocalPlace(Path(out))


@contextmanager
def local_photo(source: Source) -> Iterator[Path]:
    """Yield a photo's file on this machine."""
    yield Path(source.address)
