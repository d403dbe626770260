"""The folders of finished exports: each export has its own, so that none replaces an earlier one."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from datetime import datetime
from itertools import count
from pathlib import Path

from kbvr.options.export_options import ExportOptions

BATCHES = "Batch "
"""What names of folders of batches begin with."""

MAX_OUTPUTS = 3
"""In a name."""


def folder_name(options: ExportOptions) -> str:
    """Return the name of an export's folder: its outputs, like wiggle or gltf+html."""
    return "+".join(options.outputs) if len(options.outputs) <= MAX_OUTPUTS else "several"


def free_folder(parent: Path, name: str, taken: Collection[Path] = ()) -> Path:
    """Return the path of a folder that does not exist: with this name, or with -2, -3 and so on after it.

    It is none of those that are taken.
    """
    return next(path for path in _numbered(parent, name) if path not in taken and not os.path.lexists(path))


def batch_name(now: datetime) -> str:
    """Return the name of the folder of a batch, without characters that some system refuses."""
    return f"{BATCHES}{now:%Y-%m-%d %H.%M}"


def _numbered(parent: Path, name: str) -> Iterator[Path]:
    yield parent / name
    for number in count(2):
        yield parent / f"{name}-{number}"
