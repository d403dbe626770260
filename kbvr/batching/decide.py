"""What to do with a photo that was found: make it, or leave it because the ledger and its outputs say it is done."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kbvr.batching.ledger import Ledger
from kbvr.batching.ledger_rows import Row
from kbvr.batching.photo_hash import photo_sha256
from kbvr.batching.places import Place
from kbvr.batching.receipts import has_outputs, read_receipt, receipt_path, write_receipt
from kbvr.batching.source import Source, is_remote
from kbvr.options.export_options import ExportOptions
from kbvr.plan.output_kinds import chosen_kinds


@dataclass(frozen=True)
class Decision:
    """What to do with a photo, and why."""

    verdict: Literal["make", "leave", "refuse"]
    reason: str
    """In a few words; for `refuse`, the error."""


@dataclass(frozen=True)
class Judge:
    """Decides about the photos of one run."""

    ledger: Ledger
    place: Place
    options: ExportOptions
    options_hash: str
    is_forced: bool
    """Whether photos are made although they are done, and files of others are replaced."""

    retries_failed: bool

    def decide(self, source: Source, row: Row | None) -> Decision:
        """Decide about a photo; its row is None if it is new."""
        if row is None or not self._was_started(row):
            return self._if_free(source, row, "new" if row is None or not row.options_hash else "options changed")
        if self.is_forced:
            return Decision("make", "made again")
        if row.status in ("waiting", "started"):
            return Decision("make", "unfinished")
        if self._has_changed(source, row):
            return Decision("make", "photo changed")
        if row.status == "failed":
            return self._failed(row)
        if not has_outputs(self.place, self.ledger.outputs(row.key)):
            return Decision("make", "outputs are missing or changed")
        return Decision("leave", "done")

    def planned(self, folder: str, stem: str) -> tuple[str, ...]:
        """Return the outputs that a photo will have, with the names that begin with `stem`."""
        files = (file for kind in chosen_kinds(self.options) for file in kind.files(self.options))
        return tuple("/".join(filter(None, (folder, f"{stem}{file.ending}"))) for file in files)

    def _was_started(self, row: Row) -> bool:
        return row.tries > 0 and row.options_hash == self.options_hash

    def _if_free(self, source: Source, row: Row | None, reason: str) -> Decision:
        """Make a photo if no file that another program or call has written would be replaced."""
        folder, stem = (row.folder, row.stem) if row else (source.folder, self.ledger.free_stem(source))
        for path in () if self.is_forced else self.planned(folder, stem):
            if self.place.size_bytes(path) is not None and not self._owns(path, source.key):
                return Decision("refuse", f"{path} already exists, and this batch did not write it (use --overwrite)")
        return Decision("make", reason)

    def _owns(self, path: str, key: str) -> bool:
        """Return whether a file belongs to the batch; receipts know what the ledger lost in a power failure."""
        if self.ledger.owns(path):
            return True
        receipt = read_receipt(self.place, key)
        return receipt is not None and path in receipt.paths

    def _failed(self, row: Row) -> Decision:
        if self.retries_failed:
            return Decision("make", "failed before")
        return Decision("leave", f"failed before (use --retry-failed): {row.error}")

    def _has_changed(self, source: Source, row: Row) -> bool:
        """Return whether the photo differs from the one that was exported; its time alone means nothing."""
        if (source.size_bytes, source.stamp) == (row.size_bytes, row.stamp):
            return False
        if (
            is_remote(source.address)
            or source.size_bytes != row.size_bytes
            or photo_sha256(Path(source.address)) != row.sha256
        ):
            return True
        self.ledger.touch(source)
        return False


def moved_row(source: Source, ledger: Ledger) -> Row | None:
    """Return the row of a photo that is gone and that a new one is, moved with its folder; None if there is none.

    It has the same place below the output folder, the same file name, and the same content.
    """
    if is_remote(source.address):
        return None
    for row in ledger.of_size(source.folder, source.size_bytes):
        is_same_name = Source(row.address).name == source.name
        if is_same_name and _is_gone(row) and photo_sha256(Path(source.address)) == row.sha256:
            return row
    return None


def note_move(row: Row, source: Source, ledger: Ledger, place: Place) -> Row | None:
    """Change the address in the row and the receipt of a photo that has moved; return its new row."""
    receipt = read_receipt(place, row.key)
    if receipt is not None:
        write_receipt(place, source.key, receipt.moved_to(source))
    ledger.move(row, source)
    place.remove(receipt_path(row.key))
    return ledger.row(source.key)


def forget_namesake(source: Source, ledger: Ledger) -> None:
    """Free the name of a new photo if its owner is gone and has no outputs: it may have been mended and moved."""
    row = ledger.namesake(source)
    if row is not None and row.status != "done" and _is_gone(row) and not ledger.outputs(row.key):
        ledger.forget(row)


def _is_gone(row: Row) -> bool:
    return not is_remote(row.address) and not os.path.lexists(row.address)
