"""`kbvr formats`: what can be written."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table


def formats(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else.")] = False,
) -> int:
    """List the kinds of files that kbvr writes: what each is for, which options change it, how it is read back."""
    import json
    from dataclasses import fields

    from kbvr.formats.registry import FORMATS, load_format
    from kbvr.formats.spec.file_options import FileChoices

    takes = {field.name: field.metadata.get("takes", "") for field in fields(FileChoices)}
    known = {name: load_format(name) for name in FORMATS}
    if as_json:
        entries = {
            name: {
                "says": form.says,
                "needs": form.needs,
                "suffixes": form.suffixes,
                "options": {option: takes[option] for option in form.options},
                "proof": form.proof,
            }
            for name, form in known.items()
        }
        typer.echo(json.dumps(entries, indent=2))
        return 0
    table = Table("format", "what for, options, and how it is read back", show_lines=True)
    for name, form in known.items():
        options = [f"--{option.replace('_', '-')}: {takes[option]}" for option in form.options]
        told = "\n".join(
            [f"[bold]{escape(form.says)}[/bold]", *map(escape, options), f"[dim]{escape(form.proof)}[/dim]"]
        )
        table.add_row("\n".join([name, *form.suffixes]), told)
    Console().print(table)
    return 0
