"""Where photos come from and outputs go to: folders of this machine, and URLs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kbvr.batching.place import RECEIPTS, Place
from kbvr.batching.remote.transfer import RemotePlace, fetched
from kbvr.batching.remote.url import local_if_file
from kbvr.batching.source import Source, is_remote
from kbvr.system.atomic_file import atomic_write

__all__ = ["RECEIPTS", "LocalPlace", "Place", "local_photo", "place_of"]


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

    def write(self, path: str, content: bytes, *, is_lasting: bool = True) -> None:
        """Write a small file, replacing it as a whole; if it is lasting, see it onto the disk."""
        with atomic_write(self.root / path, overwrite=True) as aside, aside.open("wb") as file:
            file.write(content)
            if is_lasting:
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
    """Return the place of an output folder, a path or a URL.

    Raises:
        InputError: if files cannot be written to a URL of its kind, or what is needed for it is not installed.
    """
    out = local_if_file(out)
    return RemotePlace(out) if is_remote(out) else LocalPlace(Path(out))


@contextmanager
def local_photo(source: Source) -> Iterator[Path]:
    """Yield a photo's file on this machine; one that is elsewhere is fetched, and removed at exit.

    Raises:
        InputError: if there is no such file at a URL; DownloadError if it cannot be fetched.
    """
    if is_remote(source.address):
        with fetched(source) as path:
            yield path
    else:
        yield Path(source.address)
