"""What the numbers of a depth file mean. Quick to import."""

from __future__ import annotations

from typing import Literal

ForeignKind = Literal["disparity", "relative", "relative-inverted", "depth-m", "inverse-depth-per-m"]
"""Numbers of any program."""

DepthKind = Literal[ForeignKind, "kbvr"]
"""The same, and a 16-bit PNG that kbvr wrote, whose texts say where its depth is placed."""

Half = Literal["left", "right"]
"""The half of an RGB-D picture that holds the depth; the other one is the photo."""
