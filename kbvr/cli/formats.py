"""`kbvr formats`: the file formats that kbvr writes."""

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

    For each: its use, the options that affect it, and how a written file is verified.
    """
    import json

    from kbvr.formats.registry import FORMATS, load_format
    from kbvr.options.export_options import declared

    known = {name: load_format(name) for name in FORMATS}
    options = {name: [option for option in declared() if name in option.used_by] for name in known}
    if as_json:
        entries = {
            name: {
                "says": form.purpose,
                "needs": form.needs,
                "suffixes": form.suffixes,
                "options": {option.name: option.accepts for option in options[name]},
                "proof": form.verification,
            }
            for name, form in known.items()
        }
        typer.echo(json.dumps(entries, indent=2))
        return 0
    table = Table("format", "use, options, verification", show_lines=True)
    for name, form in known.items():
        flags = [escape(f"{option.flag}: {option.accepts}") for option in options[name]]
        lines = [f"[bold]{escape(form.purpose)}[/bold]", *flags, f"[dim]{escape(form.verification)}[/dim]"]
        table.add_row("\n".join([name, *form.suffixes]), "\n".join(lines))
    Console().print(table)
    return 0
