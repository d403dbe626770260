"""What the numbers of a depth file mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import NDArray

ForeignKind = Literal["disparity", "relative", "relative-inverted", "depth-m", "inverse-depth-per-m"]
"""Numbers of any program."""

DepthKind = Literal[ForeignKind, "kbvr"]
"""The same, and a 16-bit PNG that kbvr wrote, whose texts say where its depth is placed."""

Half = Literal["left", "right"]
"""The half of an RGB-D picture that holds the depth; the other one is the photo."""


@dataclass(frozen=True, eq=False)
class StoredDepth:
    """The numbers of a depth file."""

    values: NDArray[Any]
    """(h, w) real numbers in their own type, upright."""

    kind: DepthKind | None = None
    """What the file says that they are; None if it does not say."""

    form: str = ""
    """How they are hidden in a colour picture, in words; empty if they are plain numbers."""
