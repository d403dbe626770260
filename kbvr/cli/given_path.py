"""Arguments that are paths."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kbvr.errors import InputError


def given_paths(texts: Sequence[str]) -> list[Path]:
    """Return the paths of arguments.

    Raises:
        InputError: if one is empty, as an unset variable of the shell is: `Path` takes that for the current folder.
    """
    if "" in texts:
        raise InputError("expected a file or a folder, got an empty argument")
    return [Path(text) for text in texts]
