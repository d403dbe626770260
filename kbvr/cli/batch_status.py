"""`kbvr batch status`: what the ledger of an output folder says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kbvr.cli.printing import print_line
from kbvr.errors import InputError, counted
from kbvr.system.resources import format_bytes

if TYPE_CHECKING:
    from kbvr.batching.ledger import Ledger
    from kbvr.batching.ledger_rows import Row

WORDS = {"done": "done", "failed": "failed", "started": "unfinished", "waiting": "waiting"}


def status(
    out: Annotated[str, typer.Argument(metavar="OUT", help="The output folder of a batch.")],
    ledger: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The ledger, if it is not in the output folder.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, with every photo.")] = False,
) -> int:
    """Print how many photos of a batch are done, and why others failed. It may run meanwhile.

    Example: kbvr batch status out/
    """
    from kbvr.batching.opening import address_of_folder, ledger_to_look_at

    with ledger_to_look_at(address_of_folder(out), ledger) as opened:
        if not opened.counts():
            raise InputError(f"expected the output folder of a batch, got {out}, which has neither ledger nor receipts")
        if as_json:
            typer.echo(json.dumps(_facts(opened), indent=2))
        else:
            _print(opened)
    return 0


def _print(ledger: Ledger) -> None:
    from kbvr.cli.batch_display import clock, rounded

    counts, (files, size_bytes, seconds) = ledger.counts(), ledger.totals()
    parts = [f"{counts[name]:,} {words}" for name, words in WORDS.items() if counts.get(name)]
    print_line(f"{counted(sum(counts.values()), 'photo')}: {', '.join(parts)}")
    if files:
        a_photo = f", {rounded(seconds / counts['done'])} s a photo" if counts.get("done") else ""
        print_line(f"{counted(files, 'file')}, {format_bytes(size_bytes)}; {clock(seconds)} of work{a_photo}")
    for row in ledger.rows("failed"):
        print_line(f"{row.address}: {row.error}")


def _facts(ledger: Ledger) -> dict[str, Any]:
    files, size_bytes, seconds = ledger.totals()
    return {
        "ledger": str(ledger.path),
        "counts": ledger.counts(),
        "files": files,
        "bytes": size_bytes,
        "seconds": seconds,
        "photos": [_photo(row, ledger) for row in ledger.rows()],
    }


def _photo(row: Row, ledger: Ledger) -> dict[str, Any]:
    outputs = [vars(output) for output in ledger.outputs(row.key)]
    return {**{name: value for name, value in vars(row).items() if name != "facts"}, "outputs": outputs}
