"""The layers of one photo and the masks of what has to be filled. `kbvr.ldi.split` describes the layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8


@dataclass(frozen=True, eq=False)
class Layer:
    """One surface over the photo's plane and its margin."""

    name: Literal["matte", "front", "between", "hidden"]
    rgba: UInt8[np.ndarray, "H W 4"] = field(repr=False)
    """Straight alpha; where it is 0 the layer has no surface, but its colours continue for a few pixels."""

    inverse_depth: Float32[np.ndarray, "H W"] = field(repr=False)
    """1/m; finite everywhere."""

    @property
    def is_soft(self) -> bool:
        """Whether it is blended by its alpha over what lies behind; others are opaque where they have a surface."""
        return self.name == "matte"

    @property
    def is_hidden(self) -> bool:
        """Whether it lies behind the front one."""
        return self.name in ("between", "hidden")


@dataclass(frozen=True, eq=False)
class LayeredDepthImage:
    """The layers of one photo, and the masks of what has to be invented."""

    matte: Layer
    front: Layer
    hidden: Layer
    margin_px: int
    f_px: float
    size_px: tuple[int, int]
    """(width, height) of the photo, without the margin."""

    reach_m: float
    """The largest sideways camera move that the layers are made for."""

    jump_px: float
    """Neighbours whose parallax at that move differs by more belong to two surfaces."""

    fill_mask: Bool[np.ndarray, "H W"] = field(repr=False)
    """Pixels of the hidden layer that have to be invented."""

    source_mask: Bool[np.ndarray, "H W"] = field(repr=False)
    """Pixels of the hidden layer that it is invented from: the far side near a boundary."""

    between: Layer | None = None
    """None where no two boundaries lie close together."""

    between_fill: Bool[np.ndarray, "H W"] | None = field(default=None, repr=False)
    """Pixels of the layer between that have to be invented; None without such a layer."""

    between_source: Bool[np.ndarray, "H W"] | None = field(default=None, repr=False)
    """Pixels of the layer between that it is invented from: the narrow surface between two boundaries."""

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All layers, nearest first."""
        between = () if self.between is None else (self.between,)
        return (self.matte, self.front, *between, self.hidden)

    def with_layers(self, change: Callable[[Layer], Layer]) -> LayeredDepthImage:
        """Return the same with every layer changed."""
        between = None if self.between is None else change(self.between)
        matte, front, hidden = (change(layer) for layer in (self.matte, self.front, self.hidden))
        return replace(self, matte=matte, front=front, hidden=hidden, between=between)


def with_alpha(rgb: UInt8[np.ndarray, "H W 3"], alpha: UInt8[np.ndarray, "H W"]) -> UInt8[np.ndarray, "H W 4"]:
    """Return colours with an alpha channel."""
    rgba = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2RGBA), np.uint8)
    rgba[..., 3] = alpha
    return rgba
