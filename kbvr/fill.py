"""Invent what the layers hide: colour and inverse depth, from the far side only.

A filler is anything that can be called as a `Filler`: a network of `kbvr.network_fill` or `kbvr.inpainting_fill`, or
`kbvr.spread`, which needs none.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float32, UInt8

from kbvr.errors import InputError
from kbvr.inpainting_fill import INPAINTING_INPUTS, TILE_PX, Filling, PipelineFiller, TileFiller
from kbvr.layers import Layer, LayeredDepthImage, with_alpha
from kbvr.nets import Card, Session, fetched_card, is_file, known_cards, open_network, open_session, read_card
from kbvr.network_fill import NETWORK_INPUTS, NetworkFiller
from kbvr.spread import spread
from kbvr.tiles import tiles

LEAST_APART_JUMPS = 0.5
"""What is filled lies so far behind what hides it, in least jumps, so that it never shows through."""

HALF_COVERED = 127
"""Alpha of the strip above which a pixel is on the near side, before it is solved for."""

BLOCK_PX = 256
AROUND_PX = 48
"""Blocks in which the layer between is filled, and how far beyond them sources are looked for."""


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

BEST_FIRST = ("lama", FILLERS[0])
"""What `auto` takes, if it is there."""


def best_filler() -> str:
    """Return the name of the filler that `auto` means here."""
    known = known_cards()
    return next(name for name in BEST_FIRST if known[name].is_here)


def filler_named(
    name: str | Path, *, device: str = "auto", threads: int | None = None, max_bytes: int | None = None
) -> Filler:
    """Return a filler: `auto` (the best that is there), by its name, or that of an ONNX file (see `network_filler`).

    `max_bytes` is the most memory that a person's own network may take.

    Raises:
        InputError: if there is no such filler, its file is not there, or it cannot be used.
    """
    if Path(name).suffix.lower() == ".onnx":
        return network_filler(Path(name), device=device, threads=threads, max_bytes=max_bytes)
    name = best_filler() if name == "auto" else str(name)
    if name == "spread":
        return spread
    known = known_cards()
    able = [card.name for card in known.values() if _inputs(card) in (NETWORK_INPUTS, INPAINTING_INPUTS)]
    if name not in known or (name not in able and not known[name].is_here):  # it need not be fetched to be told
        raise InputError(f"the filler must be auto, spread, {', '.join(able)} or a .onnx file, got {name!r}")
    card = fetched_card(name)
    session = open_network(card, device=device, threads=threads, max_bytes=max_bytes)
    return _filler_of(session, card, name, device=device, threads=threads)


def network_filler(
    file: Path, *, device: str = "auto", threads: int | None = None, max_bytes: int | None = None
) -> Filling:
    """Return the filler of a network's ONNX file: one of kbvr-fill's kind, or an inpainting network.

    Which it is, the names and types of its inputs say: MI-GAN's pipeline takes `image` and `mask` as uint8, LaMa as
    float32. The card beside it (the same name with .json), if there is one, says in which range it answers.

    Raises:
        InputError: if the file or the device is not there, or the file is neither.
    """
    beside = file.with_suffix(".json")
    card = replace(read_card(beside), file=file.name) if is_file(beside) else None
    session = open_network(file if card is None else card, device=device, threads=threads, max_bytes=max_bytes)
    return _filler_of(session, card, str(file), device=device, threads=threads)


def _filler_of(session: Session, card: Card | None, name: str, *, device: str, threads: int | None) -> Filling:
    """Return the filler that a network's inputs say it is."""
    inputs = tuple(tensor.name for tensor in session.get_inputs())
    if inputs == NETWORK_INPUTS:
        return NetworkFiller(session)
    if inputs != INPAINTING_INPUTS:
        kinds = " or ".join(", ".join(names) for names in (NETWORK_INPUTS, INPAINTING_INPUTS))
        raise InputError(f"wanted a network with the inputs {kinds}, got {name} with {', '.join(inputs)}")
    ours = NetworkFiller(open_session(FILLERS[0], device=device, threads=threads))
    image = session.get_inputs()[0]
    if image.type == "tensor(uint8)":
        return PipelineFiller(session, ours)
    height, width = image.shape[2:] if len(image.shape) == 4 else (0, 0)
    if image.type != "tensor(float)" or width == 0 or (isinstance(width, int) and width != height):
        wanted = "a square picture as uint8 or float32"
        raise InputError(f"wanted a network that takes {wanted}, got {name} with {image.type} {tuple(image.shape)}")
    output_range = card.fill.output_range if card is not None and card.fill is not None else None
    return TileFiller(session, ours, width if isinstance(width, int) else TILE_PX, output_range)


def _inputs(card: Card) -> tuple[str, ...]:
    return tuple(tensor.name for tensor in card.inputs)


def fill(ldi: LayeredDepthImage, filler: Filler | None = None) -> LayeredDepthImage:
    """Return the layered depth image with its hidden layers filled, by kbvr-fill if no filler is given.

    The layer between is narrow, and continued without a network.
    """
    if not ldi.fill_mask.any():
        return ldi
    *before, hidden = ldi.layers
    rgb, inverse_depth = (filler or filler_named(FILLERS[0]))(
        hidden.rgba[..., :3], hidden.inverse_depth, hole=ldi.fill_mask, source=ldi.source_mask
    )
    apart = np.float32(LEAST_APART_JUMPS * ldi.jump_px / (ldi.f_px * ldi.reach_m))
    near_side = (before[1].rgba[..., 3] > 0) | (before[0].rgba[..., 3] > HALF_COVERED)
    in_front = before[1].inverse_depth.copy()
    np.subtract(in_front, apart, out=in_front, where=near_side)
    if ldi.between_fill is not None and ldi.between_source is not None:
        before[2] = _continued(before[2], in_front, hole=ldi.between_fill, source=ldi.between_source)
        np.subtract(before[2].inverse_depth, apart, out=in_front, where=ldi.between_fill)
    behind, at = hidden.inverse_depth.copy(), np.flatnonzero(ldi.fill_mask)
    behind.ravel()[at] = np.minimum(inverse_depth.ravel()[at], in_front.ravel()[at]).clip(0)
    filled = Layer("hidden", with_alpha(rgb, hidden.rgba[..., 3]), behind)
    return replace(ldi, layers=(*before, filled))


def _continued(
    layer: Layer,
    in_front: Float32[np.ndarray, "H W"],
    *,
    hole: Bool[np.ndarray, "H W"],
    source: Bool[np.ndarray, "H W"],
) -> Layer:
    """Return the layer with its hole spread from the sources, block by block; never before `in_front`."""
    rgba, inverse_depth = layer.rgba.copy(), layer.inverse_depth.copy()
    for y, x in tiles(hole, tile_px=BLOCK_PX + 2 * AROUND_PX, step_px=BLOCK_PX):
        around = np.s_[y : y + BLOCK_PX + 2 * AROUND_PX, x : x + BLOCK_PX + 2 * AROUND_PX]
        at = hole[around]
        rgb, depth = spread(layer.rgba[around][..., :3], layer.inverse_depth[around], hole=at, source=source[around])
        rgba[around][at, :3] = rgb[at]
        inverse_depth[around][at] = np.minimum(depth, in_front[around]).clip(0)[at]
        if not source[around].any():
            rgba[around][at, 3] = 0
    return Layer("between", rgba, inverse_depth)
