"""Invent what the layers hide: colour and inverse depth, from the far side only.

A filler is any function with the signature of `Filler`; the classical one, `kbvr.spread`, needs no network.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float32, UInt8

from kbvr.layers import Layer, LayeredDepthImage
from kbvr.spread import spread


@runtime_checkable
class Filler(Protocol):
    """Fills one picture and its depth."""

    def __call__(
        self,
        rgb: UInt8[np.ndarray, "H W 3"],
        inverse_depth: Float32[np.ndarray, "H W"],
        *,
        hole: Bool[np.ndarray, "H W"],
        source: Bool[np.ndarray, "H W"],
    ) -> tuple[UInt8[np.ndarray, "H W 3"], Float32[np.ndarray, "H W"]]:
        """Return picture and inverse depth with the hole filled, looking at nothing but the sources.

        Pixels that are neither hole nor source (the foreground above all) must not show in the filling.
        """
        ...


def fill(ldi: LayeredDepthImage, filler: Filler | None = None) -> LayeredDepthImage:
    """Return the layered depth image with its hidden layer filled, by `kbvr.spread` if no filler is given."""
    if not ldi.fill_mask.any():
        return ldi
    hidden = ldi.layers[-1]
    front = ldi.layers[-2]
    rgb, inverse_depth = (filler or spread)(
        hidden.rgba[..., :3], hidden.inverse_depth, hole=ldi.fill_mask, source=ldi.source_mask
    )
    behind = np.where(ldi.fill_mask, np.minimum(inverse_depth, front.inverse_depth), hidden.inverse_depth)
    filled = Layer("hidden", np.dstack([rgb, hidden.rgba[..., 3]]), behind.astype(np.float32))
    return replace(ldi, layers=(*ldi.layers[:-1], filled))
