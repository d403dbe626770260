"""Photos and output folders on other machines: photos are fetched, outputs are made here and uploaded."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from kbvr.batching.finding.photo_names import safe_names
from kbvr.batching.place import RECEIPTS
from kbvr.batching.remote.access import TRANSFER_S, attempt, call, check_installed, has_atomic_put
from kbvr.batching.remote.url import WEB, protocol_of, public_address
from kbvr.batching.source import Source
from kbvr.errors import InputError, KbvrError, escaped
from kbvr.system.atomic_file import temporary_folder

MAX_NAME_BYTES = 200
"""Longest file name of a fetched photo; keys of object stores are longer than any file system allows."""


@contextmanager
def fetched(source: Source) -> Iterator[Path]:
    """Yield a photo that has been downloaded into a temporary folder, under its own name.

    Messages of kbvr's errors inside the context name the photo's address instead of the temporary file.

    Raises:
        InputError: if there is no such file; DownloadError if it cannot be fetched, or changes all the time.
    """
    with temporary_folder(Path(tempfile.gettempdir())) as folder:
        path = folder / _file_name(source)
        _download(source, path)
        try:
            yield path
        except KbvrError as error:
            error.args = tuple(_without(argument, path, source.address) for argument in error.args)
            raise


def _file_name(source: Source) -> str:
    name = "_".join(safe_names([source.name])) or "photo"
    return name if len(os.fsencode(name)) <= MAX_NAME_BYTES else source.key + Path(name).suffix[:8]


def _without(argument: object, path: Path, address: str) -> object:
    if not isinstance(argument, str):
        return argument
    return argument.replace(escaped(str(path)), address).replace(str(path), address)


def _download(source: Source, path: Path) -> None:
    def action(system: Any, remote: str) -> None:
        call(system, "get_file", remote, str(path), seconds=TRANSFER_S)
        size_bytes = path.stat().st_size
        if size_bytes != source.size_bytes:  # unknown before, changed since, or cut off
            expected = call(system, "info", remote).get("size")
            if expected is not None and expected != size_bytes:
                raise OSError(f"expected {expected} bytes, got {size_bytes}")

    try:
        attempt(source.access or source.address, action)
    except FileNotFoundError as error:
        raise InputError(f"{source.address}: no such file") from error


class RemotePlace:
    """An output folder at a URL."""

    def __init__(self, url: str) -> None:
        """Take a URL of a protocol that can be written to.

        Raises:
            InputError: if it is one of the web, or what is needed for it is not installed.
        """
        if protocol_of(url) in WEB:
            expected = "expected an output folder at s3://, gs://, az:// or sftp://"
            raise InputError(f"{expected}, got {public_address(url)}, which cannot be written to")
        check_installed(url)
        self._root = url.rstrip("/")

    @contextmanager
    def written(self) -> Iterator[Path]:
        """Yield a temporary folder; at exit its files are uploaded, all or none.

        Raises:
            OutputError: if that fails; what was uploaded before is removed.
        """
        with temporary_folder(Path(tempfile.gettempdir())) as folder:
            yield folder
            files = sorted(path for path in folder.rglob("*") if path.is_file())
            uploaded: list[str] = []
            try:
                for file in files:
                    uploaded.append(file.relative_to(folder).as_posix())
                    self._upload(file, uploaded[-1])
            except BaseException:
                with suppress(KbvrError):
                    for path in uploaded:
                        self.remove(path)
                raise

    def size_bytes(self, path: str) -> int | None:
        """Return the size of a file; None if it does not exist."""
        try:
            size: int | None = attempt(self._url(path), lambda system, inner: call(system, "info", inner))["size"]
        except FileNotFoundError:
            return None
        return size

    def read(self, path: str) -> bytes | None:
        """Return the content of a small file; None if it does not exist."""
        try:
            content: bytes = attempt(self._url(path), lambda system, inner: call(system, "cat_file", inner))
        except FileNotFoundError:
            return None
        return content

    def write(self, path: str, content: bytes, *, is_lasting: bool = True) -> None:  # noqa: ARG002  it always is
        """Write a small file, replacing it as a whole."""
        with temporary_folder(Path(tempfile.gettempdir())) as folder:
            file = folder / "content"
            file.write_bytes(content)
            self._upload(file, path)

    def remove(self, path: str) -> None:
        """Remove a file if it exists."""

        def action(system: Any, inner: str) -> None:
            with suppress(FileNotFoundError):
                call(system, "rm_file", inner)

        attempt(self._url(path), action, is_writing=True)

    def receipts(self) -> Iterator[str]:
        """Yield the paths of all receipts, one folder's listing at a time."""
        for folder in self._names(RECEIPTS):
            for name in self._names(f"{RECEIPTS}/{folder}"):
                if name.endswith(".json"):
                    yield f"{RECEIPTS}/{folder}/{name}"

    def _names(self, folder: str) -> list[str]:
        """Return the names in a folder; none if it does not exist."""
        try:
            infos = attempt(self._url(folder), lambda system, path: call(system, "ls", path, detail=True))
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(info["name"].rstrip("/").rpartition("/")[2] for info in infos)

    def _url(self, path: str) -> str:
        return f"{self._root}/{path.encode('utf-8', 'backslashreplace').decode()}"

    def _upload(self, file: Path, path: str) -> None:
        """Upload a file, under a temporary name unless it appears complete, and look at its size there."""

        def put(system: Any, inner: str) -> None:
            call(system, "put_file", str(file), inner, seconds=TRANSFER_S)
            size_bytes = call(system, "info", inner)["size"]
            if size_bytes != file.stat().st_size:
                call(system, "rm_file", inner)
                raise OSError(f"expected {file.stat().st_size} bytes there, got {size_bytes}")

        def put_aside(system: Any, inner: str) -> None:
            folder = inner.rpartition("/")[0]
            aside = f"{folder}/.kbvr-{secrets.token_hex(4)}.part"
            call(system, "makedirs", folder, exist_ok=True)
            try:
                put(system, aside)
                call(system, "mv", aside, inner)
            except BaseException:
                with suppress(Exception):
                    call(system, "rm_file", aside)
                raise

        url = self._url(path)
        attempt(url, put if has_atomic_put(url) else put_aside, is_writing=True)
