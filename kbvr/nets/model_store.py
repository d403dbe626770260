"""The networks that a person has beside the built-in ones: fetched, removed, added.

They are kept in `models_folder()`: `FILE.onnx`, and `NAME.json` where kbvr has no card of its own. Sums are checked
before a file gets its name.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kbvr.errors import DownloadError, InputError, OutputError
from kbvr.nets.download import Downloader, Progress, discard, note_of
from kbvr.nets.http import check_proxy, without_credentials
from kbvr.nets.model_card import BUILT_IN, Card, card_of, how_to_get, is_file, known_cards, models_folder
from kbvr.system.atomic_file import UNFINISHED, remove_abandoned

_log = logging.getLogger(__name__)


def pull(
    name: str,
    *,
    accept_license: bool = False,
    progress: Progress | None = None,
    proxy: str | None = None,
    hurried: bool = False,
) -> Path:
    """Fetch the file of a network, unless it is there already, and return where it is.

    What an earlier try left is gone on with. A second process that fetches the same network waits for the first.
    `proxy` is a URL; without it the environment's (HTTPS_PROXY, NO_PROXY) count. `hurried` is for somebody who can do
    without: it gives up after seconds if nobody answers.

    Raises:
        InputError: if there is no such network, it comes from nowhere, or its licence has to be accepted first.
        DownloadError: if it cannot be fetched, or another file came; the message says what to do.
        OutputError: if the disk is full or the folder cannot be written.
    """
    card = card_of(name)
    if proxy is not None:
        check_proxy(proxy)
    if name in BUILT_IN or is_whole(card):
        return card.path
    if not card.url:
        raise InputError(f"{name} has no address that it could be fetched from; {how_to_get(card)}")
    if card.non_commercial and not accept_license:
        raise InputError(f"{name} is under {card.licence}, which forbids commercial use: accept it (--accept-license)")
    with locked(card):
        if not is_whole(card):
            _fetch(card, Downloader(part_of(card), card.sha256, card.size_bytes, proxy, progress, hurried))
    return card.path


def remove(name: str) -> tuple[Path, ...]:
    """Remove a network's file and what a broken-off pull left of it, and its card if that was added; return them.

    Raises:
        InputError: if it is built in, or nothing of it is there.
        OutputError: if something cannot be removed.
    """
    if name in BUILT_IN:
        raise InputError(f"{name} ships with kbvr and cannot be removed")
    if name not in known_cards():
        return _broken_removed(name)
    card = card_of(name)
    part = part_of(card)
    files = [path for path in (card.path, part, note_of(part), _card_path(card)) if is_file(path)]
    if not files:
        raise InputError(f"{name} is not here, so there is nothing to remove")
    with locked(card):
        for path in files:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise OutputError(f"cannot remove {path}: {error.strerror or error}") from error
    return tuple(files)


def _broken_removed(name: str) -> tuple[Path, ...]:
    """Remove a card that cannot be read, and the file beside it."""
    stems = {path.stem for path in models_folder().glob("[!.]*.json")}
    if name not in stems:
        card_of(name)  # says which networks there are
    files = [path for suffix in (".json", ".onnx") if is_file(path := models_folder() / f"{name}{suffix}")]
    for path in files:
        try:
            path.unlink()
        except OSError as error:
            raise OutputError(f"cannot remove {path}: {error.strerror or error}") from error
    return tuple(files)


def is_whole(card: Card) -> bool:
    """Tell whether a network's file is there and is the one on its card."""
    try:
        return card.path.is_file() and sha256_of(card.path) == card.sha256
    except OSError:
        return False


def sha256_of(path: Path) -> str:
    """Return the sum of a file in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def part_of(card: Card) -> Path:
    """Return where a file is collected while it is fetched."""
    return card.folder / f"{card.file}.part"


@contextmanager
def locked(card: Card) -> Iterator[None]:
    """Keep other processes from fetching, adding or removing the same network; wait for one that does.

    Raises:
        OutputError: if the folder cannot be made or written.
    """
    import filelock

    folder = models_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / f".{card.name}.lock")
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            _log.warning("another process is at work on %s; waiting for it", card.name)
            lock.acquire()
    except OSError as error:
        raise OutputError(f"cannot write to {folder}: {error.strerror or error}") from error
    try:
        yield
    finally:
        lock.release()


def _fetch(card: Card, downloader: Downloader) -> None:
    """Fetch a file, check it and give it its name; remove what killed pulls of others left more than a day ago."""
    by_hand = f"try again later, or fetch {without_credentials(card.url)} by hand and `kbvr models add FILE`"
    others = re.compile(rf"(?!{re.escape(card.file)})[^.].*\.onnx\.part(-note)?")
    for names in (others, UNFINISHED):
        remove_abandoned(card.folder, names)
    try:
        try:
            _retrieve(card, downloader)
        except _WrongFileError:
            if not downloader.resumed:
                raise
            _log.info("%s was put together from parts of two files; once more from the start", card.name)
            downloader.resumed = False
            _retrieve(card, downloader)
    except DownloadError as error:
        raise DownloadError(f"{card.name} could not be fetched: {error}; {by_hand}") from error
    except OSError as error:
        raise OutputError(f"cannot write to {card.folder}: {error.strerror or error}") from error


def _retrieve(card: Card, downloader: Downloader) -> None:
    """Fetch a file once, and give it its name if it is the right one."""
    part = downloader.part
    downloader.fetch(card.url)
    if sha256_of(part) != card.sha256:
        discard(part)
        raise _WrongFileError("what came is not the file of the card (another sha256) and was thrown away")
    part.replace(card.path)
    discard(part)


class _WrongFileError(DownloadError):
    """Another file came."""


def _card_path(card: Card) -> Path:
    return models_folder() / f"{card.name}.json"


def forget_part(card: Card) -> None:
    """Remove what a broken-off pull left of a network."""
    with suppress(OSError):
        discard(part_of(card))
