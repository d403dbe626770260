"""Choose the filler of the hidden layers: it invents colour and inverse depth from the far side alone.

A filler is any callable like `Filler`: a network of `kbvr.inpaint.rgbd_network` or `kbvr.inpaint.rgb_network`, or
`kbvr.inpaint.push_pull`, which needs none.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float32, UInt8

from kbvr.errors import InputError
from kbvr.inpaint.push_pull import spread
from kbvr.inpaint.rgb_network import INPAINTING_INPUTS, TILE_PX, Filling, PipelineFiller, TileFiller
from kbvr.inpaint.rgbd_network import NETWORK_INPUTS, NetworkFiller
from kbvr.nets import Card, Session, fetched_card, is_file, known_cards, open_network, open_session, read_card


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
        """Return picture and inverse depth with the hole filled from the sources alone.

        Pixels that are neither hole nor source (above all the foreground) must not influence the result.
        """
        ...


FILLERS = ("kbvr-fill", "spread")
"""Names of the built-in fillers, the default first."""

BEST_FIRST = ("lama", FILLERS[0])
"""What `auto` chooses: the first that is installed."""


def best_filler() -> str:
    """Return the name of the filler that `auto` chooses."""
    known = known_cards()
    return next(name for name in BEST_FIRST if known[name].is_here)


def filler_named(
    name: str | Path, *, device: str = "auto", threads: int | None = None, max_bytes: int | None = None
) -> Filler:
    """Return a filler: `auto` (the best that is installed), a name, or an ONNX file (see `network_filler`).

    `max_bytes` limits the memory of a user's own network.

    Raises:
        InputError: if there is no such filler, its file does not exist, or it cannot be used.
    """
    if Path(name).suffix.lower() == ".onnx":
        return network_filler(Path(name), device=device, threads=threads, max_bytes=max_bytes)
    name = best_filler() if name == "auto" else str(name)
    if name == "spread":
        return spread
    known = known_cards()
    able = [card.name for card in known.values() if _inputs(card) in (NETWORK_INPUTS, INPAINTING_INPUTS)]
    if name not in known or (name not in able and not known[name].is_here):  # no download is needed to refuse it
        raise InputError(f"the filler must be auto, spread, {', '.join(able)} or a .onnx file, got {name!r}")
    card = fetched_card(name)
    session = open_network(card, device=device, threads=threads, max_bytes=max_bytes)
    return _filler_of(session, card, name, device=device, threads=threads)


def network_filler(
    file: Path, *, device: str = "auto", threads: int | None = None, max_bytes: int | None = None
) -> Filling:
    """Return the filler of a network's ONNX file: an RGBD network like kbvr-fill, or an inpainting network.

    The names and types of its inputs decide: MI-GAN's pipeline takes `image` and `mask` as uint8, LaMa as float32. The
    card next to it (the same name with .json), if there is one, states the range of its output.

    Raises:
        InputError: if the file or the device does not exist, or the network is neither.
    """
    beside = file.with_suffix(".json")
    card = replace(read_card(beside), file=file.name) if is_file(beside) else None
    session = open_network(file if card is None else card, device=device, threads=threads, max_bytes=max_bytes)
    return _filler_of(session, card, str(file), device=device, threads=threads)


def _filler_of(session: Session, card: Card | None, name: str, *, device: str, threads: int | None) -> Filling:
    """Return the filler for a network, by its inputs."""
    inputs = tuple(tensor.name for tensor in session.get_inputs())
    if inputs == NETWORK_INPUTS:
        return NetworkFiller(session)
    if inputs != INPAINTING_INPUTS:
        kinds = " or ".join(", ".join(names) for names in (NETWORK_INPUTS, INPAINTING_INPUTS))
        raise InputError(f"expected a network with the inputs {kinds}, got {name} with {', '.join(inputs)}")
    depth_filler = NetworkFiller(open_session(FILLERS[0], device=device, threads=threads))
    image = session.get_inputs()[0]
    if image.type == "tensor(uint8)":
        return PipelineFiller(session, depth_filler)
    height, width = image.shape[2:] if len(image.shape) == 4 else (0, 0)
    if image.type != "tensor(float)" or width == 0 or (isinstance(width, int) and width != height):
        wanted = "a square picture as uint8 or float32"
        raise InputError(f"expected a network that takes {wanted}, got {name} with {image.type} {tuple(image.shape)}")
    output_range = card.fill.output_range if card is not None and card.fill is not None else None
    return TileFiller(session, depth_filler, width if isinstance(width, int) else TILE_PX, output_range)


def _inputs(card: Card) -> tuple[str, ...]:
    return tuple(tensor.name for tensor in card.inputs)
