"""What all writers of stills take: one instant, and of those that keep the eyes apart, a left and a right view."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TypeVar

import numpy as np
from jaxtyping import UInt8

from kbvr.errors import InputError
from kbvr.formats.spec.format import Facts, Item, Views

T = TypeVar("T")


def only_one(made: Iterable[T], item: Item) -> T:
    """Return the only thing that there is.

    Raises:
        InputError: if there is none, or another one.
    """
    found = list(islice(made, 2))
    if len(found) != 1:
        raise InputError(f"{item.path.name} is a still of one instant, got {'several' if found else 'none'}")
    return found[0]


def pair_of(
    instants: Iterable[Views], item: Item, facts: Facts
) -> tuple[UInt8[np.ndarray, "H W 3"], UInt8[np.ndarray, "H W 3"]]:
    """Return the left and the right view of the only instant.

    Raises:
        InputError: if there is another number of instants or of views, or the facts do not tell where the eyes are.
    """
    views = only_one(instants, item)
    if len(views) != 2:
        raise InputError(f"{item.path.name} is for two eyes, got {len(views)} views")
    if facts.baseline_m is None or facts.convergence_m is None:
        raise InputError(f"{item.path.name} tells how far apart its eyes are and where they converge, got neither")
    return views[0], views[1]
