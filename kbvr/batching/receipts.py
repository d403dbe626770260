"""Receipts: a small JSON file for every photo, written when it is started and again when all its outputs are complete.

They say what the ledger says to whoever does not have it: to workers on other machines, and to a ledger that is made
again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from kbvr.batching.places import RECEIPTS, Place
from kbvr.batching.source import Source
from kbvr.batching.task import OutputFile, PhotoResult


def receipt_path(key: str) -> str:
    """Return the path of a photo's receipt below the output folder; no folder holds too many."""
    return f"{RECEIPTS}/{key[:2]}/{key}.json"


def write_receipt(place: Place, key: str, result: PhotoResult) -> None:
    """Write the receipt of a photo that is started, or whose outputs are complete."""
    place.write(receipt_path(key), result.to_json().encode(), is_lasting=result.is_done)


def read_receipt(place: Place, key: str) -> PhotoResult | None:
    """Return a photo's receipt; None if there is none, or it is damaged."""
    return _parsed(place.read(receipt_path(key)), key)


def all_receipts(place: Place) -> Iterator[PhotoResult]:
    """Yield every intact receipt."""
    for path in place.receipts():
        receipt = _parsed(place.read(path), PurePosixPath(path).stem)
        if receipt is not None:
            yield receipt


def has_outputs(place: Place, outputs: Iterable[OutputFile]) -> bool:
    """Return whether all outputs exist with the sizes they were written with."""
    return all(place.size_bytes(output.path) == output.size_bytes for output in outputs)


def _parsed(content: bytes | None, key: str) -> PhotoResult | None:
    try:
        receipt = PhotoResult.from_json(content) if content else None
        return receipt if receipt is not None and Source(receipt.address).key == key else None
    except (ValueError, RecursionError):
        return None
