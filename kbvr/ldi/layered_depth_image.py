"""The layers of one photo and the masks of what must be filled; `kbvr.ldi.split` describes the layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import cv2
import numpy as np
from jaxtyping import UInt8

from kbvr.imaging.array_types import Bytes, Mask, Picture, Plane


@dataclass(frozen=True, eq=False)
class Layer:
    """One surface over the photo's plane and its margin."""

    name: Literal["matte", "front", "between", "hidden"]
    rgba: UInt8[np.ndarray, "H W 4"] = field(repr=False)
    """Straight alpha; where it is 0 the layer has no surface, but its colours continue for a few pixels."""

    inverse_depth: Plane = field(repr=False)
    """1/m; finite everywhere."""

    @property
    def is_soft(self) -> bool:
        """Whether the layer is blended by its alpha; others are opaque wherever they have a surface."""
        return self.name == "matte"

    @property
    def is_hidden(self) -> bool:
        """Whether the layer is behind the front layer."""
        return self.name in ("between", "hidden")


@dataclass(frozen=True, eq=False)
class LayeredDepthImage:
    """The layers of one photo, and the masks of what must be filled."""

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
    """Neighbouring pixels whose parallax at that move differs by more belong to different surfaces."""

    fill_mask: Mask = field(repr=False)
    source_mask: Mask = field(repr=False)
    """Pixels of the hidden layer to fill, and those that it is filled from: the far side near a boundary."""

    fringe: Bytes = field(repr=False)
    """Least alpha of the matte where the photo shows fringes, 0 to 255; see `kbvr.ldi.fringe`."""

    is_exact: bool
    """Whether the depth expects no error, so that the thinnest of things is true."""

    shown_mask: Mask | None = field(default=None, repr=False)
    """Pixels of fill_mask that a second view shows, so that nothing is invented there; None without one."""

    between: Layer | None = None
    """None if no two boundaries are close together; so are its masks."""

    between_fill: Mask | None = field(default=None, repr=False)
    between_source: Mask | None = field(default=None, repr=False)
    """The same for the layer between; its source is the narrow surface between two boundaries."""

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All layers, nearest first."""
        between = () if self.between is None else (self.between,)
        return (self.matte, self.front, *between, self.hidden)

    def with_layers(self, change: Callable[[Layer], Layer]) -> LayeredDepthImage:
        """Return a copy with every layer changed."""
        between = None if self.between is None else change(self.between)
        matte, front, hidden = (change(layer) for layer in (self.matte, self.front, self.hidden))
        return replace(self, matte=matte, front=front, hidden=hidden, between=between)


def with_alpha(rgb: Picture, alpha: UInt8[np.ndarray, "H W"]) -> UInt8[np.ndarray, "H W 4"]:
    """Return colours with an alpha channel."""
    rgba = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2RGBA), np.uint8)
    rgba[..., 3] = alpha
    return rgba
