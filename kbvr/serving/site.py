"""The served files: those of the caller, and those in the caller's folders that kbvr can show.

The table of addresses is made from the files, never from requests: a request is looked up in it as it is. Folders are
read again when the index is opened, so a reload shows new files.
"""

from __future__ import annotations

import io
import logging
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from types import MappingProxyType

from kbvr.errors import InputError
from kbvr.serving.kinds import PHOTO, SCENE, STEREO, SUFFIXES, Kind, is_by_kbvr, kind_of

logger = logging.getLogger(__name__)

PAGES = Path(__file__).parents[1] / "pages"
"""Built from viewers/ when kbvr is installed."""

NAME_LENGTH = 40
"""Maximum length of a file name in a URL, which must fit in a QR code. The end is kept: it holds the stereo layout."""

MAX_FILES = 5000
"""Maximum number of files that are listed."""

SAFE_FLAGS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
"""Flags for opening files; Windows has neither."""


@dataclass(frozen=True)
class Entry:
    """A served file."""

    number: int
    path: Path
    """Absolute, and free of symbolic links when it was listed."""

    name: str
    kind: Kind
    folder: str
    """The heading that it is listed under; empty for files that the caller named."""

    size_bytes: int
    changed_s: float
    """Time of the last change, in seconds since 1970."""

    @property
    def address(self) -> str:
        """Path of its content below the site's URL."""
        return f"files/{self.number}/{_in_url(self.name)}"

    @property
    def scene_address(self) -> str:
        """Path of the scene that is made of a photo."""
        return f"scenes/{self.number}/{_in_url(Path(self.name).stem + '_kbvr.glb')}"

    @property
    def thumbnail_address(self) -> str:
        """Path of its thumbnail."""
        return f"thumbnails/{self.number}.jpg"

    @property
    def link(self) -> str:
        """Path and query of the page that shows it."""
        return f"{self.kind.opens_in}?src={self.address}" if self.kind.opens_in else self.address


@dataclass(frozen=True)
class Listing:
    """All files of a site at one time."""

    entries: tuple[Entry, ...]
    is_complete: bool = True
    """Whether there are no more files than MAX_FILES."""

    name: str = ""
    """Name of the folder that the caller named, if it is the only thing named."""

    by_address: Mapping[str, Entry] = field(init=False)
    """Address of a file, of its thumbnail or of its scene -> file."""

    def __post_init__(self) -> None:
        table = {entry.address: entry for entry in self.entries}
        table |= {entry.thumbnail_address: entry for entry in self.entries}
        table |= {entry.scene_address: entry for entry in self.entries if entry.kind.is_photo}
        object.__setattr__(self, "by_address", MappingProxyType(table))


def check_built(*pages: str) -> None:
    """Check that kbvr was built with these pages.

    Raises:
        InputError: if it was not.
    """
    for page in pages:
        if not (PAGES / page).is_file():
            raise InputError(f"this copy of kbvr was built without the page {page}; reinstall kbvr")


class Site:
    """The files and folders of the caller."""

    def __init__(self, given: Sequence[Path], *, recursive: bool = False) -> None:
        """Look for the files, in folders also below them if `recursive`.

        Raises:
            InputError: if a file cannot be read, is not a regular file or of an unknown kind, or if kbvr was built
                without its pages.
        """
        check_built(SCENE, STEREO)
        self._folders = _folders_of(given, recursive=recursive)
        self._recursive = recursive
        self._named = _all_named([path for path in given if not path.is_dir()])
        self._always = Listing(self._named).by_address
        self._found: dict[Path, Entry] = {}
        self._lock = Lock()
        self.listing = self._read()
        """The files that were found last."""

    @property
    def has_folders(self) -> bool:
        """Whether files can appear while it is served."""
        return bool(self._folders)

    @property
    def has_list(self) -> bool:
        """Whether people have more to choose from than the one file that the caller named."""
        return self.has_folders or len(self._named) > 1

    @property
    def links(self) -> tuple[str, ...]:
        """Path below the site's URL that shows each file that the caller named, in the caller's order."""
        return tuple(entry.link for entry in self._named)

    def entry_at(self, address: str) -> Entry | None:
        """Return the file at an address, of its content, thumbnail or scene, as it is now; None if there is none."""
        known = self.listing.by_address.get(address) or self._always.get(address)
        entry = _as_it_is(known) if known else None
        if known and entry is None:
            logger.warning("%s can no longer be read", known.path)
        return entry

    def read_again(self) -> Listing:
        """Return the files that are there now. Files keep their addresses."""
        with self._lock:
            self.listing = self._read()
        return self.listing

    def _read(self) -> Listing:
        entries = [entry for entry in map(_as_it_is, self._named) if entry]
        named = {entry.path for entry in self._named}
        paths = ((top, path) for top in self._folders for path in _files_in(top, recursive=self._recursive))
        for top, path in paths:
            if path in named:
                continue
            if len(entries) >= MAX_FILES:
                return Listing(tuple(entries), is_complete=False)
            with suppress(OSError):  # it has just disappeared, or may not be read
                entry = self._entry(top, path)
                entries += [entry] if entry else []
        is_one = len(self._folders) == 1 and not self._named
        return Listing(tuple(entries), name=self._folders[0].name if is_one else "")

    def _entry(self, top: Path, path: Path) -> Entry | None:
        """Return the entry of a file in a folder: the known one, if the file has not changed."""
        status = path.lstat()
        known = self._found.get(path)
        if known and (known.size_bytes, known.changed_s) == (status.st_size, status.st_mtime):
            return known
        kind = _kind_in_folder(path)
        if kind is None:
            return None
        number = known.number if known else len(self._named) + len(self._found)
        folder = "/".join((top.name, *path.parent.relative_to(top).parts))
        entry = Entry(number, path, path.name, kind, folder, status.st_size, status.st_mtime)
        self._found[path] = entry
        return entry


