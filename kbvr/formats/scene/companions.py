"""HTML with the files that belong to it, some of which it shares with other HTML in the folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from kbvr.formats.spec.verification import verification_error
from kbvr.system.atomic_file import atomic_write_together


def write_with_companions(
    path: Path, html: str, beside: Mapping[Path, bytes], *, overwrite: bool, verify: Callable[[str], None]
) -> tuple[Path, ...]:
    """Write HTML, and the files beside it that are not there yet with the same content; return the latter.

    All are read and compared; `verify` is given the HTML as it was read, and raises OutputError if it is wrong.

    Raises:
        OutputError: if one differs when read, exists with other content, or cannot be written.
    """
    new = {file: content for file, content in beside.items() if not _has(file, content)}
    contents = (html.encode(), *new.values())
    with atomic_write_together((path, *new), overwrite=overwrite) as asides:
        for aside, content in zip(asides, contents, strict=True):
            aside.write_bytes(content)
            if aside.read_bytes() != content:
                raise verification_error(path.name, "its content differs")
        verify(asides[0].read_text("utf-8"))
    return tuple(new)


def _has(file: Path, content: bytes) -> bool:
    return file.is_file() and file.read_bytes() == content
