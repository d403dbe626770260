"""The input of stills: a single instant, and for formats with separate pictures, a left and a right view."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TypeVar

import numpy as np
from jaxtyping import UInt8

from kbvr.errors import InputError
from kbvr.formats.spec.format import Facts, Item, Views

T = TypeVar("T")


def single(instants: Iterable[T], item: Item) -> T:
    """Return the only instant.

    Raises:
        InputError: if there is none, or more than one.
    """
    found = list(islice(instants, 2))
    if len(found) != 1:
        raise InputError(f"{item.path.name}: expected one instant, got {'several' if found else 'none'}")
    return found[0]


def view_pair(
    instants: Iterable[Views], item: Item, facts: Facts
) -> tuple[UInt8[np.ndarray, "H W 3"], UInt8[np.ndarray, "H W 3"]]:
    """Return the left and the right view of the only instant.

    Raises:
        InputError: if there is not one instant with two views, or the baseline or the convergence is unknown.
    """
    views = single(instants, item)
    if len(views) != 2:
        raise InputError(f"{item.path.name}: expected two views, got {len(views)}")
    if facts.baseline_m is None or facts.convergence_m is None:
        raise InputError(f"{item.path.name}: expected the baseline and the convergence distance, got none")
    return views[0], views[1]
