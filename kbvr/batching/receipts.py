"""Receipts: a small JSON file for every exported photo, written when all its outputs are complete.

A receipt is what makes a photo done. The ledger is an index of them: it can be lost and made again. Workers that share
no ledger, on many machines, see each other's receipts.
"""

from __future__ import annotations

from collections.abc import Iterator

from kbvr.batching.places import RECEIPTS, Place
from kbvr.batching.task import PhotoResult


def receipt_path(key: str) -> str:
    """Return the path of a photo's receipt below the output folder; no folder holds too many."""
    return f"{RECEIPTS}/{key[:2]}/{key}.json"


def write_receipt(place: Place, key: str, result: PhotoResult) -> None:
    """Write the receipt of a photo whose outputs are complete."""
    place.write(receipt_path(key), result.to_json().encode())


def read_receipt(place: Place, key: str) -> PhotoResult | None:
    """Return a photo's receipt; None if there is none, or it is damaged."""
    return _parsed(place.read(receipt_path(key)))


def all_receipts(place: Place) -> Iterator[PhotoResult]:
    """Yield every intact receipt."""
    for path in place.receipts():
        receipt = _parsed(place.read(path))
        if receipt is not None:
            yield receipt


def has_outputs(place: Place, result: PhotoResult) -> bool:
    """Return whether all outputs exist with the sizes they were written with."""
    return all(place.size_bytes(output.path) == output.size_bytes for output in result.outputs)


def _parsed(content: bytes | None) -> PhotoResult | None:
    try:
        return PhotoResult.from_json(content) if content else None
    except ValueError:
        return None
