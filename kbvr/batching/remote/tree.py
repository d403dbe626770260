"""Folders on other machines that contain photos, listed one at a time."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from kbvr.batching.finding.pattern import has_magic
from kbvr.batching.finding.trees import Entry
from kbvr.batching.remote.access import attempt, call, reason_of, status_of
from kbvr.batching.remote.url import WEB, names_of, protocol_of, public_address
from kbvr.batching.source import Source
from kbvr.errors import DownloadError, InputError

_log = logging.getLogger(__name__)

VERSIONS = ("ETag", "etag", "md5Hash", "Last-Modified", "LastModified", "last_modified", "mtime", "updated", "created")
"""What servers say about a file that differs when it has been written since, the most reliable first."""

MISSING_STATUSES = (404, 410)

MAX_WEB_DEPTH = 32
"""Folders inside folders on the web: a link on a server may lead up, and pages do not show that it is one."""


def stamp_of(info: Mapping[str, Any]) -> str:
    """Return the stamp of a file that fsspec describes; empty if the server does not say anything."""
    return next((str(info[name]) for name in VERSIONS if info.get(name)), "")


class RemoteTree:
    """The folders of one host or bucket. An address is a URL without credentials.

    On the web, folders are pages with links, as servers make them for folders; their URLs end in a slash.
    """

    separator = "/"

    def __init__(self, url: str) -> None:
        self._is_web = protocol_of(url) in WEB
        host = url.partition("://")[2].partition("/")[0]
        self._access_host = f"{protocol_of(url)}://{host}"
        self._public_host = public_address(self._access_host)
        self._unreadable: set[str] = set()

    def entry(self, text: str) -> Entry | None:
        """Return the file or folder at a URL; None if it does not exist."""
        text = self._access(text)
        try:
            info = attempt(text, lambda system, path: call(system, "info", path))
        except FileNotFoundError as error:
            cause = error.__cause__  # on the web, any error is said to be this one
            if self._is_web and cause and status_of(cause) not in MISSING_STATUSES and not self.is_glob(text):
                raise InputError(f"{public_address(text)}: {reason_of(cause)}") from error
            return None
        except DownloadError as error:
            raise InputError(str(error)) from error
        is_folder = text.endswith("/") if self._is_web else info["type"] == "directory"
        return self._entry(text.rstrip("/"), info, is_folder=is_folder)

    def listed_entry(self, line: str) -> Entry:
        """Return the file that a line of a list names, without asking the server; a folder if it ends in a slash."""
        return self._entry(line.rstrip("/"), {}, is_folder=line.endswith("/"))

    def names(self, text: str) -> list[str]:
        """Return the host or bucket, and the names in the path of a URL."""
        return names_of(text.rstrip("/"))

    def is_glob(self, text: str) -> bool:
        """Return whether a URL contains wildcards; on the web only *, because ? begins a query."""
        path = text.partition("://")[2].partition("/")[2]
        return "*" in path.partition("?")[0] if self._is_web else has_magic(path)

    def entries(self, folder: str) -> list[Entry]:
        """Return what is in a folder, sorted by name; a folder that cannot be read is empty, with one warning."""
        url = self._access(folder.rstrip("/")) + "/" * self._is_web
        if self._is_web and len(self.names(url)) > MAX_WEB_DEPTH:
            return self._skipped(folder, f"{folder} is too deep")
        try:
            path, found = attempt(url, lambda system, path: (path, call(system, "ls", path, detail=True)))
        except FileNotFoundError:
            return self._skipped(folder, f"{folder}: no such folder")
        except DownloadError as error:
            return self._skipped(folder, str(error))
        inside = [info for info in found if info["name"].rstrip("/") != path.rstrip("/")]  # markers of empty folders
        return sorted(filter(None, (self._child(folder, info) for info in inside)), key=lambda entry: entry.name)

    def split_glob(self, text: str) -> tuple[str, Sequence[str]]:
        """Return the address of the folder in front of the first name with a wildcard, and the names after it."""
        _, *names = public_address(text).partition("://")[2].split("/")
        first = next(number for number, name in enumerate(names) if has_magic(name))
        return "/".join((self._public_host, *names[:first])), names[first:]

    def source(self, entry: Entry, folder: str) -> Source:
        """Return the source of a file whose outputs go to `folder`; asks a web server, whose listings say nothing."""
        if entry.is_bare:
            entry = self._looked_up(entry)
        return Source(entry.address, folder, entry.size_bytes, entry.stamp, entry.access)

    def _skipped(self, folder: str, problem: str) -> list[Entry]:
        if folder not in self._unreadable:
            _log.warning("skipping the folder %s", problem)
            self._unreadable.add(folder)
        return []

    def _access(self, address: str) -> str:
        """Return the URL of an address; URLs with credentials stay as they are."""
        inside = address.removeprefix(self._public_host)
        return self._access_host + inside if inside != address else address

    def _child(self, folder: str, info: Mapping[str, Any]) -> Entry | None:
        """Return what is in a folder; None if it is neither a file nor a folder, or a link to a folder."""
        url = f"{self._access(folder.rstrip('/'))}/{info['name'].rstrip('/').rpartition('/')[2]}"
        if info["type"] == "link":
            try:
                info = attempt(url, lambda system, path: call(system, "info", path))
            except (DownloadError, FileNotFoundError):
                return self._entry(url, {}, is_folder=False)  # the photo fails when it is read
            if info["type"] == "directory":
                return None
        entry = self._entry(url, info, is_folder=info["type"] == "directory")
        return replace(entry, is_bare=self._is_web and not entry.is_folder)

    def _looked_up(self, entry: Entry) -> Entry:
        try:
            return self.entry(entry.access or entry.address) or entry
        except InputError:
            return entry  # the photo fails when it is read

    def _entry(self, url: str, info: Mapping[str, Any], *, is_folder: bool) -> Entry:
        address = public_address(url)
        access = "" if url == address else url
        return Entry(names_of(url)[-1], address, is_folder, info.get("size") or 0, stamp_of(info), access=access)
