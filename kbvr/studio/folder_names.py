"""Names of the folders of projects."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

MAX_NAME = 80
"""Longest name of a project's folder, in characters."""


def folder_name(stem: str) -> str:
    """Return a name that every file system takes, as close to a given one as possible."""
    text = unicodedata.normalize("NFC", stem)
    text = "".join(char if char.isalnum() or char in " -_()+,&'" else "_" for char in text)
    text = re.sub(r"\s+", " ", text)[:MAX_NAME].strip(" ._")
    while len(text.encode()) > 2 * MAX_NAME:
        text = text[:-1]
    reserved = re.fullmatch(r"(?i)con|prn|aux|nul|com\d|lpt\d|trash", text)
    return f"{text} photo" if reserved else text or "photo"


def free_path(path: Path, taken: Iterable[Path] = ()) -> Path:
    """Return a path, or the same with the first number at which nothing exists: `cat 2.kbvr`."""
    known, number, free = set(taken), 1, path
    while free in known or free.exists():
        number += 1
        free = path.with_name(f"{path.stem} {number}{path.suffix}")
    return free
