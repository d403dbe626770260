"""The qualities of depth estimation."""

from __future__ import annotations

from typing import Literal, get_args

DepthQuality = Literal["fast", "good", "best"]
DEPTH_QUALITIES: tuple[str, ...] = get_args(DepthQuality)
