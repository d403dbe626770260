"""Folders that contain photos, listed one at a time."""

from __future__ import annotations

import logging
import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Protocol, runtime_checkable

from kbvr.batching.finding.pattern import has_magic
from kbvr.batching.source import Source
from kbvr.errors import InputError

_log = logging.getLogger(__name__)

HIDDEN = getattr(stat, "FILE_ATTRIBUTE_HIDDEN", 2)
REPARSE_POINT = getattr(stat, "FILE_ATTRIBUTE_REPARSE_POINT", 1024)
"""What Windows calls links and junctions, and also files that are in the cloud only."""


@dataclass(frozen=True)
class Entry:
    """A file or folder."""

    name: str
    address: str
    is_folder: bool
    size_bytes: int = 0
    stamp: str = ""
    is_hidden: bool = False
    """Whether the system hides it, whatever its name is."""

    target: str = ""
    """The real path that a link leads to; empty if it is no link."""

    access: str = field(default="", repr=False)
    """Its URL with what grants access to it; empty if the address is enough."""

    is_bare: bool = False
    """Whether a listing has named it without saying its size and stamp."""


@runtime_checkable
class Tree(Protocol):
    """A file system with folders."""

    separator: str
    """What is between the names in its addresses."""

    def is_glob(self, text: str) -> bool:
        """Return whether a path or URL that does not exist contains wildcards."""

    def entry(self, text: str) -> Entry | None:
        """Return the file or folder that a path or URL names, under its address; None if it does not exist.

        Raises:
            InputError: if that cannot be found out.
        """

    def listed_entry(self, line: str) -> Entry:
        """Return the file or folder that a line of a list names; a file if it does not exist."""

    def names(self, text: str) -> list[str]:
        """Return the names that a path or URL consists of, as it is written."""

    def entries(self, folder: str) -> list[Entry]:
        """Return what is in a folder, sorted by name; a folder that cannot be read is empty, with one warning."""

    def split_glob(self, text: str) -> tuple[str, Sequence[str]]:
        """Return the address of the folder in front of the first name with a wildcard, and the names after it."""

    def source(self, entry: Entry, folder: str) -> Source:
        """Return the source of a file whose outputs go to `folder`."""


class LocalTree:
    """The file system of this machine. An address is the real path of the folder, and the name in it."""

    separator = os.sep

    def __init__(self) -> None:
        self._unreadable: set[str] = set()

    def is_glob(self, text: str) -> bool:
        """Return whether a path contains wildcards."""
        return has_magic(os.path.splitdrive(text)[1])

    def entry(self, text: str) -> Entry | None:
        """Return the file or folder that a path names; None if it does not exist."""
        try:
            path = os.path.abspath(text)  # noqa: PTH100  keeps links
            state = os.stat(path)  # noqa: PTH116  a text
            if stat.S_ISDIR(state.st_mode):
                return Entry(os.path.basename(path), os.path.realpath(path), is_folder=True)  # noqa: PTH119
            address, target = local_address(path), os.path.realpath(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise InputError(f"{text} cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise InputError(f"expected a path, got {text!r}: {error}") from error
        return _file_entry(os.path.basename(path), address, state, target)  # noqa: PTH119

    def listed_entry(self, line: str) -> Entry:
        """Return the file or folder that a line of a list names; a file if it does not exist."""
        try:
            entry = self.entry(line)
        except InputError:  # the photo fails with it when it is read
            entry = None
        return entry or Entry(os.path.basename(line), local_address(line), is_folder=False)  # noqa: PTH119

    def names(self, text: str) -> list[str]:
        """Return the names that a path consists of, as it is written; a drive's colon is none."""
        path = PurePath(text)
        return [*re.split(r"[\\/:?]+", path.anchor), *path.relative_to(path.anchor).parts]

    def entries(self, folder: str) -> list[Entry]:
        """Return what is in a folder, sorted by name; a folder that cannot be read is empty, with one warning."""
        try:
            with os.scandir(folder) as found:
                return sorted(map(local_entry, found), key=lambda entry: entry.name)
        except OSError as error:
            if folder not in self._unreadable:
                _log.warning("skipping the folder %s: %s", folder, error.strerror)
                self._unreadable.add(folder)
            return []

    def split_glob(self, text: str) -> tuple[str, Sequence[str]]:
        """Return the real path of the folder in front of the first name with a wildcard, and the names after it."""
        names = PurePath(os.path.abspath(text)).parts  # noqa: PTH100  keeps links
        first = next((number for number, name in enumerate(names) if number and has_magic(name)), len(names) - 1)
        return os.path.realpath(os.path.join(*names[:first])), names[first:]  # noqa: PTH118  texts

    def source(self, entry: Entry, folder: str) -> Source:
        """Return the source of a file whose outputs go to `folder`."""
        return Source(entry.address, folder, entry.size_bytes, entry.stamp)


def local_address(path: str) -> str:
    """Return the address of a file: the real path of its folder, and its own name even if that is a link."""
    folder, name = os.path.split(os.path.abspath(path))  # noqa: PTH100  keeps links
    return os.path.join(os.path.realpath(folder), name)  # noqa: PTH118  texts


def local_entry(found: os.DirEntry[str]) -> Entry:
    """Return what the system says about a file in a folder whose path is real.

    A link that leads nowhere, or a file that has disappeared meanwhile, has no size and no stamp.
    """
    try:
        state = found.stat(follow_symlinks=False)
        is_hidden = bool(getattr(state, "st_file_attributes", 0) & HIDDEN)
        target = found.path
        if found.is_symlink() or getattr(state, "st_file_attributes", 0) & REPARSE_POINT:
            target, state = os.path.realpath(found.path), found.stat()
    except OSError:
        return Entry(found.name, found.path, is_folder=False)
    return _file_entry(found.name, found.path, state, target, is_hidden=is_hidden)


def _file_entry(name: str, address: str, state: os.stat_result, target: str, *, is_hidden: bool = False) -> Entry:
    link = "" if target == address else target
    is_folder = stat.S_ISDIR(state.st_mode)
    return Entry(name, address, is_folder, state.st_size, str(state.st_mtime_ns), is_hidden, link)
