"""Model cards: the description, source and input format of a network file.

A card is a JSON file next to its .onnx file, written by the exporter.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import platformdirs

from kbvr.errors import InputError
from kbvr.nets.http import without_credentials
from kbvr.nets.recipe import (
    ColourRecipe,
    DepthRecipe,
    FillRecipe,
    read_colour_recipe,
    read_depth_recipe,
    read_fill_recipe,
)
from kbvr.system.input_file import is_file, read_small_file

FOLDER = Path(__file__).parent / "builtin"

BUILT_IN: Mapping[str, str] = MappingProxyType(
    {name: f"{name}.json" for name in ("kbvr-depth", "kbvr-fill", "kbvr-color", "kbvr-damage")}
)
"""Networks that ship with kbvr -> their cards in FOLDER."""

FETCHED: Mapping[str, str] = MappingProxyType(
    {
        name: f"{name}.json"
        for name in ("moge-2-small", "depth-anything-v2-small", "migan", "lama", "deoldify-artistic", "ddcolor-tiny")
    }
)
"""Networks whose cards ship with kbvr but whose files are downloaded -> their cards in FOLDER."""

MAX_CARD_BYTES = 1_000_000

RECIPES: Mapping[str, Callable[[object], Any]] = MappingProxyType(
    {"depth": read_depth_recipe, "fill": read_fill_recipe, "colour": read_colour_recipe}
)
"""Fields of a card that are recipes -> what reads them."""

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")
"""Valid names of networks: plain file names on every system, without folders."""

_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)
"""Device names on Windows, in every folder."""

MAX_FIGURE = 1e300
"""Excludes NaN and infinity, which JSON does not allow, and integers too large for a float."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_CARD = re.compile(r"[^.].*\.json", re.DOTALL)

NO_FOLDER = Path(os.devnull, "kbvr", "models")
"""A folder that cannot exist on any system."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tensor:
    """An input or output of a network."""

    name: str
    dtype: str
    shape: tuple[int | str, ...]
    """A name stands for a variable size."""

    meaning: str
    """The unit, range and sign of the numbers."""


@dataclass(frozen=True)
class Card:
    """The description of a network file, for people and programs."""

    name: str
    file: str
    """File name, in the folder of the card."""

    sha256: str
    licence: str
    source: str
    """The authors of the architecture and the weights."""

    task: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    normalisation: str
    """How 8-bit sRGB is converted to the input."""

    sizes: str
    """Supported and recommended picture sizes."""

    trained_on: str
    figures: Mapping[str, float]
    """Measured quality, by name."""

    limits: str
    """Known weaknesses."""

    url: str = ""
    """Download address; empty if there is none."""

    size_bytes: int = 0
    """The size of the file or slightly more, 0 if it is unknown: the maximum size of a download."""

    non_commercial: bool = False
    """Whether the licence forbids commercial use, and must be accepted before the download."""

    depth: DepthRecipe | None = None
    fill: FillRecipe | None = None
    colour: ColourRecipe | None = None

    folder: Path = FOLDER
    """The folder of the card, which is not stored in it."""

    @property
    def tensors(self) -> tuple[tuple[str, Tensor], ...]:
        """All inputs and outputs, as ("in" or "out", tensor)."""
        return (*(("in", tensor) for tensor in self.inputs), *(("out", tensor) for tensor in self.outputs))

    @property
    def path(self) -> Path:
        """The network file."""
        return self.folder / self.file

    @property
    def is_installed(self) -> bool:
        """Whether the network file exists."""
        return is_file(self.path)


def read_card(path: Path) -> Card:
    """Read a card from its JSON file.

    Its name and file must be plain names, so that an untrusted card cannot refer to files outside its folder.

    Raises:
        InputError: if the file cannot be read or is not valid JSON, or a field is missing, unknown or invalid.
    """
    text = read_small_file(path, "a model card", MAX_CARD_BYTES)
    try:
        values = _checked(json.loads(text.decode("utf-8")))
        tensors = {side: tuple(_tensor(row) for row in values[side]) for side in ("inputs", "outputs")}
        figures = MappingProxyType(dict(values["figures"]))
        recipes = {field: read(values[field]) for field, read in RECIPES.items() if values.get(field) is not None}
        return Card(**{**values, **tensors, **recipes, "figures": figures, "folder": path.parent})
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise InputError(f"expected a model card, got {path}: {' '.join(str(error).split())}") from error


def _checked(values: Any) -> dict[str, Any]:
    """Return the values of a card, checked except for tensors and recipes."""
    if not isinstance(values, dict):
        raise InputError(f"a card must be an object, got {type(values).__name__}")
    missing = [field.name for field in fields(Card) if field.default is MISSING and field.name not in values]
    if missing:
        raise InputError(f"missing {', '.join(missing)}")
    for field in ("name", "file"):
        value = values[field]
        if not isinstance(value, str) or not _NAME.fullmatch(value) or _DEVICES.fullmatch(value):
            raise InputError(f"{field} must be a plain name of letters, digits, '.', '_' and '-', got {value!r}")
    if not values["file"].endswith(".onnx"):
        raise InputError(f"file must end with .onnx, got {values['file']!r}")
    if not isinstance(values["sha256"], str) or not _SHA256.fullmatch(values["sha256"]):
        raise InputError(f"sha256 must be 64 hexadecimal digits, got {values['sha256']!r}")
    url = values.get("url", "")
    if not isinstance(url, str) or (url and not re.fullmatch(r"https?://[^\s/]\S*", url)):
        raise InputError(f"url must start with https:// or http://, got {without_credentials(repr(url))}")
    size_bytes = values.get("size_bytes", 0)
    if not isinstance(size_bytes, int) or isinstance(size_bytes, bool) or size_bytes < 0:
        raise InputError(f"size_bytes must be a whole number >= 0, got {size_bytes!r}")
    if not isinstance(values.get("non_commercial", False), bool):
        raise InputError(f"non_commercial must be true or false, got {values['non_commercial']!r}")
    for name in ("licence", "source", "task", "normalisation", "sizes", "trained_on", "limits"):
        if not isinstance(values[name], str):
            raise InputError(f"{name} must be text, got {values[name]!r}")
    figures = values["figures"]
    numbers: Iterable[Any] = figures.values() if isinstance(figures, dict) else (None,)
    if not all(type(number) in (int, float) and abs(number) <= MAX_FIGURE for number in numbers):
        raise InputError(f"figures must be an object of finite numbers, got {figures!r}")
    return values


def card_text(card: Card) -> str:
    """Return the text of a card's JSON file, without empty optional fields."""
    values = {field.name: getattr(card, field.name) for field in fields(card) if field.name != "folder"}
    optional = ("url", "size_bytes", "non_commercial", *RECIPES)
    values = {name: value for name, value in values.items() if name not in optional or value}
    values["figures"] = dict(card.figures)
    return json.dumps(values, indent=2, ensure_ascii=False, default=vars) + "\n"


