"""Install the user's networks: check them and copy them with their cards into the models folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from kbvr.errors import AlreadyExistsError, InputError, OutputError
from kbvr.nets.model_card import BUILT_IN, Card, card_text, known_cards, models_folder, read_card
from kbvr.nets.model_store import is_verified, locked, remove_part, sha256_of
from kbvr.system.atomic_file import atomic_write
from kbvr.system.input_file import is_file, sha256_of_input


@dataclass(frozen=True)
class NewNetwork:
    """A network to install."""

    card: Card
    """Its card in the models folder."""

    file: Path | None
    """The network's file, None if only the card is installed."""

    has_card: bool = True


def add(path: Path, *, overwrite: bool = False) -> tuple[Card, ...]:
    """Install networks, all of them or none, and return their cards.

    `path` is a network's .onnx file with its card next to it (same name, .json) or without one if its checksum is that
    of a known network; a card; or a folder of these. A card without its file must have a url to download it from.

    Raises:
        InputError: if it is none of these, a file does not match its card, or a name is a built-in network's.
        OutputError: if a network of that name exists and may not be overwritten, or a file cannot be written.
    """
    added = tuple(_networks_at(path))
    for names in ([new.card.name for new in added], [new.card.file.casefold() for new in added]):
        if len(set(names)) < len(names):
            raise InputError(f"networks that are added together must differ in name and file, got {', '.join(names)}")
    known = known_cards()
    for new in added:
        _check(new, known, overwrite=overwrite)
    for new in added:
        _install(new)
        previous = known.get(new.card.name)
        if new.file is not None and previous is not None and previous.file.casefold() != new.card.file.casefold():
            previous.path.unlink(missing_ok=True)  # no card names it any more
    return tuple(new.card for new in added)


def _networks_at(path: Path) -> Iterator[NewNetwork]:
    if path.is_dir():
        cards = sorted(path.glob("[!.]*.json"))
        with_card = {read_card(card).file for card in cards}
        loose = sorted(file for file in path.glob("[!.]*.onnx") if file.is_file() and file.name not in with_card)
        if not cards and not loose:
            raise InputError(f"expected networks (.onnx) or cards (.json), got the folder {path} without any")
        yield from (new for part in (*cards, *loose) for new in _networks_at(part))
    elif path.suffix.lower() == ".json":
        card = read_card(path)
        yield NewNetwork(replace(card, folder=models_folder()), card.path if card.is_installed else None)
    elif path.suffix.lower() != ".onnx":
        raise InputError(f"expected a network (.onnx), a card (.json) or a folder of these, got {path}")
    elif not is_file(path):
        raise InputError(f"{path}: no such file")
    elif is_file(card_path := path.with_suffix(".json")):
        yield NewNetwork(replace(read_card(card_path), folder=models_folder()), path)
    else:
        yield NewNetwork(_card_by_checksum(path), path, has_card=False)


def _card_by_checksum(path: Path) -> Card:
    """Return the card of the known network whose file this is."""
    sha256 = sha256_of_input(path, "a network file")
    for card in known_cards().values():
        if card.sha256 == sha256 and card.name not in BUILT_IN:
            return card
    expected = f"a card next to it ({path.with_suffix('.json').name}) or the file of a known network"
    raise InputError(f"{path} requires {expected}, but no known network has its sha256 {sha256}")


def _check(new: NewNetwork, known: dict[str, Card], *, overwrite: bool) -> None:
    """Check a network completely before anything is written."""
    card = new.card
    if card.name in BUILT_IN:
        raise InputError(f"{card.name} is the name of a built-in network; choose another name")
    if new.file is None and not card.url:
        raise InputError(f"the card of {card.name} requires its file {card.file} next to it, or a url to download it")
    if new.file is not None and (sha256 := sha256_of_input(new.file, "a network file")) != card.sha256:
        raise InputError(f"expected a network file with sha256 {card.sha256}, got {new.file} with {sha256}")
    for other in known.values():
        if other.name != card.name and other.file.casefold() == card.file.casefold():
            raise InputError(f"{card.file} is already the file of {other.name}; rename the file of {card.name}")
    existing = known.get(card.name)
    if existing is None or overwrite or existing == card:
        return
    if existing.is_installed or is_file(existing.folder / f"{card.name}.json"):
        raise AlreadyExistsError(f"another network named {card.name}")


def _install(new: NewNetwork) -> None:
    card = new.card
    with locked(card), ExitStack() as stack:  # contexts exit in reverse: the file is renamed before its card
        if new.has_card:
            json_file = stack.enter_context(atomic_write(card.folder / f"{card.name}.json", overwrite=True))
            json_file.write_text(card_text(card), "utf-8")
        if new.file is not None and not is_verified(card):
            copy = stack.enter_context(atomic_write(card.path, overwrite=True))
            try:
                shutil.copyfile(new.file, copy)
            except OSError as error:
                raise OutputError(f"cannot copy {new.file} to {card.path}: {error.strerror or error}") from error
            if sha256_of(copy) != card.sha256:
                raise InputError(f"{new.file} changed while it was copied")
            remove_part(card)
