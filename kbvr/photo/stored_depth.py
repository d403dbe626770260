"""What a depth file holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from kbvr.photo.depth_kind import DepthKind


@dataclass(frozen=True, eq=False)
class StoredDepth:
    """The numbers of a depth file."""

    values: NDArray[Any]
    """(h, w) real numbers in their own type, upright."""

    kind: DepthKind | None = None
    """What the file says that they are; None if it does not say."""

    form: str = ""
    """How they are hidden in a colour picture, in words; empty if they are plain numbers."""
