"""What the numbers of a depth file mean."""

from __future__ import annotations

from typing import Literal

ForeignKind = Literal["disparity", "depth-m", "inverse-depth-per-m"]
"""Numbers of any program."""

DepthKind = Literal[ForeignKind, "kbvr"]
"""The same, and a 16-bit PNG that kbvr wrote, whose texts say where its depth is placed."""
