"""Choose the filler of the hidden layers: a network, or `patches` or `spread`, which need none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from kbvr.errors import InputError
from kbvr.inpaint.filler import Filler
from kbvr.inpaint.patches import patches
from kbvr.inpaint.push_pull import spread
from kbvr.inpaint.rgb_network import INPAINTING_INPUTS, TILE_PX, Filling, PipelineFiller, TileFiller
from kbvr.inpaint.rgbd_network import NETWORK_INPUTS, NetworkFiller
from kbvr.nets import Card, Session, fetched_card, known_cards, open_network, read_card
from kbvr.system.input_file import is_file

WITHOUT_NETWORK: Mapping[str, Filler] = MappingProxyType({"patches": patches, "spread": spread})

FILLERS = ("patches", "kbvr-fill", "spread")
"""Names of the built-in fillers, the default first."""

BEST_FIRST = ("lama", FILLERS[0])
"""`auto` chooses the first one that is installed."""


def best_filler() -> str:
    """Return the name of the filler that `auto` chooses."""
    known = known_cards()
    return next(name for name in BEST_FIRST if name in WITHOUT_NETWORK or known[name].is_installed)


def filler_named(
    name: str | Path, *, device: str = "auto", threads: int | None = None, max_bytes: int | None = None
) -> Filler:
    """Return a filler: `auto` (the best one installed), a name, or an ONNX file (see `network_filler`).

    `max_bytes` limits the memory of a user's network.

    Raises:
        InputError: if the filler or its file does not exist, or it cannot be used.
    """
    if Path(name).suffix.lower() == ".onnx":
        return network_filler(Path(name), device=device, threads=threads, max_bytes=max_bytes)
    name = best_filler() if name == "auto" else str(name)
    if name in WITHOUT_NETWORK:
        return WITHOUT_NETWORK[name]
    known = known_cards()
    fillers = [card.name for card in known.values() if _inputs(card) in (NETWORK_INPUTS, INPAINTING_INPUTS)]
    if name not in known or (name not in fillers and not known[name].is_installed):  # refused before any download
        raise InputError(
            f"the filler must be auto, {', '.join([*WITHOUT_NETWORK, *fillers])} or a .onnx file, got {name!r}"
        )
    card = fetched_card(name)
    session = open_network(card, device=device, threads=threads, max_bytes=max_bytes)
    return _filler_of(session, card, name)


def network_filler(
    file: Path, *, device: str = "auto", threads: int | None = None, max_bytes: int | None = None
) -> Filling:
    """Return the filler for an ONNX file: an RGBD network like kbvr-fill, or an inpainting network.

    The names and types of the inputs tell them apart: MI-GAN's pipeline takes `image` and `mask` as uint8, LaMa as
    float32. An optional card next to the file (the same name with .json) states the range of the output.

    Raises:
        InputError: if the file or the device does not exist, or the network is neither.
    """
    card_file = file.with_suffix(".json")
    card = replace(read_card(card_file), file=file.name) if is_file(card_file) else None
    session = open_network(file if card is None else card, device=device, threads=threads, max_bytes=max_bytes)
    return _filler_of(session, card, str(file))


def _filler_of(session: Session, card: Card | None, name: str) -> Filling:
    """Return the filler for a network, chosen by its inputs."""
    inputs = tuple(tensor.name for tensor in session.get_inputs())
    if inputs == NETWORK_INPUTS:
        return NetworkFiller(session)
    if inputs != INPAINTING_INPUTS:
        kinds = " or ".join(", ".join(names) for names in (NETWORK_INPUTS, INPAINTING_INPUTS))
        raise InputError(f"expected a network with the inputs {kinds}, got {name} with {', '.join(inputs)}")
    image = session.get_inputs()[0]
    if image.type == "tensor(uint8)":
        return PipelineFiller(session)
    height, width = image.shape[2:] if len(image.shape) == 4 else (0, 0)
    if image.type != "tensor(float)" or width == 0 or (isinstance(width, int) and width != height):
        given = f"{name} with {image.type} {tuple(image.shape)}"
        raise InputError(f"expected a network that takes a square picture as uint8 or float32, got {given}")
    output_range = card.fill.output_range if card is not None and card.fill is not None else None
    return TileFiller(session, width if isinstance(width, int) else TILE_PX, output_range)


def _inputs(card: Card) -> tuple[str, ...]:
    return tuple(tensor.name for tensor in card.inputs)
