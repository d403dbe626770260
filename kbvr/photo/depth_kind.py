"""What the numbers of a depth file mean."""

from __future__ import annotations

from typing import Literal

DepthKind = Literal["disparity", "depth-m", "inverse-depth-per-m"]
