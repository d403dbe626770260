"""Model cards: what a network file is, where it comes from and how to feed it.

A card is a JSON file beside its .onnx file, written by the exporter: a better network is two files.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import platformdirs

from kbvr.errors import InputError

FOLDER = Path(__file__).parent

BUILT_IN: Mapping[str, str] = MappingProxyType({"kbvr-depth": "kbvr-depth.json", "kbvr-fill": "kbvr-fill.json"})
"""Name of a network that ships with kbvr -> its card in this folder."""


FETCHED: Mapping[str, str] = MappingProxyType({"migan": "migan.json"})
"""Name of a network whose card ships with kbvr but whose file does not -> its card in this folder."""


@dataclass(frozen=True)
class Tensor:
    """One input or output of a network."""

    name: str
    dtype: str
    shape: tuple[int | str, ...]
    """A name stands for a size that may change."""

    meaning: str
    """What the numbers are: unit, range, sign."""


@dataclass(frozen=True)
class Card:
    """All that a person or a program must know about one network file."""

    name: str
    file: str
    """File name, in the folder of the card."""

    sha256: str
    licence: str
    source: str
    """Who made the architecture and the weights."""

    task: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    normalisation: str
    """What is done to 8-bit sRGB before it goes in."""

    sizes: str
    """Which picture sizes it takes and which it likes."""

    trained_on: str
    figures: Mapping[str, float]
    """Measured quality, by name."""

    limits: str
    """What it is known to do badly."""

    folder: Path = FOLDER
    """Where the card was read; not a part of the file."""

    @property
    def tensors(self) -> tuple[tuple[str, Tensor], ...]:
        """Every input and output, with "in" or "out" before it."""
        return (*(("in", tensor) for tensor in self.inputs), *(("out", tensor) for tensor in self.outputs))

    @property
    def path(self) -> Path:
        """The network file."""
        return self.folder / self.file


def read_card(path: Path) -> Card:
    """Read a card from its JSON file.

    Raises:
        InputError: if the file is missing, is no JSON, or lacks a field or has one too many.
    """
    try:
        values: dict[str, Any] = json.loads(path.read_text("utf-8"))
        tensors = {side: tuple(_tensor(row) for row in values[side]) for side in ("inputs", "outputs")}
        figures = MappingProxyType(dict(values["figures"]))
        return Card(**{**values, **tensors, "figures": figures, "folder": path.parent})
    except OSError as error:
        raise InputError(f"wanted a model card, got {path}: {error.strerror}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"wanted a model card, got {path}: {error}") from error


def card_text(card: Card) -> str:
    """Return the text of a card's JSON file."""
    values = {field.name: getattr(card, field.name) for field in fields(card) if field.name != "folder"}
    values["figures"] = dict(card.figures)
    return json.dumps(values, indent=2, ensure_ascii=False, default=vars) + "\n"


@cache
def built_in_card(name: str) -> Card:
    """Return the card of a network that ships with kbvr.

    Raises:
        InputError: if there is no such network.
    """
    if name not in BUILT_IN:
        raise InputError(f"the network must be one of {', '.join(BUILT_IN)}, got {name!r}")
    return read_card(FOLDER / BUILT_IN[name])


def models_folder() -> Path:
    """Return the folder of network files that do not ship with kbvr: $KBVR_HOME/models or the system's own place."""
    home = os.environ.get("KBVR_HOME")
    return Path(home) / "models" if home else platformdirs.user_data_path("kbvr", appauthor=False) / "models"


def card_of(name: str) -> Card:
    """Return the card of a network that kbvr knows; its file need not be there.

    Raises:
        InputError: if there is no such network.
    """
    if name in FETCHED:
        return replace(read_card(FOLDER / FETCHED[name]), folder=models_folder())
    if name in BUILT_IN:
        return built_in_card(name)
    raise InputError(f"the network must be one of {', '.join((*BUILT_IN, *FETCHED))}, got {name!r}")


def fetched_card(name: str) -> Card:
    """Return the card of a network whose file a person has fetched.

    Raises:
        InputError: if there is no such network, or its file is not in `models_folder()`; it says where to get it.
    """
    card = card_of(name)
    if not card.path.is_file():
        raise InputError(f"{name} wants the file {card.path}, which is not there; get it from {card.source}")
    return card


def _tensor(row: Mapping[str, Any]) -> Tensor:
    return Tensor(**{**row, "shape": tuple(row["shape"])})
