"""`kbvr models`: what the networks are that kbvr carries."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(help="What the networks are, where they come from and what they can do.", no_args_is_help=True)


@app.command("list")
def list_models() -> None:
    """List the networks that kbvr carries, with their licence and size."""
    from kbvr.nets import BUILT_IN, built_in_card

    for name in BUILT_IN:
        card = built_in_card(name)
        typer.echo(f"{card.name:12} {card.licence:6} {card.path.stat().st_size / 1e6:5.1f} MB  {card.task}")


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of a network, as `models list` prints it.")],
) -> None:
    """Show the card of a network: what it is, what it was trained on, its figures, its limits.

    Example: [bold]kbvr models show kbvr-depth[/bold]
    """
    from kbvr.nets import built_in_card

    card = built_in_card(name)
    typer.echo(f"{card.name}: {card.task}")
    rows = [
        ("file", f"{card.path.name}, {card.path.stat().st_size / 1e6:.1f} MB, sha256 {card.sha256}"),
        ("licence", card.licence),
        ("made by", card.source),
        ("trained on", card.trained_on),
        ("sizes", card.sizes),
        ("input", card.normalisation),
        *((f"{side} {t.name}", f"{t.dtype} {' x '.join(map(str, t.shape))}: {t.meaning}") for side, t in card.tensors),
        *((name.replace("_", " "), f"{value:g}") for name, value in card.figures.items()),
        ("limits", card.limits),
    ]
    for what, text in rows:
        typer.echo(f"  {what}: {text}")
