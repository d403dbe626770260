"""Invent what the layers hide: colour and inverse depth, from the far side only.

A filler is anything that can be called as a `Filler`: a network of `kbvr.network_fill`, or `kbvr.spread`, which needs
none.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float32, UInt8

from kbvr.errors import InputError
from kbvr.layers import Layer, LayeredDepthImage
from kbvr.nets import fetched_card, open_session
from kbvr.network_fill import NetworkFiller, PipelineFiller, network_filler
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


FILLERS = ("kbvr-fill", "spread")
"""Names of the fillers that ship with kbvr, the default first."""


def filler_named(name: str | Path, *, device: str = "auto", threads: int | None = None) -> Filler:
    """Return a filler by its name, or that of a network's ONNX file (see `kbvr.network_fill.network_filler`).

    Raises:
        InputError: if there is no such filler or device, or the file cannot be used.
    """
    if name == "spread":
        return spread
    if name == "kbvr-fill":
        return NetworkFiller(open_session("kbvr-fill", device, threads))
    if name == "migan":
        return PipelineFiller(open_session(fetched_card("migan"), device, threads))
    if Path(name).suffix.lower() != ".onnx":
        raise InputError(f"the filler must be {', '.join(FILLERS)}, migan or a .onnx file, got {str(name)!r}")
    return network_filler(Path(name), device=device, threads=threads)


def fill(ldi: LayeredDepthImage, filler: Filler | None = None) -> LayeredDepthImage:
    """Return the layered depth image with its hidden layer filled, by kbvr-fill if no filler is given."""
    if not ldi.fill_mask.any():
        return ldi
    hidden = ldi.layers[-1]
    front = ldi.layers[-2]
    rgb, inverse_depth = (filler or filler_named(FILLERS[0]))(
        hidden.rgba[..., :3], hidden.inverse_depth, hole=ldi.fill_mask, source=ldi.source_mask
    )
    behind = np.where(ldi.fill_mask, np.minimum(inverse_depth, front.inverse_depth), hidden.inverse_depth)
    filled = Layer("hidden", np.dstack([rgb, hidden.rgba[..., 3]]), behind.astype(np.float32))
    return replace(ldi, layers=(*ldi.layers[:-1], filled))
