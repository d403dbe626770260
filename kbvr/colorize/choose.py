"""Choose the network that guesses colours: an installed one, or an ONNX file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kbvr.colorize.networks import ColourNetwork
from kbvr.errors import InputError
from kbvr.nets import Card, ColourRecipe, Session, fetched_card, known_cards, open_network, read_card
from kbvr.system.input_file import is_file

BEST_FIRST = ("deoldify-artistic", "ddcolor-tiny", "kbvr-color")
"""`auto` chooses the first one that is installed."""

PICTURE_DIMENSIONS = 4
KBVR_COLOR = ColourRecipe(takes="lightness", unit=100.0, side_px=256, keeps_shape=True)
KINDS: Mapping[tuple[int | None, int | None], ColourRecipe] = MappingProxyType(
    {
        (1, 2): KBVR_COLOR,
        (1, None): KBVR_COLOR,
        (3, 2): ColourRecipe(scaling="0-1", side_px=512),
        (3, 3): ColourRecipe(gives="rgb", scaling="0-255", side_px=256),
    }
)
"""For files without a recipe: channels of the input and the output, where stated -> kbvr-color, DDColor, DeOldify."""


def best_colour_network() -> str:
    """Return the name of the network that `auto` chooses."""
    known = known_cards()
    return next(name for name in BEST_FIRST if known[name].is_installed)


def colour_network(
    name: str | Path = "auto", *, device: str = "auto", threads: int | None = None, max_bytes: int | None = None
) -> ColourNetwork:
    """Return a network: `auto` (the best one installed), a name, or an ONNX file.

    A file's recipe is that of the card next to it (the same name with .json), else it follows from the channels of its
    input and its output (`KINDS`). `max_bytes` limits the memory of a user's network.

    Raises:
        InputError: if the network does not exist, is not installed, or does not give colours.
    """
    limits: dict[str, Any] = {"device": device, "threads": threads, "max_bytes": max_bytes}
    if Path(name).suffix.lower() == ".onnx":
        return _of_file(Path(name), limits)
    known = known_cards()
    chosen = best_colour_network() if name == "auto" else str(name)
    if chosen not in known or known[chosen].colour is None:
        names = ", ".join(card.name for card in known.values() if card.colour is not None)
        raise InputError(f"the network for colours must be auto, {names} or a .onnx file, got {chosen!r}")
    return _of_card(fetched_card(chosen), limits)


def _of_file(path: Path, limits: dict[str, Any]) -> ColourNetwork:
    card_file = path.with_suffix(".json")
    if is_file(card_file):
        return _of_card(replace(read_card(card_file), file=path.name), limits)
    return _checked(None, open_network(path, **limits), path.name)


def _of_card(card: Card, limits: dict[str, Any]) -> ColourNetwork:
    return _checked(card.colour, open_network(card, **limits), card.name)


def _checked(recipe: ColourRecipe | None, session: Session, name: str) -> ColourNetwork:
    """Return a network whose tensors are those of its recipe, or of one of KINDS."""
    inputs, outputs = session.get_inputs(), session.get_outputs()
    given = inputs[0] if len(inputs) == 1 else None
    wanted = recipe.output if recipe else ""
    found = next((one for one in outputs if one.name == wanted), outputs[0] if not wanted and outputs else None)
    if given is None or found is None or (recipe and recipe.input not in ("", given.name)):
        tensors = ", ".join(one.name for one in (*inputs, *outputs))
        raise InputError(f"expected a network that takes one picture and gives its colours, got {name} with {tensors}")
    channels = (_channels(given.shape), _channels(found.shape))
    expected = recipe or KINDS.get(channels)
    if expected is None or given.type != "tensor(float)" or _contradicts(expected, channels):
        shapes = f"{given.type} {tuple(given.shape)} to {tuple(found.shape)}"
        kinds = "lightness to a and b, or grey to a and b or to RGB, float32 (1, channels, height, width)"
        raise InputError(f"expected a network from {kinds}, got {name} from {shapes}")
    height, width = given.shape[2:]
    fixed_px = (width, height) if isinstance(width, int) and isinstance(height, int) else None
    return ColourNetwork(name, session, replace(expected, input=given.name, output=found.name), fixed_px)


def _channels(shape: Sequence[Any]) -> int | None:
    return shape[1] if len(shape) == PICTURE_DIMENSIONS and isinstance(shape[1], int) else None


def _contradicts(recipe: ColourRecipe, channels: tuple[int | None, int | None]) -> bool:
    """Return whether known channels are not those of a recipe; a file need not state them."""
    wanted = (1 if recipe.takes == "lightness" else 3, 2 if recipe.gives == "chroma" else 3)
    return any(got not in (None, want) for got, want in zip(channels, wanted, strict=True))
