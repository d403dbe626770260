"""Pictures with known inverse depth: real stereo pairs, and held-out pictures with good depth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from jaxtyping import Float32, UInt8

from bench.pairs import StereoPair
from export.strong_labels import kind_of, load_held_out
from kbvr.errors import InputError

Item = TypeVar("Item")

PAIRS = "pairs"


@dataclass(frozen=True, eq=False)
class Truth:
    """A picture and its known inverse depth."""

    name: str
    kind: str
    rgb: UInt8[np.ndarray, "H W 3"]
    inverse_depth: Float32[np.ndarray, "H W"]
    """In any scale and shift; NaN where unknown."""


def pair_truths(pairs: Sequence[StereoPair]) -> list[Truth]:
    """Return the left pictures with their disparity."""
    return [Truth(pair.name, PAIRS, pair.left, pair.known_disparity_px) for pair in pairs]


def held_out_truths(folder: Path, limit: int | None = None) -> list[Truth]:
    """Return the pictures with good depth that every training holds out (`export.strong_labels`).

    Raises:
        InputError: if the folder contains none, or one cannot be read.
    """
    truths = [
        Truth(held_out.name, kind_of(held_out), held_out.sample.rgb, held_out.sample.depth.astype(np.float32))
        for held_out in load_held_out(folder, lambda rows: evenly_spread(rows, limit))
    ]
    if not truths:
        raise InputError(f"expected pictures with good depth, some of them held out, got {folder}")
    return truths


def evenly_spread(items: Sequence[Item], limit: int | None) -> list[Item]:
    """Return at most `limit` of the items, evenly spread."""
    if limit is None or limit >= len(items):
        return list(items)
    return [items[index * len(items) // limit] for index in range(limit)]