def opened(path: Path) -> io.BufferedReader:
    """Open a regular file for reading, without blocking and without following a link that has replaced it.

    Raises:
        OSError: if it is missing, is not a regular file, or cannot be read.
    """
    file = open(path, "rb", opener=lambda name, flags: os.open(name, flags | SAFE_FLAGS))  # noqa: SIM115
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError("not a regular file")
    return file


def name_of(file: io.BufferedReader) -> Path:
    """Return a name of an opened file itself, whatever is at its path now.

    Windows has no such names, and no links that others may create.
    """
    return Path(file.name) if os.name == "nt" else Path(f"/dev/fd/{file.fileno()}")


def _as_it_is(entry: Entry) -> Entry | None:
    """Return the entry with the present size and time; None if the file has gone, or a link leads to it now."""
    try:
        status = entry.path.lstat()
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode) or os.path.realpath(entry.path) != os.fspath(entry.path):
        return None
    if (entry.size_bytes, entry.changed_s) == (status.st_size, status.st_mtime):
        return entry
    return replace(entry, size_bytes=status.st_size, changed_s=status.st_mtime)


def _folders_of(given: Sequence[Path], *, recursive: bool) -> tuple[Path, ...]:
    """Return the folders among the given paths, each once; if `recursive`, without those inside others."""
    folders = tuple(dict.fromkeys(path.resolve() for path in given if path.is_dir()))
    return tuple(f for f in folders if not (recursive and any(parent in folders for parent in f.parents)))


def _all_named(files: Sequence[Path]) -> tuple[Entry, ...]:
    """Return the entries of the files that the caller named, each once."""
    entries: dict[Path, Entry] = {}
    for file in files:
        entry = _named(file, len(entries))
        entries.setdefault(entry.path, entry)
    return tuple(entries.values())


def _named(file: Path, number: int) -> Entry:
    """Return the entry of a file that the caller named; if its name is a link, it is followed now."""
    try:
        path = file.resolve(strict=True)
        opened(path).close()
        kind = kind_of(file.name, path)
        status = path.stat()
    except FileNotFoundError:
        raise InputError(f"{file}: no such file") from None
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of symbolic links
        raise InputError(f"cannot read {file}: {getattr(error, 'strerror', None) or error}") from error
    if kind is None:
        raise InputError(f"expected a folder, or a file that ends in {', '.join(SUFFIXES)}, got {file}")
    return Entry(number, path, file.name, kind, "", status.st_size, status.st_mtime)


def _kind_in_folder(path: Path) -> Kind | None:
    """Return the kind of a file that the caller did not name; None if it is not listed.

    Raises:
        OSError: if it cannot be read.
    """
    try:
        kind = kind_of(path.name, path)
        return kind if kind and (_is_for_anyone(kind) or is_by_kbvr(path.name, path)) else None
    except OSError:
        raise
    except Exception:  # whatever one damaged file does to a parser, the others are shown
        logger.exception("%s is left out of the list", path)
        return None


def _is_for_anyone(kind: Kind) -> bool:
    """Return whether files of a kind are shown whichever program wrote them: photos, stereo pictures and videos."""
    return kind.opens_in in (PHOTO, STEREO)


def _files_in(top: Path, *, recursive: bool) -> Iterator[Path]:
    """Yield the regular files in a folder in the order of their names, with their numbers as numbers.

    Links and hidden files, such as unfinished ones, are left out, so everything is inside the folder.
    """
    folders = [top]
    while folders:
        folder = folders.pop()
        try:
            inside = [entry for entry in os.scandir(folder) if not entry.name.startswith(".")]
        except OSError:  # it has gone, or may not be read
            continue
        inside.sort(key=lambda entry: _natural(entry.name))
        yield from (folder / entry.name for entry in inside if entry.is_file(follow_symlinks=False))
        if recursive:
            below = [folder / entry.name for entry in inside if entry.is_dir(follow_symlinks=False)]
            folders += reversed(below)


def _natural(name: str) -> list[tuple[str, int]]:
    """Return a key that sorts IMG_9 before IMG_10, whatever the case of letters."""
    return [(text, int(digits or 0)) for text, digits in re.findall(r"([^0-9]*)([0-9]{0,18})", name.casefold())]


def _in_url(name: str) -> str:
    """Return the end of a file's name, in characters that no browser escapes."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)[-NAME_LENGTH:]
