"""`kbvr models`: what the networks are that kbvr carries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from kbvr.nets import Card

app = typer.Typer(help="What the networks are, where they come from and what they can do.", no_args_is_help=True)


@app.command("list")
def list_models() -> None:
    """List the networks that kbvr carries or knows, with their licence and size."""
    from kbvr.nets import BUILT_IN, FETCHED, card_of

    for name in (*BUILT_IN, *FETCHED):
        card = card_of(name)
        typer.echo(f"{card.name:12} {card.licence:6} {_size(card):>9}  {card.task}")


def _size(card: Card) -> str:
    """Return the size of a card's file, or that it is not there."""
    return f"{card.path.stat().st_size / 1e6:.1f} MB" if card.path.is_file() else "not here"


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of a network, as `models list` prints it.")],
) -> None:
    """Show the card of a network: what it is, what it was trained on, its figures, its limits.

    Example: [bold]kbvr models show kbvr-depth[/bold]
    """
    from kbvr.nets import FETCHED, card_of

    card = card_of(name)
    typer.echo(f"{card.name}: {card.task}")
    rows = [
        ("file", f"{card.path if name in FETCHED else card.path.name}, {_size(card)}, sha256 {card.sha256}"),
        ("licence", card.licence),
        ("from", card.source),
        ("trained on", card.trained_on),
        ("sizes", card.sizes),
        ("input", card.normalisation),
        *((f"{side} {t.name}", f"{t.dtype} {' x '.join(map(str, t.shape))}: {t.meaning}") for side, t in card.tensors),
        *((name.replace("_", " "), f"{value:g}") for name, value in card.figures.items()),
        ("limits", card.limits),
    ]
    for what, text in rows:
        typer.echo(f"  {what}: {text}")
