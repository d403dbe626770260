"""Networks that a person brings: checked, copied into the folder of networks, and known by their cards from then on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from kbvr.errors import AlreadyExistsError, InputError, OutputError
from kbvr.nets.model_card import BUILT_IN, Card, card_text, is_file, known_cards, models_folder, read_card
from kbvr.nets.model_store import forget_part, is_whole, locked, sha256_of
from kbvr.system.atomic_file import written_aside


@dataclass(frozen=True)
class Arrival:
    """One network that is to be added."""

    card: Card
    """As it will be: in the folder of networks."""

    file: Path | None
    """The network's file, or None if only its card comes."""

    brings_card: bool = True


def add(path: Path, *, overwrite: bool = False) -> tuple[Card, ...]:
    """Add networks to those that kbvr knows, all of them or none, and return their cards.

    `path` is a network's .onnx file with its card beside it (the same name with .json), or without one if it is the
    file of a network that kbvr knows; a card; or a folder of such. A card without its file is enough if it says where
    the file is fetched from.

    Raises:
        InputError: if it is none of these, a file is not the one on its card, or a name is a built-in network's.
        OutputError: if something of that name is there and may not be overwritten, or cannot be written.
    """
    arrivals = tuple(_arrivals(path))
    for what in ([arrival.card.name for arrival in arrivals], [arrival.card.file.casefold() for arrival in arrivals]):
        if len(set(what)) < len(what):
            raise InputError(f"networks that are added together must differ in name and file, got {', '.join(what)}")
    known = known_cards()
    for arrival in arrivals:
        _refuse(arrival, known, overwrite=overwrite)
    for arrival in arrivals:
        _take_in(arrival)
        before = known.get(arrival.card.name)
        if arrival.file is not None and before is not None and before.file.casefold() != arrival.card.file.casefold():
            before.path.unlink(missing_ok=True)  # nothing would ever ask for it again
    return tuple(arrival.card for arrival in arrivals)


def _arrivals(path: Path) -> Iterator[Arrival]:
    """Yield what a path holds."""
    if path.is_dir():
        cards = sorted(path.glob("[!.]*.json"))
        theirs = {read_card(card).file for card in cards}
        loose = sorted(file for file in path.glob("[!.]*.onnx") if file.is_file() and file.name not in theirs)
        if not cards and not loose:
            raise InputError(f"wanted networks (.onnx) or cards (.json), got the folder {path} without any")
        yield from (arrival for part in (*cards, *loose) for arrival in _arrivals(part))
    elif path.suffix.lower() == ".json":
        card = read_card(path)
        yield Arrival(replace(card, folder=models_folder()), card.path if card.is_here else None)
    elif path.suffix.lower() != ".onnx":
        raise InputError(f"wanted a network (.onnx), a card (.json) or a folder of such, got {path}")
    elif not is_file(path):
        raise InputError(f"wanted a network file, got {path}, which is not there")
    elif is_file(beside := path.with_suffix(".json")):
        yield Arrival(replace(read_card(beside), folder=models_folder()), path)
    else:
        yield Arrival(_known_by_sum(path), path, brings_card=False)


def _known_by_sum(path: Path) -> Card:
    """Return the card of the known network whose file this is."""
    found = _sum_of(path)
    for card in known_cards().values():
        if card.sha256 == found and card.name not in BUILT_IN:
            return card
    wanted = f"a card beside it ({path.with_suffix('.json').name}), or the file of a network that kbvr knows"
    raise InputError(f"{path} needs {wanted}, but its sha256 {found} is none of theirs")


def _refuse(arrival: Arrival, known: dict[str, Card], *, overwrite: bool) -> None:
    """Check everything about an arrival before anything is written."""
    card = arrival.card
    if card.name in BUILT_IN:
        raise InputError(f"{card.name} is the name of a built-in network; one that is added needs another")
    if arrival.file is None and not card.url:
        raise InputError(f"the card of {card.name} needs its file {card.file} beside it, or a url to fetch it from")
    if arrival.file is not None and (found := _sum_of(arrival.file)) != card.sha256:
        raise InputError(f"wanted a network file with sha256 {card.sha256}, got {arrival.file} with {found}")
    for other in known.values():
        if other.name != card.name and other.file.casefold() == card.file.casefold():
            raise InputError(f"{card.file} is the file of {other.name} already; that of {card.name} needs another name")
    there = known.get(card.name)
    if there is None or overwrite or there == card:
        return
    if there.is_here or is_file(there.folder / f"{card.name}.json"):
        raise AlreadyExistsError(f"another network named {card.name}")


def _take_in(arrival: Arrival) -> None:
    """Copy file and card, each aside and then renamed."""
    card = arrival.card
    with locked(card), ExitStack() as both:  # the file gets its name first: a card alone would promise too much
        if arrival.brings_card:
            beside = both.enter_context(written_aside(card.folder / f"{card.name}.json", overwrite=True))
            beside.write_text(card_text(card), "utf-8")
        if arrival.file is not None and not is_whole(card):
            aside = both.enter_context(written_aside(card.path, overwrite=True))
            try:
                shutil.copyfile(arrival.file, aside)
            except OSError as error:
                raise OutputError(f"cannot copy {arrival.file} to {card.path}: {error.strerror or error}") from error
            if sha256_of(aside) != card.sha256:
                raise InputError(f"{arrival.file} changed while it was copied")
            forget_part(card)


def _sum_of(path: Path) -> str:
    try:
        return sha256_of(path)
    except OSError as error:
        raise InputError(f"wanted a network file, got {path}: {error.strerror or error}") from error