@cache
def built_in_card(name: str) -> Card:
    """Return the card of a network that ships with kbvr; raise InputError if there is none of that name."""
    if name not in BUILT_IN:
        raise InputError(f"the network must be one of {', '.join(BUILT_IN)}, got {name!r}")
    return read_card(FOLDER / BUILT_IN[name])


@cache
def shipped_checksums() -> frozenset[str]:
    """Return the SHA-256 of all networks whose cards ship with kbvr."""
    return frozenset(read_card(FOLDER / file).sha256 for file in (*BUILT_IN.values(), *FETCHED.values()))


def models_folder() -> Path:
    """Return the folder of installed networks: $KBVR_HOME/models, or models in the user's data folder.

    For a user without a home folder, as in containers, this is NO_FOLDER.
    """
    home = os.environ.get("KBVR_HOME")
    if home:
        return Path(home) / "models"
    try:
        folder = platformdirs.user_data_path("kbvr", appauthor=False) / "models"
    except RuntimeError:  # there is no home folder; older versions of platformdirs return a relative path instead
        return NO_FOLDER
    return folder if folder.is_absolute() else NO_FOLDER


def _cards_in(folder: Path) -> list[Path]:
    """Return the card files in a folder; warn if it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry.path) for entry in entries if _CARD.fullmatch(entry.name))
    except FileNotFoundError:
        return []  # nothing has been pulled yet
    except OSError as error:
        where = "without a home folder" if folder == NO_FOLDER else f"in {folder}: {error.strerror}"
        _warn_once(f"installed networks cannot be found {where} (set KBVR_HOME to use another folder)")
        return []


def known_cards() -> dict[str, Card]:
    """Return the cards of all known networks by name: built-in, downloadable, and the user's own.

    A card in `models_folder()` replaces a shipped one of the same name, unless that is built in. Unreadable cards are
    skipped with a warning.
    """
    folder = models_folder()
    known = {name: built_in_card(name) for name in BUILT_IN}
    known |= {name: replace(read_card(FOLDER / file), folder=folder) for name, file in FETCHED.items()}
    for path in _cards_in(folder):
        try:
            card = read_card(path)
        except InputError as error:
            _warn_once(str(error))
            continue
        if path.stem != card.name or card.name in BUILT_IN:
            _warn_once(f"a card must be named after its network, and not after a built-in network, got {path}")
            continue
        known[card.name] = card
    return known


@cache
def _warn_once(message: str) -> None:
    """Log a warning once per process."""
    _log.warning("%s", message)


def card_of(name: str) -> Card:
    """Return the card of a known network, installed or not; raise InputError if there is none of that name."""
    known = known_cards()
    if name not in known:
        raise InputError(f"the network must be one of {', '.join(known)}, got {name!r}")
    return known[name]


def fetched_card(name: str) -> Card:
    """Return the card of an installed network.

    Raises:
        InputError: if there is no such network, or its file is missing; the message says how to get it.
    """
    card = card_of(name)
    if not card.is_installed:
        try:
            card.path.stat()
        except PermissionError as error:
            raise InputError(f"{name} requires {card.path}, which cannot be read: {error.strerror}") from error
        except OSError:
            pass  # reported as missing
        raise InputError(f"{name} requires {card.path}, which is missing; {how_to_get(card)}")
    return card


def how_to_get(card: Card) -> str:
    """Return instructions to install a network's file."""
    by_hand = f"get the file from {without_credentials(card.url or card.source)} and run `kbvr models add FILE`"
    return f"run `kbvr models pull {card.name}` (or {by_hand})" if card.url else by_hand


def _tensor(row: Mapping[str, Any]) -> Tensor:
    if not all(isinstance(row[field], str) for field in ("name", "dtype", "meaning")):
        raise InputError(f"name, dtype and meaning of a tensor must be text, got {row!r}")
    if not all(isinstance(side, int | str) for side in row["shape"]):
        raise InputError(f"the shape of a tensor must consist of whole numbers and names, got {row['shape']!r}")
    return Tensor(**{**row, "shape": tuple(row["shape"])})
