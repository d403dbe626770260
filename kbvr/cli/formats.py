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
    """List the file formats that kbvr writes.

    For each: what it is for, which options change it, and how a written file is verified.
    """
    import json

    from kbvr.formats.registry import FORMATS, load_format
    from kbvr.options.export_options import declared

    known = {name: load_format(name) for name in FORMATS}
    used = {name: [one for one in declared() if name in one.used_by] for name in known}
    if as_json:
        entries = {
            name: {
                "says": form.purpose,
                "needs": form.needs,
                "suffixes": form.suffixes,
                "options": {one.name: one.takes for one in used[name]},
                "proof": form.verification,
            }
            for name, form in known.items()
        }
        typer.echo(json.dumps(entries, indent=2))
        return 0
    table = Table("format", "what for, options, and how it is read back", show_lines=True)
    for name, form in known.items():
        options = [f"{one.flag}: {one.takes}" for one in used[name]]
        told = "\n".join(
            [f"[bold]{escape(form.purpose)}[/bold]", *map(escape, options), f"[dim]{escape(form.verification)}[/dim]"]
        )
        table.add_row("\n".join([name, *form.suffixes]), told)
    Console().print(table)
    return 0
