"""The search for photos: what was given, walked in order, so that every photo is found once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from kbvr.batching.finding.pattern import Pattern, States
from kbvr.batching.finding.photo_names import safe_names
from kbvr.batching.finding.trees import Entry, LocalTree, Tree
from kbvr.batching.remote.tree import RemoteTree
from kbvr.batching.remote.url import local_if_file, protocol_of, public_address
from kbvr.batching.source import Source, is_remote
from kbvr.errors import InputError


@dataclass(frozen=True)
class _GivenFile:
    """A file that was given by name."""

    tree: Tree
    entry: Entry


@dataclass(frozen=True)
class _GivenPattern:
    """A folder or a glob that was given."""

    tree: Tree
    pattern: Pattern


@dataclass(frozen=True)
class _Visit:
    """A folder that is to be listed."""

    folder: str
    below: str
    """Its place below the output folder."""

    states: States
    is_linked: bool = False
    """Whether a link led out of what was given to it."""


class SourceSearch:
    """Finds the photos in what was given."""

    def __init__(
        self, given: Sequence[str], *, recursive: bool, out: str | None, is_output: Callable[[str], bool]
    ) -> None:
        """Look at what was given.

        Raises:
            InputError: if something does not exist, or a glob matches nothing.
        """
        self._recursive, self._is_output = recursive, is_output
        self._local = LocalTree()
        self._hosts: dict[tuple[str, str], RemoteTree] = {}
        self._out = _address_of(local_if_file(out)) if out else ""
        self._patterns: list[tuple[int, Pattern]] = []
        self._linked_folders: set[str] = set()
        self._link_targets: set[str] = set()
        self._listed: set[int] = set()
        texts = [local_if_file(text) for text in given]
        entries = [(text, self._tree(text).entry(text)) for text in texts]
        folders = sum(entry is not None and entry.is_folder for _, entry in entries)
        self._given = [self._understood(text, entry, is_one_of_several=folders > 1) for text, entry in entries]
        files = [item.entry.address if isinstance(item, _GivenFile) else None for item in self._given]
        self._files = {address: number for number, address in reversed(list(enumerate(files))) if address}
        self._patterns = [(i, item.pattern) for i, item in enumerate(self._given) if isinstance(item, _GivenPattern)]
        self._linked_folders.clear()

    def found(self, lines: Iterator[str]) -> Iterator[Source]:
        """Yield the photos of all that was given, then those of a list's lines."""
        for number, item in enumerate(self._given):
            if isinstance(item, _GivenPattern):
                yield from self._walked(number, item.tree, item.pattern)
            elif self._takes(number, item.entry):
                yield item.tree.source(item.entry, "")
        for line in lines:
            for source in self._of_line(line):
                if hash(source.address) not in self._listed:  # 64 bits each: lists have millions of lines
                    self._listed.add(hash(source.address))
                    yield source

    @property
    def roots(self) -> list[str]:
        """The real paths of the folders that were given."""
        return [item.pattern.folder for item in self._given if isinstance(item, _GivenPattern)]

    def source_at(self, path: str) -> Source | None:
        """Return the photo at a path of this machine, found or not; None if it is not meant or is an output.

        The path is below a given folder, and may lead through links.
        """
        entry = self._local.entry(path)
        if entry is None or entry.is_folder or self._is_output(entry.address):
            return None
        if entry.target and self._is_meant(entry.target, len(self._given)):
            return None
        texts = (entry.address, path)
        return next((self._local.source(entry, p.place_of(text)) for text in texts for p in self._meaning(text)), None)

    def looked_at(self, source: Source) -> Source | None:
        """Return a photo of this machine as it is now; None if it is gone, or has turned out to be an output."""
        entry = self._local.entry(source.address)
        if entry is None or entry.is_folder or self._is_output(entry.address):
            return None
        return self._local.source(entry, source.folder)

    def below(self, folder: str) -> Iterator[Source]:
        """Yield the photos in a folder inside a given one, found or not."""
        for _, pattern in self._patterns:
            states = pattern.states_of(folder)
            if pattern.goes_on(states) and self._is_searched(pattern, folder):
                visit = _Visit(folder, pattern.place_of(f"{folder}{pattern.separator}"), states)
                for entry, found in self._matches(self._local, pattern, visit):
                    if not self._is_output(entry.address):
                        yield self._local.source(entry, found.below)
                return

    def _meaning(self, path: str) -> Iterator[Pattern]:
        return (pattern for _, pattern in self._patterns if self._means(pattern, path))

    def _means(self, pattern: Pattern, address: str) -> bool:
        return pattern.means_file(address) and self._is_searched(pattern, address)

    def _is_searched(self, pattern: Pattern, address: str) -> bool:
        """Return whether an address is outside the output folder, or the folder that was given is inside it."""
        return not self._is_in_out(address) or self._is_in_out(pattern.root)

    def _is_in_out(self, address: str) -> bool:
        separator = "/" if is_remote(self._out) else os.sep
        return bool(self._out) and f"{address}{separator}".startswith(self._out.rstrip(separator) + separator)

    def _tree(self, text: str) -> Tree:
        """Return the file system of a path or URL."""
        if not is_remote(text):
            return self._local
        host = text.partition("://")[2].partition("/")[0]
        return self._hosts.setdefault((protocol_of(text), host), RemoteTree(text))

    def _understood(self, text: str, entry: Entry | None, *, is_one_of_several: bool) -> _GivenFile | _GivenPattern:
        tree = self._tree(text)
        if entry is None:
            if not tree.is_glob(text):
                raise InputError(f"{_shown(text)}: no such file or folder")
            root, names = tree.split_glob(text)
            pattern = Pattern.of_glob(root, tree.separator, names, recursive=self._recursive)
            if tree.entry(root) is None or not any(True for _ in self._matches(tree, pattern)):
                raise InputError(f"{_shown(text)}: no photo matches")
            return _GivenPattern(tree, pattern)
        if entry.is_folder:
            return _GivenPattern(tree, self._scan(tree, entry, safe_names([entry.name]) if is_one_of_several else []))
        return _GivenFile(tree, entry)

    def _scan(self, tree: Tree, folder: Entry, names: list[str]) -> Pattern:
        return Pattern.of_folder(folder.address, tree.separator, recursive=self._recursive, prefix="/".join(names))

    def _of_line(self, line: str) -> Iterator[Source]:
        """Yield what a line of a list means: the photos of a folder, or a file, whether it exists or not."""
        line = local_if_file(line)
        tree = self._tree(line)
        entry = tree.listed_entry(line)
        names = safe_names(tree.names(line))
        if entry.is_folder:
            yield from self._walked(len(self._given), tree, self._scan(tree, entry, names))
        elif self._takes(len(self._given), entry):
            yield tree.source(entry, "/".join(names[:-1]))

    def _walked(self, number: int, tree: Tree, pattern: Pattern) -> Iterator[Source]:
        """Yield the photos that a pattern means, unless something that was given before it means them too."""
        for entry, visit in self._matches(tree, pattern):
            if self._takes(number, entry, is_linked=visit.is_linked):
                yield tree.source(entry, visit.below)

    def _matches(self, tree: Tree, pattern: Pattern, start: _Visit | None = None) -> Iterator[tuple[Entry, _Visit]]:
        """Yield the files that a pattern means, in all its folder or below one inside it, and where each was found."""
        visits = [start or _Visit(pattern.folder, pattern.prefix, pattern.start)]
        while visits:
            visit, folders = visits.pop(), []
            if visit.is_linked:
                if visit.folder in self._linked_folders:
                    continue
                self._linked_folders.add(visit.folder)
            for entry in tree.entries(visit.folder):
                states = pattern.after(visit.states, entry.name)
                if entry.is_folder:
                    folders += self._entered(tree, entry, visit, states, pattern)
                elif pattern.accepts(states, entry.name) and not entry.is_hidden:
                    yield entry, visit
            visits += reversed(folders)

    def _entered(self, tree: Tree, entry: Entry, visit: _Visit, states: States, pattern: Pattern) -> list[_Visit]:
        """Return the visit to a subfolder; nothing if it is not to be listed, or is listed anyway."""
        folder = entry.target or entry.address
        if folder == self._out or entry.is_hidden or not pattern.goes_on(states):
            return []
        if entry.target and (pattern.is_below(folder) or self._is_scanned(folder, pattern)):
            return []
        is_linked = visit.is_linked or bool(entry.target)
        return [
            _Visit(
                folder,
                "/".join(safe_names([*visit.below.split("/"), tree.names(entry.address)[-1]])),
                states,
                is_linked,
            )
        ]

    def _is_scanned(self, folder: str, pattern: Pattern) -> bool:
        """Return whether a folder is inside one that is scanned with its subfolders."""
        return any(each.is_deep_scan and each.enters(folder) for each in (pattern, *(p for _, p in self._patterns)))

    def _takes(self, number: int, entry: Entry, *, is_linked: bool = False) -> bool:
        """Return whether a file becomes a source of what was given as number `number`."""
        everything = len(self._given)
        if self._is_output(entry.address) or self._is_meant(entry.address, everything if is_linked else number):
            return False
        if entry.target:
            if self._is_meant(entry.target, everything) or entry.target in self._link_targets:
                return False
            self._link_targets.add(entry.target)
        return True

    def _is_meant(self, address: str, before: int) -> bool:
        """Return whether a file is meant by anything that was given before number `before`."""
        return self._files.get(address, before) < before or any(
            number < before and self._means(pattern, address) for number, pattern in self._patterns
        )


def _address_of(out: str) -> str:
    return public_address(out).rstrip("/") if is_remote(out) else os.path.realpath(out)


def _shown(text: str) -> str:
    return public_address(text) if is_remote(text) else text
