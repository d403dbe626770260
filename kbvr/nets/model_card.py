"""Model cards: what a network file is, where it comes from and how to feed it.

A card is a JSON file beside its .onnx file, written by the exporter: a better network is two files.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import platformdirs

from kbvr.errors import InputError
from kbvr.nets.http import without_credentials
from kbvr.nets.recipe import DepthRecipe, FillRecipe, read_depth_recipe, read_fill_recipe
from kbvr.system.input_file import read_small_file

FOLDER = Path(__file__).parent / "builtin"

BUILT_IN: Mapping[str, str] = MappingProxyType({"kbvr-depth": "kbvr-depth.json", "kbvr-fill": "kbvr-fill.json"})
"""Name of a network that ships with kbvr -> its card in this folder."""


FETCHED: Mapping[str, str] = MappingProxyType(
    {name: f"{name}.json" for name in ("moge-2-small", "depth-anything-v2-small", "migan", "lama")}
)
"""Name of a network whose card ships with kbvr but whose file does not -> its card in this folder."""

MAX_CARD_BYTES = 1_000_000

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")
"""What a network may be called: a plain file name on every system, in no folder but its own."""

_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)
"""What Windows takes for a device, in whatever folder."""

MOST_FIGURE = 1e300
"""False of NaN and infinity, which JSON must not have, and of whole numbers that no float holds."""

_SHA256 = re.compile(r"[0-9a-f]{64}")

_CARD = re.compile(r"[^.].*\.json", re.DOTALL)

NO_FOLDER = Path(os.devnull, "kbvr", "models")
"""No system lets anybody make this one."""

_log = logging.getLogger(__name__)


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

    url: str = ""
    """Where the file is fetched from; empty if it is not."""

    size_bytes: int = 0
    """The size of the file or a little more, 0 if nobody knows: a pull stops there. The sum proves it whole."""

    non_commercial: bool = False
    """Whether the licence forbids commercial use, so that it has to be accepted first."""

    depth: DepthRecipe | None = None
    """How it is fed, if it is a depth network."""

    fill: FillRecipe | None = None
    """How it is read, if it is an inpainting network of a fixed size."""

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

    @property
    def is_here(self) -> bool:
        """Whether the network file is there, as far as this user may see."""
        return is_file(self.path)


def read_card(path: Path) -> Card:
    """Read a card from its JSON file.

    Its name and file are names only, so nothing that is done with a stranger's card leaves the card's folder.

    Raises:
        InputError: if the file is missing, is no JSON, lacks a field or has one too many, or a value cannot be.
    """
    text = read_small_file(path, "a model card", MAX_CARD_BYTES)
    try:
        values = _checked(json.loads(text.decode("utf-8")))
        tensors = {side: tuple(_tensor(row) for row in values[side]) for side in ("inputs", "outputs")}
        figures = MappingProxyType(dict(values["figures"]))
        recipes = {
            field: read(values[field])
            for field, read in (("depth", read_depth_recipe), ("fill", read_fill_recipe))
            if values.get(field) is not None
        }
        return Card(**{**values, **tensors, **recipes, "figures": figures, "folder": path.parent})
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise InputError(f"wanted a model card, got {path}: {' '.join(str(error).split())}") from error


def _checked(values: Any) -> dict[str, Any]:
    """Return the values of a card after those that something is done with have been checked."""
    if not isinstance(values, dict):
        raise InputError(f"a card is an object, this is a {type(values).__name__}")
    lacking = [field.name for field in fields(Card) if field.default is MISSING and field.name not in values]
    if lacking:
        raise InputError(f"it lacks {', '.join(lacking)}")
    for what in ("name", "file"):
        value = values[what]
        if not isinstance(value, str) or not _NAME.fullmatch(value) or _DEVICES.fullmatch(value):
            raise InputError(f"{what} must be a plain name of letters, digits, '.', '_' and '-', got {value!r}")
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
            raise InputError(f"{name} must be a text, got {values[name]!r}")
    figures = values["figures"]
    if not isinstance(figures, dict) or not all(_is_number(figure) for figure in figures.values()):
        raise InputError(f"figures must be an object of finite numbers, got {figures!r}")
    return values


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= MOST_FIGURE


def card_text(card: Card) -> str:
    """Return the text of a card's JSON file; fields that say nothing are left out."""
    values = {field.name: getattr(card, field.name) for field in fields(card) if field.name != "folder"}
    values = {name: value for name, value in values.items() if name not in _OPTIONAL or value}
    values["figures"] = dict(card.figures)
    return json.dumps(values, indent=2, ensure_ascii=False, default=vars) + "\n"


