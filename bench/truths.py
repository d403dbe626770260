"""Pictures whose inverse depth is known: real stereo pairs, and pictures with good depth that no training saw."""

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
    """A picture and what is known of its depth."""

    name: str
    kind: str
    rgb: UInt8[np.ndarray, "H W 3"]
    inverse_depth: Float32[np.ndarray, "H W"]
    """In any scale and shift; NaN where it is unknown."""


def of_pairs(pairs: Sequence[StereoPair]) -> list[Truth]:
    """Return the left pictures with their disparity."""
    return [Truth(pair.name, PAIRS, pair.left, pair.known_disparity_px) for pair in pairs]


def of_strong(folder: Path, limit: int | None = None) -> list[Truth]:
    """Return the pictures with good depth that every training holds out (`export.strong_labels`).

    Raises:
        InputError: if the folder holds none, or one that cannot be read.
    """
    truths = [
        Truth(one.name, kind_of(one), one.sample.rgb, one.sample.depth.astype(np.float32))
        for one in load_held_out(folder, lambda rows: few(rows, limit))
    ]
    if not truths:
        raise InputError(f"expected pictures with good depth of which some are held out, got {folder}")
    return truths


def few(items: Sequence[Item], limit: int | None) -> list[Item]:
    """Return so many of the items, evenly spread, or all."""
    if limit is None or limit >= len(items):
        return list(items)
    return [items[index * len(items) // limit] for index in range(limit)]
