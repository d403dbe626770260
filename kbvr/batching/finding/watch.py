"""Watch folders: yield the photos that are there, and those that appear, once they have stopped growing."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from threading import Event
from time import monotonic, time

from watchfiles import Change, watch

from kbvr.batching.finding.mounts import network_file_system
from kbvr.batching.finding.search import SourceSearch
from kbvr.batching.finding.sources import no_output
from kbvr.batching.remote.url import local_if_file, public_address
from kbvr.batching.source import Source, is_remote
from kbvr.errors import InputError

_log = logging.getLogger(__name__)

EXPECTED = "expected a folder of this machine"
LONGEST_WAIT_S = 0.25
"""The stop event, and files that may have settled, are looked at this often."""

GROUPED_S = 0.2
"""Messages about changes are collected for this time."""

POLL_S = 2.0
"""Pause between two looks at all files, where the system sends no messages."""


POLLING = f"looking at all watched files every {POLL_S:g} s"

SHARING_VIOLATION = 32


@dataclass(frozen=True)
class _Growing:
    """A photo that may still be written."""

    source: Source
    since_s: float
    """When it was first seen like this, on the monotonic clock."""


def watched_sources(
    folders: Sequence[str],
    *,
    stop: Event,
    out: str | None = None,
    is_output: Callable[[str], bool] = no_output,
    recursive: bool = False,
    settle_s: float = 2.0,
    poll: bool = False,
) -> Iterator[Source]:
    """Yield the photos in folders, then each photo that appears or changes; block in between, until `stop` is set.

    A photo is yielded when its size and modification time have not changed for `settle_s` seconds. Photos that have
    disappeared by then are not. A photo that has changed is yielded again. Which files are photos, and where their
    outputs go, is as in `find_sources`; programs that write under a temporary name are fine if its suffix is not a
    photo's (`.part`, `.crdownload`, `photo.jpg~`) or it begins with a dot.

    Args:
        folders: folders of this machine.
        stop: ends the iterator, within a second.
        out: the output folder; nothing in it is yielded if it is inside one of the folders.
        is_output: whether the file at an address is an output.
        recursive: whether subfolders are watched too.
        settle_s: how long a photo must stay the same.
        poll: whether to look at all files every two seconds instead of waiting for messages from the system, which
            network file systems do not send for what other machines do. On Linux, this is also done, with a warning,
            if a folder is on a network file system or the system's limit of watched folders is reached.

    Raises:
        InputError: at once, if something is no folder; later, if a folder disappears.
    """
    check_folders(folders)
    search = SourceSearch(folders, recursive=recursive, out=out, is_output=is_output)
    is_polling = poll or _must_poll(search.roots)
    messages = _messages(search.roots, stop, recursive=recursive, is_polling=is_polling)
    return _Watch(search, stop, settle_s).sources(messages)


def check_folders(folders: Sequence[str]) -> None:
    """Raise InputError if something is no folder of this machine."""
    for folder in map(local_if_file, folders):
        if is_remote(folder):
            raise InputError(f"{EXPECTED}, got {public_address(folder)}")
        if not os.path.isdir(folder):  # noqa: PTH112  a text
            problem = "which is a file" if os.path.exists(folder) else "which does not exist"  # noqa: PTH110
            raise InputError(f"{EXPECTED}, got {folder}, {problem}" if folder else f"{EXPECTED}, got an empty argument")


class _Watch:
    def __init__(self, search: SourceSearch, stop: Event, settle_s: float) -> None:
        self._search, self._stop, self._settle_s = search, stop, settle_s
        self._growing: dict[str, _Growing] = {}
        self._yielded: dict[str, tuple[int, str]] = {}
        """Size and stamp of photos that messages were about; several messages may be about one change."""

    def sources(self, messages: Iterator[set[tuple[Change, str]]]) -> Iterator[Source]:
        """Yield the photos that are there and those that the messages lead to; ends when they end."""
        if next(messages, None) is None:  # messages are kept from now on; what they say so far, the scan finds
            return
        for source in self._search.found(iter(())):
            if self._stop.is_set():
                return
            if _age_s(source) < self._settle_s:
                self._note(source)
            else:
                yield source
        for changes in messages:
            for change, path in sorted(changes, key=itemgetter(1)):
                self._noted(change, path)
            yield from self._settled()
            check_folders(self._search.roots)

    def _noted(self, change: Change, path: str) -> None:
        if change != Change.deleted and os.path.isdir(path):  # noqa: PTH112  a text
            if change == Change.added:  # moved here with its content, or filled before it was watched
                for source in self._search.below(path):
                    self._note(source)
        elif (found := self._search.source_at(path)) is not None:
            self._note(found)

    def _note(self, source: Source) -> None:
        """Wait until a photo stays the same; one that is the same as before has been waiting already."""
        before = self._growing.get(source.address)
        if before is None or _state(before.source) != _state(source):
            self._growing[source.address] = _Growing(source, monotonic())

    def _settled(self) -> Iterator[Source]:
        """Yield the photos that have stayed the same long enough."""
        for address, growing in tuple(self._growing.items()):
            if monotonic() - growing.since_s < self._settle_s:
                continue
            source = self._search.looked_at(growing.source)
            if source is None:
                del self._growing[address]
            elif _state(source) != _state(growing.source) or _is_being_written(address):
                self._growing[address] = _Growing(source, monotonic())
            else:
                del self._growing[address]
                if self._yielded.get(address) != _state(source):
                    self._yielded[address] = _state(source)
                    yield source
                if self._stop.is_set():
                    return


def _messages(
    roots: Sequence[str], stop: Event, *, recursive: bool, is_polling: bool
) -> Iterator[set[tuple[Change, str]]]:
    """Yield sets of changes, empty ones as well, several times a second until `stop` is set."""
    messages: Iterator[set[tuple[Change, str]]]
    try:
        messages = watch(
            *roots,
            watch_filter=None,
            debounce=round(1000 * GROUPED_S),
            stop_event=stop,
            rust_timeout=round(1000 * LONGEST_WAIT_S),
            yield_on_timeout=True,
            force_polling=is_polling or None,
            poll_delay_ms=round(1000 * POLL_S),
            recursive=recursive,
            ignore_permission_denied=True,
        )
        first = next(messages, set())
    except (OSError, RuntimeError) as error:
        if is_polling:
            raise InputError(f"the folders cannot be watched: {error}") from error
        _log.warning("%s (%s)", POLLING, error)
        yield from _messages(roots, stop, recursive=recursive, is_polling=True)
    else:
        yield first
        yield from messages


def _must_poll(roots: Sequence[str]) -> bool:
    """Return whether a folder is on a network file system, and warn that all files are looked at."""
    for root in roots:
        kind = network_file_system(root)
        if kind:
            _log.warning("%s (%s is on a network file system, %s)", POLLING, root, kind)
            return True
    return False


def _state(source: Source) -> tuple[int, str]:
    return source.size_bytes, source.stamp


def _age_s(source: Source) -> float:
    """Return the time since a file was written; negative if the clocks of two machines differ."""
    return time() - int(source.stamp or 0) / 1e9


def _is_being_written(path: str) -> bool:
    """Return whether another program holds a file, which Windows tells; copies have their full size there at once."""
    try:
        with open(path, "rb"):  # noqa: PTH123  a text
            return False
    except OSError as error:
        return getattr(error, "winerror", None) == SHARING_VIOLATION
