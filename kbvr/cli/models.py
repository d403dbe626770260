"""`kbvr models`: list, show, download, add and remove networks."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from kbvr.cli.plain_help import HelpfulGroup, PlainCommand
from kbvr.cli.printing import print_line, print_message, print_note, warnings_to
from kbvr.errors import InputError

if TYPE_CHECKING:
    from kbvr.nets import Card


app = typer.Typer(cls=HelpfulGroup, help="List, download, add and remove networks.", rich_markup_mode=None)

Name: TypeAlias = Annotated[str, typer.Argument(metavar="NAME", help="A name that `kbvr models list` prints.")]
BEST = "best"
"""Stands for the best network for depth, unless an added network has this name."""

AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


@app.command("list", cls=PlainCommand)
def list_models(as_json: AsJson = False) -> None:
    """List all known networks: licence, size, whether installed, task."""
    from kbvr.nets import known_cards

    with warnings_to(print_message):
        cards = list(known_cards().values())
    if as_json:
        typer.echo(json.dumps([_entry(card) for card in cards], indent=2, allow_nan=False))
        return
    widths = [max(len(text) for text in column) for column in zip(*(_row(card) for card in cards), strict=True)]
    for card in cards:
        cells = (text.ljust(width) for text, width in zip(_row(card), widths, strict=True))
        print_line("  ".join((*cells, card.task)))


@app.command(cls=PlainCommand)
def show(name: Name, as_json: AsJson = False) -> None:
    """Show a network's card: training data, figures and limits.

    Example: kbvr models show kbvr-depth
    """
    from kbvr.nets import BUILT_IN, card_of, without_credentials

    with warnings_to(print_message):
        card = card_of(name)
    if as_json:
        typer.echo(json.dumps(_entry(card), indent=2, allow_nan=False))
        return
    print_line(f"{card.name}: {card.task}")
    file = card.path.name if name in BUILT_IN else card.path
    rows = [
        ("file", f"{file}, {_size(card)}, {_status(card)}, sha256 {card.sha256}"),
        ("licence", card.licence + (" (no commercial use)" if card.non_commercial else "")),
        ("source", card.source),
        *([("download", without_credentials(card.url))] if card.url else []),
        ("trained on", card.trained_on),
        ("sizes", card.sizes),
        ("input", card.normalisation),
        *((f"{side} {t.name}", f"{t.dtype} {' x '.join(map(str, t.shape))}: {t.meaning}") for side, t in card.tensors),
        *((name.replace("_", " "), f"{value:g}") for name, value in card.figures.items()),
        ("limits", card.limits),
    ]
    for what, text in rows:
        print_line(f"  {what}: {text}")


@app.command("pull", cls=PlainCommand)
def pull_model(
    name: Name,
    accept_license: Annotated[
        bool, typer.Option("--accept-license", help="Accept a licence that forbids commercial use.")
    ] = False,
    proxy: Annotated[
        str | None, typer.Option(metavar="URL", help="Proxy to download through.  [default: $HTTPS_PROXY]")
    ] = None,
) -> None:
    """Download a network, or resume a download.

    The name best stands for the best network for depth.

    Example: kbvr models pull best
    """
    from kbvr.cli.progress import download_bar
    from kbvr.depth.networks import BEST_FIRST
    from kbvr.nets import BUILT_IN, is_verified, known_cards, pull

    with warnings_to(print_message):
        cards = known_cards()
    name = BEST_FIRST[0] if name == BEST and BEST not in cards else name
    if name not in cards:
        raise InputError(f"the network must be {BEST} or one of {', '.join(cards)}, got {name!r}")
    card = cards[name]
    if name in BUILT_IN or is_verified(card):
        print_line(f"{name} is already installed: {card.path}")
        return
    print_licence(card)
    with warnings_to(print_message), download_bar(name, is_shown=sys.stderr.isatty()) as progress:
        path = pull(name, accept_license=accept_license, proxy=proxy, progress=progress)
    print_line(f"{name} is installed: {path}")


@app.command("rm", cls=PlainCommand)
def remove_model(name: Name) -> None:
    """Remove a downloaded or added network.

    Example: kbvr models rm migan
    """
    from kbvr.nets import remove

    with warnings_to(print_message):
        removed = remove(name)
    for path in removed:
        print_line(f"removed {path}")


@app.command("add", cls=PlainCommand)
def add_models(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PATH",
            help="A network (.onnx) with its card (.json) of the same name in the same folder; the file of a network "
            "that `kbvr models list` prints; a card; or a folder of these.",
        ),
    ],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an existing network of the same name.")
    ] = False,
) -> None:
    """Add networks from files, to use them by name.

    Example: kbvr models add migan_pipeline_v2.onnx
    """
    from kbvr.nets import add

    with warnings_to(print_message):
        cards = add(path, overwrite=overwrite)
    for card in cards:
        print_licence(card)
        print_line(f"{card.name}: {card.path}" if card.is_installed else f"{card.name}: {_status(card)}")


def _row(card: Card) -> tuple[str, ...]:
    return card.name, card.licence, _size(card).rjust(8), _status(card)


def _entry(card: Card) -> dict[str, Any]:
    from kbvr.nets import BUILT_IN, without_credentials
    from kbvr.nets.model_card import RECIPES

    entry = {field: value for field, value in vars(card).items() if field not in ("folder", "figures")}
    entry["url"] = without_credentials(card.url)
    for recipe in RECIPES:
        entry[recipe] = asdict(entry[recipe]) if entry[recipe] else None
    for side in ("inputs", "outputs"):
        entry[side] = [asdict(tensor) for tensor in entry[side]]
    is_here = card.is_installed
    size_bytes = card.path.stat().st_size if is_here else card.size_bytes or None
    file = {"path": str(card.path), "here": is_here, "built_in": card.name in BUILT_IN, "size_bytes": size_bytes}
    return {**entry, "figures": dict(card.figures), **file}


def _size(card: Card) -> str:
    """Return the size of a network's file; the card's figure if it is not installed."""
    size_bytes = card.path.stat().st_size if card.is_installed else card.size_bytes
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes else "? MB"


def _status(card: Card) -> str:
    """Return whether a network is installed, or the command that installs it."""
    from kbvr.nets import BUILT_IN

    if card.name in BUILT_IN:
        return "built in"
    if card.is_installed:
        return "installed"
    return f"not installed: kbvr models {f'pull {card.name}' if card.url else 'add FILE'}"


def print_licence(card: Card) -> None:
    """Print the licence and source of a network on stderr."""
    terms = ", which forbids commercial use" if card.non_commercial else ""
    print_note(f"{card.name}: licence {card.licence}{terms}; source: {card.source}")
