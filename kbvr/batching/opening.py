"""Open the ledger of an output folder: find its file, and fill a new one from the receipts that are there."""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from kbvr.batching.batch import Batch
from kbvr.batching.ledger import NAME, Ledger, lock_beside
from kbvr.batching.places import RECEIPTS, Place, place_of
from kbvr.batching.receipts import all_receipts
from kbvr.batching.remote.url import has_password, local_if_file, public_address
from kbvr.batching.source import is_remote
from kbvr.errors import InputError, counted
from kbvr.options.declare import quoted
from kbvr.plan.output_kinds import chosen_kinds

LOCK = ".kbvr/batch.lock"

_log = logging.getLogger(__name__)


def address_of_folder(text: str) -> str:
    """Return an output folder as an absolute path or a URL.

    Raises:
        InputError: if it is empty, a file, or a URL with a password, which tasks and messages would contain.
    """
    if not text or "\0" in text:
        raise InputError(f"expected a folder for the outputs, got {quoted(text)}")
    text = local_if_file(text)
    if is_remote(text):
        if has_password(text):
            address = public_address(text)
            raise InputError(f"expected an output folder without a password in its URL (use a key), got {address}")
        return text.rstrip("/")
    path = os.path.abspath(text)  # noqa: PTH100  keeps links
    if os.path.lexists(path) and not Path(path).is_dir():
        raise InputError(f"expected a folder for the outputs, got {text}, which is a file")
    return path


def output_test(batch: Batch, ledger: Ledger) -> Callable[[str], bool]:
    """Return a function that says whether the file at an address is an output of a batch, or will be one."""
    root = batch.out if is_remote(batch.out) else os.path.realpath(batch.out)
    files = [file for kind in chosen_kinds(batch.options) for file in kind.files(batch.options)]
    endings = {file.ending.rpartition(".")[0] for file in files}

    def is_output(address: str) -> bool:
        path = address.replace(os.sep, "/").removeprefix(f"{root.replace(os.sep, '/')}/")
        return path != address.replace(os.sep, "/") and ledger.is_output(path, endings)

    return is_output


def ledger_path(out: str, given: Path | None = None) -> Path:
    """Return the path of the ledger: what was given, or a file in the output folder.

    SQLite needs a file system, so the ledger of a URL is kept in $KBVR_HOME, or in the user's data folder.
    """
    if given is not None:
        return given.absolute()
    if not is_remote(out):
        return Path(out) / NAME
    import platformdirs

    home = os.environ.get("KBVR_HOME")
    folder = Path(home) if home else platformdirs.user_data_path("kbvr", appauthor=False)
    return folder / "ledgers" / f"{hashlib.sha256(out.encode()).hexdigest()[:16]}.sqlite"


def open_ledger(out: str, given: Path | None = None, *, is_rebuilt: bool = False) -> Ledger:
    """Open the ledger of an output folder to write it; a new one is filled from the receipts that are there.

    Args:
        out: the output folder, an absolute path or a URL.
        given: the ledger's file, if it is not the usual one.
        is_rebuilt: whether an existing ledger is replaced by what the receipts say.

    Raises:
        InputError: if the file is no ledger.
        OutputError: if another batch writes to the output folder, or the ledger cannot be written.
    """
    path, place = ledger_path(out, given), place_of(out)
    if is_rebuilt and path.exists() and next(place.receipts(), None) is None:
        raise InputError(f"there are no receipts in {out}/{RECEIPTS}, so the ledger is kept")
    is_inside = not is_remote(out) and path.parent == Path(out)
    locks = [] if is_remote(out) else [Path(out) / LOCK]
    ledger = Ledger(path, locks=locks if is_inside else [*locks, lock_beside(path)], is_replaced=is_rebuilt)
    try:
        if not is_inside:
            ledger.belong_to(out)
        if ledger.is_new:
            _fill(ledger, place)
    except BaseException:
        ledger.close()
        raise
    return ledger


def _fill(ledger: Ledger, place: Place) -> None:
    """Fill a new ledger from the receipts."""
    ledger.fill(all_receipts(place))
    counts = ledger.counts()
    if counts:
        found = counted(counts.get("done", 0), "photo")
        _log.warning("%s: made again from receipts, with %s done", ledger.path, found)


@contextmanager
def ledger_to_look_at(out: str, given: Path | None = None) -> Iterator[Ledger]:
    """Yield the ledger of an output folder to read it, also while a batch writes it.

    If there is none, it is a temporary one, filled from the receipts that are there.

    Raises:
        InputError: if the file is no ledger.
    """
    path = ledger_path(out, given)
    if path.exists():
        with closing(Ledger(path, is_read_only=True)) as ledger:
            yield ledger
        return
    with tempfile.TemporaryDirectory() as folder, closing(Ledger(Path(folder) / NAME)) as ledger:
        ledger.fill(all_receipts(place_of(out)))
        yield ledger
