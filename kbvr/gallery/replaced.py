"""Files of a gallery are replaced by newer ones."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from kbvr.system.atomic_file import atomic_write


def replace_content(path: Path, content: bytes) -> None:
    """Write a file, unless it has this content already: programs that upload changed files go by the time of change.

    Raises:
        OutputError: if it cannot be written.
    """
    with suppress(OSError):
        if path.read_bytes() == content:
            return
    with atomic_write(path, overwrite=True) as temporary:
        temporary.write_bytes(content)
