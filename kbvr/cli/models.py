"""`kbvr models`: which networks there are, what they are, and how they come and go."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from kbvr.cli.plain_help import PlainCommand
from kbvr.cli.printing import print_line, print_note, warnings_printed

if TYPE_CHECKING:
    from kbvr.nets import Card

app = typer.Typer(
    help="List, download, add and remove networks.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Name: TypeAlias = Annotated[
    str, typer.Argument(metavar="NAME", help="Name of a network, as `kbvr models list` prints it.")
]
BEST = "best"
"""Stands for the best network for depth, unless somebody has added one of this name."""

AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


@app.command("list", cls=PlainCommand)
def list_models(as_json: AsJson = False) -> None:
    """List the networks that kbvr carries or knows: licence, size, whether the file is there, task."""
    from kbvr.nets import known_cards

    with warnings_printed():
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
    """Show the card of a network: what it is, what it was trained on, its figures, its limits.

    Example: kbvr models show kbvr-depth
    """
    from kbvr.nets import BUILT_IN, card_of, without_credentials

    with warnings_printed():
        card = card_of(name)
    if as_json:
        typer.echo(json.dumps(_entry(card), indent=2, allow_nan=False))
        return
    print_line(f"{card.name}: {card.task}")
    file = card.path.name if name in BUILT_IN else card.path
    rows = [
        ("file", f"{file}, {_size(card)}, {_whereabouts(card)}, sha256 {card.sha256}"),
        ("licence", card.licence + (" (no commercial use)" if card.non_commercial else "")),
        ("from", card.source),
        *([("fetched from", without_credentials(card.url))] if card.url else []),
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
        str | None,
        typer.Option(metavar="URL", help="Proxy to fetch through.", show_default="HTTPS_PROXY of the environment"),
    ] = None,
) -> None:
    """Fetch the file of a network, or go on fetching it where it was broken off; best is the best one for depth.

    Example: kbvr models pull best
    """
    from kbvr.depth.networks import BEST_FIRST
    from kbvr.nets import BUILT_IN, card_of, is_whole, known_cards, pull

    with warnings_printed():
        name = BEST_FIRST[0] if name == BEST and BEST not in known_cards() else name
        card = card_of(name)
    if name in BUILT_IN or is_whole(card):
        print_line(f"{name} is here already: {card.path}")
        return
    tell_licence(card)
    with warnings_printed(), _bar(name) as progress:
        path = pull(name, accept_license=accept_license, proxy=proxy, progress=progress)
    print_line(f"{name} is here: {path}")


@app.command("rm", cls=PlainCommand)
def remove_model(name: Name) -> None:
    """Remove the file of a network that was fetched or added.

    Example: kbvr models rm migan
    """
    from kbvr.nets import remove

    with warnings_printed():
        removed = remove(name)
    for path in removed:
        print_line(f"removed {path}")


@app.command("add", cls=PlainCommand)
def add_models(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PATH",
            help="A network (.onnx) with its card (.json, the same name) beside it; the file of a network that "
            "`kbvr models list` names; a card; or a folder of such.",
        ),
    ],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a network of the same name that is there already.")
    ] = False,
) -> None:
    """Add networks from files, so that they can be used by their names.

    Example: kbvr models add migan_pipeline_v2.onnx
    """
    from kbvr.nets import add

    with warnings_printed():
        cards = add(path, overwrite=overwrite)
    for card in cards:
        tell_licence(card)
        print_line(f"{card.name}: {card.path}" if card.is_here else f"{card.name}: {_whereabouts(card)}")


def _row(card: Card) -> tuple[str, ...]:
    return card.name, card.licence, _size(card).rjust(8), _whereabouts(card)


def _entry(card: Card) -> dict[str, Any]:
    """Return a card as JSON has it, with what is known about the file."""
    from kbvr.nets import BUILT_IN, without_credentials

    entry = {field: value for field, value in vars(card).items() if field not in ("folder", "figures")}
    entry["url"] = without_credentials(card.url)
    for recipe in ("depth", "fill"):
        entry[recipe] = asdict(entry[recipe]) if entry[recipe] else None
    for side in ("inputs", "outputs"):
        entry[side] = [asdict(tensor) for tensor in entry[side]]
    there = card.is_here
    size_bytes = card.path.stat().st_size if there else card.size_bytes or None
    about = {"path": str(card.path), "here": there, "built_in": card.name in BUILT_IN, "size_bytes": size_bytes}
    return {**entry, "figures": dict(card.figures), **about}


def _size(card: Card) -> str:
    """Return the size of a card's file, or about what it will be."""
    size_bytes = card.path.stat().st_size if card.is_here else card.size_bytes
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes else "? MB"


def _whereabouts(card: Card) -> str:
    """Return whether a network can be used, else what has to be done first."""
    from kbvr.nets import BUILT_IN

    if card.name in BUILT_IN:
        return "built in"
    if card.is_here:
        return "here"
    return f"not here: kbvr models {f'pull {card.name}' if card.url else 'add FILE'}"


def tell_licence(card: Card) -> None:
    """Print on stderr under which licence a network comes, and from whom."""
    terms = ", which forbids commercial use" if card.non_commercial else ""
    print_note(f"{card.name}: licence {card.licence}{terms}; from {card.source}")


@contextmanager
def _bar(name: str) -> Iterator[Any]:
    """Yield what a download reports to; None where nobody looks."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console

    from kbvr.cli.progress import download_bar

    with download_bar(name, Console(stderr=True)) as report:
        yield report