_OPTIONAL = ("url", "size_bytes", "non_commercial", "depth", "fill")


@cache
def built_in_card(name: str) -> Card:
    """Return the card of a network that ships with kbvr.

    Raises:
        InputError: if there is no such network.
    """
    if name not in BUILT_IN:
        raise InputError(f"the network must be one of {', '.join(BUILT_IN)}, got {name!r}")
    return read_card(FOLDER / BUILT_IN[name])


@cache
def shipped_sums() -> frozenset[str]:
    """Return the sums of all networks whose cards ship with kbvr."""
    return frozenset(read_card(FOLDER / file).sha256 for file in (*BUILT_IN.values(), *FETCHED.values()))


def is_file(path: Path) -> bool:
    """Tell whether there is a file; none in a folder that may not be entered."""
    try:
        return path.is_file()
    except OSError:
        return False


def models_folder() -> Path:
    """Return the folder of network files that do not ship with kbvr: $KBVR_HOME/models or the system's own place.

    A user without a home, as containers have, has none either: then it is one that cannot be.
    """
    home = os.environ.get("KBVR_HOME")
    if home:
        return Path(home) / "models"
    try:
        folder = platformdirs.user_data_path("kbvr", appauthor=False) / "models"
    except RuntimeError:  # platformdirs' word for it; older ones give a path that is not absolute
        return NO_FOLDER
    return folder if folder.is_absolute() else NO_FOLDER


def _cards_in(folder: Path) -> list[Path]:
    """Return the files in the folder of networks that should be cards; warn if it cannot be looked into."""
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry.path) for entry in entries if _CARD.fullmatch(entry.name))
    except FileNotFoundError:
        return []  # nothing has been pulled yet
    except OSError as error:
        where = "without a home folder" if folder == NO_FOLDER else f"in {folder}: {error.strerror}"
        _warn_once(f"pulled and added networks cannot be looked for {where} (KBVR_HOME can name another folder)")
        return []


def known_cards() -> dict[str, Card]:
    """Return the cards of all networks that kbvr knows, by name: built in, to be fetched, and a person's own.

    A card in `models_folder()` counts more than a shipped one of the same name, unless that one is built in. One
    that cannot be read is passed over with a warning.
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
            _warn_once(f"a card must be named after its network, which must not be a built-in one's, got {path}")
            continue
        known[card.name] = card
    return known


@cache
def _warn_once(message: str) -> None:
    """Log a warning, the first time that it is one."""
    _log.warning("%s", message)


def card_of(name: str) -> Card:
    """Return the card of a network that kbvr knows; its file need not be there.

    Raises:
        InputError: if there is no such network.
    """
    known = known_cards()
    if name not in known:
        raise InputError(f"the network must be one of {', '.join(known)}, got {name!r}")
    return known[name]


def fetched_card(name: str) -> Card:
    """Return the card of a network whose file is there.

    Raises:
        InputError: if there is no such network, or its file is not in `models_folder()`; it says how to get it.
    """
    card = card_of(name)
    if not card.is_here:
        try:
            card.path.stat()
        except PermissionError as error:
            raise InputError(f"{name} wants the file {card.path}, which may not be read: {error.strerror}") from error
        except OSError:
            pass  # as if it were not there
        raise InputError(f"{name} wants the file {card.path}, which is not there; {how_to_get(card)}")
    return card


def how_to_get(card: Card) -> str:
    """Return what a person can do to have a network's file, in words."""
    comes_from = without_credentials(card.url or card.source)
    by_hand = f"put there with `kbvr models add FILE`, it comes from {comes_from}"
    return f"`kbvr models pull {card.name}` gets it (or by hand: {by_hand})" if card.url else by_hand


def _tensor(row: Mapping[str, Any]) -> Tensor:
    if not all(isinstance(row[what], str) for what in ("name", "dtype", "meaning")):
        raise InputError(f"name, dtype and meaning of a tensor must be texts, got {row!r}")
    if not all(isinstance(side, int | str) for side in row["shape"]):
        raise InputError(f"the shape of a tensor must be of whole numbers and names, got {row['shape']!r}")
    return Tensor(**{**row, "shape": tuple(row["shape"])})
