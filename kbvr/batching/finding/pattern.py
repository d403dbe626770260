"""Which paths below a folder are meant: all photos in it, those of its subfolders too, or what a glob matches."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import translate
from functools import cached_property

from kbvr.batching.finding.photo_names import has_photo_suffix, is_skipped_name, safe_names

ANY_FOLDERS = "**"
SCAN, DEEP_SCAN = ("*",), (ANY_FOLDERS, "*")

_MAGIC = re.compile(r"[*?[]")

States = frozenset[int]
"""How many of a pattern's segments the names so far have used up; `**` allows several answers."""


def has_magic(text: str) -> bool:
    """Return whether a text contains *, ? or [."""
    return _MAGIC.search(text) is not None


@dataclass(frozen=True)
class Pattern:
    """A folder, and the paths below it that are meant."""

    root: str
    """An absolute path without links, or a URL, without a separator at the end."""

    separator: str
    segments: tuple[str, ...]
    """A pattern for every name of a path; `**` stands for any number of folders."""

    scanned_after: int
    """The number of segments after which photos are recognised by their suffixes, and hidden names are skipped."""

    prefix: str = ""
    """The folder below the output folder that stands for the root."""

    @classmethod
    def of_folder(cls, root: str, separator: str, *, recursive: bool, prefix: str) -> Pattern:
        """Return the pattern of all photos in a folder; with `recursive`, those in its subfolders too."""
        return cls(root.rstrip(separator), separator, DEEP_SCAN if recursive else SCAN, 0, prefix)

    @classmethod
    def of_glob(cls, root: str, separator: str, segments: Sequence[str], *, recursive: bool) -> Pattern:
        """Return the pattern of a glob; folders that it matches are scanned, with `recursive` their subfolders too."""
        scan = DEEP_SCAN if recursive else SCAN
        return cls(root.rstrip(separator), separator, (*segments, *scan), len(segments))

    @property
    def is_deep_scan(self) -> bool:
        """Whether everything below the root is meant that is a photo."""
        return self.segments == DEEP_SCAN and self.scanned_after == 0

    @cached_property
    def _matchers(self) -> tuple[re.Pattern[str], ...]:
        return tuple(re.compile(translate(os.path.normcase(segment))) for segment in self.segments)

    @property
    def folder(self) -> str:
        """The root, as it can be listed."""
        is_drive = not self.root or self.root.endswith(":")
        return self.root + self.separator if is_drive else self.root

    @property
    def start(self) -> States:
        """The states of the root."""
        return self._closed({0})

    def after(self, states: States, name: str) -> States:
        """Return the states after one more name of a folder or a file."""
        following = set()
        for state in states - {len(self.segments)}:
            if self.segments[state] == ANY_FOLDERS:
                following |= set() if is_skipped_name(name) else {state}
            elif self._matches(state, name):
                following.add(state + 1)
        return self._closed(following)

    def goes_on(self, states: States) -> bool:
        """Return whether anything in a folder with these states can be meant."""
        return any(state < len(self.segments) for state in states)

    def accepts(self, states: States, name: str) -> bool:
        """Return whether a file is meant whose states are these."""
        is_globbed = self.scanned_after in states
        if has_photo_suffix(name):
            return is_globbed or len(self.segments) in states
        return is_globbed and self._names_a_suffix

    def states_of(self, address: str) -> States:
        """Return the states of a path; none if it is not below the root or leads through skipped folders."""
        if address.rstrip(self.separator) == self.root:
            return self.start
        names = self._names(address)
        states = self.start if names else frozenset()
        for name in names:
            states = self.after(states, name)
        return states

    def means_file(self, address: str) -> bool:
        """Return whether a file is meant."""
        names = self._names(address)
        return bool(names) and self.accepts(self.states_of(address), names[-1])

    def enters(self, folder: str) -> bool:
        """Return whether a folder is the root or is looked into on the way to what is meant."""
        return self.goes_on(self.states_of(folder))

    def place_of(self, file: str) -> str:
        """Return the folder below the output folder for a file below the root."""
        return "/".join(safe_names([*self.prefix.split("/"), *self._names(file)[:-1]]))

    def is_below(self, folder: str) -> bool:
        """Return whether the root is inside a folder."""
        return self.root.startswith(folder.rstrip(self.separator) + self.separator)

    def _names(self, address: str) -> Sequence[str]:
        start = self.root + self.separator
        return address[len(start) :].split(self.separator) if address.startswith(start) else ()

    @property
    def _names_a_suffix(self) -> bool:
        """Whether the glob spells a suffix out, so that it means files without a photo's suffix too."""
        if self.scanned_after == 0:
            return False
        suffix = os.path.splitext(self.segments[self.scanned_after - 1])[1]  # noqa: PTH122  a text
        return bool(suffix) and not has_magic(suffix)

    def _matches(self, state: int, name: str) -> bool:
        """Return whether a segment matches a name; as in shells, * and ? do not match the dot of hidden names."""
        if is_skipped_name(name) and (state >= self.scanned_after or not self.segments[state].startswith(name[:1])):
            return False
        return self._matchers[state].match(os.path.normcase(name)) is not None

    def _closed(self, states: Iterable[int]) -> States:
        """Return the states with those that follow when `**` stands for no folder."""
        closed = set(states)
        for number, segment in enumerate(self.segments):
            if segment == ANY_FOLDERS and number in closed:
                closed.add(number + 1)
        return frozenset(closed)
