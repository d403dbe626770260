"""Download and remove networks in `models_folder()`: `FILE.onnx`, and `NAME.json` if the card does not ship with kbvr.

The SHA-256 is checked before a file is renamed to its final name.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kbvr.errors import DownloadError, InputError, OutputError
from kbvr.nets.download import Downloader, Progress, discard, note_of
from kbvr.nets.http import check_proxy, without_credentials
from kbvr.nets.model_card import BUILT_IN, Card, card_of, how_to_get, known_cards, models_folder
from kbvr.system.atomic_file import UNFINISHED, remove_abandoned
from kbvr.system.input_file import is_file

_log = logging.getLogger(__name__)


def pull(
    name: str,
    *,
    accept_license: bool = False,
    progress: Progress | None = None,
    proxy: str | None = None,
    fail_fast: bool = False,
) -> Path:
    """Download the file of a network, unless it is installed, and return its path.

    An interrupted download is resumed. A second process that downloads the same network waits for the first. `proxy` is
    a URL; the default is the environment's (HTTPS_PROXY, NO_PROXY). `fail_fast` fails after seconds if the server does
    not answer.

    Raises:
        InputError: if there is no such network, it has no download address, or its licence is not accepted.
        DownloadError: if the download fails or its checksum is wrong; the message says what to do.
        OutputError: if the disk is full or the folder cannot be written.
    """
    card = card_of(name)
    if proxy is not None:
        check_proxy(proxy)
    if name in BUILT_IN or is_verified(card):
        return card.path
    if not card.url:
        raise InputError(f"{name} has no download address; {how_to_get(card)}")
    if card.non_commercial and not accept_license:
        raise InputError(f"{name} is under {card.licence}, which forbids commercial use: accept it with accept_license")
    with locked(card):
        if not is_verified(card):
            _fetch(card, Downloader(part_of(card), card.sha256, card.size_bytes, proxy, progress, fail_fast))
    return card.path


def remove(name: str) -> tuple[Path, ...]:
    """Remove a network's file and partial download, and its card if the user added it; return their paths.

    Raises:
        InputError: if the network is built in or not installed.
        OutputError: if a file cannot be removed.
    """
    if name in BUILT_IN:
        raise InputError(f"{name} ships with kbvr and cannot be removed")
    json_file = models_folder() / f"{name}.json"
    if name not in known_cards() and json_file in models_folder().glob("[!.]*.json"):  # an unreadable card
        return _unlink((json_file, json_file.with_name(f"{name}.onnx")))
    card = card_of(name)
    part = part_of(card)
    files = (card.path, part, note_of(part), json_file)
    if not any(map(is_file, files)):
        raise InputError(f"{name} is not installed, so there is nothing to remove")
    with locked(card):
        return _unlink(files)


def _unlink(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Remove the files that exist, and return them."""
    existing = tuple(filter(is_file, paths))
    for path in existing:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"cannot remove {path}: {error.strerror or error}") from error
    return existing


def is_verified(card: Card) -> bool:
    """Return whether a network's file exists and has the SHA-256 on its card."""
    try:
        return card.path.is_file() and sha256_of(card.path) == card.sha256
    except OSError:
        return False


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def part_of(card: Card) -> Path:
    """Return the path of a network's partial download."""
    return card.folder / f"{card.file}.part"


@contextmanager
def locked(card: Card) -> Iterator[None]:
    """Lock a network against other processes that download, install or remove it, waiting for them if necessary."""
    import filelock

    folder = models_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / f".{card.name}.lock")
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            _log.warning("waiting for another process that is installing or removing %s", card.name)
            lock.acquire()
    except OSError as error:
        raise OutputError(f"cannot write to {folder}: {error.strerror or error}") from error
    try:
        yield
    finally:
        lock.release()


def _fetch(card: Card, downloader: Downloader) -> None:
    """Download, check and rename a file; remove abandoned downloads of other networks."""
    remedy = f"try again later, or download {without_credentials(card.url)} by hand and run `kbvr models add FILE`"
    others = re.compile(rf"(?!{re.escape(card.file)})[^.].*\.onnx\.part(-note)?")
    for names in (others, UNFINISHED):
        remove_abandoned(card.folder, names)
    try:
        try:
            _retrieve(card, downloader)
        except _WrongFileError:
            if not downloader.resumed:
                raise
            _log.info("the resumed download of %s is invalid; starting again", card.name)
            downloader.resumed = False
            _retrieve(card, downloader)
    except DownloadError as error:
        raise DownloadError(f"{card.name} could not be downloaded: {error}; {remedy}") from error
    except OSError as error:
        raise OutputError(f"cannot write to {card.folder}: {error.strerror or error}") from error


def _retrieve(card: Card, downloader: Downloader) -> None:
    """Download a file once, check its SHA-256 and rename it."""
    part = downloader.part
    downloader.fetch(card.url)
    if sha256_of(part) != card.sha256:
        discard(part)
        raise _WrongFileError("the downloaded file does not have the sha256 on the card, and was removed")
    part.replace(card.path)
    discard(part)


class _WrongFileError(DownloadError):
    """The downloaded file has another checksum."""


def remove_part(card: Card) -> None:
    """Remove a network's partial download, if there is one."""
    with suppress(OSError):
        discard(part_of(card))
